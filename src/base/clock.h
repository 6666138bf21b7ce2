/* SPDX-License-Identifier: ISC
 *
 * The two clocks. Only shells (roles/, cli/, and the socket halves of a room)
 * read them; pure code takes the time as an argument.
 */
#ifndef PORTREEVE_BASE_CLOCK_H
#define PORTREEVE_BASE_CLOCK_H

#include "base/err.h"
#include "base/str.h"

int64_t clock_now_s(void);       /* Unix seconds */
int64_t clock_now_ms(void);      /* Unix milliseconds */
int64_t clock_mono_ms(void);     /* never goes back; no meaning across boots */
int64_t clock_boot_ms(void);     /* the same, and goes on while the machine is suspended */

/* The time of what has happened, as it may be counted with: a clock that was wrong may have
 * written one that is still ahead, and that counts as now. */
static inline int64_t clock_past(int64_t time_s, int64_t now_s)
{
	return time_s < now_s ? time_s : now_s;
}

enum { CLOCK_TEXT_MAX = 40 };
/* "2026-11-21T21:09:19Z" */
char *clock_format(int64_t time_s, char dst[static CLOCK_TEXT_MAX]);
/* "Sat, 21 Nov 2026 21:09:19 +0000" (RFC 5322 3.3) */
char *clock_format_mail(int64_t time_s, char dst[static CLOCK_TEXT_MAX]);
/* "2026-11-21" (midnight UTC) or "2026-11-21T21:09:19Z". */
int clock_parse(struct str s, int64_t *time_s, struct parse_error *pe);

#endif
