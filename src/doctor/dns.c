/* SPDX-License-Identifier: ISC
 *
 * The judgement of DNS answers, one function per kind of record: see dns.h.
 */
#include "doctor/dns-private.h"

#include <assert.h>
#include <stdio.h>

static const char part[] = "dns";

enum { ABOUT_MAX = 300, LINE_MAX_BYTES = 1100, SHOWN_MAX = 700 };

/* ---- words ----------------------------------------------------------------------- */

const char *doctor_words(enum dns_status s)
{
	switch (s) {
	case DNS_NXDOMAIN: return "there is no such name";
	case DNS_NODATA: return "the name has no such record";
	case DNS_TIMEOUT: return "no answer in time";
	case DNS_REFUSED: return "the resolver refuses to answer";
	case DNS_SERVFAIL: return "the resolver could not find out (SERVFAIL)";
	default: return dns_status_name(s);
	}
}

void doctor_list_ips(const struct ip *list, size_t n, struct buf *out)
{
	char text[IP_TEXT_MAX];
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? ", " : "", ip_format(&list[i], text));
}

void doctor_list_names(const struct doctor_answer *a, struct buf *out)
{
	for (size_t i = 0; i < a->name_count; i++) {
		buf_add_cstr(out, i ? ", " : "");
		buf_add_escaped(out, str_of(a->names[i]));
	}
}

/* A text of the arena, which outlives the findings. */
static const char *keep(struct doctor_findings *f, struct buf *text)
{
	const char *kept = arena_strdup(f->arena, buf_str(text));
	buf_fini(text);
	return kept;
}

const char *doctor_line(struct doctor_findings *f, const char *name, const char *type,
                     const char *fmt, ...)
{
	struct doctor_record r = { .type = type };
	struct buf line = { 0 };
	va_list ap;
	str_copy(r.name, sizeof(r.name), str_of(name));
	va_start(ap, fmt);
	vsnprintf(r.value, sizeof(r.value), fmt, ap);
	va_end(ap);
	doctor_record_line(&r, &line);
	return keep(f, &line);
}

const char *doctor_address_line(struct doctor_findings *f, const char *name, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	return doctor_line(f, name, ip->family == 4 ? "A" : "AAAA", "%s", ip_format(ip, text));
}

static bool same_name(const char *a, const char *b)
{
	return str_caseeq(str_of(a), str_of(b));
}

/* ---- mail ------------------------------------------------------------------------ */

/* One host that mail is brought to. */
static void judge_mx_host(const struct doctor_plan *plan, const struct doctor_answer *mx,
                          size_t host, const struct doctor_answer *ips, const char *about,
                          struct doctor_findings *f)
{
	struct buf name = { 0 };
	buf_add_escaped(&name, str_of(mx->names[host]));
	if (!dns_status_final(ips->status)) {
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "the address of %s: %s",
		            buf_cstr(&name), doctor_words(ips->status));
	} else if (ips->ip_count == 0) {
		doctor_find(f, DOCTOR_MISSING, part, about, NULL, "%s has no address",
		            buf_cstr(&name));
	}
	for (size_t i = 0; i < ips->ip_count; i++) {
		char text[IP_TEXT_MAX];
		if (doctor_plan_has(plan->collectors, plan->collector_count, &ips->ips[i]))
			continue;
		doctor_find(f, DOCTOR_DIFFERS, part, about, NULL, "found %s at %s, where our "
		            "collector is not: mail that goes there is lost", buf_cstr(&name),
		            ip_format(&ips->ips[i], text));
	}
	buf_fini(&name);
}

static bool reaches(const struct doctor_answer *mx, const struct doctor_answer *ips,
                    const struct ip *ip)
{
	for (size_t i = 0; i < mx->name_count; i++)
		if (doctor_plan_has(ips[i].ips, ips[i].ip_count, ip))
			return true;
	return false;
}

/* Every host was found, and is the collector: is every address of the collector among them? */
static void judge_mx_ways(const struct doctor_plan *plan, const struct doctor_answer *mx,
                          const struct doctor_answer *ips, const char *about,
                          struct doctor_findings *f)
{
	struct buf found = { 0 };
	char text[IP_TEXT_MAX];
	size_t before = f->n;
	for (size_t i = 0; i < plan->collector_count; i++) {
		const struct ip *ip = &plan->collectors[i];
		if (reaches(mx, ips, ip) || doctor_plan_unreachable(plan, ip))
			continue;
		doctor_find(f, i == 0 ? DOCTOR_MISSING : DOCTOR_BETTER, part, about,
		            doctor_address_line(f, mx->names[0], ip), "nothing leads to %s%s",
		            ip_format(ip, text), i == 0 ? "" :
		            ", at which the collector listens as well");
	}
	if (f->n > before)
		return;
	doctor_list_names(mx, &found);
	doctor_find(f, DOCTOR_OK, part, about, NULL, "%s", buf_cstr(&found));
	buf_fini(&found);
}

