/* SPDX-License-Identifier: ISC */
#include "blocklist/follower.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { POLL_MS = 250, JOURNAL_MAX = 4096 };

struct blocklist_follower {
	struct loop *loop;
	struct loop_timer *timer;
	struct store *store;
	struct blocklist_state *state;
	struct blocklist_index *indexes[BLOCKLIST_VIEWS_MAX];
	struct blocklist_words *words;
	size_t withheld[BLOCKLIST_VIEWS_MAX];    /* at the last whole read: told when it changes */
	bool loaded, failing, stopped;
	uint64_t serial, served;       /* of what was read; the highest in an answer */
};

bool blocklist_output_published(const struct output *o)
{
	return o->agreed && o->networks >= OUTPUT_NETWORKS_MIN;
}

static void swap_in(struct blocklist_follower *f, size_t view, struct blocklist_index *index)
{
	struct blocklist_index *old = f->indexes[view];
	f->indexes[view] = index;
	f->state->views[view].index = index;
	blocklist_index_destroy(old);
}

/* A database that an older version wrote, or somebody's hand, may hold what must never be
 * published: it is left out. What is taken off is always let through. Returns what is left. */
static size_t withhold(struct blocklist_follower *f, size_t view, bool whole,
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
	bool news = whole ? n - kept != f->withheld[view] : n > kept;
	if (whole)
		f->withheld[view] = n - kept;
	if (why && news)
		LOG(LOG_ERROR, "list-entries-refused", LOG_I("count", n - kept),
		    LOG_IP("first", &first), LOG_S("reason", why));
	return kept;
}

static struct blocklist_index *make(struct blocklist_follower *f, size_t view,
                                    const struct blocklist_index *base,
                                    struct blocklist_change *changes, size_t n)
{
	size_t refused;
	n = withhold(f, view, !base, changes, n);
	struct blocklist_index *index = blocklist_index_apply(base, changes, n, &refused);
	if (refused)
		LOG(LOG_ERROR, "list-entries-refused", LOG_I("count", refused),
		    LOG_S("reason", "too wide or no address"));
	return index;
}

static int read_words(struct blocklist_follower *f, struct arena *a)
{
	struct listing *rows;
	size_t n;
	int e = store_words(f->store, a, &rows, &n);
	if (e != ERR_OK)
		return e;
	struct blocklist_words *old = f->words;
	f->words = blocklist_words_create(rows, n);
	f->state->views[0].words = f->words;
	blocklist_words_destroy(old);
	return ERR_OK;
}

static int read_outputs(struct blocklist_follower *f, struct arena *a)
{
	struct output *rows;
	size_t n, m = 0;
	if (f->state->view_count < 2)
		return ERR_OK;
	int e = store_outputs(f->store, a, &rows, &n);
	if (e != ERR_OK)
		return e;
	struct blocklist_change *changes = arena_alloc(a, (n + 1) * sizeof(*changes));
	for (size_t i = 0; i < n; i++)
		if (blocklist_output_published(&rows[i]))
			changes[m++] = (struct blocklist_change){ prefix_of(&rows[i].address, 128),
			                                          true };
	swap_in(f, 1, make(f, 1, NULL, changes, m));
	return ERR_OK;
}

