/* SPDX-License-Identifier: ISC
 *
 * What real servers say, and whether it means "no" or "later". Addresses of the
 * test are in the texts as the servers put them there.
 */
#include "test.h"

#include "smtp/client.h"

#include <stdio.h>

struct row {
	int code;
	const char *enhanced, *text;
	bool refusal;
};

static const struct row rows[] = {
	/* Postfix */
	{ 454, "4.7.1", "<u@d.example>: Relay access denied", true },
	{ 554, "5.7.1", "<u@d.example>: Relay access denied", true },
	{ 450, "4.7.1", "<u@d.example>: Relay access denied", true },
	{ 451, "4.7.1", "<u@d.example>: Recipient address rejected: Access denied", true },
	{ 454, "4.7.1", "<u@d.example>: Recipient address rejected: Access denied", true },
	{ 450, "4.7.1", "<x.example>: Helo command rejected: Host not found", true },
	{ 450, "4.7.25", "Client host rejected: cannot find your hostname, [192.0.2.1]", true },
	{ 450, "4.7.1", "Client host rejected: cannot find your reverse hostname, "
	  "[192.0.2.1]", true },
	{ 450, "4.7.1", "Service unavailable; Client host [192.0.2.1] blocked using "
	  "bl.example", true },
	{ 450, "4.1.8", "<s@t.example>: Sender address rejected: Domain not found", false },
	{ 450, "4.1.1", "<u@d.example>: Recipient address rejected: User unknown", false },
	{ 450, "4.2.0", "<u@d.example>: Recipient address rejected: Greylisted, see "
	  "http://postgrey.schweikert.ch/help/d.example.html", false },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Greylisted for "
	  "300 seconds", false },
	{ 450, "", "<u@d.example>: Recipient address rejected: Greylisted for 5 minutes", false },
	{ 450, "4.7.1", "Greylisted, try again later", false },
	{ 450, "4.3.2", "Service currently unavailable", false },
	{ 450, "4.7.1", "Error: too much mail from 192.0.2.1", false },
	{ 421, "4.7.0", "mx.example Error: too many errors", false },
	{ 421, "4.7.0", "mx.example Error: too many connections from 192.0.2.1", false },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Policy Rejection- "
	  "Please try later.", false },
	{ 451, "4.3.5", "Server configuration problem - try again later", false },
	{ 451, "4.3.0", "<u@d.example>: Temporary lookup failure", false },
	{ 454, "4.7.0", "TLS not available due to local problem", false },
	/* Postfix postscreen and sqlgrey, policyd */
	{ 450, "4.3.2", "Service currently unavailable", false },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Greylisting in effect, please "
	  "come back later", false },
	{ 450, "4.7.1", "<u@d.example>: Recipient address rejected: Policy rate "
	  "limit reached", false },
	/* Sendmail and its milters */
	{ 550, "5.7.1", "u@d.example... Relaying denied", true },
	{ 550, "5.7.1", "<u@d.example>... Relaying denied. IP name lookup failed "
	  "[192.0.2.1]", true },
	{ 550, "5.7.1", "<u@d.example>... Relaying denied. Proper authentication required.", true },
	{ 450, "4.7.1", "u@d.example... Relaying temporarily denied. Cannot resolve PTR record for "
	  "192.0.2.1", false },
	{ 451, "4.7.1", "Relaying temporarily denied", false },
	{ 451, "4.7.1", "Greylisting in action, please come back in 00:05:00", false },
	{ 451, "4.7.1", "Service unavailable - try again later", false },
	{ 451, "4.3.2", "Please try again later", false },
	{ 452, "4.4.5", "Insufficient disk space; try again later", false },
	{ 421, "4.3.2", "Connection rate limit exceeded.", false },
	{ 550, "5.7.1", "Access denied", true },
	{ 451, "4.1.8", "Domain of sender address s@t.example does not resolve", false },
	/* Exim */
	{ 550, "", "relay not permitted", true },
	{ 550, "", "<u@d.example>: relay not permitted", true },
	{ 451, "", "relay not permitted", true },
	{ 550, "", "Administrative prohibition", true },
	{ 550, "", "authentication required", true },
	{ 451, "", "Temporary local problem - please try later", false },
	{ 451, "", "greylisted - please try again in 5 minutes", false },
	{ 451, "", "Could not complete recipient verify callout", false },
	{ 421, "", "Too many concurrent SMTP connections; please try again later.", false },
	{ 450, "", "Sender verify deferred: host lookup did not complete", false },
	/* OpenSMTPD */
	{ 550, "", "Invalid recipient: <u@d.example>", true },
	{ 524, "5.2.4", "Mailing list expansion problem: <u@d.example>", false },
	{ 451, "4.3.0", "Temporary failure", false },
	{ 421, "4.3.0", "Temporary Error", false },
	{ 421, "", "try again later", false },
	/* Exchange */
	{ 550, "5.7.1", "Unable to relay", true },
	{ 550, "5.7.1", "Unable to relay for u@d.example", true },
	{ 550, "5.7.54", "SMTP; Unable to relay recipient in non-accepted domain", true },
	{ 530, "5.7.1", "Client was not authenticated", true },
	{ 530, "5.7.57", "SMTP; Client was not authenticated to send anonymous mail "
	  "during MAIL FROM",
	  true },
	{ 451, "4.7.0", "Temporary server error. Please try again later. PRX2", false },
	{ 451, "4.7.500", "Server busy. Please try again later from [192.0.2.1].", false },
	{ 451, "4.7.650", "The mail server [192.0.2.1] has been temporarily rate limited due to IP "
	  "reputation.", false },
	{ 450, "4.7.3", "Organization queue quota exceeded", false },
	{ 454, "4.7.0", "Temporary authentication failure", false },
	{ 421, "4.4.2", "Message submission rate for this client has exceeded the configured limit",
	  false },
	/* Domino, qmail, MDaemon, hMailServer, others */
	{ 554, "", "Relay rejected for policy reasons.", true },
	{ 553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", true },
	{ 550, "", "sorry, relaying denied from your location [192.0.2.1] (#5.7.1)", true },
	{ 550, "5.7.1", "This system is not configured to relay mail from 192.0.2.1", true },
	{ 454, "", "We do not relay u@d.example", true },
	{ 450, "", "We do not relay u@d.example", true },
	{ 471, "", "This is not a relay host", true },
	{ 450, "4.7.1", "Third party relay prohibited", true },
	{ 454, "4.7.1", "Zugriff verweigert", true },
	{ 450, "4.7.0", "Something", false },
	{ 451, "4.7.0", "Something", false },
	{ 452, "4.7.1", "Something", false },
	{ 454, "4.7.0", "Access denied", true },
	/* Others' delays */
	{ 421, "4.7.28", "Our system has detected an unusual rate of unsolicited mail", false },
	{ 450, "4.2.1", "The user you are trying to contact is receiving mail too quickly", false },
	{ 451, "4.7.1", "You have been graylisted", false },
	{ 451, "4.7.1", "Grey-listed, please retry", false },
	{ 451, "4.7.1", "Messages from 192.0.2.1 temporarily deferred due to user "
	  "complaints", false },
	{ 451, "4.7.1", "First time sender, retry in 300 seconds", false },
	{ 450, "4.7.1", "Throttled", false },
	/* An address must not decide. */
	{ 454, "4.7.1", "<greylist-later-busy@retry.example>: Relay access denied", true },
	{ 454, "4.7.1", "try.again.later@busy.example... Relaying denied", true },
	{ 450, "", "<relay-denied@d.example>: mailbox", false },
	/* Several lines */
	{ 454, "4.7.1", "Relay\naccess\ndenied", true },
	{ 450, "4.7.1", "Relay access denied\nfor now: greylisted", false },
	{ 454, "4.7.1", "", true },
	{ 454, "", "", false },
	/* No refusals at all */
	{ 250, "2.1.5", "Relay access denied is not what I say", false },
	{ 354, "", "Relay denied", false },
	{ 550, "5.1.1", "<u@d.example>: User unknown", false },
	{ 552, "5.3.4", "Too big", false },
	{ 500, "5.5.2", "What?", false },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_reply r = { .code = rows[i].code, .text = str_of(rows[i].text) };
		char name[300];
		str_copy(r.enhanced, sizeof(r.enhanced), str_of(rows[i].enhanced));
		snprintf(name, sizeof(name), "%d %s %s", r.code, r.enhanced, rows[i].text);
		CHECK_ROW(name, smtp_reply_is_policy_refusal(&r) == rows[i].refusal);
	}
}

/* The words of a long reply past our limit are not read; it must not matter where
 * the text is cut. */
static void test_long_texts(void **state)
{
	(void)state;
	char text[4096];
	memset(text, 'x', sizeof(text));
	for (size_t n = 1000; n < 1060; n++) {
		for (size_t i = 0; i < n; i += 7)
			text[i] = ' ';
		struct smtp_reply r = { .code = 454, .enhanced = "4.7.1", .text = { text, n } };
		assert_true(smtp_reply_is_policy_refusal(&r));
	}
	struct smtp_reply r = { .code = 454, .enhanced = "4.7.1", .text = { text, sizeof(text) } };
	assert_true(smtp_reply_is_policy_refusal(&r));
	memset(text, '<', sizeof(text));
	assert_true(smtp_reply_is_policy_refusal(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_long_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
