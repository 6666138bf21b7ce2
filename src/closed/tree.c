/* SPDX-License-Identifier: ISC
 *
 * The copy goes down by descriptors, so that nobody can lead it elsewhere.
 */
#include "closed/tree.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
	const char *const *kept;
	struct buf path;                 /* of where we are, below the tree */
	unsigned entries, depth;
	int64_t bytes;
	bool of_root;                    /* whoever had it */
};

static bool is_kept(const struct copy *c)
{
	for (size_t i = 0; c->kept && c->kept[i]; i++)
		if (str_eq(str_of(c->kept[i]), buf_str(&c->path)))
			return true;
	return false;
}

static int copy_rights(const struct copy *c, int fd, const struct stat *st)
{
	enum { READ_BY_ALL = 0644, ENTERED_BY_ALL = 0755 };
	const mode_t mode = st->st_mode & S_IXUSR ? ENTERED_BY_ALL : READ_BY_ALL;
	if (c->of_root)
		return fchmod(fd, mode) == 0 ? ERR_OK : ERR_IO;
	return fchown(fd, st->st_uid, st->st_gid) == 0 &&
	       fchmod(fd, st->st_mode & 07777) == 0 ? ERR_OK : ERR_IO;
}

/* Up to the size that it had: who writes on gains nothing. */
static int copy_bytes(struct copy *c, int from, int to, int64_t size)
{
	if (size > CLOSED_TREE_BYTES_MAX - c->bytes)
		return ERR_LIMIT;
	c->bytes += size;
	while (size > 0) {
		ssize_t n = sendfile(to, from, NULL, (size_t)size);
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		size -= n;
	}
	return ERR_OK;
}

static int copy_file(struct copy *c, int from, int to, const char *name)
{
	struct stat st;
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return ERR_OK;                       /* gone meanwhile */
	int e = ERR_OK;
	if (fstat(in, &st) == 0 && S_ISREG(st.st_mode)) {
		int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		e = out < 0 ? ERR_IO : copy_bytes(c, in, out, st.st_size);
		if (e == ERR_OK)
			e = copy_rights(c, out, &st);
		if (out >= 0)
			close(out);
	}
	close(in);
	return e;
}

static int copy_link(const struct copy *c, int from, int to, const char *name,
                     const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);
	if (n < 0)
		return ERR_OK;
	target[n] = '\0';
	if (symlinkat(target, to, name) != 0)
		return ERR_IO;
	return c->of_root ? ERR_OK
	       : fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) == 0 ? ERR_OK
	                                                                            : ERR_IO;
}

static int copy_inside(struct copy *c, int from, int to, bool kept);

static int copy_directory(struct copy *c, int from, int to, const char *name, bool kept)
{
	enum { HOW = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
	int in = openat(from, name, HOW);
	if (in < 0)
		return ERR_OK;
	int out = mkdirat(to, name, 0700) == 0 ? openat(to, name, HOW) : -1;
	int e = out < 0 ? ERR_IO : copy_inside(c, in, out, kept);
	if (out >= 0)
		close(out);
	close(in);
	return e;
}

static int copy_entry(struct copy *c, int from, int to, const char *name, bool kept)
{
	struct stat st;
	if (++c->entries > CLOSED_TREE_ENTRIES_MAX)
		return ERR_LIMIT;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return ERR_OK;
	if (S_ISDIR(st.st_mode))
		return copy_directory(c, from, to, name, kept);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, from, to, name, &st);
	return S_ISREG(st.st_mode) && kept ? copy_file(c, from, to, name) : ERR_OK;
}

/* The open directory `from` into the open directory `to`. */
static int copy_inside(struct copy *c, int from, int to, bool kept)
{
	struct stat st;
	if (c->depth == CLOSED_TREE_DEPTH_MAX)
		return ERR_LIMIT;
	int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = again < 0 ? NULL : fdopendir(again);
	if (!entries || fstat(from, &st) != 0) {
		if (entries)
			closedir(entries);
		else if (again >= 0)
			close(again);
		return ERR_IO;
	}
	c->depth++;
	int e = ERR_OK;
	for (struct dirent *d; e == ERR_OK && (d = readdir(entries));) {
		size_t n = c->path.n;
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		buf_printf(&c->path, "%s%s", n ? "/" : "", d->d_name);
		e = copy_entry(c, from, to, d->d_name, kept || is_kept(c));
		c->path.n = n;
	}
	c->depth--;
	closedir(entries);
	return e == ERR_OK ? copy_rights(c, to, &st) : e;
}

int closed_tree_copy(int from, int to, const struct closed_tree *tree)
{
	struct copy c = { .kept = tree->kept };
	struct stat st;
	if (tree->empty)
		return fstat(from, &st) == 0 ? copy_rights(&c, to, &st) : ERR_IO;
	int e = copy_inside(&c, from, to, is_kept(&c));
	buf_fini(&c.path);
	return e;
}

int closed_tree_copy_whole(int from, int to)
{
	static const char *const all[] = { "", NULL };
	struct copy c = { .kept = all, .of_root = true };
	int e = copy_inside(&c, from, to, true);
	buf_fini(&c.path);
	return e;
}

int closed_tree_copy_file(int from, const char *path, bool of_root)
{
	struct copy c = { .of_root = of_root };
	struct stat st;
	int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int e = out < 0 || fstat(from, &st) != 0 ? ERR_IO : copy_bytes(&c, from, out, st.st_size);
	if (e == ERR_OK)
		e = copy_rights(&c, out, &st);
	if (out >= 0)
		close(out);
	return e;
}
