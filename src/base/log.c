/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

static const char *log_role = "portreeve";
static enum log_level log_max = LOG_INFO;

void log_init(const char *role, enum log_level max)
{
	log_role = role;
	log_max = max;
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isprint((unsigned char)s.p[i]) || strchr(" \"\\=", s.p[i]))
			return false;
	return s.n > 0;
}

static void add_value(struct buf *out, const struct log_field *f)
{
	char text[IP_TEXT_MAX];
	switch (f->kind) {
	case LOG_FIELD_INT:
		buf_printf(out, "%lld", f->i);
		break;
	case LOG_FIELD_IP:
		buf_add_cstr(out, ip_format(f->ip, text));
		break;
	case LOG_FIELD_STR:
		if (is_plain(f->s)) {
			buf_add_str(out, f->s);
		} else {
			buf_add_byte(out, '"');
			buf_add_escaped(out, f->s);
			buf_add_byte(out, '"');
		}
		break;
	}
}

void log_format(struct buf *out, const char *event, const struct log_field *fields, size_t n)
{
	buf_add_cstr(out, event);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, " %s=", fields[i].key);
		add_value(out, &fields[i]);
	}
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	static const char *const name[] = { "error", "warn", "info", "debug" };
	if (level > log_max)
		return;
	char when[CLOCK_TEXT_MAX];
	struct buf line = { 0 };
	buf_printf(&line, "%s %s %s ", clock_format(clock_now_s(), when), name[level], log_role);
	log_format(&line, event, fields, n);
	buf_add_byte(&line, '\n');
	/* One write a line, so that lines of different processes never mix. */
	ssize_t ignored = write(STDERR_FILENO, line.p, line.n);
	(void)ignored;
	buf_fini(&line);
}
