/* SPDX-License-Identifier: ISC
 *
 * Is the return address forged, plausible or proved? Only what our own border says
 * in Authentication-Results counts (RFC 8601): its authserv-id must be ours, and the
 * field must stand at or above the border's Received line, where nobody else writes;
 * right below that line it counts too, since a border takes foreign fields of its own
 * id away before its milters add theirs.
 */
#include "trace/trace-private.h"

#include "trace/names.h"
#include "trace/providers.h"

/* Skips white space, comments and, if asked, semicolons. */
static struct str skip_gaps(struct str s, bool semicolons)
{
	size_t i = 0, depth = 0;
	for (; i < s.n; i++) {
		char c = s.p[i];
		if (c == '(')
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n' &&
		         (c != ';' || !semicolons))
			break;
	}
	return str_from(s, i);
}

static struct str take_word(struct str *s)
{
	size_t n = 0;
	while (n < s->n && !strchr(" \t\r\n;()", s->p[n]) && s->p[n] != '\0')
		n++;
	struct str w = { s->p, n };
	*s = str_from(*s, n);
	return w;
}

static enum trace_result result_of(struct str w)
{
	if (str_caseeq(w, STR("pass")))
		return TRACE_RESULT_PASS;
	if (str_caseeq(w, STR("fail")) || str_caseeq(w, STR("softfail")) ||
	    str_caseeq(w, STR("hardfail")))
		return TRACE_RESULT_FAIL;
	return w.n ? TRACE_RESULT_OTHER : TRACE_RESULT_NONE;
}

static struct str domain_part(struct str s)
{
	size_t at = str_find(s, '@');
	if (s.n && s.p[0] == '<')
		s = str_from(s, 1);
	if (s.n && s.p[s.n - 1] == '>')
		s.n--;
	at = str_find(s, '@');
	return at == SIZE_MAX ? s : str_from(s, at + 1);
}

/* One of several results of a method: a pass of any signature is a pass. */
static void keep_best(enum trace_result *now, struct str *domain, enum trace_result r, struct str d)
{
	if (*now == TRACE_RESULT_PASS && r != TRACE_RESULT_PASS)
		return;
	*now = r;
	*domain = d;
}

/* "method=result reason=… ptype.property=value …" up to the next semicolon. */
static void read_method(struct str s, struct trace_auth *auth)
{
	struct str w = take_word(&s), domain = STR("");
	size_t eq = str_find(w, '=');
	if (eq == SIZE_MAX)
		return;
	struct str method = { w.p, eq };
	enum trace_result r = result_of(str_from(w, eq + 1));
	for (s = skip_gaps(s, false); s.n && s.p[0] != ';'; s = skip_gaps(s, false)) {
		w = take_word(&s);
		if (w.n == 0)
			break;
		if (str_caseprefix(w, STR("smtp.mailfrom=")))
			domain = domain_part(str_from(w, 14));
		else if (str_caseprefix(w, STR("header.d=")))
			domain = str_from(w, 9);
		else if (str_caseprefix(w, STR("header.i=")) && domain.n == 0)
			domain = domain_part(str_from(w, 9));
		else if (str_caseprefix(w, STR("header.from=")))
			domain = domain_part(str_from(w, 12));
	}
	if (str_caseeq(method, STR("spf")))
		keep_best(&auth->spf, &auth->spf_domain, r, domain);
	else if (str_caseeq(method, STR("dkim")))
		keep_best(&auth->dkim, &auth->dkim_domain, r, domain);
	else if (str_caseeq(method, STR("dmarc")))
		keep_best(&auth->dmarc, &auth->dmarc_domain, r, domain);
}

static void read_results(struct str value, struct trace_auth *auth)
{
	enum { METHODS_MAX = 32 };
	for (unsigned i = 0; i < METHODS_MAX; i++) {
		size_t semi = SIZE_MAX, depth = 0;
		for (size_t k = 0; k < value.n && semi == SIZE_MAX; k++) {
			depth += value.p[k] == '(';
			depth -= value.p[k] == ')' && depth;
			if (value.p[k] == ';' && depth == 0)
				semi = k;
		}
		if (semi == SIZE_MAX)
			return;
		value = skip_gaps(str_from(value, semi), true);
		read_method(value, auth);
	}
}

static bool is_our_id(const struct trace *t, const struct trace_border *b, struct str id)
{
	struct str border = t->hops[t->handover_hop].line.by;
	if (border_is_own_name(b, id) || name_eq(id, border))
		return true;
	/* Many use their domain: "example.org" of the border mx.example.org. */
	return str_in_domain(border, id) && provider_same_org(border, id);
}

