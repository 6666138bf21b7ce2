/* SPDX-License-Identifier: ISC
 *
 * The rows of the section "gateway", and its check.
 */
#include "gateway/config.h"

#include "gateway/blocklists.h"
#include "gateway/directory.h"
#include "gateway/login.h"
#include "gateway/route.h"
#include "gateway/tlspolicy.h"

#define GATEWAY(type, field) CONFIG_MEMBER(type, struct gateway_config, field)
/* What is opened or bound once. */
#define AT_START .restart = CONFIG_NEXT_START, .role = "gateway"
#define AT_RUN .restart = CONFIG_NEXT_RUN

enum { MIB = 1 << 20, HOUR = 3600, DAY = 86400 };

const struct config_row gateway_config_rows[] = {
	{ "listen", GATEWAY(CONFIG_ENDPOINTS, listen), 0, 16, "",
	  "Addresses at which mail of strangers comes in; nobody logs in there.",
	  .default_port = 25, AT_RUN },
	{ "submission", GATEWAY(CONFIG_ENDPOINTS, submission), 0, 16, "",
	  "Addresses at which users log in to send, after STARTTLS.", .default_port = 587,
	  AT_RUN },
	{ "submissions", GATEWAY(CONFIG_ENDPOINTS, submissions), 0, 16, "",
	  "The same with TLS from the first byte (RFC 8314).", .default_port = 465, AT_RUN },
	{ "local_socket", GATEWAY(CONFIG_STRING, local_socket), 0, 0, "",
	  "Path of the socket at which \"portreeve sendmail\" hands over mail of this machine's "
	  "programs; the kernel says whose they are. Unset: /run/portreeve/gateway.sock where "
	  "the state directory is /var/lib/portreeve, gateway.sock in any other; \"none\": "
	  "there is none.", AT_RUN },
	{ "control_socket", GATEWAY(CONFIG_STRING, control_socket), 0, 0, "",
	  "Path of the socket for \"portreeve queue\" and \"portreeve top\"; only root and "
	  "the user of the roles may use it. Unset: gateway-control.sock in the state "
	  "directory; \"none\": there is none.", AT_RUN },
	{ "proxy_peers", GATEWAY(CONFIG_PREFIXES, proxy_peers), 0, 64, "",
	  "Proxies that send a PROXY header, which says for whom they connect. Whoever is named "
	  "here can be anybody, a host of trusted_hosts as well: name single hosts; at most an "
	  "IPv4 /16 or an IPv6 /32." },
	{ "xclient_peers", GATEWAY(CONFIG_PREFIXES, xclient_peers), 0, 64, "",
	  "Proxies that may say for whom they connect by XCLIENT. Whoever is named here can be "
	  "anybody, as a proxy of proxy_peers can." },
	{ "certificate", GATEWAY(CONFIG_STRING, certificate), 0, 0, "",
	  "PEM file of the certificate and its chain. Read anew at each HUP." },
	{ "key", GATEWAY(CONFIG_STRING, key), 0, 0, "", "PEM file of its key." },
	{ "sni", GATEWAY(CONFIG_STRINGS, sni), 0, 64, "",
	  "Further certificates, each for the name that a client asks for: \"mail.example.net "
	  "/path/chain.pem /path/key.pem\"." },
	{ "domains", GATEWAY(CONFIG_STRINGS, domains), 0, 10000, "",
	  "Domains whose mail is ours. Anybody may write to a mailbox there; to anywhere else only "
	  "who is logged in." },
	{ "own_senders", GATEWAY(CONFIG_STRING, own_senders), 0, 0, "take",
	  "What becomes of a stranger's mail whose sender (of the envelope) is at one of them: it "
	  "is taken, or refused. Refused is then, too, who forwards mail of your users back to you "
	  "under their address, and a service that sends in your name.",
	  .choices = "take, refuse" },
	{ "mailboxes", GATEWAY(CONFIG_STRING, mailboxes), 0, 0, "",
	  "Directory of the Maildirs, DOMAIN/LOCAL/ below it, which the roles' user may write to; "
	  "elsewhere than in the state directory the unit of systemd has to name it in "
	  "ReadWritePaths=. Unset: mailboxes in the state directory.", AT_START },
	{ "transports", GATEWAY(CONFIG_STRINGS, transports), 0, 10000, "",
	  "How mail of a domain goes on, where it is not to its Maildir, or not by MX: "
	  "\"example.org lmtp:/run/dovecot/lmtp\", \"example.net smtp:192.0.2.5:25\", "
	  "\"* maildir\" for all domains of ours. A host by its name is asked for its address." },
	{ "recipients", GATEWAY(CONFIG_STRINGS, recipients), 0, 10000, "",
	  "Files of the recipients that an inner host has, an address a line: \"example.net "
	  "/etc/portreeve/example.net\". An inner host without one is asked at RCPT." },
	{ "auth", GATEWAY(CONFIG_STRING, auth), 0, 0, "accounts",
	  "Who knows the passwords: \"accounts\" (those of \"portreeve user\"), "
	  "\"dovecot:/run/dovecot/auth-client\", \"pam:SERVICE\".", AT_START },
	{ "login_processes", GATEWAY(CONFIG_INT, login_processes), 1, 64, "2",
	  "Passwords that are checked at the same time.", AT_START },
	{ "login_timeout", GATEWAY(CONFIG_DURATION, login_timeout_s), 1, 600, "20s",
	  "How long a login waits for its answer; then it is to be tried again later." },
	{ "trusted_hosts", GATEWAY(CONFIG_STRINGS, trusted_hosts), 0, 64, "",
	  "Single hosts that are an account by their address: \"192.0.2.7 printer\". Never the "
	  "address of this machine, of a bridge, a NAT or a proxy: everybody would come by it." },
	{ "blocklists", GATEWAY(CONFIG_STRINGS, blocklists), 0, 32, "",
	  "DNS blocklists that are asked about a client, each with what its answer weighs and "
	  "which return codes count: \"relays.example.org weight=2 codes=127.0.0.2-11\". Unset: "
	  "weight 1, and 127.0.0.2 to 127.0.0.254. key=KEY: a customer's key, put in front of the "
	  "list's name in each question, and shown nowhere else." },
	{ "allowlists", GATEWAY(CONFIG_STRINGS, allowlists), 0, 32, "",
	  "Lists of the same form: who is on one is never refused for a blocklist." },
	{ "blocklist_threshold", GATEWAY(CONFIG_INT, blocklist_threshold), 1, 1000, "1",
	  "The weight from which a client counts as listed." },
	{ "blocklist_timeout", GATEWAY(CONFIG_DURATION, blocklist_timeout_s), 1, 60, "5s",
	  "How long lists are waited for; what has not answered by then says nothing." },
	{ "blocklist_action", GATEWAY(CONFIG_STRING, blocklist_action), 0, 0, "refuse",
	  "What becomes of mail from a listed client: it is refused, or only marked and logged.",
	  .choices = "refuse, warn" },
	{ "blocklist_text", GATEWAY(CONFIG_STRING, blocklist_text), 0, 0,
	  "{address} is listed by {list}: {reason}",
	  "What a listed client is told. {address}, {list} and {reason}, the list's own text, are "
	  "filled in; the reason usually says where to read more and how to be released." },
	{ "message_size", GATEWAY(CONFIG_SIZE, message_bytes), 65536, 128ll * MIB, "32M",
	  "The greatest message that is taken." },
	{ "memory", GATEWAY(CONFIG_SIZE, memory_bytes), 16ll * MIB, 65536ll * MIB, "256M",
	  "How much of messages that are just coming in may be held in all; more is put off." },
	{ "recipients_max", GATEWAY(CONFIG_INT, recipients_max), 100, 1000, "100",
	  "Recipients of one message." },
	{ "hops_max", GATEWAY(CONFIG_INT, hops_max), 10, 1000, "50",
	  "Received lines from which on a message goes in a circle and is refused." },
	{ "errors_max", GATEWAY(CONFIG_INT, errors_max), 1, 1000, "20",
	  "Refusals in one session before it is ended." },
	{ "sessions", GATEWAY(CONFIG_INT, sessions), 1, 100000, "2000",
	  "Sessions at the same time." },
	{ "sessions_per_host", GATEWAY(CONFIG_INT, sessions_per_host), 1, 100000, "50",
	  "Sessions of one address." },
	{ "sessions_per_net", GATEWAY(CONFIG_INT, sessions_per_net), 1, 100000, "200",
	  "Sessions of one IPv4 /24 or IPv6 /48, if that is more than of one address." },
	{ "connections_per_second", GATEWAY(CONFIG_INT, connections_per_second), 1, 100000, "50",
	  "New connections of one address a second." },
	{ "session_timeout", GATEWAY(CONFIG_DURATION, session_timeout_s), 60, DAY, "1h",
	  "How long one session may last in all." },
	{ "spool_size", GATEWAY(CONFIG_SIZE, spool_bytes), 16ll * MIB, 1ll << 44, "4G",
	  "How much of the disk the queue may use.", AT_START },
	{ "segment_size", GATEWAY(CONFIG_SIZE, segment_bytes), 1 * MIB, 1024ll * MIB, "64M",
	  "Size of one file of the queue; a message must fit.", AT_START },
	{ "queue_messages", GATEWAY(CONFIG_INT, queue_messages), 100, 100000000, "1000000",
	  "Messages in the queue; then no more are taken.", AT_START },
	{ "spool_anywhere", GATEWAY(CONFIG_BOOL, spool_anywhere), 0, 0, "no",
	  "Start even where the queue lies in memory (tmpfs) or in a container's own layer: what "
	  "was acknowledged is lost with it.", AT_START },
	{ "retry_first", GATEWAY(CONFIG_DURATION, retry_first_s), 1, DAY, "5min",
	  "After a first try that failed for now, the next comes after this time; each wait is "
	  "twice the one before." },
	{ "retry_most", GATEWAY(CONFIG_DURATION, retry_most_s), 1, DAY, "3h",
	  "The longest wait between two tries." },
	{ "warn_after", GATEWAY(CONFIG_DURATION, warn_after_s), 0, 30 * DAY, "4h",
	  "After this time a sender is told that the message still waits. 0: never." },
	{ "give_up", GATEWAY(CONFIG_DURATION, give_up_s), 60, 30 * DAY, "4d",
	  "After this time a message is returned to its sender." },
	{ "smarthost", GATEWAY(CONFIG_STRING, smarthost), 0, 0, "",
	  "A server that takes all mail to others, instead of theirs: \"smtp.example.net:587\", "
	  "\"[192.0.2.1]:25\"." },
	{ "smarthost_login", GATEWAY(CONFIG_STRING, smarthost_login), 0, 0, "",
	  "The name to log in with there, over TLS only." },
	{ "smarthost_password_file", GATEWAY(CONFIG_STRING, smarthost_password_file), 0, 0, "",
	  "File whose first line is the password." },
	{ "tls_policies", GATEWAY(CONFIG_STRINGS, tls_policies), 0, 10000, "",
	  "How mail to a domain (or \"*\") is encrypted: \"example.com verify\". none, "
	  "opportunistic (TLS if it is offered; the default), encrypt (TLS or not at all), verify "
	  "(and the certificate is the mail exchanger's)." },
	{ "source", GATEWAY(CONFIG_IPS, source), 0, 2, "",
	  "Addresses that mail is sent from, one a family. Unset: the system's choice." },
	{ "remote_port", GATEWAY(CONFIG_INT, remote_port), 1, 65535, "25",
	  "The port of mail exchangers; another than 25 only in a laboratory." },
	{ "connections", GATEWAY(CONFIG_INT, connections), 1, 10000, "200",
	  "Connections to other servers at the same time." },
	{ "connections_per_destination", GATEWAY(CONFIG_INT, connections_per_destination), 1, 1000,
	  "20", "The most connections to one destination; how many there are adapts to what it "
	  "bears." },
};
const size_t gateway_config_row_count =
	sizeof(gateway_config_rows) / sizeof(*gateway_config_rows);

