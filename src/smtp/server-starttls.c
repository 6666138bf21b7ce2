/* SPDX-License-Identifier: ISC
 *
 * STARTTLS (RFC 3207). What is pipelined behind it in clear would be taken for
 * commands of the encrypted session (CVE-2011-0411): it ends the session instead.
 */
#include "smtp/server-private.h"

#include <assert.h>

const struct smtp_answer *smtp_server_starttls_check(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer with_arg = { 501, "5.5.4", "STARTTLS takes no argument" };
	static const struct smtp_answer again = { 503, "5.5.1", "TLS is on already" };
	static const struct smtp_answer too_early = { 503, "5.5.1", "Say EHLO first" };
	static const struct smtp_answer in_chunks = { 503, "5.5.1", "A message is under way" };
	if (arg.n)
		return &with_arg;
	if (s->tls)
		return &again;
	if (!s->esmtp)
		return &too_early;
	if (s->chunked)
		return &in_chunks;
	return NULL;
}

void smtp_server_starttls_proceed(struct smtp_server *s)
{
	if (smtp_server_pending(s).n) {
		smtp_server_say(s, 554, "5.5.0", "Input behind STARTTLS");
		smtp_server_close(s);
		return;
	}
	assert(!s->tls && s->esmtp && s->options.offer_starttls == true);
	smtp_server_reset(s);
	s->phase = SMTP_PHASE_TLS;
	smtp_server_say(s, 220, "2.0.0", "Go on with TLS");
	assert(smtp_server_pending(s).n == 0 && s->phase == SMTP_PHASE_TLS);
	smtp_server_tell(s, SMTP_SERVER_STARTTLS);
}
