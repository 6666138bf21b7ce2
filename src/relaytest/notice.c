/* SPDX-License-Identifier: ISC
 *
 * Mail to a tested host itself: the result of a retest that its admin asked for by mail,
 * and the notice of a listing. It goes to that host by address, never to another and never
 * by MX: so it can neither be relayed by us nor hit a forged address elsewhere. First to the
 * port that was tested, then to port 25 of the same address, as a submission port takes no
 * mail without a login. TLS is taken where it is to be had. The log tells how it went.
 *
 * A notice keeps to the limits that tests keep to, and goes out when no test talks to its
 * address.
 *
 * Hostile input: all that the host answers, by way of mailing.h.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "mail/mime.h"
#include "mail/msgid.h"
#include "relaytest/courier.h"

#include <stdlib.h>

enum {
	RECIPIENTS = 3,
	PORT_SMTP = 25, PORT_SUBMISSIONS = 465,
	/* Mail that we send waits as long as RFC 5321 4.5.3.2 says, 10 minutes for the answer to
	 * the final dot; the tester's shorter limits are for tests. */
	NOTICE_SESSION_MS = 30 * 60 * 1000,
};

struct notice {
	struct tester *tester;
	struct notice *next;
	struct endpoint host;                /* what is tried now */
	uint16_t tested_port;
	bool started;                        /* the rate has let it */
	bool no_starttls;                    /* it failed */
	struct courier *courier;             /* holds a connection; NULL: waits for one */
	char *recipients[RECIPIENTS];
	size_t n;
	bool first_may_be_forged;
	struct buf message, text;            /* the whole; while it is written, its text */
};

static void unlink_notice(struct notice *n)
{
	for (struct notice **p = &n->tester->notices; *p; p = &(*p)->next) {
		if (*p != n)
			continue;
		*p = n->next;
		return;
	}
}

static void disconnect(struct notice *n)
{
	if (!n->courier)
		return;
	courier_destroy(n->courier);
	n->courier = NULL;
	politeness_disconnect(n->tester->politeness, &n->host.ip);
}

static void notice_free(struct notice *n)
{
	unlink_notice(n);
	disconnect(n);
	for (size_t i = 0; i < n->n; i++)
		free(n->recipients[i]);
	buf_fini(&n->message);
	buf_fini(&n->text);
	free(n);
}

/* ---- one try after the other ------------------------------------------------------- */

/* False: there is none left. */
static bool next_try(struct notice *n, const struct mailing_result *result, bool tls_failed)
{
	if (result->taken || result->unanswered)
		return false;
	if (tls_failed && result->secured && !n->no_starttls) {
		n->no_starttls = true;
		return true;
	}
	if (n->host.port == PORT_SMTP)
		return false;
	n->host.port = PORT_SMTP;
	n->no_starttls = false;
	return true;
}

static void notice_over(void *arg, const struct mailing_result *result, bool tls_failed)
{
	struct notice *n = arg;
	struct tester *t = n->tester;
	bool again = next_try(n, result, tls_failed);
	if (!again)
		LOG(result->taken ? LOG_INFO : LOG_WARN, "notice", LOG_IP("host", &n->host.ip),
		    LOG_I("port", n->host.port),
		    LOG_S("outcome", result->taken ? "sent" : "not sent"),
		    LOG_S("why", result->why));
	if (again)
		disconnect(n);
	else
		notice_free(n);
	tester_connections_free(t);
}

static struct ip source_for(const struct config_ips *sources, uint8_t family)
{
	for (size_t i = 0; i < sources->n; i++)
		if (sources->v[i].family == family)
			return sources->v[i];
	return (struct ip){ 0 };
}

/* Another port of the host may relay where the tested one does not: a name that may be
 * forged is not said there. */
static void notice_connect(struct notice *n)
{
	const struct tester_setup *s = &n->tester->setup;
	const struct tester_config *config = s->config;
	size_t first = n->first_may_be_forged && n->host.port != n->tested_port ? 1 : 0;
	struct courier_setup setup = {
		.loop = s->loop, .tls = n->tester->tls, .to = n->host,
		.source = source_for(&config->source, n->host.ip.family),
		.tls_at_once = n->host.port == PORT_SUBMISSIONS,
		.connect_ms = config->connect_timeout_s * 1000,
		.session_ms = NOTICE_SESSION_MS,
		.mailing = {
			.helo = s->us.hostname, .from = "<>",
			.recipients = (const char *const *)n->recipients + first,
			.n = n->n - first, .message = buf_str(&n->message),
			.starttls = n->host.port != PORT_SUBMISSIONS && !n->no_starttls,
		},
		.over = notice_over, .arg = n,
	};
	n->courier = courier_create(&setup);
}

