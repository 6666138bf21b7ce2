/* SPDX-License-Identifier: ISC
 *
 * Internationalised names (RFC 5890, 5891): the A-label of a U-label, so that both spellings of a
 * name compare as one. Pure. The names come from hostile lines: any bytes, any length.
 */
#ifndef PORTREEVE_DNS_IDN_H
#define PORTREEVE_DNS_IDN_H

#include "base/str.h"

enum { IDN_TEXT_MAX = 256 };

/* Has it any byte above 127? */
bool idn_is_wide(struct str name);

/* The name with each of its labels that has such bytes as an A-label ("xn--e1afmkfd"), and all
 * others as they are, in dst. The name itself if it has none, if a label is no valid U-label
 * or if it would not fit. */
struct str idn_ascii(struct str name, char dst[static IDN_TEXT_MAX]);

#endif
