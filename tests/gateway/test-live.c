/* SPDX-License-Identifier: ISC
 *
 * What `portreeve top` is told of sessions, lists and destinations, with names as hostile as they
 * come.
 */
#include "gateway/live.h"

#include "sessions.h"

#include <stdio.h>
#include <string.h>

#define HOSTILE "\x1b]0;owned\a\x1b[2J\xff"

struct gateway_queue_state gateway_queue_state(const struct gateway_queue *q)
{
	(void)q;
	return (struct gateway_queue_state){ .messages = 1, .oldest_s = 1000 };
}

bool gateway_blocklists_state(const struct gateway_blocklists *b, size_t index,
                              struct gateway_blocklist_state *out)
{
	(void)b;
	*out = (struct gateway_blocklist_state){
		.zone = index ? "sick.example" : "well.example", .well = index == 0,
		.problem = index ? HOSTILE : NULL, .asked = 7, .matched = 2,
	};
	return index < 2;
}

/* More than are named. */
bool gateway_delivery_destination(const struct gateway_delivery *d, size_t index,
                                  struct gateway_destination *out)
{
	(void)d;
	*out = (struct gateway_destination){
		.name = HOSTILE, .waiting = (unsigned)index, .pause_ms = 60000, .why = HOSTILE,
	};
	return index < 100000;
}

static json_t *form(void)
{
	struct buf out = { 0 };
	struct json j = { .out = &out };
	const struct gateway_delivery_counters delivered = { .reused = 5 };
	const struct gateway_live live = {
		.hostname = "mx.example", .gateway = w.gateway, .counters = &w.counters,
		.delivered = &delivered, .now_s = 1060,
	};
	json_open_object(&j, NULL);
	gateway_live_form(&live, &j);
	json_close(&j);
	for (size_t i = 0; i < out.n; i++)
		assert_true((unsigned char)out.p[i] >= ' ' && out.p[i] != 0x7f);
	json_t *parsed = json_loadb(out.p, out.n, 0, NULL);
	buf_fini(&out);
	assert_non_null(parsed);
	return parsed;
}

static void test_form(void **state)
{
	(void)state;
	struct peer p;
	peer_connect(&p, DOOR_INBOUND, "127.0.0.9");
	peer_script(&p, "hello", "S: 220\nC: EHLO guest.example\nS: 250");
	json_t *f = form(), *one = json_array_get(json_object_get(f, "sessions"), 0);
	assert_int_equal(json_integer_value(json_object_get(f, "sessions_open")), 1);
	assert_string_equal(json_string_value(json_object_get(one, "helo")), "guest.example");
	assert_string_equal(json_string_value(json_object_get(one, "address")), "127.0.0.9");
	assert_string_equal(json_string_value(json_object_get(one, "listener")), "inbound");
	assert_int_equal(json_integer_value(json_object_get(f, "oldest_age")), 60);
	assert_int_equal(json_array_size(json_object_get(f, "destinations")), GATEWAY_LIVE_ROWS);
	one = json_array_get(json_object_get(f, "destinations"), 3);
	assert_string_equal(json_string_value(json_object_get(one, "why")),
	                    "\\x1b]0;owned\\x07\\x1b[2J\\xff");
	assert_int_equal(json_integer_value(json_object_get(one, "pause")), 60);
	assert_int_equal(json_object_size(json_object_get(f, "delivery")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(f, "delivery"), "reused")),
	                 5);
	assert_int_equal(json_array_size(json_object_get(f, "lists")), 2);
	one = json_array_get(json_object_get(f, "lists"), 1);
	assert_false(json_is_true(json_object_get(one, "well")));
	json_decref(f);
	peer_close(&p);
	TURN_UNTIL(gateway_session_count(w.gateway) == 0);
	f = form();
	assert_int_equal(json_array_size(json_object_get(f, "sessions")), 0);
	json_decref(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_form, world_begin, world_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
