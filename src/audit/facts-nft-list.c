/* SPDX-License-Identifier: ISC
 *
 * nft's JSON from the outside in: the list, its chains, sets and maps, and each rule, also as a
 * text for people. */
#include "audit/facts-nft-private.h"

#include <limits.h>

enum { RENDER_DEPTH_MAX = 8, NAMED_ROWS_MAX = 1000 };

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s ? s : "";
}

/* ---- as a text ---------- */

static void render(struct buf *b, const json_t *v, unsigned depth);

static void render_list(struct buf *b, const json_t *v, const char *between, unsigned depth)
{
	const json_t *part;
	size_t i;
	json_array_foreach(v, i, part) {
		if (i)
			buf_add_cstr(b, between);
		render(b, part, depth);
	}
}

static void render_object(struct buf *b, const char *key, const json_t *v, unsigned depth)
{
	if (strcmp(key, "set") == 0) {
		buf_add_cstr(b, "{ ");
		render_list(b, v, ", ", depth);
		buf_add_cstr(b, " }");
	} else if (strcmp(key, "prefix") == 0) {
		buf_printf(b, "%s/%d", text_of(v, "addr"),
		           (int)(json_integer_value(json_object_get(v, "len")) & 0xff));
	} else if (strcmp(key, "range") == 0) {
		render_list(b, v, "-", depth);
	} else if (strcmp(key, "meta") == 0) {
		bool full = strcmp(text_of(v, "key"), "mark") == 0 ||
		            strcmp(text_of(v, "key"), "l4proto") == 0;
		buf_printf(b, "%s%s", full ? "meta " : "", text_of(v, "key"));
	} else if (strcmp(key, "payload") == 0) {
		buf_printf(b, "%s %s", text_of(v, "protocol"), text_of(v, "field"));
	} else if (strcmp(key, "fib") == 0) {
		buf_add_cstr(b, "fib ");
		render(b, json_object_get(v, "flags"), depth);
		buf_printf(b, " %s", text_of(v, "result"));
	} else if (strcmp(key, "&") == 0 || strcmp(key, "|") == 0 || strcmp(key, "^") == 0) {
		char between[4] = { ' ', key[0], ' ', '\0' };
		render_list(b, v, between, depth);
	} else if (strcmp(key, "map") == 0) {
		render(b, json_object_get(v, "key"), depth);
		buf_add_cstr(b, " map ");
		render(b, json_object_get(v, "data"), depth);
	} else if (strcmp(key, "concat") == 0) {
		render_list(b, v, " . ", depth);
	} else {
		buf_printf(b, "%s ", key);
		render(b, v, depth);
	}
}

static void render(struct buf *b, const json_t *v, unsigned depth)
{
	const char *key;
	const json_t *part;
	if (depth >= RENDER_DEPTH_MAX || b->n > 2000) {
		buf_add_cstr(b, "…");
		return;
	}
	if (json_is_string(v))
		buf_add_cstr(b, json_string_value(v));
	else if (json_is_integer(v))
		buf_printf(b, "%lld", (long long)json_integer_value(v));
	else if (json_is_array(v))
		render_list(b, v, " ", depth + 1);
	else
		json_object_foreach((json_t *)(uintptr_t)v, key, part)
			render_object(b, key, part, depth + 1);
}

static void render_nat(struct buf *b, const char *key, const json_t *v)
{
	const json_t *addr = json_object_get(v, "addr"), *port = json_object_get(v, "port");
	buf_add_cstr(b, key);
	if (addr || port)
		buf_add_cstr(b, " to ");
	if (addr)
		render(b, addr, 0);
	if (port) {
		buf_add_cstr(b, ":");
		render(b, port, 0);
	}
}

static void render_statement(struct buf *b, const char *key, const json_t *v)
{
	if (strcmp(key, "match") == 0) {
		render(b, json_object_get(v, "left"), 0);
		buf_add_cstr(b, strcmp(text_of(v, "op"), "!=") == 0 ? " != " : " ");
		render(b, json_object_get(v, "right"), 0);
	} else if (strcmp(key, "snat") == 0 || strcmp(key, "dnat") == 0 ||
	           strcmp(key, "redirect") == 0 || strcmp(key, "masquerade") == 0 ||
	           strcmp(key, "tproxy") == 0) {
		render_nat(b, key, v);
	} else if (strcmp(key, "vmap") == 0) {
		render(b, json_object_get(v, "key"), 0);
		buf_add_cstr(b, " vmap ");
		render(b, json_object_get(v, "data"), 0);
	} else if (strcmp(key, "jump") == 0 || strcmp(key, "goto") == 0) {
		buf_printf(b, "%s %s", key, text_of(v, "target"));
	} else if (strcmp(key, "mangle") == 0) {
		render(b, json_object_get(v, "key"), 0);
		buf_add_cstr(b, " set ");
		render(b, json_object_get(v, "value"), 0);
	} else if (strcmp(key, "counter") != 0) {
		buf_add_cstr(b, key);
	}
}

static const char *nft_rule_text(struct nft_reading *r, const json_t *expr)
{
	struct buf b = { 0 };
	const json_t *statement, *v;
	const char *key;
	size_t i;
	json_array_foreach(expr, i, statement)
		json_object_foreach((json_t *)(uintptr_t)statement, key, v) {
			if (b.n && b.p[b.n - 1] != ' ')
				buf_add_byte(&b, ' ');
			render_statement(&b, key, v);
		}
	const char *text = facts_shown(r->f, str_trim(buf_str(&b)));
	buf_fini(&b);
	return text;
}

