/* SPDX-License-Identifier: ISC
 *
 * A progress bar: drawn over itself, and taken away at the end.
 */
#include "cli/progress.h"

#include "base/str.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DRAW_EVERY_MS = 100, BAR_CELLS = 24, LINE_MAX_BYTES = 1024, COLUMNS_DEFAULT = 80 };

void progress_init(struct progress *p, const char *label, uint64_t total, int64_t now_ms)
{
	*p = (struct progress){
		.label = label, .total = total, .started_ms = now_ms,
		.drawn_ms = now_ms - DRAW_EVERY_MS, .on = isatty(STDERR_FILENO) == 1,
	};
}

static void add_remaining(struct buf *line, const struct progress *p, uint64_t done, double rate)
{
	if (p->total == 0 || rate <= 0 || done >= p->total)
		return;
	uint64_t left = (uint64_t)((double)(p->total - done) / rate);
	if (left >= 3600)
		buf_printf(line, ", %lluh%02llumin left", (unsigned long long)left / 3600,
		           (unsigned long long)left / 60 % 60);
	else
		buf_printf(line, ", %llu:%02llu left", (unsigned long long)left / 60,
		           (unsigned long long)left % 60);
}

void progress_format(const struct progress *p, uint64_t done, const char *remark, int64_t now_ms,
                     unsigned columns, char *dst, unsigned size)
{
	struct buf line = { 0 };
	int64_t elapsed_ms = now_ms - p->started_ms;
	double rate = elapsed_ms > 0 && done > p->before
	              ? (double)(done - p->before) * 1000.0 / (double)elapsed_ms : 0;
	buf_printf(&line, "%s ", p->label);
	if (p->total) {
		uint64_t shown = done < p->total ? done : p->total;
		unsigned cells = (unsigned)((double)shown / (double)p->total * BAR_CELLS);
		buf_add_byte(&line, '[');
		for (unsigned i = 0; i < BAR_CELLS; i++)
			buf_add_byte(&line, i < cells ? '#' : '.');
		buf_printf(&line, "] %llu/%llu", (unsigned long long)done,
		           (unsigned long long)p->total);
	} else {
		buf_printf(&line, "%llu", (unsigned long long)done);
	}
	buf_printf(&line, " %.1f/s", rate);
	add_remaining(&line, p, done, rate);
	if (remark && remark[0]) {
		buf_add_cstr(&line, "  ");
		buf_add_escaped(&line, str_of(remark));
	}
	size_t fit = line.n < columns ? line.n : columns;
	str_copy(dst, size, (struct str){ line.p, fit });
	buf_fini(&line);
}

static unsigned terminal_columns(void)
{
	struct winsize ws;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) != 0 || ws.ws_col < 2)
		return COLUMNS_DEFAULT;
	return ws.ws_col;
}

void progress_update(struct progress *p, uint64_t done, const char *remark, int64_t now_ms)
{
	char line[LINE_MAX_BYTES];
	if (!p->on || now_ms - p->drawn_ms < DRAW_EVERY_MS)
		return;
	p->drawn_ms = now_ms;
	/* One column stays free: a full line would make the terminal scroll. */
	progress_format(p, done, remark, now_ms, terminal_columns() - 1, line, sizeof(line));
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
}

void progress_wipe(struct progress *p)
{
	if (p->on)
		fputs("\r\033[K", stderr);
}
