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

struct sandbox {
	const char *user;                /* become this user if we are root; "" or NULL: stay */
	const char *const *read_paths;   /* NULL-terminated; files and directories to read */
	const char *const *write_paths;  /* NULL-terminated; directories to read and write below */
	bool may_connect;                /* outgoing connections (tester) */
};

/* Drops to `user` (all groups and capabilities, ids checked to be gone for good), sets
 * no_new_privs, applies Landlock where the kernel has it (logged once where it
 * has not) and a seccomp filter of what the house uses: no exec, no ptrace, no
 * mount, no new namespaces, no bpf, no keyctl; and no connect(2) unless
 * may_connect. ERR_NOT_FOUND (no such user), ERR_DENIED. *message says what. */
int sandbox_enter(const struct sandbox *box, struct buf *message);

/* Only the first half, for a supervisor that prepares directories: uid and gid
 * of the user. ERR_NOT_FOUND. */
int sandbox_user(const char *user, unsigned *uid, unsigned *gid);
/* Becomes that user for good, with no other groups; for root only. `keep_search` keeps the
 * right to pass through directories that are closed to the user (CAP_DAC_READ_SEARCH), and
 * no other, until sandbox_enter(). ERR_DENIED. */
int sandbox_become(unsigned uid, unsigned gid, bool keep_search);

#endif
