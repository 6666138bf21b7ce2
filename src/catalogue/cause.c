/* SPDX-License-Identifier: ISC
 *
 * The table of causes, and how their words of each kind of server are found.
 */
#include "catalogue/cause-private.h"

#include <assert.h>

#define KEEP_ADDRESS \
	"Let the client's own address reach the mail server, or take the gateway's address out " \
	"of what the server trusts. "

const struct cause causes[] = {
	{ "C1", "The client's address is lost in a container's proxy",
	  "A container runtime takes the connection itself and opens one of its own to the mail "
	  "server. All clients arrive as the bridge's gateway, which the server trusts as one of "
	  "its own networks. Typical: the host has IPv6, the container has not.",
	  KEEP_ADDRESS "Docker: \"userland-proxy\": false in /etc/docker/daemon.json, and IPv6 for "
	  "the container's network, or no published port for it." },
	{ "C2", "Trust in all private networks, and clients arrive from one",
	  "Bridge, overlay or firewall give all clients a private address, and the server (often a "
	  "container image by its default) trusts 172.16.0.0/12 or all of RFC 1918.",
	  KEEP_ADDRESS "Docker Swarm: publish the port with mode=host." },
	{ "C3", "A router, firewall or VPN hides the client's address",
	  "A port is forwarded with source NAT, or masquerading is on for all interfaces. Every "
	  "client looks like the router, which stands in a trusted network.",
	  KEEP_ADDRESS "Masquerade only what leaves by the outer interface; forward the port by "
	  "destination NAT alone." },
	{ "C4", "A cluster's load balancer hides the client's address",
	  "Kubernetes hands the connection on from a node or a pod, and that network is trusted.",
	  KEEP_ADDRESS "Kubernetes: externalTrafficPolicy: Local on the Service, or the PROXY "
	  "protocol from the balancer alone." },
	{ "C5", "All clients arrive as 127.0.0.1",
	  "A proxy on the machine itself (an LXC or LXD proxy device, stunnel, a tunnel by ssh) "
	  "connects to the mail server by loopback, which is always trusted.",
	  "Let the client's own address reach the mail server. LXD: a proxy device with nat=true, "
	  "or with proxy_protocol=true and a listener of its own that expects it." },
	{ "C6", "Trusted networks are too wide",
	  "The server lets every client of some networks relay, and strangers are among them: a "
	  "range mistyped (172.0.0.0/8), the provider's whole subnet, or everybody.", NULL },
	{ "C7", "A header or command that names the client is believed from anyone",
	  "The PROXY protocol or XCLIENT tells the server for whom a proxy connects. If any client "
	  "may say so, a stranger calls himself 127.0.0.1.",
	  "Only the proxy itself may reach that port: say so in the packet filter, too." },
	{ "C8", "Authentication lets in any password",
	  "The login is checked by something that leaves the check to others: a proxy, a stub, a "
	  "condition that is always true. Known user names, or any, get in.",
	  "Dovecot as the checker: no passdb with nopassword=y for SMTP; a proxy checks nothing." },
	{ "C9", "A password of a user is known to others",
	  "No fault of the configuration: spam is sent with a real login. The server is no open "
	  "relay, and is listed like one.",
	  "Change the password, end the sessions, look at what else it opens." },
	{ "C10", "The relay check is missing, or comes too late",
	  "The rule that refuses foreign destinations was left out, lost in an update, or stands "
	  "behind a rule that permits.", NULL },
	{ "C11", "Forwarding addresses (SRS) are taken back unchecked",
	  "An address as SRS0=hash=time=domain=user at the server's own domain is turned into "
	  "user@domain again, and nobody looks at the hash.", NULL },
	{ "C12", "A mail catcher of developers is on the Internet",
	  "MailHog, Mailpit, Papercut and the like take all mail. Some can release or relay what "
	  "they took; most only look like a relay.",
	  "Let it listen on 127.0.0.1 alone, or close the port in the packet filter." },
	{ "C13", "A gateway trusts a whole cloud",
	  "The relay is open to one provider's addresses, in which everybody can rent a place: "
	  "each customer of it may send as each other.",
	  "Ask for a certificate or a header of your own tenant, not only for the address." },
	{ "C14", "Mail from one's own domain is taken from strangers",
	  "No login is asked for a sender of one's own domain if the recipient is local. It is no "
	  "relay to others; it is what phishing of one's own people uses.",
	  "Publish SPF and DMARC for the domain, and refuse what fails." },
	{ "C15", "A login may use anybody's address",
	  "Who has logged in may send with the address of another user or domain, and gets its "
	  "DKIM signature.", NULL },
	{ "C16", "A web form sends whatever it is told",
	  "A script hands lines of its visitors to the mail server of its own machine: with line "
	  "ends in a field a stranger adds recipients. Tests of the mail server don't see it.",
	  "Mend or remove the form; take line ends out of all that goes into a header." },
	{ "C17", "A second message is smuggled in",
	  "Servers disagree about the end of a message (a bare LF beside the dot). A stranger "
	  "hides a second message, with a sender of his choice, in an innocent one.", NULL },
	{ "C18", "It takes mail for nobody, and bounces it to the forged sender",
	  "The server accepts any recipient of its domains and finds out afterwards that there is "
	  "none. Its bounce carries the spam to whoever was named as the sender.", NULL },

	{ "C31", "A sender that claims to be local is believed",
	  "The server decides by MAIL FROM, which anybody can write: an address of one's own "
	  "domain, of localhost, without a domain, or one known from a list.", NULL },
	{ "C32", "Mail with an empty sender may go anywhere",
	  "Bounces have no sender. A rule that lets them through lets through all that looks like "
	  "one.", NULL },
	{ "C33", "The domains that it takes mail for are too many",
	  "The list of domains for which the server is responsible holds a pattern, a top level "
	  "domain or everything.", NULL },
	{ "C34", "A percent sign routes (percent hack)",
	  "user%domain in a local part is turned into user@domain after the check saw the server's "
	  "own domain.", NULL },
	{ "C35", "A source route is followed",
	  "RCPT TO:<@one,@two:user@domain> asks the server to pass the mail on by that route. It "
	  "should be taken off, and the rest be checked.", NULL },
	{ "C36", "A bang path routes (UUCP)",
	  "domain!user is turned into user@domain after the check, or is not checked at all since "
	  "it has no @.", NULL },
	{ "C37", "The address is read twice, and differently",
	  "The check reads one domain in the address, the delivery another: a quoted local part, a "
	  "second @, a backslash, a comment.", NULL },
	{ "C38", "It stands in front of a server that routes",
	  "The server itself is right. It passes mail for its domains on to another (as a backup "
	  "MX, or a filter), which trusts it and reads %, ! or @ in the local part again.",
	  "The server behind must check, too: its trust in the front is trust in strangers." },
	{ "C39", "It relays for every domain that names it as MX",
	  "The server takes mail for all domains whose MX it is. Who owns a domain writes its MX: "
	  "a stranger's domain is enough.", NULL },
	{ "C40", "An address in the place of a domain is not checked",
	  "user@[192.0.2.1] or user@192.0.2.1 is no domain in a list, and is delivered to that "
	  "address.", NULL },
	{ "C41", "The name in HELO is believed",
	  "A client that says HELO localhost, or the server's own name, is taken for the server "
	  "itself.", NULL },
	{ "C42", "The client's name is believed",
	  "The server trusts a name of the client. Who has a network writes its reverse names as "
	  "he likes.", NULL },
	{ "C43", "The client's port is believed",
	  "Connections from port 25 or below 1024 are taken for those of another mail server.",
	  "Look into the packet filter and the proxy in front: mail servers rarely know such a "
	  "rule." },
	{ "C44", "Encryption is taken for permission",
	  "Under STARTTLS the server permits what it refuses in the clear: a rule asks for TLS, or "
	  "for any certificate, where it should ask for a login. (If it refuses all in the clear "
	  "because it demands TLS, the other causes fit.)", NULL },
	{ "C45", "The check stands at the wrong place of the dialogue",
	  "The relay check hangs on a command that can be passed by: DATA (BDAT goes without), the "
	  "first recipient alone, a parameter behind the address.", NULL },
	{ "C46", "Sloppy syntax gets by the check",
	  "The address is written so that the check does not find its domain: no brackets, too "
	  "many, spaces, a dot or an @ at the end, a comment.", NULL },
	{ "C47", "A pattern matches more than it should",
	  "A regular expression without ^ and $ finds the server's own domain inside of a foreign "
	  "address, such as user%own.example@foreign.example.", NULL },
	{ "C48", "Addresses of other mail systems are unpacked",
	  "A gateway turns X.400, DECnet or encapsulated (IMCEA) addresses at its own domain into "
	  "Internet addresses, and does not check those.", NULL },
};
const size_t cause_count = sizeof(causes) / sizeof(*causes);

