/* SPDX-License-Identifier: ISC
 *
 * Which rule of the server took what was taken: in the room, Exim is asked once more by -bh and
 * Sendmail by -bt, which show it (audit/trace.h). Postfix and OpenSMTPD show nothing of that kind.
 *
 * Who uses it: run.c, after all questions. It blocks.
 * Hostile input: the traces.
 */
#ifndef PORTREEVE_CLOSED_EXPLAIN_H
#define PORTREEVE_CLOSED_EXPLAIN_H

#include "audit/plan.h"
#include "closed/server.h"

/* Fills in `decided` of the first envelope that was taken of each client at each port, in clear, as
 * far as timeout_ms lasts. `options`: further words of the server's command; NULL: none. */
void closed_explain(struct closed_room *room, const struct closed_server *server,
                    const char *const *options, struct audit_plan *plan, int64_t timeout_ms);

#endif
