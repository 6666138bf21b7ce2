/* SPDX-License-Identifier: ISC
 *
 * OpenSMTPD in the closed room. It becomes a daemon by itself.
 */
#include "closed/server-private.h"

static const char *const opensmtpd_programs[] = { "/usr/sbin/smtpd", NULL };

static void opensmtpd_start(const char *program, const char *config, const char **words)
{
	size_t n = 0;
	words[n++] = program;
	if (config) {
		words[n++] = "-f";
		words[n++] = config;
	}
	words[n] = NULL;
}

const struct closed_server closed_opensmtpd = {
	.mta = MTA_OPENSMTPD, .programs = opensmtpd_programs, .controls = closed_postmasters,
	.start = opensmtpd_start,
};
