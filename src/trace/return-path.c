/* SPDX-License-Identifier: ISC
 *
 * Is the return address forged, plausible or proved? Only what our own border says
 * in Authentication-Results counts (RFC 8601): its authserv-id must be ours, and the
 * field must stand above the border's Received line, where nobody else writes, so that
 * there it may have no authserv-id, too; right below that line it counts if the
 * authserv-id is ours, since a border takes foreign fields of its own id away before
 * its milters add theirs.
 */
#include "trace/trace-private.h"

#include "dns/idn.h"
#include "mail/authres.h"
#include "mail/lexical.h"
#include "mail/mailbox.h"
#include "trace/names.h"
#include "trace/providers.h"

/* What is said of an identity by one result or by several. */
struct said {
	enum trace_result result;
	struct str domain;
	unsigned worth;          /* of the result that was kept; 0: none yet */
};

struct results {
	struct said spf, helo, dkim, dmarc;
	bool dmarc_doubtful, spf_doubtful;   /* one says pass, another fail */
	struct str envelope, from;           /* the domains that they are held against */
	bool null;                           /* "<>": SPF was of postmaster at the HELO name */
};

static enum trace_result result_of(struct str w)
{
	if (str_caseeq(w, STR("pass")))
		return TRACE_RESULT_PASS;
	if (str_caseeq(w, STR("fail")) || str_caseeq(w, STR("hardfail")))
		return TRACE_RESULT_FAIL;
	return w.n ? TRACE_RESULT_OTHER : TRACE_RESULT_NONE;
}

static bool same_domain(struct str a, struct str b)
{
	return a.n && b.n && (name_eq(a, b) || provider_same_org(a, b));
}

static void keep_best(struct said *now, enum trace_result r, struct str domain, unsigned worth)
{
	if (worth > now->worth)
		*now = (struct said){ r, domain, worth };
}

/* A check that has one answer. Two that disagree are no answer: one of them may be a sender's
 * words that a server wrote down as they came. */
static void keep_only(struct said *now, bool *doubtful, enum trace_result r, struct str domain)
{
	bool settles = r == TRACE_RESULT_PASS || r == TRACE_RESULT_FAIL;
	bool settled = now->result == TRACE_RESULT_PASS || now->result == TRACE_RESULT_FAIL;
	*doubtful |= settles && settled && r != now->result;
	keep_best(now, r, domain, (settles ? 2u : 1u) + (settles && domain.n));
}

/* A signature of the author's domain counts before any other, and any that verifies before
 * one that does not. */
static void keep_dkim(struct results *all, enum trace_result r, struct str domain)
{
	bool aligned = same_domain(domain, all->from), returns = same_domain(domain, all->envelope);
	unsigned worth = r == TRACE_RESULT_PASS ? 4 : r == TRACE_RESULT_FAIL ? 2 : 1;
	if (r == TRACE_RESULT_PASS)
		worth += aligned ? 2 : returns;
	keep_best(&all->dkim, r, domain, worth);
}

/* "x.example" by whichever name old and new servers give the property. */
static struct str mailfrom_domain(const struct authres_result *r)
{
	static const struct { struct str type, name; } names[] = {
		{ { "smtp", 4 }, { "mailfrom", 8 } }, { { "smtp", 4 }, { "mail", 4 } },
		{ { "smtp", 4 }, { "envelope-from", 13 } }, { { "smtp", 4 }, { "from", 4 } },
	};
	struct str domain = STR("");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && domain.n == 0; i++)
		domain = authres_domain(r, names[i].type, names[i].name);
	return domain;
}

/* HELO and MAIL FROM are two identities (RFC 7208 2.3, 2.4); only one is an address. A result
 * that names neither is of one of them, and nobody can tell of which. */
static void take_spf(struct results *all, const struct authres_result *r)
{
	struct str sender = mailfrom_domain(r);
	struct str helo = authres_domain(r, STR("smtp"), STR("helo"));
	if (sender.n == 0 && helo.n)
		keep_best(&all->helo, result_of(r->result), helo, 1);
	else
		keep_only(&all->spf, &all->spf_doubtful, result_of(r->result), sender);
}

