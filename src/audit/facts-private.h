/* SPDX-License-Identifier: ISC
 *
 * What the parsers of facts share: arrays that grow in the arena, chains, rules and their matches
 * as they are built up.
 */
#ifndef PORTREEVE_AUDIT_FACTS_PRIVATE_H
#define PORTREEVE_AUDIT_FACTS_PRIVATE_H

#include "audit/facts.h"

/* An array with room for one more behind its n elements, zeroed. `v` grew only by this. */
void *facts_grow(struct arena *a, void *v, size_t n, size_t size_bytes);
#define FACTS_GROW(a, v, n) ((v) = facts_grow((a), (v), (n), sizeof(*(v))))

/* Counts n comparisons; false when all that may be made in one reading were. */
bool facts_may_search(struct facts *f, size_t n);

/* Notes what was not understood; `what` and `why` are static or of the arena. */
void facts_unread(struct facts *f, const char *what, const char *why);
/* A text of foreign bytes that people can be shown: escaped, cut to a few hundred bytes. */
const char *facts_shown(struct facts *f, struct str s);

/* Sets `elsewhere` of all who listen, in bounded time. */
void facts_find_elsewhere(struct facts *f);

/* The value of a variable in /proc/PID/environ, words that end with NUL. */
bool facts_variable(struct str environ_, const char *name, struct str *value);

/* The chain of that name, made if it is new; NULL above the limit. */
struct facts_chain *facts_chain_of(struct facts *f, const char *source, unsigned family,
                                   struct str table, struct str name);
/* Another rule of the chain; NULL above the limit. */
struct facts_rule *facts_add_rule(struct facts *f, struct facts_chain *chain,
                                  const struct facts_rule *rule);
/* Another condition of the rule. */
struct facts_match *facts_add_match(struct facts *f, struct facts_rule *rule,
                                    enum facts_field field, bool negated);
/* Another value of the condition: false above the limit. */
bool facts_add_name(struct facts *f, struct facts_match *m, struct str name);
bool facts_add_span(struct facts *f, struct facts_match *m, const struct facts_span *span);
/* "192.0.2.0/24", "192.0.2.1", "192.0.2.1-192.0.2.9", host bits or not. */
bool facts_parse_span(struct str s, struct facts_span *span);
/* "25", "25:30", "25-30". */
bool facts_parse_ports(struct str s, struct facts_span *span);
/* "192.0.2.1", ":25", "192.0.2.1:25-30", "[2001:db8::1]:25"; of a range its first. */
bool facts_parse_target(struct str s, struct endpoint *to);
/* Decimal or hexadecimal ("0x4000"). */
bool facts_parse_number(struct str s, uint32_t *value);

/* Whether it gives packets another destination. */
bool facts_leads_on(const struct facts_rule *rule);
/* Gives it that. */
void facts_lead(const struct facts *f, const struct facts_rule *rule, struct facts_packet *packet);
/* Ports, each once. */
enum { FACTS_PORTS_MAX = 256 };
struct facts_ports {
	uint16_t v[FACTS_PORTS_MAX];
	size_t n;
	bool cut;                        /* there are more */
};
bool facts_ports_have(const struct facts_ports *ports, uint32_t port);
void facts_ports_add(struct facts_ports *ports, uint32_t port);
/* Adds all ports at which a way to one of them may begin: that a rule or a program leads on. */
void facts_ports_trace(struct facts *f, struct facts_ports *ports);

#endif