const struct cause *cause_by_id(struct str id)
{
	for (size_t i = 0; i < cause_count; i++)
		if (str_caseeq(id, str_of(causes[i].id)))
			return &causes[i];
	return NULL;
}

static bool tells_of(const struct cause_words *row, const char *id)
{
	struct str ids = str_of(row->causes), one;
	while (str_token(&ids, " ", &one))
		if (str_eq(one, str_of(id)))
			return true;
	return false;
}

const struct cause_words *cause_words_of(const struct cause *cause, enum mta mta)
{
	const struct { const struct cause_words *rows; size_t n; } tables[] = {
		[MTA_UNKNOWN] = { NULL, 0 },
		[MTA_POSTFIX] = { cause_postfix, cause_postfix_count },
		[MTA_EXIM] = { cause_exim, cause_exim_count },
		[MTA_SENDMAIL] = { cause_sendmail, cause_sendmail_count },
		[MTA_OPENSMTPD] = { cause_opensmtpd, cause_opensmtpd_count },
		[MTA_QMAIL] = { cause_qmail, cause_qmail_count },
		[MTA_COURIER] = { cause_courier, cause_courier_count },
		[MTA_EXCHANGE] = { cause_exchange, cause_exchange_count },
	};
	assert(mta <= MTA_LAST);
	for (size_t i = 0; i < tables[mta].n; i++)
		if (tells_of(&tables[mta].rows[i], cause->id))
			return &tables[mta].rows[i];
	assert(mta > MTA_LAST_WHOLE || mta == MTA_UNKNOWN);
	return NULL;
}
