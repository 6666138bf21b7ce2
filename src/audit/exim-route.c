/* SPDX-License-Identifier: ISC
 *
 * The routers and rewriting rules: which one makes a foreign address of a local part at an own
 * domain, after the ACL has seen the own domain (percent hack, bang path, a quoted address, SRS
 * taken back unchecked); and which one takes a foreign domain on.
 */
#include "audit/exim-private.h"
#include "audit/signs-private.h"

#include <assert.h>

enum option {
	DRIVER, DOMAINS, LOCAL_PARTS, DATA, CONDITION, SENDERS, ADDRESS_DATA, PREFIX,
	PREFIX_OPTIONAL, SUFFIX, SUFFIX_OPTIONAL, CHECK_LOCAL_USER, VERIFY, VERIFY_RECIPIENT, SET,
	OPTIONS
};

static const char *const option_names[OPTIONS] = {
	[DRIVER] = "driver", [DOMAINS] = "domains", [LOCAL_PARTS] = "local_parts",
	[DATA] = "data", [CONDITION] = "condition", [SENDERS] = "senders",
	[ADDRESS_DATA] = "address_data", [PREFIX] = "local_part_prefix",
	[PREFIX_OPTIONAL] = "local_part_prefix_optional", [SUFFIX] = "local_part_suffix",
	[SUFFIX_OPTIONAL] = "local_part_suffix_optional",
	[CHECK_LOCAL_USER] = "check_local_user", [VERIFY] = "verify",
	[VERIFY_RECIPIENT] = "verify_recipient", [SET] = "set",
};

struct exim_router {
	struct { struct str value; struct audit_place place; } o[OPTIONS];
	bool set[OPTIONS], off[OPTIONS];         /* off: "no_verify", "verify = false" */
	bool other;                              /* has conditions that are not looked at */
};

/* ---- lines ------------------------------------------------------------------------- */

static bool is_label(struct str line)
{
	return line.n > 1 && line.p[line.n - 1] == ':' && str_find(line, '=') == SIZE_MAX &&
	       str_find(line, ' ') == SIZE_MAX;
}

static struct str without_quotes(struct str value)
{
	if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		return str_trim((struct str){ value.p + 1, value.n - 2 });
	return value;
}

static bool is_no(struct str value)
{
	return str_caseeq(value, STR("false")) || str_caseeq(value, STR("no"));
}

static void take_option(struct exim_router *r, const struct exim_line *line)
{
	size_t equals = str_find(line->text, '=');
	bool bare = equals == SIZE_MAX;
	struct str name = str_trim(bare ? line->text : (struct str){ line->text.p, equals });
	struct str value = bare ? STR("") : str_trim(str_from(line->text, equals + 1));
	bool no = bare && (str_prefix(name, STR("no_")) || str_prefix(name, STR("not_")));
	if (no)
		name = str_from(name, str_find(name, '_') + 1);
	if (str_prefix(name, STR("set ")))
		name = STR("set");
	/* Of files only the server can say whether they are there. */
	r->other |= str_eq(name, STR("require_files"));
	for (size_t i = 0; i < OPTIONS; i++) {
		if (!str_eq(name, str_of(option_names[i])))
			continue;
		r->o[i].value = without_quotes(value);
		r->o[i].place = line->place;
		r->set[i] = true;
		r->off[i] = no || is_no(value);
	}
}

static void read_routers(struct exim *x)
{
	const struct exim_lines *lines = &x->routers;
	struct exim_router *r = NULL;
	x->router = arena_alloc(x->g->a, EXIM_ROUTERS_MAX * sizeof(*x->router));
	for (size_t i = 0; i < lines->n; i++) {
		if (!is_label(lines->p[i].text)) {
			if (r)
				take_option(r, &lines->p[i]);
			continue;
		}
		if (x->router_n == EXIM_ROUTERS_MAX) {
			gather_cut_at(x->g, &lines->p[i].place, "more routers than we take");
			x->routers.cut = true;
			return;
		}
		r = &x->router[x->router_n++];
		*r = (struct exim_router){ 0 };
	}
}

/* All of them, read once. */
static size_t routers_of(struct exim *x, const struct exim_router **routers)
{
	if (!x->router)
		read_routers(x);
	*routers = x->router;
	assert(x->router_n <= EXIM_ROUTERS_MAX);
	return x->router_n;
}

