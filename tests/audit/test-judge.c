/* SPDX-License-Identifier: ISC
 *
 * Audits of machines and configurations, with a server whose answers are made up: what is asked in
 * each stage, and the verdict with who may relay.
 */
#include "test.h"

#include "host.h"
#include "memory-files.h"

#include "audit/report.h"

#define LO "lo loopback 127.0.0.1/8 ::1/128\n"
#define LAN LO "eth0 ethernet 192.168.1.5/24\ndefault eth0 192.168.1.1\n"
#define PUBLIC LO "eth0 ethernet 198.51.100.7/24 2001:db8::7/64\ndefault eth0 198.51.100.1\n"
#define TWO LO "eth0 ethernet 198.51.100.7/24 198.51.100.8/24\ndefault eth0 198.51.100.1\n"
#define DOCKER PUBLIC "br0 bridge 172.18.0.1/16\n"
#define PROXY "run docker-proxy -proto tcp -host-ip :: -host-port 25 -container-ip 172.18.0.2 " \
	"-container-port 25\n"
#define MAIN(networks) { "/etc/postfix/main.cf", "compatibility_level = 3.6\n" \
	"myhostname = mx.a.example\nmydestination = a.example\nmynetworks = " networks "\n" }
#define MASTER(lines) { "/etc/postfix/master.cf", lines }
#define SMTP "smtp inet n - y - - smtpd\n"
#define SUBMISSION SMTP "submission inet n - y - - smtpd\n -o smtpd_sasl_auth_enable=yes\n" \
	" -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject\n"
#define ANYBODY "stranger4 0.0.0.0/0 25: E01 wide\nstranger6 ::/0 25: E01 wide\n" REST("")
#define TO_SOME "stranger4 0.0.0.0/0 25: E01 some wide\nstranger6 ::/0 25: E01 some wide\n" REST(" some")
#define REST(some) "own 198.51.100.7 25: E01" some "\nloopback 127.0.0.1 25: E01\n" \
	"loopback ::1 25: E01\ngateway 198.51.100.1 25: E01" some " wide\n" \
	"neighbour 198.51.100.0/24 25: E01" some " wide\n" \
	"neighbour 2001:db8::/64 25: E01" some " wide\nrange 127.0.0.0/8 25: E01\nrange ::1 25: E01\n"
#define LOOP "127.0.0.0/8 [::1]/128"
#define NOBODY "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\n" \
	"range ::1 25: E01\n"
#define NAMED(form) "stranger4 0.0.0.0/0 25: " form " wide\nstranger6 ::/0 25: " form " wide\n" NOBODY
#define ACCESS(rule) MAIN(LOOP "\nsmtpd_relay_restrictions = permit_mynetworks, " rule \
	" hash:/t, reject_unauth_destination")

/* How the server answers: the clients whose plain mail it takes, the forms that it takes from all,
 * and what else it does, as words: "nobodies" takes any local part, "no-control" refuses own users,
 * "putoff" puts strangers off, "hangs" answers nobody, "loopback-only" listens for those
 * alone whom it trusts, "second" at 198.51.100.8 and loopback alone, "slow" has no time for the
 * forms of strangers by IPv6, "hangs-up" on all forms but the plain one, "late-forms" and
 * "late-claims" are not answered in time. With "starttls" it offers that and answers as in clear, or
 * ("no-tls") cannot after all, or ("tls-late") not in time, or ("tls-putoff") later; "tls-gone":
 * nobody gets it, for sure; "tls-to-own": it is offered to loopback alone. */
struct server {
	const char *trusts, *forms, *does;
};

#define CLOSED_WHO "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\n" \
	"range ::1 25: E01\n"

