/* SPDX-License-Identifier: ISC
 *
 * The causes in the words of OpenSMTPD (6.8, as in Debian 12), after smtpd.conf(5).
 */
#include "catalogue/cause-private.h"

#define CONF "/etc/smtpd.conf"

/* The names of the actions and the table are those of the file that Debian and upstream ship. */
#define RULES \
	"match from any for domain <domains> action \"local\"\n" \
	"match from local for any action \"relay\"\n" \
	"match from auth for any action \"relay\"\n"
#define RULES_SEEN \
	"smtpd -n; restart; grep '^match' /etc/smtpd.conf: \"for any\" stands only with \"from " \
	"local\" or \"from auth\". In the place of other rules that have the action relay."

#define FIRST_WINS "The first rule that matches wins. "

const struct cause_words cause_opensmtpd[] = {
	{ "C1 C2 C3 C4 C6", "match from src ... for any",
	  FIRST_WINS "The range holds strangers, or the gateway by which they arrive. \"from "
	  "local\" is the machine itself.", CONF, RULES, RULES_SEEN },
	{ "C5", "match from local for any (from local is the default)",
	  "All that arrives by the machine's own addresses is local. Until clients arrive by "
	  "theirs, only the command sendmail may relay.", CONF,
	  "match from socket for any action \"relay\"\n"
	  "match from auth for any action \"relay\"\n",
	  "smtpd -n; restart; a mail to a foreign domain by telnet 127.0.0.1 25 gets a 550." },
	{ "C7", "listen on ... proxy-v2",
	  "The header is believed from whoever reaches that port. Listen for strangers without "
	  "it, and for the proxy on an address that only it can reach.", CONF,
	  "listen on 0.0.0.0\nlisten on ::\n", "smtpd -n; restart." },
	{ "C8", "listen on ... auth, with a table or a back end that lets everybody in",
	  "Close the login until passwords are really checked.", CONF,
	  "listen on 0.0.0.0\nlisten on ::\n", "smtpd -n; restart; EHLO offers no AUTH." },
	{ "C9", "match from auth for any (or match auth)",
	  "OpenSMTPD cannot tell the thief from the user, and has no limit per login; a filter "
	  "may have one. Refuse the login by name until its password is another.", CONF,
	  "match from auth \"user\" for any reject\n",
	  "smtpd -n; restart. The rule stands before the one that lets logins relay." },
	{ "C10", "match from any for any",
	  FIRST_WINS "This one takes everything; one word too much, where \"from local\" was "
	  "meant.", CONF, RULES, RULES_SEEN },
	{ "C11", "a virtual table or filter of one's own for SRS0=",
	  "OpenSMTPD's own SRS turns an address back only by the secret of srs key.", CONF,
	  "srs key \"a long secret of your own\"\n"
	  "action \"relay\" relay srs\n",
	  "smtpd -n; restart; a mail to SRS0=x=y=example.com=user@YOUR-DOMAIN gets a 550." },
	{ "C12 C13", NULL, "OpenSMTPD is not such a product.", NULL, NULL, NULL },
	{ "C14 C15", "listen on ... auth without senders",
	  "The table <users> says which login may use which addresses. Senders of one's own "
	  "domain without a login need a filter.", CONF,
	  "listen on 0.0.0.0 port 587 tls-require pki mail auth senders <users>\n",
	  "smtpd -n; restart; log in as one user and send as another: refused." },
	{ "C16", "match from local for any",
	  "A script sends by the command sendmail, which is \"from socket\". This stands before "
	  "that rule.",
	  CONF, "match from socket mail-from regex \"^www-data@\" for any reject\n",
	  "smtpd -n; restart; su -s /bin/sh www-data -c 'sendmail root' is refused." },
	{ "C17", "an OpenSMTPD that takes a bare LF as the end of a line",
	  "Newer versions are strict. It is mended in the program.", NULL,
	  "apt-get install --only-upgrade opensmtpd\n", "smtpd -h shows the version." },
	{ "C18", "action ... virtual with \"@\"; match ... for domain with the action relay",
	  "Users of the machine are checked at RCPT; those of a server behind are not. Name them "
	  "in a table.", CONF,
	  "match from any for domain <domains> rcpt-to <people> action \"relay\"\n",
	  "smtpd -n; restart; nobody-here@THAT-DOMAIN gets a 550." },
	{ "C31 C32", "match from any mail-from ... for any, or match from mail-from ...",
	  FIRST_WINS "A sender proves nothing. Ask for auth, or for an address.", CONF, RULES,
	  RULES_SEEN },
	{ "C33", "match from any for any, or for domain with a regex or a \"*\"",
	  FIRST_WINS "List the domains by name.", CONF, RULES, RULES_SEEN },
	{ "C34 C36 C37 C46 C48", NULL,
	  "OpenSMTPD gives %, ! and quotes in a local part no meaning. If it comes back, a "
	  "filter, a table of one's own or a server behind (C38) reads it again.", NULL, NULL,
	  NULL },
	{ "C35", NULL, "OpenSMTPD does not follow routes.", NULL, NULL, NULL },
	{ "C38", "match from any for domain ... with an action relay host",
	  "Local parts are passed on as they are. Refuse those that route, before that rule.",
	  CONF, "match from any for rcpt-to regex \"[%!].*@\" reject\n",
	  "smtpd -n; restart; a mail to user%example.com@RELAYED-DOMAIN gets a 550." },
	{ "C39", NULL, "OpenSMTPD has no rule that asks for the MX of a recipient.", NULL, NULL,
	  NULL },
	{ "C40", NULL, "A literal is no domain of a table for OpenSMTPD.", NULL, NULL, NULL },
	{ "C41", "match from any helo ... for any", FIRST_WINS "A HELO proves nothing.", CONF,
	  RULES, RULES_SEEN },
	{ "C42", "match from rdns ... for any",
	  FIRST_WINS "A reverse name is what its owner likes.",
	  CONF, RULES, RULES_SEEN },
	{ "C43", NULL, "OpenSMTPD has no rule on the client's port.", NULL, NULL, NULL },
	{ "C44", "match tls from any for any",
	  FIRST_WINS "Everybody has TLS. Ask for auth.", CONF, RULES, RULES_SEEN },
	{ "C45", NULL, "OpenSMTPD decides at RCPT, for each recipient.", NULL, NULL, NULL },
	{ "C47", "for domain regex, for rcpt-to regex",
	  FIRST_WINS "Begin a regex with ^ and end it with $, or list the domains by name.", CONF,
	  RULES, RULES_SEEN },
};
const size_t cause_opensmtpd_count = sizeof(cause_opensmtpd) / sizeof(*cause_opensmtpd);
