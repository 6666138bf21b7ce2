/* SPDX-License-Identifier: ISC
 *
 * What came back: each return counts once, for the form and attempt that it names, and a
 * message that came back to its recipient is confirmed.
 *
 * Hostile input that reaches it: what the collector was sent, which it has checked.
 */
#include "relaytest/session-private.h"

#include "base/mem.h"

static bool counts(struct session *s, const struct test_return *r)
{
	for (size_t i = 0; i < s->returns_n; i++)
		if (s->returns_seen[i] == r->id)
			return false;
	if (r->id == 0)
		return true;
	if (s->returns_n == s->returns_room) {
		s->returns_room = s->returns_room ? s->returns_room * 2 : 16;
		s->returns_seen = mem_realloc(s->returns_seen, s->returns_room,
		                              sizeof(*s->returns_seen));
	}
	s->returns_seen[s->returns_n++] = r->id;
	return true;
}

static void add_confirmation(struct session *s, const struct item *of)
{
	for (size_t i = 0; i < s->item_count; i++)
		if (s->items[i].result.attempt == 1 &&
		    strcmp(s->items[i].result.id, of->result.id) == 0)
			return;
	if (s->item_count >= ITEMS_MAX)
		return;
	struct item first = *of;
	struct item *it = plan_add_item(s, first.form, ITEM_FORM);
	it->starttls = first.starttls;
	it->second = !first.second;
	it->state = ITEM_CANDIDATE;
	it->result.attempt = 1;
	memcpy(it->result.id, first.result.id, sizeof(it->result.id));
}

void session_returned(struct session *s, const struct test_return *r)
{
	if (!counts(s, r))
		return;
	for (size_t i = 0; i < s->item_count; i++) {
		struct item *it = &s->items[i];
		if (it->kind != ITEM_FORM || it->result.attempt != r->attempt ||
		    strcmp(it->result.id, r->case_id) != 0)
			continue;
		if (r->kind == RETURN_SENDER) {
			it->result.bounced++;
		} else if (r->marked && it->messaged) {
			if (!it->result.returned++)
				it->result.output = r->peer.ip;
			if (r->attempt == 0 && !(it->form->flags & RELAY_FINDING_ONLY))
				add_confirmation(s, it);
		}
		break;
	}
	if (phase_awaits(s, AWAITS_TIME) || phase_awaits(s, AWAITS_RETURN))
		phase_enter(s, PHASE_IDLE);
}