static int read_all(struct blocklist_follower *f, struct arena *a, uint64_t *serial)
{
	struct listing *rows;
	size_t n;
	int e = store_snapshot(f->store, a, &rows, &n, serial);
	if (e != ERR_OK)
		return e;
	struct blocklist_change *changes = arena_alloc(a, (n + 1) * sizeof(*changes));
	for (size_t i = 0; i < n; i++)
		changes[i] = (struct blocklist_change){ prefix_of(&rows[i].address, 128), true };
	swap_in(f, 0, make(f, 0, NULL, changes, n));
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
static int read_journal(struct blocklist_follower *f, struct arena *a, uint64_t *serial)
{
	struct journal_entry *rows;
	size_t n, m = 0;
	int e = store_journal(f->store, f->serial, JOURNAL_MAX, a, &rows, &n);
	if (e != ERR_OK)
		return e;
	if (n == 0 || n == JOURNAL_MAX || rows[0].serial != f->serial + 1 ||
	    is_restored(rows, n))
		return ERR_AGAIN;
	struct blocklist_change *changes = arena_alloc(a, n * sizeof(*changes));
	for (size_t i = 0; i < n; i++)
		if (rows[i].action == JOURNAL_LIST || rows[i].action == JOURNAL_DELIST)
			changes[m++] = (struct blocklist_change){
				rows[i].subject, rows[i].action == JOURNAL_LIST };
	if (m > 0)
		swap_in(f, 0, make(f, 0, f->indexes[0], changes, m));
	*serial = rows[n - 1].serial;
	return ERR_OK;
}

static int read_changes(struct blocklist_follower *f)
{
	struct arena a = { 0 };
	uint64_t serial;
	int e = store_serial(f->store, &serial);
	if (e != ERR_OK || (f->loaded && serial == f->serial))
		return e;
	/* Another store, restored from a copy. */
	bool whole = !f->loaded || serial < f->serial;
	if (f->loaded && serial < f->serial)
		LOG(LOG_ERROR, "serial-went-back", LOG_I("from", f->serial), LOG_I("to", serial),
		    LOG_S("effect", "the list is read whole; the serial in DNS stays until the "
		          "store's is above it"));
	e = whole ? ERR_AGAIN : read_journal(f, &a, &serial);
	if (e == ERR_AGAIN)
		e = read_all(f, &a, &serial);
	if (e == ERR_OK)
		e = read_words(f, &a);
	if (e == ERR_OK)
		e = read_outputs(f, &a);
	arena_fini(&a);
	if (e != ERR_OK)
		return e;
	f->loaded = true;
	f->serial = serial;
	f->served = serial > f->served ? serial : f->served;
	for (size_t i = 0; i < f->state->view_count; i++)
		f->state->views[i].serial = (uint32_t)f->served;
	LOG(LOG_INFO, "list-changed", LOG_I("serial", serial),
	    LOG_I("entries", blocklist_index_count(f->indexes[0])));
	return ERR_OK;
}

int blocklist_follower_poll(struct blocklist_follower *f)
{
	int e = read_changes(f);
	bool failing = e != ERR_OK;
	if (failing && !f->failing)
		LOG(LOG_ERROR, "store-unavailable", LOG_S("error", err_text(e)),
		    LOG_S("message", store_message(f->store)),
		    LOG_S("serving", f->loaded ? "the last state read" : "SERVFAIL"));
	if (!failing && f->failing)
		LOG(LOG_INFO, "store-available", LOG_I("serial", f->serial));
	f->failing = failing;
	return e;
}

void blocklist_follower_reread(struct blocklist_follower *f)
{
	if (f->stopped)
		return;
	f->loaded = false;
	loop_timer_arm(f->timer, 0);
}

void blocklist_follower_stop(struct blocklist_follower *f)
{
	f->stopped = true;
	loop_timer_disarm(f->timer);
}

static void tick(void *arg)
{
	struct blocklist_follower *f = arg;
	blocklist_follower_poll(f);
	loop_timer_arm(f->timer, POLL_MS);
}

struct blocklist_follower *blocklist_follower_create(struct loop *loop, struct store *store,
                                                     struct blocklist_state *state)
{
	struct blocklist_follower *f = mem_zalloc(sizeof(*f));
	assert(state->view_count >= 1);
	*f = (struct blocklist_follower){ .loop = loop, .store = store, .state = state };
	f->timer = loop_timer_create(loop, tick, f);
	loop_timer_arm(f->timer, 0);
	return f;
}

void blocklist_follower_destroy(struct blocklist_follower *f)
{
	if (!f)
		return;
	loop_timer_destroy(f->timer);
	for (size_t i = 0; i < BLOCKLIST_VIEWS_MAX; i++) {
		f->state->views[i].index = NULL;
		blocklist_index_destroy(f->indexes[i]);
	}
	f->state->views[0].words = NULL;
	blocklist_words_destroy(f->words);
	free(f);
}
