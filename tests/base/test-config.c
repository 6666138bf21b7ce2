/* SPDX-License-Identifier: ISC
 *
 * The configuration: what the file may hold, what each mistake is told as, and that
 * what is printed reads back the same.
 */
#include "test.h"

#include "base/config.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

struct top {
	char *name, *level;
};

struct inner {
	int64_t rate, wait_s, size_bytes;
	bool on;
	char *domain, *other;
	struct config_endpoints listen;
	struct config_ips source;
	struct config_strings who;
	struct config_ports ports;
};

#define TOP(type, field) CONFIG_MEMBER(type, struct top, field)
#define INNER(type, field) CONFIG_MEMBER(type, struct inner, field)

static const struct config_row top_rows[] = {
	{ "name", TOP(CONFIG_STRING, name), 0, 0, "plain", "A name." },
	{ "level", TOP(CONFIG_STRING, level), 0, 0, "info", "A level.", .choices = "error, info" },
};

static const struct config_row inner_rows[] = {
	{ "rate", INNER(CONFIG_INT, rate), -5, 10000, "10", "A rate.", "hosts a second" },
	{ "wait", INNER(CONFIG_DURATION, wait_s), 0, 432000, "30s", "A wait." },
	{ "size", INNER(CONFIG_SIZE, size_bytes), 1024, 64 << 20, "256K", "A size." },
	{ "on", INNER(CONFIG_BOOL, on), 0, 0, "no", "A switch." },
	{ "domain", INNER(CONFIG_DOMAIN, domain), 0, 0, "", "A domain." },
	{ "other", INNER(CONFIG_DOMAIN, other), 0, 0, "example.org", "A domain that must be." },
	{ "listen", INNER(CONFIG_ENDPOINTS, listen), 1, 3, "127.0.0.1:25", "Endpoints." },
	{ "source", INNER(CONFIG_IPS, source), 0, 2, "", "Addresses." },
	{ "who", INNER(CONFIG_STRINGS, who), 0, 0, "", "Names." },
	{ "ports", INNER(CONFIG_PORTS, ports), 1, 16, "25,587", "Ports." },
};

static struct top top;
static struct inner inner;
static const struct config_section sections[] = {
	{ "", "General.", top_rows, sizeof(top_rows) / sizeof(*top_rows), &top },
	{ "tester", "Testing.", inner_rows, sizeof(inner_rows) / sizeof(*inner_rows), &inner },
};
enum { SECTIONS = 2 };

static char path[] = "/tmp/portreeve-config-XXXXXX";

