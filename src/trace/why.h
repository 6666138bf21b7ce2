/* SPDX-License-Identifier: ISC
 *
 * The reasons of a trace: codes while it is made, plain words on output. Each code
 * is one row of a table, so that a reason is worded in one place only.
 */
#ifndef PORTREEVE_TRACE_WHY_H
#define PORTREEVE_TRACE_WHY_H

#include "trace/trace.h"

enum trace_reason {
	/* our own side */
	WHY_OWN_WRITER, WHY_OWN_LOCAL, WHY_OWN_FETCHED, WHY_NOT_BORDER_HOST, WHY_HANDOVER,
	WHY_HANDOVER_LOGIN,
	WHY_BORDER_UNKNOWN, WHY_NO_RECEIVED, WHY_FOREIGN_WRITER, WHY_OUTSIDE_OF_BORDER,
	WHY_ONLY_OWN,
	/* links */
	WHY_LINK_NAME, WHY_LINK_ADDRESS, WHY_LINK_SHORT, WHY_LINK_SELF, WHY_LINK_ORG,
	WHY_LINK_ORG_NO_ADDRESS, WHY_LINK_PRIVATE, WHY_LINK_QUEUE, WHY_LINK_NOTE,
	WHY_LINK_PROVIDER_INSIDE,
	WHY_WEAK_HELO, WHY_WEAK_DOUBTFUL, WHY_WEAK_GENERIC, WHY_WEAK_LITERAL, WHY_WEAK_BELOW,
	WHY_UNLINKED, WHY_UNLINKED_NO_PEER, WHY_UNLINKED_BELOW, WHY_UNLINKED_NO_HANDOVER,
	/* signs of forgery, and notes */
	WHY_FORGED_FORMAT, WHY_FORGED_DATE_PLACE, WHY_FORGED_PLACEHOLDER, WHY_FORGED_ID,
	WHY_FORGED_PROTOCOL, WHY_FORGED_DATE,
	WHY_FORGED_ADDRESS, WHY_FORGED_UNASSIGNED, WHY_FORGED_NOT_GIVEN, WHY_FORGED_OWN_NAME,
	WHY_FORGED_PROVIDER,
	WHY_FORGED_TIME, WHY_FORGED_COPIED, WHY_FORGED_BELOW, WHY_FORGED_BLOCK,
	WHY_NOTE_SKEW, WHY_NOTE_DELAY, WHY_NOTE_NOT_GIVEN,
	/* answers */
	WHY_ORIGIN_HANDOVER, WHY_ORIGIN_LINKED, WHY_ORIGIN_HEADER, WHY_HEADER_UNUSED,
	WHY_CHAIN_NONE, WHY_CHAIN_LINKED, WHY_CHAIN_WEAK, WHY_CHAIN_UNLINKED, WHY_CHAIN_FORGED,
	WHY_TRUNCATED,
	WHY_RELAY, WHY_RELAY_WEAK, WHY_RELAY_PROVIDER, WHY_RELAY_SMARTHOST, WHY_RELAY_LIST,
	WHY_RELAY_FORWARDER, WHY_RELAY_FOR_PROVIDER, WHY_RELAY_FOR_SERVER,
	WHY_RELAY_LOGIN, WHY_RELAY_ALIKE, WHY_RELAY_NONE,
	/* return address */
	WHY_RETURN_NO_RESULT, WHY_RETURN_DMARC, WHY_RETURN_DMARC_FAIL, WHY_RETURN_SPF,
	WHY_RETURN_SPF_FAIL, WHY_RETURN_DKIM, WHY_RETURN_ORG, WHY_RETURN_PROVIDER,
	WHY_RETURN_NULL, WHY_RETURN_FOREIGN_RESULT,
	WHY_COUNT
};

/* Drops the reason when there is no room: the first ones count most. */
void why_add(struct trace_whys *whys, enum trace_reason reason, struct str a, struct str b);
/* Appends a part of the message as it may stand in a sentence: cut, without controls. It is
 * valid UTF-8, of characters that shown_add() shows; all else is \xHH. */
void why_show(struct str s, struct buf *out);
/* The reason's code for programs, "link_name" of WHY_LINK_NAME: these are never renamed. */
enum { WHY_CODE_MAX = 32 };
char *why_code(const struct trace_why *why, char code[static WHY_CODE_MAX]);
/* Appends the reason's text. What comes from the message is cut to a readable length
 * and stripped of line ends and controls. */
void why_text(const struct trace_why *why, struct buf *out);

#endif
