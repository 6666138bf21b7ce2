/* SPDX-License-Identifier: ISC
 *
 * What happened in a world, a line for each thing. Only the last lines are kept, and a hash of
 * all of them: two runs of one seed have the same.
 */
#include "world.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { HIDDEN_MAX = 4 };

static struct {
	char *tail[TRACE_TAIL];
	uint64_t lines, hash;
	FILE *file;
	struct { const char *text, *instead; } hidden[HIDDEN_MAX];
	unsigned hidden_n;
} t = { .hash = 0xcbf29ce484222325 };

void trace_to(const char *path)
{
	t.file = fopen(path, "w");
	if (!t.file)
		perror(path);
}

void trace_hide(const char *text, const char *instead)
{
	if (t.hidden_n < HIDDEN_MAX) {
		t.hidden[t.hidden_n].text = text;
		t.hidden[t.hidden_n++].instead = instead;
	}
}

static void hide(struct buf *line)
{
	for (unsigned i = 0; i < t.hidden_n; i++) {
		struct str text = str_of(t.hidden[i].text);
		for (size_t at; (at = str_search(buf_str(line), text)) != SIZE_MAX;) {
			struct buf other = { 0 };
			buf_add(&other, line->p, at);
			buf_add_cstr(&other, t.hidden[i].instead);
			buf_add_str(&other, str_from(buf_str(line), at + text.n));
			buf_fini(line);
			*line = other;
		}
	}
}

void trace(const char *fmt, ...)
{
	struct buf line = { 0 };
	va_list ap;
	buf_printf(&line, "%9lld.%03d %6llu %-9s ", (long long)(world.now_ms / 1000),
	           (int)(world.now_ms % 1000), (unsigned long long)world.steps,
	           process_now()->name);
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	hide(&line);
	for (size_t i = 0; i < line.n; i++)
		t.hash = (t.hash ^ (unsigned char)line.p[i]) * 0x100000001b3;
	if (t.file)
		fprintf(t.file, "%s\n", line.p);
	char **kept = &t.tail[t.lines++ % TRACE_TAIL];
	free(*kept);
	*kept = buf_release(&line);
}

uint64_t trace_hash(void)
{
	return t.hash;
}

uint64_t trace_lines(void)
{
	return t.lines;
}

void trace_print_tail(void)
{
	uint64_t from = t.lines > TRACE_TAIL ? t.lines - TRACE_TAIL : 0;
	for (uint64_t i = from; i < t.lines; i++)
		fprintf(stderr, "%s\n", t.tail[i % TRACE_TAIL]);
	if (t.file)
		fflush(t.file);
}
