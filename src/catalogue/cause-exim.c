/* SPDX-License-Identifier: ISC
 *
 * The causes in the words of Exim (4.96, as in Debian 12), after its specification and Debian's
 * configuration.
 */
#include "catalogue/cause-private.h"

#define CONF "/etc/exim4/exim4.conf"
#define RCPT_ACL CONF ", at the top of the ACL of acl_smtp_rcpt"
#define NOT_DEBIAN \
	"# Debian's own: dc_relay_nets='' in /etc/exim4/update-exim4.conf.conf\n"

#define LOOPBACK \
	NOT_DEBIAN \
	"hostlist relay_from_hosts = <; 127.0.0.1 ; ::1\n"
#define LOOPBACK_SEEN \
	"exim4 -bP +relay_from_hosts shows nothing but loopback. Restart Exim; exim4 -bh " \
	"203.0.113.9 plays a stranger, who gets a 550 for a foreign recipient."

/* In the order of Exim's own file: nothing is accepted before that a stranger can write. */
#define RELAY_CHECK \
	"  accept  hosts = +relay_from_hosts\n" \
	"  accept  authenticated = *\n" \
	"  require message = relay not permitted\n" \
	"          domains = +local_domains : +relay_to_domains\n"
#define STRANGER_SEEN \
	"exim4 -bV; restart Exim; exim4 -bh 203.0.113.9 plays a stranger, who gets a 550 for a " \
	"foreign recipient, whatever else he says."

#define FIRST_WINS "The first verb of an ACL that accepts ends it. "

#define NO_ROUTING \
	"  deny    message     = Nothing is routed by way of a local part\n" \
	"          domains     = +local_domains\n" \
	"          local_parts = \\N^\\.|[%!@|/]\\N\n" \
	"  deny    message     = Nothing is routed by way of a local part\n" \
	"          domains     = !+local_domains\n" \
	"          local_parts = \\N^[./|]|[%!@]|/\\.\\./\\N\n"

