/* SPDX-License-Identifier: ISC
 *
 * Sendmail asked where no room can be made: `sendmail -bt` tests rulesets, and check_relay,
 * check_mail and check_rcpt are those that decide who may relay. The client is told by macros. It
 * speaks no SMTP: what those rulesets say is put into the form of a session's replies.
 *
 * A sender's domain of the audit's is in no DNS of the machine: that check_mail refuses it (5.1.8)
 * counts as taken, and where check_rcpt does so (delay_checks), the answer for the empty sender
 * stands for it.
 *
 * It runs as the owner of the queue, if that is not root and may read the tables; else as who we
 * are. Nothing is queued or written.
 *
 * Who uses it: beside-ask.c. Hostile input: the configuration; what is printed, by audit/trace.h.
 */
#ifndef PORTREEVE_CLOSED_BT_H
#define PORTREEVE_CLOSED_BT_H

#include "closed/ask.h"
#include "closed/program.h"

struct closed_bt_program {
	struct program_words words;
	struct program_as as;
};
/* `queue`: the queue's directory; `options`: of its daemon, NULL-terminated, or NULL; they outlive
 * it. ERR_NOT_FOUND. */
int closed_bt_find(const char *queue, const char *const *options,
                   struct closed_bt_program *program);

/* Its envelopes as lines; false: something in it cannot be said so. Question 0 is check_relay, then
 * each envelope has two: as it is, and from the empty sender. */
bool closed_bt_script(const struct closed_session *session, struct buf *script);
/* Asks this session, whose `from` is the client and `claimed_name` its name (NULL: it has none):
 * its envelopes and its control, in clear, as itself. ERR_TIMEOUT, ERR_CLOSED, ERR_IO: nothing came
 * of it; ERR_DENIED: its tables cannot be read. */
int closed_bt_ask(struct closed_bt_program *program, struct closed_session *session,
                  int64_t timeout_ms);

#endif
