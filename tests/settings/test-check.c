/* SPDX-License-Identifier: ISC
 *
 * What is asked of settings before roles run by them: what was left of the example file is found
 * in every parameter that takes an address or a name, zones and domains fit, and files are read
 * as those who will read them.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "settings/check.h"
#include "settings/settings-private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/portreeve-check-XXXXXX";
static char *conf;

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(directory) || chmod(directory, 0755) != 0)
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

/* The one line, or the remarks. */
static int check_text(const char *text, struct buf *message, struct buf *remarks)
{
	struct settings s;
	assert_int_equal(file_write(conf, str_of(text), 0644), ERR_OK);
	int e = settings_load_for_roles(&s, conf, directory, message, remarks);
	if (e == ERR_OK)
		settings_fini(&s);
	return e;
}

struct check_row {
	const char *text;
	const char *said;       /* in the line of the error; NULL: it is good */
	const char *remark;     /* NULL: none of these words */
};

static void check_rows(const struct check_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf message = { 0 }, remarks = { 0 };
		int e = check_text(rows[i].text, &message, &remarks);
		CHECK_ROW(rows[i].text, (e == ERR_OK) == !rows[i].said);
		if (rows[i].said)
			CHECK_ROW(rows[i].text, strstr(buf_cstr(&message), rows[i].said));
		if (rows[i].remark)
			CHECK_ROW(rows[i].text, strstr(buf_cstr(&remarks), rows[i].remark));
		buf_fini(&message);
		buf_fini(&remarks);
	}
}

static const char unedited[] = "expected your own, found the unedited example ";

/* What each type takes of the example file; NULL: neither an address nor a name. */
static const char *example_for(enum config_type type)
{
	switch (type) {
	case CONFIG_STRING: return "see https://www.Example.NET:8080/why?ip=1";
	case CONFIG_DOMAIN: return "mx.example.org";
	case CONFIG_ENDPOINTS: return "198.51.100.7:25";
	case CONFIG_IPS: return "2001:db8:1::25";
	case CONFIG_STRINGS: return "*.example.com";
	case CONFIG_PREFIXES: return "203.0.113.0/24";
	case CONFIG_INT: case CONFIG_BOOL: case CONFIG_DURATION: case CONFIG_SIZE:
	case CONFIG_PORTS: break;
	}
	return NULL;
}

/* Whatever a section's own check would have said first, this one finds it. */
static void test_every_parameter(void **state)
{
	(void)state;
	size_t looked = 0;
	for (size_t i = 0; i < SETTINGS_SECTIONS; i++)
		for (size_t j = 0; j < *settings_sections[i].row_count; j++) {
			const struct config_row *row = &settings_sections[i].rows[j];
			const char *section = settings_sections[i].name, *value;
			struct settings s;
			struct buf message = { 0 };
			value = row->choices ? NULL : example_for(row->type);
			/* Names the laboratory's own ranges. */
			if (!value || strcmp(row->name, "allow_special") == 0)
				continue;
			assert_int_equal(settings_load_text(&s, STR("hostname = h.test"), &message),
			                 ERR_OK);
			s.general.hostname_given = true;
			char *name = mem_printf("%s%s%s", section, *section ? "." : "", row->name);
			CHECK_ROW(name, settings_set(&s, name, value, &message) == ERR_OK);
			CHECK_ROW(name, settings_check_examples(&s, &message) == ERR_INVALID);
			CHECK_ROW(name, str_prefix(buf_str(&message), str_of(name)));
			CHECK_ROW(name, strstr(buf_cstr(&message), unedited));
			free(name);
			settings_fini(&s);
			buf_fini(&message);
			looked++;
		}
	assert_true(looked > 30);
}

static void test_unedited(void **state)
{
	(void)state;
#define FOUND "unedited example"
	static const struct check_row rows[] = {
		{ "contact = \"abuse@Example.NET\"", FOUND },
		{ "hostname = \"example.edu\"", FOUND },
		{ "report { smarthost = \"[2001:DB8::1]:587\" }", FOUND },
		{ "report { smarthost = \"mail.example.com:587\" }", FOUND },
		{ "report { ignore = {\"*@example.com\"} }", FOUND },
		{ "trace { own_hosts = {\"192.0.2.*\"} }", FOUND },
		{ "trace { own_nets = {\"10.0.0.0/8\", \"3fff:abc::/32\"} }", FOUND },
		{ "dnsbl { hostmaster = \"a.b@lists.example.org\" }", FOUND },
		{ "dnsbl { text = \"%a: see http://198.51.100.9.\" }", FOUND },
		{ "tester { source = {\"203.0.113.4\", \"2001:db8::4\"} }\n"
		  "objection_url = \"https://example.org/\"", "; also in tester.source" },
		/* What is made of the name is not said beside it: contact, operator. */
		{ "hostname = \"mail.example.org\"\ngateway { domains = {\"a.example.org\"} }",
		  "found the unedited example \"mail.example.org\"; also in gateway.domains" },
		/* These are somebody's, or nobody's. */
		{ "hostname = \"notexample.com\"", NULL },
		{ "hostname = \"example.com.lab.test\"", NULL },
		{ "hostname = \"mx.lab.example\"", NULL },
		{ "contact = \"example.com@lab.test\"", NULL },
		{ "operator = \"Example Networks\"", FOUND },
		{ "operator = \"Example Networks of Ghent\"", NULL },
		{ "operator = \"the hosts of example.org.\"", FOUND },
		{ "objection_url = \"https://192.0.20.1/192.0.1\"", NULL },
		{ "trace { own_nets = {\"2001:db80::/32\", \"3fff:1000::/32\"} }", NULL },
		/* A laboratory says where it lives: this range, not its neighbour. */
		{ "tester { collector = \"192.0.2.1:25\" }\n"
		  "list { allow_special = {\"192.0.2.0/28\"} }", NULL },
		{ "tester { collector = \"198.51.100.1:25\" }\n"
		  "list { allow_special = {\"192.0.2.0/24\"} }", FOUND },
		{ "contact = \"abuse@example.net\"\n"
		  "list { allow_special = {\"192.0.2.0/24\"} }", FOUND },
	};
#undef FOUND
	check_rows(rows, sizeof(rows) / sizeof(*rows));
}

