/* SPDX-License-Identifier: ISC
 *
 * Chains, rules and conditions as the parsers of nft and iptables build them up, and the small
 * texts within: spans of addresses and ports, targets, marks.
 */
#include "audit/facts-private.h"

#include <assert.h>

static bool is_chain(const struct facts_chain *c, const char *source, unsigned family,
                     struct str table, struct str name)
{
	return c->family == family && str_eq(str_of(c->name), name) &&
	       str_eq(str_of(c->table), table) && strcmp(c->source, source) == 0;
}

struct facts_chain *facts_chain_of(struct facts *f, const char *source, unsigned family,
                                   struct str table, struct str name)
{
	/* Rules of one chain stand together, chains in the order in which they were named. */
	for (size_t i = f->chain_last; i < f->chain_n && i < f->chain_last + 2; i++)
		if (is_chain(&f->chains[i], source, family, table, name)) {
			f->chain_last = i;
			return &f->chains[i];
		}
	if (!facts_may_search(f, f->chain_n))
		return NULL;
	for (size_t i = 0; i < f->chain_n; i++)
		if (is_chain(&f->chains[i], source, family, table, name)) {
			f->chain_last = i;
			return &f->chains[i];
		}
	if (f->chain_n >= FACTS_CHAINS_MAX || name.n > AUDIT_LINE_MAX_BYTES)
		return NULL;
	FACTS_GROW(f->arena, f->chains, f->chain_n);
	struct facts_chain *made = &f->chains[f->chain_n++];
	*made = (struct facts_chain){
		.source = source, .family = (uint8_t)family,
		.table = arena_strdup(f->arena, table), .name = arena_strdup(f->arena, name),
	};
	return made;
}

struct facts_rule *facts_add_rule(struct facts *f, struct facts_chain *chain,
                                  const struct facts_rule *rule)
{
	if (f->rule_n >= FACTS_RULES_MAX)
		return NULL;
	FACTS_GROW(f->arena, chain->rules, chain->rule_n);
	chain->rules[chain->rule_n] = *rule;
	f->rule_n++;
	return &chain->rules[chain->rule_n++];
}

struct facts_match *facts_add_match(struct facts *f, struct facts_rule *rule,
                                    enum facts_field field, bool negated)
{
	FACTS_GROW(f->arena, rule->matches, rule->match_n);
	struct facts_match *m = &rule->matches[rule->match_n++];
	*m = (struct facts_match){ .field = field, .negated = negated };
	return m;
}

bool facts_add_name(struct facts *f, struct facts_match *m, struct str name)
{
	assert(m->field == FACTS_IN || m->field == FACTS_OUT);
	if (m->n >= FACTS_VALUES_MAX || f->value_n++ >= FACTS_ALL_VALUES_MAX)
		return false;
	FACTS_GROW(f->arena, m->names, m->n);
	m->names[m->n++] = arena_strdup(f->arena, name);
	return true;
}

bool facts_add_span(struct facts *f, struct facts_match *m, const struct facts_span *span)
{
	assert(m->field != FACTS_IN && m->field != FACTS_OUT);
	if (m->n >= FACTS_VALUES_MAX || f->value_n++ >= FACTS_ALL_VALUES_MAX)
		return false;
	FACTS_GROW(f->arena, m->spans, m->n);
	m->spans[m->n++] = *span;
	return true;
}

/* ---- small texts ---------- */

static struct ip last_of(const struct ip *first, unsigned len)
{
	struct ip last = *first;
	for (unsigned bit = len; bit < ip_bits(first); bit++)
		last.b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return last;
}

/* iptables also writes 192.0.2.0/255.255.255.0 where the mask has no length; that we don't. */
bool facts_parse_span(struct str s, struct facts_span *span)
{
	size_t dash = str_find(s, '-');
	struct prefix p;
	*span = (struct facts_span){ 0 };
	if (dash != SIZE_MAX) {
		if (ip_parse((struct str){ s.p, dash }, &span->first, NULL) != ERR_OK ||
		    ip_parse(str_from(s, dash + 1), &span->last, NULL) != ERR_OK)
			return false;
		return span->first.family == span->last.family &&
		       ip_cmp(&span->first, &span->last) <= 0;
	}
	if (prefix_parse(s, &p, NULL) != ERR_OK && !prefix_meant(s, &p))
		return false;
	span->first = p.ip;
	span->last = last_of(&p.ip, p.len);
	return true;
}

bool facts_parse_ports(struct str s, struct facts_span *span)
{
	uint64_t low, high;
	size_t at = str_find(s, ':');
	if (at == SIZE_MAX)
		at = str_find(s, '-');
	struct str first = at == SIZE_MAX ? s : (struct str){ s.p, at };
	if (str_u64(first, 65535, &low) != ERR_OK)
		return false;
	high = low;
	if (at != SIZE_MAX && str_u64(str_from(s, at + 1), 65535, &high) != ERR_OK)
		return false;
	*span = (struct facts_span){ .low = (uint32_t)low, .high = (uint32_t)high };
	return low <= high;
}

bool facts_parse_target(struct str s, struct endpoint *to)
{
	struct facts_span span;
	struct str address = s, port = { "", 0 };
	*to = (struct endpoint){ 0 };
	if (s.n && s.p[0] == '[') {
		size_t close = str_find(s, ']');
		if (close == SIZE_MAX)
			return false;
		address = (struct str){ s.p + 1, close - 1 };
		port = str_from(s, close + 1);
		if (port.n && port.p[0] != ':')
			return false;
		port = str_from(port, 1);
	} else if (str_find(s, ':') != SIZE_MAX && ip_parse(s, &to->ip, NULL) != ERR_OK &&
	           !facts_parse_span(s, &span)) {
		size_t colon = str_find(s, ':');
		address = (struct str){ s.p, colon };
		port = str_from(s, colon + 1);
	}
	if (address.n) {
		if (!facts_parse_span(address, &span))
			return false;
		to->ip = span.first;
	}
	if (port.n) {
		if (!facts_parse_ports(port, &span))
			return false;
		to->port = (uint16_t)span.low;
	}
	return address.n || port.n;
}

bool facts_parse_number(struct str s, uint32_t *value)
{
	uint64_t v = 0;
	if (!str_prefix(s, STR("0x")) && !str_prefix(s, STR("0X"))) {
		if (str_u64(s, UINT32_MAX, &v) != ERR_OK)
			return false;
		*value = (uint32_t)v;
		return true;
	}
	if (s.n < 3 || s.n > 10)
		return false;
	for (size_t i = 2; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		if (ascii_isdigit((unsigned char)c))
			v = v * 16 + (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*value = (uint32_t)v;
	return true;
}
