/* SPDX-License-Identifier: ISC
 *
 * A session of one envelope for exim -bh, or a few lines for sendmail -bt, and what their traces
 * say.
 */
#include "closed/explain.h"

#include "audit/trace.h"
#include "base/clock.h"
#include "closed/bt.h"
#include "closed/program.h"

#include <string.h>

enum { EXPLAINED_MAX = 24, RUN_MS = 3000 };

struct explaining {
	struct closed_room *room;
	struct audit_plan *plan;
	enum mta mta;
	struct program_words words;      /* the server's, with its options */
};

/* ---- Exim ----------------------------------------------------------------------------- */

static const struct audit_line *exim_line(const struct explaining *x, struct str trace)
{
	const struct audit_setting *setting = audit_config_setting(x->plan->ground->config, "",
	                                                           "acl_smtp_rcpt");
	struct audit_trace_acl acl;
	struct arena *a = x->plan->arena;
	if (!audit_trace_exim(trace, setting ? setting->value : NULL, &acl) || !acl.line)
		return NULL;
	struct audit_line *line = arena_alloc(a, sizeof(*line));
	*line = (struct audit_line){ "acl_smtp_rcpt", {
		arena_strdup(a, acl.file), acl.line,
		arena_printf(a, "%.*s%s%.*s", STR_ARG(acl.verb), acl.condition.n ? " " : "",
		             STR_ARG(acl.condition)) } };
	return line;
}

static bool exim_run(struct explaining *x, const struct audit_question *q,
                     const struct audit_try *t, struct buf *output)
{
	char client[IP_TEXT_MAX];
	const char *const shell[] = {
		"/bin/sh", "-c", "client=$1 helo=$2 mail=$3 rcpt=$4; shift 4; printf "
		"'EHLO %s\\r\\nMAIL FROM:%s\\r\\nRCPT TO:%s\\r\\nQUIT\\r\\n' \"$helo\" \"$mail\" "
		"\"$rcpt\" | \"$@\" -bh \"$client\"", "sh", ip_format(&q->from, client), q->helo,
		t->mail, t->rcpt, NULL };
	struct program_words words = { 0 };
	int status = 0;
	program_words_add(&words, shell);
	program_words_add(&words, x->words.v);
	return words.n < PROGRAM_WORDS_MAX - 1 &&
	       closed_run(x->room, words.v, RUN_MS, output, &status) == ERR_OK;
}

/* ---- Sendmail ------------------------------------------------------------------------- */

/* The line of the reading that has this key of the access table. */
static const struct audit_line *key_find(const struct explaining *x, const char *key)
{
	const struct audit_reading *r = audit_config_reading(x->plan->ground->config);
	for (size_t i = 0; key[0] && i < r->rule_n; i++) {
		const struct audit_place *place = &r->rules[i].place;
		if (!place->text || !str_caseprefix(str_of(place->text), str_of(key)) ||
		    !ascii_isspace(place->text[strlen(key)]))
			continue;
		struct audit_line *line = arena_alloc(x->plan->arena, sizeof(*line));
		*line = (struct audit_line){ r->rules[i].name, *place };
		return line;
	}
	return NULL;
}

static const struct audit_line *sendmail_line(const struct explaining *x, struct str trace)
{
	struct audit_bt_answer answers[2];
	audit_trace_sendmail(trace, answers, 2);
	return answers[1].rcpt.code == 250 ? key_find(x, answers[1].key) : NULL;
}

static bool sendmail_run(struct explaining *x, const struct audit_question *q,
                         const struct audit_try *t, struct buf *output)
{
	const struct closed_envelope envelope = { t->mail, t->rcpt };
	const struct closed_session s = { .from = q->from, .helo = q->helo, .n = 1,
	                                  .envelopes = &envelope };
	struct buf script = { 0 };
	struct program_words words = { 0 };
	int status = 0;
	bool well = closed_bt_script(&s, &script);
	const char *const shell[] = { "/bin/sh", "-c",
	                              "printf %s \"$1\" | { shift; \"$@\" -bt; }", "sh",
	                              well ? buf_cstr(&script) : "", NULL };
	program_words_add(&words, shell);
	program_words_add(&words, x->words.v);
	well = well && words.n < PROGRAM_WORDS_MAX &&
	       closed_run(x->room, words.v, RUN_MS, output, &status) == ERR_OK;
	buf_fini(&script);
	return well;
}

/* ---- all ---------------------------------------------------------------------------- */

static bool is_explained(const struct audit_plan *plan, size_t end, const struct audit_question *q)
{
	for (size_t i = 0; i < end; i++) {
		const struct audit_question *other = &plan->questions[i];
		for (size_t k = 0; other->asker == q->asker && other->port == q->port &&
		                   k < other->try_n; k++)
			if (other->tries[k].decided)
				return true;
	}
	return false;
}

/* What relays, not the controls. */
static struct audit_try *taken_find(struct audit_question *q)
{
	for (size_t k = 0; k < q->try_n && q->claim == AUDIT_AS_ITSELF && q->tls == AUDIT_CLEAR;
	     k++)
		if (q->tries[k].said == AUDIT_TAKEN && strcmp(q->tries[k].form, "A00") != 0 &&
		    strcmp(q->tries[k].form, "A01") != 0 && !q->tries[k].utf8)
			return &q->tries[k];
	return NULL;
}

static void question_explain(struct explaining *x, const struct audit_question *q,
                             struct audit_try *t)
{
	struct buf output = { 0 };
	const bool exim = x->mta == MTA_EXIM;
	if (exim ? exim_run(x, q, t, &output) : sendmail_run(x, q, t, &output))
		t->decided = exim ? exim_line(x, buf_str(&output))
		                  : sendmail_line(x, buf_str(&output));
	buf_fini(&output);
}

void closed_explain(struct closed_room *room, const struct closed_server *server,
                    const char *const *options, struct audit_plan *plan, int64_t timeout_ms)
{
	const int64_t until_ms = clock_mono_ms() + timeout_ms;
	const char *program[] = { closed_server_program(server), NULL };
	struct explaining x = { .room = room, .plan = plan, .mta = server->mta };
	size_t n = 0;
	if ((server->mta != MTA_EXIM && server->mta != MTA_SENDMAIL) || !program[0])
		return;
	program_words_add(&x.words, program);
	for (; options && *options; options++) {
		const char *const one[] = { *options, NULL };
		/* Where it listens is none of these modes'. */
		if (strcmp(*options, "-oX") == 0 && options[1])
			options++;
		else if (strcmp(*options, "-tls-on-connect") != 0)
			program_words_add(&x.words, one);
	}
	for (size_t i = 0; i < plan->n && n < EXPLAINED_MAX && clock_mono_ms() < until_ms; i++) {
		struct audit_question *q = &plan->questions[i];
		struct audit_try *t = taken_find(q);
		if (!t || is_explained(plan, i, q))
			continue;
		question_explain(&x, q, t);
		n++;
	}
}
