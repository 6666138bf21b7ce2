/* SPDX-License-Identifier: ISC
 *
 * The words of the house as texts, and back.
 */
#include "store/types.h"

#include <assert.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const consents[] = { "none", "range", "evidence", "contact", "owner" };
static const char *const verdicts[] = {
	"none", "open", "closed", "accepting", "backscatter", "unreachable", "inconclusive",
};
static const char *const causes[] = {
	"", "refused", "timeout", "no-route", "tls-failed", "hung-up", "no-source", "not-asked",
};
static const char *const stages[] = {
	"none", "skipped", "connect", "helo", "mail", "rcpt", "data", "message",
};
static const char *const states[] = { "queued", "running", "waiting", "done" };
static const char *const reasons[] = { "nominated", "operator", "retest", "recheck", "retry" };
static const char *const actions[] = {
	"list", "delist", "refresh", "permit", "unpermit", "exclude", "unexclude", "nominate",
	"output-list", "output-delist", "test", "restore", "agree", "withdraw", "retest",
};

static const char *const report_states[] = { "made", "sent", "bounced", "answered", "closed" };

static const char *name_of(const char *const *names, size_t n, unsigned value)
{
	return value < n ? names[value] : "unknown";
}

/* The index of s in names, or ERR_INVALID. */
static int index_of(const char *const *names, size_t n, struct str s)
{
	assert(n > 0);
	for (size_t i = 0; i < n; i++)
		if (str_eq(s, str_of(names[i])))
			return (int)i;
	return ERR_INVALID;
}

const char *consent_name(enum consent c) { return name_of(consents, COUNT(consents), c); }
const char *verdict_name(enum verdict v) { return name_of(verdicts, COUNT(verdicts), v); }
const char *test_cause_name(enum test_cause c) { return name_of(causes, COUNT(causes), c); }
const char *stage_name(enum case_stage s) { return name_of(stages, COUNT(stages), s); }
const char *test_state_name(enum test_state s) { return name_of(states, COUNT(states), s); }
const char *test_reason_name(enum test_reason r) { return name_of(reasons, COUNT(reasons), r); }

int64_t test_due_s(const struct test *t)
{
	switch (t->state) {
	case TEST_QUEUED: return t->not_before_s ? t->not_before_s : t->created_s;
	case TEST_WAITING: return t->wait_until_s;
	case TEST_RUNNING: case TEST_DONE: break;
	}
	return 0;
}

const char *journal_action_name(enum journal_action a)
{
	return name_of(actions, COUNT(actions), a);
}

const char *report_state_name(enum report_state s)
{
	return name_of(report_states, COUNT(report_states), s);
}

bool report_may_become(enum report_state from, enum report_state to)
{
	switch (to) {
	case REPORT_MADE: return false;
	case REPORT_SENT: return from == REPORT_MADE;
	case REPORT_BOUNCED: return from == REPORT_SENT || from == REPORT_MADE;
	case REPORT_ANSWERED: return from == REPORT_SENT || from == REPORT_BOUNCED;
	case REPORT_CLOSED: return from != REPORT_CLOSED;
	}
	return false;
}

int consent_parse(struct str s, enum consent *c)
{
	int i = index_of(consents, COUNT(consents), s);
	if (i < 0)
		return i;
	*c = (enum consent)i;
	return ERR_OK;
}
