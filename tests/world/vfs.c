/* SPDX-License-Identifier: ISC
 *
 * How SQLite opens files in the world: over disk.h, with locks between processes and the shared
 * memory of a WAL, which the system gives up when a process dies. It stands for the store's own
 * way (files_vfs()). Each write and sync is a call through the seam, and may fail.
 */
#include "vfs.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "disk.h"
#include "faults.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

enum { REGIONS_MAX = 8, SHARED_MAX = 4, SHM_LOCKS = SQLITE_SHM_NLOCK };

/* The memory that the connections of a database share. */
struct shared {
	const struct disk_file *of;
	void *region[REGIONS_MAX];
	int region_n;
};

/* Begins as sqlite3_file does. */
struct vfs_file {
	sqlite3_file base;
	struct disk_file *file;
	struct process *owner;
	const char *name;
	int lock;                        /* SQLITE_LOCK_… */
	unsigned reads, writes;          /* locks of the shared memory, by bits */
	bool attached, readonly_shm, persist_wal;
	struct vfs_file *next, *prev;
};

static struct vfs_file *open_files;
static struct shared shared[SHARED_MAX];
static int last_errno;

static struct vfs_file *of(sqlite3_file *f)
{
	return (struct vfs_file *)f;
}

static bool is_role(void)
{
	return !process_outlives(process_now());
}

/* ---- bytes ---------------------------------------------------------------------------- */

static int forget(struct vfs_file *f)
{
	if (f->prev)
		f->prev->next = f->next;
	else
		open_files = f->next;
	if (f->next)
		f->next->prev = f->prev;
	return SQLITE_OK;
}

static int x_close(sqlite3_file *f)
{
	return forget(of(f));
}

static int x_read(sqlite3_file *f, void *dst, int n, sqlite3_int64 at)
{
	size_t got = disk_read(of(f)->file, (size_t)at, dst, (size_t)n);
	if (got == (size_t)n)
		return SQLITE_OK;
	memset((char *)dst + got, 0, (size_t)n - got);
	return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *f, const void *src, int n, sqlite3_int64 at)
{
	struct disk_file *file = of(f)->file;
	seam("disk write");
	if (is_role() && faults.disk_full && (size_t)(at + n) > disk_size(file)) {
		last_errno = ENOSPC;
		return SQLITE_FULL;
	}
	if (is_role() && chance_of(faults.disk_fails)) {
		last_errno = EIO;
		trace("a write fails");
		return SQLITE_IOERR_WRITE;
	}
	disk_write(file, (size_t)at, (struct str){ src, (size_t)n });
	return SQLITE_OK;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	disk_truncate(of(f)->file, (size_t)n);
	return SQLITE_OK;
}

static int x_sync(sqlite3_file *f, int flags)
{
	(void)flags;
	seam("disk sync");
	if (is_role() && chance_of(faults.disk_fails)) {
		last_errno = EIO;
		trace("a sync fails");
		return SQLITE_IOERR_FSYNC;
	}
	disk_sync(of(f)->file);
	seam("disk synced");
	return SQLITE_OK;
}

static int x_size(sqlite3_file *f, sqlite3_int64 *n)
{
	*n = (sqlite3_int64)disk_size(of(f)->file);
	return SQLITE_OK;
}

/* ---- locks ------------------------------------------------------------------------------ */

/* The highest that another has on the file. */
static int others_lock(const struct vfs_file *f)
{
	int most = SQLITE_LOCK_NONE;
	for (const struct vfs_file *o = open_files; o; o = o->next)
		if (o != f && o->file == f->file && o->lock > most)
			most = o->lock;
	return most;
}

static int x_lock(sqlite3_file *file, int want)
{
	struct vfs_file *f = of(file);
	int others = others_lock(f);
	if (f->lock >= want)
		return SQLITE_OK;
	if (want == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING)
		return SQLITE_BUSY;
	if (want >= SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED)
		return SQLITE_BUSY;
	if (want == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
		f->lock = SQLITE_LOCK_PENDING;
		return SQLITE_BUSY;
	}
	f->lock = want;
	return SQLITE_OK;
}

