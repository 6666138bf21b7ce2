/* SPDX-License-Identifier: ISC
 *
 * What the judgements of DNS answers share (dns.c, and for the gateway's domains dns-mail.c): words
 * of findings.
 */
#ifndef PORTREEVE_DOCTOR_DNS_PRIVATE_H
#define PORTREEVE_DOCTOR_DNS_PRIVATE_H

#include "doctor/dns.h"

/* What could not be found out is no fault of the records. */
static inline bool doctor_is_none(const struct doctor_answer *a)
{
	return a->status == DNS_NODATA || a->status == DNS_NXDOMAIN;
}

const char *doctor_words(enum dns_status s);
/* Separated by commas; names are escaped. */
void doctor_list_ips(const struct ip *list, size_t n, struct buf *out);
void doctor_list_names(const struct doctor_answer *a, struct buf *out);
/* A line of a zone file; of the findings' arena. */
const char *doctor_line(struct doctor_findings *f, const char *name, const char *type,
                     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
const char *doctor_address_line(struct doctor_findings *f, const char *name, const struct ip *ip);
void doctor_judge_spf(const struct doctor_plan *plan, const char *domain,
                   const struct doctor_answer *a, struct doctor_findings *f);

#endif
