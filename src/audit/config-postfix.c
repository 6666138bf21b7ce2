/* SPDX-License-Identifier: ISC
 *
 * Postfix behind the common door: the machine's interfaces as the reader wants them, a client of
 * the rules as one of Postfix's, and its answer as lines: from the table up to the list, then the
 * setting without which an element permits nobody, then the -o of master.cf that won.
 */
#include "audit/config-private.h"

#include "audit/postfix-private.h"

enum { ANSWER_ELEMENTS_MAX = 20000, ALL_ANSWERS_ELEMENTS_MAX = 20 << 20 };

/* ---- reading -------------------------------------------------------------------- */

static const char *directory_of(struct arena *a, const char *directory)
{
	static const char *const files[] = { "/main.cf", "/master.cf" };
	if (!directory)
		return NULL;
	struct str s = str_of(directory);
	for (size_t i = 0; i < 2; i++)
		if (str_casesuffix(s, str_of(files[i])))
			s.n -= strlen(files[i]);
	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	return arena_strdup(a, s.n ? s : STR("/"));
}

/* Of those that are up, as Postfix asks; loopback is there even if we were told of nothing. */
static void interfaces_of(const struct facts *facts, struct arena *a, struct postfix_given *given)
{
	size_t n = 0, loopback = 0;
	for (size_t i = 0; facts && i < facts->interface_n; i++)
		n += facts->interfaces[i].address_n;
	struct postfix_interface *at = arena_alloc(a, (n + 2) * sizeof(*at));
	given->interfaces = at;
	for (size_t i = 0; facts && i < facts->interface_n; i++) {
		const struct facts_interface *from = &facts->interfaces[i];
		for (size_t k = 0; from->up && k < from->address_n; k++) {
			const struct facts_address *address = &from->addresses[k];
			at[given->interface_n++] = (struct postfix_interface){ address->ip,
			                                                       address->len };
			loopback += address->ip.family == 4 && address->ip.b[0] == 127;
		}
	}
	if (loopback)
		return;
	at[given->interface_n++] = (struct postfix_interface){ ip_from_v4(127, 0, 0, 1), 8 };
	at[given->interface_n++] = (struct postfix_interface){ { 6, { [15] = 1 } }, 128 };
}

static const char *kept(struct arena *a, const char *text)
{
	return text ? arena_strdup(a, str_of(text)) : NULL;
}

int config_postfix_read(const struct audit_files *files, const struct audit_config_given *given,
                        struct arena *a, struct postfix **p)
{
	struct audit_files *own_files = arena_alloc(a, sizeof(*own_files));
	struct postfix_given own = { .directory = directory_of(a, given->directory),
	                             .hostname = kept(a, given->hostname),
	                             .version = kept(a, given->version) };
	*own_files = *files;
	interfaces_of(given->facts, a, &own);
	const int err = postfix_read(own_files, &own, a, p);
	if (!given->facts || !given->facts->interface_n)
		postfix_unread(*p, "the networks of the machine",
		               "they are not known here, and trusted only if a setting names them");
	return err;
}

/* ---- causes --------------------------------------------------------------------- */

static bool is_network_of_all(struct postfix *p, struct postfix_service *service,
                              const struct postfix_client *client)
{
	postfix_mynetworks(p, service);
	const struct postfix_network *n =
		postfix_network_of(service->networks, service->network_n, client);
	return n && !n->negated && n->range.ip.family && n->range.len == 0;
}

static const char *cause_of_networks(struct postfix *p, struct postfix_service *service,
                                     const struct postfix_client *client)
{
	struct postfix_client nameless = *client;
	nameless.any_name = false;
	if (is_network_of_all(p, service, client))
		return "C6";
	return client->any_name
	       && !postfix_network_of(service->networks, service->network_n, &nameless)
	       ? "C42" : "";
}

static const char *cause_of_table(struct postfix *p, const struct postfix_answer *answer,
                                  const struct postfix_client *client)
{
	const struct postfix_map *map = postfix_map(p, str_of(answer->argument));
	if (map->kind == POSTFIX_MAP_STATIC)
		return "C10";
	switch (answer->kind) {
	case POSTFIX_RULE_HELO:
		return "C41";
	case POSTFIX_RULE_SENDER:
		return str_prefix(str_of(answer->place.text), STR("<>")) ? "C32" : "C31";
	case POSTFIX_RULE_RECIPIENT:
		return "C33";
	default:
		break;
	}
	const struct postfix_entry *e = postfix_map_ip(map, &client->address);
	if (map->kind == POSTFIX_MAP_CIDR)
		return e && e->range.len == 0 ? "C6" : "";
	for (const char *c = answer->place.text; *c && !ascii_isspace(*c) && *c != ':'; c++)
		if (ascii_isalpha((unsigned char)*c))
			return "C42";
	return "";
}

