/* SPDX-License-Identifier: ISC */
#include "trace/why.h"

#include <assert.h>

/* {a} and {b} stand for the parts of the message that the reason names. */
static const struct {
	const char *code, *text;
} rows[WHY_COUNT] = {
	[WHY_OWN_WRITER] = { "own-writer", "written by our own host {a}" },
	[WHY_OWN_LOCAL] = { "own-local", "written inside our own side" },
	[WHY_OWN_FETCHED] = { "own-fetched", "we fetched it ourselves from {a}" },
	[WHY_NOT_BORDER_HOST] = { "not-border-host",
		"{a} is no border host, so this line records no handover" },
	[WHY_HANDOVER] = { "handover", "our border {a} took the message from this address" },
	[WHY_HANDOVER_LOGIN] = { "handover-login", "the client had logged in at our border" },
	[WHY_BORDER_UNKNOWN] = { "border-unknown",
		"no own host or network is known, so the border cannot be told" },
	[WHY_NO_RECEIVED] = { "no-received", "the message has no Received line" },
	[WHY_FOREIGN_WRITER] = { "foreign-writer",
		"{a} is not one of our hosts and stands above any line of our border" },
	[WHY_OUTSIDE_OF_BORDER] = { "outside-of-border",
		"{a} took the message from outside and is no border host" },
	[WHY_ONLY_OWN] = { "only-own", "the message never came in from outside" },

	[WHY_LINK_NAME] = { "link-name",
		"{a} is the name that the line above looked up for its peer" },
	[WHY_LINK_ADDRESS] = { "link-address",
		"written by {a}, the address that the line above saw" },
	[WHY_LINK_SHORT] = { "link-short",
		"{a} is the short name of the peer that the line above looked up ({b})" },
	[WHY_LINK_SELF] = { "link-self", "{a} had passed it on to itself" },
	[WHY_LINK_ORG] = { "link-org",
		"{a} belongs to the organisation of the peer that the line above looked up ({b})" },
	[WHY_LINK_ORG_NO_ADDRESS] = { "link-org-no-address",
		"the line above gives no address; {a} is of the organisation of its writer {b}" },
	[WHY_LINK_PRIVATE] = { "link-private",
		"the line above took it inside the network of {b}, to which {a} belongs" },
	[WHY_LINK_QUEUE] = { "link-queue",
		"names no writer: written by the host of the line next to it" },
	[WHY_LINK_PROVIDER_INSIDE] = { "link-provider-inside",
		"written inside {b}, which handed it over, with its marks" },
	[WHY_WEAK_HELO] = { "weak-helo",
		"{a} is only what the peer called itself in HELO" },
	[WHY_WEAK_DOUBTFUL] = { "weak-doubtful",
		"the peer's name {a} did not lead back to its address" },
	[WHY_WEAK_GENERIC] = { "weak-generic",
		"the peer {b} is a customer's line of {a}'s organisation, no mail server" },
	[WHY_WEAK_LITERAL] = { "weak-literal",
		"the writer gives only the peer's own address ({a}) as its name" },
	[WHY_WEAK_BELOW] = { "weak-below", "tied to a line that itself rests on HELO alone" },
	[WHY_UNLINKED] = { "unlinked",
		"{a} is neither the name nor the address of the peer {b}" },
	[WHY_UNLINKED_NO_PEER] = { "unlinked-no-peer",
		"the line above does not say from whom it took the message; {a} could be anyone" },
	[WHY_UNLINKED_BELOW] = { "unlinked-below", "stands below a line that cannot be tied" },
	[WHY_UNLINKED_NO_HANDOVER] = { "unlinked-no-handover",
		"no handover was found, so nothing ties this line to our side" },

	[WHY_FORGED_FORMAT] = { "forged-format", "no mailer writes a line of this form" },
	[WHY_FORGED_ID] = { "forged-id",
		"the mailer that it names ({b}) gives no queue id like {a}" },
	[WHY_FORGED_PROTOCOL] = { "forged-protocol",
		"no mailer writes \"with {a}\" in a line of this form" },
	[WHY_FORGED_DATE] = { "forged-date", "names an impossible year" },
	[WHY_FORGED_ADDRESS] = { "forged-address", "names an address that cannot exist" },
	[WHY_FORGED_UNASSIGNED] = { "forged-unassigned",
		"names an address of a range that is given out to nobody" },
	[WHY_FORGED_NOT_GIVEN] = { "forged-not-given",
		"names an address of a range that nobody had at that time" },
	[WHY_FORGED_OWN_NAME] = { "forged-own-name",
		"claims our own host {a}, which took the message only later" },
	[WHY_FORGED_PROVIDER] = { "forged-provider",
		"claims {a} of {b} and lacks the marks of its lines" },
	[WHY_FORGED_TIME] = { "forged-time",
		"is dated well after the line above, which no wrong clock zone explains" },
	[WHY_FORGED_COPIED] = { "forged-copied",
		"a real chain of another message: {a} is unrelated and had it long before" },
	[WHY_FORGED_BELOW] = { "forged-below", "stands below a forged line" },
	[WHY_FORGED_BLOCK] = { "forged-block",
		"stands between the break and a forged line and looks like it" },
	[WHY_NOTE_SKEW] = { "note-skew",
		"dated after the line above; a wrong clock or zone explains it" },
	[WHY_NOTE_NOT_GIVEN] = { "note-not-given",
		"its address was nobody's at that time: a number of {a}'s own network" },
	[WHY_NOTE_DELAY] = { "note-delay", "dated more than five days before the line above" },

	[WHY_ORIGIN_HANDOVER] = { "origin-handover",
		"no link below the handover holds, so the handover is the believed origin" },
	[WHY_ORIGIN_LINKED] = { "origin-linked",
		"{a} is the last host whose links hold, and took it from this address" },
	[WHY_ORIGIN_HEADER] = { "origin-header",
		"the last believed host is of {b}, whose header {a} names its customer" },
	[WHY_HEADER_UNUSED] = { "header-unused",
		"{a} is not believed: the last believed host is not its provider's" },
	[WHY_CHAIN_NONE] = { "chain-none", "nothing stands below the handover" },
	[WHY_CHAIN_LINKED] = { "chain-linked", "every link below the handover holds" },
	[WHY_CHAIN_WEAK] = { "chain-weak", "a link rests on HELO alone" },
	[WHY_CHAIN_UNLINKED] = { "chain-unlinked",
		"a line cannot be tied to the peer of the line above it; that is often innocent" },
	[WHY_CHAIN_FORGED] = { "chain-forged", "a line is forged" },
	[WHY_TRUNCATED] = { "truncated",
		"the message exceeds a limit; the rest was not looked at" },
	[WHY_RELAY] = { "relay",
		"{a} took it from {b}, a stranger, without login and passed it on" },
	[WHY_RELAY_WEAK] = { "relay-weak",
		"that {a} is the handover's own name rests on HELO alone; a test will tell" },
	[WHY_RELAY_PROVIDER] = { "relay-provider", "no relay: {a} is a mail server of {b}" },
	[WHY_RELAY_SMARTHOST] = { "relay-smarthost", "no relay: {a} sends for its customers" },
	[WHY_RELAY_LIST] = { "relay-list", "no relay: {a} sent it as a mailing list ({b})" },
	[WHY_RELAY_FORWARDER] = { "relay-forwarder",
		"no relay: {a} took it for its own user or customer ({b}) and forwarded it" },
	[WHY_RELAY_LOGIN] = { "relay-login", "no relay: the client had logged in at {a}" },
	[WHY_RELAY_ALIKE] = { "relay-alike", "no relay: {a} took it from its own side ({b})" },
	[WHY_RELAY_NONE] = { "relay-none",
		"no third party passed it on within the believed chain" },

	[WHY_RETURN_NO_RESULT] = { "return-no-result",
		"our border recorded no SPF, DKIM or DMARC result" },
	[WHY_RETURN_DMARC] = { "return-dmarc", "DMARC passed for {a}" },
	[WHY_RETURN_DMARC_FAIL] = { "return-dmarc-fail", "DMARC failed for {a}" },
	[WHY_RETURN_SPF] = { "return-spf", "SPF passed for {a}, the domain of the return address" },
	[WHY_RETURN_SPF_FAIL] = { "return-spf-fail", "SPF failed for {a}" },
	[WHY_RETURN_DKIM] = { "return-dkim", "a DKIM signature of {a} verified" },
	[WHY_RETURN_ORG] = { "return-org",
		"a believed host ({b}) belongs to the organisation of the return address {a}" },
	[WHY_RETURN_PROVIDER] = { "return-provider",
		"{a} sends from its own servers only, and none of them is in the believed chain" },
	[WHY_RETURN_NULL] = { "return-null", "the return address is empty, as in a bounce" },
	[WHY_RETURN_FOREIGN_RESULT] = { "return-foreign-result",
		"Authentication-Results of {a} are not ours and were not used" },
};

