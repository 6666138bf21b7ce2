/* SPDX-License-Identifier: ISC
 *
 * By which address a tested server saw us: which line of a returned message says so, in the forms
 * of the servers that there are, and what it tells of whom.
 */
#include "test.h"

#include "relaytest/seen.h"

#include <stdio.h>

#define US "probe.tester.example"
#define DATE "; Sat, 28 Nov 2026 12:00:00 +0000\r\n"
#define OURS "From: Open relay test <postmaster@two.example>\r\nSubject: x\r\n\r\n" \
	"Received: from " US " ([10.6.6.6]) by mx.victim.example with ESMTP id 1\r\n"
/* What another server wrote later, about the tested one. */
#define LATER "Received: from mx.victim.example (mx.victim.example [198.51.100.7])\r\n" \
	"\tby out.isp.example (Postfix) with ESMTP id 4D7\r\n\tfor <t@one.example>" DATE
#define POSTFIX(from) "Received: from " from "\r\n\tby mx.victim.example (Postfix) with ESMTPS id " \
	"4B6D41C0A2\r\n\tfor <abc@one.example>" DATE
#define EXIM(from) "Received: from " from "\r\n\tby mx.victim.example with esmtps  (TLS1.3) tls " \
	"TLS_AES_256_GCM_SHA384\r\n\t(Exim 4.96)\r\n\t(envelope-from <s@two.example>)\r\n\tid " \
	"1tG2bq-0001Xc-1k\r\n\tfor abc@one.example" DATE
#define SENDMAIL(from) "Received: from " from "\r\n\tby mx.victim.example (8.17.1.9/8.17.1.9/" \
	"Debian-2+deb12u2) with ESMTPS id 4ASC\r\n\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 " \
	"bits=256 verify=NO)\r\n\tfor <abc@one.example>" DATE
#define OPENSMTPD(from) "Received: from " from "\r\n\tby mx.victim.example (OpenSMTPD) with ESMTPS " \
	"id 1a2b3c4d (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO)\r\n\tfor <abc@one.example>" DATE
#define QMAIL(from) "Received: (qmail 4711 invoked from network); 28 Nov 2026 12:00:00 -0000\r\n" \
	"Received: from " from "\r\n  by mx.victim.example with SMTP; 28 Nov 2026 12:00:00 -0000\r\n"
#define FORGED "Received: from " US " (" US " [10.6.6.6])\r\n\tby mx.victim.example (Postfix) with " \
	"ESMTP id 666" DATE

