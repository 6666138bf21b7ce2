/* SPDX-License-Identifier: ISC
 *
 * What stands around the gateway's sessions, in small and in the test's hands: a queue that keeps
 * the last message, accounts, a blocklist. They answer from the loop.
 */
#ifndef PORTREEVE_TESTS_GATEWAY_STAND_INS_H
#define PORTREEVE_TESTS_GATEWAY_STAND_INS_H

#include "gateway/gateway.h"

struct stand_ins {
	struct loop *loop;
	/* The queue. */
	int room, add, done;          /* what is answered */
	bool holds;                   /* done() waits for stand_ins_release() */
	struct buf envelope, text;    /* of the last message that was added */
	unsigned added;
	void (*waiting)(void *arg, int err);
	void *waiting_arg;
	struct loop_timer *timer;
	unsigned ids;
	/* The login. */
	bool login_holds;
	unsigned logins_cancelled, noted;
	char guessed[64];             /* whose password was tried last */
	/* The blocklist: 127.0.0.66 is listed, 127.0.0.67 only to be marked. */
	bool lists_hold;
	unsigned lists_cancelled;
};

extern struct stand_ins stand;

void stand_ins_begin(struct loop *loop);
void stand_ins_end(void);
/* What was held back is answered. */
void stand_ins_release(void);

/* Any pointers that are not NULL. */
struct gateway_queue *stand_ins_queue(void);
struct gateway_login *stand_ins_login(void);
struct gateway_blocklists *stand_ins_blocklists(void);

#endif
