/* SPDX-License-Identifier: ISC
 *
 * Notices: who wants which; what they say, read back by gmime and by our own reader of bounces; and
 * hostile replies, addresses and originals, which never leave their places.
 */
#include "test.h"

#include "gateway/dsn.h"
#include "mail/mime.h"
#include "report/bounce.h"

#include <gmime/gmime.h>

enum { CAME_S = 1795000000, NOW_S = CAME_S + 20, UNTIL_S = CAME_S + 86400 };

/* ---- who wants what -------------------------------------------------------------------- */

static void test_wanted(void **state)
{
	(void)state;
	enum { F = SMTP_NOTIFY_FAILURE, D = SMTP_NOTIFY_DELAY, S = SMTP_NOTIFY_SUCCESS };
	static const struct {
		const char *name;
		unsigned notify;
		bool failed, delayed, success;
	} wants[] = {
		{ "unsaid", 0, true, true, false },
		{ "NEVER", SMTP_NOTIFY_NEVER, false, false, false },
		{ "NEVER beside others, which no client can say", SMTP_NOTIFY_NEVER | F, false, false,
		  false },
		{ "FAILURE", F, true, false, false },
		{ "DELAY", D, false, true, false },
		{ "SUCCESS", S, false, false, true },
		{ "all", F | D | S, true, true, true },
	};
	for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++) {
		const struct gateway_to to = { .notify = wants[i].notify };
		CHECK_ROW(wants[i].name,
		          gateway_dsn_wanted(&to, GATEWAY_NOTICE_FAILED) == wants[i].failed &&
		          gateway_dsn_wanted(&to, GATEWAY_NOTICE_DELAYED) == wants[i].delayed &&
		          gateway_dsn_wanted(&to, GATEWAY_NOTICE_SUCCESS) == wants[i].success);
	}
}

/* ---- one notice ------------------------------------------------------------------------ */

#define HEADER "From: a@ours.example\r\nMessage-ID: <m@ours.example>\r\nSubject: hello\r\n"
#define MESSAGE HEADER "\r\nthe text\r\n"

struct row {
	const char *name;
	enum gateway_notice what;
	const char *from, *envid, *to, *orcpt, *enhanced, *host, *said;
	enum smtp_return ret;
	bool relayed, utf8;
	const char *original;             /* NULL: MESSAGE */
	const char *fields[4];            /* of the status, unfolded */
	const char *not_there;            /* in the status */
	const char *words[3];             /* in the text for a person */
	const char *type;                 /* of the third part; NULL: there is none */
};

