/* SPDX-License-Identifier: ISC
 *
 * The causes in the words of Postfix (3.7, as in Debian 12), after postconf(5).
 */
#include "catalogue/cause-private.h"

#define MAIN "/etc/postfix/main.cf"
#define OVERRIDES \
	"See that no \"-o\" of master.cf says something else: postconf -P | grep "

/* The default but for "reject", which says 554 in the place of 454. */
#define RELAY_CHECK \
	"smtpd_relay_restrictions =\n" \
	"    permit_mynetworks, permit_sasl_authenticated,\n" \
	"    reject_unauth_destination\n"
#define RELAY_CHECK_SEEN \
	"postfix reload; postconf smtpd_relay_restrictions shows these lines. " \
	OVERRIDES "restrictions"

#define LOOPBACK "mynetworks = 127.0.0.0/8 [::1]/128\n"
#define LOOPBACK_SEEN \
	"postfix reload; postconf mynetworks shows nothing but loopback. " OVERRIDES "mynetworks"

/* What stands first and says OK wins: later rules are not asked. */
#define FIRST_WINS \
	"Rules are asked in their order, and OK ends the list. Tables of OK belong behind " \
	"reject_unauth_destination, in smtpd_recipient_restrictions."

const struct cause_words cause_postfix[] = {
	{ "C1 C2 C3 C4", "mynetworks, with the address by which strangers arrive",
	  "permit_mynetworks lets in the gateway, and with it everybody. The log shows by which "
	  "address: \"connect from\".", MAIN, LOOPBACK, LOOPBACK_SEEN },
	{ "C5", "permit_mynetworks, since mynetworks holds 127.0.0.0/8",
	  "No list of networks helps: permit_mynetworks must go until clients arrive by their own "
	  "addresses. The machine's programs then use the command sendmail.", MAIN,
	  "smtpd_relay_restrictions =\n"
	  "    permit_sasl_authenticated, reject_unauth_destination\n",
	  "postfix reload; a mail to a foreign domain by telnet 127.0.0.1 25 gets a 554." },
	{ "C6", "mynetworks, or mynetworks_style = subnet or class",
	  "permit_mynetworks lets in all that mynetworks holds. Where it is not set, "
	  "mynetworks_style makes it from the interfaces: \"subnet\" takes the provider's whole "
	  "network.", MAIN, LOOPBACK, LOOPBACK_SEEN },
	{ "C7", "smtpd_authorized_xclient_hosts, smtpd_upstream_proxy_protocol",
	  "XCLIENT is believed from the hosts of a list; a PROXY header from whoever reaches the "
	  "port. XFORWARD changes the log alone. Name the proxy, or nobody.", MAIN,
	  "smtpd_authorized_xclient_hosts =\n"
	  "smtpd_authorized_xforward_hosts =\n"
	  "smtpd_upstream_proxy_protocol =\n"
	  "postscreen_upstream_proxy_protocol =\n",
	  "postfix reload; EHLO offers no XCLIENT. " OVERRIDES "-E \"xclient|proxy\"" },
	{ "C8", "smtpd_sasl_auth_enable with a checker that lets everybody in",
	  "Postfix believes what smtpd_sasl_path says. Close the login until that one really "
	  "checks passwords.", MAIN, "smtpd_sasl_auth_enable = no\n",
	  "postfix reload; EHLO offers no AUTH. " OVERRIDES "sasl" },
	{ "C9", "permit_sasl_authenticated",
	  "Postfix cannot tell the thief from the user. A limit makes the damage small; the log "
	  "has sasl_username= in each of his mails.", MAIN,
	  "smtpd_client_message_rate_limit = 60\n"
	  "smtpd_client_recipient_rate_limit = 120\n",
	  "postfix reload; grep sasl_username= in the log, and count per user." },
	{ "C10", "smtpd_relay_restrictions without reject_unauth_destination in force",
	  "It stands behind a table, a policy service or another rule that says OK to strangers. "
	  "Up to Postfix 2.9 it stands in smtpd_recipient_restrictions.", MAIN, RELAY_CHECK,
	  RELAY_CHECK_SEEN },
	{ "C11", "recipient_canonical_maps or virtual_alias_maps with a pattern for SRS0=",
	  "Postfix takes what the map says. A pattern does not look at the hash; postsrsd does, "
	  "with a secret of its own.", MAIN, "recipient_canonical_maps =\n",
	  "postfix reload; a mail to SRS0=x=y=example.com=user@YOUR-DOMAIN gets a 550." },
	{ "C12 C13", NULL, "Postfix is not such a product.", NULL, NULL, NULL },
	{ "C14 C15", "smtpd_sender_restrictions without reject_sender_login_mismatch",
	  "smtpd_sender_login_maps says which login owns which address (and @domain). Nobody else "
	  "may then use it, strangers included.", MAIN,
	  "smtpd_sender_login_maps = hash:/etc/postfix/sender_login\n"
	  "smtpd_sender_restrictions =\n"
	  "    permit_mynetworks, reject_sender_login_mismatch\n",
	  "postfix reload; log in as one user and send as another: 553." },
	{ "C16", "authorized_submit_users",
	  "A script sends by the command sendmail. The web server's user needs no such right if "
	  "the forms log in by SMTP.", MAIN,
	  "authorized_submit_users = !www-data, static:all\n",
	  "postfix reload; su -s /bin/sh www-data -c 'sendmail root' says \"not allowed\"." },
	{ "C17", "smtpd_forbid_bare_newline",
	  "Without it a line may end in a bare LF. There since 3.5.23, 3.6.13, 3.7.9 and 3.8.4; "
	  "the value \"normalize\" came a little later.", MAIN,
	  "smtpd_forbid_bare_newline = normalize\n"
	  "smtpd_forbid_bare_newline_exclusions = $mynetworks\n",
	  "postfix reload; postconf smtpd_forbid_bare_newline says normalize." },
	{ "C18", "local_recipient_maps, relay_recipient_maps",
	  "Empty maps take every name. Let each class of domains have its list; for relay_domains "
	  "that is relay_recipient_maps.", MAIN,
	  "local_recipient_maps = proxy:unix:passwd.byname $alias_maps\n"
	  "smtpd_reject_unlisted_recipient = yes\n",
	  "postfix reload; a mail to nobody-here@YOUR-DOMAIN gets a 550." },
	{ "C31 C32", "check_sender_access, before reject_unauth_destination",
	  FIRST_WINS " (The empty sender is \"<>\" there.)", MAIN, RELAY_CHECK, RELAY_CHECK_SEEN },
	{ "C33", "relay_domains, mydestination, virtual_alias_domains, virtual_mailbox_domains",
	  "reject_unauth_destination refuses what is in none of these. A table of patterns, "
	  "static: or a wild card in a database takes everything.", MAIN,
	  "relay_domains =\n"
	  "mydestination = $myhostname, localhost\n",
	  "postfix reload; postmap -q strangers.example with each table of postconf "
	  "relay_domains mydestination virtual_alias_domains virtual_mailbox_domains finds "
	  "nothing. Add your own domains by name." },
	{ "C34 C36 C37 C46 C48", "allow_untrusted_routing, allow_percent_hack, swap_bangpath, "
	  "resolve_dequoted_address, with a pattern in virtual_alias_maps or canonical_maps",
	  "By default Postfix sees %, ! and @ in the local part, and refuses. Where that is off, a "
	  "pattern such as /^(.*)%(.*)@/ makes a foreign address after the check.", MAIN,
	  "allow_percent_hack = yes\n"
	  "swap_bangpath = yes\n"
	  "resolve_dequoted_address = yes\n"
	  "allow_untrusted_routing = no\n",
	  "postfix reload; postmap -q 'a%b.example@YOUR-DOMAIN' with each table finds nothing." },
	{ "C35", NULL,
	  "Postfix takes the route off, and checks the rest as it does each address.", NULL, NULL,
	  NULL },
	{ "C38", "allow_untrusted_routing, resolve_dequoted_address",
	  "By default Postfix refuses user%other@ and \"user@other\"@ for relay_domains. With "
	  "these it passes them on to the server behind.", MAIN,
	  "allow_untrusted_routing = no\n"
	  "allow_percent_hack = yes\n"
	  "swap_bangpath = yes\n"
	  "resolve_dequoted_address = yes\n",
	  "postfix reload; a mail to user%example.com@YOUR-DOMAIN gets a 554." },
	{ "C39", "permit_mx_backup",
	  "It permits each domain whose MX records name this server. Name the domains in "
	  "relay_domains in its place.", MAIN, RELAY_CHECK, RELAY_CHECK_SEEN },
	{ "C40", NULL,
	  "Postfix takes only literals of its own addresses for local, and checks all others; "
	  "resolve_numeric_domain only adds the brackets.", NULL, NULL, NULL },
	{ "C41", "check_helo_access, before reject_unauth_destination", FIRST_WINS, MAIN,
	  RELAY_CHECK, RELAY_CHECK_SEEN },
	{ "C42", "check_client_access, check_reverse_client_hostname_access, before "
	  "reject_unauth_destination",
	  FIRST_WINS " The reverse name alone (check_reverse_...) is what its owner likes.", MAIN,
	  RELAY_CHECK, RELAY_CHECK_SEEN },
	{ "C43", NULL, "Postfix has no rule on the client's port.", NULL, NULL, NULL },
	{ "C44", "permit_tls_all_clientcerts; \"-o\" of a port with TLS in master.cf",
	  "Any certificate that verifies is enough for it. permit_tls_clientcerts asks "
	  "relay_clientcerts for the fingerprint.", MAIN, RELAY_CHECK, RELAY_CHECK_SEEN },
	{ "C45", NULL,
	  "Postfix does not start without a relay check at RCPT, and asks it for each recipient.",
	  NULL, NULL, NULL },
	{ "C47", "check_recipient_access with regexp: or pcre:, before reject_unauth_destination",
	  FIRST_WINS " Begin a pattern with ^ and end it with $.", MAIN, RELAY_CHECK,
	  RELAY_CHECK_SEEN },
};
const size_t cause_postfix_count = sizeof(cause_postfix) / sizeof(*cause_postfix);
