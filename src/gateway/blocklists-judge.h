/* SPDX-License-Identifier: ISC
 *
 * The pure half of the blocklists: entries as they stand in the configuration, when the answers so
 * far settle a client's case, and the text of the refusal.
 */
#ifndef PORTREEVE_GATEWAY_BLOCKLISTS_JUDGE_H
#define PORTREEVE_GATEWAY_BLOCKLISTS_JUDGE_H

#include "dns/name.h"
#include "gateway/blocklists.h"

enum {
	BLOCKLIST_CODES_MAX = 16, BLOCKLIST_WEIGHT_MAX = 1000, BLOCKLIST_KEY_MAX = 120,
	BLOCKLIST_ZONE_MAX = 254,
	BLOCKLIST_TEMPLATE_MAX = 400,
};

/* ---- an entry ---------------------------------------------------------------------------- */

/* "relays.example.org weight=2 codes=127.0.0.2-11,127.0.0.14 key=abc123": the key of a paying
 * customer stands in front of the zone in each question, and nowhere else. */
struct blocklist_entry {
	char zone[BLOCKLIST_ZONE_MAX];
	char key[BLOCKLIST_KEY_MAX];          /* "": none */
	struct dns_name asked;                /* key and zone */
	int weight;
	struct blocklist_codes { struct ip first; uint8_t last; } codes[BLOCKLIST_CODES_MAX];
	size_t code_count;
};

/* ERR_INVALID with what was expected, static; no key is in it. */
int blocklist_entry_parse(struct str text, struct blocklist_entry *out, const char **expected);
/* Whether one of the answer's codes counts. */
bool blocklist_entry_counts(const struct blocklist_entry *e, const struct ip *codes, size_t n);

/* ---- what the answers say together ------------------------------------------------------- */

enum blocklist_said { BLOCKLIST_PENDING, BLOCKLIST_NO, BLOCKLIST_YES };
struct blocklist_vote {
	bool allows;                          /* of an allow-list */
	int weight;
	enum blocklist_said said;
};
enum blocklist_case { BLOCKLIST_OPEN, BLOCKLIST_CLEAR, BLOCKLIST_ALLOWED, BLOCKLIST_LISTED };

/* OPEN as long as an answer that is still pending may change the outcome: an allow-list outweighs
 * all others, so it is waited for where the others would list. *weight: of those that match. */
enum blocklist_case blocklist_settle(const struct blocklist_vote *votes, size_t n, int threshold,
                                     int *weight);
/* The heaviest that lists, the first of equal ones: whose words the client is given. n: none. */
size_t blocklist_spokesman(const struct blocklist_vote *votes, size_t n);

/* ---- the refusal --------------------------------------------------------------------------- */

/* NULL, or what was expected of a template. */
const char *blocklist_template_check(struct str text);
/* {address}, {list} and {reason} filled in: printable ASCII, one line, cut at its end. A key that
 * the list gives back in its reason is "***" there. */
void blocklist_text(struct str text, const struct ip *address, const struct blocklist_entry *list,
                    struct str reason, char out[static GATEWAY_LISTED_TEXT_MAX]);

/* Whether a client is asked about: not one of this machine or of a private network. */
bool blocklist_asks_about(const struct ip *client);

#endif
