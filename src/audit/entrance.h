/* SPDX-License-Identifier: ISC
 *
 * The mail ports of the machine, as strangers find them: at each of them a connection is followed,
 * by rules and programs that pass it on, to whoever takes it. An audit that says "closed" must have
 * asked all of these. Pure; facts may be hostile, the work is bounded.
 *
 * Who uses it: the audit of all servers (cli/audit-all.c). As for arrival.h, what is not seen:
 * IPVS, eBPF, and where HAProxy leads by its configuration: it leads nowhere that is known.
 */
#ifndef PORTREEVE_AUDIT_ENTRANCE_H
#define PORTREEVE_AUDIT_ENTRANCE_H

#include "audit/facts.h"

struct audit_entrance {
	struct endpoint at;              /* where strangers knock */
	struct endpoint to;              /* where that leads; family 0: not known, or to many */
	const char *by;                  /* rules and programs on the way; "": none */
	const char *line;                /* of the last of them: the rule or command line; "" */
	const struct facts_proxy *proxy; /* the last program that leads there; NULL: none */
	const struct facts_listener *listener;   /* who takes it here; NULL: it is elsewhere */
	bool asked;
	bool unsettled;                  /* one of several who may take it was not asked */
	const char *why_not;             /* a clause; "" */
};

enum { AUDIT_ENTRANCES_MAX = 256 };

/* A port of a server that was asked. */
struct audit_asked_at {
	struct endpoint at;              /* no address, 0.0.0.0 or ::, each of the machine */
	enum mta mta;
	unsigned pid;                    /* of a server in a container; 0: the machine's own */
	const char *started;             /* of the machine's own: the options, as in the facts */
};

/* All of them, at the usual ports and at those that are asked, in the arena of `f`. ERR_LIMIT: the
 * rules go in circles or too far, or there is more; with what was found before. */
int audit_entrances(struct facts *f, const struct audit_asked_at *asked, size_t asked_n,
                    struct audit_entrance **entrances, size_t *n);
/* Sets `asked` of each: the server that takes it is among those that were asked. */
void audit_entrances_mark(const struct facts *f, const struct audit_asked_at *asked,
                          size_t asked_n, struct audit_entrance *entrances, size_t n);

/* Of one that was not asked, in the arena: "port 25 of this machine", and why that leaves the
 * answer open, a sentence without its full stop. */
const char *audit_entrance_what(struct arena *a, const struct audit_entrance *e);
const char *audit_entrance_why(struct arena *a, const struct audit_entrance *e);

/* The kind of server whose process has that name and listens; MTA_UNKNOWN. */
enum mta audit_mta_of_process(const char *program);

#endif