static const struct row rows[] = {
	{ "refused", GATEWAY_NOTICE_FAILED, "a@ours.example", "Q+2B1", "b@there.example",
	  "rfc822;B+2Bx@there.example", "5.1.1", "mx.there.example", "550 5.1.1 No such user",
	  .fields = { "Original-Envelope-Id: Q+1", "Original-Recipient: rfc822; B+x@there.example",
	              "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 No such user" },
	  .not_there = "Will-Retry-Until",
	  .words = { "    <b@there.example>", "mx.there.example said:\n        550 5.1.1 No such",
	             "There is no such address" }, .type = "message/rfc822" },
	{ "never reached", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@there.example", "",
	  "4.4.1", "", "no answer from mx.there.example",
	  .fields = { "Status: 4.4.1", "Action: failed", "Final-Recipient: rfc822; b@there.example",
	              "Diagnostic-Code: X-Portreeve; no answer from mx.there.example" },
	  .not_there = "Remote-MTA", .words = { "could not be reached" }, .type = "message/rfc822" },
	{ "delayed", GATEWAY_NOTICE_DELAYED, "a@ours.example", "", "b@there.example", "", "4.2.2",
	  "mx.there.example", "452 4.2.2 full", SMTP_RETURN_FULL,
	  .fields = { "Action: delayed", "Status: 4.2.2", "Remote-MTA: dns; mx.there.example",
	              "Will-Retry-Until: Thu, 19 Nov 2026 11:06:40 +0000" },
	  .words = { "tried again until" }, .type = "text/rfc822-headers" },
	{ "delayed, with a code of failure", GATEWAY_NOTICE_DELAYED, "a@ours.example", "", "b@t.example",
	  "", "5.1.1", "mx", "550 later", .fields = { "Status: 4.0.0" }, .type = "text/rfc822-headers" },
	{ "handed on", GATEWAY_NOTICE_SUCCESS, "a@ours.example", "", "b@there.example", "", "2.0.0",
	  "mx", "250 ok", .relayed = true, .fields = { "Action: relayed", "Status: 2.0.0" },
	  .not_there = "Original-Envelope-Id", .words = { "was handed on" },
	  .type = "text/rfc822-headers" },
	{ "delivered", GATEWAY_NOTICE_SUCCESS, "a@ours.example", "", "b@ours.example", "", "", "", "",
	  .fields = { "Action: delivered", "Status: 2.0.0" }, .not_there = "Diagnostic-Code",
	  .words = { "was delivered to" }, .type = "text/rfc822-headers" },
	{ "only the header is wanted", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "",
	  "5.7.1", "mx", "550 no", SMTP_RETURN_HEADERS, .fields = { "Status: 5.7.1" },
	  .words = { "by its own rules" }, .type = "text/rfc822-headers" },
	{ "it cannot be read", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "", "5.0.0",
	  "mx", "550 no", .original = "", .fields = { "Status: 5.0.0" } },
	{ "codes that are none", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "",
	  "5.01.1", "mx", "550 no", .fields = { "Status: 5.0.0" }, .type = "message/rfc822" },
	{ "a code of success", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "", "2.0.0",
	  "mx", "550 no", .fields = { "Status: 5.0.0" }, .type = "message/rfc822" },
	{ "a code that never ends", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "",
	  "5.111.11111", "mx", "550 no", .fields = { "Status: 5.0.0" }, .type = "message/rfc822" },
	{ "a header in a reply", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "", "5.0.0",
	  "mx\r\nX: 1", "550-no\r\nAction: delivered\r\n\r\n--=_N1\r\n550 x\x01\x7f\xff", 0,
	  .fields = { "Remote-MTA: dns; mx X: 1", "Action: failed",
	              "Diagnostic-Code: smtp; 550-no Action: delivered --=_N1 550 x ?" },
	  .words = { "        Action: delivered\n        --=_N1\n        550 x ?" },
	  .type = "message/rfc822" },
	{ "a reply in UTF-8", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "", "5.0.0",
	  "mx", "550 n\xc3\xb6\xc2\x85!", .fields = { "Diagnostic-Code: smtp; 550 n???\?!" },
	  .words = { "550 n\xc3\xb6 !" }, .type = "message/rfc822" },
	{ "an address in UTF-8", GATEWAY_NOTICE_FAILED, "a@ours.example", "",
	  "\xc3\xbc+b@t.example", "utf-8;\xc3\xbc@t", "5.6.7", "mx", "550 no", .utf8 = true,
	  .fields = { "Final-Recipient: utf-8; \\x{FC}\\x{2B}b@t.example",
	              "Original-Recipient: utf-8; \\x{FC}@t" },
	  .words = { "<\xc3\xbc+b@t.example>" }, .type = "message/rfc822" },
	{ "an original in eight bits", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "",
	  "5.0.0", "mx", "550 no", .original = HEADER "\r\n\xff = x \r\n",
	  .fields = { "Status: 5.0.0" }, .type = "message/global" },
	{ "an original with the boundary", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example",
	  "", "5.0.0", "mx", "550 no", .original = HEADER "\r\n--=_N1--\r\n",
	  .fields = { "Status: 5.0.0" }, .type = "message/global" },
	{ "a header in eight bits", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "",
	  "5.0.0", "mx", "550 no", SMTP_RETURN_HEADERS, .original = HEADER "X: \xff\r\n\r\nb\r\n",
	  .fields = { "Status: 5.0.0" }, .type = "text/rfc822-headers" },
	{ "a header in UTF-8", GATEWAY_NOTICE_FAILED, "a@ours.example", "", "b@t.example", "", "5.0.0",
	  "mx", "550 no", SMTP_RETURN_HEADERS, .utf8 = true,
	  .original = HEADER "X: \xc3\xbc\r\n\r\nb\r\n", .fields = { "Status: 5.0.0" },
	  .type = "message/global-headers" },
};

