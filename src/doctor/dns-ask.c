/* SPDX-License-Identifier: ISC
 *
 * Questions for the doctor: each is started at once and writes its own answer; those for the hosts
 * of an MX follow it.
 */
#include "doctor/dns-ask.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	QUESTIONS_MAX = 80 + DOCTOR_MAIL_DOMAINS * (3 + DOCTOR_NAMES_MAX) + DOCTOR_WAYS_MAX,
	SERVERS_MAX = 8,
};

struct question {
	struct doctor_dns_ask *ask;
	struct doctor_answer *into;
	struct doctor_answer *hosts;         /* of an MX: where their addresses go */
};

struct doctor_dns_ask {
	struct dns_resolver *resolver, *own; /* own: NULL if it is not asked */
	struct question questions[QUESTIONS_MAX];
	size_t n, answered;
};

static const struct dns_resolver_options patience = { 1500, 2, 5000 };
static const struct dns_resolver_options own_patience = { 1000, 1, 1500 };

static void came(void *arg, const struct dns_result *result);

static struct question *next_question(struct doctor_dns_ask *ask, struct doctor_answer *into)
{
	assert(ask->n < QUESTIONS_MAX);
	struct question *q = &ask->questions[ask->n++];
	*q = (struct question){ .ask = ask, .into = into };
	return q;
}

static void ask_ips(struct doctor_dns_ask *ask, const char *name, struct doctor_answer *into)
{
	dns_resolve_ips(ask->resolver, str_of(name), came, next_question(ask, into));
}

static void copy_text(struct doctor_answer *into, struct str text)
{
	/* Of TXT records only SPF is looked at. */
	struct str rest = text, word;
	if (!str_token(&rest, " ", &word) || !str_caseeq(word, STR("v=spf1")))
		return;
	str_copy(into->texts[into->text_count++], DOCTOR_TEXT_MAX, text);
}

static void copy_answer(struct doctor_answer *into, const struct dns_result *r)
{
	*into = (struct doctor_answer){ .status = r->status, .alias = r->alias };
	for (size_t i = 0; i < r->ip_count && into->ip_count < DOCTOR_IPS_MAX; i++)
		into->ips[into->ip_count++] = r->ips[i];
	for (size_t i = 0; i < r->mx_count && into->name_count < DOCTOR_NAMES_MAX; i++)
		str_copy(into->names[into->name_count++], DOCTOR_NAME_MAX,
		         str_of(r->mx[i].host));
	for (size_t i = 0; i < r->name_count && into->name_count < DOCTOR_NAMES_MAX; i++)
		str_copy(into->names[into->name_count++], DOCTOR_NAME_MAX, str_of(r->names[i]));
	for (size_t i = 0; i < r->text_count && into->text_count < DOCTOR_NAMES_MAX; i++)
		copy_text(into, r->texts[i]);
}

static void came(void *arg, const struct dns_result *result)
{
	struct question *q = arg;
	struct doctor_dns_ask *ask = q->ask;
	copy_answer(q->into, result);
	for (size_t i = 0; q->hosts && i < q->into->name_count; i++)
		ask_ips(ask, q->into->names[i], &q->hosts[i]);
	ask->answered++;
	assert(ask->answered <= ask->n);
}

/* Without an answer it is none in time. */
static void clear_answers(const struct doctor_plan *plan, struct doctor_dns *dns)
{
	const struct doctor_answer none = { .status = DNS_TIMEOUT };
	*dns = (struct doctor_dns){ .helo = none, .helo_spf = none };
	for (size_t i = 0; i < DOCTOR_DOMAINS; i++) {
		dns->mx[i] = dns->spf[i] = none;
		for (size_t j = 0; j < DOCTOR_NAMES_MAX; j++)
			dns->mx_ips[i][j] = none;
	}
	for (size_t i = 0; i < DOCTOR_IPS_MAX; i++)
		dns->source_ptr[i] = dns->collector_ptr[i] = none;
	for (size_t i = 0; i < plan->zone_count; i++)
		dns->zones[i] = (struct doctor_zone_answers){ none, none, none, false };
	for (size_t i = 0; i < DOCTOR_MAIL_DOMAINS; i++) {
		dns->mail[i].mx = dns->mail[i].spf = dns->mail[i].own = none;
		for (size_t j = 0; j < DOCTOR_NAMES_MAX; j++)
			dns->mail[i].ips[j] = none;
	}
	for (size_t i = 0; i < DOCTOR_WAYS_MAX; i++)
		dns->ways[i] = none;
}

static void ask_mail(struct doctor_dns_ask *ask, const struct doctor_plan *plan,
                     struct doctor_dns *dns)
{
	for (size_t i = 0; i < plan->domain_count; i++) {
		struct str name = str_of(plan->domains[i]);
		struct question *q = next_question(ask, &dns->mx[i]);
		q->hosts = dns->mx_ips[i];
		dns_resolve_mx(ask->resolver, name, came, q);
		dns_resolve_txt(ask->resolver, name, came, next_question(ask, &dns->spf[i]));
	}
	ask_ips(ask, plan->helo, &dns->helo);
	dns_resolve_txt(ask->resolver, str_of(plan->helo), came,
	                next_question(ask, &dns->helo_spf));
}