static const struct audit_row_want {
	const char *label, *host, *verdict, *who;
	struct server server;
	struct memory_file files[FILES_OF_ROW];
	bool by_reading, too_many;
} rows[] = {
	{ "closed", PUBLIC, "closed", "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "all of IPv4", LAN, "world", "stranger4 0.0.0.0/0 25: E01 wide\nown 192.168.1.5 25: E01\n"
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "gateway 192.168.1.1 25: E01\nneighbour 192.168.1.0/24 25: E01\n"
	  "range 0.0.0.0/0 25: E01 wide\nrange ::1 25: E01\n",
	  { "0.0.0.0/0 ::1/128", "", "" }, { MAIN("0.0.0.0/0 [::1]/128"), MASTER(SMTP) } },
	{ "a LAN is sound", LAN, "closed", "loopback 127.0.0.1 25: E01\n"
	  "gateway 192.168.1.1 25: E01\nneighbour 192.168.1.0/24 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange 192.168.1.0/24 25: E01\n",
	  { "127.0.0.0/8 192.168.1.1/32 192.168.1.2/32 192.168.1.3/32", "", "" },
	  { MAIN("127.0.0.0/8 192.168.1.0/24"), MASTER(SMTP) } },
	{ "a bridge of containers, nobody is passed on", DOCKER, "wide",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "gateway 172.18.0.1 25: E01 wide\nneighbour 172.18.0.0/16 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\nrange 172.16.0.0/12 25: E01 wide\n",
	  { LOOP " 172.16.0.0/12", "", "" }, { MAIN(LOOP " 172.16.0.0/12"), MASTER(SMTP) } },
	{ "a network by whose gateway strangers arrive", DOCKER PROXY, "world",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "gateway 172.18.0.1 25: E01 wide strangers\nneighbour 172.18.0.0/16 25: E01 wide\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\nrange 172.18.0.0/16 25: E01 wide\n",
	  { LOOP " 172.18.0.0/16", "", "" }, { MAIN(LOOP " 172.18.0.0/16"), MASTER(SMTP) } },
	{ "all of it but that gateway", DOCKER PROXY, "closed",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\nneighbour 172.18.0.0/16 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\nrange 172.18.0.0/16 25: E01\n",
	  { LOOP " 172.18.0.2/31 172.18.0.4/30", "", "" },
	  { MAIN(LOOP " !172.18.0.1 172.18.0.0/16"), MASTER(SMTP) } },
	{ "a public interface's prefix", PUBLIC, "wide",
	  "own 198.51.100.7 25: E01\nloopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "neighbour 198.51.100.0/24 25: E01 wide\nrange 127.0.0.0/8 25: E01\n"
	  "range ::1 25: E01\nrange 198.51.100.0/24 25: E01 wide\n",
	  { LOOP " 198.51.100.2/32 198.51.100.3/32 198.51.100.7/32", "", "" },
	  { MAIN(LOOP " 198.51.100.0/24"), MASTER(SMTP) } },
	{ "the percent hack", PUBLIC, "world", "stranger4 0.0.0.0/0 25: E14 X01 wide\n"
	  "stranger6 ::/0 25: E14 X01 wide\nloopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "E14 X01", "" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "any local part is taken: it says nothing", PUBLIC, "closed",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "E14 X01", "nobodies" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "backup for whoever names it", PUBLIC, "wide", "stranger4 0.0.0.0/0 25: A05 some wide\n"
	  "stranger6 ::/0 25: A05 some wide\nloopback 127.0.0.1 25: E01\n"
	  "loopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "A05", "" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "no own mail is taken", PUBLIC, "unknown", "loopback 127.0.0.1 25: E01\n"
	  "loopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "no-control" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "strangers are put off", PUBLIC, "unknown", "loopback 127.0.0.1 25: E01\n"
	  "loopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "putoff" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "it listens on loopback alone", PUBLIC, "closed", "loopback 127.0.0.1 25: E01\n"
	  "loopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "loopback-only" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "nobody listens", PUBLIC, "unknown", "", { "", "", "loopback-only" },
	  { MAIN(LOOP), MASTER(SMTP) } },
	{ "nobody answers", PUBLIC, "unknown", "", { LOOP, "", "hangs" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "submission refuses whoever does not log in", LAN, "closed",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "" }, { MAIN(LOOP), MASTER(SUBMISSION) } },
	{ "submission that wants a login in so many words", LAN, "closed",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "login-wanted" }, { MAIN(LOOP), MASTER(SUBMISSION) } },
	{ "it listens at the second address alone, to all", TWO, "world",
	  "stranger4 0.0.0.0/0 25: E01 wide\nown 198.51.100.7 25: E01\n"
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\ngateway 198.51.100.1 25: E01 wide\n"
	  "neighbour 198.51.100.0/24 25: E01 wide\n"
	  "range 0.0.0.0/0 25: E01 wide\nrange ::1 25: E01\n",
	  { "0.0.0.0/0 ::1/128", "", "second" }, { MAIN("0.0.0.0/0 [::1]/128"), MASTER(SMTP) } },
	{ "it listens at the second address alone", TWO, "closed",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "second" }, { MAIN(LOOP), MASTER(SMTP) } },
	/* The answers and the files disagree. */
	{ "refused, where the files say yes to all", PUBLIC, "unknown", "loopback 127.0.0.1 25: E01\n"
	  "loopback ::1 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "", "" }, { MAIN("0.0.0.0/0 [::1]/128"), MASTER(SMTP) } },
	{ "refused, where the files trust a whole block", PUBLIC, "unknown",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\n"
	  "range ::1 25: E01\n",
	  { LOOP, "", "" }, { MAIN(LOOP " 10.0.0.0/8"), MASTER(SMTP) } },
	{ "refused, where the files trust a LAN: nobody is let in too many", LAN, "closed",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\n"
	  "range ::1 25: E01\n",
	  { LOOP, "", "" }, { MAIN(LOOP " 192.168.1.0/24"), MASTER(SMTP) } },
	{ "refused without a login, as the files say at one of two ports", PUBLIC, "closed",
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\n"
	  "range ::1 25: E01\n",
	  { LOOP, "", "" }, { MAIN(LOOP), MASTER(SUBMISSION) } },
	/* By the files to some destinations: ours is none of them, or is one. */
	{ "to some destinations by the files, and ours is none", PUBLIC, "world", ANYBODY,
	  { "0.0.0.0/0 ::/0", "", "" }, { MAIN(LOOP "\nrelay_domains = com"), MASTER(SMTP) } },
	{ "to some destinations, and ours is one", PUBLIC, "wide", TO_SOME,
	  { "0.0.0.0/0 ::/0", "", "" }, { MAIN(LOOP "\nrelay_domains = example"), MASTER(SMTP) } },
	{ "to some by a table, and ours is one", PUBLIC, "wide", TO_SOME,
	  { "0.0.0.0/0 ::/0", "", "" }, { MAIN(LOOP "\nsmtpd_relay_restrictions = permit_mynetworks, "
	    "check_recipient_access hash:/t, reject_unauth_destination"), MASTER(SMTP),
	    { "/t", "example OK\n" } } },
	{ "to some by a table, and ours is none", PUBLIC, "world", ANYBODY,
	  { "0.0.0.0/0 ::/0", "", "" }, { MAIN(LOOP "\nsmtpd_relay_restrictions = permit_mynetworks, "
	    "check_recipient_access hash:/t, reject_unauth_destination"), MASTER(SMTP),
	    { "/t", "com OK\n" } } },
	{ "backup for whoever names it, and we do not", PUBLIC, "world", ANYBODY,
	  { "0.0.0.0/0 ::/0", "", "" }, { MAIN(LOOP "\nsmtpd_relay_restrictions = permit_mynetworks, "
	    "permit_mx_backup, reject_unauth_destination"), MASTER(SMTP) } },
	{ "a form at the own domain goes everywhere, whatever is relayed to", PUBLIC, "world",
	  "stranger4 0.0.0.0/0 25: E14 wide\nstranger6 ::/0 25: E14 wide\n"
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\nrange 127.0.0.0/8 25: E01\n"
	  "range ::1 25: E01\n",
	  { LOOP, "E14", "" }, { MAIN(LOOP "\nrelay_domains = example"), MASTER(SMTP) } },
	/* Lines that let in who says what they name. */
	{ "a sender that a table names", PUBLIC, "world", NAMED("A12"),
	  { LOOP, "A12", "" }, { ACCESS("check_sender_access"), MASTER(SMTP),
	    { "/t", "partner.example OK\n" } } },
	{ "and it is refused where it was asked", PUBLIC, "unknown", NOBODY,
	  { LOOP, "", "" }, { ACCESS("check_sender_access"), MASTER(SMTP),
	    { "/t", "partner.example OK\n" } } },
	{ "a sender that is refused", PUBLIC, "closed", NOBODY,
	  { LOOP, "", "" }, { ACCESS("check_sender_access"), MASTER(SMTP),
	    { "/t", "partner.example REJECT\n" } } },
	{ "a name in HELO that a table names", PUBLIC, "world", NAMED("A13"),
	  { LOOP, "A13", "" }, { ACCESS("check_helo_access"), MASTER(SMTP),
	    { "/t", "mail.partner.example OK\n" } } },
	{ "a top level domain of reverse names", PUBLIC, "world", NAMED("A14"),
	  { LOOP, "A14", "" }, { ACCESS("check_client_access"), MASTER(SMTP), { "/t", "com OK\n" } } },
	{ "a reverse name that is its owner's alone", PUBLIC, "closed", NOBODY,
	  { LOOP, "A14", "" }, { ACCESS("check_client_access"), MASTER(SMTP),
	    { "/t", "mail.partner.example OK\n" } } },
	{ "a top level domain of recipients", PUBLIC, "wide", NAMED("A15 some"),
	  { LOOP, "A15", "" }, { MAIN(LOOP "\nrelay_domains = com"), MASTER(SMTP) } },
	{ "what only the server itself decides", PUBLIC, "unknown", NOBODY,
	  { LOOP, "", "" }, { ACCESS("check_policy_service inet:127.0.0.1:9, check_client_access"),
	    MASTER(SMTP), { "/t", "partner.example OK\n" } } },
	{ "any certificate of a public authority will do", LAN, "world",
	  "stranger4 0.0.0.0/0 25: A11 wide\n"
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "A11", "" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "closed behind STARTTLS, too", PUBLIC, "closed", CLOSED_WHO, { LOOP, "", "starttls" },
	  { MAIN(LOOP), MASTER(SMTP) } },
	{ "STARTTLS is offered and fails here", PUBLIC, "unknown", CLOSED_WHO,
	  { LOOP, "", "starttls no-tls" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "STARTTLS is offered and nobody gets it", PUBLIC, "closed", CLOSED_WHO,
	  { LOOP, "", "starttls no-tls tls-gone" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "nobody is said to get STARTTLS, and one waits for it", PUBLIC, "unknown", CLOSED_WHO,
	  { LOOP, "", "starttls tls-late tls-gone" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "STARTTLS is offered, and the session under it ends before a hello", PUBLIC, "unknown", CLOSED_WHO,
	  { LOOP, "", "starttls tls-late" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "strangers are put off under STARTTLS", PUBLIC, "unknown", CLOSED_WHO,
	  { LOOP, "", "starttls tls-putoff" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "STARTTLS is not offered to strangers", PUBLIC, "closed", CLOSED_WHO,
	  { LOOP, "", "starttls tls-to-own no-tls" }, { MAIN(LOOP), MASTER(SMTP) } },
	{ "any password will do", LAN, "world",
	  "stranger4 0.0.0.0/0 25: S10 wide\n"
	  "loopback 127.0.0.1 25: E01\nloopback ::1 25: E01\n"
	  "range 127.0.0.0/8 25: E01\nrange ::1 25: E01\n",
	  { LOOP, "S10", "" }, { MAIN(LOOP), MASTER(SMTP) } },
};

/* ---- the server ----------------------------------------------------------------- */

static bool has_word(const char *words, const char *word)
{
	struct str rest = str_of(words), w;
	while (str_word(&rest, &w))
		if (str_eq(w, str_of(word)))
			return true;
	return false;
}

static bool is_trusted(const struct server *s, const struct ip *ip)
{
	struct str rest = str_of(s->trusts), w;
	while (str_word(&rest, &w)) {
		struct prefix p;
		char text[PREFIX_TEXT_MAX];
		assert_true(str_copy(text, sizeof(text), w));
		for (char *c = text; *c; c++)
			if (*c == '[' || *c == ']')
				memmove(c, c + 1, strlen(c));
		assert_int_equal(prefix_parse(str_of(text), &p, NULL), ERR_OK);
		if (prefix_contains(&p, ip))
			return true;
	}
	return false;
}

static struct audit_heard hear(const struct server *s, const struct audit_question *q,
                               const struct audit_try *t)
{
	static const struct audit_heard taken = { 250, "2.1.5", "Ok" };
	static const struct audit_heard denied = { 554, "5.7.1", "Relay access denied" };
	static const struct audit_heard unknown = { 550, "5.1.1", "User unknown" };
	static const struct audit_heard later = { 450, "4.2.0", "Greylisted, come back later" };
	static const struct audit_heard login = { 554, "5.7.1", "Client host rejected: Access denied" };
	static const struct audit_heard wanted = { 530, "5.7.0", "Authentication required" };
	const bool control = strcmp(t->form, "A00") == 0;
	if (q->port->for_login)
		return has_word(s->does, "login-wanted") ? wanted : login;
	if (has_word(s->does, "tls-putoff") && q->tls == AUDIT_STARTTLS)
		return later;
	if (has_word(s->does, "knows") && !is_trusted(s, &q->from))
		return login;
	if (has_word(s->does, "putoff") && !is_trusted(s, &q->from))
		return later;
	if (control)
		return has_word(s->does, "no-control") ? unknown : taken;
	if (strcmp(t->form, "A01") == 0)
		return has_word(s->does, "nobodies") ? taken : unknown;
	if (has_word(s->forms, t->form))
		return taken;
	return is_trusted(s, &q->from) && strcmp(t->form, "E01") == 0 ? taken : denied;
}

/* What came of the session itself. */
static void connect_to(const struct server *s, struct audit_question *q)
{
	const bool offered = has_word(s->does, "starttls") &&
	                     (!has_word(s->does, "tls-to-own") || ip_is_loopback(&q->from));
	const bool late = has_word(s->does, "tls-late"), fails = has_word(s->does, "no-tls");
	q->end = has_word(s->does, "hangs") ? AUDIT_NO_ANSWER : AUDIT_ASKED;
	q->end_text = "no answer in time";
	q->tls_offered = offered;
	if (q->tls != AUDIT_STARTTLS)
		return;
	if (!offered || late || fails)
		q->end = AUDIT_NO_ANSWER;
	q->no_tls = !offered || fails;
	q->tls_offered = offered && !late;
}

static bool is_plain(const struct audit_question *q)
{
	return q->try_n == 1 && strcmp(q->tries[0].form, "E01") == 0;
}

/* What came of the connection; `first`: the controls are over. */
static void end_find(const struct server *s, struct audit_question *q, bool first)
{
	const char *late = q->claim == AUDIT_AS_ITSELF ? "late-forms" : "late-claims";
	const bool form = first && !is_plain(q);
	/* It would be a connection to itself. */
	assert_false(q->claim == AUDIT_CLAIM_PORT25 && q->at.port == 25 &&
	             ip_eq(&q->from, &q->at.ip));
	q->late = form && has_word(s->does, late);
	connect_to(s, q);
	q->nobody = (has_word(s->does, "loopback-only") && !is_trusted(s, &q->from)) ||
	            (has_word(s->does, "second") && q->at.ip.b[0] == 198 && q->at.ip.b[3] == 7);
	if (q->nobody || q->late || (form && has_word(s->does, "hangs-up")))
		q->end = AUDIT_NO_ANSWER;
	if (form && has_word(s->does, "slow") && q->asker->kind == AUDIT_STRANGER6)
		q->end = AUDIT_NOT_ASKED;
}

static void answer(struct audit_plan *plan, const struct server *s, size_t first)
{
	static const struct audit_heard ok = { 250, "2.1.0", "Ok" };
	for (size_t i = first; i < plan->n; i++) {
		struct audit_question *q = &plan->questions[i];
		end_find(s, q, first > 0);
		if (q->end != AUDIT_ASKED)
			continue;
		q->claim_taken = q->claim == AUDIT_CLAIM_LOGIN ||
		                 q->claim == AUDIT_CLAIM_CERTIFICATE;
		if (q->claim != AUDIT_AS_ITSELF && !q->claim_taken)
			continue;
		if (q->control) {
			q->controlled = *q->control;
			struct audit_heard heard = hear(s, q, q->control);
			audit_answer(plan, q, &q->controlled, &ok, &heard);
		}
		for (size_t k = 0; k < q->try_n; k++) {
			struct audit_heard heard = hear(s, q, &q->tries[k]);
			audit_answer(plan, q, &q->tries[k], &ok, &heard);
		}
	}
}

/* ---- one row ----------------------------------------------------------------------- */

static const char *who_text(const struct audit_report *r)
{
	struct buf out = { 0 };
	char text[PREFIX_TEXT_MAX];
	for (size_t i = 0; i < r->who_n; i++) {
		const struct audit_who *w = &r->who[i];
		buf_printf(&out, "%s %s %u:", audit_asker_name(w->asker)
		                              ? audit_asker_name(w->asker) : "outside",
		           prefix_format(&w->asker->network, text), w->port);
		for (size_t k = 0; k < w->form_n; k++)
			buf_printf(&out, " %s", w->forms[k]);
		buf_printf(&out, "%s%s%s\n", w->some ? " some" : "", w->sound ? "" : " wide",
		           w->strangers ? " strangers" : "");
	}
	const char *kept = arena_strdup(r->arena, buf_str(&out));
	buf_fini(&out);
	return kept;
}

static void find_askers(struct facts *f, struct audit_config *config, struct audit_ground *g)
{
	const struct audit_reading *r = audit_config_reading(config);
	struct prefix *trusted = arena_alloc(f->arena, (r->trust_n + 1) * sizeof(*trusted));
	struct audit_asker *askers;
	for (size_t i = 0; i < r->trust_n; i++)
		trusted[i] = r->trusts[i].range;
	const struct audit_asked asked = { .trusted = trusted, .trusted_n = r->trust_n };
	assert_int_equal(audit_kinds(f, &asked, &askers, &g->asker_n), ERR_OK);
	g->askers = askers;
}

static void audit(const struct audit_row_want *row, struct arena *a, struct audit_report *report)
{
	static const char *const controls[] = { "<postmaster>", "<postmaster@{R}>", NULL };
	struct audit_files files = { memory_read, memory_list, (void *)row->files };
	struct facts *f = arena_alloc(a, sizeof(*f));
	struct audit_config *config;
	struct audit_plan plan;
	host_build(f, a, row->host);
	const struct audit_config_given given = { .mta = MTA_POSTFIX, .hostname = "mx.a.example",
	                                          .facts = f };
	assert_int_equal(audit_config_read(&files, &given, a, &config), ERR_OK);
	struct audit_ground g = {
		.facts = f, .config = config, .machine_name = "mx", .host_name = "mx.a.example",
		.domain = "a.example", .user = "bob", .controls = controls,
		.foreign = "recipient.example", .other = "sender.example", .mx_here = "mx-here.example",
	};
	find_askers(f, config, &g);
	audit_plan_init(&plan, &g, a);
	assert_true(audit_plan_controls(&plan));
	answer(&plan, &row->server, 0);
	size_t first = plan.n;
	assert_true(audit_plan_plain(&plan));
	answer(&plan, &row->server, first);
	first = plan.n;
	plan.authority = true;
	assert_true(audit_plan_forms(&plan));
	answer(&plan, &row->server, first);
	const struct audit_tls_gone gone = { .why = "It is broken." };
	struct audit_known known = { .ground = &g, .questions = plan.questions,
	                             .question_n = plan.n, .started = !row->by_reading,
	                             .by_reading = row->by_reading, .not_started = "",
	                             .clients_left = row->too_many, .tls_gone = &gone,
	                             .tls_gone_n = has_word(row->server.does, "tls-gone") };
	struct audit_arrival *arrivals;
	for (size_t i = 0; i < f->proxy_n && i < 1; i++) {
		assert_int_equal(audit_arrivals(f, &f->proxies[i].to, &arrivals, &known.arrival_n),
		                 ERR_OK);
		known.arrivals = arrivals;
	}
	*report = (struct audit_report){ .arena = a, .mta = MTA_POSTFIX };
	audit_judge(&known, report);
}

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct audit_report report;
		audit(&rows[i], &a, &report);
		const char *who = who_text(&report);
		if (strcmp(audit_verdict_name(report.verdict), rows[i].verdict) ||
		    strcmp(who, rows[i].who))
			fail_msg("%s: %s (%s)\n%s\nexpected %s\n%s", rows[i].label,
			         audit_verdict_name(report.verdict), report.summary, who,
			         rows[i].verdict, rows[i].who);
		arena_fini(&a);
	}
}

/* ---- what stays open behind a verdict --------------------------------------------------- */

#define WIDE LOOP " 172.16.0.0/12"

static const struct doubt_want {
	struct audit_row_want row;       /* its who is not looked at */
	const char *doubt, *unasked, *summary;   /* parts; "": none */
	bool cut;
} doubts[] = {
	{ { "closed", PUBLIC, "closed", "", { LOOP, "", "" }, { MAIN(LOOP), MASTER(SMTP) } },
	  "", "", "(port 25)", false },
	{ { "a port that puts strangers off", PUBLIC, "unknown", "", { LOOP, "", "putoff" },
	    { MAIN(LOOP), MASTER(SMTP) } },
	  "a stranger, by IPv4 could not be asked at port 25: refused for another reason: 450",
	  "a stranger, by IPv6, port 25", "not known: a stranger, by IPv4 could not", false },
	{ { "a port for whom it knows", PUBLIC, "closed", "", { LOOP, "", "knows" },
	    { MAIN(LOOP), MASTER("smtp inet n - y - - smtpd\n"
	                         " -o smtpd_client_restrictions=$known\n"
	                         " -o known=permit_mynetworks,reject\n") } },
	  "", "", "closed", false },
	{ { "a port for whom it knows, and some by a list", PUBLIC, "unknown", "",
	    { LOOP, "", "knows" },
	    { MAIN(LOOP), MASTER("smtp inet n - y - - smtpd\n -o smtpd_client_restrictions="
	                         "check_client_access,cidr:/x,reject\n") } },
	  "a stranger, by IPv4 could not be asked at port 25", "a stranger, by IPv4, port 25",
	  "not known", false },
	{ { "wide, and strangers are put off", DOCKER, "wide", "", { WIDE, "", "putoff" },
	    { MAIN(WIDE), MASTER(SMTP) } },
	  "a stranger, by IPv4 could not be asked at port 25", "a stranger, by IPv4, port 25",
	  "open to more", false },
	{ { "wide by the reading alone", DOCKER, "wide", "", { WIDE, "", "" },
	    { MAIN(WIDE), MASTER(SMTP) }, .by_reading = true },
	  "the server could not be asked", "the server itself", "open to more", false },
	{ { "wide, and a port that nobody knows", DOCKER, "wide", "", { WIDE, "", "" },
	    { MAIN(WIDE), MASTER(SMTP "nosuchservice inet n - y - - smtpd\n") } },
	  "not all of its ports", "all of its ports", "open to more", false },
	{ { "more clients than can be asked", PUBLIC, "unknown", "", { LOOP, "", "" },
	    { MAIN(LOOP), MASTER(SMTP) }, .too_many = true },
	  "more clients", "all clients", "not known", false },
	{ { "no time for IPv6", PUBLIC, "closed", "", { LOOP, "", "slow" },
	    { MAIN(LOOP), MASTER(SMTP) } },
	  "", "", "forms were asked in time, not all of a stranger, by IPv6 at port 25", true },
	{ { "no time for IPv6, and wide", DOCKER, "wide", "", { WIDE, "", "slow" },
	    { MAIN(WIDE), MASTER(SMTP) } },
	  "", "", "forms were asked in time, not all of a stranger, by IPv6", true },
	{ { "forms that are not answered in time", PUBLIC, "closed", "", { LOOP, "", "late-forms" },
	    { MAIN(LOOP), MASTER(SMTP) } },
	  "", "", "forms were asked in time, not all of a stranger, by IPv4 at port 25", true },
	{ { "claims that are not answered in time", PUBLIC, "closed", "",
	    { LOOP, "", "late-claims" }, { MAIN(LOOP), MASTER(SMTP) } },
	  "", "", "forms were asked in time, not all of a stranger, by IPv4 at port 25", true },
	{ { "strangers are turned away", PUBLIC, "closed", "", { LOOP, "", "hangs-up" },
	    { MAIN(LOOP), MASTER(SMTP) } },
	  "", "", "strangers were turned away", true },
};

/* A claim that nobody answered was not refused; one that is hung up on was. */
static void check_claims(const struct audit_row_want *row, const struct audit_report *r)
{
	bool left = false;
	for (size_t i = 0; i < r->unasked_n; i++)
		left |= strcmp(r->unasked[i].what, "S04, port 25") == 0;
	CHECK_ROW(row->label, left == (has_word(row->server.does, "late-claims") ||
	                               has_word(row->server.does, "slow")));
}

static void check_doubt(const struct doubt_want *d)
{
	struct arena a = { 0 };
	struct audit_report r;
	audit(&d->row, &a, &r);
	const char *weighing = "";
	for (size_t i = 0; i < r.unasked_n; i++)
		if (r.unasked[i].weighs)
			weighing = arena_printf(&a, "%s%s: %s\n", weighing, r.unasked[i].what,
			                        r.unasked[i].why);
	if (strcmp(audit_verdict_name(r.verdict), d->row.verdict) || r.cut != d->cut ||
	    !strstr(r.doubt, d->doubt) || !d->doubt[0] != !r.doubt[0] ||
	    !strstr(weighing, d->unasked) || !d->unasked[0] != !weighing[0] ||
	    !strstr(r.summary, d->summary) ||
	    r.cut != (r.forms_asked < r.forms_planned && r.forms_planned) ||
	    (!r.forms_planned && r.forms_asked))
		fail_msg("%s: %s, cut %d, %zu of %zu\n%s\n%s\n%s", d->row.label,
		         audit_verdict_name(r.verdict), r.cut, r.forms_asked, r.forms_planned,
		         r.doubt, weighing, r.summary);
	check_claims(&d->row, &r);
	arena_fini(&a);
}

static void test_doubts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doubts) / sizeof(*doubts); i++)
		check_doubt(&doubts[i]);
}

