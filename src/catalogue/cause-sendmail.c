/* SPDX-License-Identifier: ISC
 *
 * The causes in the words of Sendmail (8.17, as in Debian 12), after the README of its
 * configuration. "dnl" comments a line of sendmail.mc out.
 */
#include "catalogue/cause-private.h"

#define MC "/etc/mail/sendmail.mc"
#define ACCESS "/etc/mail/access"

#define MC_SEEN \
	"Make sendmail.cf anew (Debian: sendmailconfig) and restart. In sendmail -bt, after " \
	".D{client_addr}203.0.113.9 and .D{client_name}stranger.example, the line " \
	"\"check_rcpt <user@example.com>\" ends in an error."
#define ACCESS_SEEN \
	"makemap hash /etc/mail/access < /etc/mail/access. In sendmail -bt, after " \
	".D{client_addr}203.0.113.9 and .D{client_name}stranger.example, the line " \
	"\"check_rcpt <user@example.com>\" ends in an error."

#define LOOPBACK \
	"Connect:localhost      RELAY\n" \
	"Connect:127            RELAY\n" \
	"Connect:IPv6:::1       RELAY\n"

#define OLD \
	"Since 8.9 Sendmail takes the whole address apart before it checks. Where it comes back " \
	"all the same, the version is older, or rules of one's own (LOCAL_RULE_0) read it again."

