/* SPDX-License-Identifier: ISC
 *
 * The decision, from the verdict to the witness: each step either decides, with its words, or
 * leaves it to the next.
 */
#include "audit/gate.h"

#include <assert.h>
#include <stdio.h>

static const char *const clients[] = {
	"stranger4", "stranger6", "gateway", "neighbour", "loopback", "own", "range",
};

/* ---- rows -------------------------------------------------------------------------- */

int gate_row_parse(struct str text, struct gate_row *row)
{
	struct str client, network, port, more;
	uint64_t n = 0;
	*row = (struct gate_row){ 0 };
	if (!str_word(&text, &client) || !str_word(&text, &network) ||
	    prefix_parse(network, &row->network, NULL) != ERR_OK)
		return ERR_INVALID;
	if (str_word(&text, &port) && (str_u64(port, UINT16_MAX, &n) != ERR_OK || n == 0))
		return ERR_INVALID;
	if (str_word(&text, &more))
		return ERR_INVALID;
	row->port = (uint16_t)n;
	for (size_t i = 0; i < sizeof(clients) / sizeof(*clients); i++)
		if (str_eq(client, str_of(clients[i])))
			row->client = clients[i];
	return row->client ? ERR_OK : ERR_INVALID;
}

char *gate_row_format(const struct gate_row *row, char dst[static GATE_ROW_TEXT_MAX])
{
	char network[PREFIX_TEXT_MAX];
	prefix_format(&row->network, network);
	if (row->port)
		snprintf(dst, GATE_ROW_TEXT_MAX, "%.12s %s %u", row->client, network,
		         (unsigned)row->port);
	else
		snprintf(dst, GATE_ROW_TEXT_MAX, "%.12s %s", row->client, network);
	return dst;
}

struct gate_row gate_row_of(const struct audit_who *who)
{
	return (struct gate_row){ .client = audit_asker_name(who->asker),
	                          .network = who->asker->network, .port = who->port };
}

static bool is_allowed(const struct gate_known *k, const struct gate_row *row)
{
	for (size_t i = 0; i < k->allowed_n; i++) {
		const struct gate_row *a = &k->allowed[i];
		if (strcmp(a->client, row->client) == 0 && (!a->port || a->port == row->port) &&
		    prefix_cmp(&a->network, &row->network) == 0)
			return true;
	}
	return false;
}

int gate_wants_witness(const struct gate_known *k, uint16_t *ports, size_t max, size_t *n)
{
	*n = 0;
	for (size_t i = 0; k->verdict == AUDIT_WIDE && i < k->row_n; i++) {
		bool known = is_allowed(k, &k->rows[i]);
		for (size_t j = 0; j < *n; j++)
			known = known || ports[j] == k->rows[i].port;
		if (known)
			continue;
		if (*n == max)
			return ERR_LIMIT;
		ports[(*n)++] = k->rows[i].port;
	}
	return ERR_OK;
}

/* ---- families ---------------------------------------------------------------------- */

void gate_find_families(const struct facts *f, const struct gate_config *config,
                        struct gate_known *known)
{
	bool *const over[] = { [4] = &known->over4, [6] = &known->over6 };
	for (size_t i = 0; i < config->families.n; i++)
		*over[strcmp(config->families.v[i], "ipv4") == 0 ? 4 : 6] = true;
	if (config->families.n)
		return;
	known->over4 = known->over6 = f->container != FACTS_NO_CONTAINER;
	for (size_t i = 0; i < f->interface_n; i++)
		for (size_t j = 0; j < f->interfaces[i].address_n; j++) {
			const struct ip *ip = &f->interfaces[i].addresses[j].ip;
			if (f->interfaces[i].kind != FACTS_LOOPBACK && !audit_is_link_local(ip))
				*over[ip->family] = true;
		}
}

/* ---- the witness ------------------------------------------------------------------- */