static const char *cause_of(struct postfix *p, struct postfix_service *service,
                            const struct postfix_client *client,
                            const struct postfix_answer *answer)
{
	switch (answer->kind) {
	case POSTFIX_RULE_MYNETWORKS:
		return cause_of_networks(p, service, client);
	case POSTFIX_RULE_PERMIT:
		return "C10";
	case POSTFIX_RULE_CERT_ANY:
		return "C44";
	case POSTFIX_RULE_MX_BACKUP:
		return "C39";
	case POSTFIX_RULE_GUARD:                /* passed by some only */
		return "C33";
	case POSTFIX_RULE_CLIENT:
	case POSTFIX_RULE_HELO:
	case POSTFIX_RULE_SENDER:
	case POSTFIX_RULE_RECIPIENT:
		return answer->say == POSTFIX_UNSURE ? "" : cause_of_table(p, answer, client);
	case POSTFIX_RULE_NEUTRAL:              /* the list's end, or an own domain */
		return strcmp(answer->parameter, answer->inner.parameter) ? "C33" : "C10";
	default:
		return "";
	}
}

/* ---- lines ---------------------------------------------------------------------- */

/* The list of domains that stands there, or names the table that does. */
static const char *domains_at(struct postfix *p, const struct audit_place *place)
{
	static const char *const names[] = { "mydestination", "virtual_alias_domains",
	                                     "virtual_mailbox_domains" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (audit_place_is(place, &postfix_value(p, &p->all, names[i])->place))
			return names[i];
	return "relay_domains";
}

/* What the line that decides is of, where it is not the list itself. */
static void add_deciding(struct postfix *p, struct postfix_service *service,
                         const struct postfix_answer *answer, struct arena *a,
                         struct audit_why *why)
{
	const struct audit_setting *networks = postfix_value(p, service, "mynetworks");
	if (answer->kind != POSTFIX_RULE_MYNETWORKS) {
		if (!audit_place_is(&answer->place, &answer->inner.place))
			audit_why_add(why, a, answer->kind == POSTFIX_RULE_GUARD
			                      ? domains_at(p, &answer->place)
			                      : answer->element[0] ? answer->element
			                                           : answer->parameter,
			              &answer->place);
		return;
	}
	if (audit_place_is(&answer->place, &answer->inner.place)) {
		return;                 /* unsure: nothing of mynetworks decides */
	} else if (networks->place.line == 0) {
		audit_why_add(why, a, "mynetworks_style", &answer->place);
		return;
	}
	audit_why_add(why, a, "mynetworks", &answer->place);
	audit_why_add(why, a, "mynetworks", &networks->place);
}

/* The setting without which the element permits nobody. */
static const char *needed_by(struct postfix *p, struct postfix_service *service,
                             enum postfix_rule_kind kind)
{
	switch (kind) {
	case POSTFIX_RULE_SASL:
		return "smtpd_sasl_auth_enable";
	case POSTFIX_RULE_CERT_ANY:
	case POSTFIX_RULE_CERT_LISTED:
		return postfix_yes(p, service, "smtpd_tls_req_ccert") ? "smtpd_tls_req_ccert"
		                                                      : "smtpd_tls_ask_ccert";
	case POSTFIX_RULE_MX_BACKUP:
		return "permit_mx_backup_networks";
	default:
		return NULL;
	}
}

/* The -o of the service by which the parameter has its value, its own or one that it refers to;
 * NULL: main.cf alone decides. */
static const struct postfix_assign *override_of(struct postfix *p,
                                                struct postfix_service *service, struct str name,
                                                unsigned depth, unsigned *budget)
{
	struct postfix_assign found;
	if (depth > AUDIT_DEPTH_MAX || *budget == 0 || !postfix_raw(p, service, name, &found))
		return NULL;
	--*budget;
	for (size_t i = service->own_n; i > 0; i--)
		if (str_eq(service->own[i - 1].name, name))
			return &service->own[i - 1];
	struct str rest = found.value;
	for (size_t at; (at = str_find(rest, '$')) != SIZE_MAX; ) {
		rest = str_from(rest, at + 1);
		size_t from = 0, end;
		while (from < rest.n && strchr("{( ", rest.p[from]))
			from++;
		for (end = from; end < rest.n && (ascii_isalnum((unsigned char)rest.p[end])
		                                  || rest.p[end] == '_'); end++)
			;
		const struct postfix_assign *own = override_of(
			p, service, (struct str){ rest.p + from, end - from }, depth + 1, budget);
		if (own)
			return own;
	}
	return NULL;
}

static void add_overrides(struct postfix *p, struct postfix_service *service,
                          const struct postfix_answer *answer, const char *needed,
                          struct arena *a, struct audit_why *why)
{
	const bool networks = answer->kind == POSTFIX_RULE_MYNETWORKS;
	const char *const names[] = { networks ? "mynetworks" : answer->inner.parameter,
	                              answer->parameter, needed,
	                              networks ? "mynetworks_style" : NULL,
	                              networks ? "inet_interfaces" : NULL };
	unsigned budget = 1000;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!names[i] || (i > 2 && postfix_value(p, service, "mynetworks")->place.line))
			continue;
		const struct postfix_assign *own =
			override_of(p, service, str_of(names[i]), 0, &budget);
		if (own)
			audit_why_add(why, a, arena_strdup(a, own->name), &own->place);
	}
}

