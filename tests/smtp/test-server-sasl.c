/* SPDX-License-Identifier: ISC
 *
 * AUTH by mechanisms of the caller's (RFC 4954): what is offered when, an exchange of many steps,
 * its ends, and as whom the client is known then. The exchange itself is the dialogue's policy.
 */
#include "dialogue.h"

#include <stdlib.h>

#define SASL .sasl = "X-BIND-PLUS X-STEPS", .auth_in_clear = true
#define EHLO_AUTH(auth) \
	"C: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\n" \
	auth "S: 250-CHUNKING\nS: 250-DSN\nS: 250 ENH*\n"
#define GREETING "S: 220 mx.test ESMTP\n"
#define EHLO GREETING EHLO_AUTH("S: 250-AUTH X-STEPS\n")
#define EVENTS "E: CONNECT\nE: EHLO c.test\n"

static const struct script offers[] = {
	{ "in clear, nothing", { .sasl = "X-BIND-PLUS X-STEPS", .offer_auth_plain = true },
	  .text = GREETING EHLO_AUTH("") "C: AUTH X-STEPS\nS: 538 5.7.11*\n" },
	{ "in clear, if that may be", { SASL, .offer_auth_plain = true }, .text = GREETING
	  EHLO_AUTH("S: 250-AUTH X-STEPS PLAIN LOGIN\n") "C: AUTH X-BIND-PLUS\nS: 504 5.5.4*\n" },
	{ "only what binds to TLS", { .sasl = "X-BIND-PLUS", .auth_in_clear = true },
	  .text = GREETING EHLO_AUTH("") "C: AUTH X-BIND-PLUS\nS: 504 5.5.4*\n" },
	{ "PLAIN is not offered beside them", { SASL }, .text = EHLO
	  "C: AUTH PLAIN AHUAcA==\nS: 504 5.5.4*\nC: AUTH LOGIN\nS: 504 5.5.4*\n"
	  "C: AUTH X-STEP\nS: 504*\nC: AUTH X-STEPSS\nS: 504*\n" EVENTS },
	{ "under TLS", { .sasl = "X-BIND-PLUS X-STEPS", .offer_auth_plain = true,
	                 .offer_starttls = true },
	  .text = GREETING EHLO_AUTH("S: 250-STARTTLS\n") "C: STARTTLS\nS: 220*\nT:\n"
	  EHLO_AUTH("S: 250-AUTH X-BIND-PLUS X-STEPS PLAIN LOGIN\n")
	  "C: AUTH x-bind-plus b2s=\nS: 235 2.7.0 Welcome\n"
	  EVENTS "E: STARTTLS\nE: EHLO c.test\nE: SASL X-BIND-PLUS first said ok" },
};

/* YQ== is a, P2E= ?a, b2s= ok, P28= ?o, Pw== a question mark alone. */
static const struct script exchanges[] = {
	{ "many steps", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS YQ==\nS: 334 P2E=\nC: YgAA\nS: 334 P2IAAA==\nC: b2s=\n"
	  "S: 235 2.7.0 Welcome\nC: AUTH X-STEPS\nS: 503 5.5.1*\nC: MAIL FROM:<a@b>\n"
	  "S: 250 2.1.0 OK\n" EVENTS "E: SASL X-STEPS first said a\n"
	  "E: SASL X-STEPS said b\\x00\\x00\nE: SASL X-STEPS said ok\nE: MAIL <a@b> by canon" },
	{ "no initial response", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS\nS: 334 Pw==\nC: b2s=\nS: 235 2.7.0 Welcome\n"
	  EVENTS "E: SASL X-STEPS first\nE: SASL X-STEPS said ok" },
	{ "an initial response that is empty", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS =\nS: 334 Pw==\nC: b2s=\nS: 235 2.7.0 Welcome\n"
	  EVENTS "E: SASL X-STEPS first said \nE: SASL X-STEPS said ok" },
	{ "an empty answer", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS YQ==\nS: 334 P2E=\nC: \nS: 334 Pw==\nC: b2s=\nS: 235*\n"
	  EVENTS "E: SASL X-STEPS first said a\nE: SASL X-STEPS said \nE: SASL X-STEPS said ok" },
	{ "refused, and once more", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS bm8=\nS: 535 5.7.8 Wrong\nC: AUTH X-STEPS ZG93bg==\n"
	  "S: 454 4.7.0 Later\nC: MAIL FROM:<a@b>\nS: 250*\nC: AUTH X-STEPS YQ==\nS: 503*\n"
	  "C: RSET\nS: 250*\nC: AUTH X-STEPS b2s=\nS: 235*\n"
	  EVENTS "E: SASL X-STEPS first said no\nE: SASL X-STEPS first said down\n"
	  "E: MAIL <a@b>\nE: SASL X-STEPS first said ok" },
	{ "another name, by PLAIN", { .offer_auth_plain = true, SASL }, .text = GREETING
	  EHLO_AUTH("S: 250-AUTH X-STEPS PLAIN LOGIN\n")
	  "C: AUTH PLAIN AGFsaWFzAHA=\nS: 235*\nC: MAIL FROM:<a@b>\nS: 250*\n"
	  EVENTS "E: AUTH alias p\nE: MAIL <a@b> by canon" },
};