static bool is_real(const struct gate_known *k, const struct gate_sight *s)
{
	for (size_t i = 0; i < k->real_n; i++)
		if (ip_eq(&k->real[i], &s->seen))
			return true;
	return ip_eq(&s->source, &s->seen) && facts_is_public(&s->seen);
}

static enum gate_answer judge_sight(const struct gate_known *k, const struct gate_sight *s,
                                    struct buf *why)
{
	char to[ENDPOINT_TEXT_MAX], source[IP_TEXT_MAX], seen[IP_TEXT_MAX];
	endpoint_format(&s->to, to);
	if (!s->connected) {
		buf_printf(why, "the witness could not look at %s: %s", to, s->result);
		return GATE_BLIND;
	}
	ip_format(&s->source, source);
	if (!s->seen.family) {
		buf_printf(why, "the witness was at %s, and nothing here says by what address it "
		           "came", to);
		return GATE_BLIND;
	}
	if (is_real(k, s))
		return GATE_YES;
	buf_printf(why, "at %s the witness came as %s, not as %s: the addresses of strangers are "
	           "lost before they reach the server, which trusts too many", to,
	           ip_format(&s->seen, seen), source);
	return GATE_NO;
}

/* Over that family, at that port, strangers keep their address as far as the witness could see. */
static bool was_seen(const struct gate_known *k, unsigned family, uint16_t port)
{
	for (size_t i = 0; i < k->sight_n; i++)
		if (k->sights[i].to.ip.family == family && k->sights[i].to.port == port)
			return true;
	return false;
}

static enum gate_answer judge_coverage(const struct gate_known *k, struct buf *why)
{
	const struct { unsigned family; bool needed; } families[] = {
		{ 4, k->over4 }, { 6, k->over6 },
	};
	for (size_t i = 0; i < k->row_n; i++)
		for (size_t j = 0; j < 2; j++) {
			uint16_t port = k->rows[i].port;
			if (!families[j].needed || is_allowed(k, &k->rows[i]) ||
			    was_seen(k, families[j].family, port))
				continue;
			buf_printf(why, "no witness came over IPv%u to port %u: give the server's "
			           "name an address of both families, or gate.families the only "
			           "one that leads here", families[j].family, (unsigned)port);
			return GATE_BLIND;
		}
	return GATE_YES;
}

/* An address that is lost says more than one that was not looked at. */
static enum gate_answer judge_witness(const struct gate_known *k, struct buf *why)
{
	struct buf blind = { 0 };
	enum gate_answer worst = GATE_YES;
	if (k->sight_n == 0 || (!k->over4 && !k->over6)) {
		buf_add_cstr(why, "the witness has seen nothing");
		return GATE_BLIND;
	}
	for (size_t i = 0; i < k->sight_n && worst != GATE_NO; i++) {
		struct buf line = { 0 };
		enum gate_answer answer = judge_sight(k, &k->sights[i], &line);
		if (answer == GATE_NO || (answer == GATE_BLIND && worst == GATE_YES)) {
			buf_clear(&blind);
			buf_add_str(&blind, buf_str(&line));
			worst = answer;
		}
		buf_fini(&line);
	}
	if (worst == GATE_YES)
		worst = judge_coverage(k, &blind);
	buf_add_str(why, buf_str(&blind));
	buf_fini(&blind);
	return worst;
}

/* ---- all of it --------------------------------------------------------------------- */

/* The rows that nothing allows: how many, and the first. */
static size_t unallowed(const struct gate_known *k, const struct gate_row **first)
{
	size_t n = 0;
	*first = NULL;
	for (size_t i = 0; i < k->row_n; i++)
		if (!is_allowed(k, &k->rows[i]) && n++ == 0)
			*first = &k->rows[i];
	return n;
}

