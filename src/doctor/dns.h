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
	bool alias;                          /* it is another name's (CNAME) */
};

struct doctor_zone_answers {
	struct doctor_answer listed, free;   /* 127.0.0.2 and 127.0.0.1 in it, by the resolver */
	struct doctor_answer own;            /* the first, at our own server */
	bool own_asked;                      /* it is one of this machine's roles */
};

/* Of a domain of the gateway. */
struct doctor_mail_answers {
	struct doctor_answer mx, spf;
	struct doctor_answer ips[DOCTOR_NAMES_MAX];      /* of the mail exchangers */
	struct doctor_answer own;            /* its own addresses, which count where it has none */
};

/* As the plan has its domains, sources, collectors, zones and ways. */
struct doctor_dns {
	struct doctor_answer mx[DOCTOR_DOMAINS];
	struct doctor_answer mx_ips[DOCTOR_DOMAINS][DOCTOR_NAMES_MAX];
	struct doctor_answer helo;
	struct doctor_answer source_ptr[DOCTOR_IPS_MAX], collector_ptr[DOCTOR_IPS_MAX];
	struct doctor_answer helo_spf, spf[DOCTOR_DOMAINS];
	struct doctor_zone_answers zones[DOCTOR_ZONES_MAX];
	struct doctor_mail_answers mail[DOCTOR_MAIL_DOMAINS];
	struct doctor_answer ways[DOCTOR_WAYS_MAX];
};

void doctor_dns_judge(const struct doctor_plan *plan, const struct doctor_dns *dns,
                      struct doctor_findings *f);

/* dns-mail.c: of the gateway's domains and of the hosts that their mail goes on to. */
void doctor_mail_judge(const struct doctor_plan *plan, const struct doctor_dns *dns,
                       struct doctor_findings *f);
/* Whether an exchanger of a domain, whose addresses these are, is this machine: by its name, its
 * addresses or those of its name. */
bool doctor_mail_is_here(const struct doctor_plan *plan, const struct doctor_dns *dns,
                         const char *name, const struct doctor_answer *ips);

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
