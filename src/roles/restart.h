/* SPDX-License-Identifier: ISC
 *
 * When the supervisor starts a role again: decided from how its process ended and how long it
 * lived. Pure: time comes in, in monotonic milliseconds.
 */
#ifndef PORTREEVE_ROLES_RESTART_H
#define PORTREEVE_ROLES_RESTART_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RESTART_FIRST_MS = 500, RESTART_MOST_MS = 60000,        /* each is twice the one before */
	RESTART_HEALTHY_MS = 60000,     /* who lived that long dies as if for the first time */
	RESTART_SETTLED_MS = 1000,      /* who lived that long may start again at once */
	RESTART_TRIAL_MS = 5000,        /* between two looks at a store that was replaced */
	RESTART_GONE_MS = 5000,         /* for SIGKILL to end a process */
};

/* Of one role, over all its processes. */
struct restart {
	int64_t started_ms;             /* its newest process */
	int64_t backoff_ms;             /* what the next death costs; 0: RESTART_FIRST_MS */
	int64_t trial_due_ms;           /* the next look at its store, at the earliest */
	bool was_ready;                 /* ever */
};

/* As waitpid() tells it. */
struct restart_end {
	bool killed;                    /* by a signal */
	int how;                        /* that signal, or the exit code */
};

enum restart_step {
	RESTART_NEVER,                  /* it cannot start: the operator's to mend; all end */
	RESTART_REPLACED,               /* its store was replaced: it starts on the new one */
	RESTART_DIED,
};

/* *wait_ms until it is started again, unless RESTART_NEVER. `all_were_ready`: every role has been
 * ready at some time, so what is running is worth keeping. */
enum restart_step restart_after(struct restart *r, struct restart_end end, bool all_were_ready,
                                int64_t now_ms, int64_t *wait_ms);
/* After RESTART_NEVER: the supervisor's own exit code. */
int restart_exit_code(struct restart_end end);
/* A role serves on without its store: whether it is time to look if there is one that it could
 * start with. Then not before RESTART_TRIAL_MS. */
bool restart_try(struct restart *r, int64_t now_ms);
/* Whether a process that got SIGKILL at killed_ms (0: it got none) should be gone: then the machine
 * is not well. */
bool restart_is_stuck(int64_t killed_ms, int64_t now_ms);

#endif
