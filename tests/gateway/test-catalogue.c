/* SPDX-License-Identifier: ISC
 *
 * Every form of the catalogue as a stranger's: none leaves the house, whatever is ours.
 */
#include "test.h"

#include "catalogue/catalogue.h"
#include "two-domains.h"

static enum gateway_known every_mailbox(void *arg, const struct gateway_address *address)
{
	(void)arg;
	(void)address;
	return GATEWAY_YES;
}

/* All mailboxes are there: a catch-all, so that only the form decides. */
static bool our_domain(void *arg, const char *domain)
{
	(void)arg;
	return strcmp(domain, "ours.example") == 0 || strcmp(domain, "mx.ours.example") == 0;
}

static const struct gateway_directory directory = {
	.has_domain = our_domain, .has_mailbox = every_mailbox, .owns = test_owns,
};

static const struct relay_names names = {
	.u = { "token", 5 }, .s = { "sender", 6 }, .d = { "away.example", 12 },
	.t = { "far.example", 11 }, .r = { "mx.ours.example", 15 }, .m = { "ours.example", 12 },
	.i = { "[192.0.2.1]", 11 }, .c = { "192.0.2.9", 9 }, .cl = { "[192.0.2.9]", 11 },
};

/* Whether the engine takes it for a path at all. */
static bool address_of(const char *pattern, unsigned flags, struct buf *text,
                       struct gateway_address *address)
{
	const char *missing;
	struct mail_path path;
	struct parse_error pe;
	size_t used;
	buf_clear(text);
	assert_int_equal(relay_render(pattern, &names, text, &missing), ERR_OK);
	if (mail_path_parse(buf_str(text), flags | MAIL_PATH_UTF8_OK, &path, &used, &pe) != ERR_OK)
		return false;
	gateway_address_of(&path, address);
	return true;
}

static void test_forms(void **state)
{
	(void)state;
	struct gateway_client stranger = { .listener = GATEWAY_INBOUND };
	struct buf from = { 0 }, to = { 0 };
	size_t refused = 0;
	for (size_t i = 0; i < relay_case_count; i++) {
		const struct relay_case *row = &relay_cases[i];
		struct gateway_address sender, recipient;
		struct gateway_facts facts;
		if (!row->mail || !row->rcpt ||
		    !address_of(row->mail, MAIL_PATH_NULL_OK, &from, &sender) ||
		    !address_of(row->rcpt, MAIL_PATH_POSTMASTER_OK, &to, &recipient))
			continue;
		gateway_facts_gather(&stranger, &directory, &sender, &recipient, &facts);
		struct gateway_decision d = gateway_policy(&facts);
		CHECK_ROW(row->id, d.answer == GATEWAY_REFUSE || d.answer == GATEWAY_ACCEPT_LOCAL);
		/* Even then it is a mailbox of ours, and no route. */
		if (d.answer == GATEWAY_ACCEPT_LOCAL)
			CHECK_ROW(row->id, our_domain(NULL, recipient.domain) &&
			                   gateway_local_is_plain(recipient.local));
		refused += d.answer == GATEWAY_REFUSE;
	}
	assert_true(refused > 20);
	buf_fini(&from);
	buf_fini(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_forms) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
