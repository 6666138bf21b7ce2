/* SPDX-License-Identifier: ISC
 *
 * Findings of the configuration alone, also where nothing relays yet: who is believed by PROXY and
 * XCLIENT (C7), how logins are offered (C8), ports that are open by mistake. What concerns mail
 * itself stands in findings-mail.c.
 */
#include "audit/exim-private.h"
#include "audit/findings-private.h"

#include <assert.h>

/* ---- who is believed (C7) ------------------------------------------------------- */

/* The first item of a list of hosts that many strangers may be; NULL. */
static const char *wide_item(struct findings *fs, struct str list)
{
	struct gather g = { .a = fs->a };
	struct str item;
	char separator = 0;
	const bool exim = fs->report->mta == MTA_EXIM;
	for (int i = 0; i < 1000; i++) {
		if (exim ? !exim_item(&g, &list, &separator, &item)
		         : !str_token(&list, ", \t", &item))
			return NULL;
		if (finding_is_wide_host(item))
			return arena_strdup(fs->a, item);
	}
	return NULL;
}

static void hosts_finding(struct findings *fs, const char *service, const char *name,
                          const char *what)
{
	const struct audit_setting *s = finding_set(fs, service, name);
	const char *wide = s ? wide_item(fs, str_of(s->value)) : NULL;
	if (!wide || finding_has(fs, "C7"))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_WARN, "C7", NULL, FINDING_EVERYBODY - 2);
	finding_say(fs, d, "%s (%s) believes %s from %s: who connects from there says himself "
	            "which client he is, 127.0.0.1 for one.", finding_at(fs, name, &s->place), name,
	            what, wide);
	finding_setting(d, s);
	finding_fix(fs, d, "# Name your proxies alone, or nobody:");
	if (fs->report->mta == MTA_POSTFIX) {
		finding_fix_postfix(fs, d, service, name, finding_list_narrow(fs, s->value));
	} else {
		finding_fix_place(fs, d, &s->place);
		finding_fix(fs, d, "%s =", name);
	}
	finding_fix_reload(fs, d);
	finding_check(fs, d, fs->report->mta == MTA_POSTFIX ? "postconf -xh %s" : "exim4 -bP %s",
	              name);
}

/* Whether strangers were asked to be believed there, and were (1) or were not (0); -1: nobody
 * asked. */
static int header_believed(const struct findings *fs, uint16_t port)
{
	int believed = -1;
	for (size_t i = 0; i < fs->known->question_n; i++) {
		const struct audit_question *q = &fs->known->questions[i];
		if ((q->claim != AUDIT_CLAIM_PROXY1 && q->claim != AUDIT_CLAIM_PROXY2)
		    || q->at.port != port || q->end != AUDIT_ASKED
		    || !audit_is_stranger(q->asker))
			continue;
		if (believed < 1)
			believed = q->claim_taken;
	}
	return believed;
}

/* A port at which a PROXY header is expected, from whoever reaches it. */
static void proxy_finding(struct findings *fs, const struct audit_port *port,
                          const char *parameter, const struct audit_place *place)
{
	const int believed = header_believed(fs, port->port);
	if (finding_has(fs, "C7") || believed == 0 || !finding_is_reached(fs, port))
		return;
	struct finding_draft *d = finding_begin(fs, believed > 0 ? AUDIT_WARN : AUDIT_ADVICE, "C7",
	                                        NULL, FINDING_EVERYBODY - 2);
	finding_say(fs, d, "Port %u takes a PROXY header (%s), %s. Who reaches that port says "
	            "himself which client he is.", port->port, finding_at(fs, parameter, place),
	            believed > 0 ? "and believed a stranger's"
	                         : "and listens at more than the loopback address");
	finding_line(d, parameter, place);
	finding_line(d, "", &port->place);
	finding_fix(fs, d, "# Let the port listen where the proxy alone reaches it, or keep all "
	            "others out in the packet filter:");
	finding_fix(fs, d, "nft add rule inet filter input tcp dport %u ip saddr != PROXY-ADDRESS "
	            "drop", port->port);
	finding_check(fs, d, "from another host, a connection to port %u is not made", port->port);
}

static void proxies_postfix(struct findings *fs, const struct audit_port *port)
{
	static const char *const names[] = { "smtpd_upstream_proxy_protocol",
	                                     "postscreen_upstream_proxy_protocol" };
	for (size_t i = 0; i < 2; i++) {
		const char *service = port->service ? port->service : "";
		const struct audit_setting *s = finding_set(fs, service, names[i]);
		/* postscreen's own counts at its port, 25. */
		if (s && s->value[0] && s->place.line && (i == 0 || port->port == 25))
			proxy_finding(fs, port, names[i], &s->place);
	}
}

