/* SPDX-License-Identifier: ISC
 *
 * Sendmail in the closed room. The program has a name of its own: /usr/sbin/sendmail may be any
 * server's. Without -q nothing is sent from the queue.
 */
#include "closed/server-private.h"

static const char *const sendmail_programs[] = { "/usr/libexec/sendmail/sendmail",
                                                "/usr/lib/sm.bin/sendmail",
                                                "/usr/sbin/sendmail-mta", NULL };

static void sendmail_start(const char *program, const char *config, const char **words)
{
	size_t n = 0;
	words[n++] = program;
	words[n++] = "-bd";
	if (config) {
		words[n++] = "-C";
		words[n++] = config;
	}
	words[n] = NULL;
}

const struct closed_server closed_sendmail = {
	.mta = MTA_SENDMAIL, .programs = sendmail_programs, .controls = closed_postmasters,
	.start = sendmail_start,
};
