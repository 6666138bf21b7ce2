/* SPDX-License-Identifier: ISC
 *
 * One conversation in our own name, verb by verb: what is said next follows from the reply.
 */
#include "relaytest/mailing.h"

#include "base/err.h"
#include "base/mem.h"
#include "smtp/client.h"

#include <assert.h>
#include <stdlib.h>

enum { SAID_MAX = 200 };

struct mailing {
	struct mailing_setup setup;
	struct smtp_client *client;
	struct str left;             /* of the message, as it goes out */
	size_t at;                   /* the recipient that is asked for; n: the stranger */
	bool decided, taken, unanswered, secured, start_tls, over;
	struct buf asked, why;       /* the last command, none yet: the greeting; the result */
};

struct mailing *mailing_create(const struct mailing_setup *setup)
{
	struct mailing *m = mem_zalloc(sizeof(*m));
	assert(!setup->stranger || setup->message.n == 0);
	m->setup = *setup;
	m->client = smtp_client_create(NULL);
	return m;
}

void mailing_destroy(struct mailing *m)
{
	if (!m)
		return;
	smtp_client_destroy(m->client);
	buf_fini(&m->asked);
	buf_fini(&m->why);
	free(m);
}

static void decide(struct mailing *m, bool taken)
{
	m->decided = true;
	m->taken = taken;
	if (smtp_client_command(m->client, SMTP_QUIT, 0, STR("QUIT")) != ERR_OK)
		m->over = true;
}

