/* SPDX-License-Identifier: ISC
 *
 * The machine: whose the files are, whether roles listen, whether the clock is right. The
 * judgement is pure; machine-look.c gets the facts, as root if we are root, and changes nothing.
 *
 * Hostile input: the state directory's owner can plant what he likes in it; it is only looked at.
 */
#ifndef PORTREEVE_DOCTOR_MACHINE_H
#define PORTREEVE_DOCTOR_MACHINE_H

#include "doctor/findings.h"
#include "settings/ownership.h"
#include "settings/settings.h"
#include "store/clock.h"

#include <sys/stat.h>

enum { DOCTOR_FILES = 2, DOCTOR_SOCKETS_MAX = 48 };

/* ---- files ------------------------------------------------------------------------- */

/* Of the operator, read by the supervisor. */
struct doctor_file {
	const char *parameter, *path;        /* path NULL: none is configured */
	bool secret;
	struct ownership_user owner;
	unsigned gid, mode;
};

struct doctor_owner {
	bool root;                           /* we are: else roles stay who starts them */
	bool nobody;                         /* the user is who stands in for "portreeve" */
	bool there;                          /* the state directory */
	struct ownership facts;
	unsigned mode, keys_mode;            /* keys_mode 0: there are none, or not to be seen */
	struct doctor_file files[DOCTOR_FILES];
};
void doctor_owner_judge(const struct doctor_owner *o, struct doctor_findings *f);

/* ---- sockets ----------------------------------------------------------------------- */

enum doctor_bound {
	DOCTOR_FREE,         /* nobody listens */
	DOCTOR_TAKEN,
	DOCTOR_DENIED,       /* it is not ours to try */
	DOCTOR_NO_ADDRESS,   /* no address of this machine now */
};

struct doctor_socket {
	const char *parameter, *role;        /* "collector.listen", "collector" */
	struct endpoint at;
	enum doctor_bound state;
	char holder[32];                     /* the process that has it; "": not known */
};
/* Whether the gateway's sockets have the ports at which others look for them. */
void doctor_ports_judge(const struct gateway_config *g, struct doctor_findings *f);
void doctor_sockets_judge(const struct doctor_socket *v, size_t n, struct doctor_findings *f);

/* ---- the clock ---------------------------------------------------------------------- */

struct doctor_clock {
	int64_t now_s, jump_max_s;
	bool kernel_known, synchronised;
	bool has_store;                      /* else `why` says why not */
	bool first_start;                    /* there is none yet */
	struct store_clock store;
	const char *why;
};
void doctor_clock_judge(const struct doctor_clock *c, struct doctor_findings *f);

/* ---- what the machine says: these ask it ----------------------------------------------- */

/* The settings outlive the facts. */
void doctor_owner_look(const struct settings *s, struct doctor_owner *o);
/* Tries to bind what the roles of this machine listen on, and lets go at once; how many. */
size_t doctor_sockets_look(const struct settings *s, struct doctor_socket v[DOCTOR_SOCKETS_MAX]);
/* The kernel's word on the clock, and the time; not the store's. */
void doctor_clock_look(const struct settings *s, struct doctor_clock *c);
/* The addresses that the system would choose towards the Internet, one a family; how many.
 * Nothing is sent. */
size_t doctor_sources_look(struct ip found[2]);

#endif
