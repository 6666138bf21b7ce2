/* SPDX-License-Identifier: ISC
 *
 * What a permit may say, whoever writes it down. Pure.
 */
#ifndef PORTREEVE_STORE_PERMIT_H
#define PORTREEVE_STORE_PERMIT_H

#include "store/types.h"

enum permit_fault {
	PERMIT_GOOD,
	PERMIT_NO_GROUND,              /* consent is CONSENT_NONE */
	PERMIT_TOO_WIDE,               /* nobody can speak for whole registries' blocks */
	PERMIT_NOT_ONE,                /* who sent us mail, or is named in one, is one address */
	PERMIT_NOT_TRUSTED,            /* evidence counts only from trusted submitters */
	PERMIT_ENDED,                  /* it would end before it began */
};

/* `trusted`: p->by is a trusted submitter; `now_s`: when it is written down. */
enum permit_fault permit_check(const struct permit *p, bool trusted, int64_t now_s);
/* What was expected, in words; "" of a good one. Static. */
const char *permit_expected(enum permit_fault fault);

#endif