/* ---- when ---------------------------------------------------------------------------- */

/* Between its first connection and its last. */
static bool talks(const struct run *r)
{
	return r->state == RUN_NAMES || r->state == RUN_TALKING || r->state == RUN_PAUSED;
}

static bool is_talked_to(const struct tester *t, const struct ip *address)
{
	for (const struct run *r = t->runs; r; r = r->next)
		if (talks(r) && ip_eq(&r->test.target.ip, address))
			return true;
	return false;
}

static bool may_go(struct notice *n)
{
	struct tester *t = n->tester;
	if (is_talked_to(t, &n->host.ip))
		return false;
	if (!n->started && politeness_start(t->politeness, clock_mono_ms()) > 0)
		return false;
	n->started = true;
	return politeness_connect(t->politeness, &n->host.ip);
}

void notice_turn(struct tester *t)
{
	for (struct notice *n = t->notices; n; n = n->next)
		if (!n->courier && may_go(n))
			notice_connect(n);
}

void notice_abandon(struct tester *t)
{
	while (t->notices)
		notice_free(t->notices);
}

/* ---- what it says --------------------------------------------------------------------- */

static struct notice *notice_create(struct tester *t, const struct run *r)
{
	struct notice *n = mem_zalloc(sizeof(*n));
	*n = (struct notice){ .tester = t, .host = r->test.target, .next = t->notices,
	                      .tested_port = r->test.target.port };
	t->notices = n;
	return n;
}

static void add_recipient(struct notice *n, char *path)
{
	n->recipients[n->n++] = path;
}

/* Who is named in the header: an address that is no ASCII would need another kind of mail (RFC
 * 6532), which few hosts take. */
static const char *to_field(const struct notice *n)
{
	size_t i = 0;
	while (i + 1 < n->n && !str_is_ascii(str_of(n->recipients[i])))
		i++;
	return n->recipients[i];
}

/* Of the mail that asked, which the reader's program shows with its answer (RFC 5322 3.6.4). It
 * came from a stranger, by the database: what is not by the grammar is left out. */
static void add_thread(struct notice *n, const char *message_id)
{
	struct str id = msgid_parse(str_of(message_id));
	if (id.n)
		buf_printf(&n->message, "In-Reply-To: %.*s\nReferences: %.*s\n", STR_ARG(id),
		           STR_ARG(id));
}

/* RFC 3834 section 5: "auto-replied" is an answer to somebody's mail, and says so in its subject
 * (3.1.5); what goes to a postmaster, who wrote none, is "auto-generated". `answers`: the
 * identifier of the mail, or ""; NULL: there was none. */
static void notice_header(struct notice *n, const char *answers, const char *subject)
{
	const struct tester_setup *s = &n->tester->setup;
	char date[CLOCK_TEXT_MAX], id[17];
	uint64_t random = random_u64();
	hex_encode(&random, sizeof(random), id);
	buf_printf(&n->message,
		"From: Open relay test <postmaster@%s>\n"
		"To: %s\n"
		"Subject: %s%s\n"
		"Date: %s\n"
		"Message-ID: <%s@%s>\n"
		"Auto-Submitted: %s\n",
		s->config->domain, to_field(n), answers ? "Auto: " : "",
		subject, clock_format_mail(clock_now_s(), date), id, s->config->domain,
		answers ? "auto-replied" : "auto-generated");
	if (answers)
		add_thread(n, answers);
}

/* Who we are may be no ASCII, and so may what the host said. */
static void end_text(struct notice *n)
{
	const struct tester_setup *s = &n->tester->setup;
	buf_printf(&n->text, "\nWho tests: %s (%s)\n", s->us.operator_name, s->us.hostname);
	if (*s->us.contact)
		buf_printf(&n->text, "To ask, or to object: %s\n", s->us.contact);
	mime_add_text(buf_str(&n->text), &n->message);
}

static void add_why_open(struct notice *n, const struct explanation *why)
{
	if (!why)
		return;
	buf_add_cstr(&n->text, "\nWhat is open, and how it is closed:\n\n");
	explain_letter(why, &n->text);
}

