/* SPDX-License-Identifier: ISC
 *
 * Messages and the queue's numbers as JSON. All that strangers gave is written so that it may be
 * read by eye: no control character gets through.
 */
#include "gateway/control-private.h"

enum { FEW = 3 };

static const char *const states[] = { "waiting", "trying", "delivered", "failed" };
static const char *const listeners[] = { "inbound", "submission", "local" };

static void add_shown_if(struct json *j, const char *key, struct str s)
{
	if (s.n > 0)
		json_add_shown(j, key, s);
}

static void rcpt_form(const struct gateway_rcpt *rcpt, struct json *j)
{
	json_open_object(j, NULL);
	json_add_shown(j, "address", rcpt->to.address);
	json_add_cstr(j, "state", states[rcpt->state]);
	json_add_int(j, "tries", rcpt->tries);
	if (rcpt->state == GATEWAY_WAITING)
		json_add_time(j, "due", rcpt->due_s);
	add_shown_if(j, "why", str_of(rcpt->why));
	json_close(j);
}

/* Of the few those that are not over come first: they are why the message is there. */
static void rcpts_form(const struct gateway_message *m, bool all, struct json *j)
{
	size_t n = 0;
	json_open_array(j, "to");
	for (size_t i = 0; i < m->rcpt_count; i++) {
		const bool over = m->rcpt[i].state >= GATEWAY_DELIVERED;
		if (!all && (over || n++ >= FEW))
			continue;
		rcpt_form(&m->rcpt[i], j);
	}
	json_close(j);
}

void control_message_form(const struct gateway_message *m, bool all, struct json *j)
{
	const struct gateway_envelope *e = &m->envelope;
	json_add_shown(j, "id", e->id);
	json_add_int(j, "number", (int64_t)m->number);
	json_add_time(j, "came", e->came_s);
	json_add_shown(j, "from", e->from);
	add_shown_if(j, "account", e->account);
	json_add_ip(j, "client", &e->client.ip);
	add_shown_if(j, "helo", e->helo);
	json_add_cstr(j, "listener", listeners[e->listener]);
	json_add_bool(j, "tls", e->tls);
	json_add_int(j, "size", (int64_t)e->size_bytes);
	json_add_bool(j, "held", m->held);
	json_add_int(j, "recipients", (int64_t)m->rcpt_count);
	json_add_int(j, "left", (int64_t)m->left);
	rcpts_form(m, all, j);
}

void control_state_form(const struct gateway_queue_state *s, struct json *j)
{
	const struct { const char *key; uint64_t n; } numbers[] = {
		{ "messages", s->messages }, { "recipients", s->recipients },
		{ "trying", s->trying }, { "held", s->held }, { "bytes", s->bytes },
		{ "added", s->added }, { "delivered", s->delivered },
		{ "deferred", s->deferred }, { "failed", s->failed }, { "notices", s->notices },
		{ "damaged_bytes", s->damaged_bytes }, { "segments", s->log.segments },
		{ "segments_free", s->log.free }, { "segments_max", s->log.segments_max } };
	json_open_object(j, "queue");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		json_add_int(j, numbers[i].key, (int64_t)numbers[i].n);
	json_add_time(j, "oldest", s->oldest_s);
	if (s->log.trouble != ERR_OK)
		json_add_cstr(j, "trouble", err_text(s->log.trouble));
	json_close(j);
}
