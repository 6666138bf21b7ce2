/* SPDX-License-Identifier: ISC
 *
 * The lifecycle of a listing: what must hold over its whole table, and the rows that
 * have a name.
 */
#include "test.h"

#include "store/lifecycle.h"

#include <stdio.h>

static const struct lifecycle_policy policy = {
	.recheck_interval_s = 90 * 86400, .retry_after_s = 3600, .retry_max = 3,
};
enum { NOW = 1000000, RECHECK = NOW + 90 * 86400, RETRY = NOW + 3600 };

#define HOLDS(condition) \
	do { if (!(condition)) violated(s, e, &f, #condition); } while (0)

static void violated(const struct lifecycle_state *s, const struct lifecycle_event *e,
                     const struct lifecycle_effects *f, const char *rule)
{
	fail_msg("state listed=%d operator=%d excluded=%d ports=%u this=%d; event %d %s control=%d"
	         " refused=%d asked=%d superseded=%d tries=%u; effects %#x at %lld \"%s\":"
	         " violates %s", s->listed, s->by_operator, s->excluded, s->open_ports,
	         s->this_port_open, e->type, verdict_name(e->verdict), e->control_ok,
	         e->forms_refused, e->asked, e->superseded, e->tries, f->set, (long long)f->at_s,
	         f->why, rule);
}

/* Said without lifecycle_passed(), so that the rule stands here twice. */
static bool test_passes(const struct lifecycle_event *e)
{
	if (e->type != LIFE_TEST_DONE || !e->control_ok || !e->forms_refused)
		return false;
	return e->verdict == VERDICT_CLOSED || e->verdict == VERDICT_BACKSCATTER;
}

static void check_leaving(const struct lifecycle_state *s, const struct lifecycle_event *e)
{
	struct lifecycle_effects f = lifecycle_step(s, e, &policy);
	unsigned others = s->open_ports - (s->this_port_open && s->open_ports);
	bool test_frees = test_passes(e) && others == 0 && (!s->by_operator || e->asked);
	bool delists = f.set & LIFE_DELIST;

	HOLDS(delists == (s->listed && (e->type == LIFE_OPERATOR_DELIST || test_frees)));
	HOLDS(!(f.set & LIFE_CLEAR_PORT) || (test_passes(e) && s->this_port_open));
	HOLDS(!test_passes(e) || !s->this_port_open || (f.set & LIFE_CLEAR_PORT));
	HOLDS(!delists || !(f.set & (LIFE_LIST | LIFE_REFRESH | LIFE_SET_RECHECK)));
}

static void check_coming(const struct lifecycle_state *s, const struct lifecycle_event *e)
{
	struct lifecycle_effects f = lifecycle_step(s, e, &policy);
	bool proved = (e->type == LIFE_TEST_DONE && e->verdict == VERDICT_OPEN) ||
	              (e->type == LIFE_RETURN_LATE && !e->superseded);
	bool word = e->type == LIFE_OPERATOR_LIST;
	bool lists = f.set & LIFE_LIST;

	HOLDS(lists == (!s->listed && !s->withheld && (word || (proved && !s->excluded))));
	HOLDS(!!(f.set & LIFE_WITHHOLD) ==
	      (!s->listed && s->withheld && proved && !s->excluded));
	HOLDS(!!(f.set & LIFE_REFRESH) == (s->listed && proved));
	HOLDS(!!(f.set & LIFE_NOTIFY) == (lists && !word));
	HOLDS(!lists || ((f.set & LIFE_SET_RECHECK) && f.at_s == RECHECK));
}

static void check_queues(const struct lifecycle_state *s, const struct lifecycle_event *e)
{
	struct lifecycle_effects f = lifecycle_step(s, e, &policy);
	bool retry = f.set & LIFE_QUEUE_RETRY, retest = f.set & LIFE_QUEUE_RETEST;
	bool undecided = e->verdict == VERDICT_UNREACHABLE || e->verdict == VERDICT_INCONCLUSIVE;

	HOLDS(!s->excluded || (!retry && !retest));
	HOLDS(retry == (e->type == LIFE_TEST_DONE && undecided && !s->excluded &&
	                e->tries < policy.retry_max));
	HOLDS(!retry || f.at_s == RETRY);
	HOLDS(retest == (s->listed && !s->excluded &&
	                 (e->type == LIFE_RETEST_ASKED || e->type == LIFE_RECHECK_DUE)));
	/* One time carries one meaning. */
	HOLDS(!retry || !(f.set & LIFE_SET_RECHECK));
	HOLDS(!(f.set & LIFE_SET_RECHECK) || f.at_s == RECHECK);
	/* A listed host is looked at again, whatever its test said. */
	HOLDS(e->type != LIFE_TEST_DONE || e->verdict == VERDICT_NONE || !s->listed ||
	      (f.set & (LIFE_DELIST | LIFE_SET_RECHECK | LIFE_QUEUE_RETRY)));
}

static void check_form(const struct lifecycle_state *s, const struct lifecycle_event *e)
{
	struct lifecycle_effects f = lifecycle_step(s, e, &policy);
	HOLDS(f.why && *f.why);
	HOLDS(!(f.set & LIFE_REFUSE) || !(f.set & ~(LIFE_REFUSE | LIFE_SET_RECHECK)));
	HOLDS(e->type != LIFE_EXCLUDED || f.set == 0);
	HOLDS(lifecycle_passed(e) == test_passes(e));
}

static void each_event(const struct lifecycle_state *s, unsigned long *seen)
{
	for (unsigned i = 0; i < 7 * 7 * 16 * 5; i++) {
		struct lifecycle_event e = {
			.type = (enum lifecycle_event_type)(i % 7),
			.verdict = (enum verdict)(i / 7 % 7),
			.control_ok = i / 49 & 1, .forms_refused = i / 49 & 2,
			.asked = i / 49 & 4, .superseded = i / 49 & 8,
			.tries = i / 784, .now_s = NOW,
		};
		check_leaving(s, &e);
		check_coming(s, &e);
		check_queues(s, &e);
		check_form(s, &e);
		++*seen;
	}
}

static void whole_table(void **unused)
{
	(void)unused;
	unsigned long seen = 0;
	for (unsigned i = 0; i < 16 * 4 * 2; i++) {
		struct lifecycle_state s = {
			.listed = i & 1, .by_operator = i & 2, .excluded = i & 4,
			.this_port_open = i & 8, .open_ports = i / 16 % 4,
			.withheld = i & 64 ? "a private address" : NULL,
		};
		each_event(&s, &seen);
	}
	assert_int_equal(seen, 128 * 3920);
}

struct named {
	const char *name;
	struct lifecycle_state state;
	struct lifecycle_event event;
	unsigned set;
	int64_t at_s;
};

#define PASS .verdict = VERDICT_CLOSED, .control_ok = true, .forms_refused = true
#define LISTED .listed = true, .open_ports = 1, .this_port_open = true

/* What a retest of a listed host comes to, by how the host talks: the simulator's hosts "sly-…" and
 * "fixed-…", each as the tester sums it up. */
#define RETESTED(host, verdict_, control, refused, ...) \
	{ host, { LISTED }, \
	  { LIFE_TEST_DONE, .verdict = VERDICT_ ## verdict_, .control_ok = control, \
	    .forms_refused = refused, .asked = true, .tries = 1 }, __VA_ARGS__ }
#define OFF LIFE_CLEAR_PORT | LIFE_DELIST, 0
#define LATER LIFE_QUEUE_RETRY, RETRY
#define STAYS LIFE_SET_RECHECK, RECHECK

static const struct named rows[] = {
	{ "first proof", { 0 }, { LIFE_TEST_DONE, .verdict = VERDICT_OPEN },
	  LIFE_LIST | LIFE_SET_RECHECK | LIFE_NOTIFY, RECHECK },
	{ "closed host, nothing to do", { 0 }, { LIFE_TEST_DONE, PASS }, 0, 0 },
	{ "accepting host is not listed", { 0 },
	  { LIFE_TEST_DONE, .verdict = VERDICT_ACCEPTING, .control_ok = true }, 0, 0 },
	{ "backscatter is not listed", { 0 },
	  { LIFE_TEST_DONE, .verdict = VERDICT_BACKSCATTER, .control_ok = true }, 0, 0 },
	{ "greylisted: later", { 0 },
	  { LIFE_TEST_DONE, .verdict = VERDICT_INCONCLUSIVE, .tries = 1 },
	  LIFE_QUEUE_RETRY, RETRY },
	{ "greylisted for good", { 0 },
	  { LIFE_TEST_DONE, .verdict = VERDICT_INCONCLUSIVE, .tries = 3 }, 0, 0 },
	{ "proved again", { LISTED }, { LIFE_TEST_DONE, .verdict = VERDICT_OPEN },
	  LIFE_REFRESH | LIFE_SET_RECHECK, RECHECK },
	{ "the owner fixed it", { LISTED }, { LIFE_TEST_DONE, PASS },
	  LIFE_CLEAR_PORT | LIFE_DELIST, 0 },
	{ "fixed, and bounces other forms", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_BACKSCATTER, .control_ok = true,
	    .forms_refused = true }, LIFE_CLEAR_PORT | LIFE_DELIST, 0 },
	{ "fixed on one of two ports", { .listed = true, .open_ports = 2, .this_port_open = true },
	  { LIFE_TEST_DONE, PASS }, LIFE_CLEAR_PORT | LIFE_SET_RECHECK, RECHECK },
	{ "another port was always closed", { .listed = true, .open_ports = 1 },
	  { LIFE_TEST_DONE, PASS }, LIFE_SET_RECHECK, RECHECK },
	{ "blocks the tester only", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_CLOSED, .forms_refused = true },
	  LIFE_SET_RECHECK, RECHECK },
	{ "another form is refused, the open one is not", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_CLOSED, .control_ok = true },
	  LIFE_SET_RECHECK, RECHECK },
	{ "switched off, tried again", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_UNREACHABLE, .tries = 2 }, LIFE_QUEUE_RETRY, RETRY },
	{ "switched off, waits for the recheck", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_UNREACHABLE, .tries = 3 },
	  LIFE_SET_RECHECK, RECHECK },
	{ "accepts and keeps silent", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_ACCEPTING, .control_ok = true,
	    .forms_refused = true }, LIFE_SET_RECHECK, RECHECK },
	{ "late return lists", { 0 }, { LIFE_RETURN_LATE },
	  LIFE_LIST | LIFE_SET_RECHECK | LIFE_NOTIFY, RECHECK },
	{ "late return from before the fix", { 0 }, { LIFE_RETURN_LATE, .superseded = true },
	  LIFE_REFUSE, 0 },
	{ "excluded while under test", { .excluded = true },
	  { LIFE_TEST_DONE, .verdict = VERDICT_OPEN }, LIFE_REFUSE, 0 },
	{ "excluded, and the test under way passes", { LISTED, .excluded = true },
	  { LIFE_TEST_DONE, PASS }, LIFE_CLEAR_PORT | LIFE_DELIST, 0 },
	{ "operator lists", { 0 }, { LIFE_OPERATOR_LIST }, LIFE_LIST | LIFE_SET_RECHECK, RECHECK },
	{ "operator lists what is listed", { LISTED }, { LIFE_OPERATOR_LIST }, LIFE_REFUSE, 0 },
	{ "operator delists", { LISTED }, { LIFE_OPERATOR_DELIST }, LIFE_DELIST, 0 },
	{ "operator delists nothing", { 0 }, { LIFE_OPERATOR_DELIST }, LIFE_REFUSE, 0 },
	{ "operator's word against a recheck", { .listed = true, .by_operator = true },
	  { LIFE_TEST_DONE, PASS }, LIFE_SET_RECHECK, RECHECK },
	{ "operator's word against the owner's retest", { .listed = true, .by_operator = true },
	  { LIFE_TEST_DONE, PASS, .asked = true }, LIFE_DELIST, 0 },
	{ "operator's word, proved and refuted", { LISTED, .by_operator = true },
	  { LIFE_TEST_DONE, PASS }, LIFE_CLEAR_PORT | LIFE_SET_RECHECK, RECHECK },
	{ "owner asks", { LISTED }, { LIFE_RETEST_ASKED }, LIFE_QUEUE_RETEST, NOW },
	{ "owner of a host that is not listed asks", { 0 }, { LIFE_RETEST_ASKED }, LIFE_REFUSE, 0 },
	{ "excluded owner asks", { LISTED, .excluded = true }, { LIFE_RETEST_ASKED },
	  LIFE_REFUSE, 0 },
	{ "recheck", { LISTED }, { LIFE_RECHECK_DUE }, LIFE_QUEUE_RETEST, NOW },
	{ "recheck of an excluded one is put off", { LISTED, .excluded = true },
	  { LIFE_RECHECK_DUE }, LIFE_REFUSE | LIFE_SET_RECHECK, RECHECK },
	{ "exclusion leaves the listing", { LISTED }, { LIFE_EXCLUDED }, 0, 0 },

	/* Repaired: it takes part and refuses. */
	RETESTED("repaired: relay access denied, 454 or 554", CLOSED, true, true, OFF),
	RETESTED("repaired: no such recipient, and the postmaster is taken", CLOSED, true, true, OFF),
	RETESTED("repaired: wants a login from anybody", CLOSED, true, true, OFF),
	RETESTED("repaired: greylisted first, then refused", CLOSED, true, true, OFF),
	RETESTED("repaired: banned us after some refusals, and was asked on", CLOSED, true, true, OFF),
	RETESTED("repaired: the forged sender is refused", CLOSED, true, true, OFF),
	RETESTED("repaired: a PROXY header is hung up on", CLOSED, true, true, OFF),
	RETESTED("repaired: bounces what it takes", BACKSCATTER, true, true, OFF),
	/* It puts us off, or took no part: nothing was shown. */
	RETESTED("greylists us for ever", INCONCLUSIVE, true, false, LATER),
	RETESTED("blocks us, and takes mail for its postmaster", INCONCLUSIVE, true, false, LATER),
	RETESTED("blocks us, and would refuse every form", INCONCLUSIVE, true, true, LATER),
	RETESTED("refuses our sender", INCONCLUSIVE, false, false, LATER),
	RETESTED("greets us with 554", INCONCLUSIVE, false, true, LATER),
	RETESTED("refuses HELO", INCONCLUSIVE, false, true, LATER),
	RETESTED("hangs up at RCPT or after 354", INCONCLUSIVE, true, true, LATER),
	RETESTED("shut us out part of the way", INCONCLUSIVE, true, true, LATER),
	RETESTED("is no mail server any more", INCONCLUSIVE, false, false, LATER),
	RETESTED("closed its port", UNREACHABLE, false, false, LATER),
	/* It took part, and that was not enough. */
	RETESTED("refuses us, and relays for our second address", INCONCLUSIVE, true, true, LATER),
	RETESTED("refuses by an unknown word, and took no control", CLOSED, false, true, STAYS),
	RETESTED("takes everything and returns nothing", ACCEPTING, true, true, STAYS),
	RETESTED("open still", OPEN, true, false, LIFE_REFRESH | LIFE_SET_RECHECK, RECHECK),
	{ "goes dark for good, and all tries are used up", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_UNREACHABLE, .asked = true, .tries = 3 }, STAYS },
	{ "greylists us for good, and all tries are used up", { LISTED },
	  { LIFE_TEST_DONE, .verdict = VERDICT_INCONCLUSIVE, .control_ok = true,
	    .forms_refused = true, .asked = true, .tries = 3 }, STAYS },
	{ "listed by word, repaired, and its owner asked", { .listed = true, .by_operator = true },
	  { LIFE_TEST_DONE, PASS, .asked = true }, LIFE_DELIST, 0 },
};

static void named_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lifecycle_event event = rows[i].event;
		event.now_s = NOW;
		struct lifecycle_effects f = lifecycle_step(&rows[i].state, &event, &policy);
		if (f.set != rows[i].set || f.at_s != rows[i].at_s)
			fail_msg("%s: effects %#x at %lld (%s), expected %#x at %lld", rows[i].name,
			         f.set, (long long)f.at_s, f.why, rows[i].set,
			         (long long)rows[i].at_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_table),
		cmocka_unit_test(named_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