const struct cause_words cause_sendmail[] = {
	{ "C1 C2 C3 C4", "Connect: ... RELAY in /etc/mail/access; /etc/mail/relay-domains",
	  "They hold the address by which strangers arrive. The log shows it behind \"relay=\". "
	  "Keep of the lines with RELAY only these, and nothing of a gateway in relay-domains.",
	  ACCESS, LOOPBACK, ACCESS_SEEN },
	{ "C5", "the built-in rule that 127.0.0.1 may relay",
	  "No table can take it away. Until clients arrive by their own addresses, refuse "
	  "loopback as a whole; the machine's programs then need another way.", ACCESS,
	  "Connect:127.0.0.1      REJECT\n",
	  "makemap hash /etc/mail/access < /etc/mail/access; telnet 127.0.0.1 25 gets a 550." },
	{ "C6", "Connect: ... RELAY in /etc/mail/access; /etc/mail/relay-domains",
	  "Every client of these may relay: names, and addresses by their beginning (\"10\" is "
	  "10.0.0.0/8). Keep of the lines with RELAY only these.", ACCESS, LOOPBACK, ACCESS_SEEN },
	{ "C7", NULL, "Debian's Sendmail knows neither XCLIENT nor the PROXY protocol.", NULL, NULL,
	  NULL },
	{ "C8", "TRUST_AUTH_MECH, with a checker (saslauthd) that lets everybody in",
	  "Who has logged in by one of these mechanisms may relay. Take the right away until "
	  "passwords are really checked.", MC, "dnl TRUST_AUTH_MECH(`LOGIN PLAIN')dnl\n",
	  "Make sendmail.cf anew (Debian: sendmailconfig) and restart; testsaslauthd -u root -p x "
	  "says NO." },
	{ "C9", "TRUST_AUTH_MECH",
	  "Sendmail cannot tell the thief from the user; the log has authid=. Limits are by "
	  "client: FEATURE(`ratecontrol') and ClientRate: in access.", MC,
	  "FEATURE(`ratecontrol', `nodelay')dnl\n",
	  "Put \"ClientRate: 60\" into access, make both anew, restart; count authid= in "
	  "the log." },
	{ "C10", "FEATURE(`promiscuous_relay')",
	  "It lets everybody relay, as Sendmail did up to 8.8. sendmailconfig warns of it.", MC,
	  "dnl FEATURE(`promiscuous_relay')dnl\n", MC_SEEN },
	{ "C11", "rules of one's own (LOCAL_RULE_0), or a milter, that take SRS0=... apart",
	  "Sendmail has no SRS of its own. A rule does not look at the hash; srsd and the "
	  "milters do, with a secret. Find the rules, and take them out.", NULL,
	  "grep -n -i srs /etc/mail/sendmail.mc\n", MC_SEEN },
	{ "C12 C13", NULL, "Sendmail is not such a product.", NULL, NULL, NULL },
	{ "C14 C15", "none: Sendmail ties no sender to a login",
	  "A milter has to compare {auth_authen} with the sender, and refuse senders of your own "
	  "domains without a login.", NULL, NULL,
	  "Log in as one user and send as another: it should be refused." },
	{ "C16", "none: Sendmail takes mail from all local users",
	  "The group of the program decides who may run it. This keeps the web server's user out "
	  "by an access list of the file system.", NULL,
	  "setfacl -m u:www-data:--- /usr/lib/sm.bin/sendmail\n",
	  "su -s /bin/sh www-data -c 'sendmail root' says \"Permission denied\"." },
	{ "C17", "Sendmail before 8.18 (Debian 12: before 8.17.1.9-2+deb12u2)",
	  "Up to there a bare LF can end a message. It was mended in the program.", NULL,
	  "apt-get install --only-upgrade sendmail-bin\n",
	  "sendmail -d0.1 -bv root shows the version." },
	{ "C18", "MAIL_HUB, mailertable, LUSER_RELAY",
	  "Names of its own machine are checked at RCPT; those of a server behind are not. Name "
	  "them, domain by domain, with FEATURE(`blacklist_recipients').", ACCESS,
	  "To:user@example.com    OK\n"
	  "To:example.com         ERROR:5.1.1:550 User unknown\n",
	  "makemap hash /etc/mail/access < /etc/mail/access; nobody-here@THAT-DOMAIN gets "
	  "a 550." },
	{ "C31", "FEATURE(`relay_local_from'), FEATURE(`relay_mail_from')",
	  "The first relays for each sender at a domain of class w, the second for what access "
	  "has as From: ... RELAY. Both believe MAIL FROM.", MC,
	  "dnl FEATURE(`relay_local_from')dnl\n"
	  "dnl FEATURE(`relay_mail_from', `domain')dnl\n", MC_SEEN },
	{ "C32", NULL, "An empty sender is no local one for Sendmail.", NULL, NULL, NULL },
	{ "C33", "/etc/mail/relay-domains; To: ... RELAY in /etc/mail/access",
	  "Each entry stands for all below it, too: \"com\" is every .com. Below this comment "
	  "belong your own domains, by name.", "/etc/mail/relay-domains",
	  "# domains that we relay for, each by its whole name\n",
	  "Restart; in sendmail -bt the line \"$=R\" shows your domains alone." },
	{ "C35", NULL, "Sendmail takes the route off, and checks the rest.", NULL, NULL, NULL },
	{ "C34 C36", NULL,
	  "Sendmail takes its own name off, turns % and ! into @, and checks the rest. For domains "
	  "of a server behind see C38.", NULL, NULL, NULL },
	{ "C37 C46 C48", NULL, OLD, NULL, NULL, NULL },
	{ "C38", "FEATURE(`loose_relay_check'); FEATURE(`nouucp', `nospecial'), "
	  "FEATURE(`nopercenthack', `nospecial')",
	  "With them user%site@ a domain of class R is not checked again as user@site, and ! and % "
	  "are left to the hub behind (mailertable, MAIL_HUB, LOCAL_RELAY), which trusts this one.",
	  MC,
	  "dnl FEATURE(`loose_relay_check')dnl\n"
	  "FEATURE(`nouucp', `reject')dnl\n"
	  "FEATURE(`nopercenthack', `reject')dnl\n", MC_SEEN },
	{ "C39", "FEATURE(`relay_based_on_MX')",
	  "It relays for each domain whose MX records name this server. Name the domains in "
	  "relay-domains.", MC, "dnl FEATURE(`relay_based_on_MX')dnl\n", MC_SEEN },
	{ "C40", NULL, "A literal that is not the server's own is a foreign domain for Sendmail.",
	  NULL, NULL, NULL },
	{ "C41", NULL, "Sendmail's rules on relaying don't look at HELO.", NULL, NULL, NULL },
	{ "C42", "FEATURE(`relay_entire_domain'); names in relay-domains or access",
	  "Clients of a domain relay by their name. Sendmail looks it up and back again, but "
	  "whoever owns the name owns the right. List addresses.", MC,
	  "dnl FEATURE(`relay_entire_domain')dnl\n", MC_SEEN },
	{ "C43", NULL, "Sendmail's rules on relaying don't look at the client's port.", NULL, NULL,
	  NULL },
	{ "C44", "CertIssuer: or CertSubject: ... RELAY in /etc/mail/access",
	  "A certificate of that issuer is enough. A public CA gives one to everybody: let it be "
	  "your own, or \"SUBJECT\" and each subject by name.", ACCESS,
	  "#CertIssuer:/C=XX/O=Public+20CA        RELAY\n", ACCESS_SEEN },
	{ "C45", NULL, "Sendmail checks at RCPT, each recipient.", NULL, NULL, NULL },
	{ "C47", NULL,
	  "access and relay-domains hold whole names. If it comes back, look at maps of the kind "
	  "regex in rules of your own (Local_check_rcpt).", NULL, NULL, NULL },
};
const size_t cause_sendmail_count = sizeof(cause_sendmail) / sizeof(*cause_sendmail);
