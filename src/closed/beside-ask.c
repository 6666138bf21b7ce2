/* SPDX-License-Identifier: ISC
 *
 * Which server is asked how, and the sessions of a plan fitted to it.
 */
#include "closed/beside-ask.h"

#include "base/clock.h"
#include "base/mem.h"
#include "closed/beside.h"
#include "closed/bh.h"
#include "closed/bt.h"
#include "smtp/policy.h"
#include "smtp/xclient.h"

#include <stdlib.h>
#include <unistd.h>

enum { SMTP_PORT = 25, BT_MS = 15000 };

struct closed_aside {
	const struct closed_run_setup *setup;
	struct audit_plan *plan;
	struct closed_beside *postfix;
	struct closed_bh_program exim;
	struct closed_bt_program sendmail;
	int64_t life_ms;
};

static const char *const far_names[] = {
	"reject_unknown_*, reject_rbl_*, reject_rhsbl_* and reject_unverified_*",
	"they refuse by DNS or by a trial delivery, which are not the server's own beside it: "
	"they are left out",
};

/* ---- making ---------------------------------------------------------------------------- */

static int postfix_open(struct closed_aside *a, struct buf *message)
{
	const struct closed_run_setup *s = a->setup;
	if (geteuid() != 0) {
		buf_add_cstr(message, "only root can start a second Postfix");
		return ERR_DENIED;
	}
	int e = closed_beside_create(s->config ? s->config : s->server->config, a->life_ms,
	                             &a->postfix, message);
	if (e == ERR_OK && closed_beside_leaves_names(a->postfix))
		audit_plan_leave_out(a->plan, far_names[0], far_names[1]);
	return e;
}

static int exim_open(struct closed_aside *a, struct buf *message)
{
	int e = closed_bh_find(a->setup->options, &a->exim, message);
	if (e != ERR_OK)
		return e;
	audit_plan_leave_out(a->plan, "what the rules ask of others",
	                     "exim -bh asks the machine's DNS, and its call-outs and lookups "
	                     "cannot be closed off");
	return ERR_OK;
}

/* A session without envelopes opens no table; this one asks for a network and a domain. */
static int sendmail_try(struct closed_aside *a, struct buf *message)
{
	static const struct closed_envelope plain = { "<>", "<someone@recipient.example>" };
	struct closed_answer answer;
	struct closed_session s = { .from = { 4, { 203, 0, 113, 9 } }, .helo = CLOSED_ASKERS,
	                            .envelopes = &plain, .n = 1, .answers = &answer };
	int e = closed_bt_ask(&a->sendmail, &s, BT_MS);
	if (e == ERR_DENIED)
		buf_add_cstr(message, "who runs the audit may not read Sendmail's tables");
	else if (e == ERR_OK && s.end != CLOSED_ASKED)
		e = ERR_CLOSED;
	if (e == ERR_CLOSED)
		buf_add_cstr(message, "sendmail -bt says nothing of check_relay");
	return e;
}

static int sendmail_open(struct closed_aside *a, struct buf *message)
{
	/* It tells the machine's log of each, whatever its level there is. */
	if (geteuid() != 0) {
		buf_add_cstr(message, "an ordinary user may not read Sendmail's tables");
		return ERR_DENIED;
	}
	const struct audit_setting *queue = audit_config_setting(a->plan->ground->config, "",
	                                                         "QueueDirectory");
	int e = closed_bt_find(queue ? queue->value : "/var/spool/mqueue",
	                       a->setup->options, &a->sendmail);
	if (e == ERR_OK)
		e = sendmail_try(a, message);
	if (e != ERR_OK)
		return e;
	audit_plan_leave_out(a->plan, "what Sendmail decides beyond check_relay, check_mail and "
	                     "check_rcpt", "sendmail -bt tests rulesets, and speaks no SMTP: no "
	                     "milter, no login, no mailbox that nobody has");
	return ERR_OK;
}

int closed_aside_create(const struct closed_run_setup *setup, struct audit_plan *plan,
                        struct closed_aside **aside, struct buf *message)
{
	struct closed_aside *a = mem_zalloc(sizeof(*a));
	a->setup = setup;
	a->plan = plan;
	a->life_ms = 2 * setup->start_ms + setup->all_ms;
	int e = ERR_UNSUPPORTED;
	switch (setup->server->mta) {
	case MTA_POSTFIX:
		e = postfix_open(a, message);
		break;
	case MTA_EXIM:
		e = exim_open(a, message);
		break;
	case MTA_SENDMAIL:
		e = sendmail_open(a, message);
		break;
	default:
		buf_printf(message, "%s can be asked in a closed room alone, which cannot be made "
		           "here", mta_title(setup->server->mta));
	}
	if (e == ERR_OK)
		*aside = a;
	else
		closed_aside_destroy(a);
	return e;
}

const char *closed_aside_how(const struct closed_aside *aside)
{
	return aside->postfix ? "by XCLIENT, as a second one beside the first"
	     : aside->exim.words.n ? "by exim -bh" : "by sendmail -bt";
}