void why_add(struct trace_whys *whys, enum trace_reason reason, struct str a, struct str b)
{
	if (whys->n < TRACE_WHY_MAX)
		whys->v[whys->n++] = (struct trace_why){ (uint8_t)reason, a, b };
}

void why_show(struct str s, struct buf *out)
{
	enum { SHOWN_BYTES = 120 };
	bool gap = false;
	if (s.n == 0)
		buf_add_cstr(out, "(nothing)");
	for (size_t i = 0; i < s.n && i < SHOWN_BYTES; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c == 0x7f) {
			gap = true;
			continue;
		}
		if (gap)
			buf_add_byte(out, ' ');
		gap = false;
		if (c < 0x7f)
			buf_add_byte(out, (char)c);
		else
			buf_printf(out, "\\x%02x", c);
	}
	if (s.n > SHOWN_BYTES)
		buf_add_cstr(out, "...");
}

void why_text(const struct trace_why *why, struct buf *out)
{
	assert(why->reason < WHY_COUNT && rows[why->reason].text);
	for (const char *p = rows[why->reason].text; *p; p++) {
		if (p[0] == '{' && p[1] && p[2] == '}') {
			why_show(p[1] == 'a' ? why->a : why->b, out);
			p += 2;
		} else {
			buf_add_byte(out, *p);
		}
	}
}

const char *why_code(const struct trace_why *why)
{
	assert(why->reason < WHY_COUNT && rows[why->reason].code);
	return rows[why->reason].code;
}
