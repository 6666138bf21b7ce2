/* SPDX-License-Identifier: ISC
 *
 * The files of the gateway: what its rooms call of the system for paths below "spool" and
 * "mailboxes" is done here, over disk.h; the linker leads it here (--wrap). A name is as safe as
 * its directory was synced, what stands in a file as that was synced. Each call is one through the
 * seam, and may fail.
 */
#include "files.h"

#include "base/mem.h"
#include "disk.h"
#include "faults.h"
#include "mail.h"
#include "settings/assembly-gateway.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_BASE = 1 << 22, FDS_MAX = 512, TEXT_MAX = 600 };

struct node {
	bool is_directory;
	struct disk_file *bytes;
	const struct process *locked_by;
};

struct name {
	struct name *next;
	char *path;
	struct node *node;
};

/* What was done to names and is not safe: `to` is gone if node is NULL; `from` is gone. */
struct renaming {
	struct renaming *next;
	char *from, *to;
	struct node *node;
};

static struct name *now, *synced;
static struct renaming *first, **last = &first;
static struct {
	struct node *node;
	char *path;
	struct process *owner;
	size_t at;
} fds[FDS_MAX];
static unsigned node_n;

/* ---- names ------------------------------------------------------------------------------- */

static struct name **find(struct name **list, const char *path)
{
	while (*list && strcmp((*list)->path, path) != 0)
		list = &(*list)->next;
	return list;
}

static struct node *node_at(const char *path)
{
	struct name *n = *find(&now, path);
	return n ? n->node : NULL;
}

static void put(struct name **list, const char *path, struct node *node)
{
	struct name **at = find(list, path);
	if (!*at) {
		*at = mem_zalloc(sizeof(**at));
		(*at)->path = mem_strdup(path);
	}
	(*at)->node = node;
}

static void drop(struct name **list, const char *path)
{
	struct name **at = find(list, path), *n = *at;
	if (!n)
		return;
	*at = n->next;
	free(n->path);
	free(n);
}

static void apply(struct name **list, const struct renaming *r)
{
	if (r->from)
		drop(list, r->from);
	if (r->to)
		put(list, r->to, r->node);
}

static void name_change(const char *from, const char *to, struct node *node)
{
	struct renaming *r = mem_zalloc(sizeof(*r));
	*r = (struct renaming){ .from = from ? mem_strdup(from) : NULL,
	                        .to = to ? mem_strdup(to) : NULL, .node = node };
	*last = r;
	last = &r->next;
	apply(&now, r);
}

static bool is_in(const char *path, const char *directory)
{
	size_t n = strlen(directory);
	return path && strncmp(path, directory, n) == 0 && path[n] == '/' &&
	       !strchr(path + n + 1, '/');
}

static void forget(struct renaming **at)
{
	struct renaming *r = *at;
	*at = r->next;
	if (last == &r->next)
		last = at;
	free(r->from);
	free(r->to);
	free(r);
}

static void directory_sync(const char *directory, bool fails)
{
	for (struct renaming **at = &first; *at;) {
		if (!is_in((*at)->from, directory) && !is_in((*at)->to, directory)) {
			at = &(*at)->next;
			continue;
		}
		if (!fails || chance_of(500))
			apply(&synced, *at);
		forget(at);
	}
}

/* A name whose directory has none is not found any more. */
static bool has_path(const char *path)
{
	char parent[TEXT_MAX];
	snprintf(parent, sizeof(parent), "%s", path);
	for (char *slash; (slash = strrchr(parent, '/'));) {
		*slash = '\0';
		if (*parent && !*find(&synced, parent))
			return false;
	}
	return true;
}

void files_power_cut(void)
{
	unsigned kept_per_mille = chance_of(300) ? 0 : chance_of(300) ? 1000 : 500;
	for (; first; forget(&first))
		if (chance_of(kept_per_mille))
			apply(&synced, first);
	while (now)
		drop(&now, now->path);
	for (struct name *n = synced, *next; n; n = next) {
		next = n->next;
		if (has_path(n->path))
			put(&now, n->path, n->node);
		else
			drop(&synced, n->path);
	}
}

/* ---- descriptors ------------------------------------------------------------------------- */

static int fd_new(struct node *node, const char *path)
{
	for (int i = 0; i < FDS_MAX; i++) {
		if (fds[i].node)
			continue;
		fds[i].node = node;
		fds[i].path = mem_strdup(path);
		fds[i].owner = process_now();
		fds[i].at = 0;
		return FD_BASE + i;
	}
	abort();
}

static bool is_ours(int fd)
{
	return fd >= FD_BASE;
}

