/* SPDX-License-Identifier: ISC
 *
 * What is carried into the closed room from elsewhere: a configuration to the place where the
 * server looks for its own, and sockets of the machine that stay reachable.
 *
 * Called by files.c: sources are taken before anything of the room covers them, and put where they
 * are wanted when all else is made.
 *
 * Hostile input: the sources' files, which are neither read nor followed here; what is copied has
 * the limits of tree.h.
 */
#ifndef PORTREEVE_CLOSED_BINDS_H
#define PORTREEVE_CLOSED_BINDS_H

#include "closed/closed.h"

#include <sys/stat.h>

enum { CLOSED_BINDS_MAX = 64 };

struct closed_bound {
	const char *to;
	int taken;                       /* a mount that is nowhere yet; -1: `text` */
	struct str text;
	bool is_socket;
	struct stat st;
};

/* All zero is empty. */
struct closed_binds {
	struct closed_bound rows[CLOSED_BINDS_MAX];
	size_t n;
};

/* Sockets of the machine, before its files have layers over them (layers.h); and files, afterwards.
 * ERR_NOT_FOUND; ERR_INVALID: neither file nor directory, or no socket;
 * ERR_LIMIT; ERR_IO. *message says what. */
int closed_binds_take_sockets(const struct closed_setup *setup, struct closed_binds *binds,
                              struct buf *message);
int closed_binds_take_files(const struct closed_setup *setup, struct closed_binds *binds,
                            struct buf *message);
/* Needs the room's /dev, for copies. Errors as above; ERR_LIMIT: too large to copy. */
int closed_binds_put(const struct closed_binds *binds, struct buf *message);
void closed_binds_fini(struct closed_binds *binds);

#endif
