/* SPDX-License-Identifier: ISC
 *
 * The gateway's sessions over real sockets: who may do what at which door, what reaches the queue
 * and when that is acknowledged, and every form of the catalogue.
 */
#include "sessions.h"

#include "base/log.h"
#include "catalogue/catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELLO "C: EHLO far.example\nS: 250 ENHANCEDSTATUSCODES\n"
#define FROM_FAR "C: MAIL FROM:<x@far.example>\nS: 250 2.1.0\n"
#define TLS "C: STARTTLS\nS: 220\nT:\n"
#define MESSAGE "C: DATA\nS: 354\nC: Subject: hello\nC: \nC: text\nC: .\n"

/* ---- who may do what ----------------------------------------------------------------- */

static const struct {
	const char *name;
	enum door door;
	const char *from, *script;
} dialogues[] = {
	{ "a stranger writes to us", DOOR_INBOUND, "127.0.0.9",
	  HELLO FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250 2.1.5\n"
	  "C: RCPT TO:<Postmaster>\nS: 250 2.1.5\n"
	  MESSAGE "S: 250 2.0.0 Queued as ID1\n" },
	{ "a stranger writes elsewhere", DOOR_INBOUND, "127.0.0.9",
	  HELLO FROM_FAR "C: RCPT TO:<y@away.example>\nS: 550 5.7.1 Relaying denied\n"
	  "C: RCPT TO:<y%away.example@ours.example>\nS: 550 5.7.1\n"
	  "C: RCPT TO:<@ours.example:y@away.example>\nS: 550 5.7.1\n"
	  "C: DATA\nS: 554 5.5.1\n" },
	{ "as one of us, a stranger still", DOOR_INBOUND, "127.0.0.1",
	  HELLO "C: MAIL FROM:<ann@ours.example>\nS: 250\n"
	  "C: RCPT TO:<y@away.example>\nS: 550 5.7.1\n" },
	{ "unknown", DOOR_INBOUND, "127.0.0.9",
	  HELLO FROM_FAR "C: RCPT TO:<nobody@ours.example>\nS: 550 5.1.1\n" },
	{ "no login at port 25", DOOR_INBOUND, "127.0.0.9",
	  HELLO TLS HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 500\n" },
	{ "a listed host", DOOR_INBOUND, "127.0.0.66",
	  HELLO FROM_FAR "C: RCPT TO:<ann@ours.example>\n"
	  "S: 550 5.7.1 You are listed by bl.example: see there\n"
	  "C: RCPT TO:<nobody@ours.example>\nS: 550 5.7.1 You are listed\n"
	  "C: RCPT TO:<y@away.example>\nS: 550 5.7.1 Relaying denied\n"
	  "C: RCPT TO:<abuse@ours.example>\nS: 250\n"
	  "C: RCPT TO:<postmaster@ours.example>\nS: 250\n" MESSAGE "S: 250\n" },
	{ "a host of ours", DOOR_INBOUND, "127.0.0.77",
	  HELLO "C: MAIL FROM:<printer@ours.example>\nS: 250\n"
	  "C: RCPT TO:<y@away.example>\nS: 250\n" MESSAGE "S: 250\n" },
	{ "a host of ours as another", DOOR_INBOUND, "127.0.0.77",
	  HELLO "C: MAIL FROM:<ann@ours.example>\nS: 553 5.7.1\n" },
	{ "submission without TLS", DOOR_SUBMISSION, "127.0.0.9",
	  HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 538\n"
	  "C: MAIL FROM:<ann@ours.example>\nS: 530 5.7.0 Issue STARTTLS\n" },
	{ "submission without a login", DOOR_SUBMISSION, "127.0.0.9",
	  HELLO TLS HELLO "C: MAIL FROM:<ann@ours.example>\nS: 530 5.7.0 Auth\n"
	  "C: MAIL FROM:<x@far.example>\nS: 530 5.7.0\n" },
	{ "a wrong password", DOOR_SUBMISSION, "127.0.0.9",
	  HELLO TLS HELLO "C: AUTH PLAIN AGFubgB3cm9uZw==\nS: 535 5.7.8\n"
	  "C: MAIL FROM:<ann@ours.example>\nS: 530\n" },
	{ "too many guesses", DOOR_SUBMISSIONS, "127.0.0.9",
	  HELLO "C: AUTH PLAIN AGxvY2tlZABzZWNyZXQ=\nS: 535 5.7.8\n" },
	{ "no backend", DOOR_SUBMISSIONS, "127.0.0.9",
	  HELLO "C: AUTH PLAIN AGJyb2tlbgBzZWNyZXQ=\nS: 454 4.7.0\n"
	  "C: MAIL FROM:<ann@ours.example>\nS: 530\n" },
	{ "STARTTLS is not offered within TLS", DOOR_SUBMISSIONS, "127.0.0.9",
	  HELLO "C: STARTTLS\nS: 500\n" },
	{ "a listed host logs in nevertheless", DOOR_SUBMISSIONS, "127.0.0.66",
	  HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 235\n"
	  "C: MAIL FROM:<ann@ours.example>\nS: 250\nC: RCPT TO:<y@away.example>\nS: 250\n" },
	{ "a user sends", DOOR_SUBMISSION, "127.0.0.9",
	  HELLO TLS HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 235\n"
	  "C: MAIL FROM:<bob@ours.example>\nS: 553 5.7.1\n"
	  "C: MAIL FROM:<>\nS: 250\nC: RSET\nS: 250\n"
	  "C: MAIL FROM:<ann@ours.example>\nS: 250\n"
	  "C: RCPT TO:<nobody@ours.example>\nS: 550 5.1.1\n"
	  "C: RCPT TO:<y%z@away.example>\nS: 250\n"
	  "C: RCPT TO:<y@[192.0.2.1]>\nS: 550 5.7.1\n"
	  "C: RCPT TO:<y@away.example> NOTIFY=SUCCESS ORCPT=rfc822;y@a.example\nS: 250\n"
	  MESSAGE "S: 250\n" },
	{ "a program of this machine", DOOR_LOCAL, NULL,
	  HELLO "C: MAIL FROM:<ann@ours.example>\nS: 250\n"
	  "C: RCPT TO:<y@away.example>\nS: 250\n" MESSAGE "S: 250\n" },
	{ "… does not log in", DOOR_LOCAL, NULL, "C: EHLO x\nS: 250\nC: STARTTLS\nS: 500\n"
	  "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 500\nC: MAIL FROM:<bob@ours.example>\nS: 553\n" },
	{ "no XCLIENT of anybody", DOOR_INBOUND, "127.0.0.9",
	  HELLO "C: XCLIENT ADDR=127.0.0.77\nS: 500\n" },
	{ "XCLIENT of a proxy", DOOR_INBOUND, "127.0.0.89",
	  HELLO "C: XCLIENT ADDR=127.0.0.66 NAME=x LOGIN=ann PORT=7\nS: 220\n"
	  "C: MAIL FROM:<x@far.example>\nS: 503\n" HELLO FROM_FAR
	  "C: RCPT TO:<ann@ours.example>\nS: 550 5.7.1 You are listed\n"
	  "C: RCPT TO:<y@away.example>\nS: 550 5.7.1 Relaying\nC: RSET\nS: 250\n"
	  "C: XCLIENT ADDR=IPV6:2001:db8::1\nS: 220\n" HELLO FROM_FAR
	  "C: RCPT TO:<ann@ours.example>\nS: 250\n" },
	{ "… who does not know", DOOR_INBOUND, "127.0.0.89",
	  HELLO "C: XCLIENT ADDR=[UNAVAILABLE]\nS: 501\nC: XCLIENT ADDR\nS: 501\n" },
};

static void test_dialogues(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(dialogues) / sizeof(*dialogues); i++) {
		stand.ids = 0;
		session(dialogues[i].name, dialogues[i].door, dialogues[i].from,
		        dialogues[i].script);
	}
	assert_int_equal(w.counters.messages, stand.added);
	assert_true(w.counters.relay_refused > 5 && w.counters.unknown_refused == 2);
	assert_true(w.counters.listed_refused == 3 && w.counters.sender_refused == 3);
	assert_int_equal(w.counters.logins, 2);
	assert_int_equal(w.counters.logins_failed, 3);
}