void closed_aside_destroy(struct closed_aside *aside)
{
	if (aside)
		closed_beside_destroy(aside->postfix);
	free(aside);
}

/* ---- sessions -------------------------------------------------------------------- */

/* The name of an asker; NULL: it has none that leads back to it. */
static const char *name_find(const struct audit_plan *plan, const struct ip *ip)
{
	for (size_t i = 0; i < plan->named_n; i++) {
		const struct audit_named *n = &plan->named[i];
		if (ip_eq(&n->ip, ip))
			return n->verified ? n->name : NULL;
	}
	return CLOSED_ASKERS;
}

/* Rules for clients in TLS, which such a question would not meet. */
static bool has_tls_rules(const struct audit_plan *plan)
{
	const struct audit_reading *r = audit_config_reading(plan->ground->config);
	for (size_t i = 0; i < r->rule_n; i++)
		if ((r->rules[i].by | r->rules[i].without) & AUDIT_BY_TLS)
			return true;
	return false;
}

/* Whether it can be asked in clear, by an address alone. */
static bool is_clear(const struct closed_aside *a, const struct audit_question *q)
{
	if (q->claim != AUDIT_AS_ITSELF && (q->claim != AUDIT_CLAIM_PORT25 || !a->exim.words.n))
		return false;
	return q->tls == AUDIT_CLEAR ||
	       (q->tls == AUDIT_TLS_FIRST && !has_tls_rules(a->plan));
}

/* Nobody listens at port 0. */
static void session_leave(struct closed_session *s)
{
	s->from = (struct ip){ 4, { 127, 0, 0, 1 } };
	s->to = (struct endpoint){ s->from, 0 };
	s->claim = CLOSED_AS_ITSELF;
}

static void left_out_say(const struct closed_aside *a)
{
	audit_plan_leave_out(a->plan, "who shows more than an address", a->postfix
		? "no room can be made here: a second server is asked, by XCLIENT"
		: a->exim.words.n
		? "no room can be made here: exim -bh asks without TLS, logins, certificates, "
		  "XCLIENT and PROXY"
		: "no room can be made here: sendmail -bt asks without TLS, logins, certificates, "
		  "XCLIENT and PROXY");
}

/* ---- Postfix, by XCLIENT ---------------------------------------------------------- */

static bool postfix_fit(const struct closed_aside *a, const struct audit_question *q,
                        struct closed_session *s)
{
	const char *name = name_find(a->plan, &s->from);
	s->claimed = s->from;
	s->claimed_name = name ? name : SMTP_XCLIENT_UNNAMED;
	s->from = (struct ip){ 4, { 127, 0, 0, 1 } };
	s->claim = CLOSED_CLAIM_XCLIENT;
	return q->claim == AUDIT_AS_ITSELF &&
	       closed_beside_at(a->postfix, q->port->service, &s->to);
}

static int postfix_ask(struct closed_aside *a, const struct audit_question *questions,
                       const struct closed_patience *patience, struct closed_session *sessions,
                       size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!postfix_fit(a, &questions[i], &sessions[i])) {
			session_leave(&sessions[i]);
			left_out_say(a);
		}
	return closed_ask(NULL, patience, sessions, n);
}

/* ---- Exim, by -bh ------------------------------------------------------------------- */

/* No sender's domain of ours is in the machine's DNS: what a rule that verifies senders refuses is
 * asked again from the empty one, which such a rule takes. */
static bool is_for_sender(const struct closed_session *s, const struct closed_envelope *e,
                          const struct closed_answer *answer)
{
	const struct closed_reply *last = answer->rcpt.code ? &answer->rcpt : &answer->mail;
	struct smtp_reply reply = { .code = last->code, .text = str_of(last->text) };
	char client[IP_TEXT_MAX];
	const struct smtp_asked asked = {
		.sender = str_of(e->mail), .recipient = str_of(e->rcpt), .helo = str_of(s->helo),
		.client = str_of(ip_format(&s->claimed, client)), .port = SMTP_PORT };
	str_copy(reply.enhanced, sizeof(reply.enhanced), str_of(last->enhanced));
	return last->code / 100 > 3 && smtp_refusal(&reply, &asked) == REFUSAL_SENDER;
}

struct again {
	struct closed_session session;
	struct closed_envelope envelope;
	struct closed_answer *answer;    /* which it replaces */
};

static size_t again_gather(const struct closed_aside *a, struct closed_session *s,
                           struct again *again)
{
	const struct str other = str_of(a->plan->ground->other);
	const struct str foreign = str_of(a->plan->ground->foreign);
	size_t n = 0;
	for (size_t i = 0; i < s->n + (s->control ? 1 : 0); i++) {
		const struct closed_envelope *e = i < s->n ? &s->envelopes[i] : s->control;
		struct closed_answer *answer = i < s->n ? &s->answers[i] : &s->controlled;
		const bool own = str_search(str_of(e->mail), other) == SIZE_MAX &&
		                 str_search(str_of(e->mail), foreign) == SIZE_MAX;
		if (own || !is_for_sender(s, e, answer))
			continue;
		again[n] = (struct again){ *s, *e, answer };
		again[n].envelope.mail = "<>";
		again[n].session.control = NULL;
		again[n].session.n = 1;
		n++;
	}
	return n;
}

