/* SPDX-License-Identifier: ISC
 *
 * Mail for people, into a Maildir: written to tmp/, synced, renamed into new/, so that new/
 * never holds half a message, whatever dies when. What a killed process left in tmp/ goes
 * after 36 hours.
 *
 * All of it blocks. Hostile input that reaches it: the bytes of a message.
 */
#ifndef PORTREEVE_RELAYTEST_MAILDIR_H
#define PORTREEVE_RELAYTEST_MAILDIR_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* How many mails new/ takes that nobody has read. */
enum { MAILDIR_MAILS_MAX = 2000 };

/* Makes what is missing below the directory, and clears tmp/ of what is old. */
int maildir_open(const char *directory, int64_t now_s);
/* Durable when it returns. `identity` is what makes two deliveries the same: a mail of the
 * same identity that still waits in new/ is not kept again, but made as safe (its client tries
 * again after an error of another recipient, or after we were killed). ERR_LIMIT: new/ is full;
 * ERR_FULL, ERR_DENIED, ERR_IO. */
int maildir_deliver(const char *directory, const char *hostname, struct str identity,
                    struct str mail, int64_t now_s);

#endif
