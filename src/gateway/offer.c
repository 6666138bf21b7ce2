/* SPDX-License-Identifier: ISC
 *
 * The least that all offer, and a comparison.
 */
#include "gateway/offer.h"

enum gateway_lack gateway_offer_lacks(const struct gateway_offer *offer, bool wide,
                                      uint64_t bytes)
{
	if (!offer->known)
		return GATEWAY_LACKS_NOTHING;
	if (wide && !offer->utf8)
		return GATEWAY_LACKS_UTF8;
	if (offer->size_max > 0 && bytes > offer->size_max)
		return GATEWAY_LACKS_ROOM;
	return GATEWAY_LACKS_NOTHING;
}

void gateway_offer_join(struct gateway_offer *all, const struct gateway_offer *one)
{
	if (!one->known)
		return;
	if (!all->known) {
		*all = *one;
		return;
	}
	all->utf8 &= one->utf8;
	if (all->size_max == 0 || (one->size_max > 0 && one->size_max < all->size_max))
		all->size_max = one->size_max;
}

struct str gateway_header_of(struct str message)
{
	size_t end = str_search(message, STR("\r\n\r\n"));
	return end == SIZE_MAX ? message : (struct str){ message.p, end };
}