static bool drives(const struct exim_router *r, const char *driver)
{
	return str_eq(r->o[DRIVER].value, str_of(driver));
}

/* ---- what routes by a local part -------------------------------------------------------- */

enum fit { FIT_NO, FIT_PERHAPS, FIT_YES };

/* "${if inbound_srs {$local_part} {SECRET}}": with a secret the hash is looked at. */
static bool checks_hash(struct str condition)
{
	size_t at = str_search(condition, STR("inbound_srs"));
	if (at == SIZE_MAX)
		return false;
	struct str rest = str_from(condition, at);
	for (int i = 0; i < 2; i++) {
		size_t open = str_find(rest, '{');
		if (open == SIZE_MAX)
			return false;
		rest = str_from(rest, open + 1);
	}
	size_t end = str_find(rest, '}');
	return str_trim(end == SIZE_MAX ? rest : (struct str){ rest.p, end }).n > 0;
}

static bool is_fixed_away(const struct exim_router *r, enum option affix, enum option optional,
                          unsigned sign)
{
	return r->set[affix] && (!r->set[optional] || r->off[optional]) &&
	       !(sign == AUDIT_BY_PACKED && sign_is_in(r->o[affix].value, sign));
}

/* By its conditions. */
static enum fit meets(struct exim *x, const struct exim_router *r, unsigned sign)
{
	struct str condition = r->o[CONDITION].value;
	bool packed = sign == AUDIT_BY_PACKED && sign_is_in(r->o[PREFIX].value, sign);
	if ((r->set[CHECK_LOCAL_USER] && !r->off[CHECK_LOCAL_USER]) ||
	    is_fixed_away(r, PREFIX, PREFIX_OPTIONAL, sign) ||
	    is_fixed_away(r, SUFFIX, SUFFIX_OPTIONAL, sign))
		return FIT_NO;
	if (r->set[LOCAL_PARTS] && !packed && !exim_sign_matches(x, r->o[LOCAL_PARTS].value, sign))
		return FIT_NO;
	if (r->set[CONDITION] && str_search(condition, STR("local_part")) != SIZE_MAX) {
		if (!sign_is_in(condition, sign) || checks_hash(condition))
			return FIT_NO;
	} else if (r->set[CONDITION]) {
		return FIT_PERHAPS;
	}
	return r->other || (r->set[SENDERS] && !str_eq(r->o[SENDERS].value, STR("*")))
	       ? FIT_PERHAPS : FIT_YES;
}

/* It is looked for somewhere; an "@" need not be, as it makes an address by itself. */
static bool looks_for(const struct exim_router *r, unsigned sign)
{
	static const enum option texts[] = { DATA, ADDRESS_DATA, SET, CONDITION, LOCAL_PARTS,
	                                     PREFIX };
	if (sign == AUDIT_BY_AT)
		return true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (sign_is_in(r->o[texts[i]].value, sign))
			return true;
	return false;
}

static enum fit routes(struct exim *x, const struct exim_router *r, unsigned sign)
{
	const bool asks = exim_sign_asks(r->o[DATA].value);
	if (!drives(r, "redirect") || !(asks || exim_sign_expands(r->o[DATA].value, sign)))
		return FIT_NO;
	enum fit fit = meets(x, r, sign);
	return fit == FIT_YES && (asks || !looks_for(r, sign)) ? FIT_PERHAPS : fit;
}

/* An own domain that the router is for; empty: it is for none. */
static struct str own_domain(struct exim *x, const struct exim_router *r)
{
	const struct exim_list *local = exim_list_find(x, STR("local_domains"), false);
	struct str domain = STR("");
	if (r->set[DOMAINS])
		domain = exim_some_domain(x, r->o[DOMAINS].value);
	else if (local)
		domain = exim_some_domain(x, local->value);
	return domain.n || r->set[DOMAINS] ? domain : STR("@");
}

static bool find_router(struct exim *x, unsigned sign, struct exim_route *route)
{
	const struct exim_router *routers;
	const size_t n = routers_of(x, &routers);
	for (size_t i = 0; i < n; i++) {
		const struct exim_router *r = &routers[i];
		enum fit fit = routes(x, r, sign);
		if (fit == FIT_NO)
			continue;
		struct str domain = own_domain(x, r);
		if (!domain.n || (route->line.parameter && fit == FIT_PERHAPS))
			continue;
		*route = (struct exim_route){ sign, fit == FIT_PERHAPS, domain,
		                              { "data", r->o[DATA].place } };
		if (fit == FIT_YES)
			return true;
	}
	return route->line.parameter;
}

