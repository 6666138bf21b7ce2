/* SPDX-License-Identifier: ISC
 *
 * The conditions of an ACL's verb, asked for plain mail to a foreign domain: it is known, or hangs
 * on the client and what it shows. A table has the names.
 */
#include "audit/exim-private.h"
#include "audit/signs-private.h"

#include <assert.h>

typedef void condition_fn(struct exim *x, bool not, struct str value, struct exim_condition *c);

static void shown(struct exim_condition *c, unsigned by, bool not)
{
	c->truth = EXIM_SHOWN;
	*(not ? &c->without : &c->by) |= by;
}

static void settled(struct exim_condition *c, bool truth)
{
	c->truth = truth ? EXIM_YES : EXIM_NO;
}

static void ask_hosts(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	exim_hosts(x, value, &c->hosts);
	struct exim_hosts *h = &c->hosts;
	c->truth = EXIM_SHOWN;
	c->by_hosts = true;
	if (not) {
		for (size_t i = 0; i < h->ranges.n; i++)
			h->ranges.p[i].not = !h->ranges.p[i].not;
		h->range_else = !h->range_else;
		h->names = h->unsure = false;
	}
	if (!h->ranges.n && !h->names && !h->unsure)
		settled(c, h->range_else);
}

static void ask_domain_list(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	unsigned by = 0;
	if (x->route) {
		settled(c, exim_has_domain(x, value, x->route->domain) != not);
		return;
	}
	enum exim_truth truth = exim_domains(x, value, &by);
	c->list = x->found;
	if (truth == EXIM_SHOWN && !not)
		shown(c, by, false);
	else
		settled(c, (truth == EXIM_YES) != not);
}

/* By both parts of its addresses. */
static void ask_routed(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	char separator = 0;
	struct str item;
	bool found = false;
	while (!found && exim_item(x->g, &value, &separator, &item)) {
		size_t at = item.n;
		while (at > 0 && item.p[at - 1] != '@')
			at--;
		if (item.n && (item.p[0] == '^' || item.p[0] == '\\'))
			found = sign_is_in(item, x->route->sign);
		else
			found = exim_has_domain(x, str_from(item, at), x->route->domain) &&
			        (at == 0 || exim_sign_matches(x, (struct str){ item.p, at - 1 },
			                                      x->route->sign));
	}
	settled(c, found != not);
}

/* A pattern of whole addresses that does not say where they end: the own domain may stand within a
 * foreign one's local part. */
static bool is_open_pattern(struct str item)
{
	if (str_prefix(item, STR("\\N")))
		item = str_from(item, 2);
	if (!item.n || item.p[0] != '^')
		return false;
	if (str_casesuffix(item, STR("\\N")))
		item.n -= 2;
	return item.p[item.n - 1] != '$';
}

/* "*@*.com : postmaster@*": by the domains of its addresses. */
static void ask_recipients(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	char separator = 0;
	struct str item;
	unsigned by = 0;
	enum exim_truth all = EXIM_NO;
	if (x->route) {
		ask_routed(x, not, value, c);
		return;
	}
	while (all != EXIM_YES && exim_item(x->g, &value, &separator, &item)) {
		size_t at = str_find(item, '@');
		struct str domain = at == SIZE_MAX ? item : str_from(item, at + 1);
		enum exim_truth truth = is_open_pattern(item) ? EXIM_SHOWN
		                                              : exim_domains(x, domain, &by);
		bool everyone = at == SIZE_MAX || (at == 1 && item.p[0] == '*');
		if (truth == EXIM_YES && everyone)
			all = EXIM_YES;
		else if (truth != EXIM_NO)
			all = EXIM_SHOWN;
	}
	if (all == EXIM_SHOWN && !not)
		shown(c, by | AUDIT_BY_RECIPIENT, false);
	else
		settled(c, (all == EXIM_YES) != not);
}

static bool is_star(struct str value)
{
	return str_eq(value, STR("*"));
}

static void ask_local_parts(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	if (x->route)
		settled(c, exim_sign_matches(x, value, x->route->sign) != not);
	else if (not || is_star(value))
		settled(c, is_star(value) != not);
	else
		shown(c, AUDIT_BY_RECIPIENT, false);
}

static void ask_senders(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	(void)x;
	if (not || is_star(value))
		settled(c, is_star(value) != not);
	else
		shown(c, AUDIT_BY_SENDER, false);
}

