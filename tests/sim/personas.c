/* SPDX-License-Identifier: ISC
 *
 * The usual hosts. `truth` is what the design says of such a host, whatever a tester finds.
 */
#include "persona.h"

#define OPEN    VERDICT_OPEN
#define CLOSED  VERDICT_CLOSED

/* Opened by one thing only. */
#define TRUSTS(id, flags) { .name = id, .truth = OPEN, .copies = 10, .trusts = flags }
#define READS(id, flags)  { .name = id, .truth = OPEN, .copies = 10, .reads = flags }

static const struct persona rows[] = {
	/* ---- plainly open, plainly closed ---- */
	{ .name = "open", .truth = OPEN, .copies = 40, .trusts = TRUST_ALL },
	{ .name = "closed", .truth = CLOSED, .copies = 160 },
	{ .name = "closed-starttls", .truth = CLOSED, .copies = 10, .offers = OFFER_STARTTLS },
	{ .name = "closed-old-style", .truth = CLOSED, .copies = 10, .refusal = { 550, "",
	  "we do not relay" } },
	{ .name = "closed-at-mail", .truth = CLOSED, .copies = 10, .refuses_at = STAGE_MAIL },
	{ .name = "closed-needs-login", .truth = CLOSED, .copies = 10,
	  .offers = OFFER_AUTH | NEEDS_LOGIN },
	{ .name = "closed-454", .truth = CLOSED, .copies = 20,
	  .refusal = { 454, "4.7.1", "Relay access denied" } },
	{ .name = "closed-451-policy", .truth = CLOSED, .copies = 5,
	  .refusal = { 451, "4.7.1", "Relaying denied" } },
	{ .name = "absent", .truth = VERDICT_UNREACHABLE, .copies = 10, .absent = true },

	/* ---- open to some senders ---- */
	TRUSTS("sender-is-destination", TRUST_SENDER_IS_DEST),
	TRUSTS("null-sender", TRUST_NULL_SENDER),
	TRUSTS("bare-sender", TRUST_BARE_SENDER),
	TRUSTS("sender-at-localhost", TRUST_LOCALHOST_SENDER),
	TRUSTS("sender-at-host", TRUST_HOST_SENDER),
	TRUSTS("sender-at-literal", TRUST_LITERAL_SENDER),
	TRUSTS("sender-at-domain", TRUST_DOMAIN_SENDER),
	TRUSTS("sender-postmaster", TRUST_POSTMASTER_SENDER),

	/* ---- open to some recipients ---- */
	TRUSTS("no-brackets", TRUST_NO_BRACKETS),
	TRUSTS("notify-parameter", TRUST_NOTIFY),
	TRUSTS("orcpt-parameter", TRUST_ORCPT),
	READS("quoted-whole", READ_QUOTED_WHOLE),
	READS("quoted-percent", READ_QUOTED_WHOLE | READ_PERCENT | READ_NO_DOMAIN),
	READS("percent-without-domain", READ_PERCENT | READ_NO_DOMAIN),
	READS("percent", READ_PERCENT),
	READS("double-at", READ_DOUBLE_AT),
	READS("quoted-local", READ_QUOTED_LOCAL),
	READS("quoted-double-at", READ_QUOTED_WHOLE | READ_DOUBLE_AT),
	READS("source-route", READ_ROUTE),
	READS("bang", READ_BANG | READ_NO_DOMAIN),
	READS("bang-at-host", READ_BANG),
	READS("percent-at-localhost", READ_PERCENT | READ_AT_LOCALHOST),
	READS("double-at-localhost", READ_DOUBLE_AT | READ_AT_LOCALHOST),
	READS("trailing-dot", READ_DOT),
	READS("null-domain", READ_NULL_DOMAIN),
	READS("null-domain-percent", READ_NULL_DOMAIN | READ_PERCENT | READ_NO_DOMAIN),
	READS("literal", READ_LITERAL),
	READS("bare-address", READ_BARE_ADDRESS),
	READS("decnet", READ_DECNET),
	READS("encapsulated", READ_ENCAPSULATED),
	READS("colon", READ_COLON),
	READS("comment", READ_COMMENT),
	READS("double-brackets", READ_BRACKETS),
	READS("spaces", READ_SPACES),
	READS("backslash", READ_BACKSLASH),
	READS("srs", READ_SRS),
	{ .name = "fullwidth-at", .truth = OPEN, .copies = 10, .reads = READ_UTF8,
	  .offers = OFFER_UTF8 },
	{ .name = "percent-from-own-host", .truth = OPEN, .copies = 10,
	  .reads = READ_PERCENT | READ_OWN_SENDER, .trusts = TRUST_HOST_SENDER },

	/* ---- open to some sessions ---- */
	TRUSTS("helo-localhost", TRUST_HELO_LOCALHOST),
	TRUSTS("helo-loopback", TRUST_HELO_LOOPBACK),
	TRUSTS("helo-own-name", TRUST_HELO_HOST),
	TRUSTS("helo-own-domain", TRUST_HELO_DOMAIN),
	TRUSTS("helo-own-address", TRUST_HELO_LITERAL),
	TRUSTS("client-name", TRUST_CLIENT_NAME),
	TRUSTS("source-port", TRUST_LOW_PORT),
	TRUSTS("after-postmaster", TRUST_SECOND_RECIPIENT),
	{ .name = "bdat", .truth = OPEN, .copies = 10, .trusts = TRUST_BDAT,
	  .refuses_at = STAGE_DATA },
	TRUSTS("data-anyway", TRUST_DATA_ANYWAY),
	{ .name = "xclient", .truth = OPEN, .copies = 10, .trusts = TRUST_XCLIENT,
	  .offers = OFFER_XCLIENT },
	{ .name = "xclient-refused", .truth = CLOSED, .copies = 5, .offers = OFFER_XCLIENT },
	{ .name = "proxy-required", .truth = OPEN, .copies = 5, .trusts = TRUST_PROXY,
	  .offers = NEEDS_PROXY },
	{ .name = "proxy-believed", .truth = OPEN, .copies = 5, .trusts = TRUST_PROXY,
	  .offers = TAKES_PROXY },
	/* Most forms got no answer: it says nothing without a header. */
	{ .name = "proxy-required-closed", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .offers = NEEDS_PROXY },
	{ .name = "any-password", .truth = OPEN, .copies = 5, .trusts = TRUST_LOGIN,
	  .offers = OFFER_AUTH },
	{ .name = "any-password-under-tls", .truth = OPEN, .copies = 5, .trusts = TRUST_LOGIN,
	  .offers = OFFER_AUTH | OFFER_STARTTLS | AUTH_AFTER_TLS },
	{ .name = "starttls", .truth = OPEN, .copies = 10, .trusts = TRUST_TLS,
	  .offers = OFFER_STARTTLS },
	{ .name = "starttls-required", .truth = OPEN, .copies = 5, .trusts = TRUST_TLS,
	  .offers = OFFER_STARTTLS | NEEDS_TLS },
	{ .name = "starttls-required-closed", .truth = CLOSED, .copies = 5,
	  .offers = OFFER_STARTTLS | NEEDS_TLS },
	{ .name = "starttls-required-percent", .truth = OPEN, .copies = 5, .reads = READ_PERCENT,
	  .offers = OFFER_STARTTLS | NEEDS_TLS },
	{ .name = "starttls-broken", .truth = CLOSED, .copies = 5,
	  .offers = OFFER_STARTTLS | BREAKS_TLS },
	{ .name = "starttls-broken-percent", .truth = OPEN, .copies = 5, .reads = READ_PERCENT,
	  .offers = OFFER_STARTTLS | BREAKS_TLS },
	{ .name = "starttls-closes", .truth = CLOSED, .copies = 5,
	  .offers = OFFER_STARTTLS | CLOSES_TLS },
	{ .name = "starttls-closes-percent", .truth = OPEN, .copies = 5, .reads = READ_PERCENT,
	  .offers = OFFER_STARTTLS | CLOSES_TLS },
	{ .name = "starttls-silent", .truth = CLOSED, .copies = 2,
	  .offers = OFFER_STARTTLS | IGNORES_TLS },
	{ .name = "starttls-454", .truth = CLOSED, .copies = 5,
	  .offers = OFFER_STARTTLS | DEFERS_TLS },
	{ .name = "starttls-454-open", .truth = OPEN, .copies = 5, .trusts = TRUST_ALL,
	  .offers = OFFER_STARTTLS | DEFERS_TLS },
	{ .name = "starttls-454-percent", .truth = OPEN, .copies = 5, .reads = READ_PERCENT,
	  .offers = OFFER_STARTTLS | DEFERS_TLS },
	{ .name = "starttls-454-any-password", .truth = CLOSED, .copies = 5, .trusts = TRUST_LOGIN,
	  .offers = OFFER_AUTH | OFFER_STARTTLS | AUTH_AFTER_TLS | DEFERS_TLS },
	/* It listens to nobody without TLS, and with it nobody was heard. */
	{ .name = "starttls-required-454", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .trusts = TRUST_TLS, .offers = OFFER_STARTTLS | NEEDS_TLS | DEFERS_TLS },
	{ .name = "starttls-required-broken", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .offers = OFFER_STARTTLS | NEEDS_TLS | BREAKS_TLS },

	/* ---- taken is not relayed ---- */
	{ .name = "discard", .truth = VERDICT_ACCEPTING, .copies = 30, .trusts = TRUST_ALL,
	  .fate = FATE_DISCARD },
	{ .name = "bounce", .truth = VERDICT_BACKSCATTER, .copies = 30, .trusts = TRUST_ALL,
	  .fate = FATE_BOUNCE },
	{ .name = "bounce-own-domain", .truth = VERDICT_BACKSCATTER, .copies = 10,
	  .offers = TAKES_LOCAL, .fate = FATE_BOUNCE },
	{ .name = "catch-all", .truth = CLOSED, .copies = 40, .offers = TAKES_LOCAL,
	  .fate = FATE_DISCARD },
	{ .name = "catch-all-percent", .truth = OPEN, .copies = 10, .offers = TAKES_LOCAL,
	  .reads = READ_PERCENT },
	{ .name = "mx-of-first", .truth = CLOSED, .copies = 10, .trusts = TRUST_FIRST_DOMAIN },
	{ .name = "mx-and-percent", .truth = OPEN, .copies = 10, .trusts = TRUST_FIRST_DOMAIN,
	  .reads = READ_PERCENT },
	{ .name = "mx-and-null-sender", .truth = OPEN, .copies = 5,
	  .trusts = TRUST_FIRST_DOMAIN | TRUST_NULL_SENDER },
	{ .name = "honeypot", .truth = VERDICT_ACCEPTING, .copies = 20, .trusts = TRUST_ALL,
	  .fate = FATE_FIRST_ONLY },
	{ .name = "forger", .truth = VERDICT_ACCEPTING, .copies = 10, .trusts = TRUST_ALL,
	  .fate = FATE_FORGE },
	{ .name = "refuses-at-data", .truth = CLOSED, .copies = 10, .refuses_at = STAGE_DATA },
	{ .name = "refuses-at-end", .truth = CLOSED, .copies = 10, .refuses_at = STAGE_MESSAGE },
	{ .name = "refuses-at-end-454", .truth = CLOSED, .copies = 5, .refuses_at = STAGE_MESSAGE,
	  .refusal = { 454, "4.7.1", "Relay access denied" } },

	/* ---- later, perhaps ---- */
	{ .name = "greylisting", .truth = VERDICT_INCONCLUSIVE, .copies = 10,
	  .refusal = { 450, "4.7.1", "Greylisted, please try again in 300 seconds" } },
	{ .name = "greylisting-plain", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .refusal = { 451, "", "Temporary failure, please try again later" } },
	{ .name = "greylisting-at-data", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .refuses_at = STAGE_DATA,
	  .refusal = { 451, "4.7.1", "Greylisting in action, come back" } },
	{ .name = "busy-at-end", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .refuses_at = STAGE_MESSAGE, .refusal = { 452, "4.3.1", "Insufficient system storage" } },
	{ .name = "busy-banner", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .refuses_at = STAGE_CONNECT, .refusal = { 421, "4.3.2", "Too many connections" } },
	/* It took no part: nothing is known of it. */
	{ .name = "closed-at-helo", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .refuses_at = STAGE_HELO, .refusal = { 550, "5.7.1", "Your name is not welcome" } },
	{ .name = "closed-banner", .truth = VERDICT_INCONCLUSIVE, .copies = 10,
	  .refuses_at = STAGE_CONNECT, .refusal = { 554, "5.7.1", "No service for you" } },
	{ .name = "closed-banner-521", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .refuses_at = STAGE_CONNECT, .refusal = { 521, "", "does not accept mail" } },
	{ .name = "hangs-up-at-mail", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .hangs_up_at = "MAIL" },
	{ .name = "hangs-up-at-rcpt", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .hangs_up_at = "RCPT" },
	{ .name = "hangs-up-at-data", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .hangs_up_at = "DATA", .trusts = TRUST_ALL, .offers = NO_CHUNKING },
	{ .name = "hangs-up-after-354", .truth = VERDICT_INCONCLUSIVE, .copies = 5,
	  .hangs_up_at = "354", .trusts = TRUST_ALL, .offers = NO_CHUNKING },
	{ .name = "hangs-up-at-end", .truth = VERDICT_INCONCLUSIVE, .copies = 3,
	  .hangs_up_at = ".", .trusts = TRUST_ALL, .fate = FATE_DISCARD },
	{ .name = "silent-later", .truth = VERDICT_INCONCLUSIVE, .copies = 4,
	  .wire = WIRE_SILENT_LATER },

	/* ---- no conversation ---- */
	{ .name = "silent", .truth = VERDICT_UNREACHABLE, .copies = 4, .wire = WIRE_SILENT },
	{ .name = "endless-banner", .truth = VERDICT_UNREACHABLE, .copies = 3,
	  .wire = WIRE_ENDLESS },
	{ .name = "dripping-banner", .truth = VERDICT_UNREACHABLE, .copies = 1,
	  .wire = WIRE_DRIPS },
	{ .name = "long-banner", .truth = VERDICT_UNREACHABLE, .copies = 2,
	  .wire = WIRE_LONG_BANNER },
	{ .name = "hangs-up-at-connect", .truth = VERDICT_UNREACHABLE, .copies = 5,
	  .hangs_up_at = "CONNECT" },

	/* ---- no mail servers ---- */
	{ .name = "garbage", .truth = VERDICT_INCONCLUSIVE, .copies = 4, .wire = WIRE_GARBAGE },
	{ .name = "ftp", .truth = VERDICT_INCONCLUSIVE, .copies = 5, .alien =
	  { "220 ProFTPD Server ready.\r\n", "500 Command not understood\r\n", false } },
	{ .name = "ssh", .truth = VERDICT_INCONCLUSIVE, .copies = 5, .alien =
	  { "SSH-2.0-OpenSSH_9.2p1\r\n", "Invalid SSH identification string.\r\n", true } },
	{ .name = "http", .truth = VERDICT_INCONCLUSIVE, .copies = 2, .alien =
	  { "", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", true } },
	{ .name = "pop3", .truth = VERDICT_INCONCLUSIVE, .copies = 5, .alien =
	  { "+OK POP3 ready\r\n", "-ERR Unknown command.\r\n", false } },

	/* ---- odd bytes ---- */
	{ .name = "lf-only", .truth = CLOSED, .copies = 10, .wire = WIRE_LF_ONLY },
	{ .name = "lf-only-open", .truth = OPEN, .copies = 5, .wire = WIRE_LF_ONLY,
	  .trusts = TRUST_ALL },
	{ .name = "bytewise", .truth = CLOSED, .copies = 10, .wire = WIRE_BYTEWISE },
	{ .name = "bytewise-open", .truth = OPEN, .copies = 5, .wire = WIRE_BYTEWISE,
	  .trusts = TRUST_ALL },
	{ .name = "slow", .truth = CLOSED, .copies = 10, .delay_ms = 40 },
	{ .name = "slow-percent", .truth = OPEN, .copies = 5, .delay_ms = 40,
	  .reads = READ_PERCENT },
	{ .name = "greet-pause", .truth = CLOSED, .copies = 5, .wire = WIRE_GREET_PAUSE },
	{ .name = "greet-pause-open", .truth = OPEN, .copies = 5, .wire = WIRE_GREET_PAUSE,
	  .trusts = TRUST_ALL },
	{ .name = "piecemeal", .truth = CLOSED, .copies = 10, .wire = WIRE_PIECEMEAL },
	{ .name = "piecemeal-open", .truth = OPEN, .copies = 5, .wire = WIRE_PIECEMEAL,
	  .trusts = TRUST_ALL },
	{ .name = "no-pipelining", .truth = CLOSED, .copies = 10, .offers = NO_PIPELINING },
	{ .name = "loses-pipelined", .truth = CLOSED, .copies = 5, .wire = WIRE_LOSES_PIPELINED },
	{ .name = "loses-pipelined-percent", .truth = OPEN, .copies = 5, .reads = READ_PERCENT,
	  .wire = WIRE_LOSES_PIPELINED },
	{ .name = "long-lines", .truth = CLOSED, .copies = 2, .wire = WIRE_LONG_LINES },
	{ .name = "long-lines-null-sender", .truth = OPEN, .copies = 1, .wire = WIRE_LONG_LINES,
	  .trusts = TRUST_NULL_SENDER },
	{ .name = "many-lines", .truth = CLOSED, .copies = 5, .wire = WIRE_MANY_LINES },
	{ .name = "codes-disagree", .truth = CLOSED, .copies = 10, .wire = WIRE_DISAGREES },
	{ .name = "codes-disagree-open", .truth = OPEN, .copies = 5, .wire = WIRE_DISAGREES,
	  .trusts = TRUST_ALL },

	/* ---- short tempers and old servers ---- */
	{ .name = "421-after-3", .truth = CLOSED, .copies = 10, .errors = 3 },
	{ .name = "421-after-3-percent", .truth = OPEN, .copies = 10, .errors = 3,
	  .reads = READ_PERCENT },
	{ .name = "hangs-up-after-3", .truth = CLOSED, .copies = 10, .errors = 3,
	  .hangs_up_at = "ERRORS" },
	{ .name = "hangs-up-after-3-percent", .truth = OPEN, .copies = 10, .errors = 3,
	  .hangs_up_at = "ERRORS", .reads = READ_PERCENT },
	{ .name = "421-after-1", .truth = CLOSED, .copies = 5, .errors = 1 },
	{ .name = "hangs-up-after-1", .truth = CLOSED, .copies = 5, .errors = 1,
	  .hangs_up_at = "ERRORS" },
	{ .name = "421-after-2-transactions", .truth = CLOSED, .copies = 5, .transactions = 2 },
	{ .name = "hangs-up-at-ehlo", .truth = CLOSED, .copies = 5, .hangs_up_at = "EHLO" },
	{ .name = "hangs-up-at-ehlo-open", .truth = OPEN, .copies = 5, .hangs_up_at = "EHLO",
	  .trusts = TRUST_ALL },
	{ .name = "hangs-up-at-quit", .truth = CLOSED, .copies = 5, .hangs_up_at = "QUIT" },
	{ .name = "endless-ehlo", .truth = CLOSED, .copies = 5, .wire = WIRE_ENDLESS_EHLO },
	{ .name = "endless-ehlo-open", .truth = OPEN, .copies = 5, .wire = WIRE_ENDLESS_EHLO,
	  .trusts = TRUST_ALL },
	{ .name = "dripping-ehlo", .truth = CLOSED, .copies = 1, .wire = WIRE_DRIPPING_EHLO },
	{ .name = "helo-only", .truth = CLOSED, .copies = 10, .offers = NO_EHLO },
	{ .name = "helo-only-open", .truth = OPEN, .copies = 5, .offers = NO_EHLO,
	  .trusts = TRUST_ALL },
	{ .name = "helo-only-percent", .truth = OPEN, .copies = 5, .offers = NO_EHLO,
	  .reads = READ_PERCENT },
	{ .name = "no-rset", .truth = CLOSED, .copies = 10, .offers = NO_RSET },
	{ .name = "no-rset-percent", .truth = OPEN, .copies = 5, .offers = NO_RSET,
	  .reads = READ_PERCENT },
	{ .name = "hangs-up-at-rset", .truth = CLOSED, .copies = 5, .hangs_up_at = "RSET" },
	{ .name = "hangs-up-at-rset-percent", .truth = OPEN, .copies = 5, .hangs_up_at = "RSET",
	  .reads = READ_PERCENT },

	/* ---- names ---- */
	{ .name = "nameless", .truth = CLOSED, .copies = 10, .naming = NAMELESS },
	{ .name = "nameless-percent", .truth = OPEN, .copies = 10, .naming = NAMELESS,
	  .reads = READ_PERCENT },
	{ .name = "nameless-literal-sender", .truth = OPEN, .copies = 5, .naming = NAMELESS,
	  .trusts = TRUST_LITERAL_SENDER },
	/* It calls itself what another host is called, and would relay for that name. */
	{ .name = "impostor", .truth = CLOSED, .copies = 10, .naming = NAMED_AFTER_ANOTHER,
	  .trusts = TRUST_HOST_SENDER | TRUST_DOMAIN_SENDER | TRUST_HELO_HOST | TRUST_HELO_DOMAIN },

	/* ---- what it relays looks different ---- */
	{ .name = "adds-footer", .truth = OPEN, .copies = 10, .trusts = TRUST_ALL,
	  .rewrite = REWRITE_FOOTER },
	{ .name = "recodes-base64", .truth = OPEN, .copies = 10, .trusts = TRUST_ALL,
	  .rewrite = REWRITE_BASE64 },
	{ .name = "strips-header", .truth = OPEN, .copies = 10, .trusts = TRUST_ALL,
	  .rewrite = REWRITE_STRIP },
	{ .name = "upper-case", .truth = OPEN, .copies = 10, .trusts = TRUST_ALL,
	  .rewrite = REWRITE_UPPER },
	{ .name = "multi-hop", .truth = OPEN, .copies = 20, .trusts = TRUST_ALL, .hops = true },
	{ .name = "slow-queue", .truth = OPEN, .copies = 10, .trusts = TRUST_ALL,
	  .relay_delay_ms = 2000 },

	/* ---- other ports ---- */
	{ .name = "tls-at-once", .truth = CLOSED, .copies = 0, .offers = OFFER_TLS_AT_ONCE,
	  .port = 465 },
	{ .name = "tls-at-once-open", .truth = OPEN, .copies = 0, .trusts = TRUST_ALL,
	  .offers = OFFER_TLS_AT_ONCE, .port = 465 },
	{ .name = "no-tls-on-465", .truth = VERDICT_UNREACHABLE, .copies = 0, .port = 465 },
	{ .name = "lmtp", .truth = CLOSED, .copies = 0, .offers = OFFER_LMTP, .port = 24 },
	{ .name = "lmtp-open", .truth = OPEN, .copies = 0, .trusts = TRUST_ALL,
	  .offers = OFFER_LMTP, .port = 24 },
};
const struct personas personas_usual = { rows, sizeof(rows) / sizeof(*rows) };

const struct persona *persona_at(size_t index)
{
	const struct personas *const chapters[] = {
		&personas_usual, &personas_retest, &personas_missed,
	};
	for (size_t i = 0; i < sizeof(chapters) / sizeof(*chapters); i++) {
		if (index < chapters[i]->n)
			return &chapters[i]->v[index];
		index -= chapters[i]->n;
	}
	return NULL;
}

const struct persona *persona_by_name(struct str name)
{
	const struct persona *p;
	for (size_t i = 0; (p = persona_at(i)); i++)
		if (str_eq(name, str_of(p->name)))
			break;
	return p;
}