static struct str text_of(const char *s)
{
	return s ? str_of(s) : STR("");
}

static void make(const struct row *row, struct gateway_envelope *about, struct gateway_rcpt *rcpt,
                 struct gateway_told *told, struct gateway_dsn *dsn)
{
	const struct str original = row->original ? str_of(row->original) : STR(MESSAGE);
	*about = (struct gateway_envelope){
		.id = STR("M1"), .account = STR("ann"), .from = str_of(row->from),
		.envid = text_of(row->envid), .came_s = CAME_S, .ret = row->ret, .utf8 = row->utf8,
		.size_bytes = original.n,
	};
	*rcpt = (struct gateway_rcpt){ .to = { .address = str_of(row->to),
	                                       .orcpt = text_of(row->orcpt),
	                                       .notify = SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY |
	                                                 SMTP_NOTIFY_SUCCESS } };
	*told = (struct gateway_told){ .rcpt = rcpt, .outcome = {
		.host = text_of(row->host), .said = text_of(row->said), .relayed = row->relayed } };
	memcpy(told->outcome.enhanced, row->enhanced, strlen(row->enhanced));
	*dsn = (struct gateway_dsn){ .what = row->what, .about = about, .told = told, .count = 1,
	                             .original = original, .hostname = "mx.ours.example",
	                             .id = "N1", .now_s = NOW_S, .give_up_s = UNTIL_S };
}

/* What no notice may be, whatever it is made of. */
static void check_form(const char *name, struct str s)
{
	size_t line = 0;
	for (size_t i = 0; i < s.n; i++) {
		const unsigned char c = (unsigned char)s.p[i];
		if (c == '\n')
			CHECK_ROW(name, i > 0 && s.p[i - 1] == '\r');
		if (c == '\r')
			CHECK_ROW(name, i + 1 < s.n && s.p[i + 1] == '\n');
		CHECK_ROW(name, c != '\0' && c < 0x80);
		line = c == '\n' ? 0 : line + 1;
		CHECK_ROW(name, line <= 999);
	}
	CHECK_ROW(name, s.n > 2 && s.p[s.n - 1] == '\n');
}

static void add_content(GMimeObject *part, struct buf *out)
{
	GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(part));
	GMimeStream *stream = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(content, stream);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	for (guint i = 0; i < bytes->len; i++)
		if (bytes->data[i] != '\r')
			buf_add_byte(out, (char)bytes->data[i]);
	g_object_unref(stream);
}

static void unfold(struct buf *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] != '\n' || i + 1 == b->n || b->p[i + 1] != ' ')
			b->p[n++] = b->p[i];
	b->n = n;
}

static void check_has(const char *name, const struct buf *text, const char *what)
{
	if (str_search(buf_str(text), str_of(what)) == SIZE_MAX)
		fail_msg("%s: \"%s\" is not in:\n%s", name, what, buf_cstr(text));
}

static void check_type(const char *name, GMimeObject *part, const char *type)
{
	char *mime_type = g_mime_content_type_get_mime_type(
		g_mime_object_get_content_type(part));
	if (strcmp(mime_type, type) != 0)
		fail_msg("%s: %s", name, mime_type);
	g_free(mime_type);
}

