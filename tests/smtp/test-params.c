/* SPDX-License-Identifier: ISC
 *
 * Parameters of MAIL and RCPT as a client writes them: what the server offers and nothing else, an
 * address that stays in its place, and back through the server engine what was written.
 */
#include "test.h"

#include "base/err.h"
#include "smtp/client.h"
#include "smtp/server.h"

#include <stdlib.h>

#define ALL (SMTP_EXT_SIZE | SMTP_EXT_8BITMIME | SMTP_EXT_SMTPUTF8 | SMTP_EXT_DSN)
#define XTEXT(s) { s, sizeof(s) - 1 }

static const struct {
	const char *address;
	struct smtp_mail_params params;
	unsigned offers;
	const char *line;              /* NULL: ERR_INVALID */
} mails[] = {
	{ "a@b.example", { 0 }, ALL, "MAIL FROM:<a@b.example>" },
	{ "", { 0 }, ALL, "MAIL FROM:<>" },
	{ "\"a b\"@c", { 0 }, 0, "MAIL FROM:<\"a b\"@c>" },
	{ "\"a>b\"@c", { 0 }, 0, "MAIL FROM:<\"a>b\"@c>" },
	{ "a@[192.0.2.1]", { 0 }, 0, "MAIL FROM:<a@[192.0.2.1]>" },
	{ "a@b", { .has_size = true }, ALL, "MAIL FROM:<a@b> SIZE=0" },
	{ "a@b", { .has_size = true, .size = UINT64_MAX }, SMTP_EXT_SIZE,
	  "MAIL FROM:<a@b> SIZE=18446744073709551615" },
	{ "a@b", { .has_size = true, .size = 5 }, ALL & ~(unsigned)SMTP_EXT_SIZE,
	  "MAIL FROM:<a@b>" },
	{ "a@b", { .body = SMTP_BODY_8BITMIME }, ALL, "MAIL FROM:<a@b> BODY=8BITMIME" },
	{ "a@b", { .body = SMTP_BODY_7BIT }, ALL, "MAIL FROM:<a@b> BODY=7BIT" },
	{ "a@b", { .body = SMTP_BODY_7BIT }, 0, "MAIL FROM:<a@b>" },
	{ "a@b", { .smtputf8 = true }, ALL, "MAIL FROM:<a@b> SMTPUTF8" },
	{ "\xc3\xa4@b", { .smtputf8 = true }, ALL, "MAIL FROM:<\xc3\xa4@b> SMTPUTF8" },
	{ "\xc3\xa4@b", { .smtputf8 = true }, 0, NULL },
	{ "\xc3\xa4@b", { 0 }, ALL, NULL },
	{ "a@b", { .ret = SMTP_RETURN_FULL, .envid = XTEXT("x+2By") }, ALL,
	  "MAIL FROM:<a@b> RET=FULL ENVID=x+2By" },
	{ "a@b", { .ret = SMTP_RETURN_HEADERS, .envid = XTEXT("x") }, 0, "MAIL FROM:<a@b>" },
	/* Nobody vouches for it any more. */
	{ "a@b", { .auth = XTEXT("c@d") }, ALL | SMTP_EXT_AUTH, "MAIL FROM:<a@b>" },
	{ "a@b", { .has_size = true, .size = 9, .body = SMTP_BODY_8BITMIME, .smtputf8 = true,
	           .ret = SMTP_RETURN_HEADERS, .envid = XTEXT("e") }, ALL,
	  "MAIL FROM:<a@b> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=e" },
	/* What would be more than an address. */
	{ "a@b> SIZE=1", { 0 }, ALL, NULL },
	{ "a@b>\r\nRCPT TO:<c@d", { 0 }, ALL, NULL },
	{ "a\r\n@b", { 0 }, ALL, NULL }, { "\"a\r\"@b", { 0 }, ALL, NULL },
	{ "\"a\n\"@b", { 0 }, ALL, NULL }, { "<a@b>", { 0 }, ALL, NULL },
	{ "a", { 0 }, ALL, NULL }, { "postmaster", { 0 }, ALL, NULL },
	{ "@x:a@b", { 0 }, ALL, NULL }, { "a@b c", { 0 }, ALL, NULL }, { " a@b", { 0 }, ALL, NULL },
};

