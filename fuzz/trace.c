/* SPDX-License-Identifier: ISC
 * A whole message: traced, written as JSON, as a picture and as an SVG. The one thing
 * that must never happen: an origin that no believed line and no provider names. */
#include "fuzz.h"

#include "trace/json.h"
#include "trace/learn.h"
#include "trace/picture.h"
#include "trace/trace.h"

#include <assert.h>
#include <jansson.h>

static const struct str own_hosts[] = { { "*.our.example", 13 }, { "localhost", 9 } };
static const struct str mx_hosts[] = { { "mx*.our.example", 15 } };

static void check(const struct trace *t)
{
	bool named = t->origin_header.n != 0 || t->origin.family == 0;
	assert((t->handover.family == 0) == (t->chain == TRACE_CHAIN_NO_HANDOVER));
	for (size_t i = 0; i < t->hop_count; i++) {
		const struct trace_hop *hop = &t->hops[i];
		bool believed = hop->zone == TRACE_HANDOVER || hop->zone == TRACE_LINKED;
		named |= believed && ip_eq(&hop->line.ip, &t->origin);
		assert(hop->zone != TRACE_HANDOVER || i == t->handover_hop);
	}
	assert(named);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prefix net = { ip_from_v4(203, 0, 113, 0), 24 };
	struct trace_border b = { .own_hosts = own_hosts, .own_host_count = 2, .own_nets = &net,
	                          .own_net_count = 1, .border_hosts = mx_hosts,
	                          .border_host_count = size % 2 };
	struct trace t = { 0 };
	struct learn learn = { 0 };
	struct buf out = { 0 };
	struct str message = { (const char *)data, size };
	trace_message(&t, message, &b);
	check(&t);
	struct json writer = { .out = &out };
	json_open_object(&writer, NULL);
	json_add_bytes(&writer, "id", message);
	trace_json(&t, &writer);
	json_close(&writer);
	json_t *j = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
	assert(j);
	json_decref(j);
	buf_clear(&out);
	trace_picture(&t, STR("x"), true, 40, &out);
	trace_svg(&t, STR("x"), &out);
	learn_message(&learn, message);
	learn_config(&learn, &out);
	learn_fini(&learn);
	buf_fini(&out);
	trace_fini(&t);
	return 0;
}
