/* SPDX-License-Identifier: ISC
 *
 * What the address tells by which a server saw a witness: whether strangers arrive by their own,
 * or whether that was lost on the way, and which causes fit then. Pure.
 *
 * Who uses it: `witness --read`. No foreign byte but addresses reaches it.
 */
#ifndef PORTREEVE_WITNESS_JUDGE_H
#define PORTREEVE_WITNESS_JUDGE_H

#include "base/json.h"
#include "catalogue/seen.h"
#include "witness/log.h"

/* What is known of both ends. */
struct witness_ends {
	const struct ip *own;            /* addresses of the server's machine */
	size_t own_n;
	const struct ip *known;          /* by which others see the tester; none: not known */
	size_t known_n;
};

enum witness_verdict {
	WITNESS_KEPT,                    /* the tester's own address, or a public one */
	WITNESS_LOST,                    /* private, loopback, or of the server itself */
	WITNESS_UNSURE,                  /* public, but not that by which others see the tester */
};
const char *witness_verdict_name(enum witness_verdict verdict);     /* "kept" */

/* What the machine's own network tells of that loss; zeroed: nothing. */
struct witness_evidence {
	const char *cause;               /* "C3": comes first then */
	const char *text;                /* a sentence */
	const char *line;                /* the rule or command line that does it; "" */
};

struct witness_judged {
	enum witness_verdict verdict;
	struct seen_as told;
	const struct cause *causes[SEEN_CAUSES_MAX];     /* the likeliest first; of WITNESS_LOST */
	size_t cause_n;
	struct witness_evidence evidence;
};

void witness_judge(const struct witness_sighting *seen, const struct witness_ends *ends,
                   struct witness_judged *judged);
/* Of a loss: that it is known how. */
void witness_judge_evidence(struct witness_judged *judged, const struct witness_evidence *evidence);
/* Of all: lost if one is, kept if all are; UNSURE if there are none. */
enum witness_verdict witness_judge_all(const struct witness_sighting *seen, size_t n,
                                       const struct witness_ends *ends);
/* One sentence, no full stop. */
void witness_sentence(const struct witness_judged *judged, struct buf *out);
/* An object of the array `seen` of `witness --read --json`. */
void witness_sighting_json(const struct witness_sighting *seen, const struct witness_judged *judged,
                       struct json *j);

#endif
