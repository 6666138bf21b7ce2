/* SPDX-License-Identifier: ISC
 *
 * The entries as rules, in the order of the rulesets that cf/m4 makes: who is rejected at once;
 * who has logged in; by the recipient; by the client's address; by the sender; by the client's
 * name.
 */
#include "audit/sendmail-private.h"

static bool is_relay(const struct sendmail_entry *e)
{
	return e->kind == SENDMAIL_RELAY || str_eq(e->value, STR("RELAY"));
}

static bool is_client(const struct sendmail_entry *e)
{
	return e->kind == SENDMAIL_CONNECT || e->kind == SENDMAIL_UNTAGGED;
}

static const char *parameter(const struct sendmail_entry *e)
{
	switch (e->kind) {
	case SENDMAIL_RELAY: return "class R (relay-domains)";
	case SENDMAIL_ENTIRE: return "class m";
	case SENDMAIL_MECHANISM: return "TRUST_AUTH_MECH";
	case SENDMAIL_FEATURE: return "FEATURE";
	case SENDMAIL_OWN: return "class w";
	default: return "access";
	}
}

static struct audit_rule rule_of(const struct sendmail_entry *e, unsigned by)
{
	struct audit_rule rule = { .permits = true, .by = by, .what = e->key.p,
	                           .name = parameter(e), .place = e->place };
	rule.cause = gather_cause(&rule);
	return rule;
}

/* A row of access for a range, but for the longer rows inside it that say something else: of all
 * that fit, the longest counts. */
static void add_range_rule(struct sendmail *s, const struct sendmail_entry *e, bool permits)
{
	struct gather_ranges list = { 0 };
	for (size_t i = 0; is_client(e) && i < s->n; i++) {
		const struct sendmail_entry *other = &s->entries[i];
		struct audit_range item = { other->range, true, false };
		if (is_client(other) && other->is_range && other->range.len > e->range.len &&
		    is_relay(other) != permits && prefix_covers(&e->range, &other->range))
			gather_range(s->g, &list, &item);
	}
	gather_range(s->g, &list, &(struct audit_range){ .range = e->range });
	struct audit_rule rule = rule_of(e, 0);
	rule.permits = permits;
	rule.in_ranges = true;
	rule.ranges = list.p;
	rule.range_n = list.n;
	rule.cause = permits ? gather_cause(&rule) : "";
	gather_rule(s->g, &rule);
}

static bool is_rejection(struct str value)
{
	return str_prefix(value, STR("REJECT")) || str_prefix(value, STR("DISCARD")) ||
	       str_caseprefix(value, STR("ERROR")) || (value.n && ascii_isdigit(value.p[0]));
}

static void add_rejections(struct sendmail *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sendmail_entry *e = &s->entries[i];
		if (is_client(e) && e->is_range && is_rejection(e->value))
			add_range_rule(s, e, false);
	}
}

static void add_feature(struct sendmail *s, const char *name, unsigned by, const char *cause)
{
	const struct sendmail_entry *e = NULL;
	for (size_t i = 0; i < s->n; i++)       /* the last: of sendmail.mc, if it is there */
		if (s->entries[i].kind == SENDMAIL_FEATURE &&
		    str_eq(s->entries[i].key, str_of(name)))
			e = &s->entries[i];
	if (!e)
		return;
	struct audit_rule rule = rule_of(e, by);
	rule.cause = cause;
	gather_rule(s->g, &rule);
}

/* What is left to the hub behind: only it knows what it makes of that local part. */
static void add_unchecked(struct sendmail *s)
{
	static const struct { const char *name; unsigned by; bool special; } rows[] = {
		{ "loose_relay_check", AUDIT_BY_PERCENT, false },
		{ "nopercenthack", AUDIT_BY_PERCENT, true }, { "nouucp", AUDIT_BY_BANG, true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < s->n; k++) {
			const struct sendmail_entry *e = &s->entries[k];
			if (e->kind != SENDMAIL_FEATURE || !str_eq(e->key, str_of(rows[i].name)) ||
			    (rows[i].special && !str_eq(e->value, STR("nospecial"))))
				continue;
			struct audit_rule rule = rule_of(e, rows[i].by | AUDIT_BY_UNSURE);
			rule.cause = "C38";
			gather_rule(s->g, &rule);
		}
}

static void add_logins(struct sendmail *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->entries[i].kind == SENDMAIL_MECHANISM) {
			struct audit_rule rule = rule_of(&s->entries[i], AUDIT_BY_LOGIN);
			gather_rule(s->g, &rule);
		}
}

