/* SPDX-License-Identifier: ISC
 *
 * The JSON form of tests and cases.
 *
 * Hostile input that reaches it: texts of servers, in any bytes.
 */
#include "store/json-private.h"

#include "base/clock.h"

#include <assert.h>

json_t *json_shown(struct str s)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			buf_printf(&b, "\\x%02x", c);
		else
			buf_add_byte(&b, s.p[i]);
	}
	json_t *text = json_text(buf_str(&b));
	buf_fini(&b);
	return text;
}

json_t *json_ip(const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	return json_string(ip->family ? ip_format(ip, text) : "");
}

json_t *json_time(int64_t time_s)
{
	char text[CLOCK_TEXT_MAX];
	return json_string(time_s ? clock_format(time_s, text) : "");
}

json_t *case_result_json(const struct case_result *r)
{
	json_t *o = json_pack("{s:o, s:s, s:i, s:o, s:o, s:b, s:b}",
	                      "id", json_shown(str_of(r->id)), "stage", stage_name(r->stage),
	                      "code", r->code, "enhanced", json_shown(str_of(r->enhanced)),
	                      "text", json_shown(str_of(r->text)),
	                      "accepted", r->accepted, "returned", r->returned > 0);
	assert(o);
	return o;
}

json_t *test_json(const struct test *t, enum verdict verdict, const char *reason,
                  const struct case_result *results, size_t n)
{
	struct ip output = { 0 };
	json_t *cases = json_array();
	for (size_t i = 0; i < n; i++) {
		/* The confirmation is part of the form's proof, not a case of its own. */
		if (results[i].attempt == 0)
			json_array_append_new(cases, case_result_json(&results[i]));
		if (output.family == 0 && results[i].returned > 0)
			output = results[i].output;
	}
	json_t *o = json_pack("{s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:f, s:o}",
	                      "address", json_ip(&t->target.ip), "port", (int)t->target.port,
	                      "verdict", verdict_name(verdict),
	                      "reason", json_text(str_of(reason)), "output", json_ip(&output),
	                      "cases", cases, "started", json_time(t->started_s),
	                      "seconds", t->seconds,
	                      "evidence", json_shown(str_of(t->evidence_id)));
	assert(o);
	return o;
}
