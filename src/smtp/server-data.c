/* SPDX-License-Identifier: ISC
 *
 * DATA: the policy has the word before the message, and again at its end (see
 * server-text.c for what comes between).
 */
#include "smtp/server-private.h"

#include <assert.h>

const struct smtp_answer *smtp_server_data_check(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer with_arg = { 501, "5.5.4", "DATA takes no argument" };
	static const struct smtp_answer too_early = { 503, "5.5.1", "MAIL and RCPT come first" };
	static const struct smtp_answer in_chunks = { 503, "5.5.1", "A message is under way" };
	static const struct smtp_answer nobody = { 554, "5.5.1", "No valid recipients" };
	/* RFC 2033 section 4.2. */
	static const struct smtp_answer nobody_lmtp = { 503, "5.5.1", "No valid recipients" };
	if (arg.n)
		return &with_arg;
	if (!s->in_mail)
		return &too_early;
	if (s->chunked)
		return &in_chunks;
	if (s->recipients == 0)
		return s->options.lmtp ? &nobody_lmtp : &nobody;
	return NULL;
}

static void data_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	assert(s->in_mail && s->recipients > 0);
	if (answer->code / 100 == 3) {
		smtp_text_open(s);
		s->phase = SMTP_PHASE_DATA;
	}
	smtp_server_pass_on(s, answer, "");
}

void smtp_server_data_proceed(struct smtp_server *s)
{
	assert(!s->chunked && !s->text.open);
	smtp_server_ask(s, SMTP_SERVER_DATA, data_decided);
}
