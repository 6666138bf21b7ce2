/* SPDX-License-Identifier: ISC
 *
 * Queries that get an error: which, and whether its answer has an OPT, as it must where the query
 * had one (RFC 6891 6.1.1, 7).
 */
#include "test.h"

#include "blocklist/query.h"

#define HEAD(flags, questions, answers, additionals) \
	"\xab\xcd" flags "\0\0" questions "\0" answers "\0\0\0" additionals
#define QUESTION "\2bl\7example\0\0\6\0\1"
#define OPT "\0\0\x29\x10\0\0\0\0\0\0\0"

static const struct row {
	const char *name;
	struct str query;
	int rcode;
	bool edns;
} rows[] = {
	{ "fine", STR(HEAD("\0", "\1", "\0", "\1") QUESTION OPT), DNS_RCODE_NOERROR, true },
	{ "fine, without", STR(HEAD("\0", "\1", "\0", "\0") QUESTION), DNS_RCODE_NOERROR, false },
	{ "STATUS", STR(HEAD("\x10", "\1", "\0", "\1") QUESTION OPT), DNS_RCODE_NOTIMP, true },
	{ "STATUS, without", STR(HEAD("\x10", "\1", "\0", "\0") QUESTION), DNS_RCODE_NOTIMP, false },
	{ "NOTIFY", STR(HEAD("\x20", "\1", "\0", "\1") QUESTION OPT), DNS_RCODE_NOTIMP, true },
	{ "UPDATE", STR(HEAD("\x28", "\1", "\0", "\1") QUESTION OPT), DNS_RCODE_NOTIMP, true },
	{ "DSO", STR(HEAD("\x30", "\0", "\0", "\1") OPT), DNS_RCODE_NOTIMP, true },
	{ "opcode 15, half a question", STR(HEAD("\x78", "\1", "\0", "\1") "\2bl"),
	  DNS_RCODE_NOTIMP, false },
	{ "no question", STR(HEAD("\0", "\0", "\0", "\1") OPT), DNS_RCODE_FORMERR, true },
	{ "two questions", STR(HEAD("\0", "\2", "\0", "\1") QUESTION QUESTION OPT),
	  DNS_RCODE_FORMERR, true },
	{ "two OPT", STR(HEAD("\0", "\1", "\0", "\2") QUESTION OPT OPT), DNS_RCODE_FORMERR, true },
	{ "a byte behind", STR(HEAD("\0", "\1", "\0", "\1") QUESTION OPT "x"),
	  DNS_RCODE_FORMERR, true },
	{ "OPT of a name", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\1a\0\0\x29\x10\0\0\0\0\0\0\0"), DNS_RCODE_FORMERR, true },
	{ "OPT longer than the message", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x29\x10\0\0\0\0\0\0\7abc"), DNS_RCODE_FORMERR, true },
	{ "OPT cut in its head", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x29\x10\0\0"), DNS_RCODE_FORMERR, false },
	{ "another record longer than the message", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x10\0\1\0\0\0\0\0\7abc"), DNS_RCODE_FORMERR, false },
	{ "an option longer than its OPT", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x29\x10\0\0\0\0\0\0\5\0\3\0\7a"), DNS_RCODE_FORMERR, true },
	{ "UPDATE, with a bad OPT", STR(HEAD("\x28", "\0", "\0", "\1")
	  "\1a\0\0\x29\x10\0\0\0\0\0\0\0"), DNS_RCODE_NOTIMP, true },
	{ "OPT among the answers", STR(HEAD("\0", "\1", "\1", "\0") QUESTION OPT),
	  DNS_RCODE_FORMERR, false },
	{ "half an option", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x29\x10\0\0\0\0\0\0\1x"), DNS_RCODE_FORMERR, true },
	{ "data past the end", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x29\x10\0\0\0\0\0\xff\xff\0\1"), DNS_RCODE_FORMERR, true },
	{ "data past the end, of version 1", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x29\x10\0\0\1\0\0\0\2x"), DNS_RCODE_FORMERR, true },
	{ "data past the end, behind a record", STR(HEAD("\0", "\1", "\0", "\2") QUESTION
	  "\xc0\x0c\0\1\0\1\0\0\0\0\0\0" "\0\0\x29\x10\0\0\0\0\0\0\1"),
	  DNS_RCODE_FORMERR, true },
	{ "data past the end, of two questions", STR(HEAD("\0", "\2", "\0", "\1") QUESTION QUESTION
	  "\0\0\x29\x10\0\0\0\0\0\0\1"), DNS_RCODE_FORMERR, true },
	{ "data past the end, of an answer", STR(HEAD("\0", "\1", "\1", "\0") QUESTION
	  "\0\0\x29\x10\0\0\0\0\0\0\1"), DNS_RCODE_FORMERR, false },
	{ "data past the end, of another record", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\1\0\1\0\0\0\0\0\1"), DNS_RCODE_FORMERR, false },
	{ "half a type", STR(HEAD("\0", "\1", "\0", "\1") QUESTION "\0\0"),
	  DNS_RCODE_FORMERR, false },
	{ "version 1", STR(HEAD("\0", "\1", "\0", "\1") QUESTION "\0\0\x29\x10\0\0\1\0\0\0\0"),
	  DNS_RCODE_BADVERS, true },
	{ "version 1, half an option", STR(HEAD("\0", "\1", "\0", "\1") QUESTION
	  "\0\0\x29\x10\0\0\1\0\0\0\1x"), DNS_RCODE_BADVERS, true },
	{ "a response", STR(HEAD("\x80", "\1", "\0", "\1") QUESTION OPT), -1, false },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct blocklist_query q;
		CHECK_ROW(rows[i].name, blocklist_query_read(rows[i].query, &q) == rows[i].rcode);
		CHECK_ROW(rows[i].name, q.edns.present == rows[i].edns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_errors) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