static void proxies_opensmtpd(struct findings *fs, const struct audit_port *port)
{
	if (str_search(str_of(port->place.text), STR(" proxy-v2")) != SIZE_MAX)
		proxy_finding(fs, port, "listen", &port->place);
}

static void findings_of_belief(struct findings *fs)
{
	const enum mta mta = fs->report->mta;
	for (size_t i = 0; i < fs->reading->port_n; i++) {
		const struct audit_port *port = &fs->reading->ports[i];
		const char *service = port->service ? port->service : "";
		if (mta == MTA_POSTFIX) {
			hosts_finding(fs, service, "smtpd_authorized_xclient_hosts", "XCLIENT");
			proxies_postfix(fs, port);
		} else if (mta == MTA_OPENSMTPD) {
			proxies_opensmtpd(fs, port);
		}
	}
	if (mta == MTA_EXIM) {
		hosts_finding(fs, "", "hosts_proxy", "a PROXY header");
		hosts_finding(fs, "", "hosts_xclient", "XCLIENT");
	}
}

/* ---- domains that name the server as their backup (C39) -------------------------- */

static void backup_finding(struct findings *fs, const struct audit_port *port)
{
	const struct audit_client client = {
		.ip = audit_stranger(fs->known->ground->facts, 4, NULL, 0), .port = port,
		.shows = AUDIT_BY_MX };
	const char *service = port->service ? port->service : "";
	struct audit_why why;
	audit_config_explain(fs->config, &client, &why);
	if (why.answer != AUDIT_YES || strcmp(why.cause, "C39") != 0 || finding_has(fs, "C39")
	    || !finding_is_reached(fs, port))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_WARN, "C39", NULL, FINDING_EVERYBODY - 2);
	finding_say(fs, d, "permit_mx_backup stands before the relay check at port %u, and "
	            "permit_mx_backup_networks is empty: who has a domain names this server as its "
	            "second MX, and it takes the mail.", port->port);
	for (size_t i = 0; i < why.by_n; i++)
		finding_line(d, why.by[i].parameter, &why.by[i].place);
	finding_fix_guarded(fs, d, service, true);
}

/* ---- certificates of public CAs (C44) -------------------------------------------- */

static void certificate_finding(struct findings *fs, const struct audit_port *port)
{
	static const char *const names[] = { "smtpd_tls_CAfile", "smtpd_tls_CApath" };
	const struct audit_client client = {
		.ip = audit_stranger(fs->known->ground->facts, 4, NULL, 0), .port = port,
		.shows = AUDIT_BY_CERTIFICATE | AUDIT_BY_TLS };
	const char *service = port->service ? port->service : "";
	const struct audit_setting *authorities = NULL;
	struct audit_why why;
	for (size_t i = 0; i < 2; i++) {
		const struct audit_setting *s = finding_set(fs, service, names[i]);
		if (s && (strstr(s->value, "/ssl/certs") || strstr(s->value, "ca-certificates")
		          || strstr(s->value, "ca-bundle")))
			authorities = s;
	}
	audit_config_explain(fs->config, &client, &why);
	if (!authorities || why.answer != AUDIT_YES || strcmp(why.cause, "C44") != 0
	    || finding_has(fs, "C44") || !finding_is_reached(fs, port))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_WARN, "C44", NULL, FINDING_EVERYBODY - 2);
	finding_say(fs, d, "permit_tls_all_clientcerts lets in every certificate of an authority "
	            "in %s = %s, at port %u. Those give one to everybody who asks.",
	            authorities->name, authorities->value, port->port);
	for (size_t i = 0; i < why.by_n; i++)
		finding_line(d, why.by[i].parameter, &why.by[i].place);
	finding_setting(d, authorities);
	finding_fix_guarded(fs, d, service, true);
}

/* ---- logins (C8) ---------------------------------------------------------------- */

bool finding_offers_login(struct findings *fs, const char *service)
{
	return str_caseeq(str_of(finding_value(fs, service, "smtpd_sasl_auth_enable")), STR("yes"));
}

