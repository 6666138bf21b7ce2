/* SPDX-License-Identifier: ISC
 *
 * Reading a transcript in one pass, and a second one for each token.
 *
 * Hostile input that reaches it: any text. What is no line of ours is TRANSCRIPT_OTHER, and no
 * answer is matched to it.
 */
#include "proof/transcript.h"

#include "base/err.h"

#include <assert.h>

enum { MS_MAX = INT32_MAX };

/* ---- lines -------------------------------------------------------------------------- */

static struct str cut_line(struct str *rest)
{
	size_t end = str_find(*rest, '\n');
	struct str line = { rest->p, end == SIZE_MAX ? rest->n : end };
	*rest = str_from(*rest, end == SIZE_MAX ? rest->n : end + 1);
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static size_t count_lines(struct str rest)
{
	size_t n = 0;
	while (rest.n)
		n += cut_line(&rest).n > 0;
	return n;
}

/* "12 > QUIT"; the number may be missing. */
static struct transcript_line split_line(struct str line)
{
	struct transcript_line l = {
		.ms = -1, .who = TRANSCRIPT_OTHER, .whole = line, .text = line,
	};
	size_t space = str_find(line, ' ');
	uint64_t ms;
	struct str rest = line;
	if (space != SIZE_MAX && str_u64((struct str){ line.p, space }, MS_MAX, &ms) == ERR_OK)
		rest = str_from(line, space + 1);
	if (rest.n < 2 || rest.p[1] != ' ' || !strchr("><!", rest.p[0]))
		return l;
	l.ms = rest.p != line.p ? (int64_t)ms : -1;
	l.who = rest.p[0] == '>' ? TRANSCRIPT_WE :
		rest.p[0] == '<' ? TRANSCRIPT_SERVER : TRANSCRIPT_EVENT;
	l.text = str_from(rest, 2);
	return l;
}

/* ---- who answers what ------------------------------------------------------------------ */

static const struct { struct str verb; enum transcript_step step; } verbs[] = {
	{ STR("MAIL FROM:"), TRANSCRIPT_MAIL }, { STR("RCPT TO:"), TRANSCRIPT_RCPT },
	{ STR("DATA"), TRANSCRIPT_DATA }, { STR("EHLO "), TRANSCRIPT_COMMAND },
	{ STR("HELO "), TRANSCRIPT_COMMAND }, { STR("RSET"), TRANSCRIPT_COMMAND },
	{ STR("QUIT"), TRANSCRIPT_COMMAND }, { STR("STARTTLS"), TRANSCRIPT_COMMAND },
	{ STR("AUTH "), TRANSCRIPT_COMMAND }, { STR("XCLIENT "), TRANSCRIPT_COMMAND },
	{ STR("NOOP"), TRANSCRIPT_COMMAND },
};

static enum transcript_step step_of(struct str said)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (str_prefix(said, verbs[i].verb))
			return verbs[i].step;
	return TRANSCRIPT_NONE;
}

/* The code of a line that ends an answer, "250 ok" or "250"; 0: more comes, or it is none. */
static unsigned code_of(struct str said)
{
	uint64_t code;
	if (said.n < 3 || (said.n > 3 && said.p[3] != ' ') ||
	    str_u64((struct str){ said.p, 3 }, 599, &code) != ERR_OK || code < 200)
		return 0;
	return (unsigned)code;
}

/* What is being read. */
struct reader {
	struct transcript *t;
	size_t oldest;                       /* no command before it waits for an answer */
	bool body;
};

static bool waits(const struct transcript_line *l)
{
	return l->who == TRANSCRIPT_WE && l->answer == 0 && l->step != TRANSCRIPT_NONE &&
	       l->step != TRANSCRIPT_BODY;
}

/* The message begins with its From: field; before it is no DATA if it goes by BDAT. */
static void read_ours(struct reader *r, struct transcript_line *l)
{
	enum transcript_step step = r->body ? TRANSCRIPT_NONE : step_of(l->text);
	if (!r->body && step == TRANSCRIPT_NONE && str_prefix(l->text, STR("From: ")))
		r->body = true;
	if (!r->body) {
		l->step = step;
		return;
	}
	r->body = !str_eq(l->text, STR("."));
	l->step = r->body ? TRANSCRIPT_BODY : TRANSCRIPT_END;
}

