/* SPDX-License-Identifier: ISC
 *
 * HELO, EHLO and LHLO. The name is not believed and not checked for truth; it only has
 * to be one that can be logged: printable, without spaces, of bounded length.
 */
#include "smtp/server-private.h"

#include <assert.h>

static const struct smtp_answer *check_name(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer no_name = { 501, "5.5.4", "A name is expected: HELO name" };
	static const struct smtp_answer bad_name = { 501, "5.5.4", "Not a host name" };
	static const struct smtp_answer in_chunks = { 503, "5.5.1", "A message is under way" };
	if (s->chunked)
		return &in_chunks;
	struct str name;
	if (!str_token(&arg, " \t", &name))
		return &no_name;
	if (name.n > HELO_NAME_MAX)
		return &bad_name;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_isprint((unsigned char)name.p[i]))
			return &bad_name;
	assert(name.n > 0 && name.n <= HELO_NAME_MAX);
	s->event.text = name;
	return NULL;
}

const struct smtp_answer *smtp_server_helo_check(struct smtp_server *s, struct str arg)
{
	/* RFC 2033 section 4.1: never a positive reply. */
	static const struct smtp_answer is_lmtp = { 500, "5.5.1", "This is LMTP, say LHLO" };
	return s->options.lmtp ? &is_lmtp : check_name(s, arg);
}

const struct smtp_answer *smtp_server_ehlo_check(struct smtp_server *s, struct str arg)
{
	return smtp_server_helo_check(s, arg);
}

const struct smtp_answer *smtp_server_lhlo_check(struct smtp_server *s, struct str arg)
{
	assert(s->options.lmtp);
	return check_name(s, arg);
}

/* RFC 9422: of six digits at most; more is as good as none. */
static void add_limits(const struct smtp_server_limits *l, struct buf *b)
{
	enum { MOST = 999999 };
	if (l->recipients > MOST && l->transactions > MOST)
		return;
	buf_add_cstr(b, "LIMITS");
	if (l->recipients <= MOST)
		buf_printf(b, " RCPTMAX=%u", l->recipients);
	if (l->transactions <= MOST)
		buf_printf(b, " MAILMAX=%u", l->transactions);
	buf_add_byte(b, '\n');
}

static void say_extensions(struct smtp_server *s, const char *text)
{
	const struct smtp_server_options *o = &s->options;
	struct buf b = { 0 };
	assert(s->esmtp == true);
	buf_printf(&b, "%s%s%s\n", o->hostname, text && *text ? " " : "", text ? text : "");
	if (!o->no_pipelining || o->lmtp)
		buf_add_cstr(&b, "PIPELINING\n");
	buf_printf(&b, "SIZE %zu\n", o->limits.message_bytes);
	if (!o->no_8bitmime)
		buf_add_cstr(&b, "8BITMIME\n");
	if (o->offer_smtputf8)
		buf_add_cstr(&b, "SMTPUTF8\n");
	if (o->offer_starttls && !s->tls)
		buf_add_cstr(&b, "STARTTLS\n");
	smtp_server_auth_offer(s, &b);
	if (smtp_server_offers_chunking(o))
		buf_add_cstr(&b, "CHUNKING\n");
	if (o->offer_xclient)
		buf_add_cstr(&b, "XCLIENT NAME ADDR PORT PROTO HELO LOGIN\n");
	if (o->offer_dsn)
		buf_add_cstr(&b, "DSN\n");
	if (o->offer_limits)
		add_limits(&o->limits, &b);
	buf_add_cstr(&b, "ENHANCEDSTATUSCODES");
	smtp_server_say(s, 250, "", buf_cstr(&b));
	buf_fini(&b);
}

static void name_decided(struct smtp_server *s, const struct smtp_answer *answer, bool esmtp)
{
	if (answer->code != 250) {
		smtp_server_pass_on(s, answer, "");
		return;
	}
	smtp_server_reset(s);
	assert(!s->in_mail && s->recipients == 0);
	s->said_helo = true;
	s->esmtp = esmtp;
	if (esmtp) {
		say_extensions(s, answer->text);
	} else {
		const struct smtp_answer a = { 250, "", answer->text ? answer->text : "" };
		smtp_server_greet(s, &a);
	}
}

static void helo_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	name_decided(s, answer, false);
}

static void ehlo_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	name_decided(s, answer, true);
}

void smtp_server_helo_proceed(struct smtp_server *s)
{
	smtp_server_ask(s, SMTP_SERVER_HELO, helo_decided);
}

void smtp_server_ehlo_proceed(struct smtp_server *s)
{
	s->event.esmtp = true;
	smtp_server_ask(s, SMTP_SERVER_HELO, ehlo_decided);
}

/* "Identical semantics" (RFC 2033 section 4.1). */
void smtp_server_lhlo_proceed(struct smtp_server *s)
{
	smtp_server_ehlo_proceed(s);
}
