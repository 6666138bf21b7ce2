/* SPDX-License-Identifier: ISC
 *
 * Asking a blocklist about an address, as a mail server does, and about its own health in
 * the same breath. Never blocks; what the answers mean is lookup/judge.h's.
 */
#ifndef PORTREEVE_LOOKUP_LOOKUP_H
#define PORTREEVE_LOOKUP_LOOKUP_H

#include "base/json.h"
#include "lookup/judge.h"

/* Valid during the callback; texts are the network's: escape them. */
struct lookup_report {
	struct ip address;
	struct str zone;                 /* as asked, without the last dot */
	enum lookup_verdict verdict;     /* LOOKUP_SICK if the list is, whatever it says */
	char problem[LOOKUP_PROBLEM_MAX];/* "" unless LOOKUP_SICK */
	const struct ip *codes;          /* the A records, also of a sick list */
	size_t code_count;
	const struct str *texts;         /* the TXT records of a listed address */
	size_t text_count;
};

struct lookup;
typedef void lookup_cb(void *arg, const struct lookup_report *report);

/* Calls back once, from the loop, unless it is cancelled; then the lookup is gone. ERR_INVALID if
 * the zone is no domain name, ERR_LIMIT if the name becomes too long. */
int lookup_start(struct dns_resolver *resolver, struct str zone, const struct ip *address,
                 lookup_cb *cb, void *arg, struct lookup **l);
void lookup_cancel(struct lookup *l);                       /* NULL is fine */

/* Adds address, zone, result, codes, text (as escaped ASCII) and the problem of a sick list to
 * the object that is open. */
void lookup_report_json(const struct lookup_report *report, struct json *j);

#endif
