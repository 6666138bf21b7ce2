/* SPDX-License-Identifier: ISC
 *
 * What `nft -j list ruleset` writes in a rule (libnftables-json(5)): what decides which packets are
 * translated, and how. A statement or condition that is not known becomes a
 * condition that may hold or not. Rules that iptables put there (xt) are left to iptables-save.
 */
#include "audit/facts-nft-private.h"

#include <limits.h>

/* ---- conditions ---------- */

static void unknown(const struct nft_reading *r, struct facts_rule *rule)
{
	facts_add_match(r->f, rule, FACTS_UNKNOWN, false);
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s ? s : "";
}

const json_t *nft_named(const struct nft_reading *r, const char *name)
{
	if (!facts_may_search(r->f, r->set_n))
		return NULL;
	for (size_t i = 0; i < r->set_n; i++)
		if (strcmp(r->sets[i].name, name) == 0 &&
		    strcmp(r->sets[i].table, r->table) == 0 &&
		    strcmp(r->sets[i].family, r->nft_family) == 0)
			return r->sets[i].elements;
	return NULL;
}

/* The anonymous set, or the named one's elements; NULL: it is a single value. */
static const json_t *elements_of(const struct nft_reading *r, const json_t *right)
{
	const json_t *set = json_object_get(right, "set");
	const char *name = json_string_value(right);
	if (set || !name || name[0] != '@')
		return set;
	return nft_named(r, name + 1);
}

static bool span_of_json(const json_t *v, bool address, struct facts_span *span)
{
	const json_t *prefix = json_object_get(v, "prefix"), *range = json_object_get(v, "range");
	char text[120];
	*span = (struct facts_span){ 0 };
	if (json_object_get(v, "elem"))
		v = json_object_get(json_object_get(v, "elem"), "val");
	if (!address) {
		const json_t *low = range ? json_array_get(range, 0) : v;
		const json_t *high = range ? json_array_get(range, 1) : v;
		json_int_t a = json_integer_value(low), b = json_integer_value(high);
		if (!json_is_integer(low) || !json_is_integer(high) || a < 0 || b < a ||
		    b > UINT32_MAX)
			return false;
		span->low = (uint32_t)a;
		span->high = (uint32_t)b;
		return true;
	}
	if (prefix)
		snprintf(text, sizeof(text), "%.64s/%d", string_of(prefix, "addr"),
		         (int)(json_integer_value(json_object_get(prefix, "len")) & 0xff));
	else if (range)
		snprintf(text, sizeof(text), "%.50s-%.50s",
		         json_is_string(json_array_get(range, 0)) ?
		         json_string_value(json_array_get(range, 0)) : "",
		         json_is_string(json_array_get(range, 1)) ?
		         json_string_value(json_array_get(range, 1)) : "");
	else
		snprintf(text, sizeof(text), "%.100s",
		         json_is_string(v) ? json_string_value(v) : "");
	return facts_parse_span(str_of(text), span);
}