/* What was returned is what was given, encoded or not. */
static void check_returned(const struct row *row, GMimeObject *part)
{
	struct buf content = { 0 };
	check_type(row->name, part, row->type);
	if (GMIME_IS_MESSAGE_PART(part)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
		CHECK_ROW(row->name, inner && strcmp(g_mime_message_get_subject(inner),
		                                     "hello") == 0);
		return;
	}
	add_content(part, &content);
	check_has(row->name, &content, "Subject: hello\n");
	if (row->original && strchr(row->original, '\xff'))
		check_has(row->name, &content, "\xff");
	buf_fini(&content);
}

static void check_parts(const struct row *row, GMimeMultipart *report)
{
	struct buf words = { 0 }, status = { 0 };
	CHECK_ROW(row->name, g_mime_multipart_get_count(report) == (row->type ? 3 : 2));
	check_type(row->name, g_mime_multipart_get_part(report, 0), "text/plain");
	check_type(row->name, g_mime_multipart_get_part(report, 1), "message/delivery-status");
	add_content(g_mime_multipart_get_part(report, 0), &words);
	add_content(g_mime_multipart_get_part(report, 1), &status);
	unfold(&status);
	for (size_t i = 0; i < 4 && row->fields[i]; i++)
		check_has(row->name, &status, row->fields[i]);
	for (size_t i = 0; i < 3 && row->words[i]; i++)
		check_has(row->name, &words, row->words[i]);
	check_has(row->name, &status, "Reporting-MTA: dns; mx.ours.example\n");
	if (row->not_there)
		CHECK_ROW(row->name, str_search(buf_str(&status), str_of(row->not_there)) ==
		          SIZE_MAX);
	if (row->type)
		check_returned(row, g_mime_multipart_get_part(report, 2));
	buf_fini(&words);
	buf_fini(&status);
}

static void check_header(const struct row *row, GMimeMessage *message)
{
	static const char *const fields[][2] = {
		{ "From", "\"Mail Delivery System\" <MAILER-DAEMON@mx.ours.example>" },
		{ "Auto-Submitted", "auto-replied" }, { "Message-ID", "<N1@mx.ours.example>" },
	};
	GMimeObject *object = GMIME_OBJECT(message);
	for (size_t i = 0; i < 3; i++) {
		const char *value = g_mime_object_get_header(object, fields[i][0]);
		CHECK_ROW(row->name, value && strcmp(value, fields[i][1]) == 0);
	}
	CHECK_ROW(row->name, strstr(g_mime_object_get_header(object, "To"), row->from));
	if (!row->original)
		CHECK_ROW(row->name, strcmp(g_mime_object_get_header(object, "In-Reply-To"),
		                            "<m@ours.example>") == 0);
}

static void test_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gateway_envelope about;
		struct gateway_rcpt rcpt;
		struct gateway_told told;
		struct gateway_dsn dsn;
		struct buf text = { 0 };
		make(&rows[i], &about, &rcpt, &told, &dsn);
		gateway_dsn_write(&dsn, about.from, &text);
		check_form(rows[i].name, buf_str(&text));
		GMimeMessage *message = mime_parse(buf_str(&text));
		GMimeObject *root = g_mime_message_get_mime_part(message);
		check_type(rows[i].name, root, "multipart/report");
		check_header(&rows[i], message);
		check_parts(&rows[i], GMIME_MULTIPART(root));
		g_object_unref(message);
		buf_fini(&text);
	}
}

/* ---- others ---------------------------------------------------------------------------- */

