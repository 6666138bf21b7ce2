/* SPDX-License-Identifier: ISC
 *
 * The signs by which a local part holds a foreign address (AUDIT_BY_ROUTES of setting.h), in the
 * patterns of a configuration. Any text may come.
 */
#ifndef PORTREEVE_AUDIT_SIGNS_PRIVATE_H
#define PORTREEVE_AUDIT_SIGNS_PRIVATE_H

#include "audit/setting.h"

/* A pattern or expansion looks for that one sign: it stands there, and not to be left out. */
bool sign_is_in(struct str text, unsigned sign);

#endif
