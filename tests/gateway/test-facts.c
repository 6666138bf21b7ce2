/* SPDX-License-Identifier: ISC
 *
 * Facts of addresses by a directory that knows, and by one that cannot be asked; and what it is
 * never asked.
 */
#include "test.h"

#include "two-domains.h"

static enum gateway_known gone_mailbox(void *arg, const struct gateway_address *address)
{
	(void)arg;
	assert_int_equal(address->kind, GATEWAY_ADDRESS_PLAIN);
	return GATEWAY_NOT_NOW;
}

static enum gateway_known gone_owns(void *arg, struct str account,
                                    const struct gateway_address *address)
{
	(void)account;
	return gone_mailbox(arg, address);
}

/* Its domains are in memory. */
static const struct gateway_directory gone = {
	.has_domain = test_has_domain, .has_mailbox = gone_mailbox, .owns = gone_owns,
};

static const struct {
	const char *recipient;
	int known, unasked;          /* by the one, and by the other */
} recipients[] = {
	{ "<postmaster>", GATEWAY_RECIPIENT_POSTMASTER, GATEWAY_RECIPIENT_POSTMASTER },
	{ "<a@b.a>", GATEWAY_RECIPIENT_MAILBOX, GATEWAY_RECIPIENT_UNSURE },
	{ "<a@B.A>", GATEWAY_RECIPIENT_MAILBOX, GATEWAY_RECIPIENT_UNSURE },
	{ "<b@b.a>", GATEWAY_RECIPIENT_UNKNOWN, GATEWAY_RECIPIENT_UNSURE },
	{ "<a%c@b.a>", GATEWAY_RECIPIENT_ODD, GATEWAY_RECIPIENT_ODD },
	{ "<\"a\"@b.a>", GATEWAY_RECIPIENT_ODD, GATEWAY_RECIPIENT_ODD },
	{ "<a@x.b.a>", GATEWAY_RECIPIENT_ELSEWHERE, GATEWAY_RECIPIENT_ELSEWHERE },
	{ "<a@xb.a>", GATEWAY_RECIPIENT_ELSEWHERE, GATEWAY_RECIPIENT_ELSEWHERE },
	{ "<\"a\"@c>", GATEWAY_RECIPIENT_ELSEWHERE, GATEWAY_RECIPIENT_ELSEWHERE },
	{ "<@b.a:a@b.a>", GATEWAY_RECIPIENT_ROUTED, GATEWAY_RECIPIENT_ROUTED },
	{ "<a@[192.0.2.1]>", GATEWAY_RECIPIENT_ROUTED, GATEWAY_RECIPIENT_ROUTED },
	{ "<>", GATEWAY_RECIPIENT_ROUTED, GATEWAY_RECIPIENT_ROUTED },
};

static struct gateway_address address_of(const char *text)
{
	struct gateway_address address;
	struct mail_path path;
	struct parse_error pe;
	size_t used;
	CHECK_ROW(text, mail_path_parse(str_of(text), MAIL_PATH_NULL_OK | MAIL_PATH_POSTMASTER_OK,
	                                &path, &used, &pe) == ERR_OK);
	gateway_address_of(&path, &address);
	return address;
}

static const struct gateway_client user = {
	.listener = GATEWAY_SUBMISSION, .tls = true, .account = GATEWAY_BY_LOGIN, .name = { "a", 1 },
};

static int recipient_by(const struct gateway_directory *directory, const char *text)
{
	struct gateway_address sender = address_of("<>"), recipient = address_of(text);
	struct gateway_facts facts;
	gateway_facts_gather(&user, directory, &sender, &recipient, &facts);
	return (int)facts.recipient;
}

static void test_recipients(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(recipients) / sizeof(recipients[0]); i++) {
		const char *text = recipients[i].recipient;
		CHECK_ROW(text, recipient_by(&test_directory, text) == recipients[i].known);
		CHECK_ROW(text, recipient_by(&gone, text) == recipients[i].unasked);
	}
}

static const struct { const char *sender; int known, unasked; } senders[] = {
	{ "<>", GATEWAY_SENDER_NULL, GATEWAY_SENDER_NULL },
	{ "<a@b.a>", GATEWAY_SENDER_OWNED, GATEWAY_SENDER_UNSURE },
	{ "<b@b.a>", GATEWAY_SENDER_OTHER, GATEWAY_SENDER_UNSURE },
	{ "<a@c>", GATEWAY_SENDER_OTHER, GATEWAY_SENDER_UNSURE },
	{ "<\"a\"@b.a>", GATEWAY_SENDER_OTHER, GATEWAY_SENDER_OTHER },
	{ "<@c:a@b.a>", GATEWAY_SENDER_OTHER, GATEWAY_SENDER_OTHER },
};

