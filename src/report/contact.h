/* SPDX-License-Identifier: ISC
 *
 * Who takes abuse reports for an address: asks the configured sources, one after the
 * other, by way of the store's cache, and says of each answer whence and how old it is.
 * Nothing is asked that the configuration does not name.
 *
 * Hostile input: what sources answer. Contacts are checked as mail addresses, and those
 * that are markers, dead or our own are left out.
 */
#ifndef PORTREEVE_REPORT_CONTACT_H
#define PORTREEVE_REPORT_CONTACT_H

#include "base/loop.h"
#include "dns/resolver.h"
#include "store/store.h"
#include "report/answer.h"
#include "report/config.h"

struct contact_setup {
	struct loop *loop;
	struct dns_resolver *resolver;
	struct store *store;
	const struct report_config *config;
	int64_t now_s;
};

enum { CONTACT_SOURCES_MAX = 3 };

/* The answers in the order of the configuration; they live as long as the search. */
typedef void contact_cb(void *arg, const struct contact_answer *answers, size_t n);
struct contact_search;
/* Calls back once, from the loop, unless destroyed before. The setup is copied. */
struct contact_search *contact_search_start(const struct contact_setup *setup,
                                            const struct ip *address, contact_cb *cb, void *arg);
void contact_search_destroy(struct contact_search *search);      /* NULL is fine */

/* ---- which contact ---------------------------------------------------------- */
struct contact_filter {
	const char *const *own_domains;           /* NULL-terminated */
	const struct config_strings *ignore;
	const struct dead_contact *dead;
	size_t dead_count;
	int64_t dead_since_s;                     /* those that died by then count no more */
};

/* Whether reports may go there, or why not. Pure. */
enum contact_use {
	CONTACT_GOOD, CONTACT_OWN, CONTACT_PLACEHOLDER, CONTACT_IGNORED, CONTACT_DEAD,
};
enum contact_use contact_use(const struct contact_filter *filter, const char *email);
/* The reason in words, "" for a good one; static. */
const char *contact_use_text(enum contact_use use);
/* The first usable contact of the first answer that has one; *answer NULL if none has. */
const char *contact_choose(const struct contact_answer *answers, size_t n,
                           const struct contact_filter *filter,
                           const struct contact_answer **answer);
/* The network of the address as those answers tell it, the smallest one: "192.0.2.0-192.0.2.255".
 * If none does, its /24 or /48 as a prefix, "192.0.2.0/24": it is what reports of a day are counted
 * by, and nobody is told that this is a network. */
void contact_network(const struct contact_answer *answers, size_t n, const struct ip *address,
                     char dst[static NETWORK_MAX]);
/* Whether a source named it. */
bool contact_network_named(const char *network);

#endif
