/* SPDX-License-Identifier: ISC
 *
 * MAIL FROM: opens a transaction.
 */
#include "smtp/server-private.h"

#include <assert.h>

const struct smtp_answer *smtp_server_mail_check(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer too_early = { 503, "5.5.1", "Say EHLO or HELO first" };
	static const struct smtp_answer nested = { 503, "5.5.1", "A sender was given already" };
	static const struct smtp_answer no_path =
		{ 501, "5.5.4", "The form is MAIL FROM:<address>" };
	static const struct smtp_answer bad_path = { 501, "5.1.7", "Bad sender address syntax" };
	static const struct smtp_answer too_big =
		{ 552, "5.3.4", "The message is larger than we take" };
	static const struct smtp_answer no_utf8 =
		{ 550, "5.6.7", "This address needs SMTPUTF8" };
	if (!s->said_helo)
		return &too_early;
	if (s->in_mail)
		return &nested;
	unsigned flags = MAIL_PATH_NULL_OK;
	if (s->options.offer_smtputf8 && s->esmtp)
		flags |= MAIL_PATH_UTF8_OK;
	struct str params;
	int e = smtp_server_path(s, arg, STR("FROM:"), flags, &s->path, &params);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? &no_path : &bad_path;
	const struct smtp_answer *refusal = smtp_params_mail(s, params, &s->mail);
	if (refusal)
		return refusal;
	if (!s->mail.smtputf8 && !str_is_ascii(s->path.text))
		return &no_utf8;
	return s->mail.size > s->options.limits.message_bytes ? &too_big : NULL;
}

static void mail_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	assert(!s->in_mail && s->recipients == 0);
	if (answer->code / 100 == 2) {
		s->in_mail = true;
		s->utf8 = s->mail.smtputf8;
		s->transactions++;
	}
	smtp_server_pass_on(s, answer, "2.1.0");
}

void smtp_server_mail_proceed(struct smtp_server *s)
{
	if (s->transactions >= s->options.limits.transactions) {
		smtp_server_say(s, 421, "4.7.0", "Too many messages in one session");
		return;
	}
	assert(s->transactions < s->options.limits.transactions);
	s->event.path = &s->path;
	s->event.mail = &s->mail;
	smtp_server_ask(s, SMTP_SERVER_MAIL, mail_decided);
}
