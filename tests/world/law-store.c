/* SPDX-License-Identifier: ISC
 *
 * Invariants of the store, seen through a connection of their own. What cannot be read just now
 * (a writer died, and nobody has mended it) is looked at after the next step.
 */
#include "law-inner.h"

#include "base/mem.h"
#include "disk.h"
#include "roles.h"
#include "store/admission.h"
#include "store/evidence-rows.h"
#include "store/evidence.h"
#include "store/journal.h"
#include "store/list.h"
#include "store/tests.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 4096, TESTS_MAX = 1000 };

/* Changes of the list. */
struct change {
	uint64_t serial;
	struct prefix subject;
	bool listed;
	int64_t time_s;
};

struct seen seen;
static struct store *store;
static struct arena rows;            /* of what is in seen */
static uint64_t changes_looked;
static struct change *changes;
static size_t change_n;
static struct prefix *excluded;      /* by the journal, in its order */
static size_t excluded_n;

bool law_is_excluded(const struct ip *ip)
{
	for (size_t i = 0; i < seen.exclusion_n; i++)
		if (prefix_contains(&seen.exclusions[i].range, ip))
			return true;
	return false;
}

const struct test *law_test(const char *id)
{
	for (size_t i = 0; i < seen.test_n; i++)
		if (strcmp(seen.tests[i].id, id) == 0)
			return &seen.tests[i];
	return NULL;
}

static bool is_of(const struct change *c, const struct ip *ip)
{
	return c->subject.len == ip_bits(ip) && ip_eq(&c->subject.ip, ip);
}

/* What was put on the list as such, an address or a range, and was on it at that serial. */
static bool was_entry(const struct prefix *subject, uint64_t serial)
{
	bool listed = false;
	for (size_t i = 0; i < change_n && changes[i].serial <= serial; i++)
		if (prefix_cmp(&changes[i].subject, subject) == 0)
			listed = changes[i].listed;
	return listed;
}

bool law_is_listed(const struct ip *ip)
{
	struct prefix whole = prefix_of(ip, ip_bits(ip));
	return was_entry(&whole, UINT64_MAX);
}

bool law_was_listed(const struct ip *ip, uint64_t serial)
{
	for (size_t i = 0; i < change_n && changes[i].serial <= serial; i++)
		if (prefix_contains(&changes[i].subject, ip) &&
		    was_entry(&changes[i].subject, serial))
			return true;
	return false;
}

bool law_listed_since(const struct ip *ip, uint64_t serial)
{
	for (size_t i = change_n; i > 0; i--)
		if (is_of(&changes[i - 1], ip))
			return changes[i - 1].listed && changes[i - 1].serial <= serial;
	return false;
}

int64_t law_delisted_s(const struct ip *ip)
{
	int64_t last_s = 0;
	for (size_t i = 0; i < change_n; i++)
		if (is_of(&changes[i], ip) && !changes[i].listed && changes[i].time_s > last_s)
			last_s = changes[i].time_s;
	return last_s;
}

/* ---- the journal ---------------------------------------------------------------------- */

static bool by_test(const struct journal_entry *j)
{
	return str_prefix(str_of(j->who), STR("test "));
}

static void check_listed_range(const struct journal_entry *j)
{
	char range[PREFIX_TEXT_MAX];
	prefix_format(&j->subject, range);
	if (by_test(j))
		world_broken("listed-by-proof", "%s is listed by %s", range, j->who);
	for (unsigned i = 0; i < host_n; i++)
		if (hosts[i].forbidden && prefix_contains(&j->subject, &hosts[i].at.ip))
			world_broken("fuse", "%s is listed", range);
	for (size_t i = 0; i < excluded_n; i++)
		if (prefix_overlaps(&excluded[i], &j->subject))
			world_broken("excluded", "some of %s is excluded, and it is listed", range);
}

