/* SPDX-License-Identifier: ISC
 *
 * The desk: what is reported, to whom, what is kept, and what becomes of it.
 */
#include "store/support.h"
#include "world.h"

#include "report/desk.h"

#include <stdlib.h>

enum { NOW_S = 1795255200, DAY_S = 86400 };

#define RELAYED \
	"Received: from a.isp.test (a.isp.test [8.8.8.8]) by mx.ours.test (Postfix)\n" \
	"\twith ESMTP id 1 for <jane.doe@ours.test>; Sat, 21 Nov 2026 10:00:00 +0000\n" \
	"From: a@sender.test\nSubject: spam\nMessage-ID: <m@s.test>\n\nDear jane.doe\n"

struct place {
	char *state;
	struct store *store;
	struct report_config config;
	struct border_set set;
	struct desk desk;
	struct buf problem;
};

static void place_init(struct place *p)
{
	static char return_path[] = "bounces@ours.test", empty[] = "", arf[] = "arf", plus[] = "+";
	*p = (struct place){ .state = state_make() };
	p->store = open_store(p->state, STORE_ALL);
	assert_int_equal(border_add_own_host(&p->set, STR("*.ours.test"), NULL), ERR_OK);
	p->config = (struct report_config){
		.from = empty, .return_path = return_path, .return_path_delimiter = plus,
		.format = arf, .body = true, .body_bytes = 1000, .dead_for_s = 180 * DAY_S,
		.smarthost = empty, .smarthost_tls = empty, .smarthost_user = empty,
		.smarthost_password_file = empty, .timeout_s = 5, .old_after_s = 3 * DAY_S,
	};
	p->desk = (struct desk){
		.store = p->store, .config = &p->config, .hostname = "mx.ours.test",
		.contact = "admin@ours.test", .operator_name = "J\xc3\xbcrgen & Co",
		.own_domains = { "probe.test" }, .now_s = NOW_S, .hostname_given = true,
		.contact_given = true,
	};
}

static void place_fini(struct place *p)
{
	store_close(p->store);
	state_remove(p->state);
	border_set_fini(&p->set);
	buf_fini(&p->problem);
}

static const struct contact_answer isp = {
	.source = "rdap", .name = "ISP", .asn = 64500, .emails = { "abuse@isp-lab.net" },
	.email_count = 1, .fetched_s = NOW_S - 7200,
	.first = { 4, { 8, 8, 8, 0 } }, .last = { 4, { 8, 8, 8, 255 } },
};

/* A message through all steps up to desk_make(). */
static int make(struct place *p, const char *message, const char *to, struct desk_draft *draft)
{
	struct trace_border border = border_view(&p->set);
	struct contact_filter filter;
	enum contact_use use;
	*draft = (struct desk_draft){ 0 };
	buf_clear(&p->problem);
	assert_int_equal(desk_trace(str_of(message), &border, false, false, draft, &p->problem),
	                 ERR_OK);
	OK(p->store, desk_filter(&p->desk, &draft->arena, &filter));
	int e = desk_address(&p->desk, &isp, 1, &filter, to, draft, &use, &p->problem);
	return e == ERR_OK ? desk_make(&p->desk, &isp, 1, draft, &p->problem) : e;
}

/* A report of a message of its own that is kept. */
static struct report keep(struct place *p, const char *subject, const char *to)
{
	struct desk_draft draft;
	char *message = NULL;
	assert_true(asprintf(&message, "%sX: %s\n", RELAYED, subject) > 0);
	assert_int_equal(make(p, message, to, &draft), ERR_OK);
	OK(p->store, desk_save(&p->desk, &draft, &p->problem));
	struct report report = draft.report;
	report.message = report.xarf = STR("");
	desk_draft_fini(&draft);
	free(message);
	return report;
}

/* ---- what is reported --------------------------------------------------------- */

static void configuration(void **unused)
{
	(void)unused;
	static const struct { const char *from, *contact, *expected; } rows[] = {
		{ "", "admin@ours.test", "" }, { "abuse@ours.test", "nobody", "" },
		{ "", "no\"body", "report.from: expected a mail address, found \"no\\\"body\"" },
		{ "x", "admin@ours.test", "report.from: expected a mail address, found \"x\"" },
	};
	struct place p;
	place_init(&p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char from[64];
		str_copy(from, sizeof(from), str_of(rows[i].from));
		p.config.from = from;
		p.desk.contact = rows[i].contact;
		buf_clear(&p.problem);
		int e = desk_check(&p.desk, &p.problem);
		CHECK_ROW(rows[i].expected, (e == ERR_OK) == (rows[i].expected[0] == '\0'));
		CHECK_ROW(rows[i].expected, str_eq(buf_str(&p.problem), str_of(rows[i].expected)));
	}
	place_fini(&p);
}

