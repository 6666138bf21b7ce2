/* SPDX-License-Identifier: ISC
 *
 * OpenSMTPD in the closed room. It becomes a daemon by itself.
 */
#include "closed/server-private.h"

static const char *const opensmtpd_programs[] = { "/usr/sbin/smtpd", NULL };

static const char *const opensmtpd_places[] = { "/etc/smtpd.conf", "/etc/mail/smtpd.conf",
                                               "/etc/smtpd/smtpd.conf", "/etc/opensmtpd/smtpd.conf",
                                               "/etc/smtpd", "/etc/opensmtpd", NULL };

static void opensmtpd_start(const char *program, const char *config, const char **words)
{
	(void)config;
	words[0] = program;
	words[1] = NULL;
}

const struct closed_server closed_opensmtpd = {
	.mta = MTA_OPENSMTPD, .programs = opensmtpd_programs, .places = opensmtpd_places,
	.controls = closed_postmasters, .start = opensmtpd_start,
};
