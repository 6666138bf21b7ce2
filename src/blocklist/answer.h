/* SPDX-License-Identifier: ISC
 *
 * The answer builder: a query's bytes in, the answer's bytes out. Pure; it allocates
 * nothing and reads no clock, so that any thread may call it on any state that stands.
 *
 * What it answers, by rule (tests/blocklist/test-answer.c has a row for each):
 *   nothing         shorter than a header; a response (QR)
 *   FORMERR         not one question, a record or option that breaks its form, two OPT
 *                   records, bytes behind the message
 *   NOTIMP          an opcode other than QUERY
 *   BADVERS         EDNS of a version above 0
 *   REFUSED         names outside our zones, other classes (EDE 20); transfers (EDE 18)
 *   SERVFAIL        the list has not been read yet (EDE 14)
 *   NXDOMAIN        nothing at or below the name
 *   NOERROR, empty  something below the name, or other types at it (RFC 8020, RFC 2308)
 * ANY is answered with HINFO (RFC 8482). The question is echoed in its own case.
 *
 * Hostile input that reaches it: any datagram from anyone.
 */
#ifndef PORTREEVE_BLOCKLIST_ANSWER_H
#define PORTREEVE_BLOCKLIST_ANSWER_H

#include "blocklist/index.h"
#include "blocklist/rrl.h"
#include "blocklist/words.h"
#include "blocklist/zone.h"

enum { BLOCKLIST_ANSWER_MAX = 4096, BLOCKLIST_VIEWS_MAX = 2 };

/* A zone with what it lists now. */
struct blocklist_view {
	const struct blocklist_zone *zone;
	const struct blocklist_index *index;     /* NULL: not read yet */
	uint32_t serial;
	const struct blocklist_words *words;     /* listed by word, not by proof; NULL: none */
};

/* Owned by the role; zones are set by it, index and serial by the follower. */
struct blocklist_state {
	struct blocklist_view views[BLOCKLIST_VIEWS_MAX];
	size_t view_count;
};

enum blocklist_transport { BLOCKLIST_UDP, BLOCKLIST_TCP };

/* The length of the answer, or 0 for none. By UDP it is at most what the asker takes, and
 * at most 1232; TC is set when the answer itself did not fit. */
size_t blocklist_answer(const struct blocklist_state *state, struct str query,
                        enum blocklist_transport transport,
                        uint8_t dst[static BLOCKLIST_ANSWER_MAX]);

/* Who asks by UDP, where nothing proves it. */
struct blocklist_asker {
	struct blocklist_rrl *rrl;
	struct ip ip;
	int64_t now_ms;
};

/* The same by UDP, but no more equal answers to one network than the rate allows: beyond it an
 * answer has the question alone and TC, and is no longer than the query. */
size_t blocklist_answer_to(const struct blocklist_state *state, struct str query,
                           const struct blocklist_asker *asker,
                           uint8_t dst[static BLOCKLIST_ANSWER_MAX]);

#endif
