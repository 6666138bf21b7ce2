/* SPDX-License-Identifier: ISC
 *
 * An audit that is repeated: what was found in lines that can be kept and compared, so that only a
 * change is told. Pure.
 *
 * Who uses it: `audit --watch`. Hostile input: names out of an audit; the file of the lines, which
 * is the caller's own.
 */
#ifndef PORTREEVE_AUDIT_WATCH_H
#define PORTREEVE_AUDIT_WATCH_H

#include "audit/report.h"

enum { WATCH_LINES_MAX = 2000, WATCH_TEXT_MAX = 256 << 10, WATCH_DIGEST_MAX = 64 };

/* Appends a line for the verdict, for each who may relay and is not sound, for what could not be
 * asked and weighs in the verdict, and for each finding that is no advice: printable ASCII alone,
 * the same as long as the audit says the same. */
void watch_lines(const struct audit_report *report, struct buf *out);

struct watch_kept {
	int64_t time_s;                  /* of the audit */
	int code;                        /* its exit code */
	char digest[WATCH_DIGEST_MAX + 1];       /* of what it depends on; "": not known */
	struct str lines;                /* of all servers; in what was parsed */
};
void watch_format(const struct watch_kept *kept, struct buf *out);
/* ERR_INVALID: it is none of ours, or broken. */
int watch_parse(struct str text, struct watch_kept *kept);
/* Whether it begins as what an audit keeps does, in this version or another one. */
bool watch_is_kept(struct str text);

/* Appends "- line" for what is no longer so, then "+ line" for what is new. Nothing where both say
 * the same. */
void watch_compare(struct str was, struct str is, struct buf *out);

#endif
