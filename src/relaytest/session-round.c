/* SPDX-License-Identifier: ISC
 *
 * The end of a round, and of the test: who may end it, what is left, and whether another
 * round is worth while.
 */
#include "relaytest/session-private.h"

/* A form without an answer, or a message that would go out. */
static bool work_left(struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].state == ITEM_TODO || s->items[i].state == ITEM_SENT)
			return true;
	return order_next_message(s) != ITEMS_MAX;
}

void session_stop(struct session *s, const char *why)
{
	if (s->halted & HALT_TEST)
		return;
	note_add(s, "!", str_of(why));
	s->unfinished |= work_left(s);
	s->halted |= HALT_TEST;
	s->stop_reason = arena_strdup(&s->arena, str_of(why));
}

void session_round_over(struct session *s, const char *why)
{
	if (s->halted)
		return;
	/* A round that brings nothing will not be better when it is repeated. */
	if (s->settled == 0) {
		session_stop(s, why);
		return;
	}
	note_add(s, "!", str_of(why));
	s->stop_reason = arena_strdup(&s->arena, str_of(why));
	s->halted |= HALT_ROUND;
}

/* ---- the next round ------------------------------------------------------------ */

/* Something that another round may decide. */
static bool is_left(const struct session *s, const struct item *it)
{
	if (it->kind != ITEM_FORM && it->kind != ITEM_SECOND)
		return false;
	return it->state == ITEM_PUT_OFF ||
	       ((s->halted & HALT_ROUND) && (it->state == ITEM_TODO || it->state == ITEM_SENT));
}

static bool any_left(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (is_left(s, &s->items[i]))
			return true;
	return false;
}

/* Rounds in a row that brought nothing new, this one included; the first always does. */
static unsigned fruitless_now(const struct session *s)
{
	return s->setup.rounds == 0 || s->settled ? 0 : s->setup.fruitless + 1;
}

/* A test that had ended says no more, but what came back late is confirmed. */
static bool wants_later(const struct session *s)
{
	bool left = s->setup.test->finished_s ? order_confirmation_put_off(s)
	                                      : !(s->halted & HALT_TEST) && any_left(s);
	return left && s->setup.ask_again_ms > 0 && !order_proved_enough(s) &&
	       s->setup.rounds < ROUNDS_MAX && fruitless_now(s) < FRUITLESS_MAX;
}

void round_end(struct session *s, struct session_action *action)
{
	s->unfinished |= (s->halted & HALT_ROUND) && any_left(s);
	if (!wants_later(s)) {
		phase_enter(s, PHASE_DONE);
		action->type = SESSION_DONE;
		return;
	}
	phase_enter(s, PHASE_LATER);
	action->type = SESSION_LATER;
	action->fruitless = fruitless_now(s);
	action->rounds = s->setup.rounds + 1;
	action->pause_ms = s->setup.ask_again_ms << 2 * action->fruitless;
}
