/* SPDX-License-Identifier: ISC
 *
 * Facts of a network. Input: a byte that names the parser, then its text; sections may follow each
 * other, a line "%" between. What was read is then judged: how strangers arrive, who is to ask.
 */
#include "fuzz.h"

#include "audit/arrival.h"
#include "audit/kinds.h"

#include <assert.h>
#include <stdlib.h>

static void parse(struct facts *f, unsigned char which, struct str s)
{
	struct facts_signs signs = { .cgroup = s, .mountinfo = s, .environ1 = s, .systemd = s };
	switch (which) {
	case 'n': facts_parse_nft(f, s); break;
	case '4': facts_parse_iptables(f, 4, s); break;
	case '6': facts_parse_iptables(f, 6, s); break;
	case 'r': facts_parse_route(f, s); break;
	case 'R': facts_parse_ipv6_route(f, s); break;
	case 't': facts_parse_tcp(f, 4, s); break;
	case 'T': facts_parse_tcp(f, 6, s); break;
	case 'a': facts_parse_if_inet6(f, s); break;
	case 'f': facts_parse_fib_trie(f, s); break;
	case 'c': facts_judge_container(f, &signs); break;
	case 'p': facts_add_process(f, 7, s, s); facts_add_holder(f, 1, 7, s); break;
	default: break;
	}
}

static void check_facts(const struct facts *f)
{
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t k = 0; k < f->interfaces[i].address_n; k++) {
			const struct facts_address *a = &f->interfaces[i].addresses[k];
			assert(a->len <= ip_bits(&a->ip));
		}
	for (size_t i = 0; i < f->route_n; i++)
		assert(f->routes[i].to.len <= ip_bits(&f->routes[i].to.ip));
	for (size_t i = 0; i < f->chain_n; i++)
		for (size_t k = 0; k < f->chains[i].rule_n; k++)
			assert(f->chains[i].rules[k].text && f->chains[i].name);
	for (size_t i = 0; i < f->proxy_n; i++)
		assert(f->proxies[i].ports > 0 || f->proxies[i].from.port == 0);
	for (size_t i = 0; i < f->unread_n; i++)
		assert(f->unread[i].what && f->unread[i].why);
}

static void check_judged(struct facts *f)
{
	static const struct prefix trusted[] = {
		{ { 4, { 10 } }, 8 }, { { 4, { 172, 16 } }, 12 }, { { 6, { 0xfd } }, 8 },
	};
	struct endpoint server = { { 0 }, 25 };
	struct audit_arrival *v;
	struct audit_asker *clients;
	size_t n, client_n;
	struct ip seen[8];
	struct audit_asked asked = { trusted, 3, seen, 0 };
	audit_arrivals(f, &server, &v, &n);
	for (size_t i = 0; i < n; i++) {
		assert((v[i].family == 4 || v[i].family == 6) && v[i].text && v[i].cause);
		assert(v[i].way != AUDIT_DIRECT || v[i].as.family == 0);
		if (v[i].as.family && asked.seen_n < 8)
			seen[asked.seen_n++] = v[i].as;
	}
	audit_kinds(f, &asked, &clients, &client_n);
	assert(client_n >= 2 && client_n <= AUDIT_ASKERS_MAX);
	for (size_t i = 0; i < client_n; i++)
		for (size_t k = 0; k < i; k++)
			assert(clients[i].shared || !ip_eq(&clients[i].ip, &clients[k].ip));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct facts f;
	struct str rest = { (const char *)data, size };
	if (size > 1 << 18)
		return 0;
	facts_begin(&f, &a);
	while (rest.n) {
		size_t cut = str_search(rest, STR("\n%\n"));
		struct str part = { rest.p, cut == SIZE_MAX ? rest.n : cut + 1 };
		parse(&f, (unsigned char)part.p[0], str_from(part, 1));
		rest = str_from(rest, cut == SIZE_MAX ? rest.n : cut + 3);
	}
	facts_settle_proxies(&f);
	check_facts(&f);
	check_judged(&f);
	arena_fini(&a);
	return 0;
}
