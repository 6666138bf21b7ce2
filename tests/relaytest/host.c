/* SPDX-License-Identifier: ISC */
#include "host.h"

#include "base/mem.h"
#include "relaytest/verdict.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST "mx.host.test"
#define DOMAIN "host.test"

enum { STEPS_MAX = 40000, INTENTS_MAX = 64, RETURNS_MAX = 64, RULES_MAX = 32 };

struct intent {
	char id[CASE_ID_MAX];
	unsigned attempt;
	bool sent;
};

struct stage_set {
	const struct play *p;
	struct session *s;
	struct test test;
	struct token_signer signer;
	struct seen *seen;

	/* The host's end of the connection. */
	bool up, ending, reading;        /* reading: a message */
	enum stream_end end;
	unsigned errors, recipients;
	size_t bdat_left;
	struct buf in, out, message;
	char rcpt[400];                  /* the last one that was taken */
	bool tls;
	char became[16], helo[256];      /* "auth", "xclient", "proxy" */
	unsigned used[RULES_MAX];        /* how often a rule fitted */
	bool second;                     /* the connection is from the second address */
	struct case_result *sent;        /* what the last round found out */
	size_t sent_count;
	unsigned rounds, fruitless;
	int64_t waited_ms;

	struct intent intents[INTENTS_MAX];
	size_t intent_count;
	struct test_return returns[RETURNS_MAX];
	size_t return_count, returned;
	unsigned relayed;
};

/* ---- rules ------------------------------------------------------------------ */

/* Takes a "(STATE)" off the pattern; false: the connection is in another. */
static bool state_fits(const struct stage_set *g, struct str *pattern)
{
	if (pattern->n == 0 || pattern->p[0] != '(')
		return true;
	size_t end = str_find(*pattern, ')');
	assert_true(end != SIZE_MAX);
	struct str state = { pattern->p + 1, end - 1 };
	*pattern = str_from(*pattern, end + 1);
	if (str_prefix(state, STR("round")))
		return (unsigned)atoi(state.p + 5) == g->rounds;
	if (str_eq(state, STR("second")))
		return g->second;
	if (str_eq(state, STR("recipient")))
		return g->recipients > 0;
	return str_eq(state, STR("tls")) ? g->tls :
	       str_eq(state, str_of(g->became)) || str_eq(state, str_of(g->helo));
}

/* The reply to a word or command line, without what a counted rule has used up. */
static bool rule_find(struct stage_set *g, const char *line, char *reply, size_t size)
{
	struct str rest = str_of(g->p->rules ? g->p->rules : ""), row;
	for (unsigned i = 0; str_token(&rest, "\n", &row); i++) {
		char pattern[256];
		size_t arrow = str_search(row, STR(" => "));
		assert_true(arrow != SIZE_MAX && i < RULES_MAX);
		struct str left = str_trim((struct str){ row.p, arrow });
		unsigned limit = UINT32_MAX;
		if (left.n > 2 && ascii_isdigit((unsigned char)left.p[0]) && left.p[1] == '*') {
			limit = (unsigned)(left.p[0] - '0');
			left = str_from(left, 2);
		}
		if (!state_fits(g, &left))
			continue;
		str_copy(pattern, sizeof(pattern), left);
		if (fnmatch(pattern, line, FNM_CASEFOLD | FNM_NOESCAPE) != 0 || g->used[i] >= limit)
			continue;
		g->used[i]++;
		str_copy(reply, size, str_trim(str_from(row, arrow + 4)));
		return true;
	}
	return false;
}

static void end_connection(struct stage_set *g, const char *word)
{
	static const struct { const char *word; enum stream_end end; } ends[] = {
		{ "!closed", STREAM_CLOSED }, { "!reset", STREAM_RESET },
		{ "!timeout", STREAM_TIMEOUT }, { "!refused", STREAM_REFUSED },
		{ "!unreachable", STREAM_UNREACHABLE }, { "!tls", STREAM_TLS_FAILED },
		{ "!nosource", STREAM_NO_SOURCE },
	};
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		if (strcmp(word, ends[i].word) != 0)
			continue;
		g->ending = true;
		g->end = ends[i].end;
		return;
	}
	fail_msg("%s: no such end: %s", g->p->name, word);
}