static void ask_login(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	(void)x;
	(void)value;
	shown(c, AUDIT_BY_LOGIN, not);
}

static void ask_encrypted(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	(void)x;
	(void)value;
	shown(c, AUDIT_BY_TLS, not);
}

static void ask_verify(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	struct audit_line line;
	if (str_prefix(value, STR("certificate")))
		shown(c, AUDIT_BY_TLS | AUDIT_BY_CERTIFICATE, not);
	else if (str_prefix(value, STR("helo")))
		shown(c, AUDIT_BY_HELO, not);
	else if (str_prefix(value, STR("reverse_host_lookup")))
		shown(c, AUDIT_BY_RDNS, not);
	else if (str_prefix(value, STR("recipient"))) {
		c->verifies = !not;
		settled(c, (x->route || exim_routes_foreign(x, &line)) != not);
	} else
		settled(c, !not);
}

static bool says(struct str value, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_caseeq(value, str_of(words[i])))
			return true;
	return false;
}

static void ask_expression(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	static const char *const yes[] = { "true", "yes", "1" };
	static const char *const no[] = { "false", "no", "0", "" };
	static const struct { const char *text; unsigned by; } variables[] = {
		{ "$sender_host_name", AUDIT_BY_RDNS }, { "$sender_helo_name", AUDIT_BY_HELO },
		{ "$sender_address", AUDIT_BY_SENDER }, { "$tls_in_cipher", AUDIT_BY_TLS },
		{ "$tls_in_peerdn", AUDIT_BY_CERTIFICATE }, { "$authenticated_", AUDIT_BY_LOGIN },
		{ "$sender_host_authenticated", AUDIT_BY_LOGIN },
		{ "def:authenticated_id", AUDIT_BY_LOGIN },
		{ "def:sender_host_authenticated", AUDIT_BY_LOGIN },
	};
	bool of_local_part = x->route && str_search(value, STR("local_part")) != SIZE_MAX;
	if (says(value, yes, 3) || says(value, no, 4)) {
		settled(c, says(value, yes, 3) != not);
		return;
	}
	if (of_local_part && sign_is_in(value, x->route->sign)) {
		settled(c, !not);
		return;
	}
	shown(c, AUDIT_BY_UNSURE, false);
	for (size_t i = 0; !not && i < sizeof(variables) / sizeof(variables[0]); i++)
		if (str_search(value, str_of(variables[i].text)) != SIZE_MAX)
			shown(c, variables[i].by, false);
}

/* Of lists that a stranger is not on, limits that he has not met. */
static void ask_seldom(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	(void)x;
	(void)value;
	settled(c, not);
}

static void ask_unsure(struct exim *x, bool not, struct str value, struct exim_condition *c)
{
	(void)x;
	(void)not;
	(void)value;
	shown(c, AUDIT_BY_UNSURE, false);
}

static const struct { const char *name; condition_fn *ask; } rows[] = {
	{ "hosts", ask_hosts }, { "domains", ask_domain_list }, { "recipients", ask_recipients },
	{ "local_parts", ask_local_parts }, { "senders", ask_senders },
	{ "sender_domains", ask_senders }, { "authenticated", ask_login },
	{ "encrypted", ask_encrypted }, { "verify", ask_verify }, { "condition", ask_expression },
	{ "dnslists", ask_seldom }, { "ratelimit", ask_seldom }, { "malware", ask_seldom },
	{ "spam", ask_seldom }, { "seen", ask_seldom }, { "spf", ask_unsure },
	{ "spf_guess", ask_unsure }, { "acl", ask_unsure }, { "regex", ask_seldom },
	{ "mime_regex", ask_seldom }, { "decode", ask_unsure }, { "dkim_signers", ask_unsure },
	{ "dkim_status", ask_unsure }, { "dmarc_status", ask_unsure },
};

void exim_condition(struct exim *x, struct str name, bool not, struct str value,
                    struct exim_condition *c)
{
	*c = (struct exim_condition){ .truth = EXIM_YES, .what = gather_text(x->g, value) };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(name, str_of(rows[i].name))) {
			c->asks = true;
			rows[i].ask(x, not, value, c);
		}
	assert(c->truth == EXIM_SHOWN || !(c->by | c->without));
}
