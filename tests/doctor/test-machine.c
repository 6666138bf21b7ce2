/* SPDX-License-Identifier: ISC
 *
 * What files, sockets, port 25 and the clock come to, and what the exit code says of all findings.
 */
#include "test.h"

#include "doctor/machine.h"
#include "doctor/port.h"

#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct doctor_findings findings;

static void begin(void)
{
	findings = (struct doctor_findings){ .arena = &arena };
}

/* The findings but those that are ok, a line each. */
static void check_told(const char *label, const char *want)
{
	struct buf told = { 0 };
	for (size_t i = 0; i < findings.n; i++)
		if (findings.v[i].status != DOCTOR_OK)
			buf_printf(&told, "%s %s: %s [%s]\n",
			           doctor_status_name(findings.v[i].status), findings.v[i].about,
			           findings.v[i].text, findings.v[i].todo);
	CHECK_ROW(label, findings.n > 0);
	assert_string_equal(buf_cstr(&told), want);
	buf_fini(&told);
	doctor_findings_fini(&findings);
	arena_fini(&arena);
}

/* ---- files ------------------------------------------------------------------------------- */

#define US { 998, "portreeve" }
#define STATE .there = true, .mode = 0750, .keys_mode = 0700
#define GOOD .facts = { "/s", US, US }

static const struct { const char *label; struct doctor_owner facts; const char *told; } owners[] = {
	{ "right", { .root = true, GOOD, STATE }, "" },
	{ "not there yet", { .root = true, GOOD }, "" },
	{ "nobody", { .root = true, .nobody = true, GOOD, STATE },
	  "better user: roles become \"nobody\", whose files other services share "
	  "[systemd-sysusers]\n" },
	{ "another's", { .root = true, .facts = { "/s", { 4711, "" }, US }, STATE },
	  "wrong state directory: state directory /s: belongs to user id 4711, which no user has; "
	  "expected that it is the roles', user \"portreeve\" (id 998). Run: chown -R "
	  "--no-dereference portreeve: /s [chown -R --no-dereference portreeve: /s]\n" },
	{ "a planted link", { .root = true, .facts = { "/s", US, US, "serial", { 0, "root" }, true },
	                      STATE },
	  "wrong state directory: state directory /s: belongs to \"portreeve\", but serial in it to "
	  "user \"root\" (id 0); expected that it is no link to what is somebody else's. Look at it "
	  "first; remove it if it was planted []\n" },
	{ "asked by another user", { .facts = { "/s", US, { 1000, "jane" } }, STATE },
	  "unknown state directory: /s is somebody else's: ask as root, as whom the service starts "
	  "[sudo portreeve doctor]\n" },
	{ "open to others", { .root = true, GOOD, .there = true, .mode = 0755, .keys_mode = 0755 },
	  "better state directory: /s: every user of this machine may look into it, mode 755 "
	  "[chmod 750 /s]\n"
	  "wrong keys: /s/keys: others than its owner may look into it, mode 755 "
	  "[chmod 700 /s/keys]\n" },
	{ "writable", { .root = true, GOOD, .there = true, .mode = 0770, .keys_mode = 0700 },
	  "wrong state directory: /s: others than its owner may change what is in it, mode 770 "
	  "[chmod 750 /s]\n" },
	{ "files of root", { .root = true, GOOD, STATE, .files = {
	  { "collector.certificate", "/c.pem", false, { 0, "root" }, 0, 0644 },
	  { "collector.key", "/k.pem", true, { 0, "root" }, 0, 0600 } } }, "" },
	{ "a key of another, for root's group", { .root = true, GOOD, STATE, .files = {
	  { "collector.key", "/k.pem", true, { 105, "x" }, 0, 0640 } } }, "" },
	/* The unit's root has no right to pass over modes. */
	{ "a key of another", { .root = true, GOOD, STATE, .files = {
	  { "collector.key", "/k.pem", true, { 105, "redis" }, 112, 0600 } } },
	  "wrong collector.key: /k.pem belongs to user \"redis\" (id 105), mode 600: the "
	  "service, which is root without the right to pass over modes, cannot read it "
	  "[chown root /k.pem]\n" },
	{ "everybody's key", { .root = true, GOOD, STATE, .files = {
	  { "collector.key", "/k.pem", true, { 0, "root" }, 0, 0644 } } },
	  "wrong collector.key: every user of this machine may read or change /k.pem, mode 644 "
	  "[chmod o= /k.pem]\n" },
};