/* Says a reply as a rule has it. Returns the code of its last line, 0 for none. */
static int say(struct stage_set *g, const char *rule)
{
	char text[1024];
	int code = 0;
	str_copy(text, sizeof(text), str_of(rule));
	char *end = strchr(text, '!');
	struct str lines = str_trim((struct str){ text,
	                                          end ? (size_t)(end - text) : strlen(text) });
	struct str line;
	if (!str_eq(lines, STR("-")))
		while (str_token(&lines, "|", &line)) {
			code = atoi(line.p);
			buf_printf(&g->out, "%.*s\r\n", STR_ARG(line));
		}
	if (end)
		end_connection(g, end);
	return code;
}

/* ---- what came back ---------------------------------------------------------- */

static bool find_token(const char *text, struct token *t)
{
	for (size_t i = 0; i + TOKEN_LEN <= strlen(text); i++)
		if (token_parse((struct str){ text + i, TOKEN_LEN }, t) == ERR_OK)
			return true;
	return false;
}

static void relay(struct stage_set *g)
{
	struct token t;
	struct token_set set;
	enum fate fate = g->p->fate;
	if (fate == KEEP || (fate == RELAY_ONE && g->relayed) || g->return_count == RETURNS_MAX)
		return;
	if (!find_token(g->rcpt, &t))
		return;
	assert_true(token_verify(&g->signer, &t, &g->test.target, &set));
	struct test_return r = {
		.attempt = t.flags & TOKEN_CONFIRM ? 1 : 0, .marked = fate != RELAY_UNMARKED,
		.kind = fate == BOUNCE ? RETURN_SENDER : RETURN_RECIPIENT,
		.peer = { .ip = g->test.target.ip, .port = 4025 },
	};
	memcpy(r.test_id, t.test_id, sizeof(r.test_id));
	assert_int_equal(token_case_id(&t, r.case_id), ERR_OK);
	g->returns[g->return_count++] = r;
	g->relayed++;
}

/* All but what lags behind; at least one at the end. */
static void deliver(struct stage_set *g, size_t keep)
{
	while (g->returned + keep < g->return_count)
		session_returned(g->s, &g->returns[g->returned++]);
}

/* ---- messages ------------------------------------------------------------------ */

/* Every body that arrives was written down first, and only once. */
static void check_intent(struct stage_set *g)
{
	char id[CASE_ID_MAX] = "", mark[32] = "";
	const char *row = strstr(buf_cstr(&g->message), "X-Relay-Test: test=");
	CHECK_ROW(g->p->name, row);
	int n = sscanf(row, "X-Relay-Test: test=%*8[a-z0-9] case=%11s mark=%31s", id, mark);
	CHECK_ROW(g->p->name, n == 2 && strlen(mark) == MARK_LEN);
	for (size_t i = g->intent_count; i-- > 0;) {
		struct intent *it = &g->intents[i];
		if (strcmp(it->id, id) != 0 || it->sent)
			continue;
		it->sent = true;
		return;
	}
	fail_msg("%s: a message of %s without an intent", g->p->name, id);
}

static void message_end(struct stage_set *g)
{
	char rule[1024] = "250 2.0.0 Queued";
	rule_find(g, ".", rule, sizeof(rule));
	g->reading = false;
	g->seen->messages++;
	check_intent(g);
	if (say(g, rule) / 100 == 2)
		relay(g);
	buf_clear(&g->message);
	g->recipients = 0;
}

/* ---- commands -------------------------------------------------------------------- */

static bool is(const char *line, const char *verb)
{
	return strncasecmp(line, verb, strlen(verb)) == 0;
}

static const char *rcpt_default(const char *line)
{
	const char *path = strchr(line, ':') + 1;
	if (is(path, "<postmaster>") || is(path, "<postmaster@"))
		return "250 2.1.5 Ok";
	struct token t;
	if (!find_token(path, &t))
		return "550 5.1.1 No such user";
	return "554 5.7.1 Relay access denied";
}

