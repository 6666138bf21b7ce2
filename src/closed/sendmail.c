/* SPDX-License-Identifier: ISC
 *
 * Sendmail in the closed room. The program has a name of its own: /usr/sbin/sendmail may be any
 * server's. Without -q nothing is sent from the queue.
 */
#include "closed/server-private.h"

static const char *const sendmail_programs[] = { "/usr/libexec/sendmail/sendmail",
                                                "/usr/lib/sm.bin/sendmail",
                                                "/usr/sbin/sendmail-mta", NULL };

static const char *const sendmail_places[] = { "/etc/mail/sendmail.cf", "/etc/mail",
                                              "/etc/sendmail.cf", NULL };

static void sendmail_start(const char *program, const char *config, const char **words)
{
	(void)config;
	words[0] = program;
	words[1] = "-bd";
	words[2] = "-ORefuseLA=1000000";        /* a busy machine is no answer */
	words[3] = "-ODelayLA=1000000";
	words[4] = NULL;
}

const struct closed_server closed_sendmail = {
	.mta = MTA_SENDMAIL, .programs = sendmail_programs, .places = sendmail_places,
	.controls = closed_postmasters, .start = sendmail_start,
};
