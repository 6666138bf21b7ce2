/* SPDX-License-Identifier: ISC
 *
 * A role: one job, one process, one file in this folder, which is a table of hooks. The
 * supervisor (supervisor.c) binds its sockets and starts it as its own process by executing the
 * program again; role.c calls the hooks in the order in which they stand below, runs the loop
 * between start() and close(), and does all that roles have in common: the state directory, the
 * keys, the store and the watch over it, upkeep, the sandbox, TERM and HUP.
 */
#ifndef PORTREEVE_ROLES_ROLE_H
#define PORTREEVE_ROLES_ROLE_H

#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sandbox.h"
#include "roles/files.h"
#include "roles/hang.h"
#include "roles/sockets.h"
#include "roles/watch.h"
#include "settings/running.h"
#include "settings/assembly.h"
#include "settings/settings.h"

#include <stdatomic.h>

enum { ROLE_SOCKETS_MAX = 64 };

/* A role's exit code when its store was replaced while it was open (watch.h): it is started
 * again at once. No code of sysexits.h. */
enum { ROLE_STORE_REPLACED = 80 };

/* How long a role waits for its second thread when it ends; then it ends without it. Below what
 * the supervisor waits for the role, so that there is a word of it in the log. */
enum { ROLE_STOP_LIMIT_MS = 10000 };

struct thread;
struct upkeep;

/* One role in its process: what a hook finds. */
struct role_context {
	const struct role *role;
	const struct settings *settings;     /* the newest; earlier ones stay as they were */
	struct loop *loop;
	const struct role_socket *sockets;   /* closed after close() */
	size_t socket_count;
	int files_fd;                        /* the role's files(); -1: none */
	struct assembly_keys keys;           /* those that the role has */
	struct store *store;                 /* with the rules of the settings; NULL once replaced.
	                                        From start() on the thread's, if there is step() */
	void *own;                           /* the role's: own_bytes, zeroed */

	/* Not for roles: what role.c keeps, and how it tells the process (child.c) that the role
	 * is ready, and that it serves on without its store. */
	const struct settings *opened_with;
	struct upkeep *upkeep;
	struct watch watch;
	struct loop_timer *look;
	int64_t look_due_ms;
	struct thread *thread;               /* of step() */
	struct loop_watch *news;             /* of the store: a step is due at once */
	int news_fd;                         /* store_news() */
	struct hang hang;                    /* of that thread, or the role's own */
	atomic_bool replaced;                /* the store was; said by whoever looked */
	bool stopping, is_ready;
	int64_t stop_limit_ms;               /* ROLE_STOP_LIMIT_MS, but for tests */
	void *process;
	void (*ready)(struct role_context *ctx);
	void (*serves_on)(struct role_context *ctx);
	/* False: it was not heard, and is to be said again. NULL: to nobody. */
	bool (*tell)(struct role_context *ctx, const struct running_word *word);
	struct running_word told;
};

enum { ROLE_COUNTERS_MAX = 32 };

enum { ROLE_PATHS_MAX = 512 };

/* What a role's process may do. Zero-initialised it may do nothing. */
struct role_sandbox {
	struct sandbox box;          /* user and paths are filled in by role_enter_sandbox() */
	const char *read[ROLE_PATHS_MAX + 1], *write[ROLE_PATHS_MAX + 1];
	struct arena arena;          /* has the paths */
};

enum role_keys { ROLE_NO_KEYS, ROLE_TOKEN_KEYS, ROLE_ALL_KEYS };

/* Hooks may be NULL where it says so. Those that can fail return ERR_OK or an error with one line
 * in *message. A role refuses no settings that settings/check.h let through; a loop that does not
 * turn for role_watchdog ends the process. */
struct role {
	const char *name;            /* as in the configuration's `roles` */
	unsigned may_write;          /* what of the store (store/store.h) */
	bool no_store;               /* it has none: ctx->store stays NULL */
	bool waits_for_store;        /* who can only read it waits until another role has made it */
	unsigned keep;               /* rights of base/sandbox.h that outlive root */
	enum role_keys keys;
	bool upkeep;                 /* it removes what is old of what it writes */
	size_t own_bytes;