static void messages(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *text;
		bool origin;
		const char *problem;
	} rows[] = {
		{ "spam", RELAYED, false, NULL },
		{ "a report", "X-Portreeve-Report: x\n" RELAYED, false, "it is a report itself" },
		{ "a bounce", "Return-Path: <>\n" RELAYED, false, "its sender is empty" },
		{ "never handed over", "Subject: x\n\nx\n", false, "was handed over to a host of ours" },
		{ "from a private address", "Received: from a (a [10.1.1.1]) by mx.ours.test "
		  "(Postfix) with ESMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000\n\n", false,
		  "was handed over to a host of ours" },
		{ "its origin", RELAYED, true, NULL },
	};
	struct place p;
	place_init(&p);
	struct trace_border border = border_view(&p.set);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct desk_draft draft = { .counted = false };
		buf_clear(&p.problem);
		int e = desk_trace(str_of(rows[i].text), &border, rows[i].origin, false, &draft,
		                   &p.problem);
		CHECK_ROW(rows[i].name, e == (rows[i].problem ? ERR_INVALID : ERR_OK));
		CHECK_ROW(rows[i].name, !rows[i].problem || has(&p.problem, rows[i].problem));
		CHECK_ROW(rows[i].name, e != ERR_OK || draft.report.source.family == 4);
		desk_draft_fini(&draft);
	}
	struct desk_draft draft = { .counted = false };
	buf_clear(&p.problem);
	assert_int_equal(desk_trace(STR(RELAYED), &(struct trace_border){ 0 }, false, false, &draft,
	                            &p.problem), ERR_INVALID);
	assert_true(has(&p.problem, "no own host or network is configured"));
	desk_draft_fini(&draft);
	place_fini(&p);
}

static void addresses(void **unused)
{
	(void)unused;
	static const struct {
		const char *to;
		int err;
		enum contact_use use;
		const char *says;
	} rows[] = {
		{ NULL, ERR_OK, CONTACT_GOOD, "abuse@isp-lab.net" },
		{ "desk@elsewhere.net", ERR_OK, CONTACT_GOOD, "desk@elsewhere.net" },
		{ "noreply@isp-lab.net", ERR_OK, CONTACT_PLACEHOLDER, "noreply@isp-lab.net" },
		{ "x@probe.test", ERR_DENIED, CONTACT_OWN, "no report is made to ourselves" },
		{ "x@ours.test", ERR_DENIED, CONTACT_OWN, "no report is made to ourselves" },
		{ "x@mx.ours.test", ERR_DENIED, CONTACT_OWN, "no report is made to ourselves" },
		{ "nobody", ERR_INVALID, CONTACT_GOOD, "expected a mail address" },
	};
	struct place p;
	place_init(&p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct desk_draft draft = { .report.source = { 4, { 8, 8, 8, 8 } } };
		struct contact_filter filter;
		enum contact_use use = CONTACT_GOOD;
		buf_clear(&p.problem);
		OK(p.store, desk_filter(&p.desk, &draft.arena, &filter));
		int e = desk_address(&p.desk, &isp, 1, &filter, rows[i].to, &draft, &use,
		                     &p.problem);
		CHECK_ROW(rows[i].says, e == rows[i].err && use == rows[i].use);
		bool chosen = strcmp(draft.report.contact, rows[i].says) == 0;
		CHECK_ROW(rows[i].says, e == ERR_OK ? chosen : has(&p.problem, rows[i].says));
		CHECK_ROW(rows[i].says, e != ERR_OK ||
		          strcmp(draft.report.network, "8.8.8.0-8.8.8.255") == 0);
		desk_draft_fini(&draft);
	}
	/* Nobody: each source says why. */
	struct desk_draft draft = { .report.source = { 4, { 8, 8, 8, 8 } } };
	struct contact_filter filter;
	enum contact_use use;
	const struct contact_answer none[] = {
		{ .source = "rdap", .problem = "HTTP status 500" }, { .source = "cymru" },
		{ .source = "abusix", .emails = { "x@ours.test" }, .email_count = 1 },
	};
	buf_clear(&p.problem);
	OK(p.store, desk_filter(&p.desk, &draft.arena, &filter));
	assert_int_equal(desk_address(&p.desk, none, 3, &filter, NULL, &draft, &use, &p.problem),
	                 ERR_NOT_FOUND);
	assert_string_equal(buf_cstr(&p.problem), "8.8.8.8: no abuse contact that can be used; rdap: "
	                    "HTTP status 500; cymru: names none; abusix: x@ours.test (it is our own)");
	desk_draft_fini(&draft);
	place_fini(&p);
}