/* Wider than any private block, or with others' addresses in it. */
static bool is_of_others(const struct prefix *network)
{
	struct ip last = network->ip;
	for (unsigned bit = network->len; bit < ip_bits(&last); bit++)
		last.b[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return network->len < (last.family == 4 ? 8 : 7) ||
	       (network->len < ip_bits(&last) &&
	        (facts_is_public(&network->ip) || facts_is_public(&last)));
}

/* Who may be anybody, or another customer of the network, is not shown to be nobody by whatever
 * address a witness came. */
static bool is_anybody(const struct gate_row *row)
{
	return is_of_others(&row->network) || str_prefix(str_of(row->client), STR("stranger"));
}

static enum gate_answer decide_wide(const struct gate_known *k, struct buf *why)
{
	const struct gate_row *first;
	char text[GATE_ROW_TEXT_MAX];
	size_t n = unallowed(k, &first);
	if (k->row_n == 0) {
		buf_printf(why, "%s; no row says to whom, so none can be allowed", k->summary);
		return GATE_BLIND;
	}
	if (n == 0) {
		buf_printf(why, "gate.allow names each of those who may relay (%zu)", k->row_n);
		return GATE_YES;
	}
	for (size_t i = 0; i < k->row_n; i++)
		if (is_anybody(&k->rows[i]) && !is_allowed(k, &k->rows[i])) {
			gate_row_format(&k->rows[i], text);
			buf_printf(why, "\"%s\" may relay, and gate.allow does not name it", text);
			return GATE_NO;
		}
	if (k->witness == GATE_WITNESS_ASKED) {
		enum gate_answer answer = judge_witness(k, why);
		if (answer == GATE_YES)
			buf_add_cstr(why, "who may relay are no strangers: a witness from outside "
			             "was seen by its own address over each family and port");
		return answer;
	}
	gate_row_format(first, text);
	buf_printf(why, "\"%s\"%s may relay, and gate.allow does not name %s", text,
	           n > 1 ? " and others" : "", n > 1 ? "them" : "it");
	if (k->witness == GATE_WITNESS_BLIND) {
		buf_printf(why, "; the witness could not look: %s", k->witness_why);
		return GATE_BLIND;
	}
	return GATE_NO;
}

/* What stands open behind a verdict that would be a yes. */
static bool is_in_doubt(const struct gate_known *k, struct buf *why)
{
	if (k->doubt)
		buf_printf(why, "could not look: %s", k->doubt);
	else if (k->cut)
		buf_printf(why, "could not look: of %zu forms %zu could be asked, and not all that "
		           "strangers may do", k->forms_planned, k->forms_asked);
	return k->doubt || k->cut;
}

static enum gate_answer decide_by_verdict(const struct gate_known *k, struct buf *why)
{
	if (!k->summary) {
		buf_add_cstr(why, "could not look: no mail server was audited");
		return GATE_BLIND;
	}
	switch (k->verdict) {
	case AUDIT_CLOSED:
		buf_add_cstr(why, "closed: no stranger can relay");
		if (k->unasked_n)
			buf_printf(why, "; \"portreeve audit\" shows what could not be asked (%zu)",
			           k->unasked_n);
		return GATE_YES;
	case AUDIT_WORLD:
		buf_add_cstr(why, k->summary);
		return GATE_NO;
	case AUDIT_WIDE:
		return decide_wide(k, why);
	case AUDIT_UNKNOWN:
		break;
	}
	buf_printf(why, "could not look: %s", k->summary);
	return GATE_BLIND;
}

enum gate_answer gate_decide(const struct gate_known *k, struct buf *why)
{
	struct buf words = { 0 };
	enum gate_answer answer = decide_by_verdict(k, &words);
	if (answer == GATE_YES && is_in_doubt(k, why))
		answer = GATE_BLIND;
	else
		buf_add_str(why, buf_str(&words));
	buf_fini(&words);
	return answer;
}

const char *gate_answer_name(enum gate_answer answer)
{
	static const char *const names[] = { "yes", "no", "blind" };
	assert((size_t)answer < sizeof(names) / sizeof(*names));
	return names[answer];
}
