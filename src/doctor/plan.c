/* SPDX-License-Identifier: ISC
 *
 * What must be in the DNS, made of the configuration: see plan.h.
 */
#include "doctor/plan.h"

#include "dns/idn.h"
#include "gateway/route.h"

#include <assert.h>
#include <stdio.h>

enum { SMTP_PORT = 25 };

bool doctor_plan_has(const struct ip *list, size_t n, const struct ip *ip)
{
	for (size_t i = 0; i < n; i++)
		if (ip_eq(&list[i], ip))
			return true;
	return false;
}

const char *doctor_plan_unreachable(const struct doctor_plan *plan, const struct ip *ip)
{
	const char *why = fuse_refuses_ip(&plan->fuse, ip);
	return why && ip->family == 4 && ip->b[0] == 127 ? "a loopback address" : why;
}

bool doctor_plan_sends(const struct doctor_plan *plan)
{
	return plan->mail_count > 0 && !plan->settings->gateway.smarthost[0];
}

static void add_ip(struct ip *list, size_t *n, const struct ip *ip)
{
	if (*n < DOCTOR_IPS_MAX && !ip_is_unspecified(ip) && !doctor_plan_has(list, *n, ip))
		list[(*n)++] = *ip;
}

/* Where mail is to arrive: what others are told, and what else listens for mail from everywhere. */
static void plan_collectors(struct doctor_plan *plan)
{
	const struct config_endpoints *told = &plan->settings->tester.collector;
	const struct config_endpoints *listen = &plan->settings->collector.listen;
	for (size_t i = 0; i < told->n; i++)
		add_ip(plan->collectors, &plan->collector_count, &told->v[i].ip);
	for (size_t i = 0; i < listen->n; i++)
		if (listen->v[i].port == SMTP_PORT &&
		    !doctor_plan_unreachable(plan, &listen->v[i].ip))
			add_ip(plan->collectors, &plan->collector_count, &listen->v[i].ip);
}

/* The address by which others see what leaves from `ip`: behind a NAT what the operator says. */
static const struct ip *outside_of(const struct doctor_plan *plan, const struct ip *ip)
{
	const struct config_ips *seen_as = &plan->settings->tester.seen_as;
	for (size_t i = 0; doctor_plan_unreachable(plan, ip) && i < seen_as->n; i++)
		if (seen_as->v[i].family == ip->family)
			return &seen_as->v[i];
	return ip;
}

static void plan_sources(struct doctor_plan *plan, const struct ip *found, size_t n)
{
	const struct config_ips *given = plan->domain_count > 0 ?
		&plan->settings->tester.source : &plan->settings->gateway.source;
	for (size_t i = 0; i < given->n; i++)
		add_ip(plan->sources, &plan->source_count, outside_of(plan, &given->v[i]));
	for (size_t i = 0; given->n == 0 && i < n; i++)
		add_ip(plan->sources, &plan->source_count, outside_of(plan, &found[i]));
}

/* Where mail for the gateway's domains arrives: of a socket for all addresses those that the system
 * would choose. */
static void plan_gateways(struct doctor_plan *plan, const struct ip *found, size_t n)
{
	const struct config_endpoints *listen = &plan->settings->gateway.listen;
	for (size_t i = 0; i < listen->n; i++) {
		const struct ip *at = &listen->v[i].ip;
		add_ip(plan->gateways, &plan->gateway_count, outside_of(plan, at));
		for (size_t k = 0; ip_is_unspecified(at) && k < n; k++)
			if (found[k].family == at->family)
				add_ip(plan->gateways, &plan->gateway_count,
				       outside_of(plan, &found[k]));
	}
}

static void add_way(struct doctor_plan *plan, const char *from, const struct gateway_route *route)
{
	struct doctor_way *way = &plan->ways[plan->way_count];
	if (route->host.n == 0 || !str_copy(way->host, sizeof(way->host), route->host))
		return;
	for (size_t i = 0; i < plan->way_count; i++)
		if (strcmp(plan->ways[i].host, way->host) == 0 && plan->ways[i].port == route->port)
			return;
	way->from = from;
	way->port = route->port;
	plan->way_count++;
}

static void plan_ways(struct doctor_plan *plan)
{
	struct gateway_routes *routes = gateway_routes_create(&plan->settings->gateway);
	struct gateway_route route;
	for (size_t i = 0; i < plan->mail_count; i++) {
		gateway_route_of(routes, str_of(plan->mail[i]), true, &route);
		add_way(plan, plan->mail[i], &route);
	}
	gateway_route_of(routes, STR("invalid"), false, &route);
	if (route.way == GATEWAY_WAY_SMARTHOST)
		add_way(plan, NULL, &route);
	gateway_routes_destroy(routes);
}

