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

/* The server to which the entrance leads, in the arena. ERR_NOT_FOUND: no process of this machine
 * listens there, or none that is known as a mail server; *why says which, a clause. */
int audit_published_find(struct arena *a, const struct audit_entrance *entrance,
                         struct audit_published *found, const char **why);

/* Finds out `inner_ports`: at which mail servers listen in other networks of this machine. */
void audit_published_ports(struct facts *f);

/* The parent of a process; 0: not known. */
unsigned audit_parent_of(unsigned pid);

/* What /proc/PID/cgroup says: "Podman container 0123456789ab"; "" if it is none. Pure. */
const char *audit_container_name(struct arena *a, struct str cgroup);

#endif
