/* SPDX-License-Identifier: ISC
 *
 * What the doctor has found, in the order in which it is told: a status, what it is about, what
 * was found and expected, and the line to run or to paste. Pure.
 *
 * Hostile input: names and texts of DNS answers and of mail servers come in escaped.
 */
#ifndef PORTREEVE_DOCTOR_FINDINGS_H
#define PORTREEVE_DOCTOR_FINDINGS_H

#include "base/arena.h"
#include "base/json.h"

enum doctor_status {
	DOCTOR_OK,
	DOCTOR_MISSING,      /* it is not there */
	DOCTOR_DIFFERS,      /* something else is there */
	DOCTOR_WRONG,        /* it does not work */
	DOCTOR_BETTER,       /* all goes on without it */
	DOCTOR_UNKNOWN,      /* it could not be found out from here, or now */
};
const char *doctor_status_name(enum doctor_status status);     /* "ok"; never NULL */

struct doctor_finding {
	enum doctor_status status;
	const char *part;            /* "dns", "port", "clock", "mail", "owner"; static */
	const char *about;           /* "MX of example.net" */
	const char *text;
	const char *todo;            /* a command, or a line of a zone file; "" for none */
};

struct doctor_findings {
	struct arena *arena;         /* holds the texts, and outlives it */
	struct doctor_finding *v;
	size_t n, cap;
};

void doctor_findings_fini(struct doctor_findings *f);
/* Texts are copied; todo may be NULL. */
void doctor_find(struct doctor_findings *f, enum doctor_status status, const char *part,
                 const char *about, const char *todo, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* 0: nothing must be done. 1: something must be. 2: nothing, as far as it could be found out. */
enum { DOCTOR_EXIT_TODO = 1, DOCTOR_EXIT_UNKNOWN = 2 };
int doctor_exit_code(const struct doctor_findings *f);

/* Adds part, about, status, text and todo to the object that is open. */
void doctor_finding_json(const struct doctor_finding *f, struct json *j);

#endif
