/* SPDX-License-Identifier: ISC
 *
 * The line that the service manager shows of us (STATUS= in sd_notify(3)), and when it is told.
 * Pure: time comes in.
 */
#ifndef PORTREEVE_ROLES_STATUSLINE_H
#define PORTREEVE_ROLES_STATUSLINE_H

#include "settings/running.h"

enum {
	STATUSLINE_GAP_MS = 350,                /* between two, at least */
	STATUSLINE_COUNT_MS = 1000,             /* while it counts seconds down */
	STATUSLINE_MAX = 600,                   /* octets */
};

/* Appends the line, without its end: who runs, then who does not and why, then what is wrong beside
 * that, then the list. "3 roles run: tester, collector, dnsbl; 12,345 listed, serial 678". Of
 * printable characters. */
void statusline_format(const struct running *r, int64_t now_s, struct buf *out);
/* In how many milliseconds it is to be told again: told_ms is when it last was. `changed`: since
 * then. */
int64_t statusline_wait_ms(const struct running *r, bool changed, int64_t told_ms, int64_t now_ms);

#endif
