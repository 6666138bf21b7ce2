/* SPDX-License-Identifier: ISC
 *
 * What somebody would try who has taken over a role: one attempt a function, in a process of
 * its own that test-sandbox.c has put into the role's sandbox.
 */
#ifndef PORTREEVE_TESTS_ROLES_ATTEMPTS_H
#define PORTREEVE_TESTS_ROLES_ATTEMPTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

/* All that an attempt can reach. The first two are others', and would notice. */
struct world {
	struct sockaddr_in tcp_peer, udp_peer;  /* where somebody listens */
	struct sockaddr_un unix_peer;
	pid_t sibling;                          /* another process of the same user */
	/* The role's own, as the supervisor hands them over. */
	int listening, udp, spare;              /* TCP; UDP; TCP, neither bound nor connected */
	int accepted;                           /* one end of a connection */
	int pipe[2];
	int network;                            /* /proc/self/net/route, to read */
	int settings;                           /* to read; of mode 0600, and the supervisor's */
	char mark[64];                          /* a file that is not there, in the directory
	                                           that is the current one */
};

enum attempt_roles {
	BY_TESTER = 1, BY_COLLECTOR = 2, BY_DNSBL = 4,
	BY_WITNESS = 16, BY_GATEWAY = 32,
	BY_ALL = BY_TESTER | BY_COLLECTOR | BY_DNSBL | BY_WITNESS | BY_GATEWAY,
	SERVERS = BY_COLLECTOR | BY_DNSBL, CALLERS = BY_TESTER | BY_WITNESS | BY_GATEWAY,
	OF_ONE_THREAD = BY_TESTER | BY_WITNESS,
	READERS = BY_TESTER | BY_COLLECTOR | BY_DNSBL | BY_GATEWAY,
	NO_READERS = BY_DNSBL | BY_WITNESS | BY_GATEWAY,
	NO_READERS_OF_MAIL = BY_TESTER | BY_DNSBL | BY_WITNESS | BY_GATEWAY,
	OF_PATHS = 8,       /* what forbids it is the limit of paths, not that of calls */
};

struct attempt {
	const char *name;
	long (*try)(struct world *w);           /* negative: errno says why not */
	unsigned roles;                         /* in whose sandbox */
	/* What comes of it outside of any sandbox: so an attempt that could never work is no
	 * proof. */
	enum { MAY_FAIL, WORKS, WORKS_AND_SHOWS } outside;
};

/* Each must fail with EPERM or EACCES, and nothing may have happened. (clone3(2) with ENOSYS where
 * threads are allowed.) */
extern const struct attempt attempts[];
extern const size_t attempt_count;
/* attempts-gateway.c */
long connect_unix(struct world *w);
long bind_unix(struct world *w);
long write_files(struct world *w);
long read_network(struct world *w);
long read_accounts(struct world *w);
long write_accounts(struct world *w);
long lock_list(struct world *w);
/* What those roles must be able to do. */
extern const struct attempt duties[];
extern const size_t duty_count;

#endif