static int index_of(int fd)
{
	assert(fd - FD_BASE < FDS_MAX && fds[fd - FD_BASE].node);
	return fd - FD_BASE;
}

static void fd_close(int i)
{
	free(fds[i].path);
	fds[i].node = NULL;
	fds[i].path = NULL;
}

static void unlock(const struct process *p)
{
	for (struct name *n = now; n; n = n->next)
		if (n->node->locked_by == p)
			n->node->locked_by = NULL;
}

void vfs_drop(const struct process *p)
{
	for (int i = 0; i < FDS_MAX; i++)
		if (fds[i].node && fds[i].owner == p)
			fd_close(i);
	unlock(p);
}

unsigned files_open(const struct process *p)
{
	unsigned n = 0;
	for (int i = 0; i < FDS_MAX; i++)
		if (fds[i].node && fds[i].owner == p) {
			trace("%s is open", fds[i].path);
			n++;
		}
	return n;
}

/* ---- what fails ---------------------------------------------------------------------------- */

static bool strikes(unsigned per_mille)
{
	return !process_outlives(process_now()) && chance_of(per_mille);
}

/* Sets errno: something could not be written. */
static bool no_write(const char *what, bool grows)
{
	seam(what);
	if (strikes(faults.disk_fails)) {
		trace("%s fails", what);
		law_disk_failed();
		errno = EIO;
		return true;
	}
	if (grows && faults.disk_full) {
		law_disk_failed();
		errno = ENOSPC;
		return true;
	}
	return false;
}

/* ---- calls: paths -------------------------------------------------------------------------- */

static bool below(const char *path, const char *name)
{
	size_t n = strlen(name);
	return strncmp(path, name, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static bool is_of_world(const char *path)
{
	return below(path, GATEWAY_SPOOL) || below(path, GATEWAY_MAILBOXES) ||
	       below(path, GATEWAY_SCRAM_SECRET) || below(path, NAMES_FILE);
}

/* The path as it is named here: without "/." at the end. False: it is none of the world's. */
static bool path_of(int directory, const char *path, char out[static TEXT_MAX])
{
	if (directory != AT_FDCWD && is_ours(directory))
		snprintf(out, TEXT_MAX, "%s/%s", fds[index_of(directory)].path, path);
	else if (directory == AT_FDCWD && is_of_world(path))
		snprintf(out, TEXT_MAX, "%s", path);
	else
		return false;
	size_t n = strlen(out);
	if (n > 2 && strcmp(out + n - 2, "/.") == 0)
		out[n - 2] = '\0';
	return true;
}

static bool has_parent(const char *path)
{
	char parent[TEXT_MAX];
	snprintf(parent, sizeof(parent), "%s", path);
	char *slash = strrchr(parent, '/');
	if (!slash)
		return true;
	*slash = '\0';
	const struct node *n = node_at(parent);
	return n && n->is_directory;
}

static struct node *node_make(const char *path, bool is_directory)
{
	char name[32];
	struct node *node = mem_zalloc(sizeof(*node));
	node->is_directory = is_directory;
	snprintf(name, sizeof(name), "node-%u", ++node_n);
	if (!is_directory)
		node->bytes = disk_make(name);
	name_change(NULL, path, node);
	return node;
}

static int open_path(const char *path, int flags)
{
	struct node *node = node_at(path);
	if (node && (flags & O_CREAT) && (flags & O_EXCL)) {
		errno = EEXIST;
		return -1;
	}
	if (!node && (!(flags & O_CREAT) || !has_parent(path))) {
		errno = ENOENT;
		return -1;
	}
	if (!node) {
		if (no_write("create", true))
			return -1;
		node = node_make(path, false);
	}
	return fd_new(node, path);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	char name[TEXT_MAX];
	va_list ap;
	va_start(ap, flags);
	mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return path_of(AT_FDCWD, path, name) ? open_path(name, flags)
	                                     : __real_open64(path, flags, mode);
}

int __real_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...)
{
	char name[TEXT_MAX];
	va_list ap;
	va_start(ap, flags);
	mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return path_of(directory, path, name) ? open_path(name, flags)
	                                      : __real_openat64(directory, path, flags, mode);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
	char name[TEXT_MAX];
	if (!path_of(AT_FDCWD, path, name))
		return __real_mkdir(path, mode);
	if (node_at(name)) {
		errno = EEXIST;
		return -1;
	}
	if (!has_parent(name)) {
		errno = ENOENT;
		return -1;
	}
	if (no_write("mkdir", true))
		return -1;
	node_make(name, true);
	return 0;
}

/* The bytes stay: somebody may have it open. */
static int unlink_path(const char *path)
{
	if (!node_at(path)) {
		errno = ENOENT;
		return -1;
	}
	seam("unlink");
	name_change(path, NULL, NULL);
	return 0;
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
	char name[TEXT_MAX];
	return path_of(AT_FDCWD, path, name) ? unlink_path(name) : __real_unlink(path);
}

int __real_unlinkat(int directory, const char *path, int flags);
int __wrap_unlinkat(int directory, const char *path, int flags);
int __wrap_unlinkat(int directory, const char *path, int flags)
{
	char name[TEXT_MAX];
	return path_of(directory, path, name) ? unlink_path(name)
	                                      : __real_unlinkat(directory, path, flags);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
	char a[TEXT_MAX], b[TEXT_MAX];
	if (!path_of(AT_FDCWD, from, a) || !path_of(AT_FDCWD, to, b))
		return __real_rename(from, to);
	struct node *node = node_at(a);
	if (!node || !has_parent(b)) {
		errno = ENOENT;
		return -1;
	}
	if (no_write("rename", false))
		return -1;
	name_change(a, b, node);
	seam("renamed");
	return 0;
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
	char name[TEXT_MAX];
	if (!path_of(AT_FDCWD, path, name))
		return strncmp(path, "/dev/shm", 8) == 0 ? __real_access(path, mode) : -1;
	errno = ENOENT;
	return node_at(name) ? 0 : -1;
}

/* ---- calls: descriptors ------------------------------------------------------------------ */

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	if (!is_ours(fd))
		return __real_close(fd);
	fd_close(index_of(fd));
	return 0;
}

