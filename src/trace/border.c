/* SPDX-License-Identifier: ISC
 *
 * Where our own side ends. Every message that reached us has lines of our own hosts
 * on top; the first of them that took it from outside names the handover. Nothing
 * below is ours, whatever it says.
 */
#include "trace/trace-private.h"

#include "base/eight.h"
#include "trace/names.h"
#include "trace/providers.h"

/* Most patterns end in plain letters, and most names in others: settled first, because
 * every pattern is held against every line. Folding by one bit may let a name pass that
 * is none, never the other way; so may a U-label. */
static bool ends_alike(struct str glob, struct str host)
{
	if (glob.n < 8 || host.n < 8)
		return true;
	uint64_t a = eight_load(glob.p + glob.n - 8), b = eight_load(host.p + host.n - 8);
	return ((a ^ b) & ~EIGHT(0x20)) == 0 || eight_high(a | b) ||
	       eight_equal(a, '*') || eight_equal(a, '?') ||
	       glob.p[glob.n - 1] == '.' || host.p[host.n - 1] == '.';
}

static bool any_glob(const struct str *globs, size_t n, struct str host)
{
	for (size_t i = 0; host.n && i < n; i++)
		if (globs[i].n && ends_alike(globs[i], host) && name_glob(globs[i], host))
			return true;
	return false;
}

bool border_is_own_name(const struct trace_border *b, struct str host)
{
	return host.n != 0 && (any_glob(b->own_hosts, b->own_host_count, host) ||
	                       any_glob(b->border_hosts, b->border_host_count, host));
}

/* Does the pattern name one organisation's hosts, or addresses that are somebody's? "10.*" and
 * "mail*" are good above the border, where our own hosts write; others have such names, too. */
static bool is_telling(struct str glob, bool is_address)
{
	enum { OCTETS = 2 };
	char org[NAME_ORG_MAX];
	size_t first = glob.n, last = 0;
	unsigned dots = 0;
	for (size_t i = 0; i < glob.n; i++)
		if (glob.p[i] == '*' || glob.p[i] == '?') {
			first = first < i ? first : i;
			last = i + 1;
		}
	for (size_t i = 0; i < first; i++)
		dots += glob.p[i] == '.' || glob.p[i] == ':';
	if (is_address)
		return dots >= OCTETS;
	struct str tail = str_from(glob, last);
	size_t dot = str_find(tail, '.');
	if (last && dot != SIZE_MAX && name_org(str_from(tail, dot + 1), org).n)
		return true;
	return last == 0 && !name_is_internal(glob);
}

bool border_is_claimed(const struct trace_border *b, struct str host)
{
	const struct str *const globs[] = { b->own_hosts, b->border_hosts };
	const size_t counts[] = { b->own_host_count, b->border_host_count };
	struct ip ip = { 0 };
	bool is_address = received_address(host, &ip);
	if (host.n == 0 || (is_address ? !ip_is_public(&ip) : name_is_internal(host)))
		return false;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < counts[k]; i++)
			if (any_glob(&globs[k][i], 1, host) && is_telling(globs[k][i], is_address))
				return true;
	return false;
}

bool border_is_own_ip(const struct trace_border *b, const struct ip *ip)
{
	for (size_t i = 0; ip->family && i < b->own_net_count; i++)
		if (prefix_contains(&b->own_nets[i], ip))
			return true;
	return false;
}

/* What the line above tells of the host whose line comes next. */
struct inside {
	bool first;              /* no line above names a host of ours */
	bool sure;               /* its peer is ours by address */
	struct str rdns, helo;
	struct str fetched;      /* the server that we fetched from */
};

static bool is_ours(const struct received *r, const struct trace_border *b, bool named,
                    const struct inside *above)
{
	if (r->by.n == 0 || r->form == RECEIVED_FETCHED || name_is_localhost(r->by))
		return true;
	if (named || border_is_own_ip(b, &r->by_ip))
		return true;
	if (above->fetched.n &&
	    (name_eq(r->by, above->fetched) || provider_same_org(r->by, above->fetched)))
		return true;
	if (name_is_internal(r->by) || ip_is_private(&r->by_ip))
		return above->sure || above->first;
	/* On top, a host that passed it on to itself: where we read our mail. */
	if (above->first && (ip_is_loopback(&r->ip) || r->form == RECEIVED_LOCAL))
		return true;
	return above->sure && (name_eq(r->by, above->rdns) || name_eq(r->by, above->helo));
}

/* Our own host by a name that its writer looked up both ways. An address outside of
 * the networks given is then ours all the same: such lists are often incomplete. */
