/* SPDX-License-Identifier: ISC
 *
 * Invariants of the end: nothing goes wrong any more, and all that was begun has come to its
 * end.
 */
#include "law.h"

#include "roles.h"

bool law_settled(void)
{
	if (!seen.known || deliveries_open() > 0)
		return false;
	for (size_t i = 0; i < seen.test_n; i++)
		if (seen.tests[i].state != TEST_DONE)
			return false;
	const struct blocklist_state *dns = roles_dns();
	return dns && dns->edition->serial == (uint32_t)seen.serial;
}

static void check_settled(void)
{
	const struct blocklist_state *dns = roles_dns();
	char target[ENDPOINT_TEXT_MAX];
	if (!dns || dns->edition->serial != (uint32_t)seen.serial)
		world_broken("dns-forward", "the list is at serial %llu, DNS at %u",
		             (unsigned long long)seen.serial, dns ? dns->edition->serial : 0);
	for (size_t i = 0; i < seen.test_n; i++)
		if (seen.tests[i].state != TEST_DONE)
			world_broken("settles", "test %s of %s is still %s", seen.tests[i].id,
			             endpoint_format(&seen.tests[i].target, target),
			             test_state_name(seen.tests[i].state));
	if (deliveries_open() > 0)
		world_broken("settles", "%u messages are still on their way", deliveries_open());
}

/* A test of the host that began when nothing went wrong any more, or NULL. */
static const struct test *calm_test(const struct host *h)
{
	for (size_t i = 0; i < seen.test_n; i++) {
		const struct test *t = &seen.tests[i];
		if (ip_eq(&t->target.ip, &h->at.ip) && str_eq(str_of(t->who), STR("calm")))
			return t;
	}
	return NULL;
}

static void check_proved(const struct host *h)
{
	const struct test *t = calm_test(h);
	if (t && h->kind->sure && !h->forbidden && !law_is_excluded(&h->at.ip) &&
	    !law_is_listed(&h->at.ip))
		world_broken("proved-listed", "host %u (%s) relays; test %s says %s", h->n,
		             h->kind->name, t->id, verdict_name(t->verdict));
}

static void check_repaired(const struct host *h)
{
	if (h->repaired && h->asked_ms >= 0 && !law_is_excluded(&h->at.ip) &&
	    law_is_listed(&h->at.ip))
		world_broken("repaired-off", "host %u was repaired, its retest was asked for, and "
		             "it is listed", h->n);
}

/* A form that came back for both domains makes its test open, however late and whoever died, if
 * neither expired before the other came. */
static void check_both(const struct came_back *c)
{
	const struct test *t = law_test(c->test_id);
	if (!c->acknowledged || c->sender || !c->confirm || c->host->left_alone || !t)
		return;
	if (law_proved(c->test_id, c->case_id) && t->verdict != VERDICT_OPEN &&
	    !law_return_expired(c->test_id))
		world_broken("late-proof", "%s of test %s came back from host %u (%s) for both "
		             "domains; the test says %s", c->case_id, c->test_id, c->host->n,
		             c->host->kind->name, verdict_name(t->verdict));
}

/* Where the host and we had no trouble the confirmation must have gone out. */
static void check_late(const struct came_back *c)
{
	const struct test *t = law_test(c->test_id);
	if (!c->acknowledged || c->sender || c->confirm || !t || t->verdict == VERDICT_OPEN)
		return;
	if (c->host->disturbed_ms >= 0 || c->host->repaired || c->host->left_alone ||
	    law_return_expired(c->test_id))
		return;
	if (!law_confirmed(c->test_id))
		world_broken("late-proof", "%s of test %s came back from host %u (%s), and was "
		             "never confirmed; the test says %s", c->case_id, c->test_id,
		             c->host->n, c->host->kind->name, verdict_name(t->verdict));
}

void law_end(void)
{
	check_settled();
	for (size_t i = 0; i < came_back_n; i++) {
		check_both(&came_back[i]);
		check_late(&came_back[i]);
	}
	for (unsigned i = 0; i < host_n; i++) {
		check_proved(&hosts[i]);
		check_repaired(&hosts[i]);
	}
}
