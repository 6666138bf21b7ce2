/* SPDX-License-Identifier: ISC
 *
 * What `portreeve top` is told: counters, lists, destinations, sessions.
 */
#include "gateway/live.h"

struct live_number {
	const char *key;
	uint64_t n;
};

static void add_numbers(struct json *j, const char *key, const struct live_number *rows, size_t n)
{
	json_open_object(j, key);
	for (size_t i = 0; i < n; i++)
		json_add_int(j, rows[i].key, (int64_t)rows[i].n);
	json_close(j);
}

static void add_counters(const struct gateway_counters *c, struct json *j)
{
	const struct live_number rows[] = {
		{ "connections", c->wire.connections }, { "refused", c->wire.refused },
		{ "messages", c->messages }, { "recipients", c->recipients },
		{ "relay_refused", c->relay_refused }, { "unknown_refused", c->unknown_refused },
		{ "listed_refused", c->listed_refused }, { "listed_warned", c->listed_warned },
		{ "sender_refused", c->sender_refused }, { "put_off", c->put_off },
		{ "too_big", c->too_big }, { "early_refused", c->early_refused },
		{ "logins", c->logins }, { "logins_failed", c->logins_failed },
	};
	add_numbers(j, "counters", rows, sizeof(rows) / sizeof(*rows));
}

static void add_delivered(const struct gateway_delivery_counters *c, struct json *j)
{
	const struct live_number rows[] = {
		{ "connections", c->connections }, { "reused", c->reused },
		{ "over_tls", c->over_tls },
	};
	add_numbers(j, "delivery", rows, sizeof(rows) / sizeof(*rows));
}

static void add_lists(const struct gateway_blocklists *b, struct json *j)
{
	struct gateway_blocklist_state list;
	json_open_array(j, "lists");
	for (size_t i = 0; gateway_blocklists_state(b, i, &list); i++) {
		json_open_object(j, NULL);
		json_add_shown(j, "zone", str_of(list.zone));
		json_add_bool(j, "well", list.well);
		if (list.problem)
			json_add_shown(j, "problem", str_of(list.problem));
		json_add_int(j, "asked", (int64_t)list.asked);
		json_add_int(j, "matched", (int64_t)list.matched);
		json_close(j);
	}
	json_close(j);
}

static void add_destinations(const struct gateway_delivery *d, struct json *j)
{
	struct gateway_destination to;
	json_open_array(j, "destinations");
	for (size_t i = 0; i < GATEWAY_LIVE_ROWS && gateway_delivery_destination(d, i, &to); i++) {
		json_open_object(j, NULL);
		json_add_shown(j, "name", str_of(to.name));
		json_add_int(j, "waiting", to.waiting);
		json_add_int(j, "sessions", to.sessions);
		json_add_int(j, "limit", to.limit);
		if (to.pause_ms)
			json_add_int(j, "pause", to.pause_ms / 1000);
		if (to.why)
			json_add_shown(j, "why", str_of(to.why));
		json_close(j);
	}
	json_close(j);
}

static void add_sessions(const struct gateway *g, struct json *j)
{
	static const char *const listeners[] = {
		[GATEWAY_INBOUND] = "inbound", [GATEWAY_SUBMISSION] = "submission",
		[GATEWAY_LOCAL] = "local",
	};
	struct gateway_session_view s;
	json_add_int(j, "sessions_open", (int64_t)gateway_session_count(g));
	json_open_array(j, "sessions");
	for (size_t i = 0; i < GATEWAY_LIVE_ROWS && gateway_session(g, i, &s); i++) {
		json_open_object(j, NULL);
		json_add_ip(j, "address", &s.peer.ip);
		json_add_cstr(j, "listener", listeners[s.listener]);
		json_add_bool(j, "tls", s.tls);
		json_add_cstr(j, "stage", s.stage);
		json_add_int(j, "age", s.age_ms / 1000);
		json_add_int(j, "bytes", (int64_t)s.bytes);
		if (s.account.n)
			json_add_shown(j, "account", s.account);
		if (s.helo.n)
			json_add_shown(j, "helo", s.helo);
		json_close(j);
	}
	json_close(j);
}

void gateway_live_form(const struct gateway_live *live, struct json *j)
{
	const struct gateway_queue_state queue = gateway_queue_state(live->queue);
	json_add_cstr(j, "hostname", live->hostname);
	if (queue.oldest_s)
		json_add_int(j, "oldest_age", live->now_s - queue.oldest_s);
	add_counters(live->counters, j);
	add_delivered(live->delivered, j);
	add_lists(live->blocklists, j);
	add_destinations(live->delivery, j);
	add_sessions(live->gateway, j);
}