static const struct {
	const char *address;
	bool smtputf8;
	struct smtp_rcpt_params params;
	unsigned offers;
	const char *line;
} rcpts[] = {
	{ "a@b", false, { 0 }, ALL, "RCPT TO:<a@b>" },
	{ "postmaster", false, { 0 }, ALL, "RCPT TO:<postmaster>" },
	{ "", false, { 0 }, ALL, NULL },
	{ "someone", false, { 0 }, ALL, NULL },
	{ "@x:a@b", false, { 0 }, ALL, NULL },
	{ "a@b>\r\nDATA", false, { 0 }, ALL, NULL },
	{ "\xc3\xa4@b", true, { 0 }, ALL, "RCPT TO:<\xc3\xa4@b>" },
	{ "\xc3\xa4@b", false, { 0 }, ALL, NULL },
	{ "\xc3\xa4@b", true, { 0 }, 0, NULL },
	{ "a@b", false, { .notify = SMTP_NOTIFY_NEVER }, ALL, "RCPT TO:<a@b> NOTIFY=NEVER" },
	{ "a@b", false, { .notify = SMTP_NOTIFY_NEVER }, 0, "RCPT TO:<a@b>" },
	{ "a@b", false, { .notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY,
	                  .orcpt_type = XTEXT("rfc822"), .orcpt = XTEXT("c+2Bd@e") }, SMTP_EXT_DSN,
	  "RCPT TO:<a@b> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;c+2Bd@e" },
	{ "a@b", false, { .orcpt_type = XTEXT("rfc822"), .orcpt = XTEXT("c@d") },
	  ALL & ~(unsigned)SMTP_EXT_DSN, "RCPT TO:<a@b>" },
};

/* Nothing is left behind of what is no line. */
static void check_line(const char *row, int e, const struct buf *line, const char *expected)
{
	CHECK_ROW(row, e == (expected ? ERR_OK : ERR_INVALID));
	CHECK_ROW(row, str_prefix(buf_str(line), STR("before ")));
	if (strcmp(buf_cstr(line) + 7, expected ? expected : "") != 0 && expected)
		fail_msg("%s: \"%s\" is not \"%s\"", row, buf_cstr(line) + 7, expected);
	CHECK_ROW(row, expected || line->n == 7);
}

static void test_mail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		struct buf line = { 0 };
		const struct smtp_offer offer = { .extensions = mails[i].offers };
		buf_add_cstr(&line, "before ");
		int e = smtp_mail_write(str_of(mails[i].address), &mails[i].params, &offer, &line);
		check_line(mails[i].address, e, &line, mails[i].line);
		buf_fini(&line);
	}
}

static void test_rcpt(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rcpts) / sizeof(rcpts[0]); i++) {
		struct buf line = { 0 };
		const struct smtp_offer offer = { .extensions = rcpts[i].offers };
		buf_add_cstr(&line, "before ");
		int e = smtp_rcpt_write(str_of(rcpts[i].address), rcpts[i].smtputf8,
		                        &rcpts[i].params, &offer, &line);
		check_line(rcpts[i].address, e, &line, rcpts[i].line);
		buf_fini(&line);
	}
}

