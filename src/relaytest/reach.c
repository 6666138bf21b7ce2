/* SPDX-License-Identifier: ISC
 *
 * The rules of reach: when to ask the collector, and what may go on meanwhile.
 */
#include "relaytest/reach.h"

#include "base/str.h"

#include <assert.h>

void reach_init(struct reach *r, bool checked)
{
	*r = (struct reach){ .checked = checked };
}

void reach_forget(struct reach *r, bool checked)
{
	struct reach old = *r;
	reach_init(r, checked);
	r->wanted_ms = old.wanted_ms;
	r->has_return = old.has_return;
	r->return_ms = old.return_ms;
}

/* Nobody has asked since the time that somebody wants to know of. */
static bool is_wanted(const struct reach *r)
{
	return r->wanted_ms > 0 && r->asked_ms < r->wanted_ms;
}

int64_t reach_due_ms(const struct reach *r, int64_t now_ms)
{
	int64_t after = REACH_EVERY_MS;
	if (!r->checked)
		return -1;
	if (!r->was_asked)
		return 0;
	if (r->state == REACH_BAD)
		after = REACH_RETRY_MS;
	if (is_wanted(r))
		after = REACH_GAP_MS;
	return r->told_ms + after > now_ms ? r->told_ms + after - now_ms : 0;
}

static bool told_good(struct reach *r, int64_t asked_ms)
{
	bool news = r->state == REACH_BAD;
	r->state = REACH_GOOD;
	r->was_good = true;
	r->good_ms = asked_ms;
	r->why[0] = '\0';
	return news;
}

bool reach_told(struct reach *r, int64_t asked_ms, int64_t now_ms, const char *why)
{
	assert(asked_ms <= now_ms && r->checked);
	r->was_asked = true;
	r->asked_ms = asked_ms;
	r->told_ms = now_ms;
	if (!why)
		return told_good(r, asked_ms);
	bool news = r->state != REACH_BAD || now_ms - r->said_ms >= REACH_EVERY_MS;
	if (r->state != REACH_BAD)
		r->bad_ms = now_ms;
	if (news)
		r->said_ms = now_ms;
	r->state = REACH_BAD;
	str_copy(r->why, sizeof(r->why), str_of(why));
	return news;
}

void reach_returned(struct reach *r, int64_t now_ms, int64_t age_ms)
{
	int64_t at_ms = now_ms - (age_ms > 0 ? age_ms : 0);
	if (r->has_return && at_ms < r->return_ms)
		return;
	r->has_return = true;
	r->return_ms = at_ms;
}

bool reach_may_start(const struct reach *r, int64_t now_ms)
{
	return !r->checked || (r->state == REACH_GOOD && now_ms - r->told_ms < REACH_EVERY_MS);
}

bool reach_may_send(const struct reach *r)
{
	return r->state != REACH_BAD;
}

bool reach_is_hopeless(const struct reach *r, int64_t now_ms)
{
	return r->state == REACH_BAD &&
	       (!r->was_good || now_ms - r->bad_ms >= REACH_PATIENCE_MS);
}

enum reach_sign reach_sign(const struct reach *r, int64_t now_ms, int64_t since_ms,
                           int64_t window_ms)
{
	if (r->has_return && r->return_ms >= since_ms)
		return REACH_SIGN_YES;
	if (!r->checked)
		return r->has_return && now_ms - r->return_ms <= window_ms ? REACH_SIGN_YES
		                                                           : REACH_SIGN_NO;
	if (!r->was_asked || r->asked_ms < since_ms)
		return REACH_SIGN_ASK;
	return r->good_ms >= since_ms && r->was_good ? REACH_SIGN_YES : REACH_SIGN_NO;
}

void reach_want(struct reach *r, int64_t since_ms)
{
	if (since_ms > r->wanted_ms)
		r->wanted_ms = since_ms;
}

const char *reach_why(const struct reach *r)
{
	if (r->state == REACH_BAD)
		return r->why;
	return r->checked ? "the collector has not been asked" :
	       "tester.collector_check is off, and nothing has come back lately";
}
