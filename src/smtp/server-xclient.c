/* SPDX-License-Identifier: ISC
 *
 * XCLIENT: a proxy says who the client is. Only offered by the tests' mistaken
 * servers; what the attributes mean is for them.
 */
#include "smtp/server-private.h"

#include <assert.h>

const struct smtp_answer *smtp_server_xclient_check(struct smtp_server *s, struct str arg)
{
	static const struct smtp_answer no_arg = { 501, "5.5.4", "Attributes are expected" };
	static const struct smtp_answer in_mail = { 503, "5.5.1", "A message is under way" };
	if (arg.n == 0)
		return &no_arg;
	if (s->in_mail)
		return &in_mail;
	s->event.text = arg;
	return NULL;
}

static void xclient_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	assert(!s->in_mail && s->options.offer_xclient == true);
	if (answer->code != 220) {
		smtp_server_pass_on(s, answer, "2.0.0");
		return;
	}
	s->said_helo = s->esmtp = s->authenticated = false;
	s->login_bytes = 0;
	smtp_server_greet(s, answer);
}

void smtp_server_xclient_proceed(struct smtp_server *s)
{
	smtp_server_ask(s, SMTP_SERVER_XCLIENT, xclient_decided);
}
