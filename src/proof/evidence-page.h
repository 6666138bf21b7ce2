/* SPDX-License-Identifier: ISC
 *
 * Evidence as a page for whoever must understand and judge it: an admin who was refused, an
 * abuse desk, a court. What was tested and found, what that means, how it was shown, and whether
 * the signature holds. Pure; called by `evidence show`.
 *
 * Hostile input that reaches it: all of the payload. If the signature was not checked or is not
 * good, anybody may have written it, and the page says so before all else.
 */
#ifndef PORTREEVE_PROOF_EVIDENCE_PAGE_H
#define PORTREEVE_PROOF_EVIDENCE_PAGE_H

#include "proof/page.h"

#include <jansson.h>

enum evidence_check { EVIDENCE_GOOD, EVIDENCE_UNCHECKED, EVIDENCE_BAD };

/* How long the bundle stays where it is. */
enum evidence_stay {
	EVIDENCE_STAYS_FILE,                 /* it is a file, and its owner's */
	EVIDENCE_STAYS_LISTED,               /* the address is listed, */
	EVIDENCE_STAYS_UNLISTED,             /* or is not */
};

struct evidence_reading {
	const json_t *payload;               /* what was signed; NULL: it cannot be read */
	const char *id, *key_id;
	enum evidence_check check;
	const char *why;                     /* it is not good; else NULL */
	const char *key;                     /* with which it was checked, in words */
	enum evidence_stay stay;
	int64_t keep_s;                      /* of what is not listed any more */
};

/* Page and texts live in the arena. */
void evidence_page(const struct evidence_reading *reading, struct arena *arena, struct page *page);

#endif
