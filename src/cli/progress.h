/* SPDX-License-Identifier: ISC
 *
 * A progress bar on stderr, if that is a terminal; nothing otherwise. No thread
 * and no timer: it is drawn when told, at most ten times a second.
 */
#ifndef PORTREEVE_CLI_PROGRESS_H
#define PORTREEVE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *label;           /* kept by reference */
	uint64_t total;              /* 0: unknown */
	int64_t started_ms, drawn_ms;
	uint64_t before;             /* done by an earlier run (a resumed scan): not in the rate */
	bool on;
};

void progress_init(struct progress *p, const char *label, uint64_t total, int64_t now_ms);
/* `remark` (may be NULL) stands behind the numbers. Monotonic milliseconds. */
void progress_update(struct progress *p, uint64_t done, const char *remark, int64_t now_ms);
/* Wipes the line, so that what is printed next starts clean; the next update draws it again. */
void progress_wipe(struct progress *p);

/* The line itself, without control characters, at most `columns` wide. Pure. */
void progress_format(const struct progress *p, uint64_t done, const char *remark, int64_t now_ms,
                     unsigned columns, char *dst, unsigned size);

#endif
