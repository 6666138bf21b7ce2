/* SPDX-License-Identifier: ISC
 *
 * What `portreeve top` draws: rates, what is cut, and that nothing foreign reaches the terminal as
 * it is, whatever the state holds.
 */
#include "test.h"

#include "cli/top-draw.h"

#include <string.h>

#define STATE(added, why) \
	"{\"hostname\":\"mx.example\",\"oldest_age\":7200,\"sessions_open\":2," \
	"\"counters\":{\"messages\":10,\"relay_refused\":7}," \
	"\"queue\":{\"messages\":3,\"recipients\":4,\"bytes\":12345," \
	"\"added\":" added "}," \
	"\"lists\":[{\"zone\":\"good.example\",\"well\":true,\"asked\":5,\"matched\":2}," \
	"{\"zone\":\"sick.example\",\"well\":false,\"problem\":\"lists everybody\"}]," \
	"\"destinations\":[{\"name\":\"few.example\",\"waiting\":1,\"why\":\"" why "\"}," \
	"{\"name\":\"many.example\",\"waiting\":900,\"sessions\":3,\"limit\":20,\"pause\":60}]," \
	"\"sessions\":[{\"address\":\"192.0.2.1\",\"listener\":\"submission\",\"tls\":true," \
	"\"stage\":\"DATA\",\"age\":3,\"bytes\":2048,\"account\":\"ann\",\"helo\":\"" why "\"}," \
	"{\"address\":\"192.0.2.2\",\"listener\":\"smtp\",\"age\":90,\"helo\":\"" why "\"}]}"

static void drawn(const char *now, const char *before, double seconds, unsigned columns,
                  unsigned rows, struct buf *out)
{
	json_t *a = json_loads(now, JSON_ALLOW_NUL, NULL);
	json_t *b = before ? json_loads(before, JSON_ALLOW_NUL, NULL) : NULL;
	assert_non_null(a);
	const struct top_view view = {
		.now = a, .before = b, .seconds = seconds, .clock = "22:33:10",
		.columns = columns, .rows = rows,
	};
	buf_clear(out);
	top_draw(&view, out);
	json_decref(a);
	json_decref(b);
}

static void assert_has(struct buf *out, const char *text)
{
	if (!strstr(buf_cstr(out), text))
		fail_msg("\"%s\" is not in:\n%s", text, buf_cstr(out));
}

static void test_what_it_says(void **state)
{
	(void)state;
	struct buf out = { 0 };
	drawn(STATE("30", "no"), STATE("10", "no"), 2, 200, 0, &out);
	static const char *const texts[] = {
		"mx.example", "22:33:10", "2 sessions", "messages 10 (0.0/s)", "3 messages, 4 recipients",
		"12.3 kB", "the oldest is of 2 h ago", "added 30 (10.0/s)", "relay 7",
		"good.example", "asked 5, matched 2", "off: lists everybody", "3/20", "in 60 s",
		"submission tls DATA     3 s, 2.0 kB  ann",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_has(&out, texts[i]);
	/* Those with most to do, and those that are there longest, first. */
	assert_true(strstr(buf_cstr(&out), "many.example") < strstr(buf_cstr(&out), "few.example"));
	assert_true(strstr(buf_cstr(&out), "192.0.2.2") < strstr(buf_cstr(&out), "192.0.2.1"));
	buf_fini(&out);
}

static void test_no_rate_of_another_start(void **state)
{
	(void)state;
	struct buf out = { 0 };
	drawn(STATE("3", "no"), STATE("10", "no"), 1, 200, 0, &out);
	assert_has(&out, "added 3  ");
	drawn(STATE("30", "no"), NULL, 0, 200, 0, &out);
	assert_has(&out, "added 30  ");
	drawn("{}", "{}", 1, 80, 24, &out);
	assert_has(&out, "0 sessions");
	drawn("{\"queue\":[],\"lists\":{},\"sessions\":\"x\",\"destinations\":[1,null,[]]}", NULL, 1, 80,
	      24, &out);
	assert_has(&out, "0 sessions");
	buf_fini(&out);
}

static void test_nothing_foreign_as_it_is(void **state)
{
	(void)state;
	struct buf out = { 0 };
	drawn(STATE("1", "\\u001b]0;owned\\u0007\\u001b[2J\\r\\n\\u009b2J\\u202e\\u0000x\\u007f"), NULL, 0,
	      400, 0, &out);
	for (size_t i = 0; i < out.n; i++)
		assert_true(out.p[i] == '\n' || (out.p[i] >= ' ' && out.p[i] < 0x7f));
	assert_has(&out, "\\x1b]0;owned\\x07");
	buf_fini(&out);
}

static void test_no_more_than_there_is_room_for(void **state)
{
	(void)state;
	struct buf out = { 0 };
	static const char LONG[] = "................................................................"
	                           "................................................................";
	char now[4096];
	for (unsigned rows = 1; rows < 30; rows++)
		for (unsigned columns = 1; columns < 120; columns += 7) {
			snprintf(now, sizeof(now), "{\"lists\":[{\"zone\":\"%s\",\"problem\":\"%s\"}],"
			         "\"destinations\":[{\"name\":\"%s\",\"why\":\"%s\"},{},{},{}],"
			         "\"sessions\":[{\"address\":\"%s\",\"helo\":\"%s\"},{},{},{},{}]}",
			         LONG, LONG, LONG, LONG, LONG, LONG);
			drawn(now, NULL, 0, columns, rows, &out);
			struct str rest = buf_str(&out), line;
			size_t lines = 0;
			for (; str_token(&rest, "\n", &line); lines++)
				assert_true(line.n <= (columns > 40 ? columns : 40));
			assert_true(lines <= rows);
		}
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_says),
		cmocka_unit_test(test_no_rate_of_another_start),
		cmocka_unit_test(test_nothing_foreign_as_it_is),
		cmocka_unit_test(test_no_more_than_there_is_room_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
