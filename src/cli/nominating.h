/* SPDX-License-Identifier: ISC
 *
 * A nomination, as `nominate`, `trace` and `report` make it: it is always written down; a
 * test of each configured port is queued only where somebody consented, nobody excluded
 * the address and it was not tested lately.
 */
#ifndef PORTREEVE_CLI_NOMINATING_H
#define PORTREEVE_CLI_NOMINATING_H

#include "cli/cli.h"
#include "store/admission.h"

enum { NOMINATING_PORTS_MAX = 64, NOMINATING_MESSAGE_MAX_BYTES = 1 << 20 };

/* What happened to one port. */
struct nominating_port {
	struct test test;
	const char *outcome;                 /* "queued", "pending", "refused" */
	const char *rule;                    /* why it was refused, or "" */
};

struct nominating {
	/* given */
	struct nomination nom;               /* address, by, reason, message */
	bool traced;                         /* a trace of the message leads to the address: a
	                                      * trusted submitter's word is consent then */
	/* found */
	struct consent_answer consent;
	struct nominating_port ports[NOMINATING_PORTS_MAX];
	size_t port_count;
	unsigned queued, pending, refused;   /* of the ports */
};

/* With the store open to change. CLI_GO or an exit code. */
int nominating_run(struct cli *cli, struct nominating *n);
/* The relay that a trace named, with the message as evidence (cut to what is kept); tells
 * what came of it in notes. `by` of WHO_MAX. CLI_GO or an exit code. */
int nominating_relay(struct cli *cli, const struct ip *relay, const char *by, const char *reason,
                     struct str message);

#endif