static int again_ask(struct closed_aside *a, const struct closed_patience *patience,
                     struct closed_session *sessions, size_t n)
{
	size_t all = 0, count = 0;
	for (size_t i = 0; i < n; i++)
		all += sessions[i].n + 1;
	struct again *again = mem_array(all + 1, sizeof(*again));
	struct closed_session *more = mem_array(all + 1, sizeof(*more));
	struct closed_answer *answers = mem_array(all + 1, sizeof(*answers));
	for (size_t i = 0; i < n; i++)
		count += again_gather(a, &sessions[i], &again[count]);
	if (count > CLOSED_SESSIONS_MAX)
		count = CLOSED_SESSIONS_MAX;
	for (size_t i = 0; i < count; i++) {
		more[i] = again[i].session;
		more[i].envelopes = &again[i].envelope;
		more[i].answers = &answers[i];
	}
	int e = closed_ask(NULL, patience, more, count);
	for (size_t i = 0; e == ERR_OK && i < count; i++)
		if (more[i].end == CLOSED_ASKED)
			*again[i].answer = answers[i];
	if (count)
		audit_plan_leave_out(a->plan, "senders of another domain, where they are verified",
		                     "the audit's are in no DNS of the machine: the empty sender "
		                     "was asked in their place");
	free(again);
	free(more);
	free(answers);
	return e;
}

/* As the client, in the listener's eyes. */
static void exim_fit(const struct closed_bh *bh, size_t i, struct closed_session *s)
{
	s->claimed = s->from;
	s->claim = CLOSED_AS_ITSELF;
	s->tls = CLOSED_CLEAR;
	closed_bh_at(bh, i, &s->from, &s->to);
}

static int exim_ask(struct closed_aside *a, const struct audit_question *questions,
                    const struct closed_patience *patience, struct closed_session *sessions,
                    size_t n)
{
	const int64_t until_ms = clock_mono_ms() + patience->all_ms;
	struct closed_bh_as *rows = mem_array(n + 1, sizeof(*rows));
	struct closed_bh *bh = NULL;
	struct closed_patience left = *patience;
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct closed_bh_as){
			{ sessions[i].from,
			  questions[i].claim == AUDIT_CLAIM_PORT25 ? SMTP_PORT : 0 },
			questions[i].at };
	int e = closed_bh_create(&a->exim, rows, n, patience->all_ms + a->setup->start_ms, &bh);
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		if (is_clear(a, &questions[i])) {
			exim_fit(bh, i, &sessions[i]);
			continue;
		}
		session_leave(&sessions[i]);
		left_out_say(a);
	}
	if (e == ERR_OK)
		e = closed_ask(NULL, patience, sessions, n);
	left.all_ms = until_ms - clock_mono_ms();
	if (e == ERR_OK && left.all_ms > 0)
		e = again_ask(a, &left, sessions, n);
	closed_bh_destroy(bh);
	free(rows);
	return e;
}

/* ---- Sendmail, by -bt ----------------------------------------------------------------- */

/* A port for logins has flags that its rulesets see, and the reading does not have. */
static bool sendmail_fits(const struct closed_aside *a, const struct audit_question *q)
{
	return is_clear(a, q) && !q->port->for_login;
}

static int sendmail_ask(struct closed_aside *a, const struct audit_question *questions,
                        const struct closed_patience *patience, struct closed_session *sessions,
                        size_t n)
{
	const int64_t until_ms = clock_mono_ms() + patience->all_ms;
	for (size_t i = 0; i < n; i++) {
		struct closed_session *s = &sessions[i];
		const int64_t left_ms = until_ms - clock_mono_ms();
		s->end = CLOSED_NOBODY;
		s->claim_refused = true;
		if (!sendmail_fits(a, &questions[i])) {
			left_out_say(a);
			continue;
		}
		s->claimed_name = name_find(a->plan, &s->from);
		/* No stranger's address is behind the server's own name. */
		if (s->claimed_name && strcmp(s->claimed_name, a->plan->ground->host_name) == 0)
			s->claimed_name = NULL;
		s->end = CLOSED_UNASKED;
		int e = ERR_OK;
		if (left_ms > 0)
			e = closed_bt_ask(&a->sendmail, s, left_ms < BT_MS ? left_ms : BT_MS);
		if (e == ERR_DENIED)
			audit_plan_leave_out(a->plan, "Sendmail's tables",
			                     "they cannot be read by who runs the audit");
		else if (e == ERR_TIMEOUT)
			s->end = CLOSED_LATE;
	}
	return ERR_OK;
}

int closed_aside_ask(struct closed_aside *a, size_t first, const struct closed_patience *patience,
                     struct closed_session *sessions, size_t n)
{
	const struct audit_question *questions = &a->plan->questions[first];
	if (a->postfix)
		return postfix_ask(a, questions, patience, sessions, n);
	return a->exim.words.n ? exim_ask(a, questions, patience, sessions, n)
	                    : sendmail_ask(a, questions, patience, sessions, n);
}
