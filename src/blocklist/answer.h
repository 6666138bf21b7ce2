/* SPDX-License-Identifier: ISC
 *
 * The answer builder: a query's bytes in, the answer's bytes out, a message at a time. Pure; it
 * allocates nothing and reads no clock, so that any thread may call it on any state that stands.
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

#include "blocklist/edition.h"
#include "blocklist/query.h"
#include "blocklist/rrl.h"
#include "blocklist/zones.h"

enum { BLOCKLIST_ANSWER_MAX = 4096 };

/* What is answered from: the zones that are served, and what stands in them now. */
struct blocklist_state {
	const struct blocklist_zones *zones;
	const struct blocklist_edition *edition;         /* NULL: nothing was read yet */
};

enum blocklist_transport { BLOCKLIST_UDP, BLOCKLIST_TCP };

/* What an answer was, for who counts them. */
enum blocklist_outcome {
	BLOCKLIST_SILENCE,               /* there was none */
	BLOCKLIST_LISTED,                /* a record of an address that is on the list */
	BLOCKLIST_NOERROR,               /* others, and none */
	BLOCKLIST_NXDOMAIN, BLOCKLIST_REFUSED, BLOCKLIST_SERVFAIL, BLOCKLIST_FORMERR,
	BLOCKLIST_NOTIMP,                /* BADVERS, too */
	BLOCKLIST_LIMITED,               /* cut to the question by the rate */
	BLOCKLIST_OUTCOMES,
};

/* Who asks by UDP, where nothing proves it. */
struct blocklist_asker {
	struct blocklist_rrl *rrl;
	struct ip ip;
	int64_t now_ms;
};

/* The answer to one query, which may be many messages (by TCP), made when it is asked for the next
 * one. Members are its own. The query's bytes, the state and the asker outlive it. */
struct blocklist_answers {
	const struct blocklist_state *state;
	const struct blocklist_asker *asker;
	enum blocklist_transport transport;
	struct blocklist_query query;
	int rcode;                       /* of the query's form; negative: silence */
	unsigned made;                   /* messages */
	enum blocklist_outcome outcome;  /* of the last one that was made */
};

/* `asker` may be NULL: no rate counts. Else (by UDP) no more equal answers go to one network than
 * it allows: beyond that one has the question alone and TC, and is no longer than the query. */
void blocklist_answers_begin(struct blocklist_answers *a, const struct blocklist_state *state,
                             struct str query, enum blocklist_transport transport,
                             const struct blocklist_asker *asker);
/* The length of the next message, or 0: there is none any more. By UDP it is at most what the asker
 * takes, and at most 1232; TC is set when the answer itself did not fit. All but transfers, which
 * are refused, have one message. */
size_t blocklist_answers_next(struct blocklist_answers *a,
                              uint8_t dst[static BLOCKLIST_ANSWER_MAX]);
/* The first message of the answer, which is all of it by UDP; 0 for none. */
size_t blocklist_answer(const struct blocklist_state *state, struct str query,
                        enum blocklist_transport transport, const struct blocklist_asker *asker,
                        uint8_t dst[static BLOCKLIST_ANSWER_MAX]);

#endif