/* ---- the list ---------- */

/* Sets nothing for families that carry no mail: arp, bridge, netdev. */
static bool take_family(struct nft_reading *r, const json_t *item)
{
	r->nft_family = text_of(item, "family");
	r->table = text_of(item, "table");
	r->family = strcmp(r->nft_family, "ip") == 0 ? 4
	          : strcmp(r->nft_family, "ip6") == 0 ? 6 : 0;
	return r->family != 0 || strcmp(r->nft_family, "inet") == 0;
}

static int read_chain(struct nft_reading *r, const json_t *item)
{
	static const char *const hooks[] = {
		[FACTS_NO_HOOK] = "", [FACTS_PREROUTING] = "prerouting", [FACTS_INPUT] = "input",
		[FACTS_OUTPUT] = "output", [FACTS_POSTROUTING] = "postrouting",
	};
	json_int_t priority = json_integer_value(json_object_get(item, "prio"));
	if (!take_family(r, item))
		return ERR_OK;
	struct facts_chain *chain = facts_chain_of(r->f, "nft", r->family, str_of(r->table),
	                                           str_of(text_of(item, "name")));
	if (!chain)
		return ERR_LIMIT;
	chain->priority = priority > INT_MAX || priority < INT_MIN ? 0 : (int)priority;
	const bool nat = strcmp(text_of(item, "type"), "nat") == 0;
	const bool filter = strcmp(text_of(item, "type"), "filter") == 0;
	for (size_t i = 1; i < sizeof(hooks) / sizeof(*hooks); i++)
		if ((nat || (filter && i == FACTS_PREROUTING)) &&
		    strcmp(text_of(item, "hook"), hooks[i]) == 0)
			chain->hook = (enum facts_hook)i;
	return ERR_OK;
}

/* Each row of the rule's map as a rule of its own. */
static int add_rows(struct nft_reading *r, struct facts_chain *chain,
                    const struct facts_rule *rule)
{
	const json_t *data = json_object_get(r->map, "data"), *rows, *row;
	const char *name = json_string_value(data);
	size_t i;
	rows = name && name[0] == '@' ? nft_named(r, name + 1) : json_object_get(data, "set");
	json_array_foreach(rows, i, row) {
		struct facts_rule one = *rule;
		if (i >= NAMED_ROWS_MAX) {
			facts_unread(r->f, rule->text, "its map has too many rows");
			r->f->cut = true;
			break;
		}
		one.matches = NULL;
		one.match_n = 0;
		for (size_t k = 0; k < rule->match_n; k++)
			*facts_add_match(r->f, &one, FACTS_UNKNOWN, false) = rule->matches[k];
		nft_read_row(r, &one, row);
		if (!facts_add_rule(r->f, chain, &one))
			return ERR_LIMIT;
	}
	return ERR_OK;
}

static int read_rule(struct nft_reading *r, const json_t *item)
{
	const json_t *expr = json_object_get(item, "expr"), *statement, *v;
	const char *key;
	size_t i;
	if (!take_family(r, item))
		return ERR_OK;
	struct facts_chain *chain = facts_chain_of(r->f, "nft", r->family, str_of(r->table),
	                                           str_of(text_of(item, "chain")));
	struct facts_rule rule = { .text = nft_rule_text(r, expr) };
	r->map = NULL;
	r->xt = false;
	if (!chain)
		return ERR_LIMIT;
	json_array_foreach(expr, i, statement)
		json_object_foreach((json_t *)(uintptr_t)statement, key, v)
			nft_read_statement(r, &rule, key, v);
	r->f->has_xt |= r->xt;
	if (r->xt)
		return ERR_OK;
	if (r->map)
		return add_rows(r, chain, &rule);
	return facts_add_rule(r->f, chain, &rule) ? ERR_OK : ERR_LIMIT;
}

/* First of all, as a rule may name one that is listed behind it. */
static void find_sets(struct nft_reading *r, const json_t *list)
{
	const json_t *item;
	size_t i;
	json_array_foreach(list, i, item) {
		const json_t *set = json_object_get(item, "set");
		if (!set)
			set = json_object_get(item, "map");
		if (!set)
			continue;
		FACTS_GROW(r->f->arena, r->sets, r->set_n);
		r->sets[r->set_n++] = (struct nft_set){
			text_of(set, "family"), text_of(set, "table"), text_of(set, "name"),
			json_object_get(set, "elem"),
		};
	}
}

int facts_parse_nft(struct facts *f, struct str json)
{
	json_error_t error;
	struct nft_reading r = { .f = f };
	const json_t *list, *item;
	size_t i;
	int err = ERR_OK;
	if (json.n > FACTS_TEXT_MAX_BYTES)
		return ERR_LIMIT;
	json_t *root = json_loadb(json.p ? json.p : "", json.n, 0, &error);
	list = json_object_get(root, "nftables");
	if (!json_is_array(list)) {
		json_decref(root);
		return ERR_INVALID;
	}
	find_sets(&r, list);
	json_array_foreach(list, i, item) {
		if (err == ERR_OK && json_object_get(item, "chain"))
			err = read_chain(&r, json_object_get(item, "chain"));
		else if (err == ERR_OK && json_object_get(item, "rule"))
			err = read_rule(&r, json_object_get(item, "rule"));
	}
	json_decref(root);
	return err;
}
