/* SPDX-License-Identifier: ISC
 *
 * A fault that lasts, for the log: what is met again at each turn of a loop is said when it begins,
 * once a minute while it lasts, and when it is over. One that comes and goes begins once a minute,
 * too. Pure: time is the caller's, in milliseconds by a clock that never goes back.
 */
#ifndef PORTREEVE_BASE_FAULT_H
#define PORTREEVE_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum { FAULT_SAID_EVERY_MS = 60 * 1000 };

/* All zero: there was none. Its members are its own. */
struct fault {
	bool lasts;
	bool told, told_before;          /* of this one; of any */
	int64_t began_ms, told_ms;       /* told_ms: when the log last said that it is there */
};

/* It is met, for the first time or again. Whether the log is to say so. */
bool fault_met(struct fault *f, int64_t now_ms);
/* It is not there, or not any more. Whether the log is to say that it is over: it was told that
 * there is one. *lasted_ms: since it began. */
bool fault_over(struct fault *f, int64_t now_ms, int64_t *lasted_ms);

#endif
