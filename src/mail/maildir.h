/* SPDX-License-Identifier: ISC
 *
 * Mail for people, into a Maildir: written to tmp/, synced, renamed into new/, so that new/
 * never holds half a message, whatever dies when. What a killed process left in tmp/ goes
 * after 36 hours.
 *
 * Who uses it: the collector, for its operator's mail; the gateway, for its users'. All of it
 * blocks. Hostile input that reaches it: the bytes of a message.
 */
#ifndef PORTREEVE_MAIL_MAILDIR_H
#define PORTREEVE_MAIL_MAILDIR_H

#include "base/err.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdint.h>

/* How many mails new/ takes that nobody has read, of maildir_deliver(); how many are delivered at
 * once (each holds a descriptor). */
enum { MAILDIR_MAILS_MAX = 2000, MAILDIR_AT_ONCE_MAX = 64 };

/* Makes what is missing below the directory, and clears tmp/ of what is old. */
int maildir_open(const char *directory, int64_t now_s);
/* Durable when it returns. `identity` is what makes two deliveries the same: a mail of the
 * same identity that still waits in new/ is not kept again, but made as safe (its client tries
 * again after an error of another recipient, or after we were killed). ERR_LIMIT: new/ is full;
 * ERR_FULL, ERR_DENIED, ERR_IO. */
int maildir_deliver(const char *directory, const char *hostname, struct str identity,
                    struct str mail, int64_t now_s);

struct maildir_mail {
	const char *directory;
	bool makes;                  /* … if it is not there */
	/* In new/. The caller's own for this mail, and the same at each try: a mail that is there
	 * by that name is this one, and is only made safe. No slash, colon, or dot in front. */
	const char *name;
	struct str head, text;       /* what is written: one behind the other */
	int err;                     /* what came of it; ERR_OK: it is durable */
	int fd;                      /* the call's own, with what follows */
	bool found, moved;
};
/* Delivers all; those of one directory should stand together. ERR_FULL, ERR_DENIED, ERR_IO each.
 * What is not safe yet when another thread sets *stop is not delivered, ERR_AGAIN: it ends within
 * the time of a sync, whatever the disk. NULL: nobody does. */
void maildir_deliver_all(struct maildir_mail *mails, size_t n, const atomic_bool *stop);
/* Appends a host's name as it may stand in the name of a mail. */
void maildir_add_host(struct buf *name, const char *hostname);

#endif