/* ---- what is kept --------------------------------------------------------------- */

static void one_report_a_day(void **unused)
{
	(void)unused;
	struct place p;
	struct desk_draft draft;
	place_init(&p);
	struct report first = keep(&p, "one", NULL);
	assert_int_equal(first.incidents, 1);
	/* The same message again. */
	assert_int_equal(make(&p, RELAYED "X: one\n", NULL, &draft), ERR_EXISTS);
	assert_true(has(&p.problem, "this message is in report"));
	desk_draft_fini(&draft);
	/* Another is one incident more of it. */
	struct report second = keep(&p, "two", NULL);
	assert_string_equal(second.id, first.id);
	assert_int_equal(second.incidents, 2);
	/* Of one that was sent it is only counted. */
	struct send_result sent = { .outcome = SEND_DONE, .text = "250 ok" };
	bool buried;
	assert_int_equal(desk_sent(&p.desk, &sent, &second, &buried, &p.problem), ERR_OK);
	assert_int_equal(second.state, REPORT_SENT);
	assert_int_equal(second.told, 2);
	assert_int_equal(make(&p, RELAYED "X: three\n", NULL, &draft), ERR_OK);
	assert_true(draft.counted);
	assert_int_equal(draft.report.incidents, 3);
	desk_draft_fini(&draft);
	/* The next day has its own. */
	p.desk.now_s += DAY_S;
	assert_string_not_equal(keep(&p, "four", NULL).id, first.id);
	place_fini(&p);
}

static void forms(void **unused)
{
	(void)unused;
	static char xarf[] = "xarf";
	struct place p;
	struct desk_draft draft;
	place_init(&p);
	assert_int_equal(make(&p, RELAYED, "desk@elsewhere.net", &draft), ERR_OK);
	assert_true(has(&draft.mail, "Feedback-Type: abuse"));
	assert_true(has(&draft.mail, "To: <desk@elsewhere.net>"));
	assert_true(has(&draft.mail, "From: =?"));
	assert_true(has(&draft.mail, "\r\n <admin@ours.test>\r\n"));
	assert_true(has(&draft.mail, "desk@elsewhere.net because a person chose that address"));
	assert_true(has(&draft.mail, "8.8.8.0-8.8.8.255 ISP"));
	assert_true(has(&draft.xarf, "\"source_identifier\": \"8.8.8.8\""));
	assert_false(has(&draft.mail, "jane.doe"));
	desk_draft_fini(&draft);
	p.config.format = xarf;
	p.config.body = false;
	assert_int_equal(make(&p, RELAYED, NULL, &draft), ERR_OK);
	assert_true(has(&draft.mail, "Feedback-Type: xarf"));
	assert_true(draft.facts.header_only);
	assert_int_equal(draft.facts.contact_age_s, 7200);
	desk_draft_fini(&draft);
	place_fini(&p);
}

/* ---- what becomes of it --------------------------------------------------------- */

