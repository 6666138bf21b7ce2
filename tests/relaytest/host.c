/* SPDX-License-Identifier: ISC
 *
 * What the scripted host answers: its rules, the commands it knows without one, its messages.
 */
#include "host-stage.h"

#include "base/mem.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

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
	if (str_prefix(state, STR("round"))) {
		uint64_t round = 0;
		assert_int_equal(str_u64(str_from(state, 5), UINT32_MAX, &round), ERR_OK);
		return round == g->rounds;
	}
	if (str_eq(state, STR("second")))
		return g->second;
	if (str_eq(state, STR("recipient")))
		return g->recipients > 0;
	return str_eq(state, STR("tls")) ? g->tls :
	       str_eq(state, str_of(g->became)) || str_eq(state, str_of(g->helo));
}

bool host_rule(struct stage_set *g, const char *line, char *reply, size_t size)
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

int host_say(struct stage_set *g, const char *rule)
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
			/* (what is no reply has no code) */
			uint64_t value = 0;
			struct str digits = { line.p, 3 };
			if (line.n >= 3 && str_u64(digits, 999, &value) != ERR_OK)
				value = 0;
			code = (int)value;
			g->replied |= code != 0;
			g->farewell |= code == 421;
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

void host_deliver(struct stage_set *g, size_t keep)
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
	host_rule(g, ".", rule, sizeof(rule));
	g->reading = false;
	g->seen->messages++;
	check_intent(g);
	if (host_say(g, rule) / 100 == 2)
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
		host_say(g, "421 4.7.0 Too many errors !closed");
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
	g->quit |= is(line, "QUIT");
	if (!host_rule(g, line, rule, sizeof(rule)))
		reply = default_reply(g, line, text, sizeof(text));
	if (is(line, "QUIT") && g->p->habits & SILENT_AT_QUIT)
		reply = "-";
	if (is(line, "BDAT")) {
		g->bdat_left = strtoul(line + 4, NULL, 10);
		g->reading = true;
		return;
	}
	int code = host_say(g, reply);
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

void host_take(struct stage_set *g, struct str bytes)
{
	buf_add_str(&g->in, bytes);
	while (!g->ending && take_line(g))
		if (g->p->habits & LOSES_PIPELINED && !g->reading)
			buf_clear(&g->in);
}

void host_connect(struct stage_set *g, const struct session_action *a)
{
	char rule[1024];
	bool tls = a->tls;
	const char *word = a->source == SESSION_SOURCE_PORT_25 ? "CONNECT-25" :
	                   a->source == SESSION_SOURCE_SECOND ? "CONNECT-2" : "CONNECT";
	g->second = a->source == SESSION_SOURCE_SECOND;
	g->up = g->ending = g->reading = g->replied = g->quit = g->farewell = false;
	g->errors = g->recipients = 0;
	g->bdat_left = 0;
	g->tls = tls;
	g->became[0] = g->helo[0] = '\0';
	buf_clear(&g->in);
	buf_clear(&g->out);
	buf_clear(&g->message);
	g->seen->connections++;
	if (host_rule(g, word, rule, sizeof(rule)) && *rule == '-') {
		host_say(g, rule);
		return;
	}
	g->up = true;
	session_connected(g->s, 1000);
	if (tls && host_rule(g, "TLS", rule, sizeof(rule))) {
		host_say(g, rule);
		return;
	}
	if (tls)
		session_secured(g->s, 1000);
	if (!host_rule(g, "BANNER", rule, sizeof(rule)))
		str_copy(rule, sizeof(rule), STR("220 " HOST " ESMTP"));
	host_say(g, rule);
}