int __real_dup(int fd);
int __wrap_dup(int fd);
int __wrap_dup(int fd)
{
	if (!is_ours(fd))
		return __real_dup(fd);
	int i = index_of(fd);
	return fd_new(fds[i].node, fds[i].path);
}

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
int __wrap_flock(int fd, int operation)
{
	if (!is_ours(fd))
		return __real_flock(fd, operation);
	struct node *node = fds[index_of(fd)].node;
	if (node->locked_by && node->locked_by != process_now()) {
		errno = EWOULDBLOCK;
		return -1;
	}
	node->locked_by = process_now();
	return 0;
}

int __real_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st)
{
	if (!is_ours(fd))
		return __real_fstat64(fd, st);
	const struct node *node = fds[index_of(fd)].node;
	*st = (struct stat){ .st_mode = node->is_directory ? S_IFDIR | 0700 : S_IFREG | 0600 };
	if (node->bytes)
		st->st_size = (off_t)disk_size(node->bytes);
	return 0;
}

ssize_t __real_pread64(int fd, void *dst, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *dst, size_t n, off_t at);
ssize_t __wrap_pread64(int fd, void *dst, size_t n, off_t at)
{
	if (!is_ours(fd))
		return __real_pread64(fd, dst, n, at);
	return (ssize_t)disk_read(fds[index_of(fd)].node->bytes, (size_t)at, dst, n);
}

ssize_t __real_read(int fd, void *dst, size_t n);
ssize_t __wrap_read(int fd, void *dst, size_t n);
ssize_t __wrap_read(int fd, void *dst, size_t n)
{
	if (!is_ours(fd))
		return __real_read(fd, dst, n);
	int i = index_of(fd);
	size_t got = disk_read(fds[i].node->bytes, fds[i].at, dst, n);
	fds[i].at += got;
	return (ssize_t)got;
}

/* Now and then less than was asked for. */
static ssize_t write_at(int i, const void *src, size_t n, size_t at)
{
	struct disk_file *f = fds[i].node->bytes;
	if (no_write("write", at + n > disk_size(f)))
		return -1;
	if (n > 1 && strikes(faults.disk_fails))
		n = 1 + chance_below((unsigned)n);
	disk_write(f, at, (struct str){ src, n });
	seam("written");
	return (ssize_t)n;
}

ssize_t __real_pwrite64(int fd, const void *src, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *src, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *src, size_t n, off_t at)
{
	return is_ours(fd) ? write_at(index_of(fd), src, n, (size_t)at)
	                   : __real_pwrite64(fd, src, n, at);
}

ssize_t __real_write(int fd, const void *src, size_t n);
ssize_t __wrap_write(int fd, const void *src, size_t n);
ssize_t __wrap_write(int fd, const void *src, size_t n)
{
	if (!is_ours(fd))
		return __real_write(fd, src, n);
	int i = index_of(fd);
	ssize_t done = write_at(i, src, n, fds[i].at);
	if (done > 0)
		fds[i].at += (size_t)done;
	return done;
}

