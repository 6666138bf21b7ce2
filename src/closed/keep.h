/* SPDX-License-Identifier: ISC
 *
 * Files below directories that the room has in memory (closed_setup.trees), which are there all the
 * same: certificates and keys in /run/secrets, say. They keep owner and mode, and stand where their
 * links lead.
 *
 * Called by files.c: all are opened before the first tree covers them, and put when all are made.
 *
 * Hostile input: the files, which are copied within the limits of tree.h, not read.
 */
#ifndef PORTREEVE_CLOSED_KEEP_H
#define PORTREEVE_CLOSED_KEEP_H

#include "closed/closed.h"

/* All zero is empty. */
struct closed_keep {
	struct {
		char *path;              /* without links */
		int from;
	} rows[CLOSED_KEPT_MAX];
	size_t n;
};

/* What is not there, and what is no file, is left. */
void closed_keep_open(const struct closed_setup *setup, struct closed_keep *keep);
/* Those that are not there: others no tree has covered. *left_out gets a line "PATH: why" for one
 * that cannot be put. */
void closed_keep_put(const struct closed_keep *keep, struct buf *left_out);
void closed_keep_fini(struct closed_keep *keep);

#endif
