/* SPDX-License-Identifier: ISC
 *
 * The roles of the world: what each consists of, how it begins and how it ends in order.
 */
#ifndef PORTREEVE_TESTS_WORLD_ROLES_H
#define PORTREEVE_TESTS_WORLD_ROLES_H

#include "blocklist/answer.h"
#include "settings/settings.h"
#include "store/lifecycle.h"
#include "world.h"

enum { ROLE_TESTER, ROLE_TESTER_2, ROLE_COLLECTOR, ROLE_FOLLOWER, ROLES };

extern struct settings roles_settings;
extern struct str roles_public_key;          /* PEM, of the evidence */

/* Keys, sockets, the database; before anything else. */
void roles_prepare(void);
/* Tests that testers have in hand. */
unsigned roles_active(void);
/* What the follower answers with; NULL: it does not run, or has read nothing yet. */
const struct blocklist_state *roles_dns(void);
/* A store as a command opens it, for the current process; NULL: not now. */
struct store *roles_open_store(void);
struct lifecycle_policy roles_policy(void);

#endif
