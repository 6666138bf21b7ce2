/* SPDX-License-Identifier: ISC
 *
 * Evidence as a page: what it says of which bundle, in text and in HTML, and that it survives
 * any payload.
 */
#include "test.h"

#include "base/mem.h"
#include "catalogue/catalogue.h"
#include "proof/evidence-page.h"
#include "proof/evidence-words.h"
#include "store/types.h"

#include <stdlib.h>

#define TOKEN "anuxzjv53abayge5sw3mgnl4kmfm"
#define TOKEN2 "anuxzjv53abczwb5yun7bt7kd7ju"

#define TRANSCRIPT \
	"0 ! connected\\n0 < 220 h ESMTP Postfix\\n1 > MAIL FROM:<s@b.example>\\n2 < 250 2.1.0 Ok\\n" \
	"2 > RCPT TO:<" TOKEN "%a.example@h>\\n3 < 250 2.1.5 Ok\\n3 > DATA\\n4 < 354 Go on\\n" \
	"4 > From: x\\n4 > .\\n1205 < 250 queued as 17\\n1300 ! connected\\n" \
	"1301 > MAIL FROM:<s@a.example>\\n1302 < 250 second ok\\n" \
	"1303 > RCPT TO:<" TOKEN2 "%b.example@h>\\n1304 < 250 ok\\n1305 > DATA\\n1306 < 354 go\\n" \
	"1307 > .\\n1308 < 250 queued as 18\\n"
#define RETURN(kind, attempt, token, more) \
	"{\"kind\":\"" kind "\",\"case\":\"E14\",\"attempt\":" attempt ",\"marked\":true," \
	"\"peer\":\"192.0.2.9\",\"time\":\"2026-11-21T21:09:2" attempt "Z\",\"token\":\"" token "\"," \
	"\"helo\":\"out.example\",\"mail_from\":\"<s@b.example>\"," \
	"\"rcpt_to\":\"<" token "@a.example>\",\"message_sha256\":\"abcd\"," \
	"\"message\":\"Received: from x for <v\xe2\x80\xa6@third.example>\\r\\n\\tby y\\r\\n" \
	"To: " token "@a.example\\r\\n\\r\\nbody line\\r\\n\"" more "}"
#define CASES "\"cases\":[{\"id\":\"E14\",\"attempt\":0,\"accepted\":true,\"returned\":true," \
	"\"code\":250,\"stage\":\"message\"},{\"id\":\"E01\",\"attempt\":0,\"code\":554," \
	"\"stage\":\"rcpt\"},{\"id\":\"E14\",\"attempt\":1,\"code\":250}]"
#define HEAD(verdict) \
	"{\"version\":1,\"created\":\"2026-11-21T21:10:00Z\",\"operator\":\"Op\"," \
	"\"contact\":\"op@t.example\",\"address\":\"192.0.2.1\",\"port\":25,\"verdict\":\"" verdict \
	"\",\"test\":\"abcdefgh\",\"consent\":\"range\",\"started\":\"2026-11-21T21:09:19Z\"," \
	"\"seconds\":3.25,\"replay\":\"portreeve test 192.0.2.1 --port 25\"," CASES \
	",\"transcript\":\"" TRANSCRIPT "\""
#define OPEN HEAD("open") ",\"returns\":[" RETURN("recipient", "0", TOKEN, "") "," \
	RETURN("recipient", "1", TOKEN2, "") "]}"

#define SEEN(address, known) ",\"seen_as\":\"" address "\",\"known_as\":\"" known "\""

struct row {
	const char *name, *payload;
	enum evidence_check check;
	enum evidence_stay stay;
	const char *some[20];                /* in this order */
	const char *none[6];
};

