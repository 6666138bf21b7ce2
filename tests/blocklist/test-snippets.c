/* SPDX-License-Identifier: ISC
 * What a mail server needs to ask our list: the filter of return codes, by table; and for every
 * server, that no answer which tells of an error could count. */
#include "test.h"

#include "blocklist/snippets.h"
#include "world.h"

struct gathered {
	struct buf text, files;
};

static void gather(void *arg, const char *file, struct str text)
{
	struct gathered *g = arg;
	buf_printf(&g->files, "%s ", file);
	buf_add_str(&g->text, text);
}

static void gather_fini(struct gathered *g)
{
	buf_fini(&g->text);
	buf_fini(&g->files);
}

static void check_row(const char *server, const char *const *options, const char *want)
{
	struct world w;
	struct gathered g = { 0 };
	world_make(&w, "192.0.2.1", NULL, options);
	assert_int_equal(blocklist_snippets(&w.config, str_of(server), gather, &g), ERR_OK);
	if (!strstr(buf_cstr(&g.text), want))
		fail_msg("%s: expected \"%s\" in:\n%s", server, want, buf_cstr(&g.text));
	gather_fini(&g);
	world_free(&w);
}

static void test_filters(void **state)
{
	static const char *const one[] = { "code=127.0.0.9", "code_word=127.0.0.9", NULL };
	static const char *const turned[] = { "code=127.0.0.200", "code_word=127.0.0.7", NULL };
	static const char *const apart[] = { "code=127.0.0.2", "code_word=127.1.0.4", NULL };
	static const struct { const char *server; const char *const *options; const char *want; }
	rows[] = {
		{ "postfix", NULL, "reject_unauth_destination,\n"
		  "    reject_rbl_client bl.example=127.0.0.[2;4]\n" },
		{ "Postfix", one, "    reject_rbl_client bl.example=127.0.0.9\n" },
		{ "postfix", turned, "    reject_rbl_client bl.example=127.0.0.[7;200]\n" },
		{ "postfix", apart, "    reject_rbl_client bl.example=127.0.0.2,\n"
		  "    reject_rbl_client bl.example=127.1.0.4\n" },
		{ "postscreen", NULL, "    bl.example=127.0.0.[2;4]*1\n" },
		{ "postscreen", apart, "    bl.example=127.0.0.2*1,\n    bl.example=127.1.0.4*1\n" },
		{ "postscreen", one, "    bl.example=127.0.0.9*1\n" },
		{ "exim", NULL, " = bl.example=127.0.0.2,127.0.0.4\n" },
		{ "exim", one, " = bl.example=127.0.0.9\n" },
		{ "exim", apart, " = bl.example=127.0.0.2,127.1.0.4\n" },
		{ "spamassassin", NULL, "check_rbl('portreeve-lastexternal', 'bl.example.')\n" },
		{ "spamassassin", NULL, "RELAY eval:check_rbl_sub('portreeve-lastexternal', "
		  "'127.0.0.2')\n" },
		{ "spamassassin", apart, "WORD eval:check_rbl_sub('portreeve-lastexternal', "
		  "'127.1.0.4')\n" },
		{ "rspamd", NULL, "rbl = \"bl.example\";\n" },
		{ "rspamd", NULL, "PORTREEVE_RELAY = \"127.0.0.2\";\n"
		  "      PORTREEVE_WORD = \"127.0.0.4\";\n" },
		{ "rspamd", one, "PORTREEVE_RELAY = \"127.0.0.9\";\n    }\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(rows[i].server, rows[i].options, rows[i].want);
}

static void test_nothing_counts_without_a_filter(void **state)
{
	struct world w;
	const char *server;
	(void)state;
	world_make(&w, "192.0.2.1", NULL, NULL);
	for (size_t i = 0; (server = blocklist_snippet_server(i)); i++) {
		struct gathered g = { 0 };
		assert_int_equal(blocklist_snippets(&w.config, str_of(server), gather, &g), ERR_OK);
		CHECK_ROW(server, strstr(buf_cstr(&g.text), "bl.example"));
		CHECK_ROW(server, strstr(buf_cstr(&g.text), "127.0.0."));
		CHECK_ROW(server, !strstr(buf_cstr(&g.text), "127.255"));
		CHECK_ROW(server, strstr(BLOCKLIST_SNIPPETS_EXPECTED, server));
		CHECK_ROW(server, buf_cstr(&g.files)[0] == '/');
		gather_fini(&g);
	}
	world_free(&w);
}

static void test_no_such_server(void **state)
{
	static const char *const rows[] = { "", "post", "postfixx", "sendmail" };
	struct world w;
	struct gathered g = { 0 };
	(void)state;
	world_make(&w, "192.0.2.1", NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(rows[i], blocklist_snippets(&w.config, str_of(rows[i]), gather, &g) ==
		                   ERR_NOT_FOUND);
	assert_int_equal(g.text.n, 0);
	assert_null(blocklist_snippet_server(5));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_nothing_counts_without_a_filter),
		cmocka_unit_test(test_no_such_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