static void results(void **unused)
{
	(void)unused;
	static const struct {
		const char *name;
		struct send_result result;
		enum report_state state;
		bool buried;
	} rows[] = {
		{ "sent", { .outcome = SEND_DONE, .text = "250 ok" }, REPORT_SENT, false },
		{ "for now not", { .outcome = SEND_FAILED, .text = "no route" }, REPORT_MADE, false },
		{ "the smarthost refuses us", { .outcome = SEND_REFUSED, .text = "554" }, REPORT_MADE,
		  false },
		{ "full", { .outcome = SEND_REFUSED, .recipient = true, .status = "5.2.2",
		            .text = "552 full" }, REPORT_BOUNCED, false },
		{ "no such desk", { .outcome = SEND_REFUSED, .recipient = true, .status = "5.1.1",
		                    .text = "550 no" }, REPORT_BOUNCED, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct place p;
		bool buried;
		place_init(&p);
		struct report report = keep(&p, "x", NULL);
		CHECK_ROW(rows[i].name, desk_sent(&p.desk, &rows[i].result, &report, &buried,
		                                  &p.problem) == ERR_OK);
		CHECK_ROW(rows[i].name, report.state == rows[i].state);
		CHECK_ROW(rows[i].name, buried == rows[i].buried);
		struct desk_draft draft = { .counted = false };
		struct contact_filter filter;
		OK(p.store, desk_filter(&p.desk, &draft.arena, &filter));
		CHECK_ROW(rows[i].name, contact_use(&filter, "abuse@isp-lab.net") ==
		          (buried ? CONTACT_DEAD : CONTACT_GOOD));
		desk_draft_fini(&draft);
		place_fini(&p);
	}
}

/* The token of a report, as who got it has it. */
static void token_of(struct place *p, const struct report *report, char token[REPORT_TOKEN_LEN + 1])
{
	unsigned char key[REPORT_KEY_BYTES];
	OK(p->store, store_secret(p->store, "reports", key));
	report_token_make(key, report->id, token);
}

static int bounce(struct place *p, const struct report *about, const char *recipient,
                  const char *status, struct report *after, bool *buried)
{
	struct report_bounce b;
	struct arena a = { 0 };
	struct buf mail = { 0 };
	char token[REPORT_TOKEN_LEN + 1];
	token_of(p, about, token);
	buf_printf(&mail, "Return-Path: <>\r\nTo: bounces+%s@ours.test\r\nContent-Type: "
	           "multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
	           "Final-Recipient: rfc822; %s\r\nAction: %s\r\nStatus: %s\r\n\r\n", token,
	           recipient, status[0] == '4' ? "delayed" : "failed", status);
	buf_clear(&p->problem);
	int e = desk_take_bounce(&p->desk, buf_str(&mail), &a, &b, after, buried, &p->problem);
	buf_fini(&mail);
	arena_fini(&a);
	return e;
}

static void came_back(void **unused)
{
	(void)unused;
	struct place p;
	struct report after;
	struct send_result sent = { .outcome = SEND_DONE, .text = "250 ok" };
	bool buried;
	place_init(&p);
	struct report report = keep(&p, "x", NULL);
	assert_int_equal(desk_sent(&p.desk, &sent, &report, &buried, &p.problem), ERR_OK);
	assert_int_equal(bounce(&p, &report, "abuse@isp-lab.net", "4.4.1", &after, &buried), ERR_OK);
	assert_int_equal(after.state, REPORT_SENT);
	/* Forwarded to somebody dead: the desk is not. */
	assert_int_equal(bounce(&p, &report, "bob@isp-lab.net", "5.1.1", &after, &buried), ERR_OK);
	assert_int_equal(after.state, REPORT_BOUNCED);
	assert_string_equal(after.why, "5.1.1 it bounced");
	assert_false(buried);
	/* The next one to it bounces as well. */
	p.desk.now_s += DAY_S;
	struct report next = keep(&p, "y", NULL);
	assert_int_equal(desk_sent(&p.desk, &sent, &next, &buried, &p.problem), ERR_OK);
	assert_int_equal(bounce(&p, &next, "bob@isp-lab.net", "5.2.2", &after, &buried), ERR_OK);
	assert_true(buried);
	/* One that is not there any more, and a mail that is none of ours. */
	struct report gone = { .id = "zzzzzzzz" };
	assert_int_equal(bounce(&p, &gone, "x@isp-lab.net", "5.1.1", &after, &buried), ERR_NOT_FOUND);
	struct report_bounce b;
	struct arena a = { 0 };
	buf_clear(&p.problem);
	assert_int_equal(desk_take_bounce(&p.desk, STR("Subject: x\r\n\r\nx"), &a, &b, &after,
	                                  &buried, &p.problem), ERR_INVALID);
	assert_true(has(&p.problem, "expected "));
	arena_fini(&a);
	place_fini(&p);
}

static void not_called(void *arg, const struct send_result *result)
{
	(void)arg;
	(void)result;
	fail_msg("nothing was to be sent");
}

static void what_is_not_sent(void **unused)
{
	(void)unused;
	struct place p;
	struct desk_sending sending = { .agreed = true };
	place_init(&p);
	struct loop *loop = loop_create();
	struct report report = keep(&p, "x", NULL);
	assert_int_equal(desk_send_start(&p.desk, loop, NULL, &report, &sending, not_called, NULL,
	                                 &p.problem), ERR_INVALID);
	assert_true(has(&p.problem, "smarthost"));
	desk_send_stop(&sending);
	report.state = REPORT_BOUNCED;
	buf_clear(&p.problem);
	assert_int_equal(desk_send_start(&p.desk, loop, NULL, &report, &sending, not_called, NULL,
	                                 &p.problem), ERR_DENIED);
	assert_true(has(&p.problem, "only one that is made can be sent"));
	desk_send_stop(&sending);
	assert_int_equal(desk_nomination_start(&p.desk, loop, NULL, "a@b.test", STR("x"), &sending,
	                                       not_called, NULL, &p.problem), ERR_INVALID);
	desk_send_stop(&sending);
	loop_destroy(loop);
	place_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configuration), cmocka_unit_test(messages),
		cmocka_unit_test(addresses), cmocka_unit_test(one_report_a_day),
		cmocka_unit_test(forms), cmocka_unit_test(results), cmocka_unit_test(came_back),
		cmocka_unit_test(what_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