static const struct row rows[] = {
	{ "open", OPEN, EVIDENCE_GOOD, EVIDENCE_STAYS_LISTED, {
		"The signature is good", "Evidence: 192.0.2.1, port 25: an open relay",
		"2026-11-21 21:09:19 UTC", "a permit of the operator", "Form          E14: ",
		"RCPT TO:<RECIPIENT%collector-domain@this-server>", "Likely cause  C",
		"  Postfix       ", "that it is Postfix is a guess",
		"portreeve explain E14 --mta postfix", "What was said",
		"+0.002 we", "=> +0.003 it", "the server accepts the recipient",
		"+1.205 s into the session", "Output      192.0.2.9", "Received: from x for <v",
		"The confirmation", "second ok", "=> 1308 < 250 queued as 18",
	}, { "body line", "NOT CHECKED", "DO NOT RELY", "same host" } },
	{ "kept as long as", OPEN, EVIDENCE_GOOD, EVIDENCE_STAYS_LISTED, {
		"good\n  Checked with  the key", "0123456789abcdef (Ed25519)", "ev-abc",
		"evidence export ev-abc proof.json", "evidence verify proof.json --key key.pem",
		"portreeve test 192.0.2.1 --port 25", "as long as that", "366",
	}, { NULL } },
	{ "not listed", OPEN, EVIDENCE_GOOD, EVIDENCE_STAYS_UNLISTED, {
		"no listing of its own", "366",
	}, { NULL } },
	{ "from a file, unchecked", OPEN, EVIDENCE_UNCHECKED, EVIDENCE_STAYS_FILE, {
		"!!!!", "THE SIGNATURE WAS NOT CHECKED: because", "!!!!", "Evidence: 192.0.2.1",
		"not checked: because", "read from a file",
	}, { "signature is good", "evidence export" } },
	{ "bad", OPEN, EVIDENCE_BAD, EVIDENCE_STAYS_FILE, {
		"!!!!", "DO NOT RELY ON THIS: because", "Evidence: 192.0.2.1", "NOT GOOD: because",
	}, { "signature is good" } },
	{ "unreadable", NULL, EVIDENCE_BAD, EVIDENCE_STAYS_FILE, {
		"DO NOT RELY ON THIS", "The signature",
	}, { "What was said" } },
	{ "once", HEAD("open") ",\"returns\":[" RETURN("recipient", "0", TOKEN, "") "]}",
	  EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"The way that", "It was proved once",
	}, { "It came back, too" } },
	{ "lost", HEAD("open") SEEN("172.18.0.1", "203.0.113.5") ",\"returns\":["
	  RETURN("recipient", "0", TOKEN, "") "]}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"By its own Received line, which stands in the header below, the server saw us",
		"as 172.18.0.1, not 203.0.113.5: your clients' addresses are lost",
		"172.18.0.1 is of 172.16.0.0/12, which Docker", "Likely cause  C2: ",
		"Also possible C1: ", "C3: ",
	}, { "no public address" } },
	{ "named by its line alone", "{\"verdict\":\"open\",\"mta\":\"exim\",\"returns\":["
	  RETURN("recipient", "0", TOKEN, "") "]}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"that it is Exim is a", "Received line", "portreeve explain E14 --mta exim",
	}, { NULL } },
	{ "perhaps lost", HEAD("open") SEEN("172.18.0.1", "") ",\"returns\":["
	  RETURN("recipient", "0", TOKEN, "") "]}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"as 172.18.0.1, which is no public address: if others", "Likely cause  C34: ",
	}, { NULL } },
	{ "not lost", HEAD("open") SEEN("", "") ",\"returns\":["
	  RETURN("recipient", "0", TOKEN, "") "]}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"Likely cause  C34: ",
	}, { "saw us" } },
	{ "seen by words", HEAD("open") SEEN("nowhere", "172.18.0.1") ",\"returns\":["
	  RETURN("recipient", "0", TOKEN, "") "]}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"Likely cause  C34: ",
	}, { "saw us" } },
	{ "lost, and closed", HEAD("closed") SEEN("172.18.0.1", "203.0.113.5") ",\"returns\":[]}",
	  EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, { "What was found" }, { "saw us" } },
	{ "accepting", HEAD("accepting") ",\"returns\":[]}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"accepts, and nothing came back", "proves no relay", "E14: ", "What was said",
		"=> +0.003 it", "Nothing that the bundle holds",
	}, { "The way that", "The confirmation", "Likely cause" } },
	{ "backscatter", HEAD("backscatter") ",\"returns\":[" RETURN("sender", "0", TOKEN, "") "]}",
	  EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"bounces mail to forged senders", "bounced it to the forged sender",
	}, { "The confirmation" } },
	{ "an unknown form and verdict",
	  "{\"verdict\":\"ajar\",\"returns\":[{\"kind\":\"recipient\",\"case\":\"Z99\"}]}",
	  EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, {
		"does not know that verdict", "\"Z99\", which this version does not know",
	}, { NULL } },
	{ "a command of a stranger's", "{\"replay\":\"portreeve test 1; rm -rf ~\"}",
	  EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, { "no command of ours", "test 1; rm -rf" }, { NULL } },
	{ "the same host", "{\"address\":\"192.0.2.9\",\"returns\":["
	  RETURN("recipient", "0", TOKEN, "") "]}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE,
	  { "it is the same host" }, { NULL } },
	{ "nothing at all", "{}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, { "(not said)" }, { NULL } },
	{ "all of other types", "{\"address\":1,\"port\":\"x\",\"verdict\":[],\"returns\":{\"a\":1},"
	  "\"cases\":[1,null,{\"attempt\":\"x\"}],\"transcript\":{},\"seconds\":\"1\",\"started\":5}",
	  EVIDENCE_GOOD, EVIDENCE_STAYS_FILE, { "(not said), port 0" }, { NULL } },
	{ "returns of other types", "{\"returns\":[1,null,[],{\"kind\":\"recipient\",\"attempt\":1,"
	  "\"case\":5}],\"verdict\":\"open\"}", EVIDENCE_GOOD, EVIDENCE_STAYS_FILE,
	  { "The confirmation" }, { NULL } },
};