static void check_listed(const struct journal_entry *j)
{
	struct arena a = { 0 };
	struct proof *proofs;
	size_t n = 0;
	char address[IP_TEXT_MAX];
	bool proved = false;
	ip_format(&j->subject.ip, address);
	const struct host *h = host_of(&j->subject.ip);
	if (!h || h->forbidden)
		world_broken("fuse", "%s is listed", address);
	if (!by_test(j))
		return;
	for (size_t i = 0; i < excluded_n; i++)
		if (prefix_contains(&excluded[i], &j->subject.ip))
			world_broken("excluded", "%s is excluded, and is listed by %s", address,
			             j->who);
	if (!h->was_open)
		world_broken("listed-by-proof", "%s never was open, and is listed by %s", address,
		             j->who);
	if (store_proofs(store, &j->subject.ip, &a, &proofs, &n) == ERR_OK)
		for (size_t i = 0; i < n; i++)
			proved |= law_proved(proofs[i].test_id, proofs[i].case_id);
	/* It may be off the list again. */
	if (n && !proved)
		world_broken("listed-by-proof", "%s is listed by %s, and no form came back for "
		             "both domains", address, j->who);
	arena_fini(&a);
}

static void check_delisted(const struct journal_entry *j)
{
	char address[IP_TEXT_MAX];
	const struct host *h = host_of(&j->subject.ip);
	if (by_test(j) && h && h->kind->relays)
		world_broken("off-by-passing", "%s (%s) relays, and is taken off by %s",
		             ip_format(&j->subject.ip, address), h->kind->name, j->who);
}

static void add_change(const struct journal_entry *j, bool listed)
{
	changes = mem_realloc(changes, change_n + 1, sizeof(*changes));
	changes[change_n++] = (struct change){ j->serial, j->subject, listed, j->time_s };
}

static void exclude(const struct prefix *range, bool add)
{
	if (add) {
		excluded = mem_realloc(excluded, excluded_n + 1, sizeof(*excluded));
		excluded[excluded_n++] = *range;
		return;
	}
	for (size_t i = 0; i < excluded_n; i++)
		if (prefix_cmp(&excluded[i], range) == 0)
			excluded[i--] = excluded[--excluded_n];
}

static void leave_alone(const struct prefix *range)
{
	for (unsigned i = 0; i < host_n; i++)
		hosts[i].left_alone |= prefix_contains(range, &hosts[i].at.ip);
}

static void read_entry(const struct journal_entry *j)
{
	char subject[PREFIX_TEXT_MAX];
	trace("serial %llu: %s %s, %s: %s", (unsigned long long)j->serial,
	      journal_action_name(j->action), prefix_format(&j->subject, subject), j->who, j->why);
	if (j->serial != seen.serial + 1)
		world_broken("serial", "after %llu comes %llu", (unsigned long long)seen.serial,
		             (unsigned long long)j->serial);
	seen.serial = j->serial;
	switch (j->action) {
	case JOURNAL_LIST:
		add_change(j, true);
		if (j->subject.len < ip_bits(&j->subject.ip))
			check_listed_range(j);
		else
			check_listed(j);
		break;
	case JOURNAL_DELIST:
		add_change(j, false);
		check_delisted(j);
		break;
	case JOURNAL_UNPERMIT:
		leave_alone(&j->subject);
		break;
	case JOURNAL_EXCLUDE:
		leave_alone(&j->subject);
		exclude(&j->subject, true);
		break;
	case JOURNAL_UNEXCLUDE:
		exclude(&j->subject, false);
		break;
	default:
		break;
	}
}

static int read_journal(bool *news)
{
	struct arena a = { 0 };
	struct journal_entry *entries;
	size_t n = 0;
	uint64_t serial;
	int e = store_serial(store, &serial);
	if (e == ERR_OK && serial < seen.serial)
		world_broken("serial", "%llu was seen, and now it is %llu",
		             (unsigned long long)seen.serial, (unsigned long long)serial);
	if (e == ERR_OK && serial > seen.serial)
		e = store_journal(store, seen.serial, ROWS_MAX, &a, &entries, &n);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		read_entry(&entries[i]);
	*news = n > 0;
	arena_fini(&a);
	return e;
}

/* ---- evidence ---------------------------------------------------------------------------- */

static void check_evidence(const struct listing *l)
{
	struct arena a = { 0 };
	struct buf message = { 0 };
	struct str bundle = STR("");
	char address[IP_TEXT_MAX];
	if (l->by_operator)
		return;
	int e = store_evidence_get(store, l->evidence_id, &a, &bundle);
	if (e == ERR_OK)
		e = evidence_verify(bundle, roles_public_key, NULL, &message);
	if (e != ERR_OK && e != ERR_BUSY)
		world_broken("evidence", "%s, evidence \"%s\": %s %s",
		             ip_format(&l->address, address), l->evidence_id, err_text(e),
		             buf_cstr(&message));
	buf_fini(&message);
	arena_fini(&a);
}