static void test_senders(void **state)
{
	(void)state;
	struct gateway_client nobody = { .listener = GATEWAY_INBOUND };
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
		struct gateway_address sender = address_of(senders[i].sender);
		struct gateway_facts facts;
		gateway_facts_gather(&user, &test_directory, &sender, NULL, &facts);
		CHECK_ROW(senders[i].sender, (int)facts.sender == senders[i].known);
		CHECK_ROW(senders[i].sender, facts.recipient == GATEWAY_RECIPIENT_NONE);
		gateway_facts_gather(&user, &gone, &sender, NULL, &facts);
		CHECK_ROW(senders[i].sender, (int)facts.sender == senders[i].unasked);
		/* Nobody's addresses are looked up for a stranger. */
		gateway_facts_gather(&nobody, &gone, &sender, NULL, &facts);
		CHECK_ROW(senders[i].sender, facts.sender != GATEWAY_SENDER_UNSURE &&
		                             facts.sender != GATEWAY_SENDER_OWNED);
	}
}

/* Whatever the form, of a domain of ours; of strangers only. */
static void test_claimed(void **state)
{
	(void)state;
	static const struct { const char *sender; bool claimed; } rows[] = {
		{ "<>", false }, { "<a@b.a>", true }, { "<nobody@b.a>", true }, { "<a@B.A>", true },
		{ "<\"a\"@b.a>", true }, { "<a%c@b.a>", true }, { "<a@c>", false },
		{ "<a@x.b.a>", false },
	};
	struct gateway_client stranger = { .listener = GATEWAY_INBOUND, .refuses_ours = true },
	                      host = user;
	host.refuses_ours = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gateway_address sender = address_of(rows[i].sender);
		struct gateway_facts facts;
		gateway_facts_gather(&stranger, &gone, &sender, NULL, &facts);
		CHECK_ROW(rows[i].sender,
		          (facts.sender == GATEWAY_SENDER_CLAIMED) == rows[i].claimed);
		gateway_facts_gather(&host, &test_directory, &sender, NULL, &facts);
		CHECK_ROW(rows[i].sender, facts.sender != GATEWAY_SENDER_CLAIMED);
	}
}

/* Who is refused anyway has nothing looked up for him, but for postmaster and abuse. */
static void test_shut_out(void **state)
{
	(void)state;
	static const struct { bool listed, refuses_ours; const char *sender, *recipient;
	                      enum gateway_recipient fact; } rows[] = {
		{ false, false, "<a@b.a>", "<a@b.a>", GATEWAY_RECIPIENT_MAILBOX },
		{ true, false, "<a@b.a>", "<a@b.a>", GATEWAY_RECIPIENT_UNSURE },
		{ true, false, "<a@c>", "<a@b.a>", GATEWAY_RECIPIENT_UNSURE },
		{ false, true, "<a@b.a>", "<a@b.a>", GATEWAY_RECIPIENT_UNSURE },
		{ false, true, "<a@c>", "<a@b.a>", GATEWAY_RECIPIENT_MAILBOX },
		{ true, true, "<a@b.a>", "<abuse@b.a>", GATEWAY_RECIPIENT_UNKNOWN },
		{ true, false, "<a@c>", "<a@c>", GATEWAY_RECIPIENT_ELSEWHERE },
		{ true, false, "<a@c>", "<\"a\"@b.a>", GATEWAY_RECIPIENT_ODD },
		{ true, false, "<a@c>", "<postmaster>", GATEWAY_RECIPIENT_POSTMASTER },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct gateway_client client = {
			.listener = GATEWAY_INBOUND, .refuses_ours = rows[i].refuses_ours,
			.listed = rows[i].listed ? GATEWAY_LISTED : GATEWAY_UNLISTED };
		struct gateway_address sender = address_of(rows[i].sender),
		                       recipient = address_of(rows[i].recipient);
		struct gateway_facts facts;
		gateway_facts_gather(&client, &test_directory, &sender, &recipient, &facts);
		CHECK_ROW(rows[i].recipient, facts.recipient == rows[i].fact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recipients), cmocka_unit_test(test_senders),
		cmocka_unit_test(test_claimed), cmocka_unit_test(test_shut_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
