/* SPDX-License-Identifier: ISC
 *
 * Each source is a detached clone of its mount until it is put somewhere: by then its own path may
 * be covered. Copies stand in the room's own /dev, which is in memory.
 */
#include "closed/binds.h"

#include "base/file.h"
#include "closed/tree.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

static int binds_failed(struct buf *message, const char *path, const char *what)
{
	int why = errno;
	buf_printf(message, "%s: %s", path, what ? what : strerror(why));
	return what ? ERR_INVALID : why == ENOENT || why == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
}

static int bind_take(struct closed_binds *binds, const char *from, const char *to, bool is_socket,
                     struct buf *message)
{
	struct closed_bound *b = &binds->rows[binds->n];
	if (binds->n == CLOSED_BINDS_MAX) {
		buf_printf(message, "more than %d files for the room", CLOSED_BINDS_MAX);
		return ERR_LIMIT;
	}
	*b = (struct closed_bound){ .to = to, .is_socket = is_socket };
	b->taken = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (b->taken < 0)
		return binds_failed(message, from, NULL);
	binds->n++;
	if (fstat(b->taken, &b->st) != 0)
		return binds_failed(message, from, NULL);
	if (is_socket && !S_ISSOCK(b->st.st_mode))
		return binds_failed(message, from, "expected a socket");
	if (!is_socket && !S_ISREG(b->st.st_mode) && !S_ISDIR(b->st.st_mode))
		return binds_failed(message, from, "expected a file or directory");
	return ERR_OK;
}

static int text_take(struct closed_binds *binds, const struct closed_bind *bind,
                     struct buf *message)
{
	if (binds->n == CLOSED_BINDS_MAX) {
		buf_printf(message, "more than %d files for the room", CLOSED_BINDS_MAX);
		return ERR_LIMIT;
	}
	binds->rows[binds->n++] = (struct closed_bound){
		.to = bind->to, .taken = -1, .text = bind->text, .st.st_mode = S_IFREG };
	return ERR_OK;
}

int closed_binds_take_files(const struct closed_setup *setup, struct closed_binds *binds,
                            struct buf *message)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < setup->bind_n; i++)
		e = setup->binds[i].from
			? bind_take(binds, setup->binds[i].from, setup->binds[i].to, false, message)
			: text_take(binds, &setup->binds[i], message);
	return e;
}

int closed_binds_take_sockets(const struct closed_setup *setup, struct closed_binds *binds,
                              struct buf *message)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < setup->socket_in_n; i++)
		e = bind_take(binds, setup->sockets_in[i], setup->sockets_in[i], true, message);
	return e;
}

/* Who else can write to it could change it, and servers mind. */
static bool is_roots(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int text_write(struct str text, const char *path)
{
	enum { MODE = 0644 };
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	int e = fd < 0 ? ERR_IO : file_write_fd(fd, text);
	/* Whatever the mask of files is: servers read it without rights. */
	if (fd >= 0 && (fchmod(fd, MODE) != 0 || close(fd) != 0))
		e = ERR_IO;
	return e;
}

/* Gives the path of the copy. */
static int bind_copy(const struct closed_bound *b, size_t number, char *copy, size_t size)
{
	char taken[64];
	bool is_dir = S_ISDIR(b->st.st_mode);
	snprintf(copy, size, "/dev/carried-%zu", number);
	if (b->taken < 0)
		return text_write(b->text, copy);
	snprintf(taken, sizeof(taken), "/proc/self/fd/%d", b->taken);
	if (is_dir && mkdir(copy, 0700) != 0)
		return ERR_IO;
	int from = open(taken, O_RDONLY | O_CLOEXEC);
	int to = is_dir ? open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int e = from < 0 || (is_dir && to < 0) ? ERR_IO :
	        is_dir ? closed_tree_copy_whole(from, to) : closed_tree_copy_file(from, copy, true);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return e;
}

static int attach(int taken, const struct closed_bound *b)
{
	struct mount_attr still = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV };
	if (move_mount(taken, "", AT_FDCWD, b->to,
	               MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) != 0)
		return -1;
	return mount_setattr(AT_FDCWD, b->to, 0, &still, sizeof(still));
}

/* Of a socket the path is covered by a tree in memory, or an overlay has its shadow. */
static int place_make(const char *to)
{
	char parent[PATH_MAX];
	if (!str_copy(parent, sizeof(parent), str_of(to)))
		return ERR_LIMIT;
	char *end = strrchr(parent, '/');
	if (end && end != parent) {
		*end = '\0';
		file_mkdirs(parent, 0755);       /* what is wrong shows below */
	}
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_IO;
	close(fd);
	return ERR_OK;
}

static int bind_put(const struct closed_bound *b, size_t number, struct buf *message)
{
	struct stat place;
	char copy[64];
	bool is_there = stat(b->to, &place) == 0;
	/* Of what is not in the room nothing needs to be covered. */
	if (b->taken < 0 && !is_there)
		return ERR_OK;
	if (!is_there && (!b->is_socket || place_make(b->to) != ERR_OK))
		return binds_failed(message, b->to, NULL);
	if (is_there && S_ISDIR(place.st_mode) != S_ISDIR(b->st.st_mode))
		return binds_failed(message, b->to, S_ISDIR(place.st_mode) ? "it is a directory"
		                                                           : "it is no directory");
	if (b->taken >= 0 && (b->is_socket || is_roots(&b->st)))
		return attach(b->taken, b) == 0 ? ERR_OK : binds_failed(message, b->to, NULL);
	int e = bind_copy(b, number, copy, sizeof(copy));
	if (e == ERR_LIMIT)
		buf_printf(message, "what is meant for %s is too large to copy", b->to);
	if (e == ERR_LIMIT)
		return e;
	int taken = e == ERR_OK ? open_tree(AT_FDCWD, copy, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
	                        : -1;
	if (taken < 0 || attach(taken, b) != 0)
		e = binds_failed(message, b->to, NULL);
	if (taken >= 0)
		close(taken);
	return e;
}

int closed_binds_put(const struct closed_binds *binds, struct buf *message)
{
	int e = ERR_OK;
	assert(binds->n <= CLOSED_BINDS_MAX);
	for (size_t i = 0; e == ERR_OK && i < binds->n; i++)
		e = bind_put(&binds->rows[i], i, message);
	return e;
}

void closed_binds_fini(struct closed_binds *binds)
{
	for (size_t i = 0; i < binds->n; i++)
		if (binds->rows[i].taken >= 0)
			close(binds->rows[i].taken);
	binds->n = 0;
}
