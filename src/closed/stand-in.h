/* SPDX-License-Identifier: ISC
 *
 * Stand-ins for the services that a mail server asks before it answers, and that are not reached
 * in the closed room: they have nothing against anything. Without them a server says "try again
 * later" to what it would let pass.
 *
 *     milter   agrees on the protocol, wants nothing changed, and says "continue" to every step
 *     policy   the delegation protocol of Postfix: "action=DUNNO" to every request
 *     filter   SMTP behind a proxy before the queue, or the next host that recipients are
 *              verified at: takes every command
 *     auth     the authentication protocol of Dovecot: it knows mechanisms, and refuses every login
 *     table, socketmap    lookups of Postfix (tcp_table(5), socketmap_table(5)): nothing is found
 *
 * Who uses it: keeper.c, which has a process without rights speak them all; the command `audit`
 * says at which sockets (closed_setup.stand_ins).
 *
 * Hostile input: bytes of whatever runs in the room. What is too long ends the connection.
 */
#ifndef PORTREEVE_CLOSED_STAND_IN_H
#define PORTREEVE_CLOSED_STAND_IN_H

#include "closed/closed.h"

/* One connection. All zero but the kind is a new one. */
struct stand_in_talk {
	enum closed_stand_in_kind kind;
	struct buf kept;                 /* of a message that is not whole */
	bool in_data;                    /* filter: lines of a message */
};

/* What it says first. */
void stand_in_greet(const struct stand_in_talk *t, struct buf *out);
/* Takes bytes and appends what is answered; false: hang up, after that. Pure. */
bool stand_in_take(struct stand_in_talk *t, struct str bytes, struct buf *out);
void stand_in_fini(struct stand_in_talk *t);

/* Listens at all of them and forks the process that speaks, in the namespaces of whoever calls. It
 * keeps none of the caller's descriptors. *message gets a line for each at which nobody can listen:
 * that is no error. ERR_IO. */
int closed_stand_ins_serve(const struct closed_stand_in *all, size_t n, struct buf *message);

#endif
