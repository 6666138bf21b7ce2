/* SPDX-License-Identifier: ISC
 *
 * Local parts at the collector, not kept within the grammar. A token is read or not; one that
 * is read has the form it was read from; and none verifies but those that we made.
 */
#include "fuzz.h"

#include "relaytest/collector.h"

#include <assert.h>

static void check_token(struct str text)
{
	static struct token_keys keys = { .n = 2, .v = { { .id = 'j', .secret = "older" },
	                                                 { .id = 'k', .secret = "secret" } } };
	static struct token_signer signer;
	static struct token_set made;
	struct endpoint target = { ip_from_v4(192, 0, 2, 1), 25 };
	struct token t;
	char id[CASE_ID_MAX];
	if (!signer.n) {
		token_signer_init(&signer, &keys);
		token_make(&signer, "abcdefgh", 1, 0, &target, &made);
	}
	if (token_parse(text, &t) != ERR_OK)
		return;
	assert(text.n == TOKEN_LEN && strlen(t.text) == TOKEN_LEN);
	assert(str_caseeq(text, str_of(t.text)));
	assert(t.key_id == t.text[0] && memcmp(t.test_id, t.text + 1, TEST_ID_LEN) == 0);
	assert(strlen(t.test_id) == TEST_ID_LEN && t.case_number < 1024 && t.flags < 32);
	if (token_case_id(&t, id) == ERR_OK)
		assert(strlen(id) >= 3);
	bool ours = strcmp(t.text, made.recipient) == 0 || strcmp(t.text, made.sender) == 0;
	struct token_set set;
	assert(token_verify(&signer, &t, &target, &set) == ours);
	target.port = 26;
	assert(!token_verify(&signer, &t, &target, NULL));
	assert(!ours || strcmp(set.mark, made.mark) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };
	struct collector_domains domains = { .domain = "one.test", .domain2 = "two.example" };
	struct collector_recipient r;
	check_token(all);
	size_t at = size ? str_find(all, '@') : SIZE_MAX;
	struct mail_path path = {
		.text = all, .route = STR(""),
		.local = { all.p, at == SIZE_MAX ? size : at },
		.domain = at == SIZE_MAX ? STR("one.test") : str_from(all, at + 1),
	};
	path.is_quoted = path.local.n >= 2 && path.local.p[0] == '"' &&
	                 path.local.p[path.local.n - 1] == '"';
	/* A quoted string never ends in the middle of an escape (the grammar's promise). */
	if (path.is_quoted && path.local.p[path.local.n - 2] == '\\')
		path.is_quoted = false;
	collector_recipient(&path, &domains, &r);
	if (r.what == COLLECTOR_TOKEN) {
		struct str t = str_of(r.token.text);
		check_token(t);
		if (!path.is_quoted)
			assert(str_casesearch(path.local, t) != SIZE_MAX);
	}
	assert(r.what != COLLECTOR_PERSON || r.person);
	assert((r.what == COLLECTOR_REFUSED) == (r.code != 0));
	return 0;
}