static bool is_own_by_name(const struct received *r, const struct received *next,
                           const struct trace_border *b)
{
	bool both_ways = r->form == RECEIVED_POSTFIX || r->form == RECEIVED_SENDMAIL ||
	                 r->form == RECEIVED_EXIM;
	return both_ways && !r->rdns_doubtful && border_is_own_name(b, r->rdns) && next &&
	       (border_is_own_name(b, next->by) || name_short_match(next->by, r->rdns));
}

/* Microsoft 365 passes it on inside, from its frontend to the next of its hosts, over public
 * addresses of its own. The host is then that of the next line: by name, of which the first label
 * is the same all through ("AM4PEPF1.EURPRD83.prod.outlook.com" and
 * "AM4PEPF1.mail.protection.outlook.com"), or by address. */
static bool is_inside_service(const struct received *r, const struct received *next,
                              const struct trace_border *b)
{
	if (!next || r->form != RECEIVED_EXCHANGE || !provider_is_inside(&r->ip) ||
	    !border_is_own_name(b, next->by))
		return false;
	bool same_first = name_same_first(next->by, r->helo);
	/* Its frontends have a third domain, which need not be among the patterns. */
	if (!border_is_own_name(b, r->helo))
		return same_first && provider_same_org(r->helo, next->by);
	return same_first || ip_eq(&next->by_ip, &r->ip);
}

static void none(struct trace *t, size_t from, enum trace_reason reason, struct str a)
{
	t->chain = TRACE_CHAIN_NO_HANDOVER;
	why_add(&t->why, reason, a, STR(""));
	for (size_t i = from; i < t->hop_count; i++) {
		t->hops[i].zone = TRACE_UNLINKED;
		why_add(&t->hops[i].why, WHY_UNLINKED_NO_HANDOVER, STR(""), STR(""));
	}
}

/* Takes one own line (`named`: by a name of ours); true when it is the handover.
 * *stop: nothing more is ours. */
static bool own_line(struct trace *t, size_t i, const struct trace_border *b, bool named,
                     struct inside *above, bool *stop)
{
	struct trace_hop *hop = &t->hops[i];
	const struct received *r = &hop->line;
	const struct received *next = i + 1 < t->hop_count ? &t->hops[i + 1].line : NULL;
	hop->zone = TRACE_OWN;
	if (r->form == RECEIVED_FETCHED) {
		why_add(&hop->why, WHY_OWN_FETCHED, r->from, STR(""));
		*above = (struct inside){ .sure = ip_is_loopback(&r->ip), .fetched = r->from,
		                          .first = above->first && !named };
		return false;
	}
	why_add(&hop->why, named ? WHY_OWN_WRITER : WHY_OWN_LOCAL, r->by, STR(""));
	if (hop->note)
		return false;            /* the line below has it from the client itself */
	if (is_inside_service(r, next, b) ||
	    !ip_is_public(&r->ip) || border_is_own_ip(b, &r->ip) || is_own_by_name(r, next, b)) {
		struct str fetched = r->by.n == 0 ? above->fetched : STR("");
		*above = (struct inside){ .first = above->first && !named,
		                          .sure = r->ip.family != 0 || r->by.n == 0 ||
		                                  r->form == RECEIVED_LOCAL,
		                          .rdns = r->rdns, .helo = r->helo, .fetched = fetched };
		return false;
	}
	if (b->border_host_count && !any_glob(b->border_hosts, b->border_host_count, r->by)) {
		why_add(&hop->why, WHY_NOT_BORDER_HOST, r->by, STR(""));
		*stop = true;
		return false;
	}
	hop->zone = TRACE_HANDOVER;
	hop->why.n = 0;
	why_add(&hop->why, WHY_HANDOVER, r->by, STR(""));
	if (r->auth)
		why_add(&hop->why, WHY_HANDOVER_LOGIN, STR(""), STR(""));
	return true;
}

void border_find(struct trace *t, const struct trace_border *b)
{
	struct inside above = { .first = true };
	bool stop = false;
	if (b->own_host_count + b->own_net_count + b->border_host_count == 0) {
		none(t, 0, WHY_BORDER_UNKNOWN, STR(""));
		return;
	}
	if (t->hop_count == 0) {
		none(t, 0, WHY_NO_RECEIVED, STR(""));
		return;
	}
	for (size_t i = 0; i < t->hop_count; i++) {
		const struct received *r = &t->hops[i].line;
		bool named = border_is_own_name(b, r->by);
		if (!is_ours(r, b, named, &above)) {
			none(t, i, WHY_FOREIGN_WRITER, r->by);
			return;
		}
		if (own_line(t, i, b, named, &above, &stop)) {
			t->handover = r->ip;
			t->handover_hop = i;
			return;
		}
		if (stop) {
			none(t, i + 1, WHY_OUTSIDE_OF_BORDER, r->by);
			return;
		}
	}
	none(t, t->hop_count, WHY_ONLY_OWN, STR(""));
}
