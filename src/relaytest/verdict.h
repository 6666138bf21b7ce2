/* SPDX-License-Identifier: ISC
 *
 * The verdict over the cases of one host: pure functions. Precedence: open > inconclusive >
 * backscatter > accepting > closed; unreachable if no conversation could be had.
 *
 * Accepted is not relayed: only our token, with our mark, back at the collector makes a host
 * open, and only when the form holds for both of our domains. And refused is not closed: a
 * host is closed only if it took part (greeting and HELO 2xx on a plain connection) and its
 * relay policy was seen to refuse the plain form. A refusal of who we are or when we come
 * shows nothing of what others hear.
 */
#ifndef PORTREEVE_RELAYTEST_VERDICT_H
#define PORTREEVE_RELAYTEST_VERDICT_H

#include "catalogue/explain.h"
#include "store/types.h"

struct verdict_input {
	const struct case_result *results;
	size_t n;
	bool reached;        /* a greeting was had, friendly or not, or what was no SMTP */
	bool plain_shut;     /* it took part, and its policy refuses the plain form */
	bool unfinished;     /* forms that should have run did not */
	bool catch_all;      /* it takes any recipient at its own name */
	bool second_taken;   /* what our first address is refused, our second is not */
	bool deaf;           /* nothing could have come back: silence tells nothing */
};

enum verdict verdict_decide(const struct verdict_input *in);
/* A form came back under both domains; NULL if none did. */
const struct case_result *verdict_proof(const struct case_result *results, size_t n);
/* What else the results tell: "legitimate-mx" (came back for the first domain, the second
 * was refused), "relays-test-mail" (the second was taken and kept). NULL: nothing. */
const char *verdict_finding(const struct case_result *results, size_t n);
/* Why it is open, by the forms that came back and by how the host greets (in the transcript of the
 * test); if that does not name it, by `server`, which its Received line names. ERR_NOT_FOUND:
 * nothing came back. */
int verdict_explain(const struct case_result *results, size_t n, struct str transcript,
                    enum mta server, struct explanation *why);

/* A confirmation that was refused in so many words, and not because of who we are: what came
 * back for the first domain did so as the host is an MX of it. */
bool verdict_denies_second(const struct case_result *r);

/* A no that stands: 5xx, 4xx by relay policy, or the form's own connection turned away. Any
 * other 4xx is asked again. */
bool verdict_refused(const struct case_result *r);
/* A no that closes the form: of who we are only where the form pretends to be somebody else. */
bool verdict_closes(const struct case_result *r);
/* It took the recipient, and refused the message in words that say nothing of relaying. */
bool verdict_refuses_content(const struct case_result *r);
/* A message left, and was neither taken nor refused for good. */
bool verdict_may_keep(const struct case_result *r);
/* Asked, and the answer was neither yes nor no: to be asked again, if it can be. */
bool verdict_undecided(const struct case_result *r);
/* Every one of `forms`, which were open, is closed by these results. */
bool verdict_forms_refused(const struct case_result *results, size_t n,
                           const char (*forms)[CASE_ID_MAX], size_t form_count);

#endif
