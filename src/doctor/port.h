/* SPDX-License-Identifier: ISC
 *
 * Port 25. In: whether the collector greets, takes mail for its domains and relays none. Out: from
 * each address that tests leave from, whether a host that the operator names greets. No message
 * is sent, and nobody else is asked.
 *
 * Hostile input: what the servers at those addresses say; it is escaped and cut.
 */
#ifndef PORTREEVE_DOCTOR_PORT_H
#define PORTREEVE_DOCTOR_PORT_H

#include "base/loop.h"
#include "base/stream.h"
#include "doctor/findings.h"
#include "doctor/plan.h"

enum { DOCTOR_SAID_MAX = 300, DOCTOR_CALLS_MAX = 8 };

/* ---- pure ------------------------------------------------------------------------ */

/* The question to the collector. */
struct doctor_collector {
	bool asked, told;
	bool ours;                           /* it is one of this machine's roles */
	bool checked;                        /* tester.collector_check */
	struct endpoint at;
	bool taken;
	char why[DOCTOR_SAID_MAX];           /* if it was not */
};
void doctor_collector_judge(const struct doctor_collector *c, struct doctor_findings *f);

/* A call to somebody else's port. */
struct doctor_call {
	struct endpoint to;
	struct ip source;                    /* family 0: the system's choice */
	bool greeted;                        /* else it ended so: */
	enum stream_end end;
	char said[DOCTOR_SAID_MAX];          /* the first line, printable */
};
/* `host` as the operator wrote it. */
void doctor_call_judge(const struct doctor_call *c, const char *host, struct doctor_findings *f);
/* Nobody was named. */
void doctor_call_none(struct doctor_findings *f);

/* ---- on the loop ------------------------------------------------------------------- */

struct doctor_port;

/* Asks the collector at tester.collector (if there is one) and calls `n` others; the arrays are
 * filled until it is destroyed. Ends by itself within 10 s. */
struct doctor_port *doctor_port_create(struct loop *loop, const struct doctor_plan *plan,
                                       struct doctor_collector *collector,
                                       struct doctor_call *calls, size_t n);
void doctor_port_destroy(struct doctor_port *p);     /* NULL is fine */
size_t doctor_port_pending(const struct doctor_port *p);

#endif