/* ---- rows -------------------------------------------------------------------------------- */

static void check_list(void)
{
	char address[IP_TEXT_MAX];
	for (size_t i = 0; i < seen.listing_n; i++) {
		if (!law_is_listed(&seen.listings[i].address))
			world_broken("journal", "%s is on the list, not in the journal",
			             ip_format(&seen.listings[i].address, address));
		check_evidence(&seen.listings[i]);
	}
	for (unsigned h = 0; h < host_n; h++) {
		bool there = false;
		for (size_t i = 0; i < seen.listing_n; i++)
			there |= ip_eq(&seen.listings[i].address, &hosts[h].at.ip);
		if (law_is_listed(&hosts[h].at.ip) && !there)
			world_broken("journal", "%s is listed by the journal, and not on the list",
			             ip_format(&hosts[h].at.ip, address));
	}
}

/* The ranges on the list are those of the journal, too. */
static void check_ranges(void)
{
	char range[PREFIX_TEXT_MAX];
	for (size_t i = 0; i < seen.range_n; i++)
		if (!was_entry(&seen.ranges[i].range, UINT64_MAX))
			world_broken("journal", "%s is on the list, not in the journal",
			             prefix_format(&seen.ranges[i].range, range));
	for (size_t i = 0; i < change_n; i++) {
		const struct prefix *subject = &changes[i].subject;
		bool there = subject->len == ip_bits(&subject->ip) ||
		             !was_entry(subject, UINT64_MAX);
		for (size_t k = 0; k < seen.range_n; k++)
			there |= prefix_cmp(&seen.ranges[k].range, subject) == 0;
		if (!there)
			world_broken("journal", "%s is listed by the journal, and not on the list",
			             prefix_format(subject, range));
	}
}

static void check_tests(void)
{
	char target[ENDPOINT_TEXT_MAX];
	for (size_t i = 0; i < seen.test_n; i++)
		for (size_t j = i + 1; j < seen.test_n; j++) {
			const struct test *a = &seen.tests[i], *b = &seen.tests[j];
			if (a->state != TEST_DONE && b->state != TEST_DONE &&
			    ip_eq(&a->target.ip, &b->target.ip) &&
			    a->target.port == b->target.port)
				world_broken("one-live", "%s has tests %s and %s",
				             endpoint_format(&a->target, target), a->id, b->id);
		}
}

static int read_rows(bool list_changed)
{
	static const struct ip any;
	arena_fini(&rows);
	seen.test_n = seen.listing_n = seen.range_n = seen.permit_n = seen.exclusion_n = 0;
	int e = store_tests(store, &any, TESTS_MAX, &rows, &seen.tests, &seen.test_n);
	if (e == ERR_OK)
		e = store_permits(store, &rows, &seen.permits, &seen.permit_n);
	if (e == ERR_OK)
		e = store_exclusions(store, &rows, &seen.exclusions, &seen.exclusion_n);
	if (e == ERR_OK)
		check_tests();
	if (e == ERR_OK)
		e = store_listings(store, &rows, &seen.listings, &seen.listing_n);
	if (e == ERR_OK)
		e = store_ranges(store, &rows, &seen.ranges, &seen.range_n);
	if (e == ERR_OK && list_changed) {
		check_list();
		check_ranges();
	}
	return e;
}

/* ---- looking ----------------------------------------------------------------------------- */

static void look(void *arg)
{
	bool *whole = arg, news = false, expired = law_expiry_pending();
	if (!store)
		store = roles_open_store();
	int e = store ? read_journal(&news) : ERR_BUSY;
	if (e == ERR_OK)
		e = read_rows(news || expired);
	if (e == ERR_OK)
		e = law_kept_read(store);
	if (e == ERR_OK)
		e = law_expiry_look(store);
	if (e == ERR_CORRUPT)
		world_broken("sound", "%s", store_message(store));
	*whole = e == ERR_OK;
}

void law_step(void)
{
	if (disk_changes() != changes_looked || law_expiry_pending()) {
		changes_looked = disk_changes();
		process_run(&observer, look, &seen.known);
		if (!seen.known)
			changes_looked--;
	}
	if (seen.known)
		law_kept_check();
	law_dns();
}

void law_after_death(bool power)
{
	if (power) {
		vfs_drop(&observer);
		store = NULL;
	}
	law_kept_forget();
	changes_looked--;
	seen.known = false;
}
