/* SPDX-License-Identifier: ISC
 *
 * Asks the registries about one address: the bootstrap says which of them serves it
 * (RFC 9224), its answer names the desk (RFC 9083), or links to where it is told. Called by
 * contact.c, which keeps the answer.
 *
 * Hostile input: all that is fetched. A bootstrap, a redirect or a link cannot lead to
 * where rdap-fetch.h does not go, nor to more than a few places.
 */
#ifndef PORTREEVE_REPORT_RDAP_SEARCH_H
#define PORTREEVE_REPORT_RDAP_SEARCH_H

#include "report/contact.h"

struct rdap_search;
/* `settled`: the answer is one (be it "nobody"), and worth keeping; else answer->problem
 * says what went wrong. */
typedef void rdap_search_cb(void *arg, bool settled);
/* Fills *answer, which the caller keeps, then calls back once, from the loop; the search is
 * gone when that returns. The setup is copied. */
struct rdap_search *rdap_search_start(const struct contact_setup *setup, const struct ip *address,
                                      struct contact_answer *answer, rdap_search_cb *cb,
                                      void *arg);
void rdap_search_destroy(struct rdap_search *s);         /* NULL is fine */

#endif