/* ---- what inner hosts take ------------------------------------------------------------ */

static bool is_known;

/* That of mx.ours.example takes 600 bytes and no SMTPUTF8; of ours.example nothing is known. */
static struct gateway_offer offer(void *arg, const char *domain, int64_t now_ms)
{
	(void)arg;
	assert_true(now_ms > 0);
	const bool inner = strcmp(domain, "mx.ours.example") == 0;
	return (struct gateway_offer){ .known = inner && is_known, .has_host = inner,
	                               .size_max = 600 };
}

#define WIDE "\xc3\xa4nn"
#define FIFTY "01234567890123456789012345678901234567890123456789"
#define LONG_LINE "C: " FIFTY FIFTY FIFTY "\n"
#define TO_HOST "C: RCPT TO:<bob@mx.ours.example>\n"
#define TO_OTHER "C: RCPT TO:<bob@ours.example>\nS: 250 2.1.5\n"

static void test_inner_offer(void **state)
{
	(void)state;
	static const struct { const char *name, *script; } rows[] = {
		{ "a wide recipient", "C: MAIL FROM:<x@far.example> SMTPUTF8\nS: 250\n"
		  "C: RCPT TO:<" WIDE "@mx.ours.example>\nS: 553 5.6.7 The host\n"
		  TO_HOST "S: 250\nC: RCPT TO:<" WIDE "@ours.example>\nS: 250\n" },
		{ "a wide sender", "C: MAIL FROM:<" WIDE "@far.example> SMTPUTF8\nS: 250\n"
		  TO_HOST "S: 550 5.6.7 The host\n" TO_OTHER },
		{ "only the word", "C: MAIL FROM:<x@far.example> SMTPUTF8\nS: 250\n"
		  TO_HOST "S: 250\n" MESSAGE "S: 250 2.0.0\n" },
		{ "a wide header", "C: MAIL FROM:<x@far.example> SMTPUTF8\nS: 250\n"
		  TO_HOST "S: 250\n" TO_OTHER "C: DATA\nS: 354\nC: Subject: " WIDE "\nC: \nC: .\n"
		  "S: 554 5.6.9\n" },
		{ "… for who takes it", "C: MAIL FROM:<x@far.example> SMTPUTF8\nS: 250\n" TO_OTHER
		  "C: DATA\nS: 354\nC: Subject: " WIDE "\nC: \nC: .\nS: 250 2.0.0\n" },
		{ "too large", "C: MAIL FROM:<x@far.example> SIZE=601\nS: 250\n"
		  TO_HOST "S: 552 5.3.4 The message\n" TO_OTHER MESSAGE "S: 250 2.0.0\n" },
		{ "larger than announced", "C: MAIL FROM:<x@far.example> SIZE=600\nS: 250\n"
		  TO_HOST "S: 250\nC: DATA\nS: 354\nC: Subject: x\nC: \n"
		  LONG_LINE LONG_LINE LONG_LINE LONG_LINE
		  "C: .\nS: 552 5.3.4 The message\n" },
		{ "a relay attempt stays one", "C: MAIL FROM:<x@far.example> SMTPUTF8 SIZE=601\n"
		  "S: 250\nC: RCPT TO:<" WIDE "%a.example@mx.ours.example>\nS: 550 5.7.1\n"
		  "C: RCPT TO:<nobody@mx.ours.example>\nS: 550 5.1.1\n" },
	};
	struct gateway_setup setup = w.setup;
	setup.offer = offer;
	is_known = true;
	gateway_reload(w.gateway, &setup);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char script[2048];
		snprintf(script, sizeof(script), "C: EHLO far.example\nS: 250\n%s", rows[i].script);
		session(rows[i].name, DOOR_INBOUND, "127.0.0.9", script);
	}
	assert_int_equal(stand.added, 3);
	assert_int_equal(w.counters.too_big, 2);
	assert_int_equal(w.counters.unknown_refused, 3);
	/* While the host cannot be asked it is known nevertheless what it will never take. */
	w.store_is_away = true;
	session("unsure", DOOR_INBOUND, "127.0.0.9", HELLO
	        "C: MAIL FROM:<x@far.example> SMTPUTF8 SIZE=601\nS: 250\n"
	        "C: RCPT TO:<" WIDE "@mx.ours.example>\nS: 553 5.6.7\n" TO_HOST "S: 552 5.3.4\n"
	        "C: RCPT TO:<bob@ours.example>\nS: 451 4.3.0\n");
	/* Where nothing is known of it, and nobody can ask, only what is sure to need it waits. */
	w.store_is_away = is_known = false;
	session("unknown", DOOR_INBOUND, "127.0.0.9", HELLO
	        "C: MAIL FROM:<x@far.example> SMTPUTF8 SIZE=601\nS: 250\n" TO_HOST "S: 250\n"
	        "C: RCPT TO:<" WIDE "@mx.ours.example>\nS: 451 4.3.0 What the host\n"
	        "C: RCPT TO:<" WIDE "@ours.example>\nS: 250\n");
}

