/* SPDX-License-Identifier: ISC
 *
 * The policy over all combinations of its facts: laws that hold in each, and for people a table of
 * the ones that they meet.
 */
#include "test.h"

#include "gateway/policy.h"

#include <stdio.h>

static const char *const listeners[] = { "inbound", "submission", "local" };
static const char *const accounts[] = { "nobody", "login", "host", "uid", "unsure" };
static const char *const senders[] = { "null", "owned", "other", "unsure",
	                                      "claimed" };
static const char *const recipients[] = { "none", "postmaster", "mailbox", "unknown", "unsure",
	                                      "odd", "elsewhere", "routed" };

static const char *name_of(const struct gateway_facts *f)
{
	static char name[160];
	snprintf(name, sizeof(name), "%s%s account=%s sender=%s recipient=%s role=%d listed=%d",
	         listeners[f->listener], f->tls ? "+tls" : "", accounts[f->account],
	         senders[f->sender], recipients[f->recipient], f->is_role, f->listed);
	return name;
}

/* The ways of being an account, said once more and otherwise than in the policy. */
static bool proved(const struct gateway_facts *f)
{
	return (f->account == GATEWAY_BY_LOGIN && f->listener == GATEWAY_SUBMISSION && f->tls) ||
	       (f->account == GATEWAY_BY_HOST && f->listener == GATEWAY_INBOUND) ||
	       (f->account == GATEWAY_BY_UID && f->listener == GATEWAY_LOCAL);
}

/* On the submission port nothing is said in clear, whoever it is. */
static bool in_clear(const struct gateway_facts *f)
{
	return f->listener == GATEWAY_SUBMISSION && !f->tls;
}

/* An accept has no reply of its own, a refusal has a whole one, and it is no relay's "yes". */
static void law_form(const struct gateway_facts *f, const struct gateway_decision *d)
{
	bool accepted = d->answer != GATEWAY_REFUSE;
	CHECK_ROW(name_of(f), accepted == (d->code == 0));
	CHECK_ROW(name_of(f), accepted == !d->text);
	CHECK_ROW(name_of(f), accepted == !d->enhanced);
	CHECK_ROW(name_of(f), accepted || (d->code >= 400 && d->code < 600));
	CHECK_ROW(name_of(f), accepted || d->enhanced[0] == (char)('0' + d->code / 100));
	CHECK_ROW(name_of(f), (d->answer == GATEWAY_ACCEPT_SENDER) <=
	                      (f->recipient == GATEWAY_RECIPIENT_NONE));
}

/* No path from a stranger to a foreign recipient: the mission in one line. */
static void law_no_relay(const struct gateway_facts *f, const struct gateway_decision *d)
{
	bool ours = f->recipient == GATEWAY_RECIPIENT_MAILBOX ||
	            f->recipient == GATEWAY_RECIPIENT_POSTMASTER;
	if (!proved(f))
		CHECK_ROW(name_of(f), d->answer != GATEWAY_ACCEPT_SUBMISSION);
	if (d->answer == GATEWAY_ACCEPT_LOCAL)
		CHECK_ROW(name_of(f), ours);
	if (d->answer == GATEWAY_ACCEPT_SUBMISSION)
		CHECK_ROW(name_of(f), f->recipient == GATEWAY_RECIPIENT_ELSEWHERE);
}

/* Whatever an account sends, it sends as itself. */
static void law_accountable(const struct gateway_facts *f, const struct gateway_decision *d)
{
	bool itself = f->sender == GATEWAY_SENDER_OWNED || f->sender == GATEWAY_SENDER_NULL;
	if (proved(f) && d->answer != GATEWAY_REFUSE)
		CHECK_ROW(name_of(f), itself);
	if (f->listener != GATEWAY_INBOUND && !proved(f))
		CHECK_ROW(name_of(f), d->answer == GATEWAY_REFUSE);
	if (in_clear(f))
		CHECK_ROW(name_of(f), d->answer == GATEWAY_REFUSE && d->code == 530);
}

/* What nobody could be asked about is put off, never taken and never turned away for good. */
static void law_unsure(const struct gateway_facts *f, const struct gateway_decision *d)
{
	if (d->answer == GATEWAY_REFUSE && d->code < 500)
		CHECK_ROW(name_of(f), f->account == GATEWAY_UNSURE ||
		                      f->sender == GATEWAY_SENDER_UNSURE ||
		                      f->recipient == GATEWAY_RECIPIENT_UNSURE);
	if (f->recipient == GATEWAY_RECIPIENT_UNSURE)
		CHECK_ROW(name_of(f), d->answer == GATEWAY_REFUSE);
	if (proved(f) && f->sender == GATEWAY_SENDER_UNSURE)
		CHECK_ROW(name_of(f), d->code == 451);
}