static const char *default_reply(struct stage_set *g, const char *line, char *text, size_t size)
{
	static const struct { const char *start, *reply; } rows[] = {
		{ "HELO", "250 " HOST }, { "MAIL", "250 2.1.0 Ok" }, { "RSET", "250 2.0.0 Ok" },
		{ "QUIT", "221 2.0.0 Bye !closed" }, { "STARTTLS", "220 2.0.0 Go ahead" },
		{ "XCLIENT", "220 " HOST " ESMTP" }, { "AUTH", "535 5.7.8 No" },
	};
	if (is(line, "RCPT"))
		return rcpt_default(line);
	if (is(line, "DATA"))
		return g->recipients ? "354 Go on" : "503 5.5.1 No recipients";
	if (is(line, "EHLO") || is(line, "LHLO")) {
		struct buf b = { 0 };
		struct str words = str_of(g->p->ehlo ? g->p->ehlo : "PIPELINING"), word;
		buf_add_cstr(&b, "250-" HOST " at your service");
		while (str_token(&words, " ", &word))
			buf_printf(&b, "|250-%.*s", STR_ARG(word));
		buf_add_cstr(&b, "|250 HELP");
		str_copy(text, size, buf_str(&b));
		buf_fini(&b);
		return text;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is(line, rows[i].start))
			return rows[i].reply;
	return "500 5.5.1 What?";
}

static void change_state(struct stage_set *g, const char *line, int code)
{
	if (code / 100 != 2)
		return;
	if (is(line, "AUTH") || is(line, "XCLIENT") || is(line, "PROXY"))
		str_copy(g->became, sizeof(g->became), str_of(is(line, "AUTH") ? "auth" :
		         is(line, "XCLIENT") ? "xclient" : "proxy"));
	if (is(line, "EHLO") || is(line, "HELO"))
		str_copy(g->helo, sizeof(g->helo), str_of(line + 5));
	if (is(line, "MAIL") || is(line, "RSET"))
		g->recipients = 0;
}

static void count_error(struct stage_set *g, int code)
{
	g->errors += code >= 400;
	if (code >= 400 && g->errors == g->p->errors_421)
		say(g, "421 4.7.0 Too many errors !closed");
	else if (code >= 400 && g->errors == g->p->errors_hangup)
		end_connection(g, "!closed");
}

static void remember(struct seen *seen, const char *line)
{
	size_t n = strlen(line);
	if (seen->commands_n + n + 2 > seen->commands_room) {
		seen->commands_room = (seen->commands_n + n + 2) * 2;
		seen->commands = mem_realloc(seen->commands, seen->commands_room, 1);
	}
	memcpy(seen->commands + seen->commands_n, line, n);
	seen->commands_n += n;
	seen->commands[seen->commands_n++] = '\n';
	seen->commands[seen->commands_n] = '\0';
}

static void command(struct stage_set *g, const char *line)
{
	char text[1024], rule[1024];
	const char *reply = rule;
	remember(g->seen, line);
	if (!rule_find(g, line, rule, sizeof(rule)))
		reply = default_reply(g, line, text, sizeof(text));
	if (is(line, "QUIT") && g->p->habits & SILENT_AT_QUIT)
		reply = "-";
	if (is(line, "BDAT")) {
		g->bdat_left = strtoul(line + 4, NULL, 10);
		g->reading = true;
		return;
	}
	int code = say(g, reply);
	change_state(g, line, code);
	if (is(line, "RCPT") && (code / 100 == 2 || !g->recipients))
		str_copy(g->rcpt, sizeof(g->rcpt), str_of(line));
	g->recipients += is(line, "RCPT") && code / 100 == 2;
	g->reading = is(line, "DATA") && code == 354;
	count_error(g, code);
}

/* ---- bytes ------------------------------------------------------------------------- */

static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x87\x07\0\x19";

/* Takes one line, or the whole of a BDAT chunk. */
static bool take_line(struct stage_set *g)
{
	struct str in = buf_str(&g->in);
	if (in.n >= sizeof(v2) - 1 && memcmp(in.p, v2, sizeof(v2) - 1) == 0) {
		buf_consume(&g->in, sizeof(v2) - 1);
		command(g, "PROXY2");
		return true;
	}
	if (g->bdat_left) {
		if (in.n < g->bdat_left)
			return false;
		buf_add(&g->message, in.p, g->bdat_left);
		buf_consume(&g->in, g->bdat_left);
		g->bdat_left = 0;
		message_end(g);
		return true;
	}
	size_t lf = in.n ? str_find(in, '\n') : SIZE_MAX;
	if (lf == SIZE_MAX)
		return false;
	char line[2100];
	struct str text = { in.p, lf };
	CHECK_ROW(g->p->name, lf > 0 && in.p[lf - 1] == '\r');
	text.n--;
	assert_true(str_copy(line, sizeof(line), text));
	buf_consume(&g->in, lf + 1);
	if (!g->reading)
		command(g, line);
	else if (strcmp(line, ".") == 0)
		message_end(g);
	else
		buf_printf(&g->message, "%s\n", line);
	return true;
}