static const struct line_row {
	const char *name, *header, *seen;        /* NULL: no line can be told from others' */
	enum mta mta;
} lines[] = {
	{ "postfix", POSTFIX(US " (unknown [172.18.0.1])"), "172.18.0.1", MTA_POSTFIX },
	{ "postfix, named", POSTFIX(US " (gateway.docker [172.18.0.1])"), "172.18.0.1" },
	{ "postfix, v6", POSTFIX(US " (unknown [IPv6:fd00:dead:beef::1])"),
	  "fd00:dead:beef::1", MTA_POSTFIX },
	{ "postfix, as we are", POSTFIX(US " (" US " [203.0.113.5])"), "203.0.113.5" },
	{ "postfix, other letters", POSTFIX("Probe.Tester.Example (unknown [172.18.0.1])"),
	  "172.18.0.1" },
	{ "exim", EXIM("[172.18.0.1] (helo=" US ")"), "172.18.0.1", MTA_EXIM },
	{ "exim, named", EXIM("gateway ([172.18.0.1] helo=" US ")"), "172.18.0.1" },
	{ "exim, with a port", EXIM("[172.18.0.1] (port=51022 helo=" US ")"), "172.18.0.1" },
	{ "exim, what was said is the name", EXIM(US " ([203.0.113.5])"), "203.0.113.5", MTA_EXIM },
	{ "exim, v6", EXIM("[::1] (helo=" US ")"), "::1", MTA_EXIM },
	{ "sendmail", SENDMAIL(US " ([172.18.0.1])"), "172.18.0.1", MTA_SENDMAIL },
	{ "sendmail, named", SENDMAIL(US " (gw.lan [192.168.1.1])"), "192.168.1.1", MTA_SENDMAIL },
	{ "sendmail, forged name", SENDMAIL(US " (x.example [10.88.0.1] (may be forged))"),
	  "10.88.0.1" },
	{ "sendmail, v6", SENDMAIL(US " ([IPv6:0:0:0:0:0:0:0:1])"), "::1", MTA_SENDMAIL },
	{ "opensmtpd", OPENSMTPD(US " (<unknown> [172.18.0.1])"), "172.18.0.1", MTA_OPENSMTPD },
	{ "opensmtpd, named", OPENSMTPD(US " (gw.lan [10.42.0.1])"), "10.42.0.1", MTA_OPENSMTPD },
	{ "qmail", QMAIL("unknown (HELO " US ") (127.0.0.1)"), "127.0.0.1", MTA_QMAIL },
	{ "exchange", "Received: from " US " (172.18.0.1) by mx.victim.example (10.1.1.1) with "
	  "Microsoft SMTP Server id 15.2.1544.4" DATE, "172.18.0.1", MTA_EXCHANGE },

	/* Others' lines. */
	{ "later lines stand above", LATER POSTFIX(US " (unknown [172.18.0.1])"), "172.18.0.1" },
	{ "a filter behind it", "Received: from mx.victim.example (localhost [127.0.0.1])\r\n\tby "
	  "localhost (mx.victim.example [127.0.0.1]) (amavisd-new, port 10024)\r\n\twith ESMTP id x"
	  DATE POSTFIX(US " (" US " [203.0.113.5])"), "203.0.113.5" },
	/* One that passes our name on is seen by the server behind it. */
	{ "a proxy with a line of its own", "Received: from " US " (localhost [127.0.0.1])\r\n\tby "
	  "inner.victim.example (Postfix) with ESMTP id x" DATE POSTFIX(US " (" US " [203.0.113.5])"),
	  "127.0.0.1" },
	{ "no line of it", LATER, NULL }, { "none at all", "", NULL },
	{ "inside only", "Received: from mx.victim.example (mx.victim.example [10.0.0.7])\r\n\tby "
	  "out.isp.example (Postfix) with ESMTP id 4D7" DATE, NULL },
	{ "by hand", "Received: by mx.victim.example (Postfix, from userid 33)\r\n\tid 17" DATE, NULL },
	{ "cut short", "Received: from " US " by mx.victim.example" DATE, NULL },
	{ "no address", POSTFIX(US " (unknown [256.18.0.1])"), NULL },
	{ "no writer", "Received: from " US " (unknown [172.18.0.1])" DATE, NULL },

	/* What stands below, in the body, or as another's word, counts for nothing. */
	{ "forged below", POSTFIX(US " (" US " [203.0.113.5])") FORGED, "203.0.113.5" },
	{ "forged below a filter", EXIM("[203.0.113.5] (helo=" US ")") FORGED FORGED, "203.0.113.5" },
	{ "our name as the name looked up", POSTFIX("evil.example (" US " [10.6.6.6])"), NULL },
	{ "our name in a comment", POSTFIX("evil.example (x (HELO " US ") [10.6.6.6])"), NULL },
	{ "our name and more", POSTFIX(US ".evil.example (unknown [10.6.6.6])"), NULL },
	{ "a namesake's programs", "Received: from " US " (localhost [127.0.0.1])\r\n\tby " US
	  " (Postfix) with ESMTP id 1" DATE POSTFIX(US " (" US " [203.0.113.5])"), NULL },
	{ "another field", "X-Received: from " US " (unknown [172.18.0.1])\r\n\tby mx.victim.example "
	  "(Postfix) with ESMTP id 1" DATE, NULL },
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct buf message = { 0 };
		struct received line;
		char text[IP_TEXT_MAX];
		buf_printf(&message, "%s%s", lines[i].header, OURS);
		bool found = seen_line(buf_str(&message), STR(US), &line);
		if (found != (lines[i].seen != NULL))
			fail_msg("%s: %s", lines[i].name, found ? ip_format(&line.ip, text) : "none");
		CHECK_ROW(lines[i].name, !found || strcmp(ip_format(&line.ip, text),
		                                          lines[i].seen) == 0);
		CHECK_ROW(lines[i].name, !found || lines[i].mta == MTA_UNKNOWN ||
		                         seen_mta(&line) == lines[i].mta);
		buf_fini(&message);
	}
}

/* Names that programs of any host say to each other tell nothing. */
static void test_names_of_everybody(void **state)
{
	static const char *const names[] = { "", ".", "localhost", "LocalHost",
	                                     "localhost.localdomain" };
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct buf message = { 0 };
		struct received line;
		buf_printf(&message, "Received: from %s (localhost [127.0.0.1])\r\n\tby "
		           "mx.victim.example (Postfix) with ESMTP id 1" DATE "\r\n", names[i]);
		CHECK_ROW(names[i], !seen_line(buf_str(&message), str_of(names[i]), &line));
		buf_fini(&message);
	}
}

static void test_many_lines(void **state)
{
	struct buf message = { 0 };
	struct received line;
	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_add_cstr(&message, "X: y\r\n");
	buf_add_cstr(&message, POSTFIX(US " (unknown [172.18.0.1])"));
	assert_false(seen_line(buf_str(&message), STR(US), &line));
	buf_fini(&message);
}

