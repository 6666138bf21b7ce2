/* SPDX-License-Identifier: ISC
 *
 * The whole configuration: safe without a file, told in one line when it is wrong, and
 * the same in a role's process as in the supervisor's.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "settings/state.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/portreeve-settings-XXXXXX";
static char *conf;

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	conf = mem_printf("%s/portreeve.conf", directory);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	free(conf);
	return directory_remove(directory);
}

static int load(const char *text, struct settings *s, struct buf *message)
{
	assert_int_equal(file_write(conf, str_of(text), 0644), ERR_OK);
	return settings_load(s, conf, NULL, message);
}

static bool is_loopback(const struct config_endpoints *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].ip.family != 4 || list->v[i].ip.b[0] != 127)
			return false;
	return list->n > 0;
}

static bool are_high(const struct config_endpoints *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].port < 1024)
			return false;
	return true;
}

/* Without a word from the operator nothing is reachable from outside, nobody is
 * told anything and no privilege is needed. */
static void test_safe_defaults(void **state)
{
	(void)state;
	struct settings s;
	struct buf message = { 0 };
	assert_int_equal(load("", &s, &message), ERR_OK);
	assert_true(is_loopback(&s.collector.listen) && are_high(&s.collector.listen));
	assert_true(is_loopback(&s.dnsbl.listen) && are_high(&s.dnsbl.listen));
	assert_false(s.tester.notify_postmaster);
	assert_string_equal(s.dnsbl.output_zone, "");
	assert_int_equal(s.tester.interval_s, 24 * 3600);
	assert_int_equal(s.tester.trusted_submitters.n, 0);
	assert_int_equal(s.general.state_directory[0], '/');
	assert_true(settings_has_role(&s, "tester") && settings_has_role(&s, "collector") &&
	            settings_has_role(&s, "dnsbl"));
	assert_int_equal(settings_log_level(&s), LOG_INFO);
	assert_non_null(strchr(s.general.contact, '@'));
	assert_string_not_equal(s.general.hostname, "");
	settings_fini(&s);
	assert_null(s.general.state_directory);
}

static void test_mistakes(void **state)
{
	(void)state;
	static const struct { const char *text, *message; } rows[] = {
		{ "roles = {tester, butler}",
		  ":1: roles: expected one of tester, collector, dnsbl, witness, gateway, found \"butler\"" },
		{ "log_level = loud",
		  ":1: log_level: expected one of error, warn, info, debug, found \"loud\"" },
		{ "contact = nobody", ": contact: expected a mail address, found \"nobody\"" },
		{ "tester { domain = \"a.example\"\n domain2 = \"b.a.example\" }",
		  ": tester.domain2: expected a domain unrelated to tester.domain (a.example), "
		  "found \"b.a.example\"" },
		{ "tester { domain = \"a.example\"\n domain2 = \"A.example\" }",
		  ": tester.domain2: expected a domain unrelated to tester.domain (a.example), "
		  "found \"a.example\"" },
		{ "collector { key = \"/k.pem\" }",
		  ": collector.key: expected together with collector.certificate, "
		  "found one alone" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settings s;
		struct buf message = { 0 };
		char *want = mem_printf("%s%s", conf, rows[i].message);
		CHECK_ROW(rows[i].text, load(rows[i].text, &s, &message) == ERR_INVALID);
		assert_string_equal(buf_cstr(&message), want);
		assert_null(s.general.user);
		free(want);
		buf_fini(&message);
	}
}

/* "ba.example" is not below "a.example". */
static void test_unrelated(void **state)
{
	(void)state;
	struct settings s;
	struct buf message = { 0 };
	assert_int_equal(load("tester { domain = \"a.example\"\n domain2 = \"ba.example\" }", &s,
	                      &message), ERR_OK);
	assert_int_equal(settings_set(&s, "tester.rate", "7", &message), ERR_OK);
	assert_int_equal(s.tester.rate, 7);
	assert_int_equal(settings_set(&s, "tester.domain2", "x.a.example", &message), ERR_OK);
	assert_int_equal(settings_check(&s, &message), ERR_INVALID);
	settings_fini(&s);
	buf_fini(&message);
}

/* What the supervisor prints for its roles is what they get. */
static void test_as_text(void **state)
{
	(void)state;
	struct settings first, second;
	struct buf message = { 0 }, one = { 0 }, two = { 0 };
	assert_int_equal(load("operator = \"A \\\"B\\\" \\${HOME}\"\ntester { wait = 7s }", &first,
	                      &message), ERR_OK);
	settings_print(&first, false, &one);
	assert_int_equal(settings_load_text(&second, buf_str(&one), &message), ERR_OK);
	settings_print(&second, false, &two);
	assert_string_equal(buf_cstr(&one), buf_cstr(&two));
	assert_string_equal(second.general.operator_name, "A \"B\" ${HOME}");
	assert_string_equal(second.general.state_directory, first.general.state_directory);
	settings_fini(&first);
	settings_fini(&second);
	buf_fini(&one);
	buf_fini(&two);
}

static void test_state_directory(void **state)
{
	(void)state;
	struct settings s;
	struct buf message = { 0 };
	assert_int_equal(file_write(conf, STR("state_directory = \"/one\""), 0644), ERR_OK);
	assert_int_equal(settings_load(&s, conf, NULL, &message), ERR_OK);
	assert_string_equal(s.general.state_directory, "/one");
	settings_fini(&s);
	assert_int_equal(settings_load(&s, conf, "two", &message), ERR_OK);
	assert_int_equal(s.general.state_directory[0], '/');
	assert_true(str_casesuffix(str_of(s.general.state_directory), STR("/two")));
	settings_fini(&s);
	assert_int_equal(file_write(conf, STR(""), 0644), ERR_OK);
	setenv("STATE_DIRECTORY", "/from/systemd", 1);
	assert_int_equal(settings_load(&s, conf, NULL, &message), ERR_OK);
	unsetenv("STATE_DIRECTORY");
	assert_string_equal(s.general.state_directory, "/from/systemd");
	settings_fini(&s);
}

static void test_prepare(void **state)
{
	(void)state;
	struct settings s;
	struct buf message = { 0 };
	struct stat st;
	char *path = mem_printf("%s/new/state", directory);
	assert_int_equal(load("user = nobody", &s, &message), ERR_OK);
	settings_fini(&s);
	assert_int_equal(settings_load(&s, conf, path, &message), ERR_OK);
	assert_int_equal(state_prepare(&s, true, &message), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_true(geteuid() != 0 || st.st_uid != 0);
	assert_int_equal(state_prepare(&s, true, &message), ERR_OK);       /* again is fine */
	settings_fini(&s);
	/* A file is no directory. */
	assert_int_equal(settings_load(&s, conf, conf, &message), ERR_OK);
	assert_int_equal(state_prepare(&s, true, &message), ERR_INVALID);
	settings_fini(&s);
	buf_clear(&message);
	/* Root gives nothing away that has other things in it. */
	if (geteuid() == 0) {
		assert_int_equal(settings_load(&s, conf, directory, &message), ERR_OK);
		assert_int_equal(state_prepare(&s, true, &message), ERR_DENIED);
		assert_int_equal(state_prepare(&s, false, &message), ERR_OK);
		assert_int_equal(stat(directory, &st), 0);
		assert_int_equal(st.st_uid, 0);
		settings_fini(&s);
	}
	buf_fini(&message);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe_defaults),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_unrelated),
		cmocka_unit_test(test_as_text),
		cmocka_unit_test(test_state_directory),
		cmocka_unit_test(test_prepare),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
