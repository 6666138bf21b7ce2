/* SPDX-License-Identifier: ISC
 *
 * A path needs no cover where no socket is; each is looked at once for each
 * mount, which has a limit.
 */
#include "closed/cover.h"

#include "closed/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { LOOKS_MAX = 8 << 20 };
/* The room has no /dev yet. */
static const char plain_file[] = "/proc/version";

struct cover {
	struct closed_mounts mounts;
	const struct closed_binds *binds;
	struct buf *message;
};

static int path_cover(const struct cover *c, const char *path)
{
	struct stat st;
	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode) || closed_binds_has(c->binds, &st) ||
	    mount(plain_file, path, NULL, MS_BIND, NULL) == 0)
		return ERR_OK;
	int why = errno;
	buf_printf(c->message, "covering %s: %s", path, strerror(why));
	return ERR_IO;
}

/* The mount in which the path is seen; NULL: nothing is there. */
static const struct closed_mount *mount_of(const struct cover *c, const char *path)
{
	struct statx st;
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID | STATX_TYPE, &st) != 0 ||
	    !(st.stx_mask & STATX_MNT_ID) || !S_ISSOCK(st.stx_mode))
		return NULL;
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.rows[i].id == st.stx_mnt_id)
			return &c->mounts.rows[i];
	return NULL;
}

static int socket_cover(const struct cover *c, const char *path)
{
	char below[PATH_MAX], real[PATH_MAX];
	struct arena a = { 0 };
	/* Mounts are named by the path that has no links. */
	const char *plain = realpath(path, real) ? real : path;
	const struct closed_mount *seen = mount_of(c, plain);
	int e = path_cover(c, path);
	for (size_t i = 0; e == ERR_OK && i < c->mounts.n; i++) {
		const struct closed_mount *m = &c->mounts.rows[i];
		const char *other = seen ? closed_mounts_other(seen, plain, m, &a) : NULL;
		if (other)
			e = path_cover(c, other);
		if (e == ERR_OK &&
		    snprintf(below, sizeof(below), "%s%s", m->at, path) < (int)sizeof(below))
			e = path_cover(c, below);
	}
	arena_fini(&a);
	return e;
}

int closed_cover(const struct closed_sockets *sockets, const struct closed_binds *binds,
                 struct buf *message)
{
	struct arena a = { 0 };
	struct cover c = { .binds = binds, .message = message };
	int e = closed_mounts_find(&a, &c.mounts);
	if (e == ERR_OK && sockets->n * c.mounts.n > LOOKS_MAX)
		e = ERR_LIMIT;
	if (e != ERR_OK)
		buf_printf(message, "the mounts cannot be looked through for %zu sockets: %s",
		           sockets->n, err_text(e));
	for (size_t i = 0; e == ERR_OK && i < sockets->n; i++)
		e = socket_cover(&c, sockets->paths[i]);
	arena_fini(&a);
	return e;
}
