/* SPDX-License-Identifier: ISC
 *
 * What is ours, learnt by a vote: hosts and networks counted over messages to oneself.
 */
#include "trace/learn.h"

#include "mail/header.h"
#include "mail/mailbox.h"
#include "trace/names.h"

#include <assert.h>

enum { LINES_MAX = 50 };

/* Services with many servers, where a message to oneself never passes the hosts at which
 * others' mail comes in: what the domain of a line's writer tells. Without "*" a host is
 * named that is no other customer's. */
static const struct service {
	const char *domains[2], *hosts[4], *net;
} services[] = {
	{ { ".google.com", ".gmail.com" }, { "mx.google.com" }, "2002:a00::/24" },
	{ { ".outlook.com", ".office365.com" },
	  { "*.mail.protection.outlook.com", "*.prod.outlook.com", "*.outlook.office365.com",
	    "*.prod.exchangelabs.com" }, "2603:1000::/24" },
};

enum { SERVICES = sizeof(services) / sizeof(services[0]) };
static_assert((int)SERVICES <= (int)LEARN_SERVICES_MAX, "each has its count");

/* ---- is it to oneself? ----------------------------------------------------------- */

static bool in_address(char c)
{
	return ascii_isalnum((unsigned char)c) || (c != '\0' && strchr("@.-_+=/~!#$%&'*^`{|}", c));
}

/* The bare address in "Name <a@b>", or the first in a list. */
static struct str address_of(struct str s)
{
	struct str domain = mailbox_domain(s);
	if (domain.n == 0 || domain.p == s.p || domain.p[-1] != '@')
		return STR("");
	size_t from = (size_t)(domain.p - s.p) - 1, end = from;
	while (from && in_address(s.p[from - 1]))
		from--;
	while (end < s.n && in_address(s.p[end]))
		end++;
	return (struct str){ s.p + from, end - from };
}

static bool names_address(struct str list, struct str address)
{
	size_t at = 0;
	for (;;) {
		size_t found = str_casesearch(str_from(list, at), address);
		if (found == SIZE_MAX)
			return false;
		at += found;
		size_t end = at + address.n;
		if ((at == 0 || !in_address(list.p[at - 1])) &&
		    (end == list.n || !in_address(list.p[end])))
			return true;
		at = end;
	}
}

static bool is_to_oneself(struct str message)
{
	enum { ADDRESS_MAX_BYTES = 320, LIST_MAX_BYTES = 20000 };
	struct header_cursor c;
	struct header_field f;
	struct str from = STR(""), to = STR(""), delivered = STR("");
	header_begin(&c, message);
	while (header_next(&c, &f)) {
		if (f.value.n > LIST_MAX_BYTES)
			f.value.n = LIST_MAX_BYTES;
		if (header_is(&f, STR("From")))
			from = address_of(f.value);
		else if (header_is(&f, STR("To")))
			to = f.value;
		else if (header_is(&f, STR("Delivered-To")) && delivered.n == 0)
			delivered = f.value;
	}
	return from.n > 2 && from.n <= ADDRESS_MAX_BYTES &&
	       (names_address(to, from) || names_address(delivered, from));
}

/* ---- collecting ---------------------------------------------------------------- */

static struct learn_host *find_host(struct learn_host *hosts, size_t n, struct str pattern)
{
	for (size_t i = 0; i < n; i++)
		if (str_caseeq(hosts[i].pattern, pattern))
			return &hosts[i];
	return NULL;
}

/* Once a message. */
static void count(unsigned *seen, unsigned *last, unsigned message)
{
	if (*last != message)
		++*seen;
	*last = message;
}

/* 0: the name; 1: "mx*.example.org" of "mx3.example.org"; 2: "*.eu*.example.org" of
 * "AB3.eu7.example.org". The registrable domain stays. "" if the name has no such form. */