static void test_lacks(void **state)
{
	static const struct {
		struct smtp_mail_params params;
		struct smtp_offer offer;
		enum smtp_lack lack;
	} rows[] = {
		{ { 0 }, { 0 }, SMTP_LACKS_NOTHING },
		{ { .smtputf8 = true }, { .extensions = SMTP_EXT_8BITMIME }, SMTP_LACKS_SMTPUTF8 },
		{ { .smtputf8 = true }, { .extensions = SMTP_EXT_SMTPUTF8 }, SMTP_LACKS_NOTHING },
		{ { .body = SMTP_BODY_8BITMIME }, { .extensions = SMTP_EXT_SMTPUTF8 },
		  SMTP_LACKS_8BITMIME },
		{ { .body = SMTP_BODY_7BIT }, { 0 }, SMTP_LACKS_NOTHING },
		{ { .has_size = true, .size = 10 }, { .size_max = 9 }, SMTP_LACKS_ROOM },
		{ { .has_size = true, .size = 10 }, { .size_max = 10 }, SMTP_LACKS_NOTHING },
		{ { .has_size = true, .size = UINT64_MAX }, { .size_max = 0 }, SMTP_LACKS_NOTHING },
		{ { .ret = SMTP_RETURN_FULL }, { 0 }, SMTP_LACKS_NOTHING },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(smtp_mail_lacks(&rows[i].params, &rows[i].offer), rows[i].lack);
}

static void test_xtext(void **state)
{
	char all[256];
	struct buf xtext = { 0 }, back = { 0 };
	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	smtp_xtext_encode((struct str){ all, sizeof(all) }, &xtext);
	for (size_t i = 0; i < xtext.n; i++)
		assert_true(xtext.p[i] > ' ' && xtext.p[i] < 0x7f && xtext.p[i] != '=');
	assert_true(smtp_xtext_decode(buf_str(&xtext), &back));
	assert_true(str_eq(buf_str(&back), (struct str){ all, sizeof(all) }));
	assert_false(smtp_xtext_printable(buf_str(&xtext)));
	buf_clear(&xtext);
	smtp_xtext_encode(STR("a+b=c d"), &xtext);
	assert_string_equal(buf_cstr(&xtext), "a+2Bb+3Dc+20d");
	assert_true(smtp_xtext_printable(buf_str(&xtext)));
	buf_fini(&xtext);
	buf_fini(&back);
}

/* What the server engine reads is what was written. */
static struct smtp_server *greeted(void)
{
	const struct smtp_server_options options = { .hostname = "mx.test", .offer_dsn = true,
	                                             .offer_smtputf8 = true };
	struct smtp_server *s = smtp_server_create(&options);
	struct smtp_server_event ev;
	assert_true(smtp_server_next(s, &ev));
	smtp_server_reply(s, 220, NULL, NULL);
	smtp_server_input(s, STR("EHLO c\r\n"));
	assert_true(smtp_server_next(s, &ev));
	smtp_server_reply(s, 250, NULL, NULL);
	return s;
}

static void read_line(struct smtp_server *s, struct buf *line, struct smtp_server_event *ev)
{
	buf_add_cstr(line, "\r\n");
	smtp_server_input(s, buf_str(line));
	if (!smtp_server_next(s, ev))
		fail_msg("refused: %s", buf_cstr(line));
}

static void check_mail_back(const struct smtp_mail_params *p, const struct smtp_mail_params *q)
{
	assert_int_equal(p->has_size, q->has_size);
	assert_int_equal(p->size, q->size);
	assert_int_equal(p->body, q->body);
	assert_int_equal(p->smtputf8, q->smtputf8);
	assert_int_equal(p->ret, q->ret);
	assert_true(str_eq(p->envid, q->envid));
}

static void test_back(void **state)
{
	const struct smtp_offer offer = { .extensions = ALL };
	(void)state;
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		struct smtp_server *s = greeted();
		struct smtp_server_event ev;
		struct buf line = { 0 };
		/* More than it takes is refused. */
		if (mails[i].params.size < 1000 &&
		    smtp_mail_write(str_of(mails[i].address), &mails[i].params, &offer,
		                    &line) == ERR_OK) {
			read_line(s, &line, &ev);
			check_mail_back(&mails[i].params, ev.mail);
		}
		smtp_server_destroy(s);
		buf_fini(&line);
	}
}

static void test_orcpt(void **state)
{
	static const struct { const char *value; bool good; } rows[] = {
		{ "rfc822;a@b", true }, { "utf-8;a+2Bb", true }, { "rfc822;", false },
		{ ";a@b", false }, { "rfc822", false }, { "rfc 822;a", false },
		{ "rfc822;a b", false }, { "rfc822;a+0D+0Ab", false }, { "rfc822;a;b", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_rcpt_params params = { 0 };
		int e = smtp_orcpt_parse(str_of(rows[i].value), &params);
		CHECK_ROW(rows[i].value, (e == ERR_OK) == rows[i].good);
		CHECK_ROW(rows[i].value, (params.orcpt.n > 0) == rows[i].good);
		CHECK_ROW(rows[i].value, (params.orcpt_type.n > 0) == rows[i].good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail), cmocka_unit_test(test_rcpt),
		cmocka_unit_test(test_lacks), cmocka_unit_test(test_xtext),
		cmocka_unit_test(test_back), cmocka_unit_test(test_orcpt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
