/* SPDX-License-Identifier: ISC
 *
 * In what order: which envelope comes next, which message, and when enough is proved.
 */
#include "relaytest/session-private.h"

/* Messages go to candidates in this order: forms of different families first, because
 * only a few messages may be sent to a host that takes everything. */
static const char *const message_order[] = {
	"E01", "E06", "E14", "E18", "E21", "E25", "E11", "E07",
	"E02", "E03", "E04", "E05", "E08", "E09", "E10",
};

bool order_proved_enough(const struct session *s)
{
	if (s->setup.test->all)
		return false;
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].result.attempt == 1 && s->items[i].result.returned)
			return true;
	return false;
}

/* ---- envelopes ------------------------------------------------------------------- */

/* The plain form stands between recipients of the host's own: one server hangs up at the first
 * refusal, and another answer on the same connection is what tells them apart. */
static unsigned envelope_rank(const struct session *s, const struct item *it)
{
	switch (it->kind) {
	case ITEM_POSTMASTER: case ITEM_POSTMASTER_ALONE:
		return 0;
	case ITEM_FORM:
		return it->form == relay_cases ? 1 : plan_is_first(s, it) ? 2 : 4;
	default:
		return 3;
	}
}

/* The next item of one kind of connection, or of any (want NULL). */
static size_t next_of(const struct session *s, const struct profile *want)
{
	size_t hit = ITEMS_MAX;
	unsigned best = 0;
	for (size_t i = 0; i < s->item_count; i++) {
		const struct item *it = &s->items[i];
		if (it->state != ITEM_TODO || (want && !plan_fits(it, want)))
			continue;
		unsigned rank = envelope_rank(s, it);
		if (hit != ITEMS_MAX && rank >= best)
			continue;
		hit = i;
		best = rank;
	}
	return hit;
}

size_t order_next_here(const struct session *s)
{
	return next_of(s, &s->conn.profile);
}

/* A host that does not greet us has nothing for other forms either; but it may wait for a
 * PROXY header. */
static bool only_proxy(const struct session *s)
{
	static const struct profile plain = { .session = RELAY_PLAIN };
	return s->host.plain_dead ||
	       (s->host.standing < HOST_REACHED && next_of(s, &plain) == ITEMS_MAX);
}

size_t order_next_open(const struct session *s)
{
	if (!only_proxy(s))
		return next_of(s, NULL);
	static const struct profile v1 = { .session = RELAY_PROXY_V1 };
	static const struct profile v2 = { .session = RELAY_PROXY_V2 };
	size_t i = next_of(s, &v1);
	return i == ITEMS_MAX ? next_of(s, &v2) : i;
}

bool order_check(struct session *s)
{
	bool wanted = false, over = s->halted || s->item_count >= ITEMS_MAX;
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (it->suspect && (over || !host_took_part(s))) {
			it->suspect = false;
			/* Nobody can say now what it meant. */
			if (host_took_part(s))
				it->state = ITEM_PUT_OFF;
			if (host_took_part(s) && it->result.refusal == REFUSAL_TURNED_AWAY)
				it->result.refusal = REFUSAL_NONE;
		}
		wanted |= it->suspect;
	}
	if (wanted)
		plan_add_item(s, &relay_cases[0], ITEM_CHECK);
	return wanted;
}

/* ---- messages -------------------------------------------------------------------- */

static unsigned message_rank(const struct session *s, const struct item *it)
{
	if (it->result.attempt == 1)
		return 0;
	if (plan_is_first(s, it))
		return 1;
	unsigned n = sizeof(message_order) / sizeof(*message_order), late = 0;
	if (s->host.catch_all && it->form->flags & RELAY_OWN_DOMAIN)
		late += 1000;
	if (it->starttls)
		late += 100;
	for (unsigned i = 0; i < n; i++)
		if (strcmp(message_order[i], it->form->id) == 0)
			return 2 + late + i;
	return 2 + late + n;
}

static bool has_todo(const struct session *s)
{
	return !s->halted && order_next_open(s) != ITEMS_MAX;
}

bool order_confirmation_put_off(const struct session *s)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].result.attempt == 1 && s->items[i].state == ITEM_PUT_OFF)
			return true;
	return false;
}

/* The plain form and confirmations go at once; others when all envelopes are known. */
size_t order_next_message(const struct session *s)
{
	size_t hit = ITEMS_MAX;
	unsigned best = 0, used = s->accepted + s->unanswered;
	unsigned left = used < s->setup.messages ? s->setup.messages - used : 0;
	/* Other messages would be for nothing. */
	bool only_confirms = !s->setup.test->all && order_confirmation_put_off(s);
	if (left == 0)
		return ITEMS_MAX;
	for (size_t i = 0; i < s->item_count; i++) {
		const struct item *it = &s->items[i];
		if (it->state != ITEM_CANDIDATE)
			continue;
		unsigned rank = message_rank(s, it);
		bool confirms = it->result.attempt == 1;
		bool at_once = confirms || plan_is_first(s, it) ||
		               strcmp(it->result.id, "E01") == 0;
		/* One message is kept for a confirmation. */
		if (!confirms && (only_confirms || (left < 2 && s->setup.messages > 1)))
			continue;
		if (!at_once && has_todo(s))
			continue;
		if (hit == ITEMS_MAX || rank < best) {
			hit = i;
			best = rank;
		}
	}
	return hit;
}
