/* SPDX-License-Identifier: ISC
 *
 * Every name is first found without opening what it leads to (O_PATH), within the root by
 * openat2(RESOLVE_IN_ROOT); only a regular file is then opened, by the descriptor that was looked
 * at, so that nothing can be put in its place in between.
 */
#include "audit/disk-private.h"

#include "base/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 8 /* where a rename somewhere disturbs the kernel's walk */, NAME_MAX_BYTES = 4096 };

static int disk_err(int errnum)
{
	switch (errnum) {
	case ELOOP: case ENAMETOOLONG: return ERR_INVALID;
	default: return file_err(errnum);
	}
}

/* ---- within the root ------------------------------------------------------------- */

static int open_within(const struct disk_tree *d, const char *name, uint64_t flags)
{
	const struct open_how how = { .flags = flags | O_CLOEXEC,
	                              .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = -1;
	if (d->plain)
		return openat(d->root, name, (int)how.flags);
	for (int i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, d->root, name, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

/* A descriptor that finds, and opens nothing; negative enum err. */
static int find_name(const struct disk_tree *d, const char *name)
{
	if (strlen(name) >= NAME_MAX_BYTES || !*name)
		return ERR_INVALID;
	const int fd = open_within(d, name, O_PATH);
	return fd >= 0 ? fd : disk_err(errno);
}

/* By the descriptor's own name in /proc; where that is not mounted, by the name a second time,
 * and it must be the same file. */
static int open_found(const struct disk_tree *d, int found, const char *name,
                      const struct stat *was)
{
	char path[40];
	struct stat is;
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	int fd = open(path, flags);
	if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
		return fd;
	fd = open_within(d, name, (uint64_t)flags);
	if (fd >= 0 && (fstat(fd, &is) != 0 || is.st_ino != was->st_ino
	                || is.st_dev != was->st_dev)) {
		close(fd);
		errno = EIO;
		return -1;
	}
	return fd;
}

/* ---- a file --------------------------------------------------------------------- */

static int read_bytes(int fd, size_t max_bytes, struct buf *out)
{
	char piece[65536];
	for (;;) {
		const ssize_t n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? ERR_OK : disk_err(errno);
		buf_add(out, piece, (size_t)n);
		if (out->n > max_bytes)
			return ERR_LIMIT;
	}
}

static int read_found(struct disk_tree *d, int found, const char *name, struct buf *out)
{
	struct stat st;
	size_t max_bytes = AUDIT_FILE_MAX_BYTES;
	if (fstat(found, &st) != 0)
		return disk_err(errno);
	if (!S_ISREG(st.st_mode))
		return ERR_INVALID;
	if (max_bytes > DISK_FILES_TOTAL_MAX_BYTES - d->counts.total_bytes)
		max_bytes = (size_t)(DISK_FILES_TOTAL_MAX_BYTES - d->counts.total_bytes);
	if (st.st_size > (off_t)max_bytes)
		return ERR_LIMIT;
	const int fd = open_found(d, found, name, &st);
	if (fd < 0)
		return disk_err(errno);
	const int err = read_bytes(fd, max_bytes, out);
	close(fd);
	return err;
}

int disk_tree_read(struct disk_tree *d, const char *name, struct buf *out)
{
	const size_t before = out->n;
	if (d->counts.read_n >= DISK_FILES_MAX)
		return ERR_LIMIT;
	d->counts.read_n++;
	const int found = find_name(d, name);
	if (found < 0)
		return found;
	const int err = read_found(d, found, name, out);
	close(found);
	if (err == ERR_OK) {
		d->counts.total_bytes += out->n - before;
		assert(d->counts.total_bytes <= DISK_FILES_TOTAL_MAX_BYTES);
	}
	return err;
}

/* ---- names ---------------------------------------------------------------------- */

static int name_order(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

struct listing {
	struct disk_tree *d;
	struct arena *a;
	const char *directory, *pattern; /* pattern NULL: all names */
	const char **names;
	size_t n;
};

static int take_names(struct listing *l, DIR *directory)
{
	const struct dirent *e;
	while ((e = readdir(directory)) != NULL) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (l->d->counts.entry_n++ >= DISK_ENTRIES_MAX)
			return ERR_LIMIT;
		if (l->pattern && fnmatch(l->pattern, e->d_name, FNM_PERIOD) != 0)
			continue;
		if (l->n == DISK_NAMES_MAX)
			return ERR_LIMIT;
		const bool slash = str_casesuffix(str_of(l->directory), STR("/"));
		l->names[l->n++] = arena_printf(l->a, "%s%s%s", l->directory, slash ? "" : "/",
		                                e->d_name);
	}
	return ERR_OK;
}

static int list_directory(struct listing *l)
{
	const int fd = open_within(l->d, l->directory, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return disk_err(errno);
	DIR *directory = fdopendir(fd);
	if (!directory) {
		close(fd);
		return ERR_IO;
	}
	const int err = take_names(l, directory);
	closedir(directory);
	return err;
}

/* "/etc/x/" and "*.conf" of a pattern; all of it and NULL of a directory's name. */
static void divide(struct listing *l, const char *pattern)
{
	const char *slash = strrchr(pattern, '/'), *last = slash ? slash + 1 : pattern;
	l->directory = pattern;
	if (!strpbrk(last, "*?["))
		return;
	l->pattern = last;
	l->directory = slash ? arena_strdup(l->a, (struct str){ pattern,
	                                                        (size_t)(last - pattern) })
	                     : "./";
}

int disk_tree_list(struct disk_tree *d, const char *pattern, struct arena *a, const char ***names,
                   size_t *n)
{
	struct listing l = { .d = d, .a = a };
	*n = 0;
	*names = NULL;
	if (!*pattern || strlen(pattern) >= NAME_MAX_BYTES)
		return ERR_INVALID;
	divide(&l, pattern);
	l.names = arena_alloc(a, DISK_NAMES_MAX * sizeof(*l.names));
	const int err = list_directory(&l);
	if (err != ERR_OK)
		return err;
	if (l.n > 0)
		qsort(l.names, l.n, sizeof(*l.names), name_order);
	*names = l.names;
	*n = l.n;
	return ERR_OK;
}

/* ---- beginning and end ----------------------------------------------------------- */

int disk_tree_open(struct disk_tree *d, const char *root)
{
	d->root = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->root < 0)
		return errno == ENOTDIR ? ERR_INVALID : disk_err(errno);
	const int probe = open_within(d, ".", O_PATH);
	if (probe >= 0) {
		close(probe);
		return ERR_OK;
	}
	d->plain = !*root;              /* no link leads out of all that there is */
	if (!d->plain) {
		close(d->root);
		d->root = -1;
	}
	return d->plain ? ERR_OK : ERR_UNSUPPORTED;
}

int disk_tree_find(const struct disk_tree *tree, const char *name)
{
	const int found = find_name(tree, name);
	if (found < 0)
		return found;
	close(found);
	return ERR_OK;
}