static int make_file(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int load(const char *text, struct buf *message)
{
	assert_int_equal(file_write(path, str_of(text), 0600), ERR_OK);
	return config_load(path, sections, SECTIONS, message);
}

static void test_defaults(void **state)
{
	(void)state;
	struct buf message = { 0 };
	assert_int_equal(config_load(NULL, sections, SECTIONS, &message), ERR_OK);
	assert_string_equal(top.name, "plain");
	assert_int_equal(inner.rate, 10);
	assert_int_equal(inner.wait_s, 30);
	assert_int_equal(inner.size_bytes, 256 * 1024);
	assert_false(inner.on);
	assert_string_equal(inner.domain, "");
	assert_int_equal(inner.listen.n, 1);
	assert_int_equal(inner.listen.v[0].port, 25);
	assert_int_equal(inner.source.n, 0);
	assert_int_equal(inner.ports.n, 2);
	assert_int_equal(inner.ports.v[1], 587);
	config_fini(sections, SECTIONS);
	assert_null(top.name);
	assert_null(inner.ports.v);
	assert_int_equal(inner.ports.n, 0);
}

static void test_file(void **state)
{
	(void)state;
	struct buf message = { 0 };
	int e = load("# a comment\n"
	             "name = \"two words\"\n"
	             "tester {\n"
	             "  rate = -5\n  wait = 15m\n  size = 10M\n  on = yes\n"
	             "  domain = \"Mail.Example.ORG.\"\n"
	             "  listen = {\"192.0.2.1:2525\", \"[2001:db8::1]:25\"}\n"
	             "  source = {192.0.2.9}\n"
	             "  who = {\"a b\", c}\n"
	             "  ports += {2525}\n"
	             "}\n", &message);
	assert_string_equal(buf_cstr(&message), "");
	assert_int_equal(e, ERR_OK);
	assert_string_equal(top.name, "two words");
	assert_int_equal(inner.rate, -5);
	assert_int_equal(inner.wait_s, 900);
	assert_int_equal(inner.size_bytes, 10 << 20);
	assert_true(inner.on);
	assert_string_equal(inner.domain, "mail.example.org");
	assert_int_equal(inner.listen.n, 2);
	assert_int_equal(inner.listen.v[1].ip.family, 6);
	assert_int_equal(inner.source.n, 1);
	assert_int_equal(inner.who.n, 2);
	assert_string_equal(inner.who.v[0], "a b");
	assert_int_equal(inner.ports.n, 3);
	assert_int_equal(inner.ports.v[0], 25);
	assert_int_equal(inner.ports.v[2], 2525);
	config_fini(sections, SECTIONS);
	buf_fini(&message);
}

/* What replaces a default list, what adds to it, what empties it. */
static void test_lists(void **state)
{
	(void)state;
	static const struct { const char *text; size_t n; uint16_t last; } rows[] = {
		{ "tester { ports = {1} }", 1, 1 },
		{ "tester { ports = 7 }", 1, 7 },
		{ "tester { ports = {1, 2, 3, 4} }", 4, 4 },
		{ "tester { ports += {1} }", 3, 1 },
		{ "tester { ports = {1, 2}\n ports = {3} }", 1, 3 },
		{ "tester { }\n", 2, 587 },
		{ "", 2, 587 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf message = { 0 };
		CHECK_ROW(rows[i].text, load(rows[i].text, &message) == ERR_OK);
		CHECK_ROW(rows[i].text, inner.ports.n == rows[i].n);
		CHECK_ROW(rows[i].text, inner.ports.v[inner.ports.n - 1] == rows[i].last);
		config_fini(sections, SECTIONS);
		buf_fini(&message);
	}
}

static void test_mistakes(void **state)
{
	(void)state;
	static const struct { const char *text, *line_and_message; } rows[] = {
		{ "\n\ntester {\n rate = fast\n}",
		  ":4: tester.rate: expected a number from -5 to 10000, found \"fast\"" },
		{ "tester { rate = 10001 }",
		  ":1: tester.rate: expected a number from -5 to 10000, found \"10001\"" },
		{ "tester { rate = 99999999999999999999 }",
		  ":1: tester.rate: expected a number from -5 to 10000, "
		  "found \"99999999999999999999\"" },
		{ "tester { rate = \"\" }",
		  ":1: tester.rate: expected a number from -5 to 10000, found \"\"" },
		{ "tester { wait = 6d }",
		  ":1: tester.wait: expected a duration from 0s to 5d, found \"6d\"" },
		{ "tester { wait = 5parsecs }",
		  ":1: tester.wait: expected a duration from 0s to 5d, found \"5parsecs\"" },
		{ "tester { wait = 9223372036854775807d }",
		  ":1: tester.wait: expected a duration from 0s to 5d, "
		  "found \"9223372036854775807d\"" },
		{ "tester { size = 1 }",
		  ":1: tester.size: expected a size from 1K to 64M, found \"1\"" },
		{ "tester { on = perhaps }",
		  ":1: tester.on: expected yes or no, found \"perhaps\"" },
		{ "tester { domain = \"a..b\" }",
		  ":1: tester.domain: expected a domain name, found \"a..b\"" },
		{ "tester { domain = \"-a.b\" }",
		  ":1: tester.domain: expected a domain name, found \"-a.b\"" },
		{ "tester { other = \"\" }",
		  ":1: tester.other: expected a domain name, found \"\"" },
		{ "tester { listen = {\"192.0.2.1\"} }",
		  ":1: tester.listen: expected ADDRESS:PORT, or [IPv6]:PORT, found \"192.0.2.1\"" },
		{ "tester {\n listen = {} }", ": tester.listen: expected 1 to 3 values, found 0" },
		{ "tester { source = {\n192.0.2.1,\n192.0.2.2,\n192.0.2.3} }",
		  ":4: tester.source: expected 0 to 2 values, found 3" },
		{ "tester { source = {\n192.0.2.1,\n192.0.2.999} }",
		  ":3: tester.source: expected an IPv4 or IPv6 address, found \"192.0.2.999\"" },
		{ "tester { ports = {0} }",
		  ":1: tester.ports: expected a port from 1 to 65535, found \"0\"" },
		{ "level = loud", ":1: level: expected one of error, info, found \"loud\"" },
		{ "name = \"a\\x07b\"",
		  ":1: name: expected a text without control characters, found \"a\\x07b\"" },
		{ "nmae = x", ":1: no such option 'nmae', expected a parameter of "
		  "portreeve.conf(5); did you mean \"name\"?" },
		{ "tetser { name = x }", ":1: no such option 'tetser', expected a parameter of "
		  "portreeve.conf(5); did you mean \"tester\"?" },
		{ "tester { prots = {25} }", ":1: no such option 'prots', expected a parameter of "
		  "portreeve.conf(5); did you mean \"ports\"?" },
		{ "tester { name = x }", ":1: no such option 'name', expected a parameter of "
		  "portreeve.conf(5)" },
		{ "tester {\n", ":3: expected \"}\" before the end of the file" },
		{ "name = \"open", NULL },
		{ "}", NULL },
		{ "= = =", NULL },
		{ "name", NULL },
		{ "tester = 5", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf message = { 0 }, want = { 0 };
		CHECK_ROW(rows[i].text, load(rows[i].text, &message) == ERR_INVALID);
		CHECK_ROW(rows[i].text, str_prefix(buf_str(&message), str_of(path)));
		CHECK_ROW(rows[i].text, str_find(buf_str(&message), '\n') == SIZE_MAX);
		buf_printf(&want, "%s%s", path, rows[i].line_and_message ? : "");
		if (rows[i].line_and_message)
			assert_string_equal(buf_cstr(&message), buf_cstr(&want));
		CHECK_ROW(rows[i].text, top.name == NULL && inner.ports.v == NULL);
		buf_fini(&message);
		buf_fini(&want);
	}
}

static void test_file_mistakes(void **state)
{
	(void)state;
	static const struct { const char *path; int err; const char *message; } rows[] = {
		{ "/nonexistent/x.conf", ERR_NOT_FOUND,
		  "/nonexistent/x.conf: expected a configuration file: not found" },
		{ "/tmp", ERR_IO, "/tmp: expected a configuration file: input/output error" },
		{ "/dev/zero", ERR_LIMIT,
		  "/dev/zero: expected a configuration of at most 1048576 bytes" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf message = { 0 };
		CHECK_ROW(rows[i].path, config_load(rows[i].path, sections, SECTIONS, &message) ==
		          rows[i].err);
		assert_string_equal(buf_cstr(&message), rows[i].message);
		buf_fini(&message);
	}
	struct buf message = { 0 };
	assert_int_equal(file_write(path, (struct str){ "name = \0", 8 }, 0600), ERR_OK);
	assert_int_equal(config_load(path, sections, SECTIONS, &message), ERR_INVALID);
	assert_non_null(strstr(buf_cstr(&message), "found a NUL byte at offset 7"));
	buf_fini(&message);
}

static void test_set(void **state)
{
	(void)state;
	static const struct { const char *name, *value, *message; } rows[] = {
		{ "name", "x y", "" },
		{ "tester.rate", "7", "" },
		{ "tester.ports", "1, 2,3", "" },
		{ "tester.source", "", "" },
		{ "tester.who", "a,b", "" },
		{ "tester.rate", "x",
		  "tester.rate: expected a number from -5 to 10000, found \"x\"" },
		{ "tester.ports", "1,x",
		  "tester.ports: expected a port from 1 to 65535, found \"x\"" },
		{ "tester.ports", "", "tester.ports: expected 1 to 16 values, found 0" },
		{ "tester.none", "1",
		  "\"tester.none\": expected the name of a parameter, as SECTION.NAME" },
		{ "none.rate", "1",
		  "\"none.rate\": expected the name of a parameter, as SECTION.NAME" },
	};
	struct buf message = { 0 };
	assert_int_equal(config_load(NULL, sections, SECTIONS, &message), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		buf_clear(&message);
		int e = config_set(sections, SECTIONS, rows[i].name, rows[i].value, &message);
		CHECK_ROW(rows[i].name, (e == ERR_OK) == (rows[i].message[0] == '\0'));
		assert_string_equal(buf_cstr(&message), rows[i].message);
	}
	/* A mistake changed nothing. */
	assert_int_equal(inner.rate, 7);
	assert_int_equal(inner.ports.n, 3);
	assert_int_equal(inner.who.n, 2);
	config_fini(sections, SECTIONS);
	buf_fini(&message);
}

/* Printed, read and printed again: the same text, with prose and without. */
static void test_print(void **state)
{
	(void)state;
	for (int prose = 0; prose < 2; prose++) {
		struct buf message = { 0 }, first = { 0 }, second = { 0 };
		assert_int_equal(load("name = \"a \\\"quoted\\\" \\\\ and \\${HOME} # '\"\n"
		                      "tester { wait = 90\n size = 1536K\n on = on\n"
		                      "who = {\"x, y\", \"z\"}\n listen = {\"[::1]:1\"} }",
		                      &message), ERR_OK);
		assert_string_equal(top.name, "a \"quoted\" \\ and ${HOME} # '");
		config_print(sections, SECTIONS, prose, &first);
		config_fini(sections, SECTIONS);
		assert_int_equal(load(buf_cstr(&first), &message), ERR_OK);
		assert_int_equal(inner.wait_s, 90);
		assert_string_equal(inner.who.v[0], "x, y");
		config_print(sections, SECTIONS, prose, &second);
		assert_string_equal(buf_cstr(&first), buf_cstr(&second));
		config_fini(sections, SECTIONS);
		buf_fini(&message);
		buf_fini(&first);
		buf_fini(&second);
	}
}

/* Changed values of every type are found, and nothing else. */
static const struct config_row kept_rows[] = {
	{ "text", TOP(CONFIG_STRING, name), 0, 0, "a", "", .restart = CONFIG_NEXT_RUN },
	{ "level", TOP(CONFIG_STRING, level), 0, 0, "a", "" },
};
static const struct config_row kept_inner_rows[] = {
	{ "rate", INNER(CONFIG_INT, rate), 0, 9, "1", "", .restart = CONFIG_NEXT_START,
	  .role = "x" },
	{ "on", INNER(CONFIG_BOOL, on), 0, 0, "no", "", .restart = CONFIG_NEXT_START, .role = "x" },
	{ "listen", INNER(CONFIG_ENDPOINTS, listen), 0, 3, "127.0.0.1:25", "",
	  .restart = CONFIG_NEXT_RUN, .role = "x" },
	{ "source", INNER(CONFIG_IPS, source), 0, 3, "::1", "", .restart = CONFIG_NEXT_RUN,
	  .role = "y" },
	{ "who", INNER(CONFIG_STRINGS, who), 0, 3, "a,b", "", .restart = CONFIG_NEXT_RUN },
	{ "ports", INNER(CONFIG_PORTS, ports), 0, 3, "1,2", "", .restart = CONFIG_NEXT_RUN },
};

static struct top tops[2];
static struct inner inners[2];

static void kept_sections(size_t which, struct config_section out[static SECTIONS])
{
	out[0] = (struct config_section){ "", NULL, kept_rows, 2, &tops[which] };
	out[1] = (struct config_section){ "in", NULL, kept_inner_rows, 6, &inners[which] };
}

/* Those of role y are not waited for: it does not run. */
static bool note_wait(void *arg, const struct config_row *row)
{
	buf_printf(arg, "%s%s%s ", row->role ? row->role : "", row->role ? ":" : "", row->name);
	return !row->role || strcmp(row->role, "y") != 0;
}

static void test_keep(void **state)
{
	(void)state;
	static const struct { const char *name, *value, *told; bool taken; } rows[] = {
		{ "text", "a", "", false },
		{ "text", "b", "text ", false },
		{ "level", "b", "", true },
		{ "in.rate", "1", "", false },
		{ "in.rate", "2", "x:rate ", true },
		{ "in.on", "yes", "x:on ", true },
		{ "in.listen", "127.0.0.1:26", "x:listen ", false },
		{ "in.listen", "127.0.0.2:25", "x:listen ", false },
		{ "in.listen", "", "x:listen ", false },
		{ "in.source", "::1", "", false },
		{ "in.source", "::2", "y:source ", true },
		{ "in.who", "a,b", "", false },
		{ "in.who", "a", "who ", false },
		{ "in.who", "a,b,c", "who ", false },
		{ "in.who", "b,a", "who ", false },
		{ "in.ports", "1,3", "ports ", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config_section old[SECTIONS], fresh[SECTIONS];
		struct buf message = { 0 }, told = { 0 }, before = { 0 }, after = { 0 };
		kept_sections(0, old);
		kept_sections(1, fresh);
		assert_int_equal(config_load(NULL, old, SECTIONS, &message), ERR_OK);
		assert_int_equal(config_load(NULL, fresh, SECTIONS, &message), ERR_OK);
		assert_int_equal(config_set(fresh, SECTIONS, rows[i].name, rows[i].value, &message),
		                 ERR_OK);
		config_print(old, SECTIONS, false, &before);
		config_keep(old, fresh, SECTIONS, note_wait, &told);
		config_print(fresh, SECTIONS, false, &after);
		assert_string_equal(buf_cstr(&told), rows[i].told);
		CHECK_ROW(rows[i].value, (strcmp(buf_cstr(&before), buf_cstr(&after)) != 0) ==
		                         rows[i].taken);
		config_fini(old, SECTIONS);
		config_fini(fresh, SECTIONS);
		buf_fini(&told);
		buf_fini(&before);
		buf_fini(&after);
		buf_fini(&message);
	}
}

static void test_manual(void **state)
{
	(void)state;
	struct buf out = { 0 };
	config_print_manual(sections, SECTIONS, &out);
	assert_non_null(strstr(out.p, ".SS \"Section tester\"\nTesting.\n"));
	assert_non_null(strstr(out.p, ".TP\n.B rate\nA rate.\nA number from \\-5 to 10000, "
	                              "in hosts a second; default 10.\n"));
	assert_non_null(strstr(out.p, "List of 1 to 16, each a port from 1 to 65535; "
	                              "default 25, 587.\n"));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_file_mistakes),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_manual),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