static bool add_value(const struct nft_reading *r, struct facts_match *m, const json_t *v)
{
	static const struct { const char *name; uint32_t number; } protocols[] = {
		{ "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "ipv6-icmp", 58 }, { "sctp", 132 },
		{ "smtp", 25 }, { "submission", 587 }, { "submissions", 465 }, { "urd", 465 },
	};
	struct facts_span span = { 0 };
	const char *name = json_string_value(v);
	if (m->field == FACTS_IN || m->field == FACTS_OUT)
		return name && facts_add_name(r->f, m, str_of(name));
	if (m->field == FACTS_FROM || m->field == FACTS_TO)
		return span_of_json(v, true, &span) && facts_add_span(r->f, m, &span);
	for (size_t i = 0; name && i < sizeof(protocols) / sizeof(*protocols); i++)
		if (strcmp(name, protocols[i].name) == 0) {
			span.low = span.high = protocols[i].number;
			return facts_add_span(r->f, m, &span);
		}
	return span_of_json(v, false, &span) && facts_add_span(r->f, m, &span);
}

/* What the left side of a condition is about; FACTS_UNKNOWN. */
static enum facts_field field_of(const json_t *left)
{
	const char *meta = string_of(json_object_get(left, "meta"), "key");
	const json_t *payload = json_object_get(left, "payload");
	const char *field = string_of(payload, "field");
	if (strcmp(meta, "iifname") == 0 || strcmp(meta, "iif") == 0)
		return FACTS_IN;
	if (strcmp(meta, "oifname") == 0 || strcmp(meta, "oif") == 0)
		return FACTS_OUT;
	if (strcmp(meta, "l4proto") == 0 || strcmp(field, "nexthdr") == 0)
		return FACTS_PROTOCOL;
	if (strcmp(meta, "mark") == 0)
		return FACTS_MARK;
	if (strcmp(field, "protocol") == 0 &&
	    strcmp(string_of(payload, "protocol"), "ip") == 0)
		return FACTS_PROTOCOL;
	if (strcmp(field, "saddr") == 0)
		return FACTS_FROM;
	if (strcmp(field, "daddr") == 0)
		return FACTS_TO;
	if (strcmp(field, "dport") == 0)
		return FACTS_PORT;
	return FACTS_UNKNOWN;
}

/* `meta mark & 0x2000 == 0x2000`, `!= 0`; also without the mask. */
static bool read_mark(const struct nft_reading *r, struct facts_rule *rule, const json_t *left,
                      const json_t *right, bool negated)
{
	const json_t *both = json_object_get(left, "&");
	struct facts_span span = { .high = UINT32_MAX };
	if (both) {
		const json_t *mask = json_array_get(both, 1);
		if (field_of(json_array_get(both, 0)) != FACTS_MARK || !json_is_integer(mask))
			return false;
		span.high = (uint32_t)json_integer_value(mask);
	} else if (field_of(left) != FACTS_MARK) {
		return false;
	}
	if (!json_is_integer(right))
		return false;
	span.low = (uint32_t)json_integer_value(right);
	facts_add_span(r->f, facts_add_match(r->f, rule, FACTS_MARK, negated), &span);
	return true;
}

static bool is_to_local(const json_t *left, const json_t *right)
{
	const json_t *fib = json_object_get(left, "fib");
	const json_t *flags = json_object_get(fib, "flags");
	const char *what = json_is_string(flags) ? json_string_value(flags)
	                 : json_is_string(json_array_get(flags, 0)) ?
	                   json_string_value(json_array_get(flags, 0)) : "";
	return strcmp(string_of(fib, "result"), "type") == 0 && strcmp(what, "daddr") == 0 &&
	       json_is_string(right) && strcmp(json_string_value(right), "local") == 0;
}

static void read_values(const struct nft_reading *r, struct facts_rule *rule,
                        enum facts_field field, const json_t *right, bool negated)
{
	const json_t *set = elements_of(r, right), *value;
	struct facts_match *m = facts_add_match(r->f, rule, field, negated);
	bool sound = true;
	size_t i;
	if (!set)
		sound = add_value(r, m, right);
	else
		json_array_foreach(set, i, value) {
			sound = add_value(r, m, value);
			if (!sound)
				break;
		}
	if (!sound)
		*m = (struct facts_match){ .field = FACTS_UNKNOWN };
}

/* A field of a protocol's header is a condition on the protocol, too. */
static void read_header(const struct nft_reading *r, struct facts_rule *rule, const json_t *left)
{
	static const struct facts_span all4 = { { 4, { 0 } }, { 4, { 255, 255, 255, 255 } }, 0, 0 };
	const char *protocol = string_of(json_object_get(left, "payload"), "protocol");
	struct facts_span span = { 0 };
	if (strcmp(protocol, "tcp") == 0)
		span.low = span.high = 6;
	else if (strcmp(protocol, "udp") == 0)
		span.low = span.high = 17;
	else if (strcmp(protocol, "ip") == 0)
		span = all4;
	else if (strcmp(protocol, "ip6") == 0)
		facts_parse_span(STR("::/0"), &span);
	else
		return;
	bool address = span.first.family != 0;
	facts_add_span(r->f, facts_add_match(r->f, rule, address ? FACTS_TO : FACTS_PROTOCOL,
	                                     false), &span);
}

static void nft_read_match(const struct nft_reading *r, struct facts_rule *rule,
                           const json_t *match)
{
	const json_t *left = json_object_get(match, "left");
	const json_t *right = json_object_get(match, "right");
	const char *op = string_of(match, "op");
	bool negated = strcmp(op, "!=") == 0;
	enum facts_field field = field_of(left);
	if (!negated && strcmp(op, "==") != 0 && strcmp(op, "in") != 0)
		unknown(r, rule);
	else if (is_to_local(left, right))
		facts_add_match(r->f, rule, FACTS_TO_LOCAL, negated);
	else if (read_mark(r, rule, left, right, negated))
		;
	else if (field == FACTS_UNKNOWN || field == FACTS_MARK)
		unknown(r, rule);
	else {
		read_header(r, rule, left);
		read_values(r, rule, field, right, negated);
	}
}

/* ---- what a rule does ---------- */

static void read_nat(struct nft_reading *r, struct facts_rule *rule, enum facts_action action,
                     const json_t *v)
{
	const json_t *addr = json_object_get(v, "addr"), *port = json_object_get(v, "port");
	struct facts_span span;
	rule->action = action;
	if (addr && json_object_get(addr, "map")) {
		r->map = json_object_get(addr, "map");
	} else if (addr) {
		bool known = span_of_json(addr, true, &span);
		if (known)
			rule->to.ip = span.first;
		else
			unknown(r, rule);
		rule->to_others = !known || !ip_eq(&span.first, &span.last);
	}
	if (port && span_of_json(port, false, &span) && span.low <= 65535)
		rule->to.port = (uint16_t)span.low;
	else if (port)
		unknown(r, rule);
}

/* `meta mark set …`: a number, or the mark with a number. */
static void read_mangle(const struct nft_reading *r, struct facts_rule *rule, const json_t *v)
{
	static const char *const operators[] = { "|", "^", "&" };
	const json_t *value = json_object_get(v, "value");
	if (field_of(json_object_get(v, "key")) != FACTS_MARK)
		return;
	rule->action = FACTS_SET_MARK;
	if (json_is_integer(value)) {
		rule->mark = (uint32_t)json_integer_value(value);
		rule->mark_mask = UINT32_MAX;
		return;
	}
	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		const json_t *both = json_object_get(value, operators[i]);
		uint32_t n = (uint32_t)json_integer_value(json_array_get(both, 1));
		if (!both || !json_is_integer(json_array_get(both, 1)) ||
		    field_of(json_array_get(both, 0)) != FACTS_MARK)
			continue;
		rule->mark = i == 2 ? 0 : n;
		rule->mark_mask = i == 0 ? n : i == 1 ? 0 : ~n;
		return;
	}
	unknown(r, rule);
}