static void test_owner(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++) {
		begin();
		doctor_owner_judge(&owners[i].facts, &findings);
		check_told(owners[i].label, owners[i].told);
	}
}

/* ---- sockets and port 25 ------------------------------------------------------------------- */

#define SMTP { { 4, { 192, 0, 2, 10 } }, 25 }

static const struct { const char *label; struct doctor_socket facts; const char *told; }
sockets[] = {
	{ "ours", { "collector.listen", "collector", SMTP, DOCTOR_TAKEN, "portreeve" }, "" },
	{ "not to be seen whose", { "collector.listen", "collector", SMTP, DOCTOR_TAKEN, "" }, "" },
	{ "Postfix", { "collector.listen", "collector", SMTP, DOCTOR_TAKEN, "master" },
	  "wrong collector.listen 192.0.2.10:25: another program, \"master\", has this port: the role "
	  "collector cannot listen there: stop it, or give one of them another address []\n" },
	{ "not running", { "collector.listen", "collector", SMTP, DOCTOR_FREE, "" },
	  "wrong collector.listen 192.0.2.10:25: nobody listens: the role collector is not running "
	  "[systemctl enable --now portreeve]\n" },
	{ "no right", { "collector.listen", "collector", SMTP, DOCTOR_DENIED, "" },
	  "unknown collector.listen 192.0.2.10:25: only root may see whether somebody listens on "
	  "this port [sudo portreeve doctor]\n" },
	{ "no address", { "collector.listen", "collector", SMTP, DOCTOR_NO_ADDRESS, "" },
	  "wrong collector.listen 192.0.2.10:25: no address of this machine now [ip address]\n" },
};

static void test_sockets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++) {
		begin();
		doctor_sockets_judge(&sockets[i].facts, 1, &findings);
		check_told(sockets[i].label, sockets[i].told);
	}
}

static void test_ports(void **state)
{
	(void)state;
	struct endpoint usual[] = { { { 4, { 192, 0, 2, 10 } }, 2525 }, SMTP },
	                other[] = { { { 4, { 192, 0, 2, 10 } }, 2465 } };
	const struct gateway_config some = { .listen = { usual, 2 }, .submissions = { other, 1 } };
	begin();
	doctor_ports_judge(&some, &findings);
	check_told("an odd port", "better gateway.submissions: nothing of it is port 465, to which "
	           "users' programs go, unless something in front of it leads there "
	           "[set gateway.submissions to port 465]\n");
}

#define IN "port 25 in: the collector at 192.0.2.10:25: "

static const struct { const char *label; struct doctor_collector facts; const char *told; }
collectors[] = {
	{ "taken", { true, true, true, true, SMTP, true, "" }, "" },
	{ "refused", { true, true, true, true, SMTP, false, "connection refused" },
	  "wrong " IN "expected that it greets and takes mail for its domains: connection refused "
	  "[systemctl status portreeve]\n" },
	{ "silent, on another machine", { true, false, false, true, SMTP, false, "" },
	  "wrong " IN "expected that it greets and takes mail for its domains: no answer in time "
	  "[]\n" },
	{ "behind a NAT", { true, false, true, false, SMTP, false, "" },
	  "unknown " IN "this machine itself cannot reach it, which tester.collector_check = no "
	  "expects []\n" },
	{ "another port", { true, true, true, true, { { 4, { 192, 0, 2, 10 } }, 2525 }, true, "" },
	  "wrong port 25 in: the collector at 192.0.2.10:2525: others bring mail to port 25 only, not "
	  "to 2525 [set tester.collector to port 25]\n" },
};

static void test_collector(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(collectors) / sizeof(*collectors); i++) {
		begin();
		doctor_collector_judge(&collectors[i].facts, &findings);
		check_told(collectors[i].label, collectors[i].told);
	}
}

#define OUT "wrong port 25 out: to mx.x.net at 192.0.2.10:25"

