/* SPDX-License-Identifier: ISC
 *
 * Where the four servers have their configuration and their program: Debian's places first, then
 * those of other systems (Red Hat, Alpine, Arch, the BSDs) and of the servers' own sources.
 */
#include "audit/config-private.h"

#include <assert.h>

static const struct config_places all_places[] = {
	{ MTA_POSTFIX,
	  { "/etc/postfix/main.cf", "/usr/local/etc/postfix/main.cf" }, { "main.cf" },
	  { "/usr/sbin/postfix", "/usr/local/sbin/postfix" } },
	{ MTA_EXIM,
	  { "/etc/exim4/exim4.conf", "/etc/exim/exim.conf", "/etc/mail/exim.conf",
	    "/usr/local/etc/exim/configure", "/usr/exim/configure" },
	  { "exim4.conf", "exim.conf", "configure" },
	  { "/usr/sbin/exim4", "/usr/sbin/exim", "/usr/local/sbin/exim", "/usr/exim/bin/exim" } },
	{ MTA_SENDMAIL,
	  { "/etc/mail/sendmail.cf", "/etc/sendmail.cf", "/etc/mail/sendmail.mc" },
	  { "sendmail.cf", "sendmail.mc" },
	  { "/usr/libexec/sendmail/sendmail", "/usr/lib/sm.bin/sendmail",
	    "/usr/sbin/sendmail-mta", "/usr/sbin/sendmail.sendmail" } },
	{ MTA_OPENSMTPD,
	  { "/etc/smtpd.conf", "/etc/mail/smtpd.conf", "/etc/smtpd/smtpd.conf",
	    "/etc/opensmtpd/smtpd.conf", "/usr/local/etc/mail/smtpd.conf" },
	  { "smtpd.conf" },
	  { "/usr/sbin/smtpd", "/usr/local/sbin/smtpd" } },
};

const struct config_places *config_places_of(enum mta mta)
{
	const size_t n = sizeof(all_places) / sizeof(*all_places);
	size_t i = 0;
	while (i < n && all_places[i].mta != mta)
		i++;
	assert(i < n);
	return &all_places[i];
}