/* ---- what it tells ------------------------------------------------------------------------ */

struct find_row {
	const char *name, *came_from, *set, *own, *host, *seen;  /* seen: by the host */
	const char *address, *known;             /* what is told; "" nothing */
};

static const struct find_row finds[] = {
	{ "lost", "203.0.113.5", "", "", "198.51.100.7", "172.18.0.1", "172.18.0.1", "203.0.113.5" },
	{ "not lost", "203.0.113.5", "", "", "198.51.100.7", "203.0.113.5", "", "" },
	{ "another of ours", "203.0.113.5", "", "10.1.1.1", "198.51.100.7", "10.1.1.1", "", "" },
	{ "a stranger's", "203.0.113.5", "", "", "198.51.100.7", "203.0.113.77", "", "" },
	{ "behind NAT, told", "192.168.7.7", "203.0.113.9", "", "198.51.100.7", "172.18.0.1",
	  "172.18.0.1", "203.0.113.9" },
	{ "behind NAT, seen well", "192.168.7.7", "203.0.113.9", "", "198.51.100.7", "203.0.113.9",
	  "", "" },
	{ "behind NAT, in one network", "192.168.7.7", "203.0.113.9", "", "192.168.7.20",
	  "192.168.7.7", "", "" },
	{ "behind NAT, not told", "192.168.7.7", "", "", "198.51.100.7", "172.18.0.1",
	  "172.18.0.1", "" },
	{ "behind NAT, not told, public", "192.168.7.7", "", "", "198.51.100.7", "203.0.113.9", "",
	  "" },
	{ "told for the other family", "203.0.113.5", "2001:db8:3::5", "", "198.51.100.7",
	  "172.18.0.1", "172.18.0.1", "203.0.113.5" },
	{ "IPv6 outside, IPv4 inside", "2001:db8:3::5", "", "", "2001:db8:100::7", "172.18.0.1",
	  "172.18.0.1", "2001:db8:3::5" },
	{ "our own machine", "198.51.100.7", "", "", "198.51.100.7", "172.18.0.1", "", "" },
	{ "our own router", "192.168.7.7", "203.0.113.9", "", "203.0.113.9", "192.168.7.1", "", "" },
	{ "loopback", "127.0.0.1", "", "", "127.0.0.5", "127.0.0.1", "", "" },
	{ "never connected", "", "203.0.113.5", "", "198.51.100.7", "172.18.0.1", "", "" },
	{ "its neighbour", "203.0.113.5", "", "", "198.51.100.7", "198.51.100.1", "198.51.100.1",
	  "203.0.113.5" },
};

static struct ip ip_of(const char *text)
{
	struct ip ip = { 0 };
	if (*text)
		assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

static void check_find(const struct find_row *row, const char *case_id, enum return_kind kind,
                       bool marked, bool told)
{
	struct ip set = ip_of(row->set), own = ip_of(row->own);
	struct config_ips sets = { &set, set.family ? 1 : 0 }, owns = { &own, own.family ? 1 : 0 };
	const struct seen_from from = {
		.hello = STR(US), .host = ip_of(row->host), .came_from = ip_of(row->came_from),
		.set = &sets, .own = &owns,
	};
	struct test_return r = { .kind = kind, .marked = marked };
	struct buf message = { 0 };
	bool v6 = strchr(row->seen, ':') != NULL;
	struct ip address = ip_of(told ? row->address : ""), known = ip_of(told ? row->known : "");
	buf_printf(&message, POSTFIX(US " (unknown [%s%s])") OURS, v6 ? "IPv6:" : "", row->seen);
	r.message = buf_str(&message);
	str_copy(r.case_id, sizeof(r.case_id), str_of(case_id));
	struct seen_as seen = seen_find(&from, &r, 1);
	CHECK_ROW(row->name, ip_eq(&seen.address, &address) && ip_eq(&seen.known, &known));
	buf_fini(&message);
}

static void test_what_it_tells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(finds) / sizeof(*finds); i++)
		check_find(&finds[i], "E01", RETURN_RECIPIENT, true, true);
}