/* The list is for strangers alone, and a listed host can still write to who may delist it. */
static void law_listed(const struct gateway_facts *f, const struct gateway_decision *d)
{
	struct gateway_facts unlisted = *f;
	unlisted.listed = GATEWAY_UNLISTED;
	struct gateway_decision without = gateway_policy(&unlisted);
	if (f->listed == GATEWAY_UNLISTED || f->is_role || proved(f) ||
	    f->recipient == GATEWAY_RECIPIENT_POSTMASTER) {
		CHECK_ROW(name_of(f), !d->for_listed && d->answer == without.answer);
	} else if (without.answer == GATEWAY_ACCEPT_LOCAL) {
		CHECK_ROW(name_of(f), d->for_listed && d->code == 550);
	}
	/* It takes away, and never gives. */
	if (without.answer == GATEWAY_REFUSE)
		CHECK_ROW(name_of(f), d->answer == GATEWAY_REFUSE);
}

/* Sender and account of a stranger make no difference: nothing that it says does, but that a domain
 * of ours may be refused. That takes away, and never gives; and it is no relay's "denied". */
static void law_claims(const struct gateway_facts *f, const struct gateway_decision *d)
{
	struct gateway_facts other = *f;
	if (f->listener != GATEWAY_INBOUND || proved(f))
		return;
	for (int sender = GATEWAY_SENDER_NULL; sender <= GATEWAY_SENDER_UNSURE; sender++) {
		other.sender = (enum gateway_sender)sender;
		struct gateway_decision same = gateway_policy(&other);
		if (f->sender != GATEWAY_SENDER_CLAIMED)
			CHECK_ROW(name_of(f), same.answer == d->answer && same.code == d->code);
		else if (same.answer == GATEWAY_REFUSE)
			CHECK_ROW(name_of(f), d->answer == GATEWAY_REFUSE);
	}
	other = *f;
	other.sender = GATEWAY_SENDER_CLAIMED;
	const struct gateway_decision claims = gateway_policy(&other);
	if (f->is_role || f->recipient == GATEWAY_RECIPIENT_POSTMASTER ||
	    f->recipient == GATEWAY_RECIPIENT_NONE)
		CHECK_ROW(name_of(f), claims.answer == d->answer && claims.code == d->code);
	else
		CHECK_ROW(name_of(f), claims.answer == GATEWAY_REFUSE);
}

/* facts.c looks nothing up for a stranger who is refused whether there is a mailbox or not. */
static void law_shut_out(const struct gateway_facts *f, const struct gateway_decision *d)
{
	struct gateway_facts other = *f;
	bool shut_out = f->listener == GATEWAY_INBOUND && f->account == GATEWAY_NOBODY &&
	                !f->is_role && (f->listed == GATEWAY_LISTED ||
	                                f->sender == GATEWAY_SENDER_CLAIMED);
	if (!shut_out || f->recipient != GATEWAY_RECIPIENT_UNSURE)
		return;
	CHECK_ROW(name_of(f), d->answer == GATEWAY_REFUSE && d->code / 100 == 5);
	other.recipient = GATEWAY_RECIPIENT_MAILBOX;
	CHECK_ROW(name_of(f), gateway_policy(&other).text == d->text);
	other.recipient = GATEWAY_RECIPIENT_UNKNOWN;
	CHECK_ROW(name_of(f), gateway_policy(&other).text == d->text);
}

static void (*const laws[])(const struct gateway_facts *, const struct gateway_decision *) = {
	law_form, law_no_relay, law_accountable, law_unsure, law_listed, law_claims,
	law_shut_out,
};

static size_t accepted[GATEWAY_ACCEPT_SENDER + 1];

static void judge(const struct gateway_facts *f)
{
	struct gateway_decision d = gateway_policy(f);
	accepted[d.answer]++;
	for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++)
		laws[i](f, &d);
}

/* One number a combination, taken apart. */
static unsigned digit(unsigned *rest, unsigned base)
{
	unsigned value = *rest % base;
	*rest /= base;
	return value;
}

static void test_laws(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 3u * 2 * 5 * 5 * 8 * 2 * 2; n++) {
		unsigned rest = n;
		struct gateway_facts f = { 0 };
		f.listener = (enum gateway_listener)digit(&rest, 3);
		f.tls = digit(&rest, 2);
		f.account = (enum gateway_account)digit(&rest, 5);
		f.sender = (enum gateway_sender)digit(&rest, 5);
		f.recipient = (enum gateway_recipient)digit(&rest, 8);
		f.is_role = digit(&rest, 2);
		f.listed = (enum gateway_listed)digit(&rest, 2);
		judge(&f);
	}
	/* It is not a server that refuses everything. */
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++)
		assert_true(accepted[i] > 0);
}

