/* SPDX-License-Identifier: ISC
 *
 * The table of reasons: each in words, and by its name for programs.
 */
#include "trace/why.h"

#include "base/shown.h"

#include <assert.h>

/* {a} and {b} stand for the parts of the message that the reason names. */
#define WHY(reason, text) [WHY_##reason] = { #reason, text }

static const struct {
	const char *name, *text;
} reasons[WHY_COUNT] = {
	WHY(OWN_WRITER, "written by our own host {a}"),
	WHY(OWN_LOCAL, "written inside our own side"),
	WHY(OWN_FETCHED, "we fetched it ourselves from {a}"),
	WHY(NOT_BORDER_HOST, "{a} is no border host, so this line records no handover"),
	WHY(HANDOVER, "our border {a} took the message from this address"),
	WHY(HANDOVER_LOGIN, "the client had logged in at our border"),
	WHY(BORDER_UNKNOWN, "no own host or network is known, so the border cannot be told"),
	WHY(NO_RECEIVED, "the message has no Received line"),
	WHY(FOREIGN_WRITER, "{a} is not one of our hosts and stands above any line of our border"),
	WHY(OUTSIDE_OF_BORDER, "{a} took the message from outside and is no border host"),
	WHY(ONLY_OWN, "the message never came in from outside"),

	WHY(LINK_NAME, "{a} is the name that the line above looked up for its peer"),
	WHY(LINK_ADDRESS, "written by {a}, the address that the line above saw"),
	WHY(LINK_SHORT, "{a} is the short name of the peer that the line above looked up ({b})"),
	WHY(LINK_SELF, "{a} had passed it on to itself"),
	WHY(LINK_ORG,
	    "{a} belongs to the organisation of the peer that the line above looked up ({b})"),
	WHY(LINK_ORG_NO_ADDRESS,
	    "the line above gives no address; {a} is of the organisation of its writer {b}"),
	WHY(LINK_PRIVATE, "the line above took it inside the network of {b}, to which {a} belongs"),
	WHY(LINK_QUEUE, "names no writer: written by the host of the line next to it"),
	WHY(LINK_NOTE, "a program of {a} notes the message that {a} took by the line below"),
	WHY(LINK_PROVIDER_INSIDE, "written inside {b}, which handed it over, with its marks"),
	WHY(WEAK_HELO, "{a} is only what the peer called itself in HELO"),
	WHY(WEAK_DOUBTFUL, "the peer's name {a} did not lead back to its address"),
	WHY(WEAK_GENERIC,
	    "the peer {b} is a customer's line of {a}'s organisation, no mail server"),
	WHY(WEAK_LITERAL, "the writer gives only the peer's own address ({a}) as its name"),
	WHY(WEAK_BELOW, "tied to a line that itself rests on HELO alone"),
	WHY(UNLINKED, "{a} is neither the name nor the address of the peer {b}"),
	WHY(UNLINKED_NO_PEER,
	    "the line above does not say from whom it took the message; {a} could be anyone"),
	WHY(UNLINKED_BELOW, "stands below a line that cannot be tied"),
	WHY(UNLINKED_NO_HANDOVER, "no handover was found, so nothing ties this line to our side"),

	WHY(FORGED_FORMAT, "no mailer writes a line of this form"),
	WHY(FORGED_DATE_PLACE, "has a date where an address, a name or a comment stands"),
	WHY(FORGED_PLACEHOLDER, "has a spam program's placeholder that was not filled in: {a}"),
	WHY(FORGED_ID, "the mailer that it names ({b}) gives no queue id like {a}"),
	WHY(FORGED_PROTOCOL, "no mailer writes \"with {a}\" in a line of this form"),
	WHY(FORGED_DATE, "names an impossible date"),
	WHY(FORGED_ADDRESS, "names an address that cannot exist"),
	WHY(FORGED_UNASSIGNED, "names an address of a range that is given out to nobody"),
	WHY(FORGED_NOT_GIVEN, "names an address of a range that nobody had at that time"),
	WHY(FORGED_OWN_NAME, "claims our own host {a}, which took the message only later"),
	WHY(FORGED_PROVIDER, "claims {a} of {b} and lacks the marks of its lines"),
	WHY(FORGED_TIME, "is dated well after the line above, which no wrong clock zone explains"),
	WHY(FORGED_COPIED,
	    "a real chain of another message: {a} is unrelated and had it long before"),
	WHY(FORGED_BELOW, "stands below a forged line"),
	WHY(FORGED_BLOCK, "stands between the break and a forged line and looks like it"),
	WHY(NOTE_SKEW, "dated after the line above; a wrong clock or zone explains it"),
	WHY(NOTE_NOT_GIVEN, "its address was nobody's at that time: a number of {a}'s own network"),
	WHY(NOTE_DELAY, "dated more than five days before the line above"),

	WHY(ORIGIN_HANDOVER,
	    "no link below the handover holds, so the handover is the believed origin"),
	WHY(ORIGIN_LINKED, "{a} is the last host whose links hold, and took it from this address"),
	WHY(ORIGIN_HEADER, "the last believed host is of {b}, whose header {a} names its customer"),
	WHY(HEADER_UNUSED, "{a} is not believed: the last believed host is not its provider's"),
	WHY(CHAIN_NONE, "nothing stands below the handover"),
	WHY(CHAIN_LINKED, "every link below the handover holds"),
	WHY(CHAIN_WEAK, "a link rests on HELO alone"),
	WHY(CHAIN_UNLINKED,
	    "a line cannot be tied to the peer of the line above it; that is often innocent"),
	WHY(CHAIN_FORGED, "a line is forged"),
	WHY(TRUNCATED, "the message exceeds a limit; the rest was not looked at"),
	WHY(RELAY, "{a} took it from {b}, a stranger, without login and passed it on"),
	WHY(RELAY_WEAK,
	    "that {a} is the handover's own name rests on HELO alone; a test will tell"),
	WHY(RELAY_PROVIDER, "no relay: {a} is a mail server of {b}"),
	WHY(RELAY_SMARTHOST, "no relay: {a} sends for its customers"),
	WHY(RELAY_LIST, "no relay: {a} sent it as a mailing list ({b})"),
	WHY(RELAY_FORWARDER,
	    "no relay: {a} took it for its own user or customer ({b}) and forwarded it"),
	WHY(RELAY_FOR_PROVIDER, "no relay: {a} took it from a mail server of {b}"),
	WHY(RELAY_FOR_SERVER,
	    "no relay: {a} took it from {b}, a mail server whose user had logged in"),
	WHY(RELAY_LOGIN, "no relay: the client had logged in at {a}"),
	WHY(RELAY_ALIKE, "no relay: {a} took it from its own side ({b})"),
	WHY(RELAY_NONE, "no third party passed it on within the believed chain"),

	WHY(RETURN_NO_RESULT, "our border recorded no SPF, DKIM or DMARC result"),
	WHY(RETURN_DMARC, "DMARC passed for {a}"),
	WHY(RETURN_DMARC_FAIL, "DMARC failed for {a}"),
	WHY(RETURN_SPF, "SPF passed for {a}, the domain of the return address"),
	WHY(RETURN_SPF_FAIL, "SPF failed for {a}"),
	WHY(RETURN_DKIM, "a DKIM signature of {a} verified"),
	WHY(RETURN_ORG,
	    "a believed host ({b}) belongs to the organisation of the return address {a}"),
	WHY(RETURN_PROVIDER,
	    "{a} sends from its own servers only, and none of them is in the believed chain"),
	WHY(RETURN_NULL, "the return address is empty, as in a bounce"),
	WHY(RETURN_FOREIGN_RESULT, "Authentication-Results of {a} are not ours and were not used"),
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
		buf_add_cstr(out, out->n && out->p[out->n - 1] == '(' ? "unnamed" : "(unnamed)");
	struct str part = shown_cut(s, SHOWN_BYTES);
	for (size_t n; part.n; part = str_from(part, n)) {
		unsigned char c = (unsigned char)part.p[0];
		n = str_utf8(part);
		n = n ? n : 1;
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
			shown_add(out, (struct str){ part.p, n }, true);
	}
	if (s.n > SHOWN_BYTES)
		buf_add_cstr(out, "...");
}

char *why_code(const struct trace_why *why, char code[static WHY_CODE_MAX])
{
	assert(why->reason < WHY_COUNT && reasons[why->reason].name);
	const char *name = reasons[why->reason].name;
	size_t n = strlen(name);
	assert(n < WHY_CODE_MAX);
	for (size_t i = 0; i <= n; i++)
		code[i] = ascii_lower(name[i]);
	return code;
}

void why_text(const struct trace_why *why, struct buf *out)
{
	assert(why->reason < WHY_COUNT && reasons[why->reason].text);
	for (const char *p = reasons[why->reason].text; *p; p++) {
		if (p[0] == '{' && p[1] && p[2] == '}') {
			why_show(p[1] == 'a' ? why->a : why->b, out);
			p += 2;
		} else {
			buf_add_byte(out, *p);
		}
	}
}
