/* SPDX-License-Identifier: ISC
 *
 * A mail server asked where no room can be made: Postfix by a second one beside it (beside.h), Exim
 * by -bh (bh.h), Sendmail by -bt (bt.h). OpenSMTPD has nothing of that kind. What each cannot be
 * asked so goes to the plan's left_out.
 *
 * Who uses it: run.c. It blocks.
 */
#ifndef PORTREEVE_CLOSED_BESIDE_ASK_H
#define PORTREEVE_CLOSED_BESIDE_ASK_H

#include "closed/ask.h"
#include "closed/run.h"

struct closed_aside;

/* ERR_DENIED: we have no rights for that; ERR_UNSUPPORTED: this server, or its configuration,
 * cannot be asked so; as beside.h, bh.h and bt.h. *message says what. */
int closed_aside_create(const struct closed_run_setup *setup, struct audit_plan *plan,
                        struct closed_aside **aside, struct buf *message);
/* In words, behind "the server was asked": static. */
const char *closed_aside_how(const struct closed_aside *aside);
/* Asks these sessions, those of the plan's questions from `first` on; as closed_ask(). */
int closed_aside_ask(struct closed_aside *aside, size_t first,
                     const struct closed_patience *patience, struct closed_session *sessions,
                     size_t n);
/* NULL is fine. */
void closed_aside_destroy(struct closed_aside *aside);

#endif