/* A stranger who says that he is one of us, in any form, where that is refused. */
static void test_own_senders(void **state)
{
	(void)state;
	struct gateway_config config = w.config;
	struct gateway_setup setup = w.setup;
	config.own_senders = (char *)"refuse";
	setup.config = &config;
	gateway_reload(w.gateway, &setup);
	session("a stranger", DOOR_INBOUND, "127.0.0.9", HELLO
	        "C: MAIL FROM:<ann@ours.example>\nS: 250\n"
	        "C: RCPT TO:<bob@ours.example>\nS: 553 5.7.1 The sender's domain is ours\n"
	        "C: RCPT TO:<y@away.example>\nS: 550 5.7.1 Relaying denied\n"
	        "C: RCPT TO:<abuse@ours.example>\nS: 250\nC: RSET\nS: 250\n"
	        "C: MAIL FROM:<@x.example:ann@OURS.example>\nS: 250\n"
	        "C: RCPT TO:<bob@ours.example>\nS: 553 5.7.1\nC: RSET\nS: 250\n"
	        "C: MAIL FROM:<>\nS: 250\nC: RCPT TO:<bob@ours.example>\nS: 250\nC: RSET\nS: 250\n"
	        FROM_FAR "C: RCPT TO:<bob@ours.example>\nS: 250\n");
	assert_int_equal(w.counters.sender_refused, 2);
	session("a host of ours", DOOR_INBOUND, "127.0.0.77", HELLO
	        "C: MAIL FROM:<printer@ours.example>\nS: 250\n"
	        "C: RCPT TO:<bob@ours.example>\nS: 250\n");
	gateway_reload(w.gateway, &w.setup);
}

