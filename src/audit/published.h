/* SPDX-License-Identifier: ISC
 *
 * The mail server behind a port that leads away from this machine's own: a process in another
 * network namespace, or with another root, such as a container's. It is found by the kernel's own
 * tables: who listens there, and which process holds that socket.
 *
 * It needs root, and blocks as long as /proc does. Hostile input that reaches it: names of
 * processes and of control groups; what a process is called says only how it is to be asked.
 */
#ifndef PORTREEVE_AUDIT_PUBLISHED_H
#define PORTREEVE_AUDIT_PUBLISHED_H

#include "audit/entrance.h"

struct audit_published {
	unsigned pid;
	enum mta mta;
	struct endpoint at;              /* where it listens, as the entrance leads there */
	bool own_network;                /* it has the machine's */
	const char *name;                /* "Docker container 0123456789ab"; "a container" */
};

enum { AUDIT_PUBLISHED_MAX = 8 };
/* The servers that may take what comes there, in the arena: one, or several where two networks have
 * the address, or a program has children in some. None is guessed: all must be asked. ERR_OK with
 * a *why that is not "": there is another one. ERR_NOT_FOUND: no process of this machine listens
 * there, or none that is known as a mail server, or where it leads is not known; *why says which,
 * and names those that it may be, a clause. */
int audit_published_find(struct arena *a, const struct audit_entrance *entrance,
                         struct audit_published found[AUDIT_PUBLISHED_MAX], size_t *n,
                         const char **why);
/* "Postfix in Docker container 0123456789ab (process 7)". */
const char *audit_published_words(struct arena *a, const struct audit_published *found);

/* Finds out `inner_ports`: at which mail servers listen in other networks of this machine. */
void audit_published_ports(struct facts *f);

/* The parent of a process; 0: not known. */
unsigned audit_parent_of(unsigned pid);

/* What /proc/PID/cgroup says: "Podman container 0123456789ab"; "" if it is none. Pure. */
const char *audit_container_name(struct arena *a, struct str cgroup);

#endif