static void login_postfix(struct findings *fs, const struct audit_port *port)
{
	const char *service = port->service ? port->service : "";
	const struct str level = str_of(finding_value(fs, service, "smtpd_tls_security_level"));
	const char *options = finding_value(fs, service, "smtpd_sasl_security_options");
	if (!finding_offers_login(fs, service))
		return;
	if (!strstr(options, "noanonymous") && !finding_has(fs, "C8")) {
		struct finding_draft *d = finding_begin(fs, AUDIT_WARN, "C8", "Anonymous logins "
		                                        "are not ruled out", FINDING_EVERYBODY - 3);
		finding_say(fs, d, "smtpd_sasl_security_options lacks noanonymous: where the "
		            "checker of logins offers the mechanism ANONYMOUS, everybody logs in, "
		            "and permit_sasl_authenticated lets him relay.");
		finding_setting(d, finding_set(fs, service, "smtpd_sasl_security_options"));
		finding_fix_postfix(fs, d, service, "smtpd_sasl_security_options", options[0]
			? arena_printf(fs->a, "noanonymous, %s", finding_unexpanded(fs, options))
			: "noanonymous");
		finding_fix_reload(fs, d);
		finding_check(fs, d, "postconf -xh smtpd_sasl_security_options");
	}
	if (port->tls_first || str_caseeq(level, STR("encrypt")) || strstr(options, "noplaintext")
	    || str_caseeq(str_of(finding_value(fs, service, "smtpd_tls_auth_only")), STR("yes"))
	    || !finding_is_reached(fs, port) || finding_has(fs, "C9"))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "C9", "Passwords may go over the "
	                                        "network in clear", 20);
	finding_say(fs, d, "Port %u offers logins without TLS: who reads the network has the "
	            "password, and relays with it.", port->port);
	finding_setting(d, finding_set(fs, service, "smtpd_sasl_auth_enable"));
	finding_fix_postfix(fs, d, service, "smtpd_tls_auth_only", "yes");
	finding_fix_reload(fs, d);
	finding_check(fs, d, "EHLO without STARTTLS offers no AUTH");
}

/* An authenticator of Exim: of the settings, those of that driver. */
static void login_exim(struct findings *fs, const char *driver)
{
	const struct audit_setting *condition = finding_set(fs, driver, "server_condition");
	const struct audit_setting *offered = finding_set(fs, "", "auth_advertise_hosts");
	const struct str value = str_of(condition ? condition->value : "");
	if (!condition || finding_has(fs, "C8") || (offered && !offered->value[0])
	    || !(str_caseeq(value, STR("true")) || str_caseeq(value, STR("yes"))
	         || str_eq(value, STR("1"))))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_WARN, "C8", NULL, FINDING_EVERYBODY - 3);
	finding_say(fs, d, "%s: the authenticator %s has server_condition = %s, which looks at no "
	            "password.", finding_at(fs, "", &condition->place), driver, condition->value);
	finding_setting(d, condition);
	finding_catalogue_fix(fs, d);
}

static void findings_of_login(struct findings *fs)
{
	const struct audit_reading *r = fs->reading;
	for (size_t i = 0; fs->report->mta == MTA_POSTFIX && i < r->port_n; i++)
		login_postfix(fs, &r->ports[i]);
	for (size_t i = 0; fs->report->mta == MTA_EXIM && i < r->setting_n; i++)
		if (r->settings[i].service && r->settings[i].service[0]
		    && !strcmp(r->settings[i].name, "server_condition"))
			login_exim(fs, r->settings[i].service);
}

/* ---- ports ---------------------------------------------------------------------- */

bool finding_is_reached(struct findings *fs, const struct audit_port *port)
{
	struct str rest, word;
	struct prefix range;
	if (port->address.family && !ip_is_unspecified(&port->address))
		return !ip_is_loopback(&port->address);
	if (fs->report->mta != MTA_POSTFIX)
		return true;
	rest = str_of(finding_value(fs, port->service ? port->service : "", "inet_interfaces"));
	if (!rest.n)
		return true;
	while (str_token(&rest, ", \t", &word))
		if (!str_caseeq(word, STR("loopback-only")) && !str_caseeq(word, STR("localhost"))
		    && !(gather_prefix(word, &range) && ip_is_loopback(&range.ip)))
			return true;
	return false;
}

