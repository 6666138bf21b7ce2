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
	words[1] = "-v";                        /* what fails in TLS it tells then alone */
	words[2] = NULL;
}

/* Its key is with another process, to which OpenSSL 3 no longer leads: 6.8 signs nothing with it
 * (https://github.com/OpenSMTPD/OpenSMTPD/issues/1171). Nothing of the client's, nor of the room's,
 * makes it say so. */
static const char *opensmtpd_tls_gone(struct str log)
{
	struct str line;
	while (str_token(&log, "\n", &line))
		if (str_search(line, STR("SSL_accept")) != SIZE_MAX &&
		    str_search(line, STR("missing private key")) != SIZE_MAX)
			return "This OpenSMTPD was made for an older OpenSSL than the one that is "
			       "here, and finishes no handshake with anybody (\"missing private "
			       "key\"): a later release does.";
	return NULL;
}

const struct closed_server closed_opensmtpd = {
	.mta = MTA_OPENSMTPD, .programs = opensmtpd_programs, .places = opensmtpd_places,
	.controls = closed_postmasters, .start = opensmtpd_start,
	.tls_gone = opensmtpd_tls_gone,
};
