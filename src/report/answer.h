/* SPDX-License-Identifier: ISC
 *
 * What one source says of an address: its network, its name and who takes reports about it.
 * Each source's reader fills one (rdap.h, abusix_parse(), cymru_parse()); contact.h asks and
 * chooses. Pure.
 *
 * Hostile input that reaches it: what sources answer. Only what is a mail address becomes a
 * contact, and only printable ASCII a name.
 */
#ifndef PORTREEVE_REPORT_ANSWER_H
#define PORTREEVE_REPORT_ANSWER_H

#include "base/json.h"
#include "store/types.h"

enum { CONTACT_EMAILS_MAX = 8, CONTACT_NAME_MAX = 128 };

struct contact_answer {
	const char *source;                       /* "rdap", "abusix", "cymru"; static */
	struct ip first, last;                    /* the network; family 0: not told */
	char name[CONTACT_NAME_MAX];              /* of the network; printable ASCII, or "" */
	uint32_t asn;                             /* 0: not told */
	char emails[CONTACT_EMAILS_MAX][CONTACT_MAX];
	size_t email_count;
	int64_t fetched_s;
	bool cached;
	char problem[160];                        /* why there is no answer, or "" */
};

/* Adds a contact if it is a mail address and not there yet. */
void contact_add(struct contact_answer *answer, struct str email);
/* Copies what may be shown. */
void contact_name(struct contact_answer *answer, struct str name);
/* As kept in the cache. */
void contact_format(const struct contact_answer *answer, struct buf *out);
int contact_parse(struct str json, struct contact_answer *answer);
/* For --json; adds to the object that is open. */
void contact_answer_json(const struct contact_answer *answer, struct json *j);
/* TXT records of the two zones; ERR_INVALID with answer->problem. */
int abusix_parse(const struct str *texts, size_t n, const struct ip *ip,
                 struct contact_answer *answer);
int cymru_parse(const struct str *texts, size_t n, const struct ip *ip,
                struct contact_answer *answer);
/* The first and last address of a prefix. */
void contact_range(const struct prefix *p, struct ip *first, struct ip *last);

#endif
