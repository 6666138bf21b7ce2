/* SPDX-License-Identifier: ISC
 *
 * By which address a server saw a client whose address is known, and what that tells. A server
 * that sees strangers by a private address, by the loopback or by its own network cannot tell them
 * from its own people: their address was lost before it (causes C1 to C5). Pure: addresses in,
 * constant words of ours out.
 *
 * Who uses it: whatever reads what a server wrote down of us (a Received line, a log), and whatever
 * shows that. The address that was seen is the server's word: nothing but its own listing, page
 * and letter ever rests on it.
 */
#ifndef PORTREEVE_CATALOGUE_SEEN_H
#define PORTREEVE_CATALOGUE_SEEN_H

#include "catalogue/cause.h"

/* Zeroed: nothing is told. */
struct seen_as {
	struct ip address;       /* by which the server saw the client; family 0: not told */
	struct ip known;         /* by which others see that client; family 0: that is not known,
	                            and so it is not sure that anything was lost */
};
enum { SEEN_CAUSES_MAX = 3 };

/* Whether it is told for sure. */
static inline bool seen_is_sure(const struct seen_as *told)
{
	return told->address.family && told->known.family;
}

/* Whether an address tells that a stranger's own was lost before `host`, if the stranger has the
 * address `known` (family 0: not known): it is another than that, and is private (RFC 1918, RFC
 * 6598, RFC 4193), link-local or loopback, or of the network of the host (/24, /64), where `known`
 * is known and not of it. False if `known` is the host itself: then it was no stranger. */
bool seen_counts(const struct ip *address, const struct ip *known, const struct ip *host);

/* Who usually has such addresses, as the end of "172.18.0.1 is of 172.16.0.0/12, …"; NULL: of no
 * known range. *range gets that. */
const char *seen_range(const struct ip *address, struct prefix *range);

/* The causes that fit, the likeliest first; how many, at least one. `seen` tells something. */
size_t seen_causes(const struct seen_as *seen, const struct ip *host,
                   const struct cause *found[static SEEN_CAUSES_MAX]);

/* "the server saw us as 172.18.0.1, not 203.0.113.5: your clients' addresses are lost before they
 * reach it"; where it is not sure, a sentence that says under which condition. No full stop. */
void seen_sentence(const struct seen_as *seen, struct buf *out);

/* The same for DNS, where room is short: the longest with the ids of the causes behind it, the
 * shortest without what it means. `seen` is sure. */
enum seen_length { SEEN_WITH_CAUSES, SEEN_SENTENCE, SEEN_ADDRESSES, SEEN_LENGTHS };
void seen_note(const struct seen_as *seen, const struct ip *host, enum seen_length length,
               struct buf *out);

/* The members "seen_as" and "known_as", both absent where nothing is told. */
struct json;
void seen_json(const struct seen_as *seen, struct json *j);

#endif
