/* SPDX-License-Identifier: ISC
 *
 * Whom a host trusts, what it takes, and what becomes of it: the persona at work.
 */
#include "session.h"

#include <assert.h>

static void reply(struct session *s, int code, const char *enhanced, const char *text)
{
	wire_server_reply(s->wire, code, enhanced, text);
}

/* What strangers hear. */
static const struct words *refusal_of(const struct session *s)
{
	static const struct words usual = { 554, "5.7.1", "Relay access denied" };
	const struct words *own = &s->host->persona->refusal;
	return own->code ? own : &usual;
}

static void refuse(struct session *s, const struct smtp_server_event *ev)
{
	words_reply(s, refusal_of(s), ev->path ? ev->path->text : STR(""));
}

bool policy_hangs_up(const struct session *s, const char *at)
{
	const char *where = s->host->persona->hangs_up_at;
	return where && strcmp(where, at) == 0;
}

static void forget_transaction(struct session *s)
{
	s->recipient_count = 0;
	s->took_local = s->logged = false;
	buf_clear(&s->message);
}

/* ---- trust ----------------------------------------------------------------------- */

static bool trusts_sender(const struct session *s, unsigned trusts, struct str to_domain)
{
	const struct own_names *own = &s->host->own;
	struct str local, domain;
	if (s->sender[0] == '\0')
		return trusts & TRUST_NULL_SENDER;
	if (!reading_split(str_of(s->sender), &local, &domain))
		return trusts & TRUST_BARE_SENDER;
	bool at_host = str_caseeq(domain, str_of(own->host));
	return (trusts & TRUST_SENDER_IS_DEST && str_caseeq(domain, to_domain)) ||
	       (trusts & TRUST_LOCALHOST_SENDER && str_caseeq(domain, STR("localhost"))) ||
	       (trusts & TRUST_HOST_SENDER && at_host) ||
	       (trusts & TRUST_LITERAL_SENDER && str_caseeq(domain, str_of(own->literal))) ||
	       (trusts & TRUST_DOMAIN_SENDER && str_caseeq(domain, str_of(own->domain))) ||
	       (trusts & TRUST_POSTMASTER_SENDER && at_host &&
	        str_caseeq(local, STR("postmaster")));
}

static bool trusts_helo(const struct session *s, unsigned trusts)
{
	const struct own_names *own = &s->host->own;
	struct str helo = str_of(s->helo);
	return (trusts & TRUST_HELO_LOCALHOST && str_caseeq(helo, STR("localhost"))) ||
	       (trusts & TRUST_HELO_LOOPBACK && str_eq(helo, STR("[127.0.0.1]"))) ||
	       (trusts & TRUST_HELO_HOST && str_caseeq(helo, str_of(own->host))) ||
	       (trusts & TRUST_HELO_DOMAIN && str_caseeq(helo, str_of(own->domain))) ||
	       (trusts & TRUST_HELO_LITERAL && str_caseeq(helo, str_of(own->literal)));
}

static bool trusts_client(const struct session *s, unsigned trusts)
{
	const struct ip *named = &s->host->sim->trusted_clients[s->peer.ip.family == 6];
	return (trusts & TRUST_CLIENT_NAME && ip_eq(&s->peer.ip, named)) ||
	       (trusts & TRUST_LOW_PORT && s->peer.port < 1024) ||
	       (trusts & TRUST_XCLIENT && s->by_xclient) ||
	       (trusts & TRUST_PROXY && s->by_proxy) || (trusts & TRUST_TLS && s->tls) ||
	       (trusts & TRUST_LOGIN && s->logged_in);
}

static bool trusts_path(const struct session *s, unsigned trusts, struct str text,
                        const struct smtp_rcpt_params *params)
{
	return (trusts & TRUST_NO_BRACKETS && text.n && text.p[0] != '<') ||
	       (trusts & TRUST_NOTIFY && params->notify) ||
	       (trusts & TRUST_ORCPT &&
	        str_casesearch(params->orcpt, str_of(s->host->own.host)) != SIZE_MAX);
}

/* A recipient that is plainly somebody else's. */
static bool trusts(const struct session *s, const char *mailbox, const struct smtp_server_event *ev)
{
	unsigned t = s->host->persona->trusts;
	struct str local = STR(""), domain = STR("");
	reading_split(str_of(mailbox), &local, &domain);
	return t & TRUST_ALL || trusts_sender(s, t, domain) || trusts_helo(s, t) ||
	       trusts_client(s, t) || trusts_path(s, t, ev->path->text, ev->rcpt) ||
	       (t & TRUST_SECOND_RECIPIENT && s->took_local) ||
	       (t & TRUST_FIRST_DOMAIN && str_caseeq(domain, str_of(s->host->sim->first_domain)));
}

/* ---- the envelope ------------------------------------------------------------------- */

