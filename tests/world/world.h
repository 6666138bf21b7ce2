/* SPDX-License-Identifier: ISC
 *
 * A world in one process, made of one number: tester, collector, store, follower, the hosts that
 * are tested and the people who give orders, in virtual time. All that happens by chance is
 * drawn from the seed, so the same seed gives the same world, byte for byte.
 *
 * The seam is at link time: loop.c, stream.c, syncer.c, clock.c, random.c, log.c and resolver.c of
 * this folder define what base/loop.h and its likes declare, and vfs.c stands for the files of
 * SQLite. The linker takes the rooms' libraries for all the rest, and these before them.
 *
 *   trace.c      what happened, as lines; the first of them that a test may compare
 *   chance.c     the seed's numbers
 *   schedule.c   what is due, of whom, and when
 *   process.c    roles as processes: begun, stalled, killed at a call through the seam
 *   net.c        connections: delays, pieces, drops; speak.c what a server says on one
 *   disk.c       files: what is synced, what a power cut leaves
 *   host*.c      the tested servers; deliver.c what they send on
 *   people.c     operators and owners
 *   faults.c     when what goes wrong
 *   law*.c       the invariants
 */
#ifndef PORTREEVE_TESTS_WORLD_WORLD_H
#define PORTREEVE_TESTS_WORLD_WORLD_H

#include "base/ip.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdint.h>

/* ---- chance.c ------------------------------------------------------------------------- */
void chance_seed(uint64_t seed);
uint64_t chance_u64(void);
unsigned chance_below(unsigned n);               /* 0 … n-1; n > 0 */
unsigned chance_between(unsigned least, unsigned most);
bool chance_of(unsigned per_mille);

/* ---- trace.c -------------------------------------------------------------------------- */
enum { TRACE_TAIL = 60 };
/* One line, with time and step before it. */
void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Every line goes there as well; NULL: only the hash and the last TRACE_TAIL are kept. */
void trace_to(const char *path);
/* A text that is another in each run (a directory), and what stands for it in the trace. */
void trace_hide(const char *text, const char *instead);
uint64_t trace_hash(void);
uint64_t trace_lines(void);
void trace_print_tail(void);

/* ---- schedule.c ------------------------------------------------------------------------ */
struct process;

/* What is to happen. Embedded in what it happens to; zeroed and event_init() before use. */
struct event {
	struct event *next, *prev;
	int64_t due_ms;
	uint64_t order;                  /* of what is due at the same time, the first armed */
	bool armed;
	struct process *owner;           /* dies with it; runs as it */
	void (*fire)(void *arg);
	void *arg;
};
void event_init(struct event *e, struct process *owner, void (*fire)(void *arg), void *arg);
void event_arm(struct event *e, int64_t delay_ms);
void event_disarm(struct event *e);
/* Does what is due next, and moves the time there. False: nothing is. */
bool schedule_step(void);
/* When the next thing is due that no poll timer of a role is; INT64_MAX: none. */
int64_t schedule_next_ms(const struct process *owner);
void schedule_drop(const struct process *owner);
/* How many things are due of that process. */
unsigned schedule_owned(const struct process *owner);

/* ---- the world ------------------------------------------------------------------------- */
struct world {
	uint64_t seed, steps;
	int64_t now_ms;                  /* since the machine was started; never goes back */
	int64_t wall_ms, right_ms;       /* to be added for the time of day, as it is and as it
	                                    should be */
	bool calm;                       /* faults are over; all goes well from here on */
	bool power_is_cut;               /* just now: faults_look() does the rest */
	bool tls;                        /* there is TLS, of which nobody sees anything */
};
extern struct world world;

struct law {
	const char *name, *sentence;
};
extern const struct law laws[];      /* each world's own */
extern const unsigned law_n;

int64_t world_wall_s(void);
/* The invariant of that name does not hold: tells all, and ends this run. */
void world_broken(const char *law, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* ---- process.c ------------------------------------------------------------------------- */
enum process_kind {
	PROCESS_OUTSIDE,                 /* hosts, strangers, the supervisor: never dies */
	PROCESS_OBSERVER,                /* looks at the store for the invariants: never dies */
	PROCESS_TESTER, PROCESS_COLLECTOR, PROCESS_FOLLOWER, PROCESS_COMMAND, PROCESS_GATEWAY,
};

struct process {
	const char *name;
	enum process_kind kind;
	bool alive;
	unsigned life;                   /* how often it was begun */
	int64_t stalled_until_ms;        /* it gets no processor until then */
	unsigned kill_in;                /* calls through the seam until it dies; 0: it does not */
	bool power;                      /* … and with it the whole machine */
	struct ip ip;                    /* where its connections come from */
	/* All that it has: dies with it. */
	void *role;
};

enum { PROCESSES_MAX = 8 };
extern struct process outside, observer;
/* Whose code runs now. */
struct process *process_now(void);
/* Calls f as that process. False: it was killed within. */
bool process_run(struct process *p, void (*f)(void *arg), void *arg);
/* Its life begins with begin(role), and ends with it if that sets *failed. True: it lives. */
bool process_begin(struct process *p, void (*begin)(void *role), void *role, const bool *failed);
/* Its memory is lost, and its connections, locks, timers and questions are over. */
void process_abandon(struct process *p);
/* Each call through the seam says so: here a process may die. `what`: for the trace. */
void seam(const char *what);
bool process_outlives(const struct process *p);

/* What each part drops of a process that has died. */
unsigned resolver_pending(void);     /* questions that wait */
void net_drop(const struct process *p);
void resolver_drop(const struct process *p);
void vfs_drop(const struct process *p);
/* fdatasync() of a descriptor that a syncer has: 0, or an errno. */
int vfs_sync(int fd);

/* ---- what each world has of its own ------------------------------------------------------ */
struct endpoint;
/* The world of that seed, from its beginning to its last invariant. */
void world_run(uint64_t seed);
extern struct process roles[];       /* at most PROCESSES_MAX */
extern const unsigned role_n;
/* False: it cannot be (the disk is full); it is tried again later. */
bool role_begin(unsigned which);
/* As on TERM. */
void role_end(unsigned which);
/* One that once began is not alive. */
bool roles_missing(void);
/* Somebody connects, or says something. */
void law_connects(const struct process *p, const struct endpoint *to);
void law_sends(const struct process *p, const struct endpoint *to, struct str bytes);
/* An event of base/log.h. */
void law_logs(const char *event);
/* A process or the machine has died: all that was acknowledged is looked for again. */
void law_after_death(bool power);
/* A clock, a disk or a lock was wrong just now: leases may have run out. */
void law_disturbed(void);

#endif
