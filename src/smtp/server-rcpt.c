/* SPDX-License-Identifier: ISC
 *
 * RCPT TO: one recipient more. Whether it is ours is for the policy; a source
 * route is read and shown to it, never followed here.
 */
#include "smtp/server-private.h"

#include <assert.h>

const struct smtp_answer *smtp_server_rcpt_check(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer too_early = { 503, "5.5.1", "MAIL comes first" };
	static const struct smtp_answer in_chunks = { 503, "5.5.1", "A message is under way" };
	static const struct smtp_answer no_path = { 501, "5.5.4", "The form is RCPT TO:<address>" };
	static const struct smtp_answer bad_path = { 501, "5.1.3", "Bad recipient address syntax" };
	/* RFC 6531 3.5: MAIL said no SMTPUTF8, or does not know it. */
	static const struct smtp_answer no_utf8 = { 553, "5.6.7", "This address needs SMTPUTF8" };
	static const struct smtp_answer too_many = { 452, "4.5.3", "Too many recipients" };
	if (!s->in_mail)
		return &too_early;
	if (s->chunked)
		return &in_chunks;
	bool utf8 = s->options.offer_smtputf8 && s->esmtp;
	unsigned flags = MAIL_PATH_POSTMASTER_OK | (utf8 ? MAIL_PATH_UTF8_OK : 0);
	assert(utf8 || !s->utf8);
	struct str params;
	int e = smtp_server_path(s, arg, STR("TO:"), flags, &s->path, &params);
	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? &no_path : &bad_path;
	if (!s->utf8 && !str_is_ascii(s->path.text))
		return &no_utf8;
	const struct smtp_answer *refusal = smtp_params_rcpt(s, params, &s->rcpt);
	if (refusal)
		return refusal;
	return s->recipients >= s->options.limits.recipients ? &too_many : NULL;
}

static void rcpt_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	assert(s->in_mail && s->recipients < s->options.limits.recipients);
	if (answer->code / 100 == 2)
		s->recipients++;
	smtp_server_pass_on(s, answer, "2.1.5");
}

void smtp_server_rcpt_proceed(struct smtp_server *s)
{
	assert(s->in_mail && !s->chunked);
	s->event.path = &s->path;
	s->event.rcpt = &s->rcpt;
	smtp_server_ask(s, SMTP_SERVER_RCPT, rcpt_decided);
}