/* ---- rewriting ------------------------------------------------------------------------ */

/* Of recipients in the envelope; with S it is done before the ACL sees the address. */
static bool rewrites_recipients(struct str flags)
{
	bool named = false;
	for (size_t i = 0; i < flags.n; i++) {
		if (flags.p[i] == 'T' || flags.p[i] == 'E')
			return true;
		named |= !strchr("qQRw", flags.p[i]) && !ascii_isspace(flags.p[i]);
	}
	return !named;
}

static bool find_rewriting(struct exim *x, unsigned sign, struct exim_route *route)
{
	const struct exim_list *local = exim_list_find(x, STR("local_domains"), false);
	struct str domain = local ? exim_some_domain(x, local->value) : STR("");
	for (size_t i = 0; i < x->rewrites.n && sign != AUDIT_BY_AT; i++) {
		const struct exim_line *line = &x->rewrites.p[i];
		struct str rest = line->text, pattern, made;
		if (!str_word(&rest, &pattern) || !str_word(&rest, &made) ||
		    !exim_sign_expands(made, sign) || !rewrites_recipients(rest) ||
		    !(sign_is_in(pattern, sign) || sign_is_in(made, sign)))
			continue;
		*route = (struct exim_route){ sign, false, domain.n ? domain : STR("@"),
		                              { "rewrite", line->place } };
		return true;
	}
	return false;
}

bool exim_route_of(struct exim *x, unsigned sign, struct exim_route *route)
{
	*route = (struct exim_route){ 0 };
	bool found = find_router(x, sign, route);
	if ((!found || route->unsure) && find_rewriting(x, sign, route))
		found = true;
	assert(!found || (route->sign == sign && route->domain.n));
	return found;
}

/* ---- what takes a foreign domain on ------------------------------------------------------ */

static bool takes_recipients(const struct exim_router *r)
{
	return !r->off[VERIFY] && !r->off[VERIFY_RECIPIENT];
}

/* Only some domains, or some local parts at them. */
static bool is_narrow(const struct exim_router *r)
{
	static const enum option narrow[] = { CHECK_LOCAL_USER, LOCAL_PARTS, CONDITION, SENDERS,
	                                      PREFIX, SUFFIX };
	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++)
		if (r->set[narrow[i]])
			return true;
	return r->other;
}

static enum fit takes_foreign(struct exim *x, const struct exim_router *r)
{
	struct audit_reading *out = x->g->out;
	unsigned by = 0;
	const size_t unread = out->unread_n;
	enum exim_truth truth = EXIM_YES;
	x->unknown = false;
	if (r->set[DOMAINS])
		truth = exim_domains(x, r->o[DOMAINS].value, &by);
	out->unread_n = unread;
	if (!takes_recipients(r) || (truth == EXIM_NO && !x->unknown))
		return FIT_NO;
	return truth != EXIM_YES || is_narrow(r) || drives(r, "redirect") ? FIT_PERHAPS : FIT_YES;
}

static bool look_for_foreign(struct exim *x, struct audit_line *line)
{
	const struct exim_router *routers;
	const size_t n = routers_of(x, &routers);
	bool perhaps = false;
	for (size_t i = 0; i < n; i++) {
		const struct exim_router *r = &routers[i];
		enum fit fit = takes_foreign(x, r);
		enum option said = r->set[DOMAINS] ? DOMAINS : DRIVER;
		perhaps |= fit == FIT_PERHAPS;
		if (fit == FIT_YES && r->set[said])
			*line = (struct audit_line){ option_names[said], r->o[said].place };
		if (fit == FIT_YES)
			return true;
	}
	return perhaps || !n || x->routers.cut;
}

bool exim_routes_foreign(struct exim *x, struct audit_line *line)
{
	if (!x->foreign.looked) {
		x->foreign.looked = true;
		x->foreign.routes = look_for_foreign(x, &x->foreign.line);
	}
	*line = x->foreign.line;
	return x->foreign.routes;
}