static void say_command(struct mailing *m, enum smtp_verb verb, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say_command(struct mailing *m, enum smtp_verb verb, const char *fmt, ...)
{
	va_list ap;
	buf_clear(&m->asked);
	va_start(ap, fmt);
	buf_vprintf(&m->asked, fmt, ap);
	va_end(ap);
	if (smtp_client_command(m->client, verb, 0, buf_str(&m->asked)) == ERR_OK)
		return;
	buf_clear(&m->why);
	buf_add_cstr(&m->why, "it cannot be said in SMTP");
	decide(m, false);
}

/* The reply, as the reason why it was not taken. */
static void blame(struct mailing *m, const struct smtp_reply *r)
{
	struct str text = r->text;
	size_t line = str_find(text, '\n');
	if (line != SIZE_MAX)
		text.n = line;
	if (text.n > SAID_MAX)
		text.n = SAID_MAX;
	buf_clear(&m->why);
	buf_printf(&m->why, "it %s \"%d %s%s", m->asked.n ? "said" : "greeted with", r->code,
	           r->enhanced, *r->enhanced ? " " : "");
	buf_add_escaped(&m->why, text);
	buf_add_cstr(&m->why, m->asked.n ? "\" to " : "\"");
	buf_add_escaped(&m->why, buf_str(&m->asked));
}

static void refused(struct mailing *m, const struct smtp_reply *r)
{
	blame(m, r);
	decide(m, false);
}

static bool offers(const struct mailing *m, unsigned extension)
{
	return smtp_client_extensions(m->client) & extension;
}

static void say_mail(struct mailing *m)
{
	bool utf8 = false;
	for (size_t i = 0; i < m->setup.n; i++)
		utf8 |= !str_is_ascii(str_of(m->setup.recipients[i]));
	utf8 &= offers(m, SMTP_EXT_SMTPUTF8);
	say_command(m, SMTP_MAIL, "MAIL FROM:%s%s", m->setup.from, utf8 ? " SMTPUTF8" : "");
}

/* An address that is no ASCII can only be said to who knows SMTPUTF8 (RFC 6531 3.5). */
static bool can_say(const struct mailing *m, const char *recipient)
{
	return str_is_ascii(str_of(recipient)) || offers(m, SMTP_EXT_SMTPUTF8);
}

static void say_recipient(struct mailing *m)
{
	while (m->at < m->setup.n && !can_say(m, m->setup.recipients[m->at])) {
		buf_clear(&m->why);
		buf_add_cstr(&m->why, "it does not offer SMTPUTF8, which the address needs");
		m->at++;
	}
	if (m->at < m->setup.n)
		say_command(m, SMTP_RCPT, "RCPT TO:%s", m->setup.recipients[m->at]);
	else if (m->setup.stranger && m->at == m->setup.n)
		say_command(m, SMTP_RCPT, "RCPT TO:%s", m->setup.stranger);
	else
		decide(m, m->setup.message.n == 0);
}

/* One refusal ends a question, but a mail has other recipients to try. */
static void on_rcpt(struct mailing *m, const struct smtp_reply *r)
{
	bool ok = smtp_reply_ok(r), mail = m->setup.message.n > 0;
	bool stranger = m->at == m->setup.n;
	if (ok && stranger) {
		blame(m, r);
		buf_add_cstr(&m->why, ", which is no token of ours");
		decide(m, false);
	} else if (ok && mail) {
		say_command(m, SMTP_DATA, "DATA");
	} else if (!ok && !mail && (!stranger || r->code / 100 != 5)) {
		refused(m, r);
	} else {
		if (!ok && mail)
			blame(m, r);
		m->at++;
		say_recipient(m);
	}
}

static void on_ehlo(struct mailing *m, enum smtp_verb verb, const struct smtp_reply *r)
{
	bool offered = offers(m, SMTP_EXT_STARTTLS);
	if (verb == SMTP_EHLO && smtp_reply_unknown(r))
		say_command(m, SMTP_HELO, "HELO %s", m->setup.helo);
	else if (!smtp_reply_ok(r))
		refused(m, r);
	else if (offered && m->setup.starttls && !m->secured)
		say_command(m, SMTP_STARTTLS, "STARTTLS");
	else
		say_mail(m);
}

static void on_starttls(struct mailing *m, const struct smtp_reply *r)
{
	m->secured = true;
	if (!smtp_reply_ok(r)) {
		say_mail(m);
	} else if (smtp_client_injected(m->client)) {
		buf_clear(&m->why);
		/* No QUIT: it waits for TLS, and what it says cannot be told from a stranger's. */
		buf_add_cstr(&m->why, "it sent more behind STARTTLS in clear");
		m->decided = m->over = true;
	} else {
		m->start_tls = true;
	}
}

static void on_data(struct mailing *m, const struct smtp_reply *r)
{
	if (r->code / 100 != 3) {
		refused(m, r);
		return;
	}
	m->unanswered = true;
	buf_clear(&m->asked);
	buf_add_cstr(&m->asked, "the message");
	m->left = m->setup.message;
	const struct smtp_source source = { smtp_text_pull, &m->left };
	smtp_client_message_from(m->client, 0, &source);
}

static void on_reply(struct mailing *m, const struct smtp_client_event *ev)
{
	const struct smtp_reply *r = &ev->reply;
	switch (ev->verb) {
	case SMTP_BANNER:
		if (smtp_reply_ok(r))
			say_command(m, SMTP_EHLO, "EHLO %s", m->setup.helo);
		else
			refused(m, r);
		break;
	case SMTP_EHLO:
	case SMTP_HELO:
		on_ehlo(m, ev->verb, r);
		break;
	case SMTP_STARTTLS:
		on_starttls(m, r);
		break;
	case SMTP_MAIL:
		if (smtp_reply_ok(r))
			say_recipient(m);
		else
			refused(m, r);
		break;
	case SMTP_RCPT:
		on_rcpt(m, r);
		break;
	case SMTP_DATA:
		on_data(m, r);
		break;
	case SMTP_MESSAGE:
		m->unanswered = false;
		if (smtp_reply_ok(r))
			decide(m, true);
		else
			refused(m, r);
		break;
	default:
		break;
	}
}

/* The server closes, or cannot be understood: nothing is waited for any more. An answer that
 * was given stands. */
static void shut_out(struct mailing *m, const struct smtp_client_event *ev)
{
	if (!m->decided && ev->type == SMTP_CLIENT_REPLY) {
		blame(m, &ev->reply);
	} else if (!m->decided) {
		buf_clear(&m->why);
		buf_add_escaped(&m->why, ev->text);
	}
	if (ev->type == SMTP_CLIENT_REPLY && ev->verb == SMTP_MESSAGE)
		m->unanswered = false;
	/* What breaks the rules is left in order, too, where it can hear that; its answer could
	 * not be read. */
	smtp_client_leave(m->client);
	m->decided = m->over = true;
}

enum mailing_step mailing_received(struct mailing *m, struct str bytes)
{
	struct smtp_client_event ev;
	smtp_client_input(m->client, bytes);
	while (!m->over && !m->start_tls && smtp_client_next(m->client, &ev)) {
		if (ev.type == SMTP_CLIENT_BROKEN || ev.reply.code == 421 ||
		    ev.verb == SMTP_QUIT)
			shut_out(m, &ev);
		else if (ev.tag != SMTP_TAG_UNASKED && !m->decided)
			on_reply(m, &ev);
	}
	return m->over ? MAILING_OVER : m->start_tls ? MAILING_START_TLS : MAILING_WAITS;
}

/* What was offered in clear counts no more (RFC 3207 section 4.2). */
void mailing_secured(struct mailing *m)
{
	m->start_tls = false;
	smtp_client_tls_started(m->client);
	say_command(m, SMTP_EHLO, "EHLO %s", m->setup.helo);
}

struct smtp_client *mailing_client(const struct mailing *m)
{
	return m->client;
}

struct str mailing_output(const struct mailing *m)
{
	return smtp_client_output(m->client);
}

void mailing_output_sent(struct mailing *m, size_t n)
{
	smtp_client_output_sent(m->client, n);
}

void mailing_result(const struct mailing *m, struct mailing_result *result)
{
	*result = (struct mailing_result){
		.decided = m->decided, .taken = m->taken, .unanswered = m->unanswered,
		.secured = m->secured, .why = m->taken ? "" : buf_cstr(&m->why),
	};
}
