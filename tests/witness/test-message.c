/* SPDX-License-Identifier: ISC
 *
 * The lines between witness and asker: what is read, what is not, and that what is read is what was
 * written; how often may be asked.
 */
#include "test.h"

#include "witness/message.h"

#define WORD "pwjyqacaqdaqcqmbyijmmq"
#define LINE "witness/1 " WORD " mail.example.org 25"

static const struct {
	const char *name, *text;
	int e;
} requests[] = {
	{ "one port", LINE "\n", ERR_OK },
	{ "four ports", LINE ",587,465,2525\n", ERR_OK },
	{ "no end yet", LINE, ERR_AGAIN },
	{ "nothing yet", "", ERR_AGAIN },
	{ "five ports", LINE ",1,2,3,4\n", ERR_INVALID },
	{ "a port twice", LINE ",25\n", ERR_INVALID },
	{ "port 0", "witness/1 " WORD " mail.example.org 0\n", ERR_INVALID },
	{ "port with a zero", "witness/1 " WORD " mail.example.org 025\n", ERR_INVALID },
	{ "high port", "witness/1 " WORD " mail.example.org 65536\n", ERR_INVALID },
	{ "no port", "witness/1 " WORD " mail.example.org\n", ERR_INVALID },
	{ "empty port", LINE ",\n", ERR_INVALID },
	{ "CR", LINE "\r\n", ERR_INVALID },
	{ "a space behind", LINE " \n", ERR_INVALID },
	{ "two spaces", "witness/1  " WORD " mail.example.org 25\n", ERR_INVALID },
	{ "more words", LINE " x\n", ERR_INVALID },
	{ "more lines", LINE "\n" LINE "\n", ERR_INVALID },
	{ "a byte behind", LINE "\nx", ERR_INVALID },
	{ "another version", "witness/2 " WORD " mail.example.org 25\n", ERR_INVALID },
	{ "a cut word", "witness/1 pwjyqacaqdaqcqmbyijmm mail.example.org 25\n", ERR_INVALID },
	{ "a long word", "witness/1 " WORD "q mail.example.org 25\n", ERR_INVALID },
	{ "a mistyped word", "witness/1 pwjyqacaqdaqcqmbyijmma mail.example.org 25\n",
	  ERR_INVALID },
	{ "upper case", "witness/1 PWJYQACAQDAQCQMBYIJMMQ mail.example.org 25\n", ERR_INVALID },
	{ "a word with a line end", "witness/1 pwjyqacaqd\rqcqmbyijmmq mail.example.org 25\n",
	  ERR_INVALID },
	{ "another word", "witness/1 postmaster mail.example.org 25\n", ERR_INVALID },
	{ "an address", "witness/1 " WORD " 127.0.0.1 25\n", ERR_INVALID },
	{ "localhost", "witness/1 " WORD " localhost 25\n", ERR_INVALID },
	{ "HTTP", "GET / HTTP/1.1\r\n", ERR_INVALID },
	{ "an empty line", "\n", ERR_INVALID },
};

static void test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		struct witness_request r;
		struct buf again = { 0 };
		int e = witness_request_parse(str_of(requests[i].text), &r);
		CHECK_ROW(requests[i].name, e == requests[i].e);
		if (e == ERR_OK) {
			witness_request_format(&r, &again);
			CHECK_ROW(requests[i].name,
			          str_eq(buf_str(&again), str_of(requests[i].text)));
		} else {
			CHECK_ROW(requests[i].name, r.port_count == 0 && !r.word[0]);
		}
		buf_fini(&again);
	}
}

static void test_endless(void **state)
{
	(void)state;
	char bytes[WITNESS_REQUEST_MAX];
	struct witness_request r;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(witness_request_parse((struct str){ bytes, sizeof(bytes) - 1 }, &r),
	                 ERR_AGAIN);
	assert_int_equal(witness_request_parse((struct str){ bytes, sizeof(bytes) }, &r),
	                 ERR_INVALID);
}

#define AT "at 198.51.100.7 25 connected 203.0.113.5 greeted said\n"