static void take_dkim(struct results *all, const struct authres_result *r)
{
	struct str domain = authres_domain(r, STR("header"), STR("d"));
	if (domain.n == 0)
		domain = authres_domain(r, STR("header"), STR("i"));
	keep_dkim(all, result_of(r->result), domain);
}

static void take_dmarc(struct results *all, const struct authres_result *r)
{
	struct str domain = authres_domain(r, STR("header"), STR("from"));
	keep_only(&all->dmarc, &all->dmarc_doubtful, result_of(r->result),
	          domain.n ? domain : all->from);
}

static void take_results(struct results *all, struct authres *a)
{
	enum { RESULTS_MAX = 64 };
	struct authres_result r;
	for (unsigned i = 0; i < RESULTS_MAX && authres_next(a, &r); i++) {
		if (str_caseeq(r.method, STR("spf")))
			take_spf(all, &r);
		else if (str_caseeq(r.method, STR("dkim")))
			take_dkim(all, &r);
		else if (str_caseeq(r.method, STR("dmarc")))
			take_dmarc(all, &r);
	}
}

/* ---- whose the field is ---- */

/* A quoted string may hold anything: "evil.example; mx.example.org" is no host of ours. */
static bool is_one_word(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if ((unsigned char)id.p[i] <= ' ' || strchr("\";,()<>@\\/", id.p[i]))
			return false;
	return true;
}

/* `above`: it stands above our border's line, where nobody but our own side can write. Below it a
 * border takes away only what bears its own name, so that no other host's counts there. */
static bool is_our_id(const struct trace *t, const struct trace_border *b, struct str id,
                      bool above)
{
	char text[NAME_ORG_MAX], ascii[IDN_TEXT_MAX], ascii_border[IDN_TEXT_MAX];
	struct str border = t->hops[t->handover_hop].line.by;
	if (id.n == 0)
		return above;
	if (str_find(id, '\\') != SIZE_MAX)
		id = (struct str){ text, lexical_unpair(id, text, sizeof(text)) };
	if (!is_one_word(id))
		return false;
	if (name_eq(id, border) || (above && border_is_own_name(b, id)) ||
	    (above && name_is_short(id) && name_short_match(id, border)))
		return true;
	/* Many use their domain: "example.org" of the border mx.example.org. */
	return str_in_domain(idn_ascii(border, ascii_border), idn_ascii(id, ascii)) &&
	       provider_same_org(border, id);
}

static bool take_field(struct trace *t, const struct trace_border *b,
                       const struct trace_result_field *f, struct results *all)
{
	struct authres a;
	if (f->hops_above > t->handover_hop + 1)
		return false;
	authres_begin(&a, f->value);
	if (!is_our_id(t, b, a.id, f->hops_above <= t->handover_hop)) {
		if (a.id.n)
			why_add(&t->return_path.why, WHY_RETURN_FOREIGN_RESULT, a.id, STR(""));
		return false;
	}
	if (!a.supported)
		return false;
	take_results(all, &a);
	return true;
}

/* No border takes away what a sender wrote under this name, so that only what stands above our
 * line counts; servers put it there (RFC 7208 9.1). */
static bool take_spf_field(const struct trace *t, const struct trace_border *b,
                           const struct trace_result_field *f, struct results *all)
{
	struct received_spf spf;
	bool above = f->hops_above <= t->handover_hop;
	if (!above || !received_spf_parse(f->value, &spf) || !is_our_id(t, b, spf.receiver, above))
		return false;
	if (spf.identity == SPF_HELO)
		keep_best(&all->helo, result_of(spf.result), spf.domain, 1);
	else if (spf.identity != SPF_OTHER)
		keep_only(&all->spf, &all->spf_doubtful, result_of(spf.result), spf.domain);
	return spf.identity != SPF_OTHER;
}

