/* SPDX-License-Identifier: ISC
 *
 * What registries say, as data: which of them serves an address (RFC 9224), and whom it
 * names for abuse (RFC 9083). Pure; contact.c fetches.
 *
 * Hostile input: whole answers of whatever server a bootstrap, a redirect or a link led to.
 * An answer counts only for the address asked, and within what the bootstrap gave out to
 * that registry.
 */
#ifndef PORTREEVE_REPORT_RDAP_H
#define PORTREEVE_REPORT_RDAP_H

#include "report/answer.h"

enum {
	RDAP_URL_MAX = 512,
	RDAP_BOOTSTRAP_MAX_BYTES = 4 << 20,
	RDAP_ANSWER_MAX_BYTES = 1 << 20,
	RDAP_LINKS_MAX = 4,
};

/* Where the desks are told that an answer only links to (RFC 9083 4.2: rel "self" of an
 * entity with the role abuse and no mail address); each once. */
struct rdap_links {
	char urls[RDAP_LINKS_MAX][RDAP_URL_MAX];
	size_t n;
	bool http_ok;
};

/* The address's question to the registry that serves it: "https://rdap.example/ip/192.0.2.1";
 * `served` is the range that the registry answers for. https is taken before http, which
 * counts only if http_ok. ERR_INVALID: no bootstrap; ERR_NOT_FOUND: nobody serves it. */
int rdap_bootstrap_find(struct str json, const struct ip *ip, bool http_ok,
                        char url[static RDAP_URL_MAX], struct prefix *served);
/* Fills range, name and contacts (none is no error), adds links. ERR_INVALID with
 * answer->problem: no answer, or not one for this address. */
int rdap_parse(struct str json, const struct ip *ip, const struct prefix *served,
               struct contact_answer *answer, struct rdap_links *links);
/* The same for what such a link leads to: an entity, which adds its contacts. */
int rdap_entity_parse(struct str json, struct contact_answer *answer, struct rdap_links *links);
/* Whether a remark says that the address takes no mail: "a@b.example is invalid",
 * "a@b.example and c@d.example are no longer in use", "invalid: a@b.example". */
bool rdap_remark_condemns(struct str remark, struct str email);

#endif