static int x_unlock(sqlite3_file *f, int to)
{
	if (of(f)->lock > to)
		of(f)->lock = to;
	return SQLITE_OK;
}

static int x_check_reserved(sqlite3_file *f, int *yes)
{
	*yes = of(f)->lock >= SQLITE_LOCK_RESERVED || others_lock(of(f)) >= SQLITE_LOCK_RESERVED;
	return SQLITE_OK;
}

static int x_control(sqlite3_file *file, int op, void *arg)
{
	struct vfs_file *f = of(file);
	switch (op) {
	case SQLITE_FCNTL_LAST_ERRNO:
		*(int *)arg = last_errno;
		return SQLITE_OK;
	case SQLITE_FCNTL_LOCKSTATE:
		*(int *)arg = f->lock;
		return SQLITE_OK;
	case SQLITE_FCNTL_HAS_MOVED:
		*(int *)arg = 0;
		return SQLITE_OK;
	case SQLITE_FCNTL_PERSIST_WAL:
		if (*(int *)arg < 0)
			*(int *)arg = f->persist_wal;
		else
			f->persist_wal = *(int *)arg != 0;
		return SQLITE_OK;
	default:
		return SQLITE_NOTFOUND;
	}
}

static int x_sector(sqlite3_file *f)
{
	(void)f;
	return 512;
}

static int x_device(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- shared memory ----------------------------------------------------------------------- */

static struct shared *shared_of(const struct disk_file *file)
{
	for (int i = 0; i < SHARED_MAX; i++)
		if (shared[i].of == file)
			return &shared[i];
	for (int i = 0; i < SHARED_MAX; i++)
		if (!shared[i].of) {
			shared[i].of = file;
			return &shared[i];
		}
	abort();
}

/* Who comes first finds nothing of what was there before. The old memory may be in the hands of
 * a process that has died: it is not freed. */
static void attach(struct vfs_file *f, struct shared *s)
{
	if (f->attached)
		return;
	bool alone = true;
	for (const struct vfs_file *o = open_files; o; o = o->next)
		alone &= o->file != f->file || !o->attached;
	if (alone && !f->readonly_shm)
		*s = (struct shared){ .of = f->file };
	f->attached = true;
}

static int x_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **at)
{
	struct vfs_file *f = of(file);
	struct shared *s = shared_of(f->file);
	attach(f, s);
	*at = NULL;
	if (region >= REGIONS_MAX)
		return SQLITE_IOERR_SHMSIZE;
	while (extend && s->region_n <= region)
		s->region[s->region_n++] = mem_zalloc((size_t)size);
	if (region < s->region_n)
		*at = s->region[region];
	else if (f->readonly_shm)
		return SQLITE_READONLY_CANTINIT;
	return f->readonly_shm ? SQLITE_READONLY : SQLITE_OK;
}

static int x_shm_lock(sqlite3_file *file, int from, int n, int flags)
{
	struct vfs_file *f = of(file);
	unsigned mask = ((1u << n) - 1) << from;
	if (flags & SQLITE_SHM_UNLOCK) {
		f->reads &= ~mask;
		f->writes &= ~mask;
		return SQLITE_OK;
	}
	if (is_role() && flags & SQLITE_SHM_EXCLUSIVE && chance_of(faults.disk_busy))
		return SQLITE_BUSY;
	for (const struct vfs_file *o = open_files; o; o = o->next)
		if (o != f && o->file == f->file &&
		    (o->writes & mask || (flags & SQLITE_SHM_EXCLUSIVE && o->reads & mask)))
			return SQLITE_BUSY;
	if (flags & SQLITE_SHM_EXCLUSIVE)
		f->writes |= mask;
	else
		f->reads |= mask;
	return SQLITE_OK;
}

static void x_shm_barrier(sqlite3_file *f)
{
	(void)f;
}

