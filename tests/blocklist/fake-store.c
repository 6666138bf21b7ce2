/* SPDX-License-Identifier: ISC
 *
 * The fake store. Its functions have the names of the store's, whose objects are not linked then.
 */
#include "fake-store.h"

#include "store/fuse.h"
#include "store/journal.h"
#include "store/list.h"
#include "test.h"
#include "world.h"

#include <pthread.h>
#include <time.h>

enum { LIMIT_S = 30 };

struct fake_store fake;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool holding;
static unsigned held;                    /* threads that wait inside */
static char nothing;

struct store *fake_store_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.fuse = fuse_default;
	return (struct store *)(void *)&nothing;
}

void fake_store_journal(uint64_t serial, enum journal_action action, const char *subject)
{
	assert_true(fake.journal_count < 16);
	fake.journal[fake.journal_count++] = (struct journal_entry){
		.serial = serial, .action = action, .subject = world_prefix(subject) };
	fake.serial = serial;
}

void fake_store_hold(void)
{
	pthread_mutex_lock(&lock);
	holding = true;
	pthread_mutex_unlock(&lock);
}

bool fake_store_is_held(void)
{
	struct timespec until;
	int late = 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LIMIT_S;
	pthread_mutex_lock(&lock);
	while (held == 0 && late == 0)
		late = pthread_cond_timedwait(&changed, &lock, &until);
	bool is_held = held > 0;
	pthread_mutex_unlock(&lock);
	return is_held;
}

void fake_store_let_go(void)
{
	pthread_mutex_lock(&lock);
	holding = false;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_inside(void)
{
	pthread_mutex_lock(&lock);
	held++;
	pthread_cond_broadcast(&changed);
	while (holding)
		pthread_cond_wait(&changed, &lock);
	held--;
	pthread_mutex_unlock(&lock);
}

/* ---- in the place of the store's --------------------------------------------------------- */

int store_serial(struct store *st, uint64_t *serial)
{
	(void)st;
	wait_inside();
	*serial = fake.serial;
	return fake.err;
}

int store_journal(struct store *st, uint64_t after, size_t max, struct arena *a,
                  struct journal_entry **rows, size_t *n)
{
	(void)st, (void)max;
	fake.journals++;
	*rows = arena_alloc(a, sizeof(fake.journal));
	*n = 0;
	for (size_t i = 0; i < fake.journal_count; i++)
		if (fake.journal[i].serial > after)
			(*rows)[(*n)++] = fake.journal[i];
	return fake.err;
}

int store_snapshot(struct store *st, struct arena *a, struct list_snapshot *s)
{
	(void)st, (void)a;
	fake.snapshots++;
	*s = (struct list_snapshot){
		.serial = fake.serial, .listings = fake.listings, .ranges = fake.ranges,
		.listing_n = fake.listing_count, .range_n = fake.range_count,
	};
	return fake.err;
}

int store_ranges(struct store *st, struct arena *a, struct listed_range **rows, size_t *n)
{
	(void)st, (void)a;
	*rows = fake.ranges;
	*n = fake.range_count;
	return fake.err;
}

int store_listings(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	(void)st, (void)a;
	*rows = fake.listings;
	*n = fake.listing_count;
	return fake.err;
}

int store_seen(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	size_t seen = 0;
	(void)st;
	*rows = arena_alloc(a, (fake.listing_count + 1) * sizeof(**rows));
	for (size_t i = 0; i < fake.listing_count; i++)
		if (fake.listings[i].seen_as.family)
			(*rows)[seen++] = fake.listings[i];
	*n = seen;
	return fake.err;
}

int store_words(struct store *st, struct arena *a, struct listing **rows, size_t *n)
{
	(void)st, (void)a;
	*rows = fake.words;
	*n = fake.word_count;
	return fake.err;
}

int store_outputs(struct store *st, struct arena *a, struct output **rows, size_t *n)
{
	(void)st, (void)a;
	*rows = fake.outputs;
	*n = fake.output_count;
	return fake.err;
}

const char *store_message(struct store *st)
{
	(void)st;
	return "as the test wants it";
}

const struct fuse *store_fuse(const struct store *st)
{
	(void)st;
	return &fake.fuse;
}

void store_set_rules(struct store *st, const struct fuse *fuse, int64_t clock_jump_max_s)
{
	(void)st, (void)clock_jump_max_s;
	fake.fuse = *fuse;
}
