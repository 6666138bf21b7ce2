/* SPDX-License-Identifier: ISC
 *
 * The follower: from the store's serial, journal and rows to editions.
 */
#include "blocklist/follower.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/fuse.h"
#include "store/journal.h"
#include "store/list.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { POLL_MS = 250, JOURNAL_MAX = 4096 };

struct blocklist_follower {
	struct store *store;
	struct blocklist_handover *handover;
	struct blocklist_index *inputs;          /* of the last edition; held */
	bool outputs, notes;                     /* are read */
	size_t withheld[BLOCKLIST_LISTS];        /* at the last whole read: told when it changes */
	bool loaded, failing;
	uint64_t serial, served;         /* of what was read; the highest in an answer */

	pthread_mutex_t lock;            /* of what follows; held for a copy alone */
	bool ordered;
	struct blocklist_orders orders;
};

bool blocklist_output_published(const struct output *o)
{
	return o->agreed && o->networks >= OUTPUT_NETWORKS_MIN;
}

/* A database that an older version wrote, or somebody's hand, may hold what must never be
 * published: it is left out. What is taken off is always let through. Returns what is left. */
static size_t withhold(struct blocklist_follower *f, enum blocklist_list list, bool whole,
                       struct blocklist_change *changes, size_t n)
{
	size_t kept = 0;
	const char *why = NULL;
	struct ip first = { 0 };
	for (size_t i = 0; i < n; i++) {
		const char *refused = changes[i].listed ?
			fuse_refuses(store_fuse(f->store), &changes[i].prefix) : NULL;
		if (refused && !why)
			first = changes[i].prefix.ip;
		why = why ? why : refused;
		if (!refused)
			changes[kept++] = changes[i];
	}
	assert(kept <= n && (kept == n) == !why);
	bool news = whole ? n - kept != f->withheld[list] : n > kept;
	if (whole)
		f->withheld[list] = n - kept;
	if (why && news)
		LOG(LOG_ERROR, "list-entries-refused", LOG_I("count", n - kept),
		    LOG_IP("first", &first), LOG_S("reason", why));
	return kept;
}

static struct blocklist_index *make_index(struct blocklist_follower *f, enum blocklist_list list,
                                          const struct blocklist_index *base,
                                          struct blocklist_change *changes, size_t n)
{
	size_t refused;
	n = withhold(f, list, !base, changes, n);
	struct blocklist_index *index = blocklist_index_apply(base, changes, n, &refused);
	assert(refused <= n && blocklist_index_count(index) >= 2);
	if (refused)
		LOG(LOG_ERROR, "list-entries-refused", LOG_I("count", refused),
		    LOG_S("reason", "too wide or no address"));
	return index;
}

static int read_words(struct blocklist_follower *f, struct arena *a, struct blocklist_edition *e)
{
	struct listing *words, *all = NULL;
	struct listed_range *ranges = NULL;
	struct blocklist_words_of of = { 0 };
	int err = store_words(f->store, a, &words, &of.word_n);
	assert(!e->words);
	if (err == ERR_OK)
		err = f->notes ? store_listings(f->store, a, &all, &of.listing_n)
		               : store_seen(f->store, a, &all, &of.listing_n);
	if (err == ERR_OK)
		err = store_ranges(f->store, a, &ranges, &of.range_n);
	if (err != ERR_OK)
		return err;
	of.words = words;
	of.listings = all;
	of.ranges = ranges;
	e->words = blocklist_words_create(&of);
	return ERR_OK;
}

static int read_outputs(struct blocklist_follower *f, struct arena *a,
                        struct blocklist_edition *e)
{
	struct output *rows;
	size_t n, m = 0;
	if (!f->outputs)
		return ERR_OK;
	int err = store_outputs(f->store, a, &rows, &n);
	if (err != ERR_OK)
		return err;
	struct blocklist_change *changes = arena_alloc(a, (n + 1) * sizeof(*changes));
	for (size_t i = 0; i < n; i++)
		if (blocklist_output_published(&rows[i]))
			changes[m++] = (struct blocklist_change){ prefix_of(&rows[i].address, 128),
			                                          true };
	assert(m <= n && !e->lists[BLOCKLIST_OUTPUTS]);
	e->lists[BLOCKLIST_OUTPUTS] = make_index(f, BLOCKLIST_OUTPUTS, NULL, changes, m);
	return ERR_OK;
}

static int read_all(struct blocklist_follower *f, struct arena *a, struct blocklist_edition *e,
                    uint64_t *serial)
{
	struct list_snapshot list;
	int err = store_snapshot(f->store, a, &list);
	if (err != ERR_OK)
		return err;
	size_t n = list.listing_n + list.range_n;
	struct blocklist_change *changes = arena_alloc(a, (n + 1) * sizeof(*changes));
	for (size_t i = 0; i < list.listing_n; i++)
		changes[i] = (struct blocklist_change){ prefix_of(&list.listings[i].address, 128),
		                                        true };
	for (size_t i = 0; i < list.range_n; i++)
		changes[list.listing_n + i] = (struct blocklist_change){ list.ranges[i].range,
		                                                         true };
	*serial = list.serial;
	e->lists[BLOCKLIST_INPUTS] = make_index(f, BLOCKLIST_INPUTS, NULL, changes, n);
	return ERR_OK;
}

/* Nothing in the journal says what else an older list, which was restored, holds. */
static bool is_restored(const struct journal_entry *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].action == JOURNAL_RESTORE)
			return true;
	return false;
}

