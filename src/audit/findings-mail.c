/* SPDX-License-Identifier: ISC
 *
 * Findings of the configuration on what is taken besides relaying: senders that belong to no login
 * (C15), messages smuggled in behind a bare LF (C17), mail for nobody that is bounced (C18). All
 * of them are advice.
 */
#include "audit/findings-private.h"

#include <assert.h>

static bool is_reached_at_all(struct findings *fs)
{
	for (size_t i = 0; i < fs->reading->port_n; i++)
		if (finding_is_reached(fs, &fs->reading->ports[i]))
			return true;
	return false;
}

/* ---- senders of a login (C15) ---------------------------------------------------- */

static const char *const lists[] = {
	"smtpd_sender_restrictions", "smtpd_recipient_restrictions", "smtpd_relay_restrictions",
	"smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_data_restrictions",
	"smtpd_end_of_data_restrictions",
};

/* Whether one of the lists of restrictions has that word in it. */
static bool lists_say(struct findings *fs, const char *service, const char *word)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (strstr(finding_value(fs, service, lists[i]), word))
			return true;
	return false;
}

static void sender_postfix(struct findings *fs, const struct audit_port *port)
{
	const char *service = port->service ? port->service : "";
	const char *old = finding_value(fs, service, "smtpd_sender_restrictions");
	if (!finding_offers_login(fs, service) || lists_say(fs, service, "sender_login_mismatch")
	    || lists_say(fs, service, "check_policy_service") || finding_has(fs, "C15")
	    || strlen(old) > 1000)
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C15", NULL, 10);
	finding_say(fs, d, "Who logs in at port %u may send as anybody: no list of restrictions "
	            "has reject_sender_login_mismatch or one of its kin. One stolen password is "
	            "enough to send as each of your users.", port->port);
	finding_setting(d, finding_set(fs, service, "smtpd_sasl_auth_enable"));
	finding_setting(d, finding_set(fs, service, "smtpd_sender_restrictions"));
	if (!finding_value(fs, service, "smtpd_sender_login_maps")[0]) {
		finding_fix(fs, d, "# Write into /etc/postfix/sender_login which login owns which "
		            "address, as \"user@example.org login\"; then:");
		finding_fix_command(fs, d, "postmap hash:/etc/postfix/sender_login");
		finding_fix_postfix(fs, d, "", "smtpd_sender_login_maps",
		                    "hash:/etc/postfix/sender_login");
	}
	finding_fix_postfix(fs, d, service, "smtpd_sender_restrictions", arena_printf(
		fs->a, "reject_authenticated_sender_login_mismatch%s%s", old[0] ? ", " : "",
		finding_unexpanded(fs, old)));
	finding_fix_reload(fs, d);
	finding_check(fs, d, "log in as one user and send as another: 553");
}

static void sender_opensmtpd(struct findings *fs, const struct audit_port *port)
{
	const struct str text = str_of(port->place.text);
	if (!port->for_login || str_search(text, STR(" senders ")) != SIZE_MAX
	    || finding_has(fs, "C15"))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C15", NULL, 10);
	finding_say(fs, d, "Who logs in at port %u may send as anybody: its listener has no table "
	            "of senders.", port->port);
	finding_line(d, "listen", &port->place);
	finding_fix(fs, d, "# Write into /etc/mail/senders which login owns which addresses, as "
	            "\"login user@example.org\".");
	finding_fix_place(fs, d, &port->place);
	finding_fix(fs, d, "table senders_of_logins file:/etc/mail/senders");
	finding_fix(fs, d, "%s senders <senders_of_logins>", port->place.text);
	finding_fix_reload(fs, d);
	finding_check(fs, d, "log in as one user and send as another: refused");
}

/* A setting of an authenticator by which it checks logins; NULL: there is none. */
static const struct audit_setting *authenticator(struct findings *fs)
{
	const struct audit_setting *offered = finding_set(fs, "", "auth_advertise_hosts");
	for (size_t i = 0; i < fs->reading->setting_n && !(offered && !offered->value[0]); i++) {
		const struct audit_setting *s = &fs->reading->settings[i];
		if (s->service && s->service[0] && str_prefix(str_of(s->name), STR("server_")))
			return s;
	}
	return NULL;
}

