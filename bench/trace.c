/* SPDX-License-Identifier: ISC
 *
 * How long a Received line takes to read, and a header block to read and walk, in
 * memory, without JSON. Takes a file of batch lines (see portreeve-trace(1)); prints
 * one JSON object. CPU time of this process only.
 */
#include "base/mem.h"
#include "mail/header.h"
#include "trace/border.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct sample {
	struct buf message;
	struct border_set set;
};

static struct sample *samples;
static size_t sample_count, sample_cap;
static struct str *lines;
static size_t line_count, line_cap;

static double cpu_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Characters up to U+00FF are bytes. */
static void add_bytes(struct buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];
		if (c >= 0xc2 && i + 1 < n)
			buf_add_byte(out, (char)((c & 3) << 6 | (p[++i] & 0x3f)));
		else
			buf_add_byte(out, (char)c);
	}
}

static void add_all(struct border_set *set, const json_t *list,
                    int (*add)(struct border_set *, struct str, struct parse_error *))
{
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item)
		(void)add(set, str_of(json_string_value(item)), NULL);
}

static void add_sample(const json_t *o)
{
	const json_t *m = json_object_get(o, "message");
	if (sample_count == sample_cap) {
		sample_cap = sample_cap ? sample_cap * 2 : 1024;
		samples = mem_realloc(samples, sample_cap, sizeof(*samples));
	}
	struct sample *s = &samples[sample_count++];
	*s = (struct sample){ 0 };
	add_bytes(&s->message, json_string_value(m), json_string_length(m));
	add_all(&s->set, json_object_get(o, "own_hosts"), border_add_own_host);
	add_all(&s->set, json_object_get(o, "own_nets"), border_add_own_net);
	add_all(&s->set, json_object_get(o, "border_hosts"), border_add_border_host);
}

static void collect_lines(void)
{
	for (size_t i = 0; i < sample_count; i++) {
		struct header_cursor c;
		struct header_field f;
		header_begin(&c, buf_str(&samples[i].message));
		while (header_next(&c, &f)) {
			if (!header_is(&f, STR("Received")))
				continue;
			if (line_count == line_cap) {
				line_cap = line_cap ? line_cap * 2 : 4096;
				lines = mem_realloc(lines, line_cap, sizeof(*lines));
			}
			lines[line_count++] = f.value;
		}
	}
}

static double line_us(unsigned rounds)
{
	struct received r;
	volatile size_t sink = 0;
	double from = cpu_s();
	for (unsigned k = 0; k < rounds; k++)
		for (size_t i = 0; i < line_count; i++) {
			received_parse(lines[i], &r);
			sink += r.by.n;
		}
	return (cpu_s() - from) * 1e6 / (double)line_count / rounds;
}

static double blocks_per_s(unsigned rounds)
{
	struct trace t = { 0 };
	volatile size_t sink = 0;
	double from = cpu_s();
	for (unsigned k = 0; k < rounds; k++)
		for (size_t i = 0; i < sample_count; i++) {
			struct trace_border b = border_view(&samples[i].set);
			trace_message(&t, buf_str(&samples[i].message), &b);
			sink += t.hop_count;
		}
	trace_fini(&t);
	return (double)sample_count * rounds / (cpu_s() - from);
}

int main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	if (!f) {
		fprintf(stderr, "usage: bench-trace FILE (batch lines)\n");
		return 64;
	}
	while ((n = getline(&line, &cap, f)) > 0) {
		json_t *o = json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
		if (o && json_is_string(json_object_get(o, "message")))
			add_sample(o);
		json_decref(o);
	}
	fclose(f);
	free(line);
	collect_lines();
	if (sample_count == 0 || line_count == 0) {
		fprintf(stderr, "bench-trace: expected batch lines with Received lines in them\n");
		return 65;
	}
	(void)line_us(1);
	printf("{\"lines\":%zu,\"us_per_line\":%.3f,", line_count, line_us(10));
	(void)blocks_per_s(1);
	printf("\"blocks\":%zu,\"blocks_per_cpu_s\":%.0f}\n", sample_count, blocks_per_s(10));
	for (size_t i = 0; i < sample_count; i++) {
		buf_fini(&samples[i].message);
		border_set_fini(&samples[i].set);
	}
	free(samples);
	free(lines);
	return 0;
}
