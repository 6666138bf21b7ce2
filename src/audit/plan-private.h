/* SPDX-License-Identifier: ISC
 *
 * The plan in its parts: sessions (plan.c), the forms that go into them (plan-forms.c),
 * and what these say that the configuration names (plan-hints.c).
 */
#ifndef PORTREEVE_AUDIT_PLAN_PRIVATE_H
#define PORTREEVE_AUDIT_PLAN_PRIVATE_H

#include "audit/plan.h"

/* Where the asker finds the server by that port, and how many places those are. A stranger may
 * come to any of the machine's addresses, whichever of them the server listens at; of others one
 * will do. */
enum { PLAN_PLACES_MAX = 16 };
size_t plan_places(const struct audit_ground *g, const struct audit_asker *asker,
                   const struct audit_port *port, struct endpoint at[static PLAN_PLACES_MAX]);

/* A new session, its port one of the reading's first AUDIT_PORTS_MAX; NULL: the plan is full. It
 * has a control, if there is one, and room for AUDIT_TRIES_MAX. */
struct audit_question *plan_add(struct audit_plan *plan, const struct audit_asker *asker,
                                size_t port, enum audit_tls tls, const struct endpoint *at);

struct audit_try *plan_try(struct audit_plan *plan, struct audit_question *q, const char *form,
                           const char *mail, const char *rcpt);

/* Templates filled in for that session: in the arena; NULL if something is not known. */
const char *plan_render(struct audit_plan *plan, const struct endpoint *at, const char *pattern);

/* All forms but the plain one, for an asker at a place of a port. */
void plan_forms_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                    enum audit_tls tls, const struct endpoint *at);

/* Those, and XCLIENT: what one may say who is believed. */
void plan_claims_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                     enum audit_tls tls, const struct endpoint *at);

/* Fills the plan's hints. */
void plan_hints_find(struct audit_plan *plan);

/* Those that say who they are by a PROXY header: all that is left to ask where nobody else is
 * answered. */
void plan_proxies_add(struct audit_plan *plan, const struct audit_asker *asker, size_t port,
                      enum audit_tls tls, const struct endpoint *at);

#endif
