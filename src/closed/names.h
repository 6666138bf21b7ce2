/* SPDX-License-Identifier: ISC
 *
 * What DNS says in the closed room: the names of askers forth and back, MX that name the server,
 * and of everything else that there is no such name, so that blocklists are empty there and an
 * audit asks nobody outside.
 *
 *     reverse names   of every address: one below `askers` that gives the address again; or a
 *                     name of its own, or none, by `reverses`. That one gives an address by its
 *                     rows alone: without any, who has it is unverified
 *     names           the rows: addresses, MX, or both; an MX row stands for the name with MX only
 *     all else        NXDOMAIN
 *
 * Who uses it: keeper.c, which has a process without rights answer at port 53 of every address
 * (serve), so that no setting of a resolver matters; the command `audit` gives the rows.
 *
 * Hostile input: queries of whatever runs in the room.
 */
#ifndef PORTREEVE_CLOSED_NAMES_H
#define PORTREEVE_CLOSED_NAMES_H

#include "base/ip.h"

struct closed_name {
	const char *name;
	struct ip address;               /* family 0: none by this row */
	const char *mx;                  /* NULL: none by this row; the first is preferred */
};

struct closed_reverse {
	struct ip address;
	const char *name;                /* any, "localhost" too; NULL: the address has none */
};

struct closed_names {
	const char *askers;              /* a domain that is nobody's: "asker.example" */
	const struct closed_name *names;
	size_t name_n;
	const struct closed_reverse *reverses;
	size_t reverse_n;
};

enum { CLOSED_ANSWER_MAX = 1232 };

/* Answers one query into dst; 0: it deserves none. Pure. */
size_t closed_names_answer(const struct closed_names *names, struct str query,
                           uint8_t dst[static CLOSED_ANSWER_MAX]);

/* Forks the process that answers, in the namespaces of whoever calls. It keeps none of the
 * caller's descriptors. ERR_DENIED: a port cannot be had; ERR_IO. */
int closed_names_serve(const struct closed_names *names);

#endif
