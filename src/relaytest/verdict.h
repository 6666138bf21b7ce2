/* SPDX-License-Identifier: ISC
 *
 * The verdict over the cases of one host: a pure function. Precedence: open >
 * inconclusive > backscatter > accepting > closed; unreachable if no conversation
 * could be had. Accepted is not relayed: only our token, with our mark, back at the
 * collector makes a host open, and only when the form holds for both of our domains.
 */
#ifndef PORTREEVE_RELAYTEST_VERDICT_H
#define PORTREEVE_RELAYTEST_VERDICT_H

#include "store/types.h"

struct verdict_input {
	const struct case_result *results;
	size_t n;
	bool reached;        /* a greeting was had, friendly or not */
	bool unfinished;     /* forms that should have run did not */
	bool catch_all;      /* it takes any recipient at its own name */
	bool deaf;           /* nothing could have come back: silence tells nothing */
};

enum verdict verdict_decide(const struct verdict_input *in);
/* A form came back under both domains; NULL if none did. */
const struct case_result *verdict_proof(const struct case_result *results, size_t n);
/* What else the results tell: "legitimate-mx" (came back for the first domain, the second
 * was refused), "relays-test-mail" (the second was taken and kept). NULL: nothing. */
const char *verdict_finding(const struct case_result *results, size_t n);
/* Every one of `forms` was refused by policy in these results. */
bool verdict_forms_refused(const struct case_result *results, size_t n,
                           const char (*forms)[CASE_ID_MAX], size_t form_count);

#endif