static int x_shm_unmap(sqlite3_file *f, int remove)
{
	(void)remove;
	of(f)->reads = of(f)->writes = 0;
	of(f)->attached = false;
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	2, x_close, x_read, x_write, x_truncate, x_sync, x_size, x_lock, x_unlock,
	x_check_reserved, x_control, x_sector, x_device, x_shm_map, x_shm_lock, x_shm_barrier,
	x_shm_unmap, NULL, NULL,
};

/* ---- names -------------------------------------------------------------------------------- */

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
	struct vfs_file *f = of(file);
	bool writes = flags & SQLITE_OPEN_READWRITE;
	(void)vfs;
	file->pMethods = NULL;
	if (!name)
		return SQLITE_CANTOPEN;
	struct disk_file *on_disk = disk_find(name);
	/* The store makes the database's file itself, on the system's disk, and looks there
	 * whether it is still the one that it opened: an empty one would not be. */
	if (!on_disk && writes) {
		on_disk = disk_make(name);
		if (flags & SQLITE_OPEN_MAIN_DB && truncate(name, 1) != 0)
			return SQLITE_CANTOPEN;
	}
	if (!on_disk) {
		last_errno = ENOENT;
		return SQLITE_CANTOPEN;
	}
	*f = (struct vfs_file){ .base = { &methods }, .file = on_disk, .owner = process_now(),
	                        .name = name, .next = open_files };
	if (flags & SQLITE_OPEN_MAIN_DB)
		f->readonly_shm = sqlite3_uri_boolean(name, "readonly_shm", 0);
	if (open_files)
		open_files->prev = f;
	open_files = f;
	if (got)
		*got = flags;
	return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct disk_file *f = disk_find(name);
	(void)vfs, (void)sync;
	if (!f)
		return SQLITE_IOERR_DELETE_NOENT;
	disk_remove(f);
	return SQLITE_OK;
}

static int x_access(sqlite3_vfs *vfs, const char *name, int flags, int *yes)
{
	const struct disk_file *f = disk_find(name);
	(void)vfs, (void)flags;
	*yes = f && disk_size(f) > 0;
	return SQLITE_OK;
}

static int x_full_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	return str_copy(out, (size_t)size, str_of(name)) ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int x_randomness(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	random_bytes(out, (size_t)n);
	return n;
}

/* A process that waits for a lock: time passes, and nobody else gets on. */
static int x_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	world.now_ms += (us + 999) / 1000;
	return us;
}

static int x_now_64(sqlite3_vfs *vfs, sqlite3_int64 *ms)
{
	(void)vfs;
	*ms = clock_now_ms() + 210866760000000;
	return SQLITE_OK;
}

static int x_now(sqlite3_vfs *vfs, double *days)
{
	sqlite3_int64 ms;
	x_now_64(vfs, &ms);
	*days = (double)ms / 86400000.0;
	return SQLITE_OK;
}

static int x_last_error(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs, (void)n, (void)out;
	return last_errno;
}

static sqlite3_vfs world_vfs = {
	.iVersion = 2, .szOsFile = sizeof(struct vfs_file), .mxPathname = 4096, .zName = "world",
	.xOpen = x_open, .xDelete = x_delete, .xAccess = x_access, .xFullPathname = x_full_name,
	.xRandomness = x_randomness, .xSleep = x_sleep, .xCurrentTime = x_now,
	.xCurrentTimeInt64 = x_now_64, .xGetLastError = x_last_error,
};

/* Before SQLite is used. A process may die in the midst of it: no lock of threads may be held
 * then. */
void vfs_begin(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_initialize();
	sqlite3_vfs_register(&world_vfs, 1);
}

/* ---- what stands for sqlite/files.c ------------------------------------------------------ */

const char *files_vfs(bool writable)
{
	(void)writable;
	return "world";
}

void files_lend(const char *name, int fd)
{
	(void)name, (void)fd;
}

/* ---- deaths ------------------------------------------------------------------------------ */

void vfs_drop(const struct process *p)
{
	for (struct vfs_file *f = open_files, *next; f; f = next) {
		next = f->next;
		if (f->owner == p)
			forget(f);
	}
}

/* Nobody has an append-only log here. */
int vfs_sync(int fd)
{
	(void)fd;
	return 0;
}
