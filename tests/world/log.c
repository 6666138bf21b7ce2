/* SPDX-License-Identifier: ISC
 *
 * base/log.h into the trace.
 */
#include "base/log.h"

#include "world.h"

void log_init(const char *role, enum log_level max)
{
	(void)role, (void)max;
}

void log_never_wait(void)
{
}

void log_plain(struct str text)
{
	trace("log %.*s", STR_ARG(text));
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	static const char *const name[] = { "error", "warn", "info", "debug" };
	struct buf line = { 0 };
	log_format(&line, event, fields, n);
	trace("log %s %s", name[level], buf_cstr(&line));
	law_logs(event);
	buf_fini(&line);
}