static bool read_verdict(const struct nft_reading *r, struct facts_rule *rule, const char *key,
                         const json_t *v)
{
	if (strcmp(key, "accept") == 0 || strcmp(key, "drop") == 0 || strcmp(key, "reject") == 0) {
		rule->action = FACTS_ACCEPT;
	} else if (strcmp(key, "return") == 0) {
		rule->action = FACTS_RETURN;
	} else if (strcmp(key, "jump") == 0 || strcmp(key, "goto") == 0) {
		rule->action = key[0] == 'j' ? FACTS_JUMP : FACTS_GOTO;
		rule->target = arena_strdup(r->f->arena, str_of(string_of(v, "target")));
	} else {
		return false;
	}
	return true;
}

static bool is_idle_statement(const char *key)
{
	static const char *const idle[] = { "counter", "log", "comment", "notrack", "ct helper" };
	for (size_t i = 0; i < sizeof(idle) / sizeof(*idle); i++)
		if (strcmp(key, idle[i]) == 0)
			return true;
	return false;
}

void nft_read_statement(struct nft_reading *r, struct facts_rule *rule, const char *key,
                        const json_t *v)
{
	if (strcmp(key, "match") == 0)
		nft_read_match(r, rule, v);
	else if (rule->action == FACTS_TPROXY)
		;                                /* a mark, and that it is accepted */
	else if (strcmp(key, "masquerade") == 0)
		rule->action = FACTS_MASQUERADE;
	else if (strcmp(key, "snat") == 0)
		read_nat(r, rule, FACTS_SNAT, v);
	else if (strcmp(key, "dnat") == 0)
		read_nat(r, rule, FACTS_DNAT, v);
	else if (strcmp(key, "redirect") == 0)
		read_nat(r, rule, FACTS_REDIRECT, v);
	else if (strcmp(key, "tproxy") == 0)
		read_nat(r, rule, FACTS_TPROXY, v);
	else if (strcmp(key, "mangle") == 0)
		read_mangle(r, rule, v);
	else if (strcmp(key, "vmap") == 0)
		r->map = v;
	else if (strcmp(key, "xt") == 0)
		r->xt = true;
	else if (!read_verdict(r, rule, key, v) && !is_idle_statement(key))
		unknown(r, rule);
}

/* A row of a map: the same rule with the key's value as a condition. */
void nft_read_row(const struct nft_reading *r, struct facts_rule *rule, const json_t *row)
{
	const json_t *key = json_object_get(r->map, "key"), *value = json_array_get(row, 0);
	const json_t *data = json_array_get(row, 1), *v;
	const char *name;
	struct facts_span span;
	enum facts_field field = field_of(key);
	if (json_object_get(key, "concat") || field == FACTS_UNKNOWN || field == FACTS_MARK)
		unknown(r, rule);
	else {
		read_header(r, rule, key);
		read_values(r, rule, field, value, false);
	}
	if (json_is_string(data) && span_of_json(data, true, &span)) {
		rule->to.ip = span.first;
		rule->to_others = !ip_eq(&span.first, &span.last);
		return;
	}
	if (json_object_get(data, "concat")) {          /* address . port */
		const json_t *both = json_object_get(data, "concat");
		if (span_of_json(json_array_get(both, 0), true, &span))
			rule->to.ip = span.first;
		if (span_of_json(json_array_get(both, 1), false, &span) && span.low <= 65535)
			rule->to.port = (uint16_t)span.low;
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)data, name, v)
		if (!read_verdict(r, rule, name, v)) {
			rule->to_others = rule->action == FACTS_DNAT;
			unknown(r, rule);
		}
}
