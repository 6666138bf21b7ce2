/* SPDX-License-Identifier: ISC
 *
 * The verbs that need no policy: RSET, NOOP, HELP, VRFY, EXPN, QUIT. They tell
 * nobody who has a mailbox here.
 */
#include "smtp/server-private.h"

#include <assert.h>

static const struct smtp_answer with_arg = { 501, "5.5.4", "No argument is expected" };
static const struct smtp_answer without_arg = { 501, "5.5.4", "An argument is expected" };

const struct smtp_answer *smtp_server_rset_check(struct smtp_server *s, struct str arg)
{
	(void)s;
	return arg.n ? &with_arg : NULL;
}

void smtp_server_rset_proceed(struct smtp_server *s)
{
	smtp_server_reset(s);
	assert(!s->in_mail && s->recipients == 0);
	smtp_server_say(s, 250, "2.0.0", "Forgotten");
}

const struct smtp_answer *smtp_server_noop_check(struct smtp_server *s, struct str arg)
{
	(void)s, (void)arg;
	return NULL;
}

void smtp_server_noop_proceed(struct smtp_server *s)
{
	smtp_server_say(s, 250, "2.0.0", "Nothing done");
}

const struct smtp_answer *smtp_server_help_check(struct smtp_server *s, struct str arg)
{
	(void)s, (void)arg;
	return NULL;
}

void smtp_server_help_proceed(struct smtp_server *s)
{
	smtp_server_say(s, 214, "2.0.0", "This is SMTP, see RFC 5321; or ask the postmaster");
}

const struct smtp_answer *smtp_server_vrfy_check(struct smtp_server *s, struct str arg)
{
	(void)s;
	return arg.n ? NULL : &without_arg;
}

void smtp_server_vrfy_proceed(struct smtp_server *s)
{
	smtp_server_say(s, 252, "2.0.0", "Cannot verify, but RCPT will tell");
}

const struct smtp_answer *smtp_server_expn_check(struct smtp_server *s, struct str arg)
{
	(void)s;
	return arg.n ? NULL : &without_arg;
}

void smtp_server_expn_proceed(struct smtp_server *s)
{
	smtp_server_say(s, 502, "5.5.1", "Lists are not shown");
}

const struct smtp_answer *smtp_server_quit_check(struct smtp_server *s, struct str arg)
{
	(void)s;
	return arg.n ? &with_arg : NULL;
}

void smtp_server_quit_proceed(struct smtp_server *s)
{
	s->quit = true;
	smtp_server_say(s, 221, "2.0.0", "Bye");
	smtp_server_close(s);
	assert(s->phase == SMTP_PHASE_CLOSED && !s->text.open);
}
