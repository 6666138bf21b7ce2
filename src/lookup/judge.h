/* SPDX-License-Identifier: ISC
 *
 * What a blocklist's answer means: the pure half of asking one. No error of a list, and no
 * answer that a list cannot mean, is ever taken for "listed" (RFC 5782, RFC 6471).
 *
 * Hostile input that reaches it: what a list, or whoever took over its domain, answers.
 */
#ifndef PORTREEVE_LOOKUP_JUDGE_H
#define PORTREEVE_LOOKUP_JUDGE_H

#include "dns/resolver.h"

enum lookup_verdict { LOOKUP_NOT_LISTED, LOOKUP_LISTED, LOOKUP_SICK };
const char *lookup_verdict_name(enum lookup_verdict v);     /* "not listed"; never NULL */

enum { LOOKUP_PROBLEM_MAX = 160 };

/* Reads the answer to an A query. With LOOKUP_SICK *problem says why in one line; else it is "". */
enum lookup_verdict lookup_judge(const struct dns_result *answer,
                                 char problem[static LOOKUP_PROBLEM_MAX]);
/* Whether the list works, from its answers for the two entries below (RFC 5782 5): the
 * first must be listed, the second must not. */
bool lookup_judge_health(const struct dns_result *listed, const struct dns_result *unlisted,
                         char problem[static LOOKUP_PROBLEM_MAX]);
struct ip lookup_test_listed(uint8_t family);               /* 127.0.0.2, ::ffff:127.0.0.2 */
struct ip lookup_test_unlisted(uint8_t family);             /* 127.0.0.1, ::ffff:127.0.0.1 */

#endif
