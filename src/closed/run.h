/* SPDX-License-Identifier: ISC
 *
 * An audit's questions, asked in the closed room: the room is made like this machine, the server
 * started in it, and the plan (audit/plan.h) gone through stage by stage. Inside of a container,
 * where no room can be made, it is asked beside or by a mode of its own (beside-ask.h).
 *
 * Who uses it: the commands `audit` and `gate`.
 * Hostile input: the server's replies, by ask.h; what it prints when it does not start.
 */
#ifndef PORTREEVE_CLOSED_RUN_H
#define PORTREEVE_CLOSED_RUN_H

#include "audit/plan.h"
#include "closed/server.h"

/* The client's name, in the room's DNS and as said of one who is asked for elsewhere. */
#define CLOSED_ASKERS "client.asker.example"

struct closed_run_setup {
	const struct closed_server *server;
	const struct closed_inside *inside;      /* a container, of whose files it is; NULL */
	/* Another configuration than the server's own, which is carried to where the server looks;
	 * or that of an instance of Postfix, which stays where it is. NULL: its own. */
	const char *config;
	bool is_instance;
	const char *const *options;      /* further words of its command; NULL: none */
	const char *const *directories;  /* that it writes to, by its configuration */
	size_t directory_n;
	const char *const *sockets_in;   /* of the machine, that it may reach */
	size_t socket_in_n;
	int64_t start_ms;                /* for the server to start and greet */
	int64_t all_ms;                  /* for all questions; those left over are not asked */
	bool in_container;               /* no room is tried: as where none can be made */
	/* Set where there was no room: how the server was asked (beside-ask.h); NULL. */
	const char **aside;
	/* Told before each stage how many sessions there are, and how many are done; NULL. */
	void (*progress)(void *arg, size_t done, size_t all);
	void *arg;
};

/* Asks all of the plan, whose questions are filled in. What is in the way stands in *message, a
 * sentence of what was tried and what came: ERR_DENIED: no room can be made here; ERR_CLOSED: the
 * server does not start; ERR_TIMEOUT: it does not greet; ERR_LIMIT, ERR_UNSUPPORTED, ERR_IO. What
 * differs in the room from the machine goes to the plan's left_out. Blocks, at most start_ms twice,
 * all_ms and half a minute. */
int closed_audit(const struct closed_run_setup *setup, struct audit_plan *plan,
                 struct buf *message);

#endif
