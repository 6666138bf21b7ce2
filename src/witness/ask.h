/* SPDX-License-Identifier: ISC
 *
 * Asking a witness: one question over TLS with the key that its operator made, one answer.
 *
 * Who uses it: the gate. Hostile input: the bytes of whoever is at the witness's address; an answer
 * counts only from who has proved that it has the key. Not to be believed further than that: what a
 * witness says is what the owner of the key asked it for.
 */
#ifndef PORTREEVE_WITNESS_ASK_H
#define PORTREEVE_WITNESS_ASK_H

#include "base/loop.h"
#include "witness/message.h"

enum { WITNESS_ANSWER_MS = 80000, WITNESS_REACH_MS = 10000 };

struct witness_ask;

struct witness_ask_setup {
	struct loop *loop;
	struct endpoint to;
	const struct witness_secret *secret;     /* outlives the asking */
	struct witness_request request;
	/* Once, from the loop; the asking may be destroyed in it. `answer`: NULL, and why not, in
	 * words: static. Else `why` is NULL. */
	void (*done)(void *arg, const struct witness_answer *answer, const char *why);
	void *arg;
};

/* Begins. Never NULL. */
struct witness_ask *witness_ask_create(const struct witness_ask_setup *setup);
/* Closes at once. NULL is fine. */
void witness_ask_destroy(struct witness_ask *a);

#endif
