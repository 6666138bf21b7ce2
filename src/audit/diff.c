/* SPDX-License-Identifier: ISC
 *
 * Each area is asked at each port, as it is and showing something, of both configurations; a
 * change is a row unless the area around it, or showing less, has the same one.
 */
#include "audit/diff-private.h"

#include <assert.h>

/* What is shown, each once and then all together; a certificate comes by TLS. */
static const unsigned shown[] = {
	0, AUDIT_BY_TLS, AUDIT_BY_RDNS, AUDIT_BY_HELO, AUDIT_BY_SENDER, AUDIT_BY_RECIPIENT,
	AUDIT_BY_MX, AUDIT_BY_TLS | AUDIT_BY_CERTIFICATE,
	AUDIT_BY_TLS | AUDIT_BY_RDNS | AUDIT_BY_HELO | AUDIT_BY_SENDER | AUDIT_BY_RECIPIENT
		| AUDIT_BY_MX | AUDIT_BY_CERTIFICATE,
};
enum { SHOWN_N = sizeof(shown) / sizeof(*shown) };

/* How wide the answers are. */
struct change {
	uint8_t was, is;
};

struct comparing {
	struct audit_config *old, *new_;
	const struct facts *facts;
	struct arena *a;
	struct audit_diff *diff;
	struct diff_area *areas;
	size_t area_n;
	uint16_t ports[AUDIT_DIFF_PORTS_MAX];
	size_t port_n, asked;
	uint64_t work, work_of_one;
	struct change *changes;          /* by area, port, what is shown */
	bool cut;
};

static uint8_t width_of(const struct audit_why *why)
{
	if (why->answer == AUDIT_YES)
		return why->some ? 2 : 3;
	return why->answer == AUDIT_PERHAPS ? 1 : 0;
}

/* ---- one question ---------------------------------------------------------------- */

static bool can_reach(const struct audit_client *client, const struct audit_port *port)
{
	const struct ip *at = &port->address;
	if (!at->family)
		return true;
	if (at->family != client->ip.family)
		return ip_is_unspecified(at) && at->family == 6;
	return !ip_is_loopback(at) || client->own || ip_is_loopback(&client->ip);
}

/* Who may say for whom it stands (XCLIENT) may say for one that may relay. */
static void believe_claims(const struct audit_reading *r, const struct audit_client *client,
                           struct audit_why *why)
{
	static const char name[] = "smtpd_authorized_xclient_hosts";
	for (size_t i = 0; i < r->trust_n && width_of(why) < 3; i++) {
		const struct audit_trust *t = &r->trusts[i];
		if (strcmp(t->name, name) || !prefix_contains(&t->range, &client->ip) ||
		    (client->port && client->port->service && *t->service &&
		     strcmp(t->service, client->port->service)))
			continue;
		*why = (struct audit_why){ .answer = AUDIT_YES, .cause = "C7",
		                           .by = { { t->name, t->place } }, .by_n = 1 };
	}
}

static void ask_at(struct audit_config *config, struct audit_client *client,
                   const struct audit_port *port, struct audit_why *why)
{
	client->port = port;
	audit_config_explain(config, client, why);
	believe_claims(audit_config_reading(config), client, why);
}

/* The widest answer at the ports of that number that the client can reach; 0: of a configuration
 * without ports. */
static void ask_number(struct comparing *c, struct audit_config *config,
                       struct audit_client client, uint16_t number, struct audit_why *why)
{
	const struct audit_reading *r = audit_config_reading(config);
	*why = (struct audit_why){ .cause = "" };
	bool first = true;
	c->asked++;
	c->work += c->work_of_one;
	if (!number)
		ask_at(config, &client, NULL, why);
	for (size_t i = 0; i < r->port_n; i++) {
		struct audit_why one;
		if (!number || r->ports[i].port != number || !can_reach(&client, &r->ports[i]))
			continue;
		ask_at(config, &client, &r->ports[i], &one);
		if (first || width_of(&one) > width_of(why))
			*why = one;
		first = false;
	}
}

static struct change ask_both(struct comparing *c, const struct diff_area *area, uint16_t port,
                              unsigned shows, struct audit_why *was, struct audit_why *is)
{
	const struct audit_client client = { .ip = area->client.ip, .shows = shows,
	                                     .own = facts_is_own(c->facts, &area->client.ip) };
	ask_number(c, c->old, client, port, was);
	ask_number(c, c->new_, client, port, is);
	return (struct change){ width_of(was), width_of(is) };
}

/* ---- rows ----------------------------------------------------------------------- */

/* Of all that is shown only what makes the difference. */
static unsigned needed(struct comparing *c, const struct diff_area *area, uint16_t port,
                       unsigned shows, struct change change)
{
	struct audit_why was, is;
	for (unsigned bit = 1; bit < AUDIT_BY_UNSURE; bit <<= 1) {
		if (!(shows & bit) || (bit == AUDIT_BY_TLS && (shows & AUDIT_BY_CERTIFICATE)))
			continue;
		const struct change less = ask_both(c, area, port, shows & ~bit, &was, &is);
		if (less.was == change.was && less.is == change.is)
			shows &= ~bit;
	}
	return shows;
}