int gateway_config_check(const struct gateway_config *config, struct buf *message)
{
	if (!config->certificate[0] != !config->key[0]) {
		buf_add_cstr(message, "gateway.key: expected together with gateway.certificate, "
		             "found one alone");
		return ERR_INVALID;
	}
	if (config->submission.n + config->submissions.n > 0 && !config->certificate[0]) {
		buf_add_cstr(message, "gateway.certificate: expected where gateway.submission or "
		             "gateway.submissions is set: nobody logs in without TLS");
		return ERR_INVALID;
	}
	if (config->segment_bytes % 4096 != 0 ||
	    config->segment_bytes < config->message_bytes + 2 * MIB) {
		buf_add_cstr(message, "gateway.segment_size: expected a multiple of 4096 that is "
		             "2M or more above gateway.message_size");
		return ERR_INVALID;
	}
	int e = gateway_config_check_entries(config, message);
	if (e == ERR_OK)
		e = gateway_login_check(config, message);
	if (e == ERR_OK)
		e = directory_check(config, message);
	if (e == ERR_OK)
		e = gateway_routes_check(config, message);
	if (e == ERR_OK)
		e = gateway_tls_policies_check(&config->tls_policies, message);
	return e == ERR_OK ? gateway_blocklists_check(config, message) : e;
}
