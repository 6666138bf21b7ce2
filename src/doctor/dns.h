/* SPDX-License-Identifier: ISC
 *
 * What the DNS says, against what the plan needs: facts in, findings out. Pure; dns-ask.c gets
 * the facts.
 *
 * Hostile input: names and texts of answers, any bytes; they are escaped here.
 */
#ifndef PORTREEVE_DOCTOR_DNS_H
#define PORTREEVE_DOCTOR_DNS_H

#include "dns/resolver.h"
#include "doctor/findings.h"
#include "doctor/plan.h"

enum { DOCTOR_NAMES_MAX = 4, DOCTOR_TEXT_MAX = 512 };

/* One answer, cut to what is looked at. As long as there is none it is a time-out. */
struct doctor_answer {
	enum dns_status status;
	struct ip ips[DOCTOR_IPS_MAX];
	size_t ip_count;
	char names[DOCTOR_NAMES_MAX][DOCTOR_NAME_MAX];   /* of MX, by preference, or PTR */
	size_t name_count;
	char texts[DOCTOR_NAMES_MAX][DOCTOR_TEXT_MAX];   /* of TXT, those that are SPF */
	size_t text_count;
};

struct doctor_zone_answers {
	struct doctor_answer listed, free;   /* 127.0.0.2 and 127.0.0.1 in it, by the resolver */
	struct doctor_answer own;            /* the first, at our own server */
	bool own_asked;                      /* it is one of this machine's roles */
};

/* As the plan has its domains, sources, collectors and zones. */
struct doctor_dns {
	struct doctor_answer mx[DOCTOR_DOMAINS];
	struct doctor_answer mx_ips[DOCTOR_DOMAINS][DOCTOR_NAMES_MAX];
	struct doctor_answer helo;
	struct doctor_answer source_ptr[DOCTOR_IPS_MAX], collector_ptr[DOCTOR_IPS_MAX];
	struct doctor_answer helo_spf, spf[DOCTOR_DOMAINS];
	struct doctor_zone_answers zones[DOCTOR_ZONES_MAX];
};

void doctor_dns_judge(const struct doctor_plan *plan, const struct doctor_dns *dns,
                      struct doctor_findings *f);

enum doctor_spf {
	DOCTOR_SPF_PASS, DOCTOR_SPF_FAIL,
	DOCTOR_SPF_OTHER,                    /* it takes more questions to know */
	DOCTOR_SPF_BROKEN,
};
/* Whether a record of RFC 7208 at `domain` lets the address through; of the mechanisms only all,
 * ip4, ip6, and a and mx that mean the plan's own names, are followed. */
enum doctor_spf doctor_spf_judge(const struct doctor_plan *plan, struct str record,
                                 struct str domain, const struct ip *ip);

#endif