static void judge_mx(const struct doctor_plan *plan, size_t domain,
                     const struct doctor_answer *mx, const struct doctor_answer *ips,
                     struct doctor_findings *f)
{
	char about[ABOUT_MAX];
	size_t before = f->n;
	const char *name = plan->domains[domain];
	const char *todo = doctor_line(f, name, "MX", "10 %s.", plan->mx_host);
	snprintf(about, sizeof(about), "MX of %s", name);
	if (doctor_is_none(mx)) {
		doctor_find(f, DOCTOR_MISSING, part, about, todo, "%s", doctor_words(mx->status));
		return;
	}
	if (mx->status != DNS_FOUND) {
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "%s", doctor_words(mx->status));
		return;
	}
	if (mx->name_count > 0 && strcmp(mx->names[0], ".") == 0) {
		doctor_find(f, DOCTOR_DIFFERS, part, about, todo, "found \".\", which says that "
		            "the domain takes no mail");
		return;
	}
	for (size_t i = 0; i < mx->name_count; i++)
		judge_mx_host(plan, mx, i, &ips[i], about, f);
	if (f->n == before)
		judge_mx_ways(plan, mx, ips, about, f);
	else if (f->v[before].status != DOCTOR_UNKNOWN)
		f->v[before].todo = todo;
}

/* ---- names of this machine ---------------------------------------------------------- */

static void judge_helo(const struct doctor_plan *plan, const struct doctor_answer *a,
                       struct doctor_findings *f)
{
	char about[ABOUT_MAX], text[IP_TEXT_MAX];
	struct buf found = { 0 };
	size_t before = f->n;
	snprintf(about, sizeof(about), "address of %s, our name in HELO", plan->helo);
	doctor_list_ips(a->ips, a->ip_count, &found);
	if (!dns_status_final(a->status))
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "%s", doctor_words(a->status));
	for (size_t i = 0; i < plan->source_count && f->n == before; i++) {
		const struct ip *ip = &plan->sources[i];
		if (doctor_plan_unreachable(plan, ip) || doctor_plan_has(a->ips, a->ip_count, ip))
			continue;
		doctor_find(f, a->ip_count ? DOCTOR_DIFFERS : DOCTOR_MISSING, part, about,
		            doctor_address_line(f, plan->helo, ip), "found %s; expected %s among "
		            "them, from which we come", a->ip_count ? buf_cstr(&found) : "none",
		            ip_format(ip, text));
	}
	if (f->n == before && a->ip_count == 0)
		doctor_find(f, DOCTOR_MISSING, part, about, NULL, "%s", doctor_words(a->status));
	if (f->n == before)
		doctor_find(f, DOCTOR_OK, part, about, NULL, "%s", buf_cstr(&found));
	buf_fini(&found);
}

/* Of an address that sends; one that only receives needs it less. */
static void judge_ptr(const struct doctor_plan *plan, const struct ip *ip, bool sends,
                      const struct doctor_answer *a, struct doctor_findings *f)
{
	char about[ABOUT_MAX], text[IP_TEXT_MAX], reverse[DOCTOR_NAME_MAX];
	const char *want = sends ? plan->helo : plan->mx_host;
	const char *kind = doctor_plan_unreachable(plan, ip);
	struct buf found = { 0 };
	bool has = false;
	snprintf(about, sizeof(about), "reverse name of %s", ip_format(ip, text));
	if (kind) {
		doctor_find(f, sends ? DOCTOR_UNKNOWN : DOCTOR_OK, part, about, NULL, "none is "
		            "expected of %s%s", kind, sends ? "; the address that others see "
		            "when tests leave from it needs one: give it to tester.seen_as, or "
		            "look yourself" : "");
		return;
	}
	doctor_reverse_name(ip, reverse);
	for (size_t i = 0; i < a->name_count; i++)
		has |= same_name(a->names[i], want);
	doctor_list_names(a, &found);
	const char *todo = doctor_line(f, reverse, "PTR", "%s.", want);
	if (has)
		doctor_find(f, DOCTOR_OK, part, about, NULL, "%s", buf_cstr(&found));
	else if (!dns_status_final(a->status))
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "%s", doctor_words(a->status));
	else if (a->name_count > 0)
		doctor_find(f, sends ? DOCTOR_DIFFERS : DOCTOR_BETTER, part, about, todo,
		            "found %s; expected %s", buf_cstr(&found), want);
	else
		doctor_find(f, sends ? DOCTOR_MISSING : DOCTOR_BETTER, part, about, todo,
		            "%s; expected %s", doctor_words(a->status), want);
	buf_fini(&found);
}