/* ERR_AGAIN: the journal does not lead on from where we are. */
static int read_journal(struct blocklist_follower *f, struct arena *a,
                        struct blocklist_edition *e, uint64_t *serial)
{
	struct journal_entry *rows;
	size_t n, m = 0;
	assert(f->loaded && f->inputs);
	int err = store_journal(f->store, f->serial, JOURNAL_MAX, a, &rows, &n);
	if (err != ERR_OK)
		return err;
	if (n == 0 || n == JOURNAL_MAX || rows[0].serial != f->serial + 1 ||
	    is_restored(rows, n))
		return ERR_AGAIN;
	struct blocklist_change *changes = arena_alloc(a, n * sizeof(*changes));
	for (size_t i = 0; i < n; i++)
		if (rows[i].action == JOURNAL_LIST || rows[i].action == JOURNAL_DELIST)
			changes[m++] = (struct blocklist_change){
				rows[i].subject, rows[i].action == JOURNAL_LIST };
	e->lists[BLOCKLIST_INPUTS] = m > 0 ? make_index(f, BLOCKLIST_INPUTS, f->inputs, changes, m)
	                                   : blocklist_index_share(f->inputs);
	*serial = rows[n - 1].serial;
	return ERR_OK;
}

/* All that DNS is to say from here on, or nothing of it. */
static int read_edition(struct blocklist_follower *f, bool whole, struct blocklist_edition *e,
                        uint64_t *serial)
{
	struct arena a = { 0 };
	int err = whole ? ERR_AGAIN : read_journal(f, &a, e, serial);
	if (err == ERR_AGAIN)
		err = read_all(f, &a, e, serial);
	if (err == ERR_OK)
		err = read_words(f, &a, e);
	if (err == ERR_OK)
		err = read_outputs(f, &a, e);
	arena_fini(&a);
	return err;
}

static void publish(struct blocklist_follower *f, struct blocklist_edition *e, uint64_t serial)
{
	blocklist_index_destroy(f->inputs);
	f->inputs = blocklist_index_share(e->lists[BLOCKLIST_INPUTS]);
	f->loaded = true;
	f->serial = serial;
	f->served = serial > f->served ? serial : f->served;
	e->serial = (uint32_t)f->served;
	size_t entries = blocklist_index_count(f->inputs);
	assert(f->served >= f->serial && f->outputs == (e->lists[BLOCKLIST_OUTPUTS] != NULL));
	blocklist_handover_put(f->handover, e);
	LOG(LOG_INFO, "list-changed", LOG_I("serial", serial), LOG_I("entries", entries));
}

static int read_changes(struct blocklist_follower *f)
{
	uint64_t serial;
	int err = store_serial(f->store, &serial);
	if (err != ERR_OK || (f->loaded && serial == f->serial))
		return err;
	/* Another store, restored from a copy. */
	bool whole = !f->loaded || serial < f->serial;
	if (f->loaded && serial < f->serial)
		LOG(LOG_ERROR, "serial-went-back", LOG_I("from", f->serial), LOG_I("to", serial),
		    LOG_S("effect", "the list is read whole; the serial in DNS stays until the "
		          "store's is above it"));
	struct blocklist_edition *e = mem_zalloc(sizeof(*e));
	err = read_edition(f, whole, e, &serial);
	if (err == ERR_OK)
		publish(f, e, serial);
	else
		blocklist_edition_destroy(e);
	return err;
}

static void take_orders(struct blocklist_follower *f)
{
	pthread_mutex_lock(&f->lock);
	bool ordered = f->ordered;
	struct blocklist_orders orders = f->orders;
	f->ordered = false;
	pthread_mutex_unlock(&f->lock);
	if (!ordered)
		return;
	store_set_rules(f->store, &orders.fuse, orders.clock_jump_max_s);
	f->outputs = orders.outputs;
	f->notes = orders.notes;
	f->loaded = false;
	assert(store_fuse(f->store)->own_count == orders.fuse.own_count);
}

int blocklist_follower_poll(struct blocklist_follower *f)
{
	take_orders(f);
	int e = read_changes(f);
	bool failing = e != ERR_OK;
	assert(failing || f->loaded);
	if (failing && !f->failing)
		LOG(LOG_ERROR, "store-unavailable", LOG_S("error", err_text(e)),
		    LOG_S("message", store_message(f->store)),
		    LOG_S("serving", f->inputs ? "the last state read" : "SERVFAIL"));
	if (!failing && f->failing)
		LOG(LOG_INFO, "store-available", LOG_I("serial", f->serial));
	f->failing = failing;
	return e;
}

int64_t blocklist_follower_step(struct blocklist_follower *f)
{
	blocklist_handover_clear(f->handover);
	blocklist_follower_poll(f);      /* what it says of an error is in the log */
	return POLL_MS;
}

void blocklist_follower_order(struct blocklist_follower *f, const struct blocklist_orders *orders)
{
	pthread_mutex_lock(&f->lock);
	f->orders = *orders;
	f->ordered = true;
	pthread_mutex_unlock(&f->lock);
}

struct blocklist_follower *blocklist_follower_create(struct store *store,
                                                     struct blocklist_handover *handover,
                                                     const struct blocklist_orders *orders)
{
	struct blocklist_follower *f = mem_zalloc(sizeof(*f));
	*f = (struct blocklist_follower){ .store = store, .handover = handover };
	pthread_mutex_init(&f->lock, NULL);
	blocklist_follower_order(f, orders);
	assert(f->ordered && !f->loaded);
	return f;
}

void blocklist_follower_destroy(struct blocklist_follower *f)
{
	if (!f)
		return;
	assert((f->served > 0) <= (f->inputs != NULL));
	blocklist_index_destroy(f->inputs);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