static void sender_exim(struct findings *fs)
{
	const struct audit_setting *login = authenticator(fs);
	if (!login || finding_set(fs, "", "acl $authenticated_id"))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C15", NULL, 10);
	finding_say(fs, d, "Who logs in (%s) may send as anybody: no ACL compares "
	            "$authenticated_id with the sender.", login->service);
	finding_setting(d, login);
	finding_catalogue_fix(fs, d);
}

/* ---- a bare LF (C17) ------------------------------------------------------------- */

/* The next number of a version; its place behind it. */
static unsigned next_number(const char **version)
{
	unsigned n = 0;
	while (**version && !ascii_isdigit((unsigned char)**version) && **version != '-'
	       && **version != '+' && **version != '~')
		++*version;
	while (ascii_isdigit((unsigned char)**version) && n < 100000)
		n = n * 10 + (unsigned)(*(*version)++ - '0');
	return n;
}

/* <0, 0, >0 by the numbers before a "-". */
static int version_cmp(const char *a, const char *b)
{
	for (int i = 0; i < 4; i++) {
		const unsigned x = next_number(&a), y = next_number(&b);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/* Whether the package is one of Debian's in which it is mended: "4.96-15+deb12u" and from which
 * number on. */
static bool is_patched(const char *version, const char *package, unsigned from)
{
	const size_t n = strlen(package);
	const char *rest = version + n;
	return strncmp(version, package, n) == 0 && next_number(&rest) >= from;
}

static void program_finding(struct findings *fs)
{
	/* CVE-2023-51765 (Sendmail), -51766 (Exim); DSA 5597. */
	static const struct {
		enum mta mta;
		const char *first, *packages[2], *update;
		unsigned from[2];
	} rows[] = {
		{ MTA_EXIM, "4.97.1", { "4.96-15+deb12u", "4.94.2-7+deb11u" }, "exim4-base",
		  { 4, 2 } },
		{ MTA_SENDMAIL, "8.18", { "8.17.1.9-2+deb12u", NULL }, "sendmail-bin", { 2, 0 } },
	};
	const char *version = fs->report->version;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && version[0]; i++) {
		bool patched = rows[i].mta != fs->report->mta
		               || version_cmp(version, rows[i].first) >= 0;
		for (size_t k = 0; k < 2 && !patched && rows[i].packages[k]; k++)
			patched = is_patched(version, rows[i].packages[k], rows[i].from[k]);
		if (patched)
			continue;
		struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C17", NULL, 15);
		finding_say(fs, d, "This is %s %s; a bare LF no longer ends a message from %s on. "
		            "Whether who packaged this one has mended it can't be told by its "
		            "version.", mta_title(fs->report->mta), version, rows[i].first);
		finding_fix(fs, d, "apt-get install --only-upgrade %s", rows[i].update);
		finding_check(fs, d, "the changelog of the package names %s",
		              rows[i].mta == MTA_EXIM ? "CVE-2023-51766" : "CVE-2023-51765");
	}
}

/* Whether that Postfix has the parameter: since 3.5.23, 3.6.13, 3.7.9, 3.8.4. */
static bool has_bare_newline(const char *version)
{
	static const char *const first[] = { "3.5.23", "3.6.13", "3.7.9", "3.8.4" };
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (strncmp(version, first[i], 4) == 0)
			return version_cmp(version, first[i]) >= 0;
	return version_cmp(version, "3.5") >= 0;
}

static void newline_postfix(struct findings *fs)
{
	const struct audit_setting *s = finding_set(fs, "", "smtpd_forbid_bare_newline");
	const char *version = fs->report->version;
	if (!s || !str_caseeq(str_of(s->value), STR("no")))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C17", NULL, 15);
	finding_say(fs, d, "%s %s: a bare LF ends a line, and a stranger may hide a second "
	            "message, with a sender of his choice, in an innocent one.",
	            finding_at(fs, "smtpd_forbid_bare_newline", &s->place),
	            s->place.line ? "sets smtpd_forbid_bare_newline to no" : "is no");
	finding_setting(d, s);
	if (version[0] && !has_bare_newline(version)) {
		finding_fix(fs, d, "# Postfix %s does not have the parameter yet:", version);
		finding_fix(fs, d, "apt-get install --only-upgrade postfix");
	}
	finding_fix_postfix(fs, d, "", "smtpd_forbid_bare_newline", "normalize");
	finding_fix_reload(fs, d);
	finding_check(fs, d, "postconf -h smtpd_forbid_bare_newline");
}

/* ---- mail for nobody (C18) -------------------------------------------------------- */

static void bounce_finding(struct findings *fs, const struct audit_setting *s, const char *what,
                           const char *name, const char *value)
{
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C18", NULL, 12);
	finding_say(fs, d, "%s: %s Mail to a name that nobody has is taken, and bounced to whoever "
	            "was forged as its sender.", finding_at(fs, s->name, &s->place), what);
	finding_setting(d, s);
	if (str_prefix(str_of(value), STR("hash:"))) {
		finding_fix(fs, d, "# Write into %s all names of these domains, as "
		            "\"user@example.org OK\"; then:", value + strlen("hash:"));
		finding_fix_command(fs, d, arena_printf(fs->a, "postmap %s", value));
	}
	finding_fix_postfix(fs, d, "", name, value);
	finding_fix_reload(fs, d);
	finding_check(fs, d, "mail to nobody-here at each of the domains gets a 550");
}

static void bounces_postfix(struct findings *fs)
{
	const struct audit_setting *local = finding_set(fs, "", "local_recipient_maps");
	const struct audit_setting *relayed = finding_set(fs, "", "relay_domains");
	const bool verifies = lists_say(fs, "", "reject_unverified_recipient");
	if (verifies || finding_has(fs, "C33"))
		return;
	if (local && local->place.line && !local->value[0]
	    && !finding_value(fs, "", "luser_relay")[0]
	    && finding_value(fs, "", "mydestination")[0])
		bounce_finding(fs, local, "local_recipient_maps is empty, so every name at the "
		               "domains of mydestination is taken.", "local_recipient_maps",
		               "proxy:unix:passwd.byname $alias_maps");
	if (relayed && relayed->place.line && relayed->value[0]
	    && !finding_value(fs, "", "relay_recipient_maps")[0])
		bounce_finding(fs, relayed, "relay_domains has no relay_recipient_maps beside it.",
		               "relay_recipient_maps", "hash:/etc/postfix/relay_recipients");
}

/* Where a stranger's mail was taken for a mailbox that nobody has; NULL: nowhere. */
static const struct audit_try *nobody_taken(const struct findings *fs)
{
	for (size_t i = 0; i < fs->known->question_n; i++) {
		const struct audit_question *q = &fs->known->questions[i];
		for (size_t k = 0; k < q->try_n; k++)
			if (!strcmp(q->tries[k].form, "A01") && q->tries[k].said == AUDIT_TAKEN)
				return &q->tries[k];
	}
	return NULL;
}

static void bounces_exim(struct findings *fs)
{
	const struct audit_try *taken = nobody_taken(fs);
	const struct audit_setting *acl = finding_set(fs, "", "acl_smtp_rcpt");
	if (!taken || !acl || finding_set(fs, "", "acl verify = recipient"))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C18", NULL, 12);
	finding_say(fs, d, "Mail for %.200s was taken, and no ACL has \"verify = recipient\": if "
	            "no router has a mailbox for it, it is bounced to whoever was forged as its "
	            "sender.", taken->rcpt);
	finding_setting(d, acl);
	finding_catalogue_fix(fs, d);
}

void findings_of_mail(struct findings *fs)
{
	const bool reached = is_reached_at_all(fs);
	for (size_t i = 0; i < fs->reading->port_n; i++) {
		if (fs->report->mta == MTA_POSTFIX)
			sender_postfix(fs, &fs->reading->ports[i]);
		else if (fs->report->mta == MTA_OPENSMTPD)
			sender_opensmtpd(fs, &fs->reading->ports[i]);
	}
	if (fs->report->mta == MTA_EXIM)
		sender_exim(fs);
	if (!reached)
		return;
	if (fs->report->mta == MTA_EXIM)
		bounces_exim(fs);
	if (fs->report->mta == MTA_POSTFIX) {
		newline_postfix(fs);
		bounces_postfix(fs);
	} else {
		program_finding(fs);
	}
	assert(fs->n <= FINDING_DRAFTS_MAX);
}
