/* SPDX-License-Identifier: ISC
 *
 * Files in memory: as they are, as they were synced, and what has been done to them since.
 */
#include "disk.h"

#include "base/mem.h"
#include "world.h"

#include <stdlib.h>

enum { SECTOR = 512 };

/* What was done to a file since it was synced. */
struct change {
	struct change *next;
	bool truncates;
	size_t at, n;
	char bytes[];
};

struct disk_file {
	char *name;
	bool there;
	struct buf now, synced;
	struct change *first, **last;
	struct disk_file *next;
};

static struct disk_file *files;
static uint64_t changes;

struct disk_file *disk_find(const char *name)
{
	for (struct disk_file *f = files; f; f = f->next)
		if (f->there && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

struct disk_file *disk_make(const char *name)
{
	struct disk_file *f = files;
	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	if (!f) {
		f = mem_zalloc(sizeof(*f));
		f->name = mem_strdup(name);
		f->last = &f->first;
		f->next = files;
		files = f;
	}
	f->there = true;
	return f;
}

static void forget_changes(struct disk_file *f)
{
	while (f->first) {
		struct change *c = f->first;
		f->first = c->next;
		free(c);
	}
	f->last = &f->first;
}

/* At once for good: nothing that the world does depends on its coming late. */
void disk_remove(struct disk_file *f)
{
	buf_clear(&f->now);
	buf_clear(&f->synced);
	forget_changes(f);
	f->there = false;
}

size_t disk_size(const struct disk_file *f)
{
	return f->now.n;
}

size_t disk_read(const struct disk_file *f, size_t at, void *dst, size_t n)
{
	struct str rest = str_from(buf_str(&f->now), at);
	if (rest.n < n)
		n = rest.n;
	if (n)
		memcpy(dst, rest.p, n);
	return n;
}

/* ---- changes ------------------------------------------------------------------------ */

static void put_bytes(struct buf *b, size_t at, struct str bytes)
{
	static const char zeros[SECTOR];
	while (b->n < at)
		buf_add(b, zeros, at - b->n < SECTOR ? at - b->n : SECTOR);
	size_t over = b->n - at < bytes.n ? b->n - at : bytes.n;
	if (over)
		memcpy(b->p + at, bytes.p, over);
	buf_add_str(b, str_from(bytes, over));
}

static void cut(struct buf *b, size_t n)
{
	if (b->n > n)
		b->n = n;
}

static void apply_change(struct buf *b, const struct change *c)
{
	if (c->truncates)
		cut(b, c->at);
	else
		put_bytes(b, c->at, (struct str){ c->bytes, c->n });
}

static void note(struct disk_file *f, bool truncates, size_t at, struct str bytes)
{
	struct change *c = mem_alloc(sizeof(*c) + bytes.n);
	*c = (struct change){ .truncates = truncates, .at = at, .n = bytes.n };
	if (bytes.n)
		memcpy(c->bytes, bytes.p, bytes.n);
	*f->last = c;
	f->last = &c->next;
	apply_change(&f->now, c);
	changes++;
}

void disk_write(struct disk_file *f, size_t at, struct str bytes)
{
	note(f, false, at, bytes);
}

void disk_truncate(struct disk_file *f, size_t n)
{
	if (n < f->now.n)
		note(f, true, n, STR(""));
}

void disk_sync(struct disk_file *f)
{
	for (const struct change *c = f->first; c; c = c->next)
		apply_change(&f->synced, c);
	forget_changes(f);
}

/* What was to be written is lost, or not; nobody tells of it again. */
void disk_sync_fails(struct disk_file *f)
{
	for (const struct change *c = f->first; c; c = c->next)
		if (chance_of(500))
			apply_change(&f->synced, c);
	forget_changes(f);
}

/* ---- the power ------------------------------------------------------------------------- */

/* Of a write, any of its sectors. */
static void tear(struct buf *b, const struct change *c)
{
	if (c->truncates) {
		if (chance_of(500))
			cut(b, c->at);
		return;
	}
	for (size_t at = c->at; at < c->at + c->n;) {
		size_t end = (at / SECTOR + 1) * SECTOR;
		if (end > c->at + c->n)
			end = c->at + c->n;
		if (chance_of(500))
			put_bytes(b, at, (struct str){ c->bytes + (at - c->at), end - at });
		at = end;
	}
}

void disk_power_cut(void)
{
	for (struct disk_file *f = files; f; f = f->next) {
		bool all = chance_of(200), none = chance_of(300);
		for (const struct change *c = f->first; c && !none; c = c->next) {
			if (all)
				apply_change(&f->synced, c);
			else
				tear(&f->synced, c);
		}
		forget_changes(f);
		buf_clear(&f->now);
		buf_add_str(&f->now, buf_str(&f->synced));
	}
	changes++;
}

uint64_t disk_changes(void)
{
	return changes;
}