static void ask_gateway(struct doctor_dns_ask *ask, const struct doctor_plan *plan,
                        struct doctor_dns *dns)
{
	for (size_t i = 0; i < plan->mail_count; i++) {
		struct str name = str_of(plan->mail[i]);
		struct question *q = next_question(ask, &dns->mail[i].mx);
		q->hosts = dns->mail[i].ips;
		dns_resolve_mx(ask->resolver, name, came, q);
		ask_ips(ask, plan->mail[i], &dns->mail[i].own);
		if (doctor_plan_sends(plan))
			dns_resolve_txt(ask->resolver, name, came,
			                next_question(ask, &dns->mail[i].spf));
	}
	for (size_t i = 0; i < plan->way_count; i++) {
		struct doctor_answer *into = &dns->ways[i];
		if (ip_parse(str_of(plan->ways[i].host), &into->ips[0], NULL) == ERR_OK) {
			into->status = DNS_FOUND;
			into->ip_count = 1;
		} else {
			ask_ips(ask, plan->ways[i].host, into);
		}
	}
}

static void ask_reverse(struct doctor_dns_ask *ask, const struct doctor_plan *plan,
                        const struct ip *list, size_t n, struct doctor_answer *into)
{
	for (size_t i = 0; i < n; i++)
		if (!doctor_plan_unreachable(plan, &list[i]))
			dns_resolve_ptr(ask->resolver, &list[i], came,
			                next_question(ask, &into[i]));
}

static bool test_name(const struct blocklist_zone *zone, uint8_t last, char *text)
{
	const struct ip ip = ip_from_v4(127, 0, 0, last);
	struct dns_name name;
	if (dns_name_reverse(&ip, &zone->origin, &name) != ERR_OK)
		return false;
	dns_name_format(&name, text);
	return true;
}

static void ask_zone(struct doctor_dns_ask *ask, const struct blocklist_zone *zone,
                     struct doctor_zone_answers *into)
{
	char listed[DNS_NAME_TEXT_MAX], none[DNS_NAME_TEXT_MAX];
	if (!test_name(zone, 2, listed) || !test_name(zone, 1, none))
		return;
	dns_resolve_a(ask->resolver, str_of(listed), came, next_question(ask, &into->listed));
	dns_resolve_a(ask->resolver, str_of(none), came, next_question(ask, &into->free));
	into->own_asked = ask->own != NULL;
	if (ask->own)
		dns_resolve_a(ask->own, str_of(listed), came, next_question(ask, &into->own));
}

/* What listens on all addresses is asked at the loopback one. */
static struct endpoint own_server(const struct doctor_plan *plan)
{
	struct endpoint at = plan->settings->dnsbl.listen.v[0];
	if (ip_is_unspecified(&at.ip) && at.ip.family == 4)
		at.ip = ip_from_v4(127, 0, 0, 1);
	else if (ip_is_unspecified(&at.ip))
		at.ip.b[15] = 1;
	return at;
}

int doctor_dns_ask_create(struct loop *loop, const struct doctor_plan *plan, bool own,
                          struct doctor_dns *dns, struct doctor_dns_ask **out)
{
	const struct config_endpoints *resolvers = &plan->settings->general.resolver;
	struct doctor_dns_ask *ask = mem_zalloc(sizeof(*ask));
	size_t n = resolvers->n < SERVERS_MAX ? resolvers->n : SERVERS_MAX;
	const struct endpoint at = own_server(plan);
	clear_answers(plan, dns);
	int e = dns_resolver_create(loop, resolvers->v, n, &patience, &ask->resolver);
	if (e == ERR_OK && own)
		e = dns_resolver_create(loop, &at, 1, &own_patience, &ask->own);
	if (e != ERR_OK) {
		doctor_dns_ask_destroy(ask);
		return e;
	}
	ask_mail(ask, plan, dns);
	ask_gateway(ask, plan, dns);
	ask_reverse(ask, plan, plan->sources, plan->source_count, dns->source_ptr);
	ask_reverse(ask, plan, plan->collectors, plan->collector_count, dns->collector_ptr);
	for (size_t i = 0; i < plan->zone_count; i++)
		ask_zone(ask, &plan->zones[i], &dns->zones[i]);
	*out = ask;
	return ERR_OK;
}

void doctor_dns_ask_destroy(struct doctor_dns_ask *ask)
{
	if (!ask)
		return;
	dns_resolver_destroy(ask->resolver);
	dns_resolver_destroy(ask->own);
	free(ask);
}

size_t doctor_dns_ask_pending(const struct doctor_dns_ask *ask)
{
	return ask->n - ask->answered;
}
