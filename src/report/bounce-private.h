/* SPDX-License-Identifier: ISC
 *
 * What a bounce is made of: its parts, decoded, and the fields of a delivery status.
 */
#ifndef PORTREEVE_REPORT_BOUNCE_PRIVATE_H
#define PORTREEVE_REPORT_BOUNCE_PRIVATE_H

#include "report/bounce.h"

/* Zero-initialised is empty and valid. */
struct bounce_parts {
	struct buf status;           /* message/delivery-status, or global-delivery-status */
	struct buf text;             /* the first text, in UTF-8 */
	struct buf all;              /* every part, decoded */
	bool is_receipt;             /* MDN (RFC 8098), or a feedback report: no bounce */
};
void bounce_parts_read(struct bounce_parts *p, struct str message);
void bounce_parts_fini(struct bounce_parts *p);

/* The fields of one recipient, without folds, comments, types and brackets. Zero-initialised is
 * empty and valid. */
struct bounce_group {
	struct buf recipient, status, action, text;
	bool final;                  /* the recipient is Final-Recipient's */
};
/* Reads the next group off the text; false at the end. */
bool bounce_group_next(struct str *rest, struct bounce_group *g);
void bounce_group_fini(struct bounce_group *g);

#endif