static void host_take(struct stage_set *g, struct str bytes)
{
	buf_add_str(&g->in, bytes);
	while (!g->ending && take_line(g))
		if (g->p->habits & LOSES_PIPELINED && !g->reading)
			buf_clear(&g->in);
}

static void host_connect(struct stage_set *g, const struct session_action *a)
{
	char rule[1024];
	bool tls = a->tls;
	const char *word = a->source == SESSION_SOURCE_PORT_25 ? "CONNECT-25" :
	                   a->source == SESSION_SOURCE_SECOND ? "CONNECT-2" : "CONNECT";
	g->second = a->source == SESSION_SOURCE_SECOND;
	g->up = g->ending = g->reading = false;
	g->errors = g->recipients = 0;
	g->bdat_left = 0;
	g->tls = tls;
	g->became[0] = g->helo[0] = '\0';
	buf_clear(&g->in);
	buf_clear(&g->out);
	buf_clear(&g->message);
	g->seen->connections++;
	if (rule_find(g, word, rule, sizeof(rule)) && *rule == '-') {
		say(g, rule);
		return;
	}
	g->up = true;
	session_connected(g->s, 1000);
	if (tls && rule_find(g, "TLS", rule, sizeof(rule))) {
		say(g, rule);
		return;
	}
	if (tls)
		session_secured(g->s, 1000);
	if (!rule_find(g, "BANNER", rule, sizeof(rule)))
		str_copy(rule, sizeof(rule), STR("220 " HOST " ESMTP"));
	say(g, rule);
}

/* ---- the session's side ------------------------------------------------------------- */

static void intend(struct stage_set *g, const struct session_action *a)
{
	const struct play *p = g->p;
	g->seen->intents++;
	if (p->intend_error || (p->intend_exists && strcmp(p->intend_exists, a->case_id) == 0)) {
		session_intended(g->s, p->intend_error ? p->intend_error : ERR_EXISTS);
		return;
	}
	for (size_t i = 0; i < g->intent_count; i++)
		if (strcmp(g->intents[i].id, a->case_id) == 0 &&
		    g->intents[i].attempt == a->attempt)
			fail_msg("%s: %s/%u is to be sent twice", p->name, a->case_id, a->attempt);
	CHECK_ROW(p->name, g->intent_count < INTENTS_MAX);
	struct intent *it = &g->intents[g->intent_count++];
	*it = (struct intent){ .attempt = a->attempt };
	str_copy(it->id, sizeof(it->id), str_of(a->case_id));
	session_intended(g->s, ERR_OK);
}

static void start_tls(struct stage_set *g)
{
	char rule[1024];
	if (rule_find(g, "TLS", rule, sizeof(rule))) {
		say(g, rule);
		return;
	}
	g->tls = true;
	session_secured(g->s, 1000);
}

static void next_round(struct stage_set *g, const struct session_action *a);

/* False: the session is done. */
static bool perform(struct stage_set *g, const struct session_action *a)
{
	switch (a->type) {
	case SESSION_CONNECT:
		CHECK_ROW(g->p->name, a->tls == (g->test.target.port == 465));
		host_connect(g, a);
		break;
	case SESSION_START_TLS:
		start_tls(g);
		break;
	case SESSION_RESOLVE:
		session_resolved(g->s, a->name, !g->p->nameless && strcmp(a->name, HOST) == 0,
		                 DOMAIN);
		break;
	case SESSION_INTEND:
		intend(g, a);
		break;
	case SESSION_DISCONNECT:
		g->up = false;
		break;
	case SESSION_PAUSE:
		if (g->p->fate != RELAY_LATE)
			deliver(g, g->p->lag);
		session_resume(g->s);
		break;
	case SESSION_LATER:
		if (g->returned == g->return_count) {
			next_round(g, a);
			break;
		}
		deliver(g, g->return_count - g->returned - 1);
		break;
	case SESSION_DONE:
		if (g->returned == g->return_count)
			return false;
		deliver(g, g->return_count - g->returned - 1);
		break;
	}
	return true;
}

