/* SPDX-License-Identifier: ISC
 *
 * Least privilege for one role's process: give up root, then the paths, then
 * the system calls. Called once by a role after its sockets and files are open
 * and before the first byte from the network. Cannot be undone.
 */
#ifndef PORTREEVE_BASE_SANDBOX_H
#define PORTREEVE_BASE_SANDBOX_H

#include "base/err.h"
#include "base/str.h"

/* What a process may do with sockets, beyond reading from those it has, and writing to those
 * of them that are connected. Without SANDBOX_CONNECT it gets no socket of its own. */
enum sandbox_socket {
	SANDBOX_ACCEPT = 1u << 0,        /* take the connections of its listening sockets */
	SANDBOX_DATAGRAMS = 1u << 1,     /* receive and send datagrams at its sockets. To whom
	                                    cannot be filtered: the address is in memory */
	SANDBOX_CONNECT = 1u << 2,       /* make TCP and UDP sockets over IPv4 and IPv6; bind and
	                                    connect them */
	SANDBOX_CONNECT_UNIX = 1u << 3,  /* beside SANDBOX_CONNECT: the same with stream sockets
	                                    of AF_UNIX, to services of this machine */
};

struct sandbox {
	const char *user;                /* become this user if we are root; "" or NULL: stay */
	const char *const *read_paths;   /* NULL-terminated; files and directories to read */
	const char *const *write_paths;  /* NULL-terminated; directories to read and write below */
	unsigned sockets;                /* of enum sandbox_socket */
	bool low_ports;                  /* bind ports below 1024, if we may use them now */
	bool thread;                     /* start threads, which are in the same sandbox. Those
	                                    that were started before it would not be */
};

/* Drops to `user` (all groups and capabilities but that for low_ports, ids checked to be
 * gone for good), sets no_new_privs, applies Landlock where the kernel has it (logged once
 * where it has not) and a seccomp filter of what the house uses. Whatever else the process is
 * allowed, it cannot: exec, fork, listen, load or make code, send signals to others or have
 * them sent, change limits, ptrace, mount, enter or make namespaces, use bpf or keyctl.
 * After it no library can be loaded any more. It holds for the calling thread, which must be the
 * only one. ERR_NOT_FOUND (no such user), ERR_DENIED. *message says what. */
int sandbox_enter(const struct sandbox *box, struct buf *message);

/* Only the first half, for a supervisor that prepares directories: uid and gid
 * of the user. ERR_NOT_FOUND. */
int sandbox_user(const char *user, unsigned *uid, unsigned *gid);
/* What outlives root, until sandbox_enter() or the end of the process. */
enum {
	SANDBOX_KEEP_SEARCH = 1u << 0,      /* to pass through directories closed to the user
	                                       (CAP_DAC_READ_SEARCH) */
	SANDBOX_KEEP_LOW_PORTS = 1u << 1,   /* to use ports below 1024 (CAP_NET_BIND_SERVICE) */
};
/* Becomes that user for good, with no other groups and no right but those of `keep` that
 * there were; for root only. ERR_DENIED. */
int sandbox_become(unsigned uid, unsigned gid, unsigned keep);

#endif