static const struct { const char *label; struct doctor_call facts; const char *told; } calls[] = {
	{ "greets", { SMTP, { 0 }, true, STREAM_CLOSED, "220 mx.x.net ESMTP" }, "" },
	{ "refuses us", { SMTP, { 0 }, true, STREAM_CLOSED, "554 5.7.1 Go away" },
	  OUT ": it answers, but refuses us or is no mail server: 554 5.7.1 Go away []\n" },
	{ "blocked", { SMTP, { 4, { 192, 0, 2, 9 } }, false, STREAM_TIMEOUT, "" },
	  OUT " from 192.0.2.9: no answer in time: somebody between drops what goes to port 25, as "
	  "many providers do: ask yours to open it []\n" },
	{ "refused", { SMTP, { 0 }, false, STREAM_REFUSED, "" },
	  OUT ": connection refused: nobody listens there, or a firewall answers so []\n" },
	{ "no way", { SMTP, { 0 }, false, STREAM_UNREACHABLE, "" },
	  OUT ": unreachable: there is no way there, or a firewall says so []\n" },
	{ "hangs up", { SMTP, { 0 }, false, STREAM_CLOSED, "" },
	  OUT ": it hung up without a greeting []\n" },
	{ "no source", { SMTP, { 0 }, false, STREAM_NO_SOURCE, "" },
	  OUT ": the address is none of this machine []\n" },
};

static void test_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		begin();
		doctor_call_judge(&calls[i].facts, "mx.x.net", &findings);
		check_told(calls[i].label, calls[i].told);
	}
	begin();
	doctor_call_none(&findings);
	check_told("nobody named", "better port 25 out: not tried: name a mail server that you may "
	           "call [portreeve doctor --to HOST]\n");
}

/* ---- the clock ------------------------------------------------------------------------------- */

enum { NOW_S = 1795852800, DAY_S = 86400 };

static const struct { const char *label; struct doctor_clock facts; const char *told; } clocks[] = {
	{ "right", { NOW_S, 7 * DAY_S, true, true, true, false, { CLOCK_STEADY, NOW_S - 60, true } },
	  "" },
	{ "first start", { NOW_S, 0, true, true, false, true, .why = "none yet" }, "" },
	{ "nobody keeps it", { NOW_S, 0, true, false, false, true, .why = "none yet" },
	  "better synchronisation: nothing says that it keeps the kernel's clock right, it is "
	  "2026-11-28T08:00:00Z [timedatectl set-ntp true]\n" },
	{ "ahead", { NOW_S, 7 * DAY_S, true, true, true, false,
	             { CLOCK_AHEAD, NOW_S - 8 * DAY_S, true } },
	  "wrong time last known: the clock is ahead by 691200 s, it says 2026-11-28T08:00:00Z and "
	  "2026-11-20T08:00:00Z was the time last known: set it right, or say that it is right "
	  "[portreeve clock accept]\n" },
	{ "behind", { NOW_S, 7 * DAY_S, true, true, true, false, { CLOCK_BEHIND, NOW_S + 7200, true } },
	  "wrong time last known: the clock is behind by 7200 s, it says 2026-11-28T08:00:00Z and "
	  "2026-11-28T10:00:00Z was the time last known: set it right, or say that it is right "
	  "[portreeve clock accept]\n" },
	{ "a database that cannot be read", { NOW_S, 0, true, true, .why = "cannot be read: locked" },
	  "unknown time last known: cannot be read: locked []\n" },
};

static void test_clock(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		begin();
		doctor_clock_judge(&clocks[i].facts, &findings);
		check_told(clocks[i].label, clocks[i].told);
	}
}

static void test_exit_code(void **state)
{
	(void)state;
	static const struct { enum doctor_status worst; int code; } rows[] = {
		{ DOCTOR_OK, 0 }, { DOCTOR_BETTER, 0 }, { DOCTOR_UNKNOWN, DOCTOR_EXIT_UNKNOWN },
		{ DOCTOR_MISSING, DOCTOR_EXIT_TODO }, { DOCTOR_DIFFERS, DOCTOR_EXIT_TODO },
		{ DOCTOR_WRONG, DOCTOR_EXIT_TODO },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		begin();
		doctor_find(&findings, DOCTOR_OK, "dns", "a", NULL, "x");
		doctor_find(&findings, rows[i].worst, "dns", "b", NULL, "x");
		doctor_find(&findings, DOCTOR_BETTER, "dns", "c", "y", "x");
		CHECK_ROW(doctor_status_name(rows[i].worst),
		          doctor_exit_code(&findings) == rows[i].code);
		doctor_findings_fini(&findings);
	}
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_collector),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_exit_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