static void plan_mail(struct doctor_plan *plan, const struct ip *found, size_t n)
{
	const struct config_strings *domains = &plan->settings->gateway.domains;
	if (!settings_has_role(plan->settings, "gateway"))
		return;
	for (size_t i = 0; i < domains->n && plan->mail_count < DOCTOR_MAIL_DOMAINS; i++) {
		char ascii[IDN_TEXT_MAX];
		if (str_copy(plan->mail[plan->mail_count], DOCTOR_NAME_MAX,
		             idn_ascii(str_of(domains->v[i]), ascii)))
			plan->mail_count++;
	}
	plan_gateways(plan, found, n);
	plan_ways(plan);
}

/* A name whose addresses both send and receive is enough where both are the same. */
static void name_mx_host(struct doctor_plan *plan)
{
	bool same = true;
	for (size_t i = 0; i < plan->source_count; i++)
		same &= doctor_plan_unreachable(plan, &plan->sources[i]) ||
		        doctor_plan_has(plan->collectors, plan->collector_count,
		                        &plan->sources[i]);
	same |= plan->domain_count == 0;
	snprintf(plan->mx_host, sizeof(plan->mx_host), "%s%s", same ? "" : "mx.",
	         same ? plan->helo : plan->domains[0]);
}

/* The defaults of the other roles' parameters are no wish of who runs a mail server alone. */
static bool has_lists(const struct settings *s)
{
	return settings_has_role(s, "tester") || settings_has_role(s, "collector") ||
	       settings_has_role(s, "dnsbl");
}

void doctor_plan_make(const struct settings *s, const struct ip *found, size_t n,
                      struct doctor_plan *plan)
{
	struct buf ignored = { 0 };
	*plan = (struct doctor_plan){
		.settings = s, .domains = { s->tester.domain, s->tester.domain2 },
		.helo = s->general.hostname,
	};
	const bool lists = has_lists(s);
	list_config_fuse(&s->list, &plan->fuse);
	plan->domain_count = lists ? DOCTOR_DOMAINS : 0;
	if (lists)
		plan_collectors(plan);
	plan_sources(plan, found, n);
	plan_mail(plan, found, n);
	name_mx_host(plan);
	plan->zone_count = !lists ? 0 : s->dnsbl.output_zone[0] ? 2 : 1;
	for (size_t i = 0; i < plan->zone_count; i++) {
		int e = blocklist_zone_init(&plan->zones[i], &s->dnsbl, i > 0, &ignored);
		assert(e == ERR_OK);
	}
	buf_fini(&ignored);
}

/* ---- records --------------------------------------------------------------------- */

struct writer {
	void (*each)(void *arg, const struct doctor_record *r);
	void *arg;
};

static void write_record(const struct writer *w, const char *title, const char *name,
                         const char *type, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
static void write_record(const struct writer *w, const char *title, const char *name,
                         const char *type, const char *fmt, ...)
{
	struct doctor_record r = { .title = title, .type = type };
	va_list ap;
	str_copy(r.name, sizeof(r.name), str_of(name));
	va_start(ap, fmt);
	vsnprintf(r.value, sizeof(r.value), fmt, ap);
	va_end(ap);
	w->each(w->arg, &r);
}

static void write_address(const struct writer *w, const char *title, const char *name,
                          const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	write_record(w, title, name, ip->family == 4 ? "A" : "AAAA", "%s", ip_format(ip, text));
}

static void write_addresses(const struct doctor_plan *plan, const struct writer *w,
                            const char *title, const char *name, const struct ip *list,
                            size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!doctor_plan_unreachable(plan, &list[i]))
			write_address(w, title, name, &list[i]);
}

void doctor_reverse_name(const struct ip *ip, char dst[static DOCTOR_NAME_MAX])
{
	struct dns_name arpa, name;
	char text[DNS_NAME_TEXT_MAX];
	int e = dns_name_parse(ip->family == 4 ? STR("in-addr.arpa") : STR("ip6.arpa"), &arpa,
	                       NULL);
	if (e == ERR_OK)
		e = dns_name_reverse(ip, &arpa, &name);
	assert(e == ERR_OK);
	str_copy(dst, DOCTOR_NAME_MAX, str_of(dns_name_format(&name, text)));
}

static void write_reverse(const struct doctor_plan *plan, const struct writer *w,
                          const struct ip *ip, const char *to)
{
	char name[DOCTOR_NAME_MAX];
	if (doctor_plan_unreachable(plan, ip))
		return;
	doctor_reverse_name(ip, name);
	write_record(w, "at the provider of the address: reverse names", name, "PTR", "%s.", to);
}