static void add_recipients(struct sendmail *s)
{
	bool below = !sendmail_feature(s, "relay_hosts_only");
	for (size_t i = 0; i < s->n; i++) {
		const struct sendmail_entry *e = &s->entries[i];
		bool names = e->kind == SENDMAIL_RELAY || e->kind == SENDMAIL_TO ||
		             e->kind == SENDMAIL_UNTAGGED;
		if (e->kind == SENDMAIL_OWN && !e->is_range)
			gather_domain(s->g, e->key);
		if (!names || e->is_range || !is_relay(e) || !e->key.n)
			continue;
		struct audit_rule rule = rule_of(e, AUDIT_BY_RECIPIENT);
		if (gather_is_wide(e->key, below))
			gather_rule(s->g, &rule);
		else
			gather_domain(s->g, e->key);
	}
}

static void add_addresses(struct sendmail *s)
{
	struct gather_ranges own = { 0 }, named = { 0 };
	const struct prefix four = { ip_from_v4(127, 0, 0, 1), 32 };
	const struct prefix six = { { 6, { [15] = 1 } }, 128 };
	gather_range(s->g, &own, &(struct audit_range){ .range = four });
	gather_range(s->g, &own, &(struct audit_range){ .range = six });
	if (!s->no_probe)
		gather_range(s->g, &own, &(struct audit_range){ .own = true });
	gather_rule(s->g, &(struct audit_rule){ .permits = true, .in_ranges = true, .ranges = own.p,
		.range_n = own.n, .name = "built in",
		.place = { "", 0, "relay from the machine's own addresses" } });
	/* Those whose names are its own still are: DNS knows. */
	gather_range(s->g, &named, &(struct audit_range){ .own = true });
	if (s->no_probe)
		gather_rule(s->g, &(struct audit_rule){ .permits = true, .in_ranges = true,
			.ranges = named.p, .range_n = named.n, .by = AUDIT_BY_UNSURE,
			.name = "built in", .place = { "", 0, "relay from its own names" } });
	for (size_t i = 0; i < s->n; i++) {
		const struct sendmail_entry *e = &s->entries[i];
		if (e->is_range && is_relay(e) && (e->kind == SENDMAIL_RELAY || is_client(e)))
			add_range_rule(s, e, true);
	}
}

static void add_shown(struct sendmail *s)
{
	bool from = sendmail_feature(s, "relay_mail_from");
	for (size_t i = 0; i < s->n; i++) {
		const struct sendmail_entry *e = &s->entries[i];
		unsigned by = 0;
		if (!is_relay(e) || e->is_range)
			continue;
		if (e->kind == SENDMAIL_RELAY || is_client(e))
			by = AUDIT_BY_RDNS;
		else if (e->kind == SENDMAIL_FROM && from)
			by = AUDIT_BY_SENDER;
		else if (e->kind == SENDMAIL_CERTIFICATE)
			by = AUDIT_BY_TLS | AUDIT_BY_CERTIFICATE;
		if (!by)
			continue;
		struct audit_rule rule = rule_of(e, by);
		gather_rule(s->g, &rule);
	}
}

void sendmail_rules(struct sendmail *s)
{
	add_rejections(s);
	add_logins(s);
	add_unchecked(s);
	add_feature(s, "promiscuous_relay", 0, "C10");
	add_feature(s, SENDMAIL_OWN_RULES, AUDIT_BY_UNSURE, "C10");
	if (s->from_cf && !s->cf_whole && !sendmail_feature(s, "promiscuous_relay"))
		gather_rule(s->g, &(struct audit_rule){ .permits = true, .cause = "C10",
			.by = AUDIT_BY_UNSURE, .name = "Relay_ok",
			.place = { "sendmail.cf", 0, "there is no ruleset Relay_ok" } });
	add_recipients(s);
	add_feature(s, "relay_based_on_MX", AUDIT_BY_MX, "C39");
	add_addresses(s);
	add_feature(s, "relay_local_from", AUDIT_BY_SENDER, "C31");
	add_feature(s, "relay_entire_domain", AUDIT_BY_RDNS, "C42");
	add_shown(s);
}
