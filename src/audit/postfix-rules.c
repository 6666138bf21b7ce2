/* SPDX-License-Identifier: ISC
 *
 * The lists of restrictions as they are written: each element with its kind and argument
 * (postconf(5), smtpd_*_restrictions). What an element means for relaying is its kind; the
 * judgement stands in postfix-judge.c.
 */
#include "audit/postfix-private.h"

struct known_rule {
	const char *name;
	enum postfix_rule_kind kind;
	bool argument;
};

static const struct known_rule known_rules[] = {
	{ "permit", POSTFIX_RULE_PERMIT, false },
	{ "reject", POSTFIX_RULE_REJECT, false },
	{ "defer", POSTFIX_RULE_REJECT, false },
	{ "defer_if_permit", POSTFIX_RULE_REJECT, false },
	{ "defer_if_reject", POSTFIX_RULE_NEUTRAL, false },
	{ "permit_mynetworks", POSTFIX_RULE_MYNETWORKS, false },
	{ "permit_inet_interfaces", POSTFIX_RULE_INET_INTERFACES, false },
	{ "permit_sasl_authenticated", POSTFIX_RULE_SASL, false },
	{ "permit_tls_all_clientcerts", POSTFIX_RULE_CERT_ANY, false },
	{ "permit_tls_clientcerts", POSTFIX_RULE_CERT_LISTED, false },
	{ "permit_auth_destination", POSTFIX_RULE_OWN_DESTINATION, false },
	{ "reject_unauth_destination", POSTFIX_RULE_GUARD, false },
	{ "defer_unauth_destination", POSTFIX_RULE_GUARD, false },
	{ "check_relay_domains", POSTFIX_RULE_GUARD, false },
	{ "permit_mx_backup", POSTFIX_RULE_MX_BACKUP, false },
	{ "check_client_access", POSTFIX_RULE_CLIENT, true },
	{ "check_reverse_client_hostname_access", POSTFIX_RULE_REVERSE, true },
	{ "check_helo_access", POSTFIX_RULE_HELO, true },
	{ "check_sender_access", POSTFIX_RULE_SENDER, true },
	{ "check_recipient_access", POSTFIX_RULE_RECIPIENT, true },
	{ "check_ccert_access", POSTFIX_RULE_CERT_TABLE, true },
	{ "check_sasl_access", POSTFIX_RULE_SASL_TABLE, true },
	{ "check_policy_service", POSTFIX_RULE_POLICY, true },
	/* Their OK is not taken where the destination is not authorised. */
	{ "permit_dnswl_client", POSTFIX_RULE_NEUTRAL, true },
	{ "permit_rhswl_client", POSTFIX_RULE_NEUTRAL, true },
	{ "check_client_a_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_client_mx_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_client_ns_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_reverse_client_hostname_a_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_reverse_client_hostname_mx_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_reverse_client_hostname_ns_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_helo_a_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_helo_mx_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_helo_ns_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_sender_a_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_sender_mx_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_sender_ns_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_recipient_a_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_recipient_mx_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_recipient_ns_access", POSTFIX_RULE_NEUTRAL, true },
	{ "check_etrn_access", POSTFIX_RULE_NEUTRAL, true },
	{ "reject_rbl_client", POSTFIX_RULE_NEUTRAL, true },
	{ "reject_rhsbl_client", POSTFIX_RULE_NEUTRAL, true },
	{ "reject_rhsbl_reverse_client", POSTFIX_RULE_NEUTRAL, true },
	{ "reject_rhsbl_helo", POSTFIX_RULE_NEUTRAL, true },
	{ "reject_rhsbl_sender", POSTFIX_RULE_NEUTRAL, true },
	{ "reject_rhsbl_recipient", POSTFIX_RULE_NEUTRAL, true },
	{ "reject_maps_rbl", POSTFIX_RULE_NEUTRAL, false },
	{ "sleep", POSTFIX_RULE_NEUTRAL, true },
};

/* Restrictions that refuse some mail whoever sends it, and permit none. */
static const char *const sifting[] = {
	"reject_invalid_helo_hostname", "reject_invalid_hostname", "reject_non_fqdn_helo_hostname",
	"reject_non_fqdn_hostname", "reject_unknown_helo_hostname", "reject_unknown_hostname",
	"reject_unknown_client_hostname", "reject_unknown_client",
	"reject_unknown_reverse_client_hostname", "reject_unknown_forward_client_hostname",
	"reject_non_fqdn_sender", "reject_unknown_sender_domain", "reject_unlisted_sender",
	"reject_unverified_sender", "reject_sender_login_mismatch",
	"reject_authenticated_sender_login_mismatch",
	"reject_known_sender_login_mismatch", "reject_unauthenticated_sender_login_mismatch",
	"reject_non_fqdn_recipient", "reject_unknown_recipient_domain",
	"reject_unlisted_recipient", "reject_unverified_recipient", "check_recipient_maps",
	"reject_unauth_pipelining", "reject_plaintext_session", "reject_multi_recipient_bounce",
};

