/* SPDX-License-Identifier: ISC
 *
 * Two questions: for the MX of a domain, then for the addresses of each host, all at once. What
 * the answers mean is judged when all are there.
 */
#include "gateway/mx.h"

#include "base/mem.h"
#include "base/random.h"
#include "store/fuse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the order of hosts --------------------------------------------------------------------- */

static bool end(struct gateway_mx_result *result, enum gateway_fate fate, const char *enhanced,
                const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static bool end(struct gateway_mx_result *result, enum gateway_fate fate, const char *enhanced,
                const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;
	*result = (struct gateway_mx_result){ .fate = fate };
	str_copy(result->enhanced, sizeof(result->enhanced), str_of(enhanced));
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	str_copy(result->why, sizeof(result->why), buf_str(&text));
	buf_fini(&text);
	return false;
}

static struct str without_dot(struct str name)
{
	return name.n > 1 && name.p[name.n - 1] == '.' ? (struct str){ name.p, name.n - 1 } : name;
}

static bool is_null_mx(const struct dns_result *mx)
{
	return mx->mx_count == 1 && strcmp(mx->mx[0].host, ".") == 0;
}

/* Where equals of one preference end. */
static size_t equals_end(const struct dns_result *mx, const size_t *order, size_t n, size_t from)
{
	size_t to = from + 1;
	while (to < n && mx->mx[order[to]].preference == mx->mx[order[from]].preference)
		to++;
	return to;
}

/* The records in the order to be tried; the null MX beside others is none (RFC 7505 3). */
static size_t order_of(const struct dns_result *mx, uint32_t (*chance)(void *arg), void *arg,
                       size_t order[static DNS_RESULTS_MAX])
{
	size_t n = 0;
	assert(mx->mx_count <= DNS_RESULTS_MAX);
	for (size_t i = 0; i < mx->mx_count; i++)
		if (strcmp(mx->mx[i].host, ".") != 0)
			order[n++] = i;
	for (size_t from = 0, to; from < n; from = to) {
		to = equals_end(mx, order, n, from);
		for (size_t i = to - 1; i > from; i--) {
			size_t j = from + chance(arg) % (i - from + 1);
			size_t kept = order[i];
			order[i] = order[j];
			order[j] = kept;
		}
	}
	return n;
}

static void name_us(const struct gateway_mx_self *self, const struct dns_mx *mx,
                    struct gateway_mx_facts *facts)
{
	if (!str_caseeq(without_dot(str_of(mx->host)), str_of(self->hostname)))
		return;
	if (!facts->we_are_named || mx->preference < facts->our_preference)
		facts->our_preference = mx->preference;
	facts->we_are_named = true;
}

static void add_host(struct gateway_mx_facts *facts, struct str name, uint16_t preference)
{
	struct gateway_mx_host *h = &facts->host[facts->host_count];
	if (facts->host_count == GATEWAY_MX_HOSTS ||
	    !str_copy(h->name, sizeof(h->name), without_dot(name)))
		return;
	h->preference = preference;
	h->status = DNS_TIMEOUT;
	facts->host_count++;
}

bool gateway_mx_hosts(const struct gateway_mx_self *self, struct str domain,
                      const struct dns_result *mx, uint32_t (*chance)(void *arg), void *arg,
                      struct gateway_mx_facts *facts, struct gateway_mx_result *result)
{
	size_t order[DNS_RESULTS_MAX];
	*facts = (struct gateway_mx_facts){ 0 };
	if (mx->status == DNS_BAD_NAME ||
	    !str_copy(facts->domain, sizeof(facts->domain), domain))
		return end(result, GATEWAY_FATE_FAILED, "5.1.2", "this is no domain name");
	if (mx->status == DNS_NXDOMAIN)
		return end(result, GATEWAY_FATE_FAILED, "5.1.2", "there is no domain %s",
		           facts->domain);
	if (!dns_status_final(mx->status))
		return end(result, GATEWAY_FATE_DEFERRED, "4.4.3",
		           "the mail exchangers of %s cannot be looked up: %s", facts->domain,
		           dns_status_name(mx->status));
	if (is_null_mx(mx))
		return end(result, GATEWAY_FATE_FAILED, "5.1.10",
		           "%s takes no mail: it says so by a null MX", facts->domain);
	size_t n = order_of(mx, chance, arg, order);
	facts->has_mx = n > 0;
	for (size_t i = 0; i < n; i++) {
		name_us(self, &mx->mx[order[i]], facts);
		add_host(facts, str_of(mx->mx[order[i]].host), mx->mx[order[i]].preference);
	}
	if (n == 0)
		add_host(facts, domain, 0);
	if (facts->host_count == 0)
		return end(result, GATEWAY_FATE_FAILED, "5.4.4",
		           "no mail exchanger of %s is a host name", facts->domain);
	result->ttl_s = mx->status == DNS_FOUND ? mx->ttl_s : GATEWAY_MX_KEPT_S;
	return true;
}

/* A record may have an IPv4 address in IPv6 clothes (::ffff:192.0.2.1), which the system connects
 * to as the other: it is judged as what it is. */
static struct ip plain(const struct ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (ip->family != 6 || memcmp(ip->b, mapped, sizeof(mapped)) != 0)
		return *ip;
	return ip_from_v4(ip->b[12], ip->b[13], ip->b[14], ip->b[15]);
}

void gateway_mx_addresses(struct gateway_mx_facts *facts, size_t host,
                          const struct dns_result *ips)
{
	assert(host < facts->host_count);
	struct gateway_mx_host *h = &facts->host[host];
	h->status = ips->status;
	h->ip_count = 0;
	/* IPv4 comes first; where there is much of it, one place is kept for IPv6. */
	size_t six = 0;
	while (six < ips->ip_count && ips->ips[six].family == 4)
		six++;
	size_t most = six < ips->ip_count ? GATEWAY_MX_ADDRESSES - 1 : GATEWAY_MX_ADDRESSES;
	for (size_t i = 0; i < six && h->ip_count < most; i++)
		h->ips[h->ip_count++] = ips->ips[i];
	/* Those of AAAA records. */
	for (size_t i = six; i < ips->ip_count && h->ip_count < GATEWAY_MX_ADDRESSES; i++)
		h->ips[h->ip_count++] = plain(&ips->ips[i]);
}

/* ---- the judgement -------------------------------------------------------------------------- */

static bool is_own(const struct gateway_mx_self *self, const struct ip *ip)
{
	if (self->laboratory && ip_is_loopback(ip))
		return false;
	for (size_t i = 0; i < self->own_count; i++)
		if (ip_eq(&self->own[i], ip))
			return true;
	return false;
}

/* RFC 5737, RFC 3849. */
static const struct prefix documentation[] = {
	{ { 4, { 192, 0, 2 } }, 24 }, { { 4, { 198, 51, 100 } }, 24 },
	{ { 4, { 203, 0, 113 } }, 24 }, { { 6, { 0x20, 0x01, 0x0d, 0xb8 } }, 32 },
};
enum { DOCUMENTATION = sizeof(documentation) / sizeof(*documentation) };

/* NULL: it is a public address. */
static const char *not_public(const struct gateway_mx_self *self, const struct ip *ip)
{
	struct fuse fuse = fuse_default;
	if (self->laboratory && ip_is_loopback(ip))
		return NULL;
	for (size_t i = 0; i < DOCUMENTATION; i++)
		fuse.special[fuse.special_count++] = documentation[i];
	return fuse_refuses_ip(&fuse, ip);
}

/* The best preference under which we are found; false: we are not. */
static bool we_are_there(const struct gateway_mx_self *self, const struct gateway_mx_facts *facts,
                         uint16_t *preference)
{
	bool there = facts->we_are_named;
	*preference = facts->our_preference;
	for (size_t i = 0; i < facts->host_count; i++)
		for (size_t j = 0; j < facts->host[i].ip_count; j++) {
			if (!is_own(self, &facts->host[i].ips[j]))
				continue;
			if (!there || facts->host[i].preference < *preference)
				*preference = facts->host[i].preference;
			there = true;
		}
	return there;
}

struct tally {
	bool unknown;                 /* of some host the addresses cannot be found out now */
	enum dns_status status;
	struct ip bad;                /* one that is never connected to */
	const char *why;              /* NULL: there is none */
};

static void add_places(const struct gateway_mx_self *self, const struct gateway_mx_host *h,
                       struct gateway_mx_result *result, struct tally *tally)
{
	if (!dns_status_final(h->status)) {
		tally->unknown = true;
		tally->status = h->status;
	}
	for (size_t i = 0; i < h->ip_count; i++) {
		const char *why = not_public(self, &h->ips[i]);
		if (why) {
			tally->why = why;
			tally->bad = h->ips[i];
			continue;
		}
		assert(result->place_count < GATEWAY_MX_PLACES);
		struct gateway_mx_place *p = &result->place[result->place_count++];
		p->ip = h->ips[i];
		memcpy(p->name, h->name, sizeof(p->name));
	}
}

void gateway_mx_judge(const struct gateway_mx_self *self, const struct gateway_mx_facts *facts,
                      struct gateway_mx_result *result)
{
	char address[IP_TEXT_MAX];
	struct tally tally = { 0 };
	uint16_t ours;
	uint32_t ttl_s = result->ttl_s;
	bool there = we_are_there(self, facts, &ours);
	*result = (struct gateway_mx_result){ 0 };
	for (size_t i = 0; i < facts->host_count; i++)
		if (!there || facts->host[i].preference < ours)
			add_places(self, &facts->host[i], result, &tally);
	result->found = result->place_count > 0;
	result->ttl_s = ttl_s < GATEWAY_MX_KEPT_S ? ttl_s : GATEWAY_MX_KEPT_S;
	if (result->found)
		return;
	if (tally.unknown)
		end(result, GATEWAY_FATE_DEFERRED, "4.4.3",
		    "the addresses of the mail exchangers of %s cannot be looked up: %s",
		    facts->domain, dns_status_name(tally.status));
	else if (tally.why)
		end(result, GATEWAY_FATE_FAILED, "5.4.4",
		    "mail for %s would go to %s, which is %s: a transport must name it",
		    facts->domain, ip_format(&tally.bad, address), tally.why);
	else if (there)
		end(result, GATEWAY_FATE_FAILED, "5.4.6",
		    "mail for %s leads back to this server, which does not have that domain",
		    facts->domain);
	else
		end(result, GATEWAY_FATE_FAILED, "5.4.4",
		    facts->has_mx ? "no mail exchanger of %s has an address"
		                  : "%s has no mail exchanger and no address", facts->domain);
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asked_host {
	struct gateway_mx *mx;
	struct dns_query *query;
};

struct gateway_mx {
	struct dns_resolver *resolver;
	struct gateway_mx_self self;
	char *domain;
	struct dns_query *query;
	struct asked_host asked[GATEWAY_MX_HOSTS];
	size_t open;                  /* questions for addresses */
	struct gateway_mx_facts facts;
	struct gateway_mx_result result;
	void (*done)(void *arg, const struct gateway_mx_result *result);
	void *arg;
};

static uint32_t chance(void *arg)
{
	(void)arg;
	return (uint32_t)random_u64();
}

static void finish(struct gateway_mx *m)
{
	assert(!m->query && m->open == 0);
	m->done(m->arg, &m->result);
	free(m->domain);
	free(m);
}

static void on_ips(void *arg, const struct dns_result *r)
{
	struct asked_host *asked = arg;
	struct gateway_mx *m = asked->mx;
	asked->query = NULL;
	gateway_mx_addresses(&m->facts, (size_t)(asked - m->asked), r);
	assert(m->open > 0);
	if (--m->open > 0)
		return;
	gateway_mx_judge(&m->self, &m->facts, &m->result);
	finish(m);
}

static void on_mx(void *arg, const struct dns_result *r)
{
	struct gateway_mx *m = arg;
	m->query = NULL;
	if (!gateway_mx_hosts(&m->self, str_of(m->domain), r, chance, NULL, &m->facts,
	                      &m->result)) {
		finish(m);
		return;
	}
	m->open = m->facts.host_count;
	for (size_t i = 0; i < m->facts.host_count; i++) {
		m->asked[i].mx = m;
		m->asked[i].query = dns_resolve_ips(m->resolver, str_of(m->facts.host[i].name),
		                                    on_ips, &m->asked[i]);
	}
}

/* All that it has is a place. */
static void on_named(void *arg, const struct dns_result *r)
{
	struct gateway_mx *m = arg;
	m->query = NULL;
	m->result.found = r->ip_count > 0;
	m->result.ttl_s = r->ttl_s < GATEWAY_MX_KEPT_S ? r->ttl_s : GATEWAY_MX_KEPT_S;
	for (size_t i = 0; i < r->ip_count && i < GATEWAY_MX_PLACES; i++) {
		struct gateway_mx_place *p = &m->result.place[m->result.place_count++];
		p->ip = r->ips[i];
		str_copy(p->name, sizeof(p->name), str_of(m->domain));
	}
	/* It is the configuration's: a mistake there is put right, and nobody's mail fails. */
	if (!m->result.found)
		end(&m->result, GATEWAY_FATE_DEFERRED, "4.4.3",
		    "the address of %s cannot be looked up: %s", m->domain,
		    dns_status_name(r->status));
	finish(m);
}

static struct gateway_mx *create(struct dns_resolver *resolver, struct str domain,
                                 void (*done)(void *arg, const struct gateway_mx_result *result),
                                 void *arg)
{
	struct gateway_mx *m = mem_zalloc(sizeof(*m));
	*m = (struct gateway_mx){ .resolver = resolver, .done = done, .arg = arg };
	m->domain = mem_strndup(domain.p, domain.n);
	return m;
}

struct gateway_mx *gateway_mx_ask(struct dns_resolver *resolver,
                                  const struct gateway_mx_self *self, struct str domain,
                                  void (*done)(void *arg, const struct gateway_mx_result *result),
                                  void *arg)
{
	struct gateway_mx *m = create(resolver, domain, done, arg);
	m->self = *self;
	m->query = dns_resolve_mx(resolver, str_of(m->domain), on_mx, m);
	return m;
}

struct gateway_mx *gateway_mx_ask_host(struct dns_resolver *resolver, struct str host,
                                       void (*done)(void *arg,
                                                    const struct gateway_mx_result *result),
                                       void *arg)
{
	struct gateway_mx *m = create(resolver, host, done, arg);
	m->query = dns_resolve_ips(resolver, str_of(m->domain), on_named, m);
	return m;
}

void gateway_mx_cancel(struct gateway_mx *m)
{
	if (!m)
		return;
	dns_query_cancel(m->query);
	for (size_t i = 0; i < GATEWAY_MX_HOSTS; i++)
		dns_query_cancel(m->asked[i].query);
	free(m->domain);
	free(m);
}