static bool read_auth(struct trace *t, const struct trace_border *b, struct results *all)
{
	bool found = false;
	for (size_t i = 0; i < t->result_count; i++)
		if (!t->result[i].is_spf)
			found |= take_field(t, b, &t->result[i], all);
	/* Received-SPF says it once more, or where nothing else does. */
	for (size_t i = 0; i < t->result_count; i++)
		if (t->result[i].is_spf && (all->spf.result == TRACE_RESULT_NONE ||
		                            all->spf.domain.n == 0))
			found |= take_spf_field(t, b, &t->result[i], all);
	if (all->spf_doubtful)
		all->spf.result = TRACE_RESULT_OTHER;
	if (all->dmarc_doubtful)
		all->dmarc.result = TRACE_RESULT_OTHER;
	t->return_path.auth = (struct trace_auth){
		.spf = all->spf.result, .spf_domain = all->spf.domain,
		.helo = all->helo.result, .helo_domain = all->helo.domain,
		.dkim = all->dkim.result, .dkim_domain = all->dkim.domain,
		.dmarc = all->dmarc.result, .dmarc_domain = all->dmarc.domain,
	};
	return found;
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

/* DMARC is about one domain; of a message with two authors or a From that somebody has changed
 * since, it is not the one that we read. */
static bool is_of_author(const struct results *all)
{
	return all->from.n == 0 || same_domain(all->dmarc.domain, all->from);
}

/* What speaks for the address. */
static bool prove(struct trace_return_path *rp, const struct results *all)
{
	const struct trace_auth *a = &rp->auth;
	if (a->dmarc == TRACE_RESULT_PASS && a->dmarc_domain.n && is_of_author(all)) {
		settle(rp, TRACE_RETURN_PROVED, WHY_RETURN_DMARC, a->dmarc_domain, STR(""));
		return true;
	}
	if (a->dkim == TRACE_RESULT_PASS && same_domain(a->dkim_domain, all->from)) {
		settle(rp, TRACE_RETURN_PROVED, WHY_RETURN_DKIM, a->dkim_domain, STR(""));
		return true;
	}
	return false;
}

/* The envelope's address, or in its place the author's. */
static bool prove_envelope(struct trace_return_path *rp, const struct results *all)
{
	const struct trace_auth *a = &rp->auth;
	struct str address = all->envelope.n ? all->envelope : all->from;
	if (a->spf == TRACE_RESULT_PASS && same_domain(a->spf_domain, address)) {
		settle(rp, TRACE_RETURN_PROVED, WHY_RETURN_SPF, a->spf_domain, STR(""));
		return true;
	}
	if (a->dkim == TRACE_RESULT_PASS && same_domain(a->dkim_domain, address)) {
		settle(rp, TRACE_RETURN_PROVED, WHY_RETURN_DKIM, a->dkim_domain, STR(""));
		return true;
	}
	return false;
}

/* By our border's results; false if they settle nothing. */
static bool judge_results(struct trace_return_path *rp, const struct results *all)
{
	const struct trace_auth *a = &rp->auth;
	if (prove(rp, all))
		return true;
	if (a->dmarc == TRACE_RESULT_FAIL && a->dmarc_domain.n) {
		settle(rp, TRACE_RETURN_FORGED, WHY_RETURN_DMARC_FAIL, a->dmarc_domain, STR(""));
		return true;
	}
	if (prove_envelope(rp, all))
		return true;
	if (a->spf == TRACE_RESULT_FAIL && a->spf_domain.n && !all->null) {
		settle(rp, TRACE_RETURN_FORGED, WHY_RETURN_SPF_FAIL, a->spf_domain, STR(""));
		return true;
	}
	return false;
}

void return_path_judge(struct trace *t, const struct trace_border *b)
{
	struct trace_return_path *rp = &t->return_path;
	struct results all = { .envelope = mailbox_domain(rp->address),
	                       .from = mailbox_domain(rp->from),
	                       .null = str_eq(str_trim(rp->address), STR("<>")) };
	struct str domain = all.envelope.n ? all.envelope : all.from;
	if (t->handover.family == 0)
		return;
	if (all.null)
		why_add(&rp->why, WHY_RETURN_NULL, STR(""), STR(""));
	if (!read_auth(t, b, &all))
		why_add(&rp->why, WHY_RETURN_NO_RESULT, STR(""), STR(""));
	else if (judge_results(rp, &all))
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