static bool read_auth(struct trace *t, const struct trace_border *b)
{
	bool found = false;
	for (size_t i = 0; i < t->result_count; i++) {
		struct str s = skip_gaps(t->result[i].value, false);
		struct str id = take_word(&s);
		if (t->result[i].hops_above > t->handover_hop + 1)
			continue;
		if (!is_our_id(t, b, id)) {
			why_add(&t->return_path.why, WHY_RETURN_FOREIGN_RESULT, id, STR(""));
			continue;
		}
		read_results(s, &t->return_path.auth);
		found = true;
	}
	return found;
}

/* The address within "Name <a@b>" or "a@b (Name)". */
static struct str address_domain(struct str s)
{
	size_t open = str_find(s, '<');
	if (open != SIZE_MAX)
		s = str_from(s, open + 1);
	size_t at = str_find(s, '@');
	if (at == SIZE_MAX)
		return STR("");
	s = str_from(s, at + 1);
	size_t n = 0;
	while (n < s.n && (ascii_isalnum((unsigned char)s.p[n]) || s.p[n] == '.' || s.p[n] == '-'))
		n++;
	return (struct str){ s.p, n };
}

/* A believed host of the domain's organisation, or "". `p` is the domain's provider. */
static struct str believed_host(const struct trace *t, struct str domain, const struct provider *p)
{
	bool (*same)(struct str, struct str) = p ? provider_same_org : name_same_domain;
	for (size_t i = t->handover_hop; i < t->hop_count; i++) {
		const struct received *r = &t->hops[i].line;
		if (i > t->handover_hop && t->hops[i].zone != TRACE_LINKED)
			break;
		if (i > t->handover_hop && same(r->by, domain))
			return r->by;
		if (!r->rdns_doubtful && r->rdns.n && same(r->rdns, domain))
			return r->rdns;
	}
	return STR("");
}

static void settle(struct trace_return_path *rp, enum trace_return verdict,
                   enum trace_reason reason, struct str a, struct str b)
{
	rp->verdict = verdict;
	why_add(&rp->why, reason, a, b);
}

static bool same_domain(struct str a, struct str b)
{
	return name_eq(a, b) || provider_same_org(a, b);
}

/* By our border's results; false if they settle nothing. */
static bool judge_results(struct trace_return_path *rp, struct str envelope, struct str from)
{
	const struct trace_auth *a = &rp->auth;
	if (a->dmarc == TRACE_RESULT_PASS) {
		settle(rp, TRACE_RETURN_PROVED, WHY_RETURN_DMARC, a->dmarc_domain, STR(""));
		return true;
	}
	if (a->dmarc == TRACE_RESULT_FAIL) {
		settle(rp, TRACE_RETURN_FORGED, WHY_RETURN_DMARC_FAIL, a->dmarc_domain, STR(""));
		return true;
	}
	struct str address = envelope.n ? envelope : from;
	if (a->spf == TRACE_RESULT_PASS && a->spf_domain.n && same_domain(a->spf_domain, address)) {
		settle(rp, TRACE_RETURN_PROVED, WHY_RETURN_SPF, a->spf_domain, STR(""));
		return true;
	}
	if (a->dkim == TRACE_RESULT_PASS && a->dkim_domain.n &&
	    same_domain(a->dkim_domain, address)) {
		settle(rp, TRACE_RETURN_PROVED, WHY_RETURN_DKIM, a->dkim_domain, STR(""));
		return true;
	}
	if (a->spf == TRACE_RESULT_FAIL) {
		settle(rp, TRACE_RETURN_FORGED, WHY_RETURN_SPF_FAIL, a->spf_domain, STR(""));
		return true;
	}
	return false;
}

void return_path_judge(struct trace *t, const struct trace_border *b)
{
	struct trace_return_path *rp = &t->return_path;
	struct str envelope = address_domain(rp->address), from = address_domain(rp->from);
	struct str domain = envelope.n ? envelope : from;
	if (t->handover.family == 0)
		return;
	if (str_eq(str_trim(rp->address), STR("<>")))
		why_add(&rp->why, WHY_RETURN_NULL, STR(""), STR(""));
	if (!read_auth(t, b))
		why_add(&rp->why, WHY_RETURN_NO_RESULT, STR(""), STR(""));
	else if (judge_results(rp, envelope, from))
		return;
	if (domain.n == 0)
		return;
	const struct provider *p = provider_of(domain);
	struct str host = believed_host(t, domain, p);
	bool all_believed = t->chain == TRACE_CHAIN_NONE || t->chain == TRACE_CHAIN_LINKED ||
	                    t->chain == TRACE_CHAIN_FORGED;
	if (host.n)
		settle(rp, TRACE_RETURN_PLAUSIBLE, WHY_RETURN_ORG, domain, host);
	else if (p && all_believed && t->list.n == 0 &&
	         t->hops[t->handover_hop].line.rdns_doubtful == false)
		settle(rp, TRACE_RETURN_FORGED, WHY_RETURN_PROVIDER, domain, STR(""));
}