/* ---- SPF -------------------------------------------------------------------------- */

static enum doctor_spf worst_spf(const struct doctor_plan *plan, const char *domain,
                                 struct str record)
{
	enum doctor_spf worst = DOCTOR_SPF_PASS;
	for (size_t i = 0; i < plan->source_count; i++) {
		if (doctor_plan_unreachable(plan, &plan->sources[i]))
			continue;
		enum doctor_spf one = doctor_spf_judge(plan, record, str_of(domain),
		                                       &plan->sources[i]);
		worst = one > worst ? one : worst;
	}
	return worst;
}

/* A test is heard better by who checks it; none needs it. But a record that refuses us is worse
 * than none. */
void doctor_judge_spf(const struct doctor_plan *plan, const char *domain,
                   const struct doctor_answer *a, struct doctor_findings *f)
{
	char about[ABOUT_MAX];
	bool own = same_name(domain, plan->helo);
	const char *todo = own ? doctor_line(f, domain, "TXT", "\"v=spf1 a -all\"")
		: doctor_line(f, domain, "TXT", "\"v=spf1 a:%s -all\"", plan->helo);
	struct buf found = { 0 };
	snprintf(about, sizeof(about), "SPF of %s", domain);
	if (a->text_count > 0)
		buf_add_escaped(&found, str_of(a->texts[0]));
	if (!dns_status_final(a->status)) {
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "%s", doctor_words(a->status));
	} else if (a->text_count == 0) {
		doctor_find(f, DOCTOR_BETTER, part, about, todo, "there is none; some servers "
		            "would refuse what we send");
	} else if (a->text_count > 1) {
		doctor_find(f, DOCTOR_DIFFERS, part, about, todo, "found %zu records, which count "
		            "as an error; expected one", a->text_count);
	} else {
		enum doctor_spf how = worst_spf(plan, domain, str_of(a->texts[0]));
		if (how == DOCTOR_SPF_PASS)
			doctor_find(f, DOCTOR_OK, part, about, NULL, "%s", buf_cstr(&found));
		else if (how == DOCTOR_SPF_OTHER)
			doctor_find(f, DOCTOR_BETTER, part, about, todo, "found \"%s\"; whether it "
			            "lets us through is not looked at so deep",
			            buf_cstr(&found));
		else
			doctor_find(f, DOCTOR_DIFFERS, part, about, todo, "found \"%s\", which "
			            "refuses us", buf_cstr(&found));
	}
	buf_fini(&found);
}

/* ---- the list ----------------------------------------------------------------------- */

static bool are_codes(const struct doctor_answer *a)
{
	for (size_t i = 0; i < a->ip_count; i++)
		if (a->ips[i].family != 4 || a->ips[i].b[0] != 127)
			return false;
	return a->ip_count > 0;
}

/* RFC 5782 5: 127.0.0.2 is in every list, 127.0.0.1 in none. */
static const char *what_differs(const struct doctor_zone_answers *z)
{
	if (!are_codes(&z->listed))
		return "the test entry 127.0.0.2 has an address outside of 127.0.0.0/8: another "
		       "zone's records, or a parked domain";
	if (z->free.status == DNS_FOUND)
		return "127.0.0.1 is listed, too: somebody answers for every name";
	if (z->own_asked && z->own.status == DNS_FOUND &&
	    !doctor_plan_has(z->own.ips, z->own.ip_count, &z->listed.ips[0]))
		return "the test entry has another code than at our own server: it is delegated "
		       "to another one";
	return NULL;
}

static const char *delegation_line(struct doctor_findings *f, const struct blocklist_zone *z,
                                   const char *zone)
{
	char server[DNS_NAME_TEXT_MAX];
	assert(z->nameserver_count >= 1);
	dns_name_format(&z->nameservers[0], server);
	return doctor_line(f, zone, "NS", "%s.", server);
}

