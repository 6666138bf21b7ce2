/* SPDX-License-Identifier: ISC
 *
 * The outcome of a test so far: its results in order, and the verdict on them.
 */
#include "relaytest/session-private.h"

#include "base/mem.h"
#include "relaytest/verdict.h"

/* A candidate that never got a message was taken no further than RCPT. */
static void collect_results(struct session *s, unsigned attempt, size_t *n)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].kind == ITEM_FORM && s->items[i].result.attempt == attempt)
			s->results[(*n)++] = s->items[i].result;
}

void session_outcome(struct session *s, struct session_outcome *out)
{
	size_t n = 0;
	plan_settle_twins(s);
	s->results = mem_realloc(s->results, s->item_count, sizeof(*s->results));
	collect_results(s, 0, &n);
	collect_results(s, 1, &n);
	struct verdict_input in = {
		.results = s->results, .n = n, .reached = s->host.standing >= HOST_REACHED,
		.plain_shut = judge_plain_shut(s), .unfinished = s->unfinished,
		.catch_all = s->host.catch_all, .second_taken = s->host.second_taken,
		.deaf = s->deaf != NULL,
	};
	enum verdict verdict = verdict_decide(&in);
	*out = (struct session_outcome){
		.results = s->results, .n = n, .verdict = verdict,
		.cause = judge_cause(s, verdict),
		.accepted = s->accepted, .control_ok = in.plain_shut,
		.catch_all = s->host.catch_all, .finding = verdict_finding(s->results, n),
		.reason = judge_reason(s, verdict), .transcript = buf_str(&s->transcript),
	};
}