/* A long message, one that is not all there, and a header without end. */
static void test_long(void **state)
{
	static const struct { const char *name; size_t header, body; bool cut, all; } sizes[] = {
		{ "short", 10, 10, false, true }, { "not all of it", 10, 10, true, false },
		{ "long", 10, 300000, false, false }, { "a long header", 100000, 300000, false, false },
		{ "one long line", 10, 20000, false, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct gateway_envelope about;
		struct gateway_rcpt rcpt;
		struct gateway_told told;
		struct gateway_dsn dsn;
		struct buf original = { 0 }, text = { 0 };
		const size_t line = sizes[i].body == 20000 ? 20000 : 70;
		make(&rows[0], &about, &rcpt, &told, &dsn);
		buf_add_cstr(&original, HEADER);
		while (original.n < sizes[i].header)
			buf_add_cstr(&original, "X-A: b\r\n");
		buf_add_cstr(&original, "\r\n");
		for (size_t n = 1; n < sizes[i].body; n++)
			buf_add_cstr(&original, n % line == 0 ? "\r\n" : "x");
		buf_add_cstr(&original, "\r\nend\r\n");
		dsn.original = buf_str(&original);
		about.size_bytes = original.n + (sizes[i].cut ? 1 : 0);
		gateway_dsn_write(&dsn, about.from, &text);
		check_form(sizes[i].name, buf_str(&text));
		CHECK_ROW(sizes[i].name,
		          (str_search(buf_str(&text), STR("\r\nend\r\n")) != SIZE_MAX) ==
		          sizes[i].all);
		CHECK_ROW(sizes[i].name, sizes[i].all || text.n < 80000);
		buf_fini(&original);
		buf_fini(&text);
	}
}

static void test_envelope(void **state)
{
	struct gateway_envelope about, envelope;
	struct gateway_rcpt rcpts[3] = { { 0 } };
	struct gateway_told told[3] = { { 0 } };
	struct gateway_dsn dsn;
	struct arena a = { 0 };
	struct buf text = { 0 };
	(void)state;
	make(&rows[0], &about, &rcpts[0], &told[0], &dsn);
	for (size_t i = 1; i < 3; i++) {
		rcpts[i].to.address = i == 1 ? STR("never@t.example") : STR("unsaid@t.example");
		told[i].rcpt = &rcpts[i];
	}
	rcpts[1].to.notify = SMTP_NOTIFY_NEVER;
	dsn.told = told;
	dsn.count = 3;
	assert_true(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	assert_true(envelope.from.n == 0 && envelope.to_count == 1 && envelope.to[0].local);
	assert_true(str_eq(envelope.to[0].address, STR("a@ours.example")));
	assert_true(envelope.to[0].notify == SMTP_NOTIFY_NEVER && envelope.size_bytes == text.n);
	assert_true(str_search(buf_str(&text), STR("never@t.example")) == SIZE_MAX);
	assert_true(str_search(buf_str(&text), STR("unsaid@t.example")) != SIZE_MAX);
	/* A sender that is no ASCII can be told in UTF-8 only. */
	about.from = STR("\xc3\xbc@ours.example");
	assert_true(gateway_dsn_make(&dsn, false, &a, &envelope, &text) && envelope.utf8);
	/* No report causes a report; nor is one made for nobody. */
	about.from = STR("");
	buf_clear(&text);
	assert_false(gateway_dsn_make(&dsn, false, &a, &envelope, &text));
	about.from = STR("a@ours.example");
	dsn.told = &told[1];
	dsn.count = 1;
	assert_false(gateway_dsn_make(&dsn, false, &a, &envelope, &text));
	assert_int_equal(text.n, 0);
	buf_fini(&text);
	arena_fini(&a);
}

/* A stranger's message that fails later is the postmaster's; nobody else hears of it. */
static void test_strangers(void **state)
{
	struct gateway_envelope about, envelope;
	struct gateway_rcpt rcpt;
	struct gateway_told told;
	struct gateway_dsn dsn;
	struct arena a = { 0 };
	struct buf text = { 0 };
	(void)state;
	make(&rows[0], &about, &rcpt, &told, &dsn);
	about.account = STR("");
	about.from = STR("forged@victim.example");
	about.client = (struct endpoint){ { 4, { 203, 0, 113, 7 } }, 25 };
	rcpt.to.address = STR("b@ours.example");
	rcpt.to.notify = SMTP_NOTIFY_NEVER;
	assert_true(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	assert_true(str_eq(envelope.to[0].address, STR("postmaster@ours.example")));
	assert_true(str_search(buf_str(&text), STR("\r\nTo: <postmaster@ours.example>\r\n")) !=
	            SIZE_MAX);
	assert_true(str_search(buf_str(&text), STR("from <forged@victim.example> by the server "
	                                           "203.0.113.7\r\n")) != SIZE_MAX);
	check_form("a stranger's", buf_str(&text));
	dsn.postmaster = STR("postmaster@kept.example");
	assert_true(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	assert_true(str_eq(envelope.to[0].address, dsn.postmaster));
	dsn.postmaster = STR("");
	/* A bounce from outside that fails is told, too: else it would be lost. */
	about.from = STR("");
	assert_true(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	buf_clear(&text);
	/* Not elsewhere, not of success or delay, not to himself, and not of a notice. */
	assert_false(gateway_dsn_make(&dsn, false, &a, &envelope, &text));
	dsn.what = GATEWAY_NOTICE_DELAYED;
	assert_false(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	dsn.what = GATEWAY_NOTICE_SUCCESS;
	rcpt.to.notify = SMTP_NOTIFY_SUCCESS;
	assert_false(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	dsn.what = GATEWAY_NOTICE_FAILED;
	rcpt.to.address = STR("PostMaster@ours.example");
	assert_false(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	rcpt.to.address = STR("b@ours.example");
	about.client = (struct endpoint){ .port = 0 };
	assert_false(gateway_dsn_make(&dsn, true, &a, &envelope, &text));
	assert_int_equal(text.n, 0);
	buf_fini(&text);
	arena_fini(&a);
}

/* A report of ours that bounces off this gateway is read by the desk that sent it. */
static void test_bounce_is_read(void **state)
{
	static const unsigned char key[REPORT_KEY_BYTES] = { 7 };
	static const struct {
		size_t row;
		enum report_bounce_kind kind;
		const char *status;
		bool dead;
	} is[] = {
		{ 0, REPORT_BOUNCE_FAILED, "5.1.1", true }, { 1, REPORT_BOUNCE_FAILED, "4.4.1", false },
		{ 2, REPORT_BOUNCE_DELAYED, "4.2.2", false }, { 4, REPORT_BOUNCE_ARRIVED, "2.0.0", false },
		{ 6, REPORT_BOUNCE_FAILED, "5.7.1", false },
	};
	char token[REPORT_TOKEN_LEN + 1];
	(void)state;
	report_token_make(key, "abcdefgh", token);
	for (size_t i = 0; i < sizeof(is) / sizeof(*is); i++) {
		struct gateway_envelope about;
		struct gateway_rcpt rcpt;
		struct gateway_told told;
		struct gateway_dsn dsn;
		struct report_bounce bounce;
		struct buf text = { 0 }, original = { 0 };
		const char *expected = "";
		make(&rows[is[i].row], &about, &rcpt, &told, &dsn);
		buf_printf(&original, "Message-ID: <portreeve-report.%s@x>\r\n\r\n\xff\r\n", token);
		dsn.original = buf_str(&original);
		about.size_bytes = original.n;
		gateway_dsn_write(&dsn, about.from, &text);
		if (report_bounce_parse(buf_str(&text), key, &bounce, &expected) != ERR_OK)
			fail_msg("%s: %s", rows[is[i].row].name, expected);
		CHECK_ROW(rows[is[i].row].name, bounce.kind == is[i].kind &&
		          bounce.dead == is[i].dead && strcmp(bounce.status, is[i].status) == 0 &&
		          strcmp(bounce.recipient, rows[is[i].row].to) == 0);
		buf_fini(&text);
		buf_fini(&original);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted), cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_long), cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_strangers), cmocka_unit_test(test_bounce_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
