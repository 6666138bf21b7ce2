/* SPDX-License-Identifier: ISC
 *
 * Which descriptors a process has. Call it before anything else is opened, or between fork()
 * and exec(): what the process has open besides is closed.
 */
#ifndef PORTREEVE_BASE_DESCRIPTORS_H
#define PORTREEVE_BASE_DESCRIPTORS_H

#include "base/err.h"

#include <stddef.h>

enum { DESCRIPTORS_FIRST = 3 };      /* the first that is not a standard one */

/* Makes sure that 0, 1 and 2 are open, so that no file gets one of these numbers and is then
 * read or written by mistake. One that was closed gives no input (0), fails when it is written, as
 * it did before (1), or takes all and keeps nothing (2). ERR_IO: /dev/null cannot be opened. */
int descriptors_standard(void);

/* Standard input and output become /dev/null, the n descriptors in `fds` get the numbers from
 * DESCRIPTORS_FIRST on, in their order and to outlive exec(), and all others but standard
 * error are closed. If that is a terminal, it can only be written. ERR_IO (one of them is not
 * open, or there are too many): then the caller gives up. */
int descriptors_hand_over(const int *fds, size_t n);

/* Closes all but the standard ones. */
void descriptors_close_others(void);

#endif
