/* SPDX-License-Identifier: ISC
 *
 * Binding, closing and recognising the sockets of roles: see sockets.h.
 */
#include "roles/sockets.h"

#include "base/file.h"
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- at a path ------------------------------------------------------------------ */

/* Where others could put a link or another directory, root would remove and give away what they
 * want. In a sticky directory they can't touch what is ours. */
static bool is_safe(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return false;
	return !(st->st_mode & (S_IWGRP | S_IWOTH)) || (st->st_mode & S_ISVTX);
}

/* The directory of the path, good for looking; *name is the rest. Or a negative enum err. */
static int open_place(const char *path, const char **name)
{
	char place[ROLE_SOCKET_PATH_MAX];
	struct stat st;
	const char *slash = strrchr(path, '/');
	if (path[0] != '/' || !slash[1]) {
		errno = EINVAL;
		return ERR_INVALID;
	}
	*name = slash + 1;
	size_t n = slash == path ? 1 : (size_t)(slash - path);
	str_copy(place, sizeof(place), (struct str){ path, n });
	int fd = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return file_err(errno);
	if (fstat(fd, &st) == 0 && is_safe(&st))
		return fd;
	close(fd);
	errno = EACCES;
	return ERR_DENIED;
}

static bool somebody_listens(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 &&
	               errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return !refused;
}

/* What a supervisor that was killed has left. Anything else stays. */
static int remove_stale(int place, const char *name, const struct sockaddr_un *at)
{
	struct stat st;
	if (fstatat(place, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? ERR_OK : file_err(errno);
	if (!S_ISSOCK(st.st_mode) || somebody_listens(at)) {
		errno = EADDRINUSE;
		return ERR_EXISTS;
	}
	return unlinkat(place, name, 0) == 0 ? ERR_OK : file_err(errno);
}

static int give_away(int place, const char *name, struct role_socket *s)
{
	struct stat st;
	if (fstatat(place, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return file_err(errno);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	if (st.st_uid == s->uid && st.st_gid == s->gid)
		return ERR_OK;
	return fchownat(place, name, s->uid, s->gid, AT_SYMLINK_NOFOLLOW) == 0 ? ERR_OK
		: file_err(errno);
}

static int bind_at(int place, const char *name, struct role_socket *s)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	str_copy(at.sun_path, sizeof(at.sun_path), str_of(s->path));
	int e = remove_stale(place, name, &at);
	if (e != ERR_OK)
		return e;
	int fd = stream_listen_unix(s->path, s->mode);
	if (fd < 0)
		return fd;
	s->fd = fd;
	e = give_away(place, name, s);
	if (e != ERR_OK) {
		int errnum = errno;
		role_socket_close(s);
		errno = errnum;
	}
	return e;
}

static int bind_path(struct role_socket *s)
{
	const char *name;
	int place = open_place(s->path, &name);
	if (place < 0)
		return place;
	int e = bind_at(place, name, s);
	int errnum = errno;
	close(place);
	errno = errnum;
	return e;
}

static void remove_path(const struct role_socket *s)
{
	struct stat st;
	const char *name;
	int place = s->inode ? open_place(s->path, &name) : -1;
	if (place < 0)
		return;
	if (fstatat(place, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == s->device &&
	    st.st_ino == s->inode)
		unlinkat(place, name, 0);
	close(place);
}

/* ---- of all kinds ------------------------------------------------------------------ */

int role_socket_bind(struct role_socket *s)
{
	s->fd = -1;
	s->inode = 0;
	if (s->kind == ROLE_UNIX)
		return bind_path(s);
	int fd = s->kind == ROLE_UDP ? stream_bind_udp(&s->at) : stream_listen(&s->at);
	if (fd < 0)
		return fd;
	s->fd = fd;
	return ERR_OK;
}

void role_socket_close(struct role_socket *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	if (s->kind == ROLE_UNIX)
		remove_path(s);
}

int role_socket_take(int fd, struct role_socket *out)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss), type_len = sizeof(int);
	int type;
	*out = (struct role_socket){ .fd = -1 };
	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) != 0)
		return ERR_INVALID;
	if (ss.ss_family == AF_UNIX) {
		const struct sockaddr_un *at = (const struct sockaddr_un *)&ss;
		out->kind = ROLE_UNIX;
		str_copy(out->path, sizeof(out->path),
		         (struct str){ at->sun_path, strnlen(at->sun_path, sizeof(at->sun_path)) });
	} else if (endpoint_from_sockaddr((struct sockaddr *)&ss, &out->at) == ERR_OK) {
		out->kind = type == SOCK_DGRAM ? ROLE_UDP : ROLE_TCP;
	} else {
		return ERR_INVALID;
	}
	/* A role that was taken over may have changed this: the socket is shared. */
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return ERR_INVALID;
	out->fd = fd;
	return ERR_OK;
}

void role_socket_describe(const struct role_socket *s, struct buf *out)
{
	char at[ENDPOINT_TEXT_MAX];
	if (s->kind == ROLE_UNIX)
		buf_printf(out, "UNIX %s", s->path);
	else
		buf_printf(out, "%s %s", s->kind == ROLE_UDP ? "UDP" : "TCP",
		           endpoint_format(&s->at, at));
}
