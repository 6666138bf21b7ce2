/* SPDX-License-Identifier: ISC
 *
 * The sockets of roles: bound by the supervisor while it still may, given to the role's process by
 * number. TCP and UDP at an address, or a stream at a path (AF_UNIX).
 */
#ifndef PORTREEVE_ROLES_SOCKETS_H
#define PORTREEVE_ROLES_SOCKETS_H

#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"

#include <sys/types.h>
#include <sys/un.h>

enum role_socket_kind { ROLE_TCP, ROLE_UDP, ROLE_UNIX };

enum { ROLE_SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) };

struct role_socket {
	enum role_socket_kind kind;
	struct endpoint at;          /* ROLE_TCP, ROLE_UDP */
	/* ROLE_UNIX: absolute; who owns it, and who may connect. */
	char path[ROLE_SOCKET_PATH_MAX];
	uid_t uid;
	gid_t gid;
	mode_t mode;
	dev_t device;                /* what was bound there, to know it again */
	ino_t inode;
	int fd;                      /* -1: none. Non-blocking; TCP and UNIX: listening */
};

/* Sets s->fd. ERR_EXISTS: something serves there, or a path is no socket's. ERR_DENIED: not ours to
 * use; of a path also: others than root and us can exchange what is in its directory. ERR_INVALID
 * (a path that is not absolute or too long), ERR_NOT_FOUND (no such directory), ERR_IO. A socket at
 * a path at which nobody listens any more is replaced. On error errno says why. */
int role_socket_bind(struct role_socket *s);
/* Closes it; what it left at a path is removed, unless it is another's by now. */
void role_socket_close(struct role_socket *s);
/* In the role: what an inherited descriptor is, asked of the socket itself. ERR_INVALID: none. */
int role_socket_take(int fd, struct role_socket *out);
/* "TCP 192.0.2.1:25", "UNIX /run/x": for lines. */
void role_socket_describe(const struct role_socket *s, struct buf *out);

#endif
