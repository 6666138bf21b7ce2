/* SPDX-License-Identifier: ISC
 *
 * The life of a listing as a function: one place for each event, and what must hold of all.
 */
#include "store/lifecycle.h"

#include <assert.h>

static struct lifecycle_effects effects(unsigned set, int64_t at_s, const char *why)
{
	return (struct lifecycle_effects){ set, at_s, why };
}

bool lifecycle_passed(const struct lifecycle_event *event)
{
	return event->type == LIFE_TEST_DONE &&
	       (event->verdict == VERDICT_CLOSED || event->verdict == VERDICT_BACKSCATTER) &&
	       event->control_ok && event->forms_refused;
}

static struct lifecycle_effects proved(const struct lifecycle_state *state, int64_t recheck_s,
                                       const char *why)
{
	if (state->listed)
		return effects(LIFE_REFRESH | LIFE_SET_RECHECK, recheck_s, why);
	if (state->excluded)
		return effects(LIFE_REFUSE, 0, "excluded while it was tested: not listed");
	if (state->withheld)
		return effects(LIFE_WITHHOLD, 0, state->withheld);
	return effects(LIFE_LIST | LIFE_SET_RECHECK | LIFE_NOTIFY, recheck_s, why);
}

/* The test passed: what still keeps the address on the list? */
static struct lifecycle_effects passed(const struct lifecycle_state *state,
                                       const struct lifecycle_event *event, int64_t recheck_s)
{
	unsigned clear = state->this_port_open ? LIFE_CLEAR_PORT : 0;
	unsigned others = state->open_ports - (state->this_port_open && state->open_ports);
	if (!state->listed)
		return effects(clear, 0, "closed");
	if (others > 0)
		return effects(clear | LIFE_SET_RECHECK, recheck_s,
		               clear ? "passed on this port; another is still open" :
		                       "this port was never open; another still is");
	if (state->by_operator && !event->asked)
		return effects(clear | LIFE_SET_RECHECK, recheck_s,
		               "passed; listed by the operator's word, which stands");
	return effects(clear | LIFE_DELIST, 0, "the retest passed");
}

static const char *why_not_passed(const struct lifecycle_event *event)
{
	switch (event->verdict) {
	case VERDICT_UNREACHABLE:
	case VERDICT_INCONCLUSIVE:
		return "proves nothing";
	case VERDICT_ACCEPTING:
		return "messages were accepted and may yet be relayed";
	default:
		return event->control_ok ? "a form that was open was not refused" :
		                           "the server does not talk to the tester";
	}
}

static struct lifecycle_effects test_done(const struct lifecycle_state *state,
                                          const struct lifecycle_event *event,
                                          const struct lifecycle_policy *policy)
{
	int64_t recheck_s = event->now_s + policy->recheck_interval_s;
	if (event->verdict == VERDICT_NONE)
		return effects(LIFE_REFUSE, 0, "the test has no verdict");
	if (event->verdict == VERDICT_OPEN)
		return proved(state, recheck_s, "relay proved");
	if (lifecycle_passed(event))
		return passed(state, event, recheck_s);

	bool undecided = event->verdict == VERDICT_UNREACHABLE ||
	                 event->verdict == VERDICT_INCONCLUSIVE;
	if (undecided && !state->excluded && event->tries < policy->retry_max)
		return effects(LIFE_QUEUE_RETRY, event->now_s + policy->retry_after_s,
		               "undecided: tried again later");
	if (state->listed)
		return effects(LIFE_SET_RECHECK, recheck_s, why_not_passed(event));
	return effects(0, 0, verdict_name(event->verdict));
}

static struct lifecycle_effects return_late(const struct lifecycle_state *state,
                                            const struct lifecycle_event *event,
                                            const struct lifecycle_policy *policy)
{
	if (event->superseded)
		return effects(LIFE_REFUSE, 0, "late return; a newer test has passed since");
	return proved(state, event->now_s + policy->recheck_interval_s,
	              "relay proved by a late return");
}

static struct lifecycle_effects retest(const struct lifecycle_state *state,
                                       const struct lifecycle_event *event,
                                       const struct lifecycle_policy *policy)
{
	bool due = event->type == LIFE_RECHECK_DUE;
	if (!state->listed)
		return effects(LIFE_REFUSE, 0, "not listed");
	if (state->excluded && due)
		return effects(LIFE_REFUSE | LIFE_SET_RECHECK,
		               event->now_s + policy->recheck_interval_s, "excluded from tests");
	if (state->excluded)
		return effects(LIFE_REFUSE, 0, "excluded from tests");
	return effects(LIFE_QUEUE_RETEST, event->now_s, due ? "recheck due" : "retest asked");
}

static struct lifecycle_effects step(const struct lifecycle_state *state,
                                     const struct lifecycle_event *event,
                                     const struct lifecycle_policy *policy)
{
	switch (event->type) {
	case LIFE_TEST_DONE:
		return test_done(state, event, policy);
	case LIFE_RETURN_LATE:
		return return_late(state, event, policy);
	case LIFE_OPERATOR_LIST:
		if (state->listed)
			return effects(LIFE_REFUSE, 0, "listed already");
		if (state->withheld)
			return effects(LIFE_REFUSE, 0, state->withheld);
		return effects(LIFE_LIST | LIFE_SET_RECHECK,
		               event->now_s + policy->recheck_interval_s, "the operator's word");
	case LIFE_OPERATOR_DELIST:
		if (!state->listed)
			return effects(LIFE_REFUSE, 0, "not listed");
		return effects(LIFE_DELIST, 0, "the operator's word");
	case LIFE_RETEST_ASKED:
	case LIFE_RECHECK_DUE:
		return retest(state, event, policy);
	case LIFE_EXCLUDED:
		return effects(0, 0, "excluded: no more tests; a listing stays");
	}
	return effects(LIFE_REFUSE, 0, "no such event");
}

/* The promises of the header, whatever the event. */
static void check(const struct lifecycle_state *state, const struct lifecycle_event *event,
                  const struct lifecycle_effects *f)
{
	bool by_word = event->type == LIFE_OPERATOR_LIST || event->type == LIFE_OPERATOR_DELIST;
	bool is_proved = event->type == LIFE_RETURN_LATE || event->verdict == VERDICT_OPEN;
	if (f->set & LIFE_LIST) {
		assert(!state->listed && !state->withheld);
		assert(by_word || (is_proved && !state->excluded));
	}
	if (f->set & LIFE_REFRESH)
		assert(state->listed && is_proved);
	/* Silence, "unreachable", "inconclusive" or blocking the tester never delists. */
	if (f->set & LIFE_DELIST)
		assert(state->listed && (by_word || lifecycle_passed(event)));
	if (f->set & LIFE_CLEAR_PORT)
		assert(state->this_port_open && lifecycle_passed(event));
	if (f->set & LIFE_QUEUE_RETEST)
		assert(state->listed && !state->excluded);
	if (f->set & LIFE_QUEUE_RETRY)
		assert(!state->excluded && event->verdict != VERDICT_OPEN);
	assert(!(f->set & LIFE_LIST) || !(f->set & (LIFE_DELIST | LIFE_REFRESH | LIFE_WITHHOLD)));
	assert(!(f->set & LIFE_SET_RECHECK) || !(f->set & LIFE_DELIST));
}

struct lifecycle_effects lifecycle_step(const struct lifecycle_state *state,
                                        const struct lifecycle_event *event,
                                        const struct lifecycle_policy *policy)
{
	struct lifecycle_effects f = step(state, event, policy);
	check(state, event, &f);
	return f;
}
