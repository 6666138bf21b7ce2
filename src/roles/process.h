/* SPDX-License-Identifier: ISC
 *
 * One role as the supervisor has it: its sockets and files, its newest process, what that says of
 * itself, and the process that looks whether a replaced store would do. It forks and kills; when it
 * does is for supervisor.c (and restart.h, heartbeat.h) to decide.
 */
#ifndef PORTREEVE_ROLES_PROCESS_H
#define PORTREEVE_ROLES_PROCESS_H

#include "roles/heartbeat.h"
#include "roles/restart.h"
#include "roles/role.h"
#include "roles/supervisor-private.h"
#include "roles/word.h"

struct process {
	const struct role *role;
	struct role_socket sockets[ROLE_SOCKETS_MAX];
	size_t socket_count;
	int files_fd;                   /* see files.h; -1: the role has none */
	pid_t pid;                      /* 0: not running */
	bool ready;                     /* this one */
	int ready_fd;                   /* it is ready, and then alive; -1: not running */
	struct heartbeat heartbeat;
	int64_t killed_ms;              /* first, because it hung; 0: not */
	pid_t trial;                    /* looks whether it could start again; 0: none */
	struct heartbeat trial_heartbeat;
	struct restart restart;
	bool started;                   /* ever */
	struct word_reader words;
	struct running_role shown;      /* what is said of it to others */
};

/* What all roles start from. */
struct process_ground {
	const struct settings *settings;
	int settings_fd;                /* their text, in memory */
};

void process_init(struct process *p, const struct role *role);
/* Binds what the role listens on, and reads its files. EX_OK, or another code of sysexits.h after a
 * line that says why. */
int process_prepare(struct process *p, const struct settings *s);
/* Ends no process: it closes what was prepared. */
void process_fini(struct process *p);
/* The role's files, read again: before HUP. */
int process_refill(struct process *p, const struct settings *s);

/* ERR_IO: it could not be started; errno says why. */
int process_start(struct process *p, const struct process_ground *g);
struct process_news {
	bool ready;                     /* just now */
	bool replaced;                  /* it serves on without its store */
	bool word;                      /* shown.word is new */
	bool over;                      /* it can say no more: waitpid() tells why */
};
/* Reads what it has said, without waiting. After `over` whoever watches ready_fd stops that, and
 * calls process_stop_hearing(). */
struct process_news process_hear(struct process *p);
void process_stop_hearing(struct process *p);
/* Whether it hangs: then it is ended; true when that begins. `late_ms` and `limit_ms` as
 * heartbeat_look(). */
bool process_look(struct process *p, int64_t now_ms, int64_t late_ms, int64_t limit_ms);
/* The same of the one that looks whether the role could start again: a role that serves on without
 * its store waits for what it finds. */
void process_look_at_trial(struct process *p, int64_t now_ms, int64_t late_ms, int64_t limit_ms);
/* Another process looks whether the role could start again. */
void process_try_store(struct process *p, const struct process_ground *g);
/* It is gone. */
void process_ended(struct process *p, struct restart_end end);
/* It is started again then. */
void process_waits(struct process *p, int64_t wait_ms);
void process_signal(const struct process *p, int signum);

#endif
