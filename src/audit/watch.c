/* SPDX-License-Identifier: ISC
 *
 * Lines of an audit, kept and compared.
 */
#include "audit/watch.h"

#include <assert.h>

#define HEAD "portreeve audit 1\n"

static void add_line(struct buf *out, const char *text)
{
	buf_add_escaped(out, str_of(text));
	buf_add_byte(out, '\n');
}

void watch_lines(const struct audit_report *report, struct buf *out)
{
	struct arena *a = report->arena;
	char network[PREFIX_TEXT_MAX];
	const char *server = arena_printf(a, "%s on %s", mta_title(report->mta), report->host_name);
	add_line(out, arena_printf(a, "%s: %s", server, audit_verdict_name(report->verdict)));
	for (size_t i = 0; i < report->who_n; i++) {
		const struct audit_who *who = &report->who[i];
		if (who->sound)
			continue;
		add_line(out, arena_printf(a, "%s: %s %s may relay at port %u (%s%s)", server,
		                           audit_asker_title(a, who->asker),
		                           prefix_format(&who->asker->network, network), who->port,
		                           strcmp(who->forms[0], "E01") ? who->forms[0] : "plain",
		                           who->form_n > 1 ? " and more" : ""));
	}
	for (size_t i = 0; i < report->unasked_n; i++)
		if (report->unasked[i].weighs)
			add_line(out, arena_printf(a, "%s: could not be asked: %s", server,
			                           report->unasked[i].what));
	for (size_t i = 0; i < report->finding_n; i++) {
		const struct audit_finding *f = &report->findings[i];
		if (f->severity != AUDIT_ADVICE)
			add_line(out, arena_printf(a, "%s: %s: %s%s%s%s", server,
			                           audit_severity_name(f->severity), f->title,
			                           f->cause[0] ? " (" : "", f->cause,
			                           f->cause[0] ? ")" : ""));
	}
}

void watch_format(const struct watch_kept *kept, struct buf *out)
{
	buf_add_cstr(out, HEAD);
	buf_printf(out, "%lld %d %s\n", (long long)kept->time_s, kept->code,
	           kept->digest[0] ? kept->digest : "-");
	buf_add_str(out, kept->lines);
}

int watch_parse(struct str text, struct watch_kept *kept)
{
	struct str rest, line, time, code, digest;
	uint64_t time_s, number;
	*kept = (struct watch_kept){ 0 };
	if (text.n > WATCH_TEXT_MAX || !str_prefix(text, STR(HEAD)))
		return ERR_INVALID;
	rest = str_from(text, sizeof(HEAD) - 1);
	size_t end = str_find(rest, '\n');
	if (end == SIZE_MAX)
		return ERR_INVALID;
	line = (struct str){ rest.p, end };
	if (!str_word(&line, &time) || !str_word(&line, &code) || !str_word(&line, &digest) ||
	    str_u64(time, INT64_MAX, &time_s) != ERR_OK || str_u64(code, 255, &number) != ERR_OK ||
	    digest.n > WATCH_DIGEST_MAX || str_trim(line).n)
		return ERR_INVALID;
	kept->time_s = (int64_t)time_s;
	kept->code = (int)number;
	if (!str_eq(digest, STR("-")))
		str_copy(kept->digest, sizeof(kept->digest), digest);
	kept->lines = str_from(rest, end + 1);
	return ERR_OK;
}

bool watch_is_kept(struct str text)
{
	return str_prefix(text, STR("portreeve audit "));
}

static bool has_line(struct str lines, struct str wanted)
{
	struct str line;
	for (size_t n = 0; n < WATCH_LINES_MAX && str_token(&lines, "\n", &line); n++)
		if (str_eq(line, wanted))
			return true;
	return false;
}

static void add_missing(struct str of, struct str in, const char *sign, struct buf *out)
{
	struct str line;
	for (size_t n = 0; n < WATCH_LINES_MAX && str_token(&of, "\n", &line); n++)
		if (line.n && !has_line(in, line))
			buf_printf(out, "%s %.*s\n", sign, STR_ARG(line));
}

void watch_compare(struct str was, struct str is, struct buf *out)
{
	add_missing(was, is, "-", out);
	add_missing(is, was, "+", out);
}
