/* SPDX-License-Identifier: ISC
 *
 * The halves of the sandbox: paths and the like (sandbox.c), system calls (sandbox-calls.c).
 */
#ifndef PORTREEVE_BASE_SANDBOX_PRIVATE_H
#define PORTREEVE_BASE_SANDBOX_PRIVATE_H

#include "base/sandbox.h"

/* The filter of system calls, for good. no_new_privs must be set. ERR_DENIED. */
int sandbox_limit_calls(const struct sandbox *box, struct buf *message);

#endif