enum { LEVELS = 3 };
static struct str widen(struct str host, unsigned level, struct buf *out)
{
	char org[NAME_ORG_MAX];
	buf_clear(out);
	size_t kept = level ? name_org(host, org).n : host.n;
	if (kept == 0 || (level && kept >= host.n))
		return STR("");
	size_t i = 0, free_bytes = host.n - kept;
	if (level == 2) {
		buf_add_byte(out, '*');
		i = str_find(host, '.');
	}
	while (i < free_bytes) {
		bool digit = ascii_isdigit((unsigned char)host.p[i]);
		buf_add_byte(out, digit ? '*' : host.p[i++]);
		while (digit && i < free_bytes && ascii_isdigit((unsigned char)host.p[i]))
			i++;
	}
	buf_add_str(out, str_from(host, free_bytes));
	return buf_str(out);
}

static void add_host(struct learn *l, struct str host)
{
	struct buf pattern = { 0 };
	struct ip ip;
	host = name_trim(host);
	if (host.n == 0 || host.n > 255 || name_is_localhost(host) || received_address(host, &ip))
		return;
	for (size_t i = 0; i < host.n; i++)
		if (!ascii_isalnum((unsigned char)host.p[i]) && !strchr("-._", host.p[i]))
			return;
	for (unsigned level = 0; level < LEVELS; level++) {
		struct str s = widen(host, level, &pattern);
		struct learn_host *known = find_host(l->host, l->host_count, s);
		if (s.n == 0 || (!known && l->host_count == LEARN_HOSTS_MAX))
			continue;
		if (!known) {
			known = &l->host[l->host_count++];
			*known = (struct learn_host){ .pattern = arena_str(&l->arena, s) };
		}
		count(&known->seen, &known->last, l->used);
	}
	buf_fini(&pattern);
}

/* The network that a provider's servers of one kind are likely to share. */
static struct prefix widen_net(const struct ip *ip)
{
	return prefix_of(ip, ip->family == 4 ? 24 : 48);
}

static struct learn_net *find_net(struct learn_net *nets, size_t n, const struct prefix *p)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_cmp(&nets[i].prefix, p) == 0)
			return &nets[i];
	return NULL;
}

static void add_net(struct learn *l, const struct ip *ip)
{
	const struct prefix both[] = { prefix_of(ip, ip_bits(ip)), widen_net(ip) };
	for (size_t i = 0; i < 2; i++) {
		struct learn_net *known = find_net(l->net, l->net_count, &both[i]);
		if (!known && l->net_count == LEARN_NETS_MAX)
			return;
		if (!known) {
			known = &l->net[l->net_count++];
			*known = (struct learn_net){ .prefix = both[i] };
		}
		count(&known->seen, &known->last, l->used);
	}
}

static bool is_of_service(const struct service *s, const struct received *line)
{
	struct prefix inside;
	if (prefix_parse(str_of(s->net), &inside, NULL) == ERR_OK &&
	    prefix_contains(&inside, &line->by_ip))
		return true;
	for (size_t i = 0; i < 2; i++)
		if (s->domains[i] && str_casesuffix(name_trim(line->by), str_of(s->domains[i])))
			return true;
	return false;
}

static bool add_service(struct learn *l, const struct received *line)
{
	for (size_t i = 0; i < SERVICES; i++) {
		if (!is_of_service(&services[i], line))
			continue;
		count(&l->service[i].seen, &l->service[i].last, l->used);
		return true;
	}
	return false;
}

void learn_message(struct learn *l, struct str message)
{
	struct header_cursor c;
	struct header_field f;
	struct received line;
	struct ip peer = { 0 };
	unsigned lines = 0;
	if (!is_to_oneself(message)) {
		l->skipped++;
		return;
	}
	l->used++;
	/* The deepest address is the user's own machine, wherever it was that day. */
	header_begin(&c, message);
	while (header_next(&c, &f) && lines < LINES_MAX) {
		if (!header_is(&f, STR("Received")))
			continue;
		lines++;
		received_parse(f.value, &line);
		bool service = add_service(l, &line);
		if (!service)
			add_host(l, line.by);
		if (!ip_is_public(&line.ip))
			continue;
		if (peer.family)
			add_net(l, &peer);
		peer = service ? (struct ip){ 0 } : line.ip;
	}
}

/* ---- proposing ------------------------------------------------------------------ */

static bool most_agree(const struct learn *l, unsigned seen)
{
	return seen * 2 > l->used;
}

/* Where the proposed strings go: into an array of JSON, or else a list of the configuration. */
struct proposal {
	struct json *json;
	struct buf *config;
	size_t n;                        /* in this list, so far */
};

