/* SPDX-License-Identifier: ISC
 *
 * Asking the sources one after the other, and choosing among what they name.
 */
#include "report/contact.h"

#include "base/mem.h"
#include "dns/name.h"
#include "trace/names.h"
#include "report/rdap-search.h"
#include "store/reports.h"

#include <stdlib.h>

/* ---- which contact ------------------------------------------------------ */

/* Placeholders and registries' own desks, which take no reports about others' networks. */
static const char *const markers[] = {
	"nobody@*", "null@*", "devnull@*", "no-reply@*", "noreply@*", "donotreply@*",
	"do-not-reply@*", "no-email@*", "noemail@*", "bitbucket@*", "unread@*", "none@*",
	"*@example.com", "*@example.net", "*@example.org", "*.invalid",
	"*@localhost", "*.localdomain",
	"*@iana.org", "*@arin.net", "*@ripe.net", "*@apnic.net", "*@lacnic.net", "*@afrinic.net",
	"*@nic.ad.jp", "*@nic.or.kr", "*@abusix.org",
};

static bool contact_is_own(const struct contact_filter *f, struct str domain)
{
	for (const char *const *own = f->own_domains; own && *own; own++)
		if (str_in_domain(domain, str_of(*own)))
			return true;
	return false;
}

static size_t last_at(struct str address)
{
	size_t n = address.n;
	while (n > 0 && address.p[n - 1] != '@')
		n--;
	return n;
}

/* One desk, in whatever case, and whether its domain is written in U-labels or A-labels. */
static bool is_same_contact(struct str a, struct str b)
{
	size_t at_a = last_at(a), at_b = last_at(b);
	return at_a == at_b && str_caseeq((struct str){ a.p, at_a }, (struct str){ b.p, at_b }) &&
	       name_eq(str_from(a, at_a), str_from(b, at_b));
}

enum contact_use contact_use(const struct contact_filter *filter, const char *email)
{
	struct str s = str_of(email);
	struct str domain = str_from(s, str_find(s, '@') + 1);
	if (contact_is_own(filter, domain))
		return CONTACT_OWN;
	for (size_t i = 0; i < sizeof(markers) / sizeof(*markers); i++)
		if (name_glob(str_of(markers[i]), s))
			return CONTACT_PLACEHOLDER;
	for (size_t i = 0; filter->ignore && i < filter->ignore->n; i++)
		if (name_glob(str_of(filter->ignore->v[i]), s))
			return CONTACT_IGNORED;
	for (size_t i = 0; i < filter->dead_count; i++)
		if (filter->dead[i].since_s > filter->dead_since_s &&
		    is_same_contact(s, str_of(filter->dead[i].address)))
			return CONTACT_DEAD;
	return CONTACT_GOOD;
}

const char *contact_use_text(enum contact_use use)
{
	static const char *const texts[] = {
		[CONTACT_GOOD] = "",
		[CONTACT_OWN] = "it is our own",
		[CONTACT_PLACEHOLDER] = "it is a placeholder, no desk of that network",
		[CONTACT_IGNORED] = "the configuration ignores it",
		[CONTACT_DEAD] = "a report to it bounced",
	};
	return texts[use];
}

const char *contact_choose(const struct contact_answer *answers, size_t n,
                           const struct contact_filter *filter,
                           const struct contact_answer **answer)
{
	*answer = NULL;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < answers[i].email_count; k++) {
			if (contact_use(filter, answers[i].emails[k]) != CONTACT_GOOD)
				continue;
			*answer = &answers[i];
			return answers[i].emails[k];
		}
	}
	return NULL;
}

void contact_network(const struct contact_answer *answers, size_t n, const struct ip *address,
                     char dst[static NETWORK_MAX])
{
	struct prefix around = prefix_of(address, address->family == 4 ? 24 : 48);
	struct ip first = { 0 }, last = { 0 };
	char a[IP_TEXT_MAX], b[PREFIX_TEXT_MAX];
	for (size_t i = 0; i < n; i++) {
		const struct contact_answer *c = &answers[i];
		if (c->first.family == 0)
			continue;
		/* Within the one before, or the first that tells. */
		if (first.family && (ip_cmp(&c->first, &first) < 0 || ip_cmp(&c->last, &last) > 0))
			continue;
		first = c->first;
		last = c->last;
	}
	struct buf text = { 0 };
	if (first.family)
		buf_printf(&text, "%s-%s", ip_format(&first, a), ip_format(&last, b));
	else
		buf_add_cstr(&text, prefix_format(&around, b));
	str_copy(dst, NETWORK_MAX, buf_str(&text));
	buf_fini(&text);
}

bool contact_network_named(const char *network)
{
	return strchr(network, '/') == NULL;
}

/* ---- the search --------------------------------------------------------- */

struct contact_search {
	struct contact_setup setup;
	struct ip address;
	struct contact_answer answers[CONTACT_SOURCES_MAX];
	size_t n;                                  /* answers that are there */
	struct loop_timer *step;
	struct dns_query *query;
	struct rdap_search *rdap;
	struct arena arena;
	contact_cb *cb;
	void *arg;
};

static struct contact_answer *current(struct contact_search *s)
{
	return &s->answers[s->n];
}