#define FACTS(listener, tls, account, sender, recipient, ...) \
	{ GATEWAY_##listener, tls, GATEWAY_##account, GATEWAY_SENDER_##sender, \
	  GATEWAY_RECIPIENT_##recipient, ##__VA_ARGS__ }
enum { IS_ROLE = true, NO_ROLE = false };

static const struct {
	const char *what;
	struct gateway_facts facts;
	enum gateway_answer answer;
	int code;
} rows[] = {
	{ "a stranger's MAIL",
	  FACTS(INBOUND, 0, NOBODY, OTHER, NONE), GATEWAY_ACCEPT_SENDER, 0 },
	{ "a stranger to a user",
	  FACTS(INBOUND, 0, NOBODY, OTHER, MAILBOX), GATEWAY_ACCEPT_LOCAL, 0 },
	{ "a stranger to nobody",
	  FACTS(INBOUND, 0, NOBODY, OTHER, UNKNOWN), GATEWAY_REFUSE, 550 },
	{ "a stranger elsewhere",
	  FACTS(INBOUND, 0, NOBODY, OTHER, ELSEWHERE), GATEWAY_REFUSE, 550 },
	{ "a stranger as a user of ours, elsewhere",
	  FACTS(INBOUND, 0, NOBODY, OWNED, ELSEWHERE), GATEWAY_REFUSE, 550 },
	{ "a stranger as a user of ours, who is to log in",
	  FACTS(INBOUND, 0, NOBODY, CLAIMED, MAILBOX), GATEWAY_REFUSE, 553 },
	{ "… to abuse",
	  FACTS(INBOUND, 0, NOBODY, CLAIMED, MAILBOX, IS_ROLE), GATEWAY_ACCEPT_LOCAL, 0 },
	{ "… elsewhere",
	  FACTS(INBOUND, 0, NOBODY, CLAIMED, ELSEWHERE), GATEWAY_REFUSE, 550 },
	{ "a bounce elsewhere",
	  FACTS(INBOUND, 0, NOBODY, NULL, ELSEWHERE), GATEWAY_REFUSE, 550 },
	{ "a login at port 25",
	  FACTS(INBOUND, 1, BY_LOGIN, OWNED, ELSEWHERE), GATEWAY_REFUSE, 550 },
	{ "submission in clear",
	  FACTS(SUBMISSION, 0, NOBODY, OTHER, NONE), GATEWAY_REFUSE, 530 },
	{ "submission without a login",
	  FACTS(SUBMISSION, 1, NOBODY, OTHER, NONE), GATEWAY_REFUSE, 530 },
	{ "the auth server is gone",
	  FACTS(SUBMISSION, 1, UNSURE, OWNED, NONE), GATEWAY_REFUSE, 451 },
	{ "a user elsewhere",
	  FACTS(SUBMISSION, 1, BY_LOGIN, OWNED, ELSEWHERE), GATEWAY_ACCEPT_SUBMISSION, 0 },
	{ "a user as another",
	  FACTS(SUBMISSION, 1, BY_LOGIN, OTHER, NONE), GATEWAY_REFUSE, 553 },
	{ "a user's bounce",
	  FACTS(SUBMISSION, 1, BY_LOGIN, NULL, ELSEWHERE), GATEWAY_ACCEPT_SUBMISSION, 0 },
	{ "a user to a user",
	  FACTS(SUBMISSION, 1, BY_LOGIN, OWNED, MAILBOX), GATEWAY_ACCEPT_LOCAL, 0 },
	{ "a user by a route",
	  FACTS(SUBMISSION, 1, BY_LOGIN, OWNED, ROUTED), GATEWAY_REFUSE, 550 },
	{ "a named host elsewhere",
	  FACTS(INBOUND, 0, BY_HOST, OWNED, ELSEWHERE), GATEWAY_ACCEPT_SUBMISSION, 0 },
	{ "a named host to submission",
	  FACTS(SUBMISSION, 1, BY_HOST, OWNED, ELSEWHERE), GATEWAY_REFUSE, 530 },
	{ "a local program",
	  FACTS(LOCAL, 0, BY_UID, OWNED, ELSEWHERE), GATEWAY_ACCEPT_SUBMISSION, 0 },
	{ "a listed host to a user",
	  FACTS(INBOUND, 0, NOBODY, OTHER, MAILBOX, NO_ROLE, GATEWAY_LISTED), GATEWAY_REFUSE, 550 },
	{ "a listed host to abuse",
	  FACTS(INBOUND, 0, NOBODY, OTHER, MAILBOX, IS_ROLE, GATEWAY_LISTED),
	  GATEWAY_ACCEPT_LOCAL, 0 },
	{ "a listed host to abuse elsewhere",
	  FACTS(INBOUND, 0, NOBODY, OTHER, ELSEWHERE, IS_ROLE, GATEWAY_LISTED),
	  GATEWAY_REFUSE, 550 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gateway_decision d = gateway_policy(&rows[i].facts);
		CHECK_ROW(rows[i].what, d.answer == rows[i].answer && d.code == rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_laws), cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