int __real_posix_fallocate64(int fd, off_t at, off_t n);
int __wrap_posix_fallocate64(int fd, off_t at, off_t n);
int __wrap_posix_fallocate64(int fd, off_t at, off_t n)
{
	if (!is_ours(fd))
		return __real_posix_fallocate64(fd, at, n);
	struct disk_file *f = fds[index_of(fd)].node->bytes;
	size_t end = (size_t)(at + n);
	if (disk_size(f) >= end)
		return 0;
	if (no_write("fallocate", true))
		return errno;
	disk_write(f, end - 1, STR("\0"));
	return 0;
}

static int sync_fd(int fd)
{
	struct node *node = fds[index_of(fd)].node;
	bool fails = no_write("sync", false);
	if (node->is_directory)
		directory_sync(fds[index_of(fd)].path, fails);
	else if (fails)
		disk_sync_fails(node->bytes);
	else
		disk_sync(node->bytes);
	if (fails)
		errno = EIO;
	return fails ? -1 : 0;
}

int vfs_sync(int fd)
{
	return sync_fd(fd) == 0 ? 0 : errno;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	return is_ours(fd) ? sync_fd(fd) : __real_fsync(fd);
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	return is_ours(fd) ? sync_fd(fd) : __real_fdatasync(fd);
}

/* ---- calls: directories ------------------------------------------------------------------ */

struct listing {
	int fd;
	const struct name *at;
	struct dirent64 entry;
};

static struct listing *listings[8];

static struct listing *listing_of(DIR *d)
{
	for (unsigned i = 0; i < sizeof(listings) / sizeof(*listings); i++)
		if (d && listings[i] == (struct listing *)(void *)d)
			return listings[i];
	return NULL;
}

DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd)
{
	if (!is_ours(fd))
		return __real_fdopendir(fd);
	unsigned i = 0;
	while (listings[i])
		assert(++i < sizeof(listings) / sizeof(*listings));
	listings[i] = mem_zalloc(sizeof(struct listing));
	*listings[i] = (struct listing){ .fd = fd, .at = now };
	return (DIR *)(void *)listings[i];
}

void __real_rewinddir(DIR *d);
void __wrap_rewinddir(DIR *d);
void __wrap_rewinddir(DIR *d)
{
	struct listing *l = listing_of(d);
	if (l)
		l->at = now;
	else
		__real_rewinddir(d);
}

struct dirent64 *__real_readdir64(DIR *d);
struct dirent64 *__wrap_readdir64(DIR *d);
struct dirent64 *__wrap_readdir64(DIR *d)
{
	struct listing *l = listing_of(d);
	if (!l)
		return __real_readdir64(d);
	const char *directory = fds[index_of(l->fd)].path;
	while (l->at && !is_in(l->at->path, directory))
		l->at = l->at->next;
	if (!l->at)
		return NULL;
	str_copy(l->entry.d_name, sizeof(l->entry.d_name),
	         str_of(strrchr(l->at->path, '/') + 1));
	l->at = l->at->next;
	return &l->entry;
}

int __real_closedir(DIR *d);
int __wrap_closedir(DIR *d);
int __wrap_closedir(DIR *d)
{
	struct listing *l = listing_of(d);
	if (!l)
		return __real_closedir(d);
	fd_close(index_of(l->fd));
	for (unsigned i = 0; i < sizeof(listings) / sizeof(*listings); i++)
		if (listings[i] == l)
			listings[i] = NULL;
	free(l);
	return 0;
}

/* ---- what the laws ask --------------------------------------------------------------------- */

static void file_begin(const char *path, struct str text)
{
	struct node *node = node_make(path, false);
	disk_write(node->bytes, 0, text);
	disk_sync(node->bytes);
}

void files_begin(void)
{
	node_make(GATEWAY_SPOOL, true);
	node_make(GATEWAY_MAILBOXES, true);
	file_begin(GATEWAY_SPOOL "/key", STR("00112233445566778899aabbccddeeff\n"));
	file_begin(GATEWAY_SCRAM_SECRET, STR("a secret of two and thirty bytes"));
	file_begin(NAMES_FILE, STR(NAMES_FILE_TEXT));
	for (; first; forget(&first))
		apply(&synced, first);
}

void files_each(const char *directory, void (*each)(void *arg, const char *path, struct str bytes),
                void *arg)
{
	for (const struct name *n = now; n; n = n->next) {
		struct buf b = { 0 };
		size_t size = n->node->bytes ? disk_size(n->node->bytes) : 0;
		if (!n->node->bytes || !below(n->path, directory))
			continue;
		char *bytes = mem_alloc(size + 1);
		buf_add(&b, bytes, disk_read(n->node->bytes, 0, bytes, size));
		each(arg, n->path, buf_str(&b));
		buf_fini(&b);
		free(bytes);
	}
}