/* A form that says another's name or address is seen as what it said. */
static void test_forms(void **state)
{
	static const struct { const char *id; bool told; } rows[] = {
		{ "E01", true }, { "E14", true }, { "S09-E01", true }, { "S09", true }, { "S11", true },
		{ "S01a", false }, { "S01b", false }, { "S02a", false }, { "S02b", false },
		{ "S02c", false }, { "S03", false }, { "S04", false }, { "S05a", false },
		{ "S05b", false }, { "S06", false }, { "S10", false }, { "S14", false }, { "Z1", false },
		{ "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct find_row row = finds[0];
		row.name = rows[i].id;
		check_find(&row, rows[i].id, RETURN_RECIPIENT, true, rows[i].told);
	}
	check_find(&finds[0], "E01", RETURN_SENDER, true, false);
	check_find(&finds[0], "E01", RETURN_RECIPIENT, false, false);
}

/* ---- what most hosts say ------------------------------------------------------------------ */

static void vote(struct seen_votes *votes, const char *host, const char *seen, const char *form)
{
	struct buf message = { 0 };
	struct ip at = ip_of(host);
	struct test_return r = { .kind = RETURN_RECIPIENT, .marked = true };
	buf_printf(&message, POSTFIX(US " (unknown [%s%s])") OURS, strchr(seen, ':') ? "IPv6:" : "",
	           seen);
	r.message = buf_str(&message);
	str_copy(r.case_id, sizeof(r.case_id), str_of(form));
	seen_vote(votes, &at, STR(US), &r, 1);
	buf_fini(&message);
}

static void check_elected(const struct seen_votes *votes, const char *four, const char *six)
{
	struct ip v4 = seen_elected(votes, 4), v6 = seen_elected(votes, 6);
	struct ip want4 = ip_of(four), want6 = ip_of(six);
	assert_true(ip_eq(&v4, &want4) && ip_eq(&v6, &want6));
}

static void test_what_most_saw(void **state)
{
	struct seen_votes votes = { 0 };
	(void)state;
	check_elected(&votes, "", "");
	vote(&votes, "198.51.100.7", "203.0.113.5", "E01");
	vote(&votes, "198.51.100.8", "203.0.113.5", "E01");      /* of the same network */
	vote(&votes, "192.0.2.1", "203.0.113.5", "E01");
	check_elected(&votes, "", "");
	vote(&votes, "192.0.3.1", "172.18.0.1", "E01");          /* private ones have no vote, */
	vote(&votes, "192.0.4.1", "203.0.113.5", "S05a");        /* nor have claims, */
	vote(&votes, "192.0.5.1", "192.0.5.1", "E01");           /* nor the host's own */
	check_elected(&votes, "", "");
	vote(&votes, "192.0.6.1", "203.0.113.5", "E01");
	check_elected(&votes, "203.0.113.5", "");
	vote(&votes, "2001:db8:1::1", "2001:db8:f::5", "E01");
	vote(&votes, "2001:db8:2::1", "2001:db8:f::5", "E01");
	vote(&votes, "2001:db8:3::1", "2001:db8:f::5", "E01");
	check_elected(&votes, "203.0.113.5", "2001:db8:f::5");
	vote(&votes, "192.0.7.1", "203.0.113.9", "E01");
	vote(&votes, "192.0.8.1", "203.0.113.9", "E01");
	check_elected(&votes, "203.0.113.5", "2001:db8:f::5");
	vote(&votes, "192.0.9.1", "203.0.113.9", "E01");         /* three against three */
	check_elected(&votes, "", "2001:db8:f::5");
	vote(&votes, "192.0.6.1", "203.0.113.9", "E01");         /* one has another word now */
	check_elected(&votes, "203.0.113.9", "2001:db8:f::5");
}

/* The newest votes are kept, and more than all of them do no harm. */
static void test_many_votes(void **state)
{
	struct seen_votes votes = { 0 };
	(void)state;
	for (unsigned i = 0; i < 3 * SEEN_VOTES_MAX; i++) {
		char host[IP_TEXT_MAX];
		snprintf(host, sizeof(host), "10.%u.%u.1", i / 200, i % 200);
		vote(&votes, host, i < 2 * SEEN_VOTES_MAX ? "203.0.113.5" : "203.0.113.9", "E01");
	}
	assert_int_equal(votes.n, SEEN_VOTES_MAX);
	check_elected(&votes, "203.0.113.9", "");
}

/* Behind a NAT, and nothing is set: what most hosts saw is what we are known by. */
static void test_elected_is_known(void **state)
{
	struct seen_from from = {
		.hello = STR(US), .host = ip_of("198.51.100.7"), .came_from = ip_of("192.168.7.7"),
		.elected = ip_of("203.0.113.9"),
	};
	struct ip known = seen_known(&from);
	(void)state;
	assert_true(ip_eq(&known, &from.elected));
	from.came_from = ip_of("203.0.113.5");
	known = seen_known(&from);
	assert_true(ip_eq(&known, &from.came_from));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_names_of_everybody),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_what_it_tells),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_what_most_saw),
		cmocka_unit_test(test_many_votes),
		cmocka_unit_test(test_elected_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