static void feed(struct stage_set *g)
{
	struct buf bytes = g->out;
	g->out = (struct buf){ 0 };
	if (g->p->habits & BYTEWISE)
		for (size_t i = 0; i < bytes.n; i++)
			session_received(g->s, (struct str){ bytes.p + i, 1 }, 1000);
	else
		session_received(g->s, buf_str(&bytes), 1000);
	buf_fini(&bytes);
}

/* One step; false: the session is done. */
static bool step(struct stage_set *g)
{
	struct session_action a;
	struct str out;
	if (session_next(g->s, &a))
		return perform(g, &a);
	out = session_output(g->s);
	CHECK_ROW(g->p->name, !g->up || session_timeout_ms(g->s) > 0);
	if (g->up && out.n) {
		host_take(g, out);
		session_output_sent(g->s, out.n);
	} else if (g->up && g->out.n) {
		feed(g);
	} else {
		/* It hung up as scripted, or says nothing for ever. */
		g->up = false;
		session_ended(g->s, g->ending ? g->end : STREAM_TIMEOUT, 2000);
	}
	return true;
}

/* ---- what must hold ------------------------------------------------------------------- */

static void check_result(const struct stage_set *g, const struct case_result *r)
{
	const char *name = g->p->name;
	char what[128];
	snprintf(what, sizeof(what), "%s: %s/%u", name, r->id, r->attempt);
	CHECK_ROW(what, r->attempt <= 1);
	CHECK_ROW(what, !r->accepted || (r->stage == STAGE_MESSAGE && r->code / 100 == 2));
	CHECK_ROW(what, !(r->accepted && r->refusal));
	CHECK_ROW(what, !r->returned || r->stage == STAGE_MESSAGE);
	CHECK_ROW(what, r->stage != STAGE_SKIPPED || (!r->code && *r->text));
	CHECK_ROW(what, r->stage != STAGE_NONE || (!r->refusal && !r->code && !*r->text));
	CHECK_ROW(what, r->code == 0 || (r->code >= 200 && r->code <= 599));
	if (r->attempt == 1)
		seen_result(g->seen, r->id, 0);
}

static void check_outcome(const struct stage_set *g)
{
	const struct session_outcome *o = &g->seen->outcome;
	const char *name = g->p->name;
	unsigned messages = g->p->messages ? g->p->messages : 8, taken = 0;
	CHECK_ROW(name, o->accepted <= messages);
	CHECK_ROW(name, g->seen->connections <= 200);
	for (size_t i = 0; i < o->n; i++) {
		const struct case_result *r = &o->results[i];
		check_result(g, r);
		taken += r->accepted;
		for (size_t j = 0; j < i; j++)
			CHECK_ROW(name, strcmp(o->results[j].id, r->id) != 0 ||
			          o->results[j].attempt != r->attempt);
	}
	CHECK_ROW(name, taken <= messages);
	CHECK_ROW(name, (o->verdict == VERDICT_OPEN) == (verdict_proof(o->results, o->n) != NULL));
	for (size_t i = 0; i < g->intent_count; i++)
		for (size_t j = 0; j < i; j++)
			CHECK_ROW(name, strcmp(g->intents[i].id, g->intents[j].id) != 0 ||
			          g->intents[i].attempt != g->intents[j].attempt);
}

const struct case_result *seen_result(const struct seen *seen, const char *id, unsigned attempt)
{
	const struct session_outcome *o = &seen->outcome;
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->results[i].id, id) == 0 && o->results[i].attempt == attempt)
			return &o->results[i];
	fail_msg("no result for %s/%u", id, attempt);
	return NULL;
}