/* ---- what the queue gets ------------------------------------------------------------- */

static bool envelope_has(const char *what)
{
	return strstr(buf_cstr(&stand.envelope), what) != NULL;
}

static void test_envelope(void **state)
{
	(void)state;
	session("a user's", DOOR_SUBMISSION, "127.0.0.9",
	        HELLO TLS HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 235\n"
	        "C: MAIL FROM:<ann@OURS.example> BODY=8BITMIME RET=HDRS ENVID=e+201\nS: 250\n"
	        "C: RCPT TO:<y@Away.Example> NOTIFY=NEVER\nS: 250\n"
	        "C: RCPT TO:<bob@ours.example> ORCPT=rfc822;b@c\nS: 250\n"
	        "C: DATA\nS: 354\nC: Subject: x\nC: From: ann@ours.example\nC: Date: x\n"
	        "C: Message-ID: <1@x>\nC: \nC: ..\nC: .\nS: 250 2.0.0 Queued as ID1\n");
	assert_true(envelope_has("\"id\":\"ID1\""));
	assert_true(envelope_has("\"from\":\"ann@ours.example\""));
	assert_true(envelope_has("\"account\":\"ann\"") && envelope_has("\"tls\":true"));
	assert_true(envelope_has("\"client\":\"127.0.0.9\""));
	assert_true(envelope_has("\"listener\":\"submission\""));
	assert_true(envelope_has("\"body\":\"8bitmime\"") && envelope_has("\"ret\":\"headers\""));
	assert_true(envelope_has("\"envid\":\"e+201\""));
	assert_true(envelope_has("{\"address\":\"y@away.example\",\"notify\":1}"));
	assert_true(envelope_has("{\"address\":\"bob@ours.example\",\"orcpt\":\"rfc822;b@c\","
	                         "\"local\":true}"));
	assert_true(str_prefix(buf_str(&stand.text),
	                       STR("Received: from far.example ([127.0.0.9])\r\n"
	                           "\tby mx.ours.example with ESMTPSA id ID1; ")));
	assert_non_null(strstr(buf_cstr(&stand.text), "<1@x>\r\n\r\n.\r\n"));
	/* Nobody's account, and nobody's password. */
	size_t ours = str_search(buf_str(&stand.text), STR("Subject:"));
	assert_int_equal(str_search((struct str){ stand.text.p, ours }, STR("ann")), SIZE_MAX);
}