static void row_add(struct comparing *c, const struct diff_area *area, uint16_t port,
                    unsigned shows, struct change change)
{
	struct audit_diff *d = c->diff;
	const bool widens = change.is > change.was;
	*(widens ? &d->widened : &d->narrowed) += 1;
	if (d->row_n == AUDIT_DIFF_ROWS_MAX)
		return;
	struct audit_diff_row *row = &d->rows[d->row_n++];
	*row = (struct audit_diff_row){ .client = area->client, .port = port, .widens = widens };
	row->shows = needed(c, area, port, shows, change);
	ask_both(c, area, port, row->shows, &row->was, &row->is);
}

static struct change *changes_of(struct comparing *c, size_t area, size_t port)
{
	return c->changes + (area * c->port_n + port) * SHOWN_N;
}

static bool is_alike(struct change x, struct change y)
{
	return x.was == y.was && x.is == y.is;
}

/* Whether less than shown[k] has the same change; for all together, each alone is less. */
static bool is_by_less(const struct change *own, size_t k)
{
	for (size_t i = 0; i < k; i++)
		if ((shown[i] & ~shown[k]) == 0 && own[i].was != own[i].is
		    && (own[i].is > own[i].was) == (own[k].is > own[k].was)
		    && (is_alike(own[i], own[k]) || k == SHOWN_N - 1))
			return true;
	return false;
}

static bool is_spent(const struct comparing *c)
{
	return c->asked >= AUDIT_DIFF_ASKED_MAX || c->work >= AUDIT_DIFF_WORK_MAX;
}

static void compare_at(struct comparing *c, size_t area, size_t port)
{
	const struct diff_area *at = &c->areas[area];
	const struct change *around = at->around == SIZE_MAX ? NULL
	                            : changes_of(c, at->around, port);
	struct change *own = changes_of(c, area, port);
	struct audit_why was, is;
	for (size_t k = 0; k < SHOWN_N; k++) {
		if (at->covered) {              /* it only passes on what is around it */
			own[k] = around ? around[k] : (struct change){ 0, 0 };
			continue;
		}
		if (is_spent(c)) {
			c->cut = true;
			return;
		}
		own[k] = ask_both(c, at, c->ports[port], shown[k], &was, &is);
		if (own[k].was == own[k].is || is_by_less(own, k)
		    || (around && is_alike(own[k], around[k])))
			continue;
		row_add(c, at, c->ports[port], shown[k], own[k]);
	}
}

/* ---- the whole ------------------------------------------------------------------ */

static void ports_add(struct comparing *c, const struct audit_reading *r)
{
	for (size_t i = 0; i < r->port_n; i++) {
		bool known = false;
		for (size_t k = 0; k < c->port_n; k++)
			known = known || c->ports[k] == r->ports[i].port;
		if (known)
			continue;
		if (c->port_n == AUDIT_DIFF_PORTS_MAX) {
			c->cut = true;
			return;
		}
		c->ports[c->port_n++] = r->ports[i].port;
	}
}

static uint64_t size_of(const struct audit_reading *r)
{
	uint64_t n = 1 + r->rule_n;
	for (size_t i = 0; i < r->rule_n; i++)
		n += r->rules[i].range_n;
	return n;
}

/* Those that widen first, each kind in its order. */
static void rows_sort(struct audit_diff *d, struct arena *a)
{
	struct audit_diff_row *sorted = arena_alloc(a, (d->row_n + 1) * sizeof(*sorted));
	size_t n = 0;
	for (int widens = 1; widens >= 0; widens--)
		for (size_t i = 0; i < d->row_n; i++)
			if (d->rows[i].widens == widens)
				sorted[n++] = d->rows[i];
	assert(n == d->row_n);
	d->rows = sorted;
}

int audit_diff(struct audit_config *old, struct audit_config *new_, const struct facts *facts,
               struct arena *a, struct audit_diff *diff)
{
	struct comparing c = { .old = old, .new_ = new_, .facts = facts, .a = a, .diff = diff };
	*diff = (struct audit_diff){ .rows = arena_alloc(a, AUDIT_DIFF_ROWS_MAX
	                                                    * sizeof(*diff->rows)) };
	c.work_of_one = size_of(audit_config_reading(old)) + size_of(audit_config_reading(new_));
	ports_add(&c, audit_config_reading(old));
	ports_add(&c, audit_config_reading(new_));
	if (!c.port_n)
		c.ports[c.port_n++] = 0;
	c.cut = !diff_areas(old, new_, facts, a, &c.areas, &c.area_n) || c.cut;
	c.changes = arena_alloc(a, c.area_n * c.port_n * SHOWN_N * sizeof(*c.changes));
	for (size_t i = 0; i < c.area_n && !is_spent(&c); i++)
		for (size_t k = 0; k < c.port_n; k++)
			compare_at(&c, i, k);
	c.cut = c.cut || is_spent(&c);
	rows_sort(diff, a);
	return c.cut ? ERR_LIMIT : ERR_OK;
}