static const struct known_rule *rule_known(struct str name)
{
	static const struct known_rule sift = { "", POSTFIX_RULE_NEUTRAL, false };
	for (size_t i = 0; i < sizeof(known_rules) / sizeof(*known_rules); i++)
		if (str_caseeq(name, str_of(known_rules[i].name)))
			return &known_rules[i];
	for (size_t i = 0; i < sizeof(sifting) / sizeof(*sifting); i++)
		if (str_caseeq(name, str_of(sifting[i])))
			return &sift;
	return NULL;
}

static bool is_class(struct postfix *p, struct postfix_service *service, struct str name)
{
	struct str rest = str_of(postfix_value(p, service, "smtpd_restriction_classes")->value);
	struct str word;
	for (int i = 0; i < POSTFIX_CLASSES_MAX && postfix_word(&rest, &word); i++)
		if (str_eq(word, name))
			return true;
	return false;
}

/* The kind of a bare "type:name" in the list of that parameter. */
static enum postfix_rule_kind postfix_plain_table(const char *parameter)
{
	const struct str p = str_of(parameter);
	if (str_eq(p, STR("smtpd_client_restrictions")))
		return POSTFIX_RULE_CLIENT;
	if (str_eq(p, STR("smtpd_helo_restrictions")))
		return POSTFIX_RULE_HELO;
	if (str_eq(p, STR("smtpd_sender_restrictions")))
		return POSTFIX_RULE_SENDER;
	if (str_eq(p, STR("smtpd_relay_restrictions"))
	    || str_eq(p, STR("smtpd_recipient_restrictions")))
		return POSTFIX_RULE_RECIPIENT;
	return POSTFIX_RULE_UNKNOWN;
}

static struct postfix_rule rule_of(struct postfix *p, struct postfix_service *service,
                                   struct str word, struct str *rest,
                                   enum postfix_rule_kind plain_table)
{
	struct postfix_rule rule = { .name = arena_strdup(p->arena, word), .argument = "" };
	const struct known_rule *known = rule_known(word);
	struct str argument;
	if (is_class(p, service, word)) {
		rule.kind = POSTFIX_RULE_CLASS;
	} else if (known) {
		rule.kind = known->kind;
		if (known->argument && postfix_word(rest, &argument))
			rule.argument = arena_strdup(p->arena, postfix_unbraced(argument));
	} else if (str_find(word, ':') != SIZE_MAX) {
		rule.kind = plain_table;
		rule.argument = rule.name;
	}
	return rule;
}

size_t postfix_rules_parse(struct postfix *p, struct postfix_service *service, const char *value,
                           enum postfix_rule_kind plain_table, struct postfix_rule **rules)
{
	struct str rest = str_of(value), word;
	size_t n = 0;
	bool warns = false;
	*rules = NULL;
	p->elements += rest.n / 64;     /* long words are work, too */
	/* One more than is looked at: what is cut off is never taken for the end. */
	while (n <= POSTFIX_ELEMENTS_MAX && p->elements <= POSTFIX_ELEMENTS_ALL_MAX
	       && postfix_word(&rest, &word)) {
		p->elements++;
		if (str_caseeq(word, STR("warn_if_reject"))) {
			warns = true;
			continue;
		}
		*rules = postfix_grown(p->arena, *rules, n, sizeof(**rules));
		(*rules)[n] = rule_of(p, service, word, &rest, plain_table);
		(*rules)[n++].warns_only = warns;
		warns = false;
	}
	return n;
}

size_t postfix_rules_of(struct postfix *p, struct postfix_service *s, const char *parameter,
                        struct postfix_rule **rules)
{
	for (size_t i = 0; i < s->parsed_n; i++) {
		if (strcmp(s->parsed[i].parameter, parameter) != 0)
			continue;
		*rules = s->parsed[i].rules;
		return s->parsed[i].n;
	}
	const size_t n = postfix_rules_parse(p, s, postfix_value(p, s, parameter)->value,
	                                     postfix_plain_table(parameter), rules);
	s->parsed = postfix_grown(p->arena, s->parsed, s->parsed_n, sizeof(*s->parsed));
	s->parsed[s->parsed_n++] = (struct postfix_parsed){
		arena_strdup(p->arena, str_of(parameter)), *rules, n };
	return n;
}

size_t postfix_rules(struct postfix *p, const char *service, const char *parameter,
                     const struct postfix_rule **rules)
{
	struct postfix_rule *parsed;
	const size_t n = postfix_rules_of(p, postfix_service_of(p, service), parameter, &parsed);
	*rules = parsed;
	return n;
}