#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A256 A64 A64 A64 A64
#define A1024 A256 A256 A256 A256
#define A4096 A1024 A1024 A1024 A1024
#define A12224 A4096 A4096 A1024 A1024 A1024 A256 A256 A256 A64 A64 A64

static const struct script ends[] = {
	{ "cancelled", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS YQ==\nS: 334 P2E=\nC: *\nS: 501 5.7.0*\nC: NOOP\nS: 250*\n"
	  "C: AUTH X-STEPS b2s=\nS: 235*\n" EVENTS "E: SASL X-STEPS first said a\nE: SASL END\n"
	  "E: SASL X-STEPS first said ok" },
	{ "no base64", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS YQ==\nS: 334 P2E=\nC: =\nS: 501 5.5.2*\nC: AUTH X-STEPS YQ=\n"
	  "S: 501 5.5.2*\nC: AUTH X-STEPS YQ==\nS: 334*\nC: Y=Q=\nS: 501*\n"
	  "C: AUTH X-STEPS Y Q==\nS: 501*\nC: AUTH X-STEPS YQ==\nS: 334*\nC:  YQ==\nS: 501*\n"
	  EVENTS "E: SASL X-STEPS first said a\nE: SASL END\nE: SASL X-STEPS first said a\n"
	  "E: SASL END\nE: SASL X-STEPS first said a\nE: SASL END" },
	{ "a bad line", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS YQ==\nS: 334 P2E=\nc: YQ==\\n\\r\\n\nS: 500 5.5.2*\nC: NOOP\nS: 250*\n"
	  EVENTS "E: SASL X-STEPS first said a\nE: SASL END" },
	{ "a line that is too long", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS YQ==\nS: 334 P2E=\nC: " A12224 A64 "\nS: 500 5.5.6*\nC: NOOP\nS: 250*\n"
	  EVENTS "E: SASL X-STEPS first said a\nE: SASL END" },
	{ "closed by the caller", { SASL }, .text = EHLO
	  "C: AUTH X-STEPS Y2xvc2U=\nS: 421 4.3.2 Closed\nC: NOOP\n"
	  EVENTS "E: SASL X-STEPS first said close\nE: CLOSE" },
	{ "a flood of steps", { SASL, .limits.commands = 4 }, .text = EHLO
	  "C: AUTH X-STEPS YQ==\nS: 334*\nC: YQ==\nS: 334*\nC: YQ==\nS: 334*\nC: YQ==\n"
	  "S: 421 4.7.0 Too many commands\nC: YQ==\n"
	  EVENTS "E: SASL X-STEPS first said a\nE: SASL X-STEPS said a\nE: SASL X-STEPS said a\n"
	  "E: SASL END\nE: CLOSE" },
	{ "a flood of guesses", { SASL, .limits.errors = 3 }, .text = EHLO
	  "C: AUTH X-STEPS bm8=\nS: 535*\nC: AUTH X-STEPS bm8=\nS: 535*\nC: AUTH X-STEPS bm8=\n"
	  "S: 535*\nS: 421 4.7.0 Too many errors\nC: AUTH X-STEPS b2s=\n" },
};

