/* SPDX-License-Identifier: ISC
 *
 * The test session against any server. Input: a line of options, then a line an event:
 *
 *   S text   bytes of the server, CRLF behind them     s text   nothing behind them
 *   A 250    this code to every command that is out (354 to DATA if it is a 2xx)
 *   C X T F L N U   the connection ends: closed, reset, time-out, refused, TLS, source, no route
 *   Y y b    the last message comes back: marked, unmarked; a bounce
 *   Z id     a marked return for a form and attempt ("E14/1") that nobody may have sent
 *   I E      the next intent fails; was written before
 *   n        the host's name is of no use (else it is)        P   the time is up, for good;
 *   p        … for now
 *
 * When the input is used up the server is silent. Whatever comes, the session must end in a
 * bounded number of steps, send nothing without an intent, and prove nothing by itself.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "relaytest/session.h"
#include "relaytest/verdict.h"

#include <assert.h>
#include <stdlib.h>

enum { STEPS_MAX = 400000, MARKS_MAX = 128, ROUNDS_MAX = 48 };

struct mark {
	char id[CASE_ID_MAX];
	unsigned attempt;
};

struct fuzz {
	struct session *session;
	struct session_setup setup;
	struct identity us;
	struct test test;
	struct str input;
	bool up, useless_names;
	int intend_error;
	unsigned connections, steps, intents, bodies;
	struct mark sent[MARKS_MAX], returned[MARKS_MAX];
	size_t sent_n, returned_n;
	struct buf pending;              /* the last output, for A */
	struct case_result *kept;        /* of the last round */
	struct test_return came[MARKS_MAX];
	size_t came_n;
};

/* ---- the session's side -------------------------------------------------------- */

static bool among(const struct mark *marks, size_t n, const char *id, unsigned attempt)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(marks[i].id, id) == 0 && marks[i].attempt == attempt)
			return true;
	return false;
}

static void intend(struct fuzz *f, const struct session_action *a)
{
	int e = f->intend_error;
	f->intend_error = ERR_OK;
	if (e == ERR_OK) {
		assert(f->sent_n < MARKS_MAX);
		assert(!among(f->sent, f->sent_n, a->case_id, a->attempt));
		struct mark *m = &f->sent[f->sent_n++];
		str_copy(m->id, sizeof(m->id), str_of(a->case_id));
		m->attempt = a->attempt;
		f->intents++;
	}
	session_intended(f->session, e);
}

/* The next round knows what the store keeps: results, and what came back. */
static void next_round(struct fuzz *f, const struct session_action *a)
{
	struct session_outcome o;
	assert(!f->up && a->rounds == f->setup.rounds + 1 && a->rounds <= ROUNDS_MAX);
	assert(a->fruitless < 3 && a->pause_ms == f->setup.ask_again_ms << 2 * a->fruitless);
	session_outcome(f->session, &o);
	struct case_result *kept = mem_array(o.n, sizeof(*kept));
	memcpy(kept, o.results, o.n * sizeof(*kept));
	session_destroy(f->session);
	free(f->kept);
	f->kept = kept;
	f->setup.sent = kept;
	f->setup.sent_count = o.n;
	f->setup.rounds = a->rounds;
	f->setup.fruitless = a->fruitless;
	f->connections = 0;
	f->session = session_create(&f->setup);
	for (size_t i = 0; i < f->came_n; i++)
		session_returned(f->session, &f->came[i]);
}

/* False: it is done. */
static bool perform(struct fuzz *f, const struct session_action *a)
{
	switch (a->type) {
	case SESSION_CONNECT:
		assert(!f->up);
		f->up = true;
		f->connections++;
		buf_clear(&f->pending);
		session_connected(f->session, f->steps);
		if (a->tls)
			session_secured(f->session, f->steps);
		break;
	case SESSION_START_TLS:
		assert(f->up);
		session_secured(f->session, f->steps);
		break;
	case SESSION_RESOLVE:
		session_resolved(f->session, a->name, !f->useless_names, "host.test");
		break;
	case SESSION_INTEND:
		intend(f, a);
		break;
	case SESSION_DISCONNECT:
		f->up = false;
		break;
	case SESSION_PAUSE:
		session_resume(f->session);
		break;
	case SESSION_LATER:
		next_round(f, a);
		break;
	case SESSION_DONE:
		return false;
	}
	return true;
}