unsigned seen_count(const struct seen *seen, const char *glob)
{
	struct str rest = { seen->commands, seen->commands_n }, row;
	unsigned n = 0;
	while (str_token(&rest, "\n", &row)) {
		char line[2100];
		str_copy(line, sizeof(line), row);
		n += fnmatch(glob, line, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
	}
	return n;
}

static void check_cases(const struct play *p, const struct seen *seen)
{
	struct str rest = str_of(p->cases ? p->cases : ""), word, id, stage, code;
	while (str_token(&rest, " ", &word)) {
		char name[32];
		unsigned attempt = 0;
		assert_true(str_token(&word, ":", &id) && str_token(&word, ":", &stage));
		str_copy(name, sizeof(name), id);
		char *slash = strchr(name, '/');
		if (slash) {
			attempt = (unsigned)atoi(slash + 1);
			*slash = '\0';
		}
		const struct case_result *r = seen_result(seen, name, attempt);
		if (!str_eq(stage, str_of(stage_name(r->stage))))
			fail_msg("%s: %s/%u: stage %s, expected %.*s (%s)", p->name, name, attempt,
			         stage_name(r->stage), STR_ARG(stage), r->text);
		if (str_token(&word, ":", &code) && r->code != atoi(code.p))
			fail_msg("%s: %s/%u: code %d, expected %.*s (%s)", p->name, name, attempt,
			         r->code, STR_ARG(code), r->text);
	}
}

static void compare(const struct play *p, const struct seen *seen)
{
	const struct session_outcome *o = &seen->outcome;
	if (o->verdict != p->verdict)
		fail_msg("%s: verdict %s, expected %s\n%.*s", p->name, verdict_name(o->verdict),
		         verdict_name(p->verdict), (int)(o->transcript.n < 6000 ? o->transcript.n
		                                                                : 6000),
		         o->transcript.p);
	if (p->accepted >= 0 && o->accepted != (unsigned)p->accepted)
		fail_msg("%s: %u messages accepted, expected %d", p->name, o->accepted,
		         p->accepted);
	if (p->connections_max && seen->connections > p->connections_max)
		fail_msg("%s: %u connections, expected at most %u", p->name, seen->connections,
		         p->connections_max);
	const char *finding = o->finding ? o->finding : "", *want = p->finding ? p->finding : "";
	if (strcmp(finding, want) != 0)
		fail_msg("%s: finding \"%s\", expected \"%s\"", p->name, finding, want);
	if (o->verdict == VERDICT_CLOSED && !o->control_ok)
		fail_msg("%s: closed, and nothing shows its policy", p->name);
	bool undecided = o->verdict == VERDICT_INCONCLUSIVE || o->verdict == VERDICT_UNREACHABLE;
	if (!*o->reason == undecided ||
	    (p->reason && fnmatch(p->reason, o->reason, 0) != 0))
		fail_msg("%s: reason \"%s\", expected \"%s\"", p->name, o->reason,
		         p->reason ? p->reason : "one if it is undecided");
	if (seen->rounds != p->rounds_seen)
		fail_msg("%s: %u more rounds, expected %u", p->name, seen->rounds, p->rounds_seen);
	if (o->catch_all != p->catch_all)
		fail_msg("%s: catch_all %d", p->name, o->catch_all);
	if (getenv("SHOW"))
		fprintf(stderr, "%s\n%.*s", p->name, (int)o->transcript.n, o->transcript.p);
	check_cases(p, seen);
}

/* ---- a play ------------------------------------------------------------------------------ */

static void set_stage(struct stage_set *g, const struct play *p, struct seen *seen)
{
	static struct token_keys keys = { .n = 1, .v = { { .id = 'k', .secret = "secret" } } };
	*g = (struct stage_set){ .p = p, .seen = seen };
	*seen = (struct seen){ 0 };
	token_signer_init(&g->signer, &keys);
	g->test = (struct test){
		.id = "abcdefgh", .all = p->all, .state = TEST_RUNNING,
		.consent = p->consent ? p->consent : CONSENT_RANGE,
		.finished_s = p->ended ? 1 : 0,
		.target = { .ip = ip_from_v4(192, 0, 2, 1), .port = p->port ? p->port : 25 },
	};
	if (p->ipv6)
		assert_int_equal(ip_parse(STR("2001:db8::25"), &g->test.target.ip, NULL), ERR_OK);
}

static size_t count_first(const struct play *p, char first[4][CASE_ID_MAX])
{
	size_t n = 0;
	for (; n < 4 && p->first[n]; n++)
		str_copy(first[n], CASE_ID_MAX, str_of(p->first[n]));
	return n;
}

static void create_session(struct stage_set *g)
{
	const struct play *p = g->p;
	static char first[4][CASE_ID_MAX];
	struct session_setup setup = {
		.test = &g->test, .signer = &g->signer, .domain = "one.test",
		.domain2 = "two.example", .helo = "probe.one.test", .operator_name = "The operator",
		.contact = "abuse@one.test", .objection_url = "",
		.messages = p->messages ? p->messages : 8,
		.refusals = p->refusals ? p->refusals : 6,
		.pipeline = p->pipeline ? p->pipeline : 16, .proof_wait_ms = 100,
		.has_trusted_source = p->trusted_source, .user = p->account ? "user" : NULL,
		.password = p->account ? "password" : NULL,
		.first = (const char (*)[CASE_ID_MAX])first, .first_count = count_first(p, first),
		.sent = g->sent, .sent_count = g->sent_count, .only = p->only, .now_s = 1000000,
		.has_second = p->second_source, .rounds = g->rounds, .fruitless = g->fruitless,
		.ask_again_ms = p->rounds ? 1800000 : 0,
	};
	if (!p->no_collector)
		setup.collector = ip_from_v4(198, 51, 100, 7);
	g->s = session_create(&setup);
	for (size_t i = 0; i < g->returned; i++)
		session_returned(g->s, &g->returns[i]);
	if (p->ended)
		session_stop(g->s, "it had ended");
}

/* What it had sent comes back late. */
static void return_sent(struct stage_set *g)
{
	for (size_t i = 0; g->p->ended && i < g->sent_count; i++) {
		struct test_return r = { .marked = true, .attempt = g->sent[i].attempt };
		memcpy(r.case_id, g->sent[i].id, sizeof(r.case_id));
		g->returns[g->return_count++] = r;
	}
	g->returned = g->return_count;
}

static void take_results(struct stage_set *g, const struct case_result *results, size_t n)
{
	struct case_result *copy = mem_array(n, sizeof(*copy));
	if (n)
		memcpy(copy, results, n * sizeof(*copy));
	free(g->sent);
	g->sent = copy;
	g->sent_count = n;
}

/* What was sent before comes back to the new session too, as the store has it. */
static void next_round(struct stage_set *g, const struct session_action *a)
{
	struct session_outcome o;
	CHECK_ROW(g->p->name, a->rounds == g->rounds + 1 && a->fruitless < 3);
	CHECK_ROW(g->p->name, a->pause_ms == (int64_t)1800000 << 2 * a->fruitless);
	session_outcome(g->s, &o);
	take_results(g, o.results, o.n);
	session_destroy(g->s);
	g->rounds = a->rounds;
	g->fruitless = a->fruitless;
	g->seen->rounds++;
	g->up = false;
	create_session(g);
}

static void run(struct stage_set *g)
{
	const struct play *p = g->p;
	take_results(g, p->sent, p->sent_count);
	return_sent(g);
	create_session(g);
	while (step(g))
		if (++g->seen->steps > STEPS_MAX)
			fail_msg("%s: no end after %d steps", p->name, STEPS_MAX);
	session_outcome(g->s, &g->seen->outcome);
}

void play(const struct play *p, struct seen *seen)
{
	struct stage_set g;
	struct seen own;
	set_stage(&g, p, seen ? seen : &own);
	run(&g);
	struct session_outcome *o = &g.seen->outcome;
	check_outcome(&g);
	compare(p, g.seen);
	g.seen->results = mem_array(o->n, sizeof(*o->results));
	memcpy(g.seen->results, o->results, o->n * sizeof(*o->results));
	o->results = g.seen->results;
	o->transcript = STR("");
	session_destroy(g.s);
	free(g.sent);
	token_signer_fini(&g.signer);
	buf_fini(&g.in);
	buf_fini(&g.out);
	buf_fini(&g.message);
	if (!seen)
		seen_fini(&own);
}

void play_all(const struct play *plays, size_t n)
{
	for (size_t i = 0; i < n; i++)
		play(&plays[i], NULL);
}

void seen_fini(struct seen *seen)
{
	free(seen->commands);
	free(seen->results);
	*seen = (struct seen){ 0 };
}