/* The current source is done; the next one follows from the loop. */
static void source_done(struct contact_search *s)
{
	s->n++;
	loop_timer_arm(s->step, 0);
}

static void source_fail(struct contact_search *s, const char *problem)
{
	str_copy(current(s)->problem, sizeof(current(s)->problem), str_of(problem));
	source_done(s);
}

/* Kept for the network that it tells of, else for the address. */
static void remember(struct contact_search *s)
{
	struct contact_answer *a = current(s);
	bool ranged = a->first.family != 0;
	struct buf text = { 0 };
	contact_format(a, &text);
	a->fetched_s = s->setup.now_s;
	store_contact_put(s->setup.store, a->source, ranged ? &a->first : &s->address,
	                  ranged ? &a->last : &s->address, buf_str(&text), s->setup.now_s);
	buf_fini(&text);
}

static bool is_useful(const struct contact_answer *a)
{
	return a->email_count > 0 || a->asn != 0;
}

static bool recall(struct contact_search *s)
{
	struct contact_answer *a = current(s), found = { .source = a->source, .cached = true };
	int64_t cache_s = s->setup.config->cache_s, now_s = s->setup.now_s;
	struct str text;
	if (cache_s == 0 || store_contact_get(s->setup.store, a->source, &s->address,
	                                      now_s - cache_s, &s->arena, &text,
	                                      &found.fetched_s) != ERR_OK ||
	    contact_parse(text, &found) != ERR_OK)
		return false;
	if (!is_useful(&found) && found.fetched_s < now_s - cache_s / 7)
		return false;
	*a = found;
	return true;
}

/* ---- rdap */

static void rdap_came(void *arg, bool settled)
{
	struct contact_search *s = arg;
	s->rdap = NULL;
	if (settled)
		remember(s);
	source_done(s);
}

static void start_rdap(struct contact_search *s)
{
	s->rdap = rdap_search_start(&s->setup, &s->address, current(s), rdap_came, s);
}

/* ---- the zones */

static void zone_came(struct contact_search *s, const struct dns_result *r,
                      int (*parse)(const struct str *, size_t, const struct ip *,
                                   struct contact_answer *))
{
	s->query = NULL;
	if (!dns_status_final(r->status)) {
		source_fail(s, dns_status_name(r->status));
		return;
	}
	if (r->status != DNS_FOUND) {
		str_copy(current(s)->problem, sizeof(current(s)->problem),
		         STR("the zone has nothing on this address"));
		remember(s);
	} else if (parse(r->texts, r->text_count, &s->address, current(s)) == ERR_OK) {
		remember(s);
	}
	source_done(s);
}

static void abusix_came(void *arg, const struct dns_result *r)
{
	zone_came(arg, r, abusix_parse);
}

static void cymru_came(void *arg, const struct dns_result *r)
{
	zone_came(arg, r, cymru_parse);
}

static void ask_zone(struct contact_search *s, const char *zone, dns_result_cb *cb)
{
	struct dns_name suffix, name;
	char text[DNS_NAME_TEXT_MAX];
	if (dns_name_parse(str_of(zone), &suffix, NULL) != ERR_OK ||
	    dns_name_reverse(&s->address, &suffix, &name) != ERR_OK)
		source_fail(s, "the zone's name is none");
	else
		s->query = dns_resolve_txt(s->setup.resolver, str_of(dns_name_format(&name, text)),
		                           cb, s);
}

static void start_abusix(struct contact_search *s)
{
	ask_zone(s, s->setup.config->abusix_zone, abusix_came);
}

static void start_cymru(struct contact_search *s)
{
	const struct report_config *c = s->setup.config;
	ask_zone(s, s->address.family == 4 ? c->cymru_zone : c->cymru_zone6, cymru_came);
}

static const struct source {
	const char *name;
	void (*start)(struct contact_search *s);
} sources[] = {
	{ "rdap", start_rdap }, { "abusix", start_abusix }, { "cymru", start_cymru },
};

static const struct source *source_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		if (strcmp(name, sources[i].name) == 0)
			return &sources[i];
	return NULL;
}

static void next_source(void *arg)
{
	struct contact_search *s = arg;
	const struct config_strings *names = &s->setup.config->sources;
	if (s->n == names->n || s->n == CONTACT_SOURCES_MAX) {
		s->cb(s->arg, s->answers, s->n);
		return;
	}
	const struct source *source = source_by_name(names->v[s->n]);
	current(s)->source = source ? source->name : "";
	if (!source)
		source_fail(s, "no such source");
	else if (recall(s))
		source_done(s);
	else
		source->start(s);
}

struct contact_search *contact_search_start(const struct contact_setup *setup,
                                            const struct ip *address, contact_cb *cb, void *arg)
{
	struct contact_search *s = mem_zalloc(sizeof(*s));
	*s = (struct contact_search){ .setup = *setup, .address = *address, .cb = cb, .arg = arg };
	s->step = loop_timer_create(setup->loop, next_source, s);
	loop_timer_arm(s->step, 0);
	return s;
}

void contact_search_destroy(struct contact_search *s)
{
	if (!s)
		return;
	dns_query_cancel(s->query);
	rdap_search_destroy(s->rdap);
	loop_timer_destroy(s->step);
	arena_fini(&s->arena);
	free(s);
}