static void read_answer(struct reader *r, size_t at)
{
	struct transcript_line *lines = r->t->lines, *l = &lines[at];
	while (r->oldest < at && !waits(&lines[r->oldest]))
		r->oldest++;
	if (r->oldest == at)
		return;                      /* a greeting, or a word out of turn */
	l->step = lines[r->oldest].step;
	l->code = code_of(l->text);
	if (l->code == 0)
		return;
	lines[r->oldest].answer = at;
	r->body |= l->step == TRANSCRIPT_DATA && l->code == 354;
}

static void read_line(struct reader *r, struct str text)
{
	size_t at = r->t->n++;
	struct transcript_line *l = &r->t->lines[at];
	*l = split_line(text);
	switch (l->who) {
	case TRANSCRIPT_WE:
		read_ours(r, l);
		break;
	case TRANSCRIPT_SERVER:
		read_answer(r, at);
		break;
	case TRANSCRIPT_EVENT:
		/* A new connection answers nothing of the one before. */
		if (str_eq(l->text, STR("connected"))) {
			r->oldest = at;
			r->body = false;
		}
		break;
	case TRANSCRIPT_OTHER:
		break;
	}
}

void transcript_read(struct str text, struct arena *a, struct transcript *t)
{
	size_t all = count_lines(text);
	size_t n = all < TRANSCRIPT_LINES_MAX ? all : TRANSCRIPT_LINES_MAX;
	struct reader r = { .t = t };
	*t = (struct transcript){ .left_out = all - n };
	t->lines = arena_alloc(a, (n + 1) * sizeof(*t->lines));
	while (t->n < n) {
		struct str line = cut_line(&text);
		if (line.n)
			read_line(&r, line);
	}
}

/* ---- what decided ----------------------------------------------------------------------- */

/* An envelope, as lines; 0 where there is none yet. No step is the first line. */
struct envelope {
	size_t mail, rcpt, data;
	bool named;                          /* it has the token */
};

static void mark_step(struct transcript *t, size_t at, unsigned mark)
{
	struct transcript_line *command = &t->lines[at];
	if (command->step == TRANSCRIPT_NONE)
		return;
	command->marks |= mark;
	if (command->answer == 0)
		return;
	assert(command->answer < t->n);
	/* All lines of the answer: those before its end have its step, too. */
	for (size_t i = command->answer; i > at; i--) {
		struct transcript_line *l = &t->lines[i];
		if (l->who != TRANSCRIPT_SERVER || l->step != command->step ||
		    (i < command->answer && l->code))
			break;
		l->marks |= mark;
	}
}

static void mark_envelope(struct transcript *t, const struct envelope *e, size_t end, unsigned mark)
{
	const size_t steps[] = { e->mail, e->rcpt, e->data, end };
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		mark_step(t, steps[i], mark);
}

static void clear_marks(struct transcript *t, unsigned mark)
{
	for (size_t i = 0; i < t->n; i++)
		t->lines[i].marks &= ~mark;
}

static bool is_accepted(const struct transcript *t, size_t end)
{
	size_t answer = t->lines[end].answer;
	return answer && t->lines[answer].code / 100 == 2;
}

static void follow(struct envelope *e, const struct transcript_line *l, size_t at, struct str token)
{
	switch (l->step) {
	case TRANSCRIPT_MAIL:
		*e = (struct envelope){ .mail = at };
		break;
	case TRANSCRIPT_RCPT:
		e->rcpt = at;
		break;
	case TRANSCRIPT_DATA:
		e->data = at;
		break;
	case TRANSCRIPT_COMMAND:
		*e = (struct envelope){ 0 };
		break;
	default:
		return;
	}
	e->named |= token.n && str_casesearch(l->text, token) != SIZE_MAX;
}

bool transcript_mark(struct transcript *t, struct str token, unsigned mark)
{
	struct envelope e = { 0 };
	bool found = false;
	assert(mark);
	for (size_t i = 0; i < t->n; i++) {
		const struct transcript_line *l = &t->lines[i];
		if (l->who == TRANSCRIPT_EVENT && str_eq(l->text, STR("connected")))
			e = (struct envelope){ 0 };
		if (l->who != TRANSCRIPT_WE)
			continue;
		follow(&e, l, i, token);
		if (l->step != TRANSCRIPT_END || !(token.n ? e.named : is_accepted(t, i)))
			continue;
		if (token.n)
			clear_marks(t, mark);
		mark_envelope(t, &e, i, mark);
		found = true;
	}
	return found;
}
