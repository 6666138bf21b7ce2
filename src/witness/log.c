/* SPDX-License-Identifier: ISC
 *
 * Lines out of bytes, and which server's each of them is.
 */
#include "witness/log-private.h"

#include "base/mem.h"

#include <stdlib.h>

struct witness_log *witness_log_create(const char *word)
{
	struct witness_log *log = mem_zalloc(sizeof(*log));
	log->sessions = mem_array(LOG_SETS * LOG_WAYS, sizeof(*log->sessions));
	log->seen = mem_array(WITNESS_SIGHTINGS_MAX, sizeof(*log->seen));
	if (word)
		str_copy(log->word, sizeof(log->word), str_of(word));
	return log;
}

void witness_log_destroy(struct witness_log *log)
{
	if (!log)
		return;
	buf_fini(&log->line);
	free(log->sessions);
	free(log->seen);
	free(log);
}

/* The last part of "postfix/submission/smtpd"; several instances have names of their own. */
static struct str last_part(struct str ident)
{
	for (size_t i = ident.n; i > 0; i--)
		if (ident.p[i - 1] == '/')
			return str_from(ident, i);
	return ident;
}

static bool read_by_program(struct witness_log *log, const struct log_line *line)
{
	static const struct {
		const char *program;
		bool (*read)(struct witness_log *log, const struct log_line *line);
	} readers[] = {
		{ "postscreen", log_read_postfix }, { "exim", log_read_exim },
		{ "exim4", log_read_exim }, { "sendmail", log_read_sendmail },
		{ "sm-mta", log_read_sendmail }, { "smtpd", log_read_opensmtpd },
	};
	struct str program = last_part(line->ident);
	if (program.n < line->ident.n && str_eq(program, STR("smtpd")))
		return log_read_postfix(log, line);
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		if (str_eq(program, str_of(readers[i].program)))
			return readers[i].read(log, line);
	return false;
}

static void line_ended(struct witness_log *log)
{
	struct str text = buf_str(&log->line);
	struct log_line line;
	if (text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	log_line_parse(text, &line);
	/* Exim's own files and OpenSMTPD in the foreground name no program. */
	if (line.ident.n > 0)
		log->lines += read_by_program(log, &line);
	else if (line.time.n > 0)
		log->lines += log_read_exim(log, &line);
	else
		log->lines += log_read_opensmtpd(log, &line);
	buf_clear(&log->line);
	log->skipping = false;
}

/* A line that is too long ends where it is cut; its rest is no line. */
static void add_bytes(struct witness_log *log, struct str bytes)
{
	size_t room = WITNESS_LINE_BYTES - log->line.n;
	if (log->skipping)
		return;
	buf_add(&log->line, bytes.p, bytes.n < room ? bytes.n : room);
	log->skipping = bytes.n > room;
}

void witness_log_read(struct witness_log *log, struct str bytes)
{
	while (bytes.n > 0) {
		size_t end = str_find(bytes, '\n');
		add_bytes(log, (struct str){ bytes.p, end == SIZE_MAX ? bytes.n : end });
		if (end == SIZE_MAX)
			return;
		line_ended(log);
		bytes = str_from(bytes, end + 1);
	}
}

void witness_log_end(struct witness_log *log)
{
	if (log->line.n > 0)
		line_ended(log);
}

const struct witness_sighting *witness_log_sightings(const struct witness_log *log, size_t *n)
{
	*n = log->seen_n;
	return log->seen;
}

size_t witness_log_unplaced(const struct witness_log *log) { return log->unplaced; }
size_t witness_log_lines(const struct witness_log *log) { return log->lines; }
bool witness_log_cut(const struct witness_log *log) { return log->cut; }