static void make(const struct row *row, json_t *payload, struct arena *a, struct page *page)
{
	const struct evidence_reading reading = {
		.payload = payload, .id = "ev-abc", .key_id = "0123456789abcdef",
		.check = row->check, .why = row->check == EVIDENCE_GOOD ? NULL : "because",
		.key = "the key", .stay = row->stay, .keep_s = 366 * 86400,
	};
	evidence_page(&reading, a, page);
}

static void check_text(const struct row *row, const char *text)
{
	const char *at = text;
	for (size_t i = 0; i < 20 && row->some[i]; i++) {
		const char *found = strstr(at, row->some[i]);
		if (!found)
			fail_msg("%s: expected \"%s\" in\n%s", row->name, row->some[i], at);
		at = found + 1;
	}
	for (size_t i = 0; i < 6 && row->none[i]; i++)
		if (strstr(text, row->none[i]))
			fail_msg("%s: \"%s\" in\n%s", row->name, row->none[i], text);
}

static void says(void **unused)
{
	(void)unused;
	const struct page_terminal terminal = { .columns = 80 };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct page page;
		struct buf text = { 0 }, html = { 0 };
		json_t *payload = rows[i].payload ? json_loads(rows[i].payload, 0, NULL) : NULL;
		CHECK_ROW(rows[i].name, (payload != NULL) == (rows[i].payload != NULL));
		make(&rows[i], payload, &a, &page);
		page_to_text(&page, &terminal, &text);
		check_text(&rows[i], text.p);
		page_to_html(&page, &html);
		CHECK_ROW(rows[i].name, strstr(html.p, "</html>"));
		CHECK_ROW(rows[i].name,
		          !!strstr(html.p, "role=\"alert\"") == (rows[i].check == EVIDENCE_BAD));
		CHECK_ROW(rows[i].name, !!strstr(html.p, "<svg") == !!strstr(text.p, "The way that"));
		json_decref(payload);
		buf_fini(&text);
		buf_fini(&html);
		arena_fini(&a);
	}
}

/* Each word that this version writes is explained. */
static void all_words(void **unused)
{
	(void)unused;
	for (int v = VERDICT_OPEN; v <= VERDICT_INCONCLUSIVE; v++) {
		assert_non_null(evidence_verdict_name(str_of(verdict_name((enum verdict)v))));
		assert_non_null(evidence_verdict_text(str_of(verdict_name((enum verdict)v))));
	}
	for (int c = CONSENT_RANGE; c <= CONSENT_OWNER; c++)
		assert_non_null(evidence_consent_text(str_of(consent_name((enum consent)c))));
	assert_null(evidence_verdict_text(STR("ajar")));
	for (size_t i = 0; i < relay_case_count; i++)
		assert_int_equal(evidence_session_text(relay_cases[i].session) == NULL,
		                 relay_cases[i].session == RELAY_PLAIN);
}

/* Each form of the catalogue has its page. */
static void all_forms(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < relay_case_count; i++) {
		struct arena a = { 0 };
		struct page page;
		struct buf html = { 0 };
		json_t *payload = json_pack("{s:[{s:s,s:s}]}", "returns", "kind", "recipient", "case",
		                            relay_cases[i].id);
		make(&rows[0], payload, &a, &page);
		page_to_html(&page, &html);
		assert_null(strstr(html.p, "does not know.</p>"));
		json_decref(payload);
		buf_fini(&html);
		arena_fini(&a);
	}
}

/* A token of half a mebibyte, searched for in lines of as many, would take hours. */
static void long_tokens(void **unused)
{
	(void)unused;
	enum { LONG = 512 * 1024 };
	struct arena a = { 0 };
	struct page page;
	struct buf text = { 0 }, line = { 0 };
	const struct page_terminal terminal = { .columns = PAGE_COLUMNS_MIN };
	char *token = mem_alloc(LONG + 2);
	memset(token, 'a', LONG + 1);
	token[LONG + 1] = '\0';
	buf_printf(&line, "1 > MAIL FROM:<%s%s>\n2 > DATA\n3 < 354 go\n3 > .\n4 < 250 ok\n", token,
	           token);
	token[LONG] = 'b';
	json_t *payload = json_pack("{s:s,s:[{s:s,s:i,s:s,s:s,s:s}]}", "transcript", buf_cstr(&line),
	                            "returns", "kind", "recipient", "attempt", 0, "case", "E14",
	                            "token", token, "message", buf_cstr(&line));
	make(&rows[0], payload, &a, &page);
	page_to_text(&page, &terminal, &text);
	assert_null(strstr(text.p, "What was said"));
	assert_non_null(strstr(text.p, "All that was said"));
	json_decref(payload);
	free(token);
	buf_fini(&line);
	buf_fini(&text);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says),
		cmocka_unit_test(all_words),
		cmocka_unit_test(all_forms),
		cmocka_unit_test(long_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