static void test_offers(void **state) { (void)state; RUN_SCRIPTS(offers); }
static void test_exchanges(void **state) { (void)state; RUN_SCRIPTS(exchanges); }
static void test_ends(void **state) { (void)state; RUN_SCRIPTS(ends); }

/* ---- sizes, and the end from outside ---------------------------------------------- */

static struct smtp_server *at_sasl(struct smtp_server_event *ev)
{
	const struct smtp_server_options options = { .hostname = "mx.test", SASL };
	struct smtp_server *s = smtp_server_create(&options);
	assert_true(smtp_server_next(s, ev));
	smtp_server_reply(s, 220, NULL, NULL);
	smtp_server_input(s, STR("EHLO x\r\nAUTH X-STEPS\r\n"));
	assert_true(smtp_server_next(s, ev));
	smtp_server_reply(s, 250, NULL, NULL);
	assert_true(smtp_server_next(s, ev) && ev->type == SMTP_SERVER_SASL && !ev->said);
	smtp_server_output_sent(s, smtp_server_output(s).n);
	return s;
}

static void fill(struct buf *b, char c, size_t n)
{
	buf_clear(b);
	while (b->n < n)
		buf_add_byte(b, c);
}

static void test_the_longest_lines(void **state)
{
	(void)state;
	struct smtp_server_event ev;
	struct smtp_server *s = at_sasl(&ev);
	struct buf b = { 0 };
	fill(&b, '\0', SMTP_SERVER_CHALLENGE_MAX);
	smtp_server_challenge(s, buf_str(&b));
	struct str line = smtp_server_output(s);
	assert_int_equal(line.n, 4 + SMTP_SERVER_CHALLENGE_MAX / 3 * 4 + 2);
	assert_true(line.n <= 12288 && str_prefix(line, STR("334 AAAA")));
	assert_int_equal(str_find(line, '\r'), line.n - 2);
	assert_false(smtp_server_next(s, &ev));
	fill(&b, 'A', 12284);
	smtp_server_input(s, buf_str(&b));
	smtp_server_input(s, STR("\r\n"));
	assert_true(smtp_server_next(s, &ev) && ev.type == SMTP_SERVER_SASL && ev.said);
	assert_false(ev.first);
	assert_int_equal(ev.text.n, 12284 / 4 * 3);
	smtp_server_login(s, STR("u"));
	smtp_server_reply(s, 235, NULL, NULL);
	assert_true(str_eq(smtp_server_state(s).login, STR("u")));
	smtp_server_destroy(s);
	buf_fini(&b);
}

/* The answer to what has ended meanwhile is dropped. */
static void test_shutdown_within(void **state)
{
	(void)state;
	for (int challenged = 0; challenged < 2; challenged++) {
		struct smtp_server_event ev;
		struct smtp_server *s = at_sasl(&ev);
		if (challenged)
			smtp_server_challenge(s, STR("x"));
		smtp_server_shutdown(s, "4.3.2", "Going down");
		assert_true(smtp_server_next(s, &ev) && ev.type == SMTP_SERVER_SASL_END);
		assert_true(smtp_server_next(s, &ev) && ev.type == SMTP_SERVER_CLOSE);
		size_t said = smtp_server_output(s).n;
		smtp_server_challenge(s, STR("x"));
		smtp_server_login(s, STR("u"));
		smtp_server_reply(s, 235, NULL, NULL);
		assert_int_equal(smtp_server_output(s).n, said);
		assert_int_equal(smtp_server_state(s).login.n, 0);
		assert_false(smtp_server_next(s, &ev));
		smtp_server_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers), cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_ends), cmocka_unit_test(test_the_longest_lines),
		cmocka_unit_test(test_shutdown_within),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