static void add_string(struct str s, struct proposal *to)
{
	struct json quoted = { .out = to->config };
	if (!to->json)
		buf_add_cstr(to->config, to->n ? ", " : "");
	json_add_bytes(to->json ? to->json : &quoted, NULL, s);
	to->n++;
}

/* The narrowest form of each that most messages agree on, once. */
static void add_hosts(const struct learn *l, struct proposal *to)
{
	struct learn_host chosen[LEARN_HOSTS_MAX];
	struct buf pattern = { 0 };
	size_t n = 0;
	to->n = 0;
	for (size_t i = 0; i < l->host_count; i++) {
		if (str_find(l->host[i].pattern, '*') != SIZE_MAX)
			continue;
		for (unsigned level = 0; level < LEVELS; level++) {
			struct str s = widen(l->host[i].pattern, level, &pattern);
			const struct learn_host *h =
				find_host((struct learn_host *)l->host, l->host_count, s);
			if (!h || !most_agree(l, h->seen))
				continue;
			if (!find_host(chosen, n, s)) {
				chosen[n++] = *h;
				add_string(h->pattern, to);
			}
			break;
		}
	}
	for (size_t i = 0; i < SERVICES; i++)
		for (size_t k = 0; k < 4 && services[i].hosts[k]; k++)
			if (most_agree(l, l->service[i].seen))
				add_string(str_of(services[i].hosts[k]), to);
	buf_fini(&pattern);
}

static void add_nets(const struct learn *l, struct proposal *to)
{
	char text[PREFIX_TEXT_MAX];
	struct learn_net chosen[LEARN_NETS_MAX];
	size_t n = 0;
	to->n = 0;
	for (size_t i = 0; i < l->net_count; i++) {
		const struct learn_net *net = &l->net[i];
		if (net->prefix.len != ip_bits(&net->prefix.ip))
			continue;
		struct prefix wide = widen_net(&net->prefix.ip);
		if (!most_agree(l, net->seen))
			net = find_net((struct learn_net *)l->net, l->net_count, &wide);
		if (!net || !most_agree(l, net->seen) || find_net(chosen, n, &net->prefix))
			continue;
		chosen[n++] = *net;
		bool one = net->prefix.len == ip_bits(&net->prefix.ip);
		add_string(str_of(one ? ip_format(&net->prefix.ip, text)
		                      : prefix_format(&net->prefix, text)), to);
	}
	for (size_t i = 0; i < SERVICES; i++)
		if (most_agree(l, l->service[i].seen))
			add_string(str_of(services[i].net), to);
}

bool learn_any(const struct learn *l)
{
	struct buf text = { 0 };
	struct proposal to = { .config = &text };
	add_hosts(l, &to);
	size_t n = to.n;
	add_nets(l, &to);
	buf_fini(&text);
	return n + to.n > 0;
}

void learn_config(const struct learn *l, struct buf *out)
{
	enum { ENOUGH = 3 };
	struct proposal to = { .config = out };
	buf_printf(out, "# From %u message%s to yourself (%u other%s left out).\n"
	           "# Look at it before you use it: what is listed here is trusted.\n",
	           l->used, l->used == 1 ? "" : "s", l->skipped,
	           l->skipped == 1 ? " was" : "s were");
	if (l->used < ENOUGH)
		buf_add_cstr(out,
		             "# Providers use many hosts: three or more messages tell more.\n");
	buf_add_cstr(out, "trace {\n\town_hosts = {");
	add_hosts(l, &to);
	buf_add_cstr(out, "}\n\town_nets = {");
	add_nets(l, &to);
	buf_add_cstr(out, "}\n}\n");
}

void learn_json(const struct learn *l, struct json *j)
{
	struct proposal to = { .json = j };
	json_open_array(j, "own_hosts");
	add_hosts(l, &to);
	json_close(j);
	json_open_array(j, "own_nets");
	add_nets(l, &to);
	json_close(j);
	json_add_int(j, "messages", l->used);
	json_add_int(j, "skipped", l->skipped);
}

void learn_fini(struct learn *l)
{
	arena_fini(&l->arena);
	*l = (struct learn){ 0 };
}