/* ---- what one answer says ---------------------------------------------------------- */

static void test_answers(void **state)
{
	static const struct {
		const char *form;
		struct audit_heard mail, rcpt;
		enum audit_said said;
	} said[] = {
		{ "E01", { 250, "", "Ok" }, { 250, "", "Ok" }, AUDIT_TAKEN },
		{ "E01", { 250, "", "Ok" }, { 454, "4.7.1", "<x>: Relay access denied" }, AUDIT_REFUSED },
		{ "E01", { 250, "", "Ok" }, { 550, "", "relay not permitted" }, AUDIT_REFUSED },
		{ "E01", { 250, "", "Ok" }, { 550, "5.7.1", "Relaying denied" }, AUDIT_REFUSED },
		{ "E01", { 250, "", "Ok" }, { 550, "", "Invalid recipient: <x@recipient.example>" },
		  AUDIT_REFUSED },
		{ "E01", { 250, "", "Ok" }, { 450, "4.2.0", "Greylisted" }, AUDIT_REFUSED_ELSE },
		{ "E01", { 250, "", "Ok" },
		  { 450, "4.1.1", "<x@y>: Recipient address rejected: unverified address" },
		  AUDIT_REFUSED_ELSE },
		{ "E01", { 250, "", "Ok" }, { 451, "4.3.0", "Temporary lookup failure" },
		  AUDIT_REFUSED_ELSE },
		{ "E01", { 550, "5.7.1", "Client host rejected: cannot find your hostname" }, { 0, "", "" },
		  AUDIT_REFUSED_ELSE },
		{ "A02", { 553, "5.7.1", "Sender address rejected: not logged in" }, { 0, "", "" },
		  AUDIT_REFUSED },
		{ "E01", { 553, "5.7.1", "Sender address rejected: not logged in" }, { 0, "", "" },
		  AUDIT_REFUSED_ELSE },
		{ "E14", { 250, "", "Ok" }, { 501, "5.1.3", "Bad recipient address syntax" },
		  AUDIT_REFUSED },
		{ "E14", { 0, "", "" }, { 0, "", "" }, AUDIT_UNSAID },
		{ "E01", { 250, "", "Ok" }, { 0, "", "" }, AUDIT_UNSAID },
	};
	(void)state;
	struct arena a = { 0 };
	struct audit_plan plan = { .arena = &a };
	const struct audit_question q = { .helo = "client.example", .from = { 4, { 8, 8, 8, 8 } },
	                                  .at.port = 25 };
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		struct audit_try t = { .form = said[i].form, .mail = "<asker@sender.example>",
		                       .rcpt = "<x@recipient.example>" };
		audit_answer(&plan, &q, &t, &said[i].mail, &said[i].rcpt);
		if (t.said != said[i].said)
			fail_msg("%s %d %s / %d %s: said %d", said[i].form, said[i].mail.code,
			         said[i].mail.text, said[i].rcpt.code, said[i].rcpt.text, t.said);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
