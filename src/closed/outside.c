/* SPDX-License-Identifier: ISC
 *
 * A mount says which part of its file system it shows: the same part may be seen in the room.
 */
#include "closed/outside.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <limits.h>

enum { LOOKS_MAX = 8 << 20 };
static const char no_socket[] = "/proc/version";

static const struct closed_mount *row_of(const struct closed_mounts *mounts, const char *path)
{
	struct statx st;
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID | STATX_TYPE, &st) != 0 ||
	    !(st.stx_mask & STATX_MNT_ID) || !S_ISSOCK(st.stx_mode))
		return NULL;
	for (size_t i = 0; i < mounts->n; i++)
		if (mounts->rows[i].id == st.stx_mnt_id)
			return &mounts->rows[i];
	return NULL;
}

int closed_outside_find(struct arena *a, struct closed_sockets *sockets)
{
	struct closed_mounts mounts;
	char real[PATH_MAX];
	int e = closed_mounts_find(a, &mounts);
	if (e != ERR_OK)
		return e;
	sockets->places = arena_alloc(a, (sockets->n + 1) * sizeof(*sockets->places));
	for (size_t i = 0; i < sockets->n; i++) {
		/* Mounts are named by the path that has no links. */
		const char *plain = realpath(sockets->paths[i], real);
		const struct closed_mount *seen = plain ? row_of(&mounts, plain) : NULL;
		if (seen)
			sockets->places[sockets->place_n++] = (struct closed_place){
				seen, arena_strdup(a, str_of(plain)) };
	}
	return ERR_OK;
}

static int cover_one(const char *path, struct buf *message)
{
	struct stat st;
	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode) ||
	    mount(no_socket, path, NULL, MS_BIND, NULL) == 0)
		return ERR_OK;
	int why = errno;
	buf_printf(message, "covering %s: %s", path, strerror(why));
	return ERR_IO;
}

int closed_outside_cover(const struct closed_sockets *sockets, struct buf *message)
{
	struct arena a = { 0 };
	struct closed_mounts mounts = { 0 };
	int e = sockets->place_n ? closed_mounts_find(&a, &mounts) : ERR_OK;
	if (e == ERR_OK && sockets->place_n * mounts.n > LOOKS_MAX)
		e = ERR_LIMIT;
	if (e != ERR_OK)
		buf_printf(message, "the container's mounts cannot be looked through for %zu "
		           "sockets: %s", sockets->place_n, err_text(e));
	for (size_t i = 0; e == ERR_OK && i < sockets->place_n; i++)
		for (size_t k = 0; e == ERR_OK && k < mounts.n; k++) {
			const struct closed_place *p = &sockets->places[i];
			const char *here = closed_mounts_other(p->seen, p->path, &mounts.rows[k],
			                                       &a);
			if (here)
				e = cover_one(here, message);
		}
	arena_fini(&a);
	return e;
}
