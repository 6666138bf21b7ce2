/* SPDX-License-Identifier: ISC
 *
 * Command lines of the SMTP server: cut at CRLF and nowhere else, looked up in
 * the table of verbs, checked, then carried out.
 *
 * Hostile input: all. No byte is scanned twice, so a line that comes byte by byte
 * costs no more than one that comes whole.
 */
#include "smtp/server-private.h"

#include <assert.h>

struct verb {
	const char *name;
	const struct smtp_answer *(*check)(struct smtp_server *s, struct str arg);
	void (*proceed)(struct smtp_server *s);
	bool (*offered)(const struct smtp_server_options *options);   /* NULL: always */
};

static bool ehlo_offered(const struct smtp_server_options *o) { return !o->no_ehlo; }
static bool lhlo_offered(const struct smtp_server_options *o) { return o->lmtp; }
static bool bdat_offered(const struct smtp_server_options *o)
{
	return smtp_server_offers_chunking(o);
}
static bool starttls_offered(const struct smtp_server_options *o) { return o->offer_starttls; }
static bool auth_offered(const struct smtp_server_options *o)
{
	return smtp_server_offers_auth(o);
}
static bool xclient_offered(const struct smtp_server_options *o) { return o->offer_xclient; }

#define VERB(name, function, offered) \
	{ name, smtp_server_##function##_check, smtp_server_##function##_proceed, offered }
static const struct verb verbs[] = {
	VERB("RCPT", rcpt, NULL),
	VERB("MAIL", mail, NULL),
	VERB("DATA", data, NULL),
	VERB("RSET", rset, NULL),
	VERB("EHLO", ehlo, ehlo_offered),
	VERB("HELO", helo, NULL),
	VERB("LHLO", lhlo, lhlo_offered),
	VERB("QUIT", quit, NULL),
	VERB("NOOP", noop, NULL),
	VERB("BDAT", bdat, bdat_offered),
	VERB("STARTTLS", starttls, starttls_offered),
	VERB("AUTH", auth, auth_offered),
	VERB("VRFY", vrfy, NULL),
	VERB("EXPN", expn, NULL),
	VERB("HELP", help, NULL),
	VERB("XCLIENT", xclient, xclient_offered),
};
#undef VERB

static const struct verb *verb_find(const struct smtp_server *s, struct str name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *v = &verbs[i];
		if (str_caseeq(name, str_of(v->name)))
			return !v->offered || v->offered(&s->options) ? v : NULL;
	}
	return NULL;
}

/* Offset of the next CRLF in `in`, from `from` on; SIZE_MAX if there is none. */
static size_t find_crlf(struct str in, size_t from)
{
	assert(from <= in.n);
	for (;;) {
		size_t lf = str_find(str_from(in, from), '\n');
		if (lf == SIZE_MAX)
			return SIZE_MAX;
		lf += from;
		if (lf > 0 && in.p[lf - 1] == '\r')
			return lf - 1;
		from = lf + 1;
	}
}

static size_t most_of_line(const struct smtp_server *s)
{
	size_t most = s->options.limits.line_bytes;
	bool exchange = s->phase == SMTP_PHASE_AUTH;
	return exchange && most < AUTH_LINE_MAX ? (size_t)AUTH_LINE_MAX : most;
}

int smtp_server_line(struct smtp_server *s, struct str *line)
{
	struct str in = smtp_server_pending(s);
	size_t end = find_crlf(in, s->scanned);
	size_t max = most_of_line(s);
	if (end == SIZE_MAX && in.n <= max + 1) {
		s->scanned = in.n;
		return ERR_AGAIN;
	}
	s->scanned = 0;
	if (end == SIZE_MAX || end > max) {
		s->line_skipped = 0;
		s->skips_auth = s->phase == SMTP_PHASE_AUTH || str_caseprefix(in, STR("AUTH "));
		smtp_server_auth_forget(s);
		s->phase = SMTP_PHASE_LONG_LINE;
		return ERR_LIMIT;
	}
	*line = (struct str){ in.p, end };
	s->in_at += end + 2;
	assert(s->in_at <= s->in.n && line->n <= max);
	if (str_find(*line, '\n') != SIZE_MAX || str_find(*line, '\r') != SIZE_MAX ||
	    str_find(*line, '\0') != SIZE_MAX)
		return ERR_INVALID;
	return ERR_OK;
}

void smtp_server_say_bad_line(struct smtp_server *s, int err)
{
	assert(err == ERR_LIMIT || err == ERR_INVALID);
	/* RFC 4954 4 has a code of its own. */
	if (err == ERR_LIMIT)
		smtp_server_say(s, 500, s->skips_auth ? "5.5.6" : "5.5.2", "Line too long");
	else
		smtp_server_say(s, 500, "5.5.2", "A bare CR, LF or NUL is in the line");
}

bool smtp_server_skip_line(struct smtp_server *s)
{
	struct str in = smtp_server_pending(s);
	size_t end = find_crlf(in, 0);
	assert(s->scanned == 0 && s->line_skipped <= SKIPPED_MAX);
	if (end != SIZE_MAX) {
		s->in_at += end + 2;
		s->phase = SMTP_PHASE_COMMAND;
		smtp_server_say_bad_line(s, ERR_LIMIT);
		return true;
	}
	/* The last byte stays: it may be the CR of the end. */
	size_t n = in.n > 1 ? in.n - 1 : 0;
	s->in_at += n;
	s->line_skipped += n;
	if (s->line_skipped > SKIPPED_MAX)
		smtp_server_say(s, 421, "4.7.0", "Line too long");
	return n > 0;
}

static void unknown_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	struct smtp_answer a = *answer;
	assert(s->phase == SMTP_PHASE_COMMAND);
	if (!a.enhanced && a.code >= 500)
		a.enhanced = "5.5.2";
	smtp_server_pass_on(s, &a, "2.0.0");
}

static void run(struct smtp_server *s, struct str line)
{
	static const struct smtp_answer refused_session =
		{ 503, "5.5.1", "No service here, only QUIT" };
	size_t space = str_find(line, ' ');
	struct str name = { line.p, space == SIZE_MAX ? line.n : space };
	struct str arg = str_trim(str_from(line, name.n));
	name = str_trim(name);
	assert(!s->event_due && !s->decided);
	const struct verb *verb = verb_find(s, name);
	s->event = (struct smtp_server_event){ 0 };
	if (s->refused && !(verb && verb->proceed == smtp_server_quit_proceed)) {
		smtp_server_refuse(s, &refused_session);
	} else if (name.n == 0) {
		smtp_server_say(s, 500, "5.5.2", "A command is expected");
	} else if (!verb) {
		s->event.text = line;
		smtp_server_ask(s, SMTP_SERVER_UNKNOWN, unknown_decided);
	} else {
		const struct smtp_answer *refusal = verb->check(s, arg);
		if (refusal)
			smtp_server_refuse(s, refusal);
		else
			verb->proceed(s);
	}
}

bool smtp_server_command(struct smtp_server *s)
{
	struct str line;
	int e = smtp_server_line(s, &line);
	if (e == ERR_AGAIN)
		return false;
	assert(s->phase == SMTP_PHASE_COMMAND || e == ERR_LIMIT);
	if (++s->commands > s->options.limits.commands)
		smtp_server_say(s, 421, "4.7.0", "Too many commands");
	else if (e == ERR_OK)
		run(s, line);
	else if (e == ERR_INVALID)
		smtp_server_say_bad_line(s, e);
	/* ERR_LIMIT is answered where the line ends. */
	return true;
}