static void explain_answer(struct postfix *p, struct postfix_service *service,
                           const struct postfix_client *client,
                           const struct postfix_answer *answer, struct arena *a,
                           struct audit_why *why)
{
	const char *needed = needed_by(p, service, answer->kind);
	*why = (struct audit_why){ .cause = "" };
	why->answer = answer->say == POSTFIX_REFUSES ? AUDIT_NO
	            : answer->say == POSTFIX_UNSURE ? AUDIT_PERHAPS : AUDIT_YES;
	why->some = answer->say == POSTFIX_SOME
	            || (answer->say == POSTFIX_TAKES && answer->kind == POSTFIX_RULE_MX_BACKUP);
	/* Refused once more, by the transport, unless another is set for the recipient. */
	if (why->answer == AUDIT_YES && str_prefix(str_of(
	    postfix_value(p, service, "default_transport")->value), STR("error")))
		why->answer = AUDIT_PERHAPS;
	if (why->answer != AUDIT_NO)
		why->cause = cause_of(p, service, client, answer);
	add_deciding(p, service, answer, a, why);
	audit_why_add(why, a, answer->inner.parameter, &answer->inner.place);
	audit_why_add(why, a, answer->parameter, &answer->list);
	if (needed)
		audit_why_add(why, a, needed, &postfix_value(p, service, needed)->place);
	add_overrides(p, service, answer, needed, a, why);
}

/* ---- asking --------------------------------------------------------------------- */

static struct postfix_client client_of(const struct audit_client *client, struct arena *a)
{
	return (struct postfix_client){
		.recipient = client->to ? arena_printf(a, "someone@%s", client->to) : NULL,
		.address = client->ip,
		.any_name = client->shows & AUDIT_BY_RDNS,
		.forges_sender = client->shows & AUDIT_BY_SENDER,
		.forges_helo = client->shows & AUDIT_BY_HELO,
		.logged_in = client->shows & AUDIT_BY_LOGIN,
		.cert_any = client->shows & AUDIT_BY_CERTIFICATE,
		.mx_here = client->shows & AUDIT_BY_MX,
		.any_destination = client->shows & AUDIT_BY_RECIPIENT,
	};
}

/* An answer has work of its own, so that the reader's does not run out by many questions; all of
 * them together have an end, too. What is left then is unsure. */
static void judge_within(struct postfix *p, const char *service,
                         const struct postfix_client *client, struct postfix_answer *answer)
{
	const size_t before = p->elements;
	size_t from = POSTFIX_ELEMENTS_ALL_MAX - ANSWER_ELEMENTS_MAX;
	if (before > from || p->explained >= ALL_ANSWERS_ELEMENTS_MAX) {
		postfix_judge(p, service, client, answer);
		return;
	}
	p->elements = from;
	postfix_judge(p, service, client, answer);
	p->explained += p->elements - from;
	p->elements = before;
}

/* How wide an answer is. */
static int width_of(const struct audit_why *why)
{
	if (why->answer == AUDIT_YES)
		return why->some ? 2 : 3;
	return why->answer == AUDIT_PERHAPS ? 1 : 0;
}

void config_postfix_explain(struct postfix *p, const struct audit_client *client, struct arena *a,
                            struct audit_why *why)
{
	const struct audit_reading *r = postfix_reading(p);
	const struct postfix_client asking = client_of(client, a);
	const size_t n = client->port || !r->port_n ? 1 : r->port_n;
	for (size_t i = 0; i < n; i++) {
		const struct audit_port *port = client->port ? client->port
		                              : r->port_n ? &r->ports[i] : NULL;
		const char *name = port && port->service ? port->service : "";
		struct postfix_answer answer;
		struct audit_why one;
		judge_within(p, name, &asking, &answer);
		explain_answer(p, postfix_service_of(p, name), &asking, &answer, a, &one);
		if (i == 0 || width_of(&one) > width_of(why))
			*why = one;
	}
	/* The relay check sees an own domain, and what becomes of it is another matter. */
	const bool for_login = client->port && client->port->for_login
	                       && !(client->shows & AUDIT_BY_LOGIN);
	if (why->answer == AUDIT_NO && client->shows & AUDIT_BY_ROUTES && !for_login)
		config_postfix_routed(p, client->shows, a, why);
}