static void judge_zone(const struct blocklist_zone *zone, const struct doctor_zone_answers *z,
                       struct doctor_findings *f)
{
	char about[ABOUT_MAX], name[DNS_NAME_TEXT_MAX];
	bool own_answers = z->own_asked && are_codes(&z->own);
	dns_name_format(&zone->origin, name);
	snprintf(about, sizeof(about), "delegation of %.255s", name);
	const char *todo = delegation_line(f, zone, name);
	const char *differs = z->listed.status == DNS_FOUND ? what_differs(z) : NULL;
	if (differs)
		doctor_find(f, DOCTOR_DIFFERS, part, about, todo, "%s", differs);
	else if (z->listed.status == DNS_FOUND && dns_status_final(z->free.status))
		doctor_find(f, DOCTOR_OK, part, about, NULL, "127.0.0.2 is listed, 127.0.0.1 is "
		            "not");
	else if (doctor_is_none(&z->listed))
		doctor_find(f, DOCTOR_MISSING, part, about, todo, "the test entry 127.0.0.2 is not "
		            "found (%s)", doctor_words(z->listed.status));
	else if (own_answers)
		doctor_find(f, DOCTOR_WRONG, part, about, NULL, "our own server answers, the way "
		            "through the DNS does not (%s): look at the delegation, at the "
		            "addresses of its name servers, and whether port 53 is let in, by UDP "
		            "and TCP", doctor_words(z->listed.status));
	else
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "%s; look again when the role "
		            "dnsbl runs", doctor_words(z->listed.status));
}

/* An address at which nobody outside finds the name servers. */
static void judge_glue(const struct doctor_plan *plan, const struct blocklist_zone *z,
                       struct doctor_findings *f)
{
	char text[IP_TEXT_MAX];
	for (size_t i = 0; i < z->glue_count; i++) {
		const char *kind = doctor_plan_unreachable(plan, &z->glue[i]);
		if (kind)
			doctor_find(f, DOCTOR_WRONG, part, "addresses of our name servers",
			            "set dnsbl.listen or dnsbl.nameserver_address in the "
			            "configuration", "%s is %s: nobody else can ask there",
			            ip_format(&z->glue[i], text), kind);
	}
}

static void judge_dns_port(const struct doctor_plan *plan, struct doctor_findings *f)
{
	enum { DNS_PORT = 53 };
	const struct config_endpoints *listen = &plan->settings->dnsbl.listen;
	for (size_t i = 0; i < listen->n; i++)
		if (listen->v[i].port == DNS_PORT)
			return;
	doctor_find(f, DOCTOR_BETTER, part, "port of our name servers",
	            "set dnsbl.listen to port 53", "nothing of dnsbl.listen is port 53, at which "
	            "others ask, unless something in front of it leads there");
}

/* ---- all of it ---------------------------------------------------------------------- */

static void judge_collector_address(const struct doctor_plan *plan, struct doctor_findings *f)
{
	char text[IP_TEXT_MAX];
	const char *kind = plan->collector_count ?
		doctor_plan_unreachable(plan, &plan->collectors[0]) : "none";
	if (kind)
		doctor_find(f, DOCTOR_WRONG, part, "address of the collector",
		            "set tester.collector in the configuration", "%s is %s: nothing that "
		            "strangers relay could come back to it", plan->collector_count ?
		            ip_format(&plan->collectors[0], text) : "tester.collector", kind);
}

void doctor_dns_judge(const struct doctor_plan *plan, const struct doctor_dns *dns,
                      struct doctor_findings *f)
{
	if (plan->domain_count > 0)
		judge_collector_address(plan, f);
	for (size_t i = 0; i < plan->domain_count; i++)
		judge_mx(plan, i, &dns->mx[i], dns->mx_ips[i], f);
	judge_helo(plan, &dns->helo, f);
	for (size_t i = 0; i < plan->source_count; i++)
		judge_ptr(plan, &plan->sources[i], true, &dns->source_ptr[i], f);
	for (size_t i = 0; i < plan->collector_count; i++)
		if (!doctor_plan_has(plan->sources, plan->source_count, &plan->collectors[i]))
			judge_ptr(plan, &plan->collectors[i], false, &dns->collector_ptr[i], f);
	doctor_judge_spf(plan, plan->helo, &dns->helo_spf, f);
	for (size_t i = 0; i < plan->domain_count; i++)
		doctor_judge_spf(plan, plan->domains[i], &dns->spf[i], f);
	if (plan->zone_count > 0) {
		judge_glue(plan, &plan->zones[0], f);
		judge_dns_port(plan, f);
	}
	for (size_t i = 0; i < plan->zone_count; i++)
		judge_zone(&plan->zones[i], &dns->zones[i], f);
}
