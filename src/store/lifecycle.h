/* SPDX-License-Identifier: ISC
 *
 * When a listing begins and when it ends: a pure function of state, event and policy. It has no
 * clock, no store, no I/O. The use cases (finish.c, word.c, retest.c, …) call it inside the
 * transaction that carries its effects out, and the tests call it over its whole table.
 *
 * The rule it keeps (the promise of the house): a listed host stays listed until a retest passes
 * or the operator says so. Silence, "unreachable", "inconclusive" or blocking the tester never
 * delists. This deviates from RFC 6471 2.2.1, by which listings SHOULD be temporary and expire
 * when their reasons are not seen again: an open relay that blocks its tester is an open relay
 * still. What that section is for is reached otherwise: each listing is tested again by itself
 * (recheck_interval_s), and its owner ends it in minutes by a retest.
 *
 * Decided here, and tested:
 *  - A test passes (lifecycle_passed()) when it ended closed or backscatter, the control
 *    shows that the server still talks to us, and every form of its port that was open is
 *    refused. Accepting does not pass: what was taken may yet be relayed.
 *  - A port that passes has its proofs cleared; the last one to do so ends the listing.
 *  - A listing by the operator's word ends by that word, or by a retest that was asked for
 *    and passes (the owner's right); a scheduled recheck alone does not end it.
 *  - An excluded address is never tested and never newly listed: no retest could free it.
 *    A listing it had stays; a test under way when it was excluded still counts for it.
 *  - An address that may not be published (store/fuse.h) is never newly listed: a proof of it
 *    is withheld. One that is on the list can always be taken off.
 *  - A range has no life of this kind: it comes and goes by the operator's word (ranges.c), and
 *    no test of an address inside it says anything of it. The address's own listing is another.
 *  - A return that comes late does not list again where a newer test has passed since: it
 *    proves what the host was, not what it is.
 */
#ifndef PORTREEVE_STORE_LIFECYCLE_H
#define PORTREEVE_STORE_LIFECYCLE_H

#include "store/types.h"

struct lifecycle_policy {
	int64_t recheck_interval_s;    /* 90 days */
	int64_t retry_after_s;         /* after inconclusive or unreachable */
	unsigned retry_max;            /* then wait for the recheck or a request */
};

enum lifecycle_event_type {
	LIFE_TEST_DONE,          /* verdict, control_ok, forms_refused */
	LIFE_RETURN_LATE,        /* a return within the window after the verdict: now open */
	LIFE_OPERATOR_LIST,
	LIFE_OPERATOR_DELIST,
	LIFE_RETEST_ASKED,       /* by the owner (mail from the host) or the operator */
	LIFE_RECHECK_DUE,
	LIFE_EXCLUDED,           /* by the operator: never tested; a listing stays */
};

struct lifecycle_event {
	enum lifecycle_event_type type;
	enum verdict verdict;
	bool control_ok;         /* the server still talks SMTP to us: banner and HELO answered 2xx,
	                            and a control command (RCPT postmaster, or NOOP/RSET) as well */
	bool forms_refused;      /* every form of this port that was open is now refused by
	                            policy */
	bool asked;              /* the test was a TEST_RETEST: its owner or the operator asked */
	bool superseded;         /* RETURN_LATE: a newer test of the same target has passed since */
	unsigned tries;          /* of this test */
	int64_t now_s;
};

struct lifecycle_state {
	bool listed;
	bool by_operator;
	bool excluded;
	const char *withheld;      /* why it may not be published; NULL: it may */
	unsigned open_ports;       /* ports with a proof that still stands, this one included */
	bool this_port_open;       /* a proof of the tested port stands */
};

/* Effects, a set. */
enum {
	LIFE_LIST = 1u << 0,           /* put on the list, with the proofs */
	LIFE_REFRESH = 1u << 1,        /* listed already: newer proofs and evidence */
	LIFE_CLEAR_PORT = 1u << 2,     /* the proofs of this port are refuted */
	LIFE_DELIST = 1u << 3,         /* nothing stands any more */
	LIFE_QUEUE_RETRY = 1u << 4,    /* test again at `at_s` */
	LIFE_QUEUE_RETEST = 1u << 5,   /* test every port with a standing proof, now */
	LIFE_SET_RECHECK = 1u << 6,    /* next recheck at `at_s` */
	LIFE_NOTIFY = 1u << 7,         /* tell the host's postmaster (if the operator wants that) */
	LIFE_REFUSE = 1u << 8,         /* the event cannot be done (excluded, not listed) */
	LIFE_WITHHOLD = 1u << 9,       /* proved, and may not be published: why names the rule */
};

struct lifecycle_effects {
	unsigned set;
	int64_t at_s;
	const char *why;               /* static, for the journal */
};

/* Whether a LIFE_TEST_DONE refutes the proofs of its port. */
bool lifecycle_passed(const struct lifecycle_event *event);
struct lifecycle_effects lifecycle_step(const struct lifecycle_state *state,
                                        const struct lifecycle_event *event,
                                        const struct lifecycle_policy *policy);

#endif