/* Lines end in CRLF, hold no control bytes, and a probe never leaves without an intent. */
static void take_output(struct fuzz *f)
{
	struct str out = session_output(f->session), rest = out;
	assert(f->up);
	for (size_t lf; rest.n && (lf = str_find(rest, '\n')) != SIZE_MAX;
	     rest = str_from(rest, lf + 1)) {
		struct str line = { rest.p, lf };
		if (str_prefix(line, STR("X-Relay-Test: ")))
			f->bodies++;
		assert(line.n <= 2049);
	}
	assert(f->bodies <= f->intents);
	buf_clear(&f->pending);
	buf_add_str(&f->pending, out);
	session_output_sent(f->session, out.n);
}

/* ---- events --------------------------------------------------------------------- */

static void receive(struct fuzz *f, struct str bytes)
{
	if (f->up)
		session_received(f->session, bytes, f->steps);
}

/* A reply to every command of the last output; a body is one. */
static void answer_all(struct fuzz *f, struct str code)
{
	struct buf replies = { 0 };
	struct str rest = buf_str(&f->pending), line;
	bool body = false;
	while (str_token(&rest, "\r\n", &line)) {
		body |= str_prefix(line, STR("From: "));
		if (body && !str_eq(line, STR(".")))
			continue;
		body = false;
		bool go_on = code.n && code.p[0] == '2' && str_eq(line, STR("DATA"));
		buf_printf(&replies, "%.*s x\r\n", STR_ARG(go_on ? STR("354") : code));
	}
	buf_clear(&f->pending);
	receive(f, buf_str(&replies));
	buf_fini(&replies);
}

static void give_back(struct fuzz *f, const struct mark *m, enum return_kind kind, bool marked)
{
	struct test_return r = { .attempt = (uint8_t)m->attempt, .kind = kind, .marked = marked,
	                         .peer = { .ip = ip_from_v4(203, 0, 113, 9), .port = 25 } };
	memcpy(r.test_id, f->test.id, sizeof(r.test_id));
	str_copy(r.case_id, sizeof(r.case_id), str_of(m->id));
	if (marked && kind == RETURN_RECIPIENT && f->returned_n < MARKS_MAX)
		f->returned[f->returned_n++] = *m;
	if (f->came_n < MARKS_MAX)
		f->came[f->came_n++] = r;
	session_returned(f->session, &r);
}

static void give_back_any(struct fuzz *f, struct str text)
{
	struct mark m = { .attempt = str_search(text, STR("/1")) != SIZE_MAX };
	size_t slash = str_find(text, '/');
	if (str_copy(m.id, sizeof(m.id), slash == SIZE_MAX ? text : (struct str){ text.p, slash }))
		give_back(f, &m, RETURN_RECIPIENT, true);
}

static void end_connection(struct fuzz *f, enum stream_end why)
{
	if (!f->up)
		return;
	f->up = false;
	session_ended(f->session, why, f->steps);
}

static void event(struct fuzz *f, char op, struct str text)
{
	const struct mark *last = f->sent_n ? &f->sent[f->sent_n - 1] : NULL;
	struct buf line = { 0 };
	switch (op) {
	case 'S':
		buf_printf(&line, "%.*s\r\n", STR_ARG(text));
		receive(f, buf_str(&line));
		buf_fini(&line);
		break;
	case 's': receive(f, text); break;
	case 'A': answer_all(f, text); break;
	case 'C': end_connection(f, STREAM_CLOSED); break;
	case 'X': end_connection(f, STREAM_RESET); break;
	case 'T': end_connection(f, STREAM_TIMEOUT); break;
	case 'F': end_connection(f, STREAM_REFUSED); break;
	case 'L': end_connection(f, STREAM_TLS_FAILED); break;
	case 'N': end_connection(f, STREAM_NO_SOURCE); break;
	case 'U': end_connection(f, STREAM_UNREACHABLE); break;
	case 'Y': case 'y':
		if (last)
			give_back(f, last, RETURN_RECIPIENT, op == 'Y');
		break;
	case 'b':
		if (last)
			give_back(f, last, RETURN_SENDER, false);
		break;
	case 'Z': give_back_any(f, text); break;
	case 'I': f->intend_error = ERR_FULL; break;
	case 'E': f->intend_error = ERR_EXISTS; break;
	case 'n': f->useless_names = true; break;
	case 'P': session_stop(f->session, "the time is up"); break;
	case 'p': session_round_over(f->session, "enough for now"); break;
	default: break;
	}
}

static bool next_line(struct fuzz *f, struct str *line)
{
	if (f->input.n == 0)
		return false;
	size_t lf = str_find(f->input, '\n');
	*line = (struct str){ f->input.p, lf == SIZE_MAX ? f->input.n : lf };
	f->input = str_from(f->input, lf == SIZE_MAX ? f->input.n : lf + 1);
	return true;
}

