/* SPDX-License-Identifier: ISC
 *
 * Where namespaces are forbidden, as in a container: a second Postfix beside the one that runs,
 * with the same configuration but for
 *
 *     ports         of 127.0.0.1, one for each service that takes mail; XCLIENT is taken there, so
 *                   that an asker can say who it is
 *     directories   queue, data and log are in a private one below /tmp
 *     services      none that delivers is there, and no queue manager: nothing can leave
 *     call-outs     milters, proxies, policy services and logins are off
 *     names         reject_unknown_*, reject_rbl_*, reject_rhsbl_* and reject_unverified_* refuse
 *                   nobody: by the machine's DNS they would refuse each name of the audit's
 *
 * It is not closed: names are asked of the machine's DNS, files and tables are the machine's own.
 * permit_inet_interfaces goes by the connection, which XCLIENT does not change: a configuration
 * that uses it is refused here.
 *
 * A watcher, a process of its own, makes all of it, and ends and removes it when the other end of
 * its socket closes, however that comes. If the watcher is killed, its server ends as well, and
 * whoever comes next removes its files: the audit, or the next one.
 *
 * Who uses it: run.c, where closed_create() gives ERR_DENIED. It blocks, each call for a bounded
 * time. Root only.
 *
 * Hostile input: the configuration, which runs programs as Postfix does anyway.
 */
#ifndef PORTREEVE_CLOSED_BESIDE_H
#define PORTREEVE_CLOSED_BESIDE_H

#include "base/ip.h"

enum { BESIDE_SERVICES_MAX = 32, BESIDE_NAME_MAX = 64 };

struct beside_service {
	char name[BESIDE_NAME_MAX];      /* the first field of its line: "smtp", "10.0.0.1:587" */
	uint16_t port;                   /* of 127.0.0.1 */
};

struct closed_beside;

/* `directory` has main.cf and master.cf; life_ms bounds it, whatever happens. ERR_NOT_FOUND: no
 * Postfix, or no such files; ERR_UNSUPPORTED: XCLIENT does not show what decides; ERR_CLOSED: it
 * does not start; ERR_TIMEOUT; ERR_LIMIT; ERR_IO. *message says what. */
int closed_beside_create(const char *directory, int64_t life_ms, struct closed_beside **beside,
                         struct buf *message);
/* Where that service listens; false: it does not. */
bool closed_beside_at(const struct closed_beside *beside, const char *service,
                      struct endpoint *at);
/* Whether restrictions by names were taken out of it. */
bool closed_beside_leaves_names(const struct closed_beside *beside);
/* Waits until it has ended and its files are gone, a few seconds. NULL is fine. */
void closed_beside_destroy(struct closed_beside *beside);

#endif
