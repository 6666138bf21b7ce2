/* SPDX-License-Identifier: ISC
 *
 * What a DNS zone of ours holds besides its addresses, made of the configuration once and
 * then only read. Here stands the rule on return codes: nothing outside 127.0.0.0/8, never
 * 127.0.0.1 (RFC 5782 5), never 127.255.255.x (others' convention for errors).
 */
#ifndef PORTREEVE_BLOCKLIST_ZONE_H
#define PORTREEVE_BLOCKLIST_ZONE_H

#include "blocklist/config.h"
#include "blocklist/index.h"
#include "blocklist/words.h"
#include "dns/name.h"

enum {
	BLOCKLIST_NAMESERVERS_MAX = 13, BLOCKLIST_GLUE_MAX = 16,
	BLOCKLIST_TEXT_MAX = 255,             /* one string of a TXT record */
};

struct blocklist_zone {
	enum blocklist_list list;             /* what it shows */
	struct dns_name origin;
	struct dns_name nameservers[BLOCKLIST_NAMESERVERS_MAX];   /* the first is the primary */
	size_t nameserver_count;
	struct ip glue[BLOCKLIST_GLUE_MAX];   /* of each nameserver inside the zone */
	size_t glue_count;
	struct dns_name hostmaster;
	uint32_t ttl_s, negative_ttl_s;
	struct ip code, code_word;
	char text[BLOCKLIST_TEXT_MAX + 1];    /* templates, checked */
	char text_word[BLOCKLIST_TEXT_MAX + 1];
	char text_range[BLOCKLIST_TEXT_MAX + 1];
	char url[BLOCKLIST_TEXT_MAX + 1];     /* the same, or "" */
	bool notes;                           /* `text` names reason or date */
};

bool blocklist_code_valid(const struct ip *code);

/* The zone of the list, or (output) that of the outputs. ERR_INVALID with one line in
 * *message that names the parameter and what was expected. */
int blocklist_zone_init(struct blocklist_zone *z, const struct dnsbl_config *config,
                        bool output, struct buf *message);
/* The text of an address; writes at most BLOCKLIST_TEXT_MAX bytes and returns how many.
 * `entry`: that of the list by which it is listed, itself or a range. `note`: what is known of the
 * entry; its reason is cut to what fits. By both it is the one text or the other. NULL: an address
 * was proved, and reason and date are "unknown". What the note has of how the server saw us stands
 * in brackets behind the text of an address, as far as that leaves room. Does not allocate. */
size_t blocklist_zone_text(const struct blocklist_zone *z, const struct ip *address,
                           const struct prefix *entry, const struct blocklist_note *note,
                           char dst[static BLOCKLIST_TEXT_MAX]);

/* The address, or the leading part of one, that labels in front of a zone's name stand for:
 * `labels` points at the first, in wire form, `count` of them. Each may be both. */
bool blocklist_labels_v4(const uint8_t *labels, unsigned count, struct prefix *prefix);
bool blocklist_labels_v6(const uint8_t *labels, unsigned count, struct prefix *prefix);

#endif