const struct cause_words cause_exim[] = {
	{ "C1 C2 C3 C4", "hostlist relay_from_hosts (Debian: dc_relay_nets)",
	  "The list holds the address by which strangers arrive. The log shows it behind \"H=\".",
	  CONF, LOOPBACK, LOOPBACK_SEEN },
	{ "C5", "hostlist relay_from_hosts, since it holds 127.0.0.1",
	  "No list of networks helps: loopback must go until clients arrive by their own "
	  "addresses. The machine's programs then use the command sendmail.", CONF,
	  "hostlist relay_from_hosts =\n",
	  "exim4 -bP +relay_from_hosts shows nothing. Restart Exim; exim4 -bh 127.0.0.1 refuses a "
	  "foreign recipient." },
	{ "C6", "hostlist relay_from_hosts (Debian: dc_relay_nets)",
	  "Every host of the list may relay. \"*\", or a range that holds strangers, is too wide; "
	  "IPv6 needs another separator (<;), or the list is read wrongly.", CONF, LOOPBACK,
	  LOOPBACK_SEEN },
	{ "C7", "hosts_proxy (from 4.98 on hosts_xclient, too)",
	  "A PROXY header is believed from each host of that list. Name the proxy, or nobody. "
	  "(Debian's exim4-daemon-light does not know it.)",
	  CONF, "hosts_proxy =\n", "exim4 -bP hosts_proxy is empty. Restart Exim." },
	{ "C8", "server_condition of an authenticator",
	  "It is \"true\" or does not look at the password ($auth2 or $auth3). Close the login "
	  "until it does.", CONF, "auth_advertise_hosts =\n",
	  "Restart Exim; EHLO offers no AUTH, and Exim refuses what it did not offer." },
	{ "C9", "accept authenticated = *",
	  "Exim cannot tell the thief from the user. A limit makes the damage small; the log has "
	  "the login behind \"A=\".", RCPT_ACL,
	  "  defer   message = too many recipients in an hour\n"
	  "          authenticated = *\n"
	  "          ratelimit = 100 / 1h / per_rcpt / $authenticated_id\n",
	  "exim4 -bV; restart Exim; count \"A=\" in the log per user." },
	{ "C10", "an accept before the check of the domains, in the ACL of acl_smtp_rcpt",
	  FIRST_WINS "\"require domains\" must stand before each accept that a stranger reaches.",
	  RCPT_ACL, RELAY_CHECK, STRANGER_SEEN },
	{ "C11", "a router that takes SRS0=... apart by a pattern",
	  "A pattern does not look at the hash; the condition inbound_srs does, with your "
	  "secret. This is what stands in the place of that router's options.",
	  CONF ", in the router",
	  "  driver    = redirect\n"
	  "  senders   = :\n"
	  "  condition = ${if inbound_srs {$local_part} {SRS_SECRET}}\n"
	  "  data      = $srs_recipient\n",
	  "exim4 -bt 'SRS0=HHH=TT=example.com=user@YOUR-DOMAIN' finds no route." },
	{ "C12 C13", NULL, "Exim is not such a product.", NULL, NULL, NULL },
	{ "C14 C15", "no rule on sender_domains in the ACL of acl_smtp_rcpt",
	  "Exim does not tie a sender to a login by itself. (This asks for the login to be the "
	  "address; take a lookup where it is not.)", RCPT_ACL,
	  "  deny    message = log in to send as one of us\n"
	  "          sender_domains = +local_domains\n"
	  "          !hosts = +relay_from_hosts\n"
	  "          !authenticated = *\n"
	  "  deny    message = that is not your address\n"
	  "          authenticated = *\n"
	  "          !condition = ${if eqi{$authenticated_id}{$sender_address}}\n",
	  "exim4 -bV; restart Exim; log in as one user and send as another: 550." },
	{ "C16", "acl_not_smtp",
	  "Without it local programs send what they like. This one refuses the web server's user "
	  "(33 on Debian).", CONF ", the first line in the main part, the others behind begin acl",
	  "acl_not_smtp = acl_not_www\n"
	  "acl_not_www:\n"
	  "  deny    condition = ${if eq{$originator_uid}{33}}\n"
	  "  accept\n",
	  "exim4 -bV; su -s /bin/sh www-data -c 'sendmail root' is refused." },
	{ "C17", "Exim before 4.97.1 (Debian 12: before 4.96-15+deb12u4)",
	  "Up to there a bare LF can end a message. It was mended in the program.", NULL,
	  "apt-get install --only-upgrade exim4-base\n", "exim4 -bV shows the version." },
	{ "C18", "no \"require verify = recipient\" in the ACL of acl_smtp_rcpt",
	  "Exim then finds out after it has accepted. For a server behind: /callout=use_postmaster "
	  "or a list of its users.", RCPT_ACL, "  require verify = recipient\n",
	  "exim4 -bh 203.0.113.9: nobody-here@YOUR-DOMAIN gets a 550." },
	{ "C31 C32", "accept with senders or sender_domains, in the ACL of acl_smtp_rcpt",
	  FIRST_WINS "A sender proves nothing: take such verbs out, or put them behind the check "
	  "of the domains.", RCPT_ACL, RELAY_CHECK, STRANGER_SEEN },
	{ "C33", "domainlist relay_to_domains, local_domains (Debian: dc_relay_domains)",
	  "\"*\", a pattern or a lookup with a wild card takes everything.", CONF,
	  "# Debian's own: dc_relay_domains='' in /etc/exim4/update-exim4.conf.conf\n"
	  "domainlist relay_to_domains =\n",
	  "exim4 -bP +relay_to_domains +local_domains shows your domains alone. Restart Exim." },
	{ "C34 C36 C37 C46 C48", "a redirect router or rewrite rule that makes a domain out of "
	  "$local_part",
	  "The ACL has seen your own domain by then. (percent_hack_domains works before the ACL "
	  "and opens nothing.) Take the router out, or refuse such local parts.", RCPT_ACL,
	  NO_ROUTING, "exim4 -bt 'user%example.com@YOUR-DOMAIN' finds no remote route; "
	  STRANGER_SEEN },
	{ "C35", NULL,
	  "Exim takes the route off, and its ACL checks the rest as it does each address.", NULL,
	  NULL, NULL },
	{ "C38", "no rule on local_parts for relay_to_domains, in the ACL of acl_smtp_rcpt",
	  "Debian's and Exim's own files refuse %, ! and @ in foreign local parts; yours must, "
	  "too.", RCPT_ACL, NO_ROUTING,
	  "exim4 -bV; restart Exim; a mail to user%example.com@RELAYED-DOMAIN gets a 550." },
	{ "C39", "@mx_any, @mx_primary or @mx_secondary in domainlist relay_to_domains",
	  "It takes each domain whose MX records name this server. Name the domains.", CONF,
	  "domainlist relay_to_domains =\n",
	  "exim4 -bP +relay_to_domains shows your domains alone. Restart Exim." },
	{ "C40", NULL,
	  "Exim's lists hold literals only where somebody wrote them (@[] is the server's own "
	  "address); all others are foreign domains.", NULL, NULL, NULL },
	{ "C41 C43", "accept with a condition on $sender_helo_name or $sender_host_port",
	  FIRST_WINS "Both are what the client likes: take such verbs out.", RCPT_ACL, RELAY_CHECK,
	  STRANGER_SEEN },
	{ "C42", "names in hostlist relay_from_hosts; conditions on $sender_host_name",
	  "Exim looks the client's name up and back again, but whoever owns the name owns the "
	  "right. List addresses.", CONF, LOOPBACK, LOOPBACK_SEEN },
	{ "C44", "accept encrypted = *, or verify = certificate, in the ACL of acl_smtp_rcpt",
	  FIRST_WINS "Everybody has TLS, and certificates: ask for authenticated.", RCPT_ACL,
	  RELAY_CHECK, STRANGER_SEEN },
	{ "C45", "the check of the domains in acl_smtp_predata or acl_smtp_data",
	  "The ACL of acl_smtp_predata is not run for BDAT, and both see the last recipient's "
	  "domain alone. It belongs to RCPT.", RCPT_ACL, RELAY_CHECK, STRANGER_SEEN },
	{ "C47", "a regular expression without ^ and $ in domains, recipients or local_parts",
	  FIRST_WINS "Write the list of domains by name, or begin with ^ and end with $ (written "
	  "\\$ or \\N...$\\N).", RCPT_ACL, RELAY_CHECK, STRANGER_SEEN },
};
const size_t cause_exim_count = sizeof(cause_exim) / sizeof(*cause_exim);
