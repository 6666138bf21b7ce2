/* SPDX-License-Identifier: ISC
 *
 * The judgement of the gateway's domains: whether their mail comes to this machine, whether what it
 * sends for them is believed, and whether any of it goes in a circle. See dns.h.
 */
#include "doctor/dns-private.h"

#include <stdio.h>

static const char part[] = "dns";

enum { ABOUT_MAX = 300 };

/* ---- which is this machine --------------------------------------------------------- */

static bool is_ours(const struct doctor_plan *plan, const struct doctor_dns *dns,
                    const struct ip *ip)
{
	return doctor_plan_has(plan->gateways, plan->gateway_count, ip) ||
	       doctor_plan_has(plan->machine, plan->machine_count, ip) ||
	       doctor_plan_has(dns->helo.ips, dns->helo.ip_count, ip);
}

static bool any_is_ours(const struct doctor_plan *plan, const struct doctor_dns *dns,
                        const struct doctor_answer *ips)
{
	for (size_t i = 0; i < ips->ip_count; i++)
		if (is_ours(plan, dns, &ips->ips[i]))
			return true;
	return false;
}

bool doctor_mail_is_here(const struct doctor_plan *plan, const struct doctor_dns *dns,
                         const char *name, const struct doctor_answer *ips)
{
	return str_caseeq(str_of(name), str_of(plan->helo)) || any_is_ours(plan, dns, ips);
}

/* ---- MX ------------------------------------------------------------------------------ */

struct judging {
	const struct doctor_plan *plan;
	const struct doctor_dns *dns;
	struct doctor_findings *f;
	const char *about, *todo;
};

/* RFC 5321 5.1: the domain's own addresses stand in for an MX. */
static void judge_without_mx(const struct judging *j, const struct doctor_mail_answers *a)
{
	if (any_is_ours(j->plan, j->dns, &a->own))
		doctor_find(j->f, DOCTOR_BETTER, part, j->about, j->todo, "there is none; mail "
		            "comes by the domain's own address, as long as that is ours");
	else if (!dns_status_final(a->own.status))
		doctor_find(j->f, DOCTOR_UNKNOWN, part, j->about, NULL, "there is none, and of the "
		            "domain's own address: %s", doctor_words(a->own.status));
	else
		doctor_find(j->f, DOCTOR_MISSING, part, j->about, j->todo, "%s",
		            doctor_words(a->mx.status));
}

/* What is wrong with one exchanger; NULL: nothing. */
static const char *fault_of(const struct doctor_plan *plan, const struct doctor_answer *ips)
{
	if (ips->alias)
		return "is an alias (CNAME), which no mail exchanger may be (RFC 2181 10.3)";
	if (dns_status_final(ips->status) && ips->ip_count == 0)
		return "has no address";
	for (size_t i = 0; i < ips->ip_count; i++)
		if (doctor_plan_unreachable(plan, &ips->ips[i]))
			return "has an address that others cannot reach";
	return NULL;
}

/* In *late those whose addresses are not known; how many are faulty. */
static size_t judge_hosts(const struct judging *j, const struct doctor_mail_answers *a,
                          size_t *here, size_t *late)
{
	size_t faults = 0;
	*here = *late = 0;
	for (size_t i = 0; i < a->mx.name_count; i++) {
		const struct doctor_answer *ips = &a->ips[i];
		const char *fault = fault_of(j->plan, ips);
		struct buf name = { 0 };
		buf_add_escaped(&name, str_of(a->mx.names[i]));
		*here += doctor_mail_is_here(j->plan, j->dns, a->mx.names[i], ips);
		*late += !dns_status_final(ips->status);
		faults += fault != NULL;
		if (fault)
			doctor_find(j->f, DOCTOR_WRONG, part, j->about, NULL, "%s %s",
			            buf_cstr(&name), fault);
		buf_fini(&name);
	}
	return faults;
}

/* Other hosts beside this one are no fault: they may be gateways, too. */
static void judge_ways_in(const struct judging *j, const struct doctor_mail_answers *a,
                          size_t faults, size_t here, size_t late)
{
	struct buf found = { 0 };
	doctor_list_names(&a->mx, &found);
	if (here == 0 && late > 0)
		doctor_find(j->f, DOCTOR_UNKNOWN, part, j->about, NULL, "found %s, whose addresses "
		            "could not all be found out now", buf_cstr(&found));
	else if (here == 0 && faults < a->mx.name_count)
		doctor_find(j->f, DOCTOR_DIFFERS, part, j->about, j->todo, "found %s, of which "
		            "none is known to be this machine: its mail goes elsewhere",
		            buf_cstr(&found));
	else if (here > 0 && here < a->mx.name_count)
		doctor_find(j->f, DOCTOR_OK, part, j->about, NULL, "%s; not all are this machine: "
		            "those others must know its recipients, too", buf_cstr(&found));
	else if (faults == 0)
		doctor_find(j->f, DOCTOR_OK, part, j->about, NULL, "%s", buf_cstr(&found));
	buf_fini(&found);
}

