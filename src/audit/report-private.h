/* SPDX-License-Identifier: ISC
 *
 * What the files share that say an audit's report: words, and what stands in one row.
 */
#ifndef PORTREEVE_AUDIT_REPORT_PRIVATE_H
#define PORTREEVE_AUDIT_REPORT_PRIVATE_H

#include "audit/report.h"

/* "clear", "starttls", "tls". */
const char *audit_tls_name(enum audit_tls tls);
/* "unsaid", "refused", "refused-else", "taken". */
const char *audit_said_name(enum audit_said said);
/* "25", "587 STARTTLS", "465 TLS". */
const char *audit_port_words(struct arena *a, uint16_t port, enum audit_tls tls);
/* "/etc/postfix/main.cf:23"; "(default)" of a setting that no file has. */
const char *audit_place_words(struct arena *a, const struct audit_place *place);
/* The text of the line in about `max` bytes at most; `needle`, if it is there, stays in it. */
struct str audit_excerpt(struct arena *a, const char *text, const char *needle, size_t max);
/* What is taken, short: "everything". And the forms, where these are odd ones; "". */
const char *audit_takes_words(const struct audit_who *who);
const char *audit_forms_words(struct arena *a, const struct audit_who *who);
bool audit_takes_plain(const struct audit_who *who);

#endif