static void next_event(struct fuzz *f)
{
	struct str line;
	if (!next_line(f, &line))
		end_connection(f, STREAM_TIMEOUT);
	else if (line.n)
		event(f, line.p[0], str_from(line, line.n > 1 && line.p[1] == ' ' ? 2 : 1));
}

/* ---- what must hold --------------------------------------------------------------- */

static void check_result(const struct fuzz *f, const struct case_result *r)
{
	assert(r->attempt <= 1 && *r->id);
	assert(!r->accepted || (r->stage == STAGE_MESSAGE && r->code / 100 == 2));
	assert(!(r->accepted && r->refusal));
	assert(r->code == 0 || (r->code >= 200 && r->code <= 599));
	assert(r->stage != STAGE_SKIPPED || (r->code == 0 && *r->text));
	assert(!r->returned || among(f->returned, f->returned_n, r->id, r->attempt));
	/* Nothing came back of what was never sent. */
	if (r->returned && strcmp(r->text, "interrupted") != 0)
		assert(among(f->sent, f->sent_n, r->id, r->attempt));
}

static void check(struct fuzz *f)
{
	struct session_outcome o;
	unsigned accepted = 0;
	session_outcome(f->session, &o);
	assert(o.verdict > VERDICT_NONE && o.verdict <= VERDICT_INCONCLUSIVE);
	assert(f->connections <= 200);
	for (size_t i = 0; i < o.n; i++) {
		check_result(f, &o.results[i]);
		accepted += o.results[i].accepted;
		if (o.results[i].attempt == 1)
			assert(o.results[i].stage != STAGE_SKIPPED || !o.results[i].returned);
	}
	assert(accepted == o.accepted && accepted <= f->setup.messages);
	const struct case_result *proof = verdict_proof(o.results, o.n);
	assert((o.verdict == VERDICT_OPEN) == (proof != NULL));
	if (proof)
		assert(among(f->returned, f->returned_n, proof->id, 0) &&
		       among(f->returned, f->returned_n, proof->id, 1));
	assert(o.transcript.n < 1 << 20);
}

/* ---- a run ------------------------------------------------------------------------- */

static void set_up(struct fuzz *f, struct str options, const struct token_signer *signer)
{
	static const char first[2][CASE_ID_MAX] = { "S09-E14", "E06" };
	unsigned bits = options.n ? (unsigned char)options.p[0] : 0;
	unsigned more = options.n > 1 ? (unsigned char)options.p[1] : 0;
	f->us = (struct identity){
		.hostname = "probe.one.test", .operator_name = "x", .contact = "",
		.objection_url = "", .user = bits & 2 ? "user" : NULL,
		.password = bits & 2 ? "password" : NULL,
	};
	f->test = (struct test){
		.id = "abcdefgh", .all = bits & 1, .state = TEST_RUNNING,
		.consent = bits & 2 ? CONSENT_OWNER : CONSENT_RANGE,
		.target = { .ip = ip_from_v4(192, 0, 2, 1), .port = bits & 4 ? 465 : 25 },
	};
	f->setup = (struct session_setup){
		.test = &f->test, .signer = signer, .domain = "one.test",
		.domain2 = "two.example", .us = &f->us,
		.collector = ip_from_v4(198, 51, 100, 7),
		.messages = 1 + (more & 15), .refusals = 1 + (more >> 4),
		.pipeline = bits & 8 ? 1 : 16, .proof_wait_ms = 1,
		.first = first, .first_count = bits & 16 ? 2 : 0,
		.has_trusted_source = bits & 32, .has_second = bits & 64,
		.ask_again_ms = bits & 128 ? 1000 : 0, .now_s = 1000000,
	};
	f->session = session_create(&f->setup);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct token_keys keys = { .n = 1, .v = { { .id = 'k', .secret = "secret" } } };
	struct fuzz f = { .input = { (const char *)data, size } };
	struct token_signer signer;
	struct session_action a;
	struct str options = { 0 };
	token_signer_init(&signer, &keys);
	next_line(&f, &options);
	set_up(&f, options, &signer);
	/* What comes after the end may wake it up again. */
	for (bool done = false; !done || f.input.n; assert(++f.steps < STEPS_MAX)) {
		if (session_next(f.session, &a))
			done = !perform(&f, &a);
		else if (session_output(f.session).n)
			take_output(&f);
		else
			next_event(&f);
	}
	check(&f);
	session_destroy(f.session);
	free(f.kept);
	buf_fini(&f.pending);
	token_signer_fini(&signer);
	return 0;
}