static void judge_mx(const struct doctor_plan *plan, const struct doctor_dns *dns, size_t domain,
                     struct doctor_findings *f)
{
	const struct doctor_mail_answers *a = &dns->mail[domain];
	const char *name = plan->mail[domain];
	char about[ABOUT_MAX];
	size_t here, late;
	struct judging j = { plan, dns, f, about,
	                     doctor_line(f, name, "MX", "10 %s.", plan->helo) };
	snprintf(about, sizeof(about), "MX of %s", name);
	if (doctor_is_none(&a->mx)) {
		judge_without_mx(&j, a);
	} else if (a->mx.status != DNS_FOUND) {
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "%s", doctor_words(a->mx.status));
	} else if (a->mx.name_count > 0 && strcmp(a->mx.names[0], ".") == 0) {
		doctor_find(f, DOCTOR_DIFFERS, part, about, j.todo, "found \".\", which says that "
		            "the domain takes no mail");
	} else {
		const size_t faults = judge_hosts(&j, a, &here, &late);
		judge_ways_in(&j, a, faults, here, late);
	}
}

/* ---- where it goes on ------------------------------------------------------------------ */

/* Whether a socket of ours is reached by that address. */
static bool listens_at(const struct doctor_plan *plan, const struct config_endpoints *listen,
                       const struct ip *ip, uint16_t port)
{
	for (size_t i = 0; i < listen->n; i++) {
		const struct ip *at = &listen->v[i].ip;
		const bool all = ip_is_unspecified(at) && at->family == ip->family;
		if (listen->v[i].port == port &&
		    (ip_eq(at, ip) || (all && (ip_is_loopback(ip) ||
		      doctor_plan_has(plan->machine, plan->machine_count, ip)))))
			return true;
	}
	return false;
}

static bool goes_in_a_circle(const struct doctor_plan *plan, const struct doctor_answer *ips,
                             uint16_t port)
{
	const struct gateway_config *g = &plan->settings->gateway;
	for (size_t i = 0; i < ips->ip_count; i++)
		if (listens_at(plan, &g->listen, &ips->ips[i], port) ||
		    listens_at(plan, &g->submission, &ips->ips[i], port) ||
		    listens_at(plan, &g->submissions, &ips->ips[i], port))
			return true;
	return false;
}

static void judge_way(const struct doctor_plan *plan, const struct doctor_way *way,
                      const struct doctor_answer *ips, struct doctor_findings *f)
{
	char about[ABOUT_MAX];
	const char *todo = way->from ? "correct gateway.transports" : "correct gateway.smarthost";
	snprintf(about, sizeof(about), "%s%s", way->from ? "inner host of " : "smarthost",
	         way->from ? way->from : "");
	if (goes_in_a_circle(plan, ips, way->port))
		doctor_find(f, DOCTOR_WRONG, part, about, todo, "%s port %u is this gateway "
		            "itself: mail goes in a circle", way->host, way->port);
	else if (!dns_status_final(ips->status))
		doctor_find(f, DOCTOR_UNKNOWN, part, about, NULL, "the address of %s: %s",
		            way->host, doctor_words(ips->status));
	else if (ips->ip_count == 0)
		doctor_find(f, DOCTOR_WRONG, part, about, todo, "%s has no address", way->host);
	else
		doctor_find(f, DOCTOR_OK, part, about, NULL, "%s port %u", way->host, way->port);
}

/* ---- all of it --------------------------------------------------------------------------- */

void doctor_mail_judge(const struct doctor_plan *plan, const struct doctor_dns *dns,
                       struct doctor_findings *f)
{
	const size_t all = plan->settings->gateway.domains.n;
	for (size_t i = 0; i < plan->mail_count; i++) {
		judge_mx(plan, dns, i, f);
		if (doctor_plan_sends(plan) &&
		    !str_caseeq(str_of(plan->mail[i]), str_of(plan->helo)))
			doctor_judge_spf(plan, plan->mail[i], &dns->mail[i].spf, f);
	}
	for (size_t i = 0; i < plan->way_count; i++)
		judge_way(plan, &plan->ways[i], &dns->ways[i], f);
	if (plan->mail_count > 0 && all > plan->mail_count)
		doctor_find(f, DOCTOR_UNKNOWN, part, "gateway.domains", NULL, "of %zu domains the "
		            "first %zu were looked at", all, plan->mail_count);
}
