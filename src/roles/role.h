/* SPDX-License-Identifier: ISC
 *
 * A role: one job, one process, one file in this folder. The supervisor (supervisor.c)
 * binds its sockets, starts it as its own process by executing the program again, and
 * the role opens what it needs, enters its sandbox, says it is ready and loops.
 */
#ifndef PORTREEVE_ROLES_ROLE_H
#define PORTREEVE_ROLES_ROLE_H

#include "base/arena.h"
#include "base/loop.h"
#include "base/sandbox.h"
#include "settings/settings.h"

enum role_socket_kind { ROLE_TCP, ROLE_UDP };

struct role_socket {
	enum role_socket_kind kind;
	struct endpoint at;
	int fd;                      /* bound (TCP: listening), non-blocking; the process's own */
};

enum { ROLE_SOCKETS_MAX = 64 };

/* A role's exit code when its store was replaced while it was open (watch.h): it is started
 * again at once. No code of sysexits.h. */
enum { ROLE_STORE_REPLACED = 80 };

struct role_context {
	const struct settings *settings;
	struct loop *loop;
	const struct role_socket *sockets;
	size_t socket_count;
	/* Call once when open and sandboxed: the supervisor reports readiness only then. */
	void (*ready)(struct role_context *ctx);
	/* Set by the role: called in the loop on TERM (finish what is acknowledged, then
	 * loop_stop()) and on HUP (settings have been read again: the new ones). May be NULL. */
	void (*on_term)(void *arg);
	void (*on_hup)(void *arg, const struct settings *settings);
	void *arg;
	/* The supervisor's, not for roles: it says on ready_fd, at each beat, that it lives. */
	int ready_fd;
	struct loop_timer *beat;
	int64_t beat_due_ms;
	const struct settings *opened_with;
	bool is_ready;
};

enum { ROLE_PATHS_MAX = 8 };

/* What a role's process may do. Zero-initialised it may do nothing. */
struct role_sandbox {
	struct sandbox box;          /* user and paths are filled in by role_enter_sandbox() */
	const char *read[ROLE_PATHS_MAX + 1], *write[ROLE_PATHS_MAX + 1];
	struct arena arena;          /* has the paths */
};

struct role {
	const char *name;            /* as in the configuration's `roles` */
	/* Fills what is to be bound (fd left -1); returns the count. */
	size_t (*sockets)(const struct settings *settings, struct role_socket *out, size_t max);
	/* Fills what its process may do once all is open: see role_enter_sandbox(). */
	void (*sandbox)(const struct settings *settings, struct role_sandbox *out);
	/* Opens, sandboxes, calls ctx->ready(), runs the loop. Returns an exit code of
	 * sysexits.h. Refuses no settings that settings/check.h let through; a loop that does not
	 * turn for role_watchdog ends the process. */
	int (*run)(struct role_context *ctx);
	/* Calls role_needs_restart() for what its process, which began at started_ms, cannot take
	 * over from the new settings; sockets excepted. May be NULL. */
	void (*compare)(const struct settings *old, const struct settings *fresh,
	                int64_t started_ms);
};

/* One more path, which is copied; the files of the list's database; the token keys. */
void role_may_read(struct role_sandbox *s, const char *path);
void role_may_write(struct role_sandbox *s, const char *path);
void role_may_read_list(struct role_sandbox *s);
void role_may_write_list(struct role_sandbox *s);
void role_may_read_keys(struct role_sandbox *s);
/* Called by the role's run() when all is open. As sandbox_enter(). */
int role_enter_sandbox(const struct role *role, const struct settings *settings,
                       struct buf *message);

/* Its store was replaced, and it goes on with what it has read: the supervisor ends it (TERM)
 * when it finds a store that a role can start with. To be said until then, each time anew. */
void role_tell_replaced(const struct role_context *ctx);
/* Tells the operator that a changed parameter waits for a restart. */
void role_needs_restart(const char *role, const char *parameter);

extern const struct role role_tester, role_collector, role_dnsbl;

#endif