/* A port to which a filter of the machine gives mail back: it asks no filter again. */
static void reinjection_finding(struct findings *fs, const struct audit_port *port)
{
	const char *service = port->service ? port->service : "";
	const struct audit_setting *filter = finding_set(fs, service, "content_filter");
	const struct audit_setting *main = finding_set(fs, "", "content_filter");
	if (!filter || !filter->service || !filter->service[0] || filter->value[0]
	    || !finding_is_reached(fs, port) || port->port == 25 || port->for_login
	    || !main || !main->value[0])
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "", "A port for a filter listens "
	                                        "to everybody", 30);
	finding_say(fs, d, "%s: port %u takes mail back from the content filter, and listens at "
	            "all addresses. Who reaches it goes around the filter.",
	            finding_at(fs, "", &port->place), port->port);
	finding_line(d, "", &port->place);
	if (finding_is_plain(str_of(service)))
		finding_fix_command(fs, d, arena_printf(
			fs->a, "%s -F '%s/inet/service=127.0.0.1:%u' && systemctl restart postfix",
			finding_postconf(fs), service, port->port));
	finding_check(fs, d, "ss -ltn 'sport = :%u' shows 127.0.0.1 alone", port->port);
}

/* A Postfix that takes mail for no domain and passes the machine's own on: it needs no other
 * clients. */
static void satellite_finding(struct findings *fs)
{
	static const char *const domains[] = { "mydestination", "relay_domains",
	                                       "virtual_alias_domains",
	                                       "virtual_mailbox_domains" };
	const struct audit_setting *relay = finding_set(fs, "", "relayhost");
	const struct audit_reading *r = fs->reading;
	bool reached = false, trusts = false;
	if (!relay || !relay->value[0])
		return;
	for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++)
		if (finding_value(fs, "", domains[i])[0])
			return;
	for (size_t i = 0; i < r->trust_n; i++) {
		const struct prefix *range = &r->trusts[i].range;
		trusts |= !ip_is_loopback(&range->ip)
		          && !(range->len == ip_bits(&range->ip)
		               && facts_is_own(fs->known->ground->facts, &range->ip));
	}
	for (size_t i = 0; i < r->port_n; i++) {
		reached |= finding_is_reached(fs, &r->ports[i]);
		trusts |= finding_offers_login(fs, r->ports[i].service ? r->ports[i].service : "");
	}
	if (!reached || trusts)
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "", "It takes no mail from "
	                                        "others, and listens to them", 8);
	finding_say(fs, d, "No domain is its own, and no other machine may relay: it only passes "
	            "on this machine's mail, to %s. It need not be reached from outside.",
	            relay->value);
	finding_setting(d, relay);
	finding_setting(d, finding_set(fs, "", "inet_interfaces"));
	finding_fix_postfix(fs, d, "", "inet_interfaces", "loopback-only");
	finding_fix_command(fs, d, "systemctl restart postfix");
	finding_check(fs, d, "ss -ltn 'sport = :25' shows loopback alone");
}

/* ---- TLS that nobody gets ------------------------------------------------------- */

static bool is_missed(const struct findings *fs, const struct audit_tls_gone *gone)
{
	for (size_t i = 0; i < fs->report->row_n; i++) {
		const struct audit_row *row = &fs->report->rows[i];
		if (row->no_tls && (!gone->port || gone->port == row->at))
			return true;
	}
	return false;
}

static void tls_gone_finding(struct findings *fs, const struct audit_tls_gone *gone)
{
	const uint16_t port = gone->port ? gone->port->port : 25;
	if (!is_missed(fs, gone))
		return;
	struct finding_draft *d = finding_begin(fs, AUDIT_ADVICE, "",
	                                        "TLS is offered, and nobody gets it", 1);
	finding_say(fs, d, "%s", gone->why);
	finding_say(fs, d, "So nobody can relay behind it now: when it works again, audit once "
	            "more.");
	finding_setting(d, gone->setting);
	if (gone->setting) {
		finding_fix(fs, d, "# Put the file there, or another's name here:");
		finding_fix_place(fs, d, &gone->setting->place);
		finding_fix(fs, d, "# %s = ...", gone->setting->name);
		finding_fix_reload(fs, d);
	}
	finding_check(fs, d, "openssl s_client -%s localhost:%u < /dev/null",
	              gone->port && gone->port->tls_first ? "connect" : "starttls smtp -connect",
	              port);
}

void findings_of_config(struct findings *fs)
{
	for (size_t i = 0; i < fs->known->tls_gone_n; i++)
		tls_gone_finding(fs, &fs->known->tls_gone[i]);
	findings_of_belief(fs);
	findings_of_login(fs);
	for (size_t i = 0; fs->report->mta == MTA_POSTFIX && i < fs->reading->port_n; i++) {
		backup_finding(fs, &fs->reading->ports[i]);
		certificate_finding(fs, &fs->reading->ports[i]);
		reinjection_finding(fs, &fs->reading->ports[i]);
	}
	if (fs->report->mta == MTA_POSTFIX)
		satellite_finding(fs);
	assert(fs->n <= FINDING_DRAFTS_MAX);
}
