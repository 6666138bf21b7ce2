/* SPDX-License-Identifier: ISC
 *
 * A message handed over to the gateway of this machine by its unix socket, as sendmail does it: to
 * all of its recipients or to none. Blocks; runs a loop of its own.
 *
 * Hostile input: what answers at the socket, by way of the client engine.
 */
#ifndef PORTREEVE_CLI_SUBMISSION_H
#define PORTREEVE_CLI_SUBMISSION_H

#include "cli/letter.h"
#include "smtp/params.h"

struct submission {
	const char *path;             /* of the socket */
	const char *helo;
	struct str text;              /* the message, in LF */
	const char *sender;           /* as given; "": <> */
	const char *user;             /* the caller's name on this machine */
	const char *name;             /* in full; "": not known */
	const char *const *to;        /* as given on the command line */
	size_t to_count;
	bool from_header;             /* and those that the header names */
	unsigned notify;
	enum smtp_return ret;
	struct str envid;
	int64_t now_s;
	void (*trace)(const char *arrow, struct str line);      /* NULL: nobody listens */
};

/* EX_OK: the gateway has it. Else the code of sysexits.h that fits, and in *why one line for each
 * that was refused, or why nothing came of it; nothing was taken. */
int submission_send(const struct submission *s, struct buf *why);

#endif
