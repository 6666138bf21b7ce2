/* SPDX-License-Identifier: ISC
 *
 * The areas into which diff-areas.c divides all addresses. Their number is bounded, whatever the
 * configurations hold.
 */
#ifndef PORTREEVE_AUDIT_DIFF_PRIVATE_H
#define PORTREEVE_AUDIT_DIFF_PRIVATE_H

#include "audit/diff.h"

struct diff_area {
	struct audit_asker client;
	size_t around;                   /* the area around it; SIZE_MAX: none */
	bool covered;                    /* narrower areas leave nothing of it */
};

/* Sorted: what is around an area stands before it. False: there were more. */
bool diff_areas(struct audit_config *old, struct audit_config *new_, const struct facts *facts,
                struct arena *a, struct diff_area **areas, size_t *n);

#endif