static void write_mail(const struct doctor_plan *plan, const struct writer *w)
{
	const char *title = plan->domain_count > 0 ?
		"in the zones of the collector's domains, and of this machine's name" :
		"in the zone of this machine's name";
	for (size_t i = 0; i < plan->domain_count; i++)
		write_record(w, title, plan->domains[i], "MX", "10 %s.", plan->mx_host);
	write_addresses(plan, w, title, plan->mx_host, plan->collectors, plan->collector_count);
	if (plan->domain_count == 0 || strcmp(plan->mx_host, plan->helo) != 0)
		write_addresses(plan, w, title, plan->helo, plan->sources, plan->source_count);
	write_record(w, title, plan->helo, "TXT", "\"v=spf1 a -all\"");
	for (size_t i = 0; i < plan->domain_count; i++)
		write_record(w, title, plan->domains[i], "TXT", "\"v=spf1 a:%s -all\"",
		             plan->helo);
}

/* The addresses of this machine's name are told once. */
static void write_gateway(const struct doctor_plan *plan, const struct writer *w)
{
	static const char title[] = "in the zones of the gateway's domains, and of this machine's "
	                            "name";
	for (size_t i = 0; i < plan->mail_count; i++)
		write_record(w, title, plan->mail[i], "MX", "10 %s.", plan->helo);
	for (size_t i = 0; i < plan->gateway_count; i++)
		if (!doctor_plan_has(plan->sources, plan->source_count, &plan->gateways[i]))
			write_addresses(plan, w, title, plan->helo, &plan->gateways[i], 1);
	/* This machine's name has its SPF above: two of one name would count as an error. */
	for (size_t i = 0; doctor_plan_sends(plan) && i < plan->mail_count; i++)
		if (!str_caseeq(str_of(plan->mail[i]), str_of(plan->helo)))
			write_record(w, title, plan->mail[i], "TXT", "\"v=spf1 a:%s -all\"",
			             plan->helo);
}

static void write_zone(const struct doctor_plan *plan, const struct writer *w,
                       const struct blocklist_zone *z)
{
	static const char title[] = "in the zone above the list's: its delegation";
	char origin[DNS_NAME_TEXT_MAX], server[DNS_NAME_TEXT_MAX];
	dns_name_format(&z->origin, origin);
	for (size_t i = 0; i < z->nameserver_count; i++) {
		dns_name_format(&z->nameservers[i], server);
		write_record(w, title, origin, "NS", "%s.", server);
		if (dns_name_within(&z->nameservers[i], &z->origin))
			write_addresses(plan, w, title, server, z->glue, z->glue_count);
	}
}

void doctor_plan_records(const struct doctor_plan *plan,
                         void (*each)(void *arg, const struct doctor_record *r), void *arg)
{
	const struct writer w = { each, arg };
	write_mail(plan, &w);
	write_gateway(plan, &w);
	for (size_t i = 0; i < plan->source_count; i++)
		write_reverse(plan, &w, &plan->sources[i], plan->helo);
	for (size_t i = 0; i < plan->collector_count; i++)
		if (!doctor_plan_has(plan->sources, plan->source_count, &plan->collectors[i]))
			write_reverse(plan, &w, &plan->collectors[i], plan->mx_host);
	for (size_t i = 0; i < plan->zone_count; i++)
		write_zone(plan, &w, &plan->zones[i]);
}

void doctor_plan_left_out(const struct doctor_plan *plan,
                          void (*each)(void *arg, const struct ip *ip, const char *why), void *arg)
{
	const struct { const struct ip *list; size_t n; } lists[] = {
		{ plan->collectors, plan->collector_count }, { plan->sources, plan->source_count },
		{ plan->zones[0].glue, plan->zone_count > 0 ? plan->zones[0].glue_count : 0 },
		{ plan->gateways, plan->gateway_count },
	};
	struct ip told[4 * DOCTOR_IPS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t j = 0; j < lists[i].n; j++) {
			const struct ip *ip = &lists[i].list[j];
			const char *why = doctor_plan_unreachable(plan, ip);
			if (!why || doctor_plan_has(told, n, ip))
				continue;
			assert(n < sizeof(told) / sizeof(*told));
			told[n++] = *ip;
			each(arg, ip, why);
		}
}

void doctor_record_line(const struct doctor_record *r, struct buf *out)
{
	buf_printf(out, "%s. IN %s %s", r->name, r->type, r->value);
}