/* From where we come: what to let in for a test. */
static void add_sources(struct notice *n, const struct run *r)
{
	const struct config_ips *sources = &n->tester->setup.config->source;
	char text[IP_TEXT_MAX];
	unsigned told = 0;
	buf_add_cstr(&n->text, "We come from");
	for (size_t i = 0; i < sources->n; i++)
		if (sources->v[i].family == n->host.ip.family)
			buf_printf(&n->text, "%s %s", told++ ? "," : "",
			           ip_format(&sources->v[i], text));
	if (told == 0 && r->came_from.family)
		buf_printf(&n->text, " %s", ip_format(&r->came_from, text));
	else if (told == 0)
		buf_printf(&n->text, " %s", n->tester->setup.us.hostname);
	buf_add_byte(&n->text, '\n');
}

/* What kept the test from an answer, and what its reader can do. */
static void add_undecided(struct notice *n, const struct run *r, const char *reason)
{
	const char *contact = n->tester->setup.us.contact;
	buf_printf(&n->text,
		"The test could not decide. Of your server it says:\n\n    %s\n\n"
		"The list was not changed: that a server does not talk to us shows nothing of\n"
		"what it does for others. Please let us in for the time of the test, and ask\n"
		"again.\n",
		reason);
	add_sources(n, r);
	buf_printf(&n->text,
		"If you cannot, or if there is no mail server any more, ask the operator of the\n"
		"list%s%s: what cannot be tested can be taken off by a person.\n",
		*contact ? ", " : "", contact);
}

/* What no test says anything of. */
static void add_range(struct notice *n, const struct prefix *range)
{
	const char *contact = n->tester->setup.us.contact;
	char text[PREFIX_TEXT_MAX];
	buf_printf(&n->text,
		"\nThe address stays listed as part of %s, by the operator's word. No test\n"
		"ends that: ask the operator of the list%s%s.\n",
		prefix_format(range, text), *contact ? ", " : "", contact);
}

void notice_result(struct tester *t, const struct run *r, const struct told *told)
{
	enum verdict verdict = told->verdict;
	struct notice *n = notice_create(t, r);
	char address[IP_TEXT_MAX], literal[IP_TEXT_MAX + 8];
	ip_format(&r->test.target.ip, address);
	ip_format_literal(&r->test.target.ip, literal);
	/* The envelope sender of the request may be forged: a host that is open still would
	 * carry the answer to whomever it names. */
	n->first_may_be_forged = verdict == VERDICT_CLOSED || verdict == VERDICT_BACKSCATTER;
	if (n->first_may_be_forged)
		add_recipient(n, mem_strdup(r->test.reply_to));
	add_recipient(n, mem_printf("<postmaster@%s>", literal));
	add_recipient(n, mem_strdup("<postmaster>"));
	notice_header(n, n->first_may_be_forged ? r->test.message_id : NULL,
	              told->delisted && !told->range ? "Retest passed: delisted" :
	              told->delisted ? "Retest passed" : "Retest result");
	buf_printf(&n->text, "You asked for a retest of %s.\n\nVerdict for port %u: %s.\n",
	           address, r->test.target.port, verdict_name(verdict));
	if (told->delisted && told->range)
		buf_add_cstr(&n->text, "What the test proved has been taken off the list.\n");
	else if (told->delisted)
		buf_add_cstr(&n->text, "The address has been taken off the list.\n");
	else if (verdict == VERDICT_INCONCLUSIVE || verdict == VERDICT_UNREACHABLE)
		add_undecided(n, r, *told->reason ? told->reason : "does not answer");
	else
		buf_add_cstr(&n->text,
			"The list was not changed. It changes when every form that was open is\n"
			"refused on every port that was open, and the server still answers us.\n");
	if (told->range)
		add_range(n, told->range);
	add_why_open(n, told->why);
	end_text(n);
}

void notice_listed(struct tester *t, const struct run *r, const char *evidence_id,
                   const struct explanation *why)
{
	struct notice *n = notice_create(t, r);
	char address[IP_TEXT_MAX], literal[IP_TEXT_MAX + 8];
	ip_format(&r->test.target.ip, address);
	ip_format_literal(&r->test.target.ip, literal);
	add_recipient(n, mem_printf("<postmaster@%s>", literal));
	add_recipient(n, mem_strdup("<postmaster>"));
	notice_header(n, NULL, "Your mail server is an open relay");
	buf_printf(&n->text,
		"The mail server at %s, port %u, passed on a test message for a\n"
		"stranger. Spammers use such servers. It has been listed as an open relay.\n\n"
		"Evidence: %s\n"
		"When you have closed the relay, send a mail to retest@%s\n"
		"from that server. It is then tested again and taken off the list, free.\n",
		address, r->test.target.port, evidence_id, t->setup.config->domain);
	add_why_open(n, why);
	end_text(n);
}