static struct str without_brackets(struct str s)
{
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

static bool is_own_sender(const struct session *s)
{
	struct str local, domain;
	return !reading_split(str_of(s->sender), &local, &domain) ||
	       reading_is_own(domain, &s->host->own);
}

static void on_mail(struct session *s, const struct smtp_server_event *ev)
{
	const struct persona *p = s->host->persona;
	forget_transaction(s);
	str_copy(s->sender, sizeof(s->sender), without_brackets(ev->path->text));
	if (p->offers & NEEDS_TLS && !s->tls)
		reply(s, 530, "5.7.0", "Must issue a STARTTLS command first");
	else if (p->offers & NEEDS_LOGIN && !s->logged_in)
		reply(s, 530, "5.7.0", "Authentication required");
	else if (p->forged_sender.code && is_own_sender(s))
		words_reply(s, &p->forged_sender, ev->path->text);
	else if (p->refuses_at == STAGE_MAIL)
		refuse(s, ev);
	else
		reply(s, 250, NULL, "Ok");
}

/* Takes the recipient, or (where a persona says no later) seems to. */
static void take(struct session *s, const struct smtp_server_event *ev, const char *mailbox,
                 bool trusted)
{
	if (s->recipient_count < SESSION_RECIPIENTS_MAX) {
		struct recipient *r = &s->recipients[s->recipient_count++];
		*r = (struct recipient){ .trusted = trusted };
		str_copy(r->text, sizeof(r->text), ev->path->text);
		str_copy(r->mailbox, sizeof(r->mailbox), str_of(mailbox));
	}
	s->took_local |= *mailbox == '\0';
	reply(s, 250, NULL, "Ok");
}

static void on_local(struct session *s, const struct smtp_server_event *ev)
{
	bool postmaster = str_caseprefix(without_brackets(ev->path->text), STR("postmaster"));
	if (postmaster || s->host->persona->offers & TAKES_LOCAL)
		take(s, ev, "", true);
	else
		reply(s, 550, "5.1.1", "User unknown");
}

static void on_foreign(struct session *s, const struct smtp_server_event *ev,
                       const char *mailbox, bool trusted)
{
	const struct persona *p = s->host->persona;
	bool later = p->refuses_at == STAGE_DATA || p->refuses_at == STAGE_MESSAGE;
	if (!trusted && p->trusts & TRUST_DATA_ANYWAY) {
		take(s, ev, mailbox, true);
		words_prepare(s, refusal_of(s), ev->path->text);
	} else if (trusted || later) {
		take(s, ev, mailbox, trusted);
	} else {
		refuse(s, ev);
	}
}

/* Up to the last @, or without one all of it. */
static size_t local_length(struct str path)
{
	struct str local, domain;
	path = without_brackets(path);
	return reading_split(path, &local, &domain) ? local.n : path.n;
}

static void on_rcpt(struct session *s, const struct smtp_server_event *ev)
{
	const struct persona *p = s->host->persona;
	char mailbox[MAILBOX_MAX];
	if (p->local_max && local_length(ev->path->text) > p->local_max) {
		reply(s, 501, "5.1.3", "Bad address: the local part is too long");
		return;
	}
	switch (reading_of(ev->path->text, p->reads, &s->host->own, mailbox)) {
	case READING_LOCAL:
		on_local(s, ev);
		break;
	case READING_BAD:
		reply(s, 501, "5.1.3", "Bad recipient address syntax");
		break;
	case READING_LED_ON: {
		bool always = !(p->reads & READ_OWN_SENDER);
		on_foreign(s, ev, mailbox, always || trusts(s, mailbox, ev));
		break;
	}
	case READING_FOREIGN:
		on_foreign(s, ev, mailbox, !(p->reads & READ_OWN_SENDER) && trusts(s, mailbox, ev));
		break;
	}
}

/* ---- the message ---------------------------------------------------------------------- */

/* By its last recipient: before that one comes the postmaster, in one form. */
static void log_message(struct session *s, const char *event)
{
	struct buf text = { 0 };
	assert(s->recipient_count > 0);
	buf_printf(&text, "%s %s", s->sender, s->recipients[s->recipient_count - 1].text);
	sim_log(s->host, event, buf_str(&text));
	buf_fini(&text);
}

static bool all_trusted(const struct session *s)
{
	for (size_t i = 0; i < s->recipient_count; i++)
		if (!s->recipients[i].trusted)
			return false;
	return true;
}

static void on_data(struct session *s, const struct smtp_server_event *ev)
{
	const struct persona *p = s->host->persona;
	bool forgets = p->trusts & TRUST_BDAT && strcmp(s->verb, "BDAT") == 0;
	s->in_message = true;
	if (p->refuses_at == STAGE_DATA && !forgets && !all_trusted(s)) {
		s->in_message = false;
		refuse(s, ev);
	} else {
		reply(s, 354, NULL, "Go on");
	}
}

static bool is_foreign(const struct session *s, const char *mailbox)
{
	struct str local, domain;
	return reading_split(str_of(mailbox), &local, &domain) &&
	       !reading_is_own(domain, &s->host->own);
}

static void relay(struct session *s, const struct recipient *r)
{
	char sender[MAILBOX_MAX + 80];
	struct str local, domain;
	str_copy(sender, sizeof(sender), str_of(s->sender));
	if (*sender && !reading_split(str_of(s->sender), &local, &domain))
		snprintf(sender, sizeof(sender), "%s@%s", s->sender, s->host->name);
	s->host->relayed++;
	relay_message(s->host, sender, r->mailbox, buf_str(&s->message));
}

static void deliver(struct session *s, const struct recipient *r)
{
	switch (s->host->persona->fate) {
	case FATE_RELAY:
		if (*r->mailbox)
			relay(s, r);
		break;
	case FATE_FIRST_ONLY:
		if (*r->mailbox && s->host->relayed == 0)
			relay(s, r);
		break;
	case FATE_BOUNCE:
		if (is_foreign(s, s->sender))
			relay_bounce(s->host, s->sender, r->text, buf_str(&s->message));
		break;
	case FATE_FORGE:
		if (*r->mailbox)
			relay_forge(s->host, r->mailbox);
		break;
	case FATE_DISCARD:
		break;
	}
}

static void on_message(struct session *s, const struct smtp_server_event *ev)
{
	s->in_message = false;
	log_message(s, "end");
	if (policy_hangs_up(s, ".")) {
		s->gone = true;
		reply(s, 421, NULL, "Gone");
		return;
	}
	if (s->host->persona->refuses_at == STAGE_MESSAGE && !all_trusted(s)) {
		refuse(s, ev);
		return;
	}
	log_message(s, "taken");
	for (size_t i = 0; i < s->recipient_count; i++)
		deliver(s, &s->recipients[i]);
	reply(s, 250, NULL, "Ok, queued");
}

/* ---- the session ------------------------------------------------------------------------ */

static void on_helo(struct session *s, const struct smtp_server_event *ev)
{
	str_copy(s->helo, sizeof(s->helo), ev->text);
	const struct words *forged = &s->host->persona->forged_helo;
	if (s->host->persona->refuses_at == STAGE_HELO)
		refuse(s, ev);
	else if (forged->code && reading_is_own(ev->text, &s->host->own))
		words_reply(s, forged, STR(""));
	else
		reply(s, 250, NULL, "");
}

static void on_xclient(struct session *s, const struct smtp_server_event *ev)
{
	if (s->host->persona->trusts & TRUST_XCLIENT) {
		s->by_xclient = str_casesearch(ev->text, STR("ADDR=127.0.0.1")) != SIZE_MAX;
		reply(s, 220, NULL, NULL);
	} else {
		reply(s, 550, "5.7.0", "You are not an authorised proxy");
	}
}

static void on_auth(struct session *s)
{
	s->logged_in = s->host->persona->trusts & TRUST_LOGIN;
	if (s->logged_in)
		reply(s, 235, "2.7.0", "Welcome, whoever you are");
	else
		reply(s, 535, "5.7.8", "Authentication failed");
}

void policy_answer(struct session *s, const struct smtp_server_event *ev)
{
	if (guard_answers(s, ev))
		return;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		if (s->host->persona->refuses_at == STAGE_CONNECT)
			refuse(s, ev);
		else
			reply(s, 220, NULL, NULL);
		break;
	case SMTP_SERVER_HELO:
		on_helo(s, ev);
		break;
	case SMTP_SERVER_MAIL:
		on_mail(s, ev);
		break;
	case SMTP_SERVER_RCPT:
		on_rcpt(s, ev);
		break;
	case SMTP_SERVER_DATA:
		on_data(s, ev);
		break;
	case SMTP_SERVER_TEXT:
		if (!s->logged)
			log_message(s, "begin");
		s->logged = true;
		buf_add_str(&s->message, ev->text);
		break;
	case SMTP_SERVER_MESSAGE:
		on_message(s, ev);
		break;
	case SMTP_SERVER_ABORT:
		s->in_message = false;
		break;
	case SMTP_SERVER_STARTTLS:
		s->start_tls = true;
		break;
	case SMTP_SERVER_AUTH:
		on_auth(s);
		break;
	case SMTP_SERVER_XCLIENT:
		on_xclient(s, ev);
		break;
	case SMTP_SERVER_SASL_END:
		break;
	case SMTP_SERVER_SASL:
	case SMTP_SERVER_UNKNOWN:
		reply(s, 502, "5.5.2", "Command not known");
		break;
	case SMTP_SERVER_CLOSE:
		s->closing = true;
		break;
	}
}
