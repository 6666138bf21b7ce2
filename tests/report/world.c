/* SPDX-License-Identifier: ISC
 *
 * The world of the report's tests.
 */
#include "world.h"

void world_init(struct world *w, const char *message, size_t body_max)
{
	*w = (struct world){ 0 };
	assert_int_equal(border_add_own_host(&w->set, STR("*.ours.test"), NULL), ERR_OK);
	w->border = border_view(&w->set);
	trace_message(&w->trace, str_of(message), &w->border);
	assert_int_not_equal(w->trace.handover.family, 0);
	w->redaction.trace = &w->trace;
	w->redaction.border = &w->border;
	redact_recipients(&w->redaction, &w->arena, &w->trace, str_of(message));
	redact_message(&w->redaction, str_of(message), body_max, &w->copy);
	w->facts = (struct report_facts){
		.reporter = { "Us", "reports@ours.test", "desk.ours.test" }, .id = "abcdefgh",
		.token = "abcdefgh-aaaaaaaaaaaaaaaa",
		.uuid = "00000000-0000-4000-8000-000000000000", .contact = "abuse@isp.test",
		.contact_source = "rdap", .now_s = 1795255200, .source = w->trace.handover,
		.relay = w->trace.handover, .network = "198.51.100.0-198.51.100.255",
		.network_name = "", .incidents = 1, .trace = &w->trace,
		.redaction = &w->redaction, .copy = buf_str(&w->copy),
	};
}

void world_fini(struct world *w)
{
	buf_fini(&w->copy);
	buf_fini(&w->out);
	buf_fini(&w->problem);
	arena_fini(&w->arena);
	trace_fini(&w->trace);
	border_set_fini(&w->set);
}

bool has(const struct buf *b, const char *text)
{
	return str_search(buf_str(b), str_of(text)) != SIZE_MAX;
}

struct ip address_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}