	/* In the supervisor: fills what is to be bound; returns the count. NULL: none. */
	size_t (*sockets)(const struct settings *settings, struct role_socket *out, size_t max);
	/* In the supervisor: names the files whose contents the role gets, at its start and at each
	 * HUP, because its user need not be able to read them; returns the count. NULL: none. The
	 * role reads them with files_read(ctx->files_fd). */
	size_t (*files)(const struct settings *settings, const char *paths[static FILES_MAX]);

	/* In its process, in this order. Still as who started us: opens what is not the role's
	 * user's. May be NULL. */
	int (*prepare)(struct role_context *ctx, struct buf *message);
	/* In the state directory, as its owner, with keys and store: opens the rest. */
	int (*open)(struct role_context *ctx, struct buf *message);
	/* Fills what its process may do once all is open: see role_enter_sandbox(). */
	void (*sandbox)(const struct settings *settings, struct role_sandbox *out);
	/* Behind the sandbox, before the loop: what begins by itself, threads among it. May be
	 * NULL. */
	int (*start)(struct role_context *ctx, struct buf *message);
	/* In a thread of its own, which alone touches the store then, time and again until close():
	 * returns in how many milliseconds it is to be called again; when the list has changed it
	 * comes at once. NULL: there is no thread, and the store is the loop's. */
	int64_t (*step)(struct role_context *ctx);
	/* In the loop, where start() started a thread instead: thread_since_ms() of it. NULL: there
	 * is none. One that hangs for role_watchdog is logged with `without`: what goes on, or
	 * waits, while the thread of this or of step() hangs. */
	int64_t (*since_ms)(const struct role_context *ctx);
	const char *without;
	/* In the loop: what it says of itself to the supervisor, asked a few times a second;
	 * *word is zeroed. NULL: nothing. */
	void (*word)(const struct role_context *ctx, struct running_word *word);
	/* In the loop, on USR1: the fields of a line in the log; returns how many. NULL: none. */
	size_t (*counters)(const struct role_context *ctx,
	                   struct log_field fields[static ROLE_COUNTERS_MAX]);
	/* In the loop, on HUP: ctx->settings are new ones. A thread is waken then. */
	void (*reload)(struct role_context *ctx);
	/* Where the store is: it was replaced. NULL: the role ends and is started again. Else it
	 * goes on with what it has read and lets go of the store, which is closed after that. */
	void (*store_replaced)(struct role_context *ctx);
	/* After the loop (TERM stops it), and after prepare() or open() failed. The store is still
	 * open, unless it was never. May call role_abandon(). */
	void (*close)(struct role_context *ctx);
};

/* Opens, enters the sandbox, says that it is ready, runs the loop, closes. Returns an exit code of
 * sysexits.h, or ROLE_STORE_REPLACED. */
int role_run(struct role_context *ctx);
/* In the loop, also while it opens: TERM came; new settings came; USR1 came. */
void role_stop(struct role_context *ctx);
void role_reload(struct role_context *ctx);
void role_count(const struct role_context *ctx);
/* Ends the process at once, with a line in the log: its second thread did not stop within
 * ctx->stop_limit_ms, so nothing that it may touch can be closed. */
_Noreturn void role_abandon(const struct role_context *ctx);
/* What a role that ended by an error leaves for the supervisor: only EX_TEMPFAIL is tried again
 * before it was ever ready. Pure. */
int role_exit_code(int err);

/* One more path, which is copied; the files of the list's database, of the accounts'; the token
 * keys. */
void role_may_read(struct role_sandbox *s, const char *path);
void role_may_write(struct role_sandbox *s, const char *path);
void role_may_read_list(struct role_sandbox *s);
void role_may_write_list(struct role_sandbox *s);
void role_may_read_accounts(struct role_sandbox *s);
void role_may_read_keys(struct role_sandbox *s);
/* As sandbox_enter(), with what the role's sandbox() says. */
int role_enter_sandbox(const struct role *role, const struct settings *settings,
                       struct buf *message);

extern const struct role role_tester, role_collector, role_dnsbl, role_witness,
                         role_gateway;

#endif