static const struct {
	const char *name, *text;
	int e;
} answers[] = {
	{ "one", AT "end\n", ERR_OK },
	{ "two", AT "at 2001:db8::7 25 refused - silent unsaid\nend\n", ERR_OK },
	{ "silent", "at 198.51.100.7 25 connected 203.0.113.5 silent unsaid\nend\n", ERR_OK },
	{ "forbidden", "at 10.0.0.1 25 forbidden - silent unsaid\nend\n", ERR_OK },
	{ "no host", "no host\n", ERR_OK },
	{ "no rate", "no rate\n", ERR_OK },
	{ "no end yet", AT, ERR_AGAIN },
	{ "half a line", "at 198.51.100.7 25 conn", ERR_AGAIN },
	{ "nothing yet", "", ERR_AGAIN },
	{ "only the end", "end\n", ERR_INVALID },
	{ "yes", "no yes\n", ERR_INVALID },
	{ "no why", "no\n", ERR_INVALID },
	{ "no, behind lines", AT "no rate\n", ERR_INVALID },
	{ "behind the end", AT "end\n" AT, ERR_INVALID },
	{ "connected from nowhere", "at 198.51.100.7 25 connected - silent unsaid\nend\n",
	  ERR_INVALID },
	{ "refused from somewhere", "at 198.51.100.7 25 refused 203.0.113.5 silent unsaid\nend\n",
	  ERR_INVALID },
	{ "refused and greeted", "at 198.51.100.7 25 refused - greeted unsaid\nend\n",
	  ERR_INVALID },
	{ "said in silence", "at 198.51.100.7 25 connected 203.0.113.5 silent said\nend\n",
	  ERR_INVALID },
	{ "a text", "at 198.51.100.7 25 connected 203.0.113.5 greeted said 220 mx\nend\n",
	  ERR_INVALID },
	{ "another result", "at 198.51.100.7 25 open - silent unsaid\nend\n", ERR_INVALID },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct witness_answer a;
		struct buf again = { 0 };
		int e = witness_answer_parse(str_of(answers[i].text), &a);
		CHECK_ROW(answers[i].name, e == answers[i].e);
		if (e == ERR_OK) {
			witness_answer_format(&a, &again);
			CHECK_ROW(answers[i].name,
			          str_eq(buf_str(&again), str_of(answers[i].text)));
		}
		buf_fini(&again);
	}
}

/* What a witness may say at most is what an asker reads at most. */
static void test_longest(void **state)
{
	(void)state;
	struct witness_answer a = { .n = WITNESS_SIGHTS_MAX }, b;
	struct buf text = { 0 };
	for (size_t i = 0; i < a.n; i++) {
		struct witness_sight *s = &a.v[i];
		*s = (struct witness_sight){ .to.port = 65535, .result = WITNESS_CONNECTED,
		                            .greeted = true };
		assert_int_equal(ip_parse(STR("2001:db8:1111:2222:3333:4444:5555:6666"), &s->to.ip,
		                          NULL), ERR_OK);
		s->source = s->to.ip;
	}
	witness_answer_format(&a, &text);
	assert_int_equal(witness_answer_parse(buf_str(&text), &b), ERR_OK);
	assert_int_equal(b.n, a.n);
	buf_fini(&text);
}

static void test_judge(void **state)
{
	(void)state;
	struct witness_key key = { .host_count = 1, .hosts = { "mail.example.org" },
	                           .port_count = 2, .ports = { 25, 587 } };
	static const struct {
		const char *line;
		enum witness_no no;
	} rows[] = {
		{ LINE "\n", WITNESS_YES }, { LINE ",587\n", WITNESS_YES },
		{ "witness/1 " WORD " MAIL.example.org 587\n", WITNESS_YES },
		{ LINE ",465\n", WITNESS_NO_PORT },
		{ "witness/1 " WORD " www.example.org 25\n", WITNESS_NO_HOST },
		{ "witness/1 " WORD " mail.example.org.evil.example 25\n", WITNESS_NO_HOST },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct witness_request r;
		CHECK_ROW(rows[i].line, witness_request_parse(str_of(rows[i].line), &r) == ERR_OK);
		CHECK_ROW(rows[i].line, witness_request_judge(&r, &key) == rows[i].no);
	}
}

static void test_rate(void **state)
{
	(void)state;
	struct witness_rate r = { 0 };
	for (int i = 0; i < 3; i++)
		assert_true(witness_rate_take(&r, 3, 1000 + i));
	assert_false(witness_rate_take(&r, 3, 60999));
	assert_true(witness_rate_take(&r, 3, 61000));
	assert_true(witness_rate_take(&r, 3, 61001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests), cmocka_unit_test(test_endless),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_longest),
		cmocka_unit_test(test_judge), cmocka_unit_test(test_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