static void test_zones(void **state)
{
	(void)state;
	static const struct check_row rows[] = {
		{ "dnsbl { zone = \"a.test\" }\ntester { domain = \"a.test\" }",
		  "tester.domain: expected a domain outside dnsbl.zone" },
		{ "dnsbl { zone = \"a.test\" }\ntester { domain2 = \"mx.a.test\" }",
		  "tester.domain2: expected a domain outside dnsbl.zone" },
		{ "dnsbl { output_zone = \"o.test\" }\ntester { domain = \"b.o.test\" }",
		  "tester.domain: expected a domain outside dnsbl.output_zone" },
		{ "dnsbl { zone = \"bl.a.test\" }\ntester { domain = \"a.test\" }", NULL,
		  "dnsbl.zone: bl.a.test is under tester.domain" },
		{ "dnsbl { output_zone = \"o.b.test\" }\ntester { domain2 = \"b.test\" }", NULL,
		  "dnsbl.output_zone: o.b.test is under tester.domain2" },
		{ "dnsbl { zone = \"a.test\" }\nhostname = \"mx.a.test\"", NULL,
		  "hostname: mx.a.test is in dnsbl.zone" },
		{ "dnsbl { zone = \"a.test\" }\ncontact = \"me@A.test\"", NULL,
		  "contact: me@A.test is in dnsbl.zone" },
		{ "dnsbl { zone = \"a.test\" }\nreport { from = \"me@x.a.test\" }", NULL,
		  "report.from: me@x.a.test is in dnsbl.zone" },
		{ "dnsbl { zone = \"bl.a.test\" }\ntester { domain = \"mx.a.test\" }", NULL },
	};
	check_rows(rows, sizeof(rows) / sizeof(*rows));
	struct buf message = { 0 }, remarks = { 0 };
	assert_int_equal(check_text(rows[8].text, &message, &remarks), ERR_OK);
	assert_null(strstr(buf_cstr(&remarks), "dnsbl"));
	buf_fini(&message);
	buf_fini(&remarks);
}

/* Root opens everything; the user that commands become does not. */
static void test_files(void **state)
{
	(void)state;
	static const struct {
		const char *parameter, *name;   /* of the file; one begins the list */
		mode_t mode;                    /* 0: there is none; else root's */
		const char *said;               /* to root; NULL: it is good */
		bool others_see;                /* others than root are told the same */
	} rows[] = {
		{ "smarthost_password_file = \"%s\"", "secret", 0600,
		  "that user \"nobody\" can read, found \"", false },
		{ "smarthost_password_file = \"%s\"", "public", 0644, NULL, true },
		{ "smarthost_password_file = \"%s\"", "none", 0, "No such file", true },
		{ "smarthost_password_file = \"%s\"", ".", 0, "not a regular file", true },
		{ "templates = {\"%s\"}", "root-template", 0600, NULL, false },
		{ "templates = {\"%s\"}", "no-template", 0, "report.templates: expected a file", true },
		{ "rdap_bootstrap = {\"%s\"}", "json", 0600, "report.rdap_bootstrap: expected", false },
		{ "rdap_bootstrap = {\"%s\", \"https://h.test/\"}", "json2", 0644, NULL, true },
	};
	bool root = geteuid() == 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf text = { 0 }, message = { 0 }, remarks = { 0 };
		char *path = mem_printf("%s/%s", directory, rows[i].name);
		if (rows[i].mode)
			assert_int_equal(file_write(path, STR("x\n"), rows[i].mode), ERR_OK);
		const char *hole = strstr(rows[i].parameter, "%s");
		buf_printf(&text, "user = nobody\nreport { %.*s%s%s }\n",
		           (int)(hole - rows[i].parameter), rows[i].parameter, path, hole + 2);
		int e = check_text(buf_cstr(&text), &message, &remarks);
		if (root || rows[i].others_see)
			CHECK_ROW(rows[i].name, (e == ERR_OK) == !rows[i].said);
		if (e != ERR_OK)
			CHECK_ROW(rows[i].name, strstr(buf_cstr(&message), rows[i].said));
		/* Nothing of this process is another's now. */
		assert_true(root == (geteuid() == 0));
		free(path);
		buf_fini(&text);
		buf_fini(&message);
		buf_fini(&remarks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_parameter),
		cmocka_unit_test(test_unedited),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