/* A message of an account is from that account, and has what a message must have. */
static void test_author(void **state)
{
	(void)state;
	static const char begin[] =
		HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 235\n"
		"C: MAIL FROM:<ann@ours.example>\nS: 250\nC: RCPT TO:<y@away.example>\nS: 250\n"
		"C: DATA\nS: 354\n";
	static const struct { const char *name, *header, *answer; } rows[] = {
		{ "another's", "C: From: bob@ours.example\n", "S: 55" },
		{ "a stranger's", "C: From: x@far.example\n", "S: 55" },
		{ "its own", "C: From: Ann <ann@ours.example>\n", "S: 250" },
		{ "nobody's", "", "S: 250" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char script[600];
		snprintf(script, sizeof(script), "%s%sC: Subject: x\nC: \nC: text\nC: .\n%s\n",
		         begin, rows[i].header, rows[i].answer);
		session(rows[i].name, DOOR_SUBMISSIONS, "127.0.0.9", script);
	}
	assert_int_equal(stand.added, 2);
	assert_int_equal(w.counters.sender_refused, 2);
	/* What was missing stands between our Received and the message. */
	assert_true(str_prefix(buf_str(&stand.text), STR("Received: from far.example")));
	assert_non_null(strstr(buf_cstr(&stand.text), "\r\nFrom: <ann@ours.example>\r\n"));
	assert_non_null(strstr(buf_cstr(&stand.text), "\r\nDate: "));
	assert_non_null(strstr(buf_cstr(&stand.text), "\r\nMessage-ID: <"));
	assert_non_null(strstr(buf_cstr(&stand.text), "\r\nSubject: x\r\n\r\ntext\r\n"));
	/* A stranger's stays as it came. */
	session("a stranger's", DOOR_INBOUND, "127.0.0.9",
	        HELLO FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250\n" MESSAGE "S: 250\n");
	assert_null(strstr(buf_cstr(&stand.text), "Date:"));
}

static void test_received(void **state)
{
	(void)state;
	session("one recipient", DOOR_INBOUND, "127.0.0.9",
	        "C: EHLO a;b\nS: 250\n" FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250\n"
	        MESSAGE "S: 250\n");
	assert_non_null(strstr(buf_cstr(&stand.text), "from [127.0.0.9]\r\n\t(helo=a;b)"));
	assert_non_null(strstr(buf_cstr(&stand.text), "\r\n\tfor <ann@ours.example>; "));
	session("of this machine", DOOR_LOCAL, NULL,
	        HELLO "C: MAIL FROM:<>\nS: 250\nC: RCPT TO:<bob@ours.example>\nS: 250\n"
	        "C: DATA\nS: 354\nC: From: ann@ours.example\nC: \nC: .\nS: 250\n");
	assert_true(str_prefix(buf_str(&stand.text), STR("Received: by mx.ours.example with")));
	session("to be marked", DOOR_INBOUND, "127.0.0.67",
	        HELLO FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250\n" MESSAGE "S: 250\n");
	assert_non_null(strstr(buf_cstr(&stand.text),
	                       "\r\nX-Portreeve-Listed: bl.example=1\r\nSubject:"));
	assert_int_equal(w.counters.listed_warned, 1);
	session("in chunks", DOOR_INBOUND, "127.0.0.9",
	        HELLO FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250\n"
	        "C: BDAT 6\nC: A: b\nS: 250\nC: BDAT 2 LAST\nC: \nS: 250 2.0.0 Queued\n");
	assert_non_null(strstr(buf_cstr(&stand.text), "\r\nA: b\r\n\r\n"));
}

#define TO_ANN HELLO FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250\n"

static void test_not_kept(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int room, add, done;
		const char *script;
	} rows[] = {
		{ "no room", ERR_FULL, 0, 0,
		  HELLO "C: MAIL FROM:<x@far.example>\nS: 452 4.3.1\n" },
		{ "full at its end", 0, ERR_FULL, 0, TO_ANN MESSAGE "S: 452 4.3.1\n" },
		{ "too many wait", 0, ERR_LIMIT, 0, TO_ANN MESSAGE "S: 452 4.3.1\n" },
		{ "a bad disk", 0, ERR_IO, 0, TO_ANN MESSAGE "S: 451 4.3.0\n" },
		{ "the sync failed", 0, 0, ERR_IO, TO_ANN MESSAGE "S: 451 4.3.0\n" },
		{ "the sync found no room", 0, 0, ERR_FULL, TO_ANN MESSAGE "S: 452 4.3.1\n" },
		{ "a circle", 0, 0, 0, TO_ANN "C: DATA\nS: 354\nC: A: b\nC: received: 1\n"
		  "C: Received: 2\nC: Received: 3\nC: Received: 4\nC: Received: 5\nC: Received: 6\n"
		  "C: Received: 7\nC: Received: 8\nC: Received: 9\nC: Received: 10\n"
		  "C: Received: 11\nC: \nC: .\nS: 554 5.4.6\n" },
		{ "no circle", 0, 0, 0, TO_ANN "C: DATA\nS: 354\nC: A: b\nC: received: 1\n"
		  "C: Received: 2\nC: Received: 3\nC: Received: 4\nC: Received: 5\nC: Received: 6\n"
		  "C: Received: 7\nC: Received: 8\nC: Received: 9\nC: Received: 10\nC: \n"
		  "C: Received: 11\nC: .\nS: 250\n" },
		{ "a part of our Received", 0, 0, 0, TO_ANN "C: DATA\nS: 354\n"
		  "C:  (from bank.example)\nC: A: b\nC: \nC: .\nS: 550 5.6.0\n" },
		{ "the same by a tab", 0, 0, 0, TO_ANN "C: DATA\nS: 354\n"
		  "C: \tby bank.example\nC: .\nS: 550 5.6.0\n" },
		{ "too big as it says", 0, 0, 0,
		  HELLO "C: MAIL FROM:<x@far.example> SIZE=1048577\nS: 552 5.3.4\n" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		stand.room = rows[i].room;
		stand.add = rows[i].add;
		stand.done = rows[i].done;
		session(rows[i].name, DOOR_INBOUND, "127.0.0.9", rows[i].script);
	}
	assert_int_equal(w.counters.messages, 1);
	stand.room = stand.add = stand.done = ERR_OK;
}

static void test_store_away(void **state)
{
	(void)state;
	w.store_is_away = true;
	session("a stranger", DOOR_INBOUND, "127.0.0.9",
	        HELLO FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 451 4.3.0\n"
	        "C: RCPT TO:<y@away.example>\nS: 550 5.7.1\n");
	session("a user", DOOR_SUBMISSIONS, "127.0.0.9",
	        HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 454 4.7.0\n");
	session("a program", DOOR_LOCAL, NULL, HELLO "C: MAIL FROM:<ann@ours.example>\nS: 451\n");
	w.store_is_away = false;
}

/* ---- who waits ----------------------------------------------------------------------- */

static bool another(size_t index)
{
	struct gateway_session_view view;
	return gateway_session(w.gateway, index, &view);
}

/* The client is gone while its message waits for the disk: it is in the queue all the same. */
static void test_client_gone(void **state)
{
	(void)state;
	const struct linger none = { .l_onoff = 1 };
	struct peer p;
	struct gateway_session_view view;
	stand.holds = true;
	peer_connect(&p, DOOR_INBOUND, "127.0.0.9");
	peer_script(&p, "gone", "S: 220\n" TO_ANN MESSAGE);
	TURN_UNTIL(stand.waiting != NULL);
	assert_true(gateway_session(w.gateway, 0, &view));
	assert_string_equal(view.stage, "QUEUE");
	assert_true(str_eq(view.helo, STR("far.example")) && view.bytes > 0);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	peer_close(&p);
	TURN_UNTIL(!another(0));
	stand_ins_release();
	TURN_UNTIL(!stand.waiting);
	assert_int_equal(w.counters.messages, 1);
}

/* It has only closed its half: what it has said is answered, and then it is over. */
static void test_client_half_gone(void **state)
{
	static const struct { const char *name, *script, *answers; } rows[] = {
		{ "in clear", "S: 220\n" TO_ANN MESSAGE, "S: 250 2.0.0 Queued\n" },
		{ "by TLS", "S: 220\n" HELLO TLS TO_ANN MESSAGE, "S: 250 2.0.0 Queued\n" },
		{ "with more behind it", "S: 220\n" TO_ANN MESSAGE "C: NOOP\nC: QUIT\n",
		  "S: 250 2.0.0 Queued\nS: 250\nS: 221\n" },
		{ "with half of it behind it", "S: 220\n" TO_ANN MESSAGE "C: NOOP\nC: MAIL FRO",
		  "S: 250 2.0.0 Queued\nS: 250\nS: 501\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p;
		stand.holds = true;
		peer_connect(&p, DOOR_INBOUND, "127.0.0.9");
		peer_script(&p, rows[i].name, rows[i].script);
		TURN_UNTIL(stand.waiting != NULL);
		if (p.ssl)
			SSL_shutdown(p.ssl);
		shutdown(p.fd, SHUT_WR);
		for (int turns = 0; turns < 5; turns++)
			loop_run_once(w.loop, 0);
		stand_ins_release();
		peer_script(&p, rows[i].name, rows[i].answers);
		assert_int_equal(peer_reply(&p), 0);
		peer_close(&p);
		TURN_UNTIL(!another(0));
		assert_int_equal(w.counters.messages, i + 1);
	}
}

static void test_login_gone(void **state)
{
	(void)state;
	struct peer p;
	stand.login_holds = true;
	peer_connect(&p, DOOR_SUBMISSIONS, "127.0.0.9");
	peer_start_tls(&p);
	peer_script(&p, "gone", "S: 220\n" HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\n");
	peer_close(&p);
	TURN_UNTIL(stand.logins_cancelled == 1 && !another(0));
}

static void test_lists_wait(void **state)
{
	(void)state;
	struct peer p;
	stand.lists_hold = true;
	peer_connect(&p, DOOR_INBOUND, "127.0.0.66");
	TURN_UNTIL(another(0));
	/* New settings: the new lists are asked, and only these are answered. */
	gateway_reload(w.gateway, &w.setup);
	assert_int_equal(stand.lists_cancelled, 1);
	stand_ins_release();
	peer_script(&p, "asked twice", "S: 220\n" HELLO FROM_FAR
	            "C: RCPT TO:<ann@ours.example>\nS: 550 5.7.1 You are listed\n");
	peer_close(&p);
	TURN_UNTIL(!another(0));
	stand.lists_hold = true;
	peer_connect(&p, DOOR_INBOUND, "127.0.0.66");
	TURN_UNTIL(another(0));
	peer_close(&p);
	TURN_UNTIL(!another(0));
	assert_int_equal(stand.lists_cancelled, 2);
	stand.lists_hold = false;
}

/* Who speaks before the greeting is no mail server. */
static void test_early(void **state)
{
	(void)state;
	struct peer p;
	stand.lists_hold = true;
	peer_connect(&p, DOOR_INBOUND, "127.0.0.9");
	peer_script(&p, "early", "C: EHLO far.example\n");
	for (int i = 0; i < 20; i++)
		loop_run_once(w.loop, 1);
	stand_ins_release();
	peer_script(&p, "early", "S: 554 5.5.1 Wait\nS: 503\nC: MAIL FROM:<x@far.example>\n"
	            "S: 503\nC: QUIT\nS: 221\n");
	assert_int_equal(peer_reply(&p), 0);
	peer_close(&p);
	assert_int_equal(w.counters.early_refused, 1);
}

/* ---- memory -------------------------------------------------------------------------- */

static void send_large(struct peer *p, size_t lines)
{
	for (size_t i = 0; i < lines; i++)
		peer_send(p, STR("012345678901234567890123456789012345678901234567890123456\r\n"));
}

/* The budget is 200 KiB. One message holds most of it: a second large one is put off, a small one
 * is taken; when the first is gone, it is free again. */
static void test_memory(void **state)
{
	(void)state;
	struct peer first, second;
	peer_connect(&first, DOOR_INBOUND, "127.0.0.9");
	peer_script(&first, "first", "S: 220\n" TO_ANN "C: DATA\nS: 354\n");
	send_large(&first, 2500);
	peer_connect(&second, DOOR_INBOUND, "127.0.0.9");
	peer_script(&second, "second", "S: 220\n" HELLO
	            "C: MAIL FROM:<x@far.example> SIZE=150000\nS: 452 4.3.1\n"
	            FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250\nC: DATA\nS: 354\n");
	send_large(&second, 2000);
	peer_script(&second, "large", "C: .\nS: 452 4.3.1\n" FROM_FAR
	            "C: RCPT TO:<ann@ours.example>\nS: 250\n" MESSAGE "S: 250\n");
	peer_script(&first, "first", "C: .\nS: 250\n");
	peer_script(&second, "now", FROM_FAR "C: RCPT TO:<ann@ours.example>\nS: 250\n"
	            "C: DATA\nS: 354\n");
	send_large(&second, 2500);
	peer_script(&second, "now", "C: .\nS: 250\n");
	peer_close(&first);
	peer_close(&second);
	assert_int_equal(w.counters.messages, 3);
}

/* ---- new settings, and the end ------------------------------------------------------- */

static void test_reload(void **state)
{
	(void)state;
	struct peer old, fresh;
	peer_connect(&old, DOOR_INBOUND, "127.0.0.9");
	peer_script(&old, "old", "S: 220\n" HELLO);
	struct gateway_config config = w.config;
	struct gateway_setup setup = w.setup;
	config.message_bytes = 70000;
	setup.config = &config;
	setup.hostname = "new.example";
	setup.trusted_count = 0;
	gateway_reload(w.gateway, &setup);
	peer_connect(&fresh, DOOR_INBOUND, "127.0.0.9");
	peer_script(&fresh, "fresh", "S: 220 new.example\n" HELLO
	            "C: MAIL FROM:<x@far.example> SIZE=80000\nS: 552\n");
	peer_script(&old, "old", "C: MAIL FROM:<x@far.example> SIZE=80000\nS: 250\n"
	            "C: RCPT TO:<ann@ours.example>\nS: 250\n" MESSAGE "S: 250\n");
	assert_non_null(strstr(buf_cstr(&stand.text), "by mx.ours.example with"));
	peer_close(&fresh);
	peer_connect(&fresh, DOOR_INBOUND, "127.0.0.77");
	peer_script(&fresh, "a host of ours no more", "S: 220\n" HELLO
	            "C: MAIL FROM:<printer@ours.example>\nS: 250\n"
	            "C: RCPT TO:<y@away.example>\nS: 550 5.7.1\n");
	peer_close(&fresh);
	peer_close(&old);
	TURN_UNTIL(!another(0));
}

/* The certificate cannot be read: strangers write still, nobody logs in; then it is back. */
static void test_no_certificate(void **state)
{
	(void)state;
	struct peer p;
	struct gateway_setup setup = w.setup;
	setup.tls = NULL;
	gateway_reload(w.gateway, &setup);
	peer_connect(&p, DOOR_SUBMISSIONS, "127.0.0.9");
	assert_int_equal(peer_reply(&p), 0);
	peer_close(&p);
	session("a stranger", DOOR_INBOUND, "127.0.0.9", HELLO "C: STARTTLS\nS: 500\n" FROM_FAR);
	session("a user", DOOR_SUBMISSION, "127.0.0.9",
	        HELLO "C: MAIL FROM:<ann@ours.example>\nS: 530\n");
	gateway_reload(w.gateway, &w.setup);
	session("a user", DOOR_SUBMISSIONS, "127.0.0.9",
	        HELLO "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 235\n");
}

/* Trust that ends counts from the next message on. */
static void test_trust_ends(void **state)
{
	(void)state;
	struct peer p;
	peer_connect(&p, DOOR_INBOUND, "127.0.0.77");
	peer_script(&p, "trusted", "S: 220\n" HELLO "C: MAIL FROM:<printer@ours.example>\nS: 250\n"
	            "C: RCPT TO:<y@away.example>\nS: 250\nC: RSET\nS: 250\n");
	w.setup.trusted_count = 0;
	gateway_reload(w.gateway, &w.setup);
	peer_script(&p, "no more", "C: MAIL FROM:<printer@ours.example>\nS: 250\n"
	            "C: RCPT TO:<y@away.example>\nS: 550 5.7.1\n");
	peer_close(&p);
}

static void note_drained(void *arg)
{
	*(bool *)arg = true;
}

static void test_drain(void **state)
{
	(void)state;
	struct peer idle, waiting, sending;
	bool drained = false;
	stand.holds = true;
	peer_connect(&idle, DOOR_INBOUND, "127.0.0.9");
	peer_script(&idle, "idle", "S: 220\n" HELLO);
	peer_connect(&waiting, DOOR_INBOUND, "127.0.0.9");
	peer_script(&waiting, "waiting", "S: 220\n" TO_ANN MESSAGE);
	TURN_UNTIL(stand.waiting != NULL);
	peer_connect(&sending, DOOR_INBOUND, "127.0.0.9");
	peer_script(&sending, "sending", "S: 220\n" TO_ANN "C: DATA\nS: 354\n");
	gateway_drain(w.gateway, note_drained, &drained);
	peer_script(&idle, "idle", "S: 421 4.3.2\n");
	assert_int_equal(peer_reply(&idle), 0);
	assert_false(drained);
	stand_ins_release();
	peer_script(&waiting, "waiting", "S: 250 2.0.0\nS: 421 4.3.2\n");
	peer_script(&sending, "sending", "C: .\nS: 250 2.0.0\nS: 421 4.3.2\n");
	TURN_UNTIL(drained);
	peer_close(&idle);
	peer_close(&waiting);
	peer_close(&sending);
}

/* ---- the catalogue ------------------------------------------------------------------- */

static const struct relay_names names = {
	.u = { "token", 5 }, .s = { "sender", 6 }, .d = { "away.example", 12 },
	.t = { "far.example", 11 }, .r = { "mx.ours.example", 15 }, .m = { "ours.example", 12 },
	.i = { "[192.0.2.1]", 11 }, .c = { "192.0.2.9", 9 }, .cl = { "[192.0.2.9]", 11 },
};

/* Whether the form reaches a message's end, and is to elsewhere then. */
static void try_form(const struct relay_case *row, bool tls)
{
	const char *missing;
	struct buf line = { 0 };
	struct peer p;
	peer_connect(&p, DOOR_INBOUND, "127.0.0.9");
	peer_script(&p, row->id, "S: 220\n" HELLO);
	if (tls)
		peer_script(&p, row->id, TLS HELLO);
	buf_add_cstr(&line, "MAIL FROM:");
	assert_int_equal(relay_render(row->mail, &names, &line, &missing), ERR_OK);
	buf_add_cstr(&line, "\r\n");
	peer_send(&p, buf_str(&line));
	bool taken = peer_reply(&p) == 250;
	buf_clear(&line);
	buf_add_cstr(&line, "RCPT TO:");
	assert_int_equal(relay_render(row->rcpt, &names, &line, &missing), ERR_OK);
	buf_add_cstr(&line, "\r\n");
	peer_send(&p, buf_str(&line));
	taken = peer_reply(&p) == 250 && taken;
	if (taken) {
		peer_script(&p, row->id, MESSAGE "S: 250\n");
		CHECK_ROW(row->id, envelope_has("\"local\":true"));
		CHECK_ROW(row->id, envelope_has("{\"address\":\"token@ours.example\"") ||
		                   envelope_has("{\"address\":\"token@mx.ours.example\""));
	}
	peer_close(&p);
	buf_fini(&line);
}

static void test_catalogue(void **state)
{
	(void)state;
	w.config.connections_per_second = 100000;
	gateway_reload(w.gateway, &w.setup);
	for (size_t i = 0; i < relay_case_count; i++)
		for (int tls = 0; tls < 2; tls++)
			if (relay_cases[i].mail && relay_cases[i].rcpt)
				try_form(&relay_cases[i], tls);
	assert_true(w.counters.relay_refused > 40);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_dialogues), IN_WORLD(test_inner_offer), IN_WORLD(test_own_senders),
		IN_WORLD(test_envelope),
		IN_WORLD(test_author),
		IN_WORLD(test_received),
		IN_WORLD(test_not_kept), IN_WORLD(test_store_away), IN_WORLD(test_client_gone),
		IN_WORLD(test_client_half_gone),
		IN_WORLD(test_login_gone), IN_WORLD(test_lists_wait), IN_WORLD(test_early),
		IN_WORLD(test_memory),
		IN_WORLD(test_reload), IN_WORLD(test_no_certificate), IN_WORLD(test_trust_ends),
		IN_WORLD(test_drain),
		IN_WORLD(test_catalogue),
	};
	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
