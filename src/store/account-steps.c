/* SPDX-License-Identifier: ISC
 *
 * By which keys an address is looked up. Apart from the accounts, as who looks up elsewhere goes
 * the same way.
 */
#include "store/accounts.h"

#include <assert.h>

bool account_address_step(struct str address, unsigned step, char out[static ADDRESS_MAX])
{
	const size_t at = str_find(address, '@'), plus = str_find(address, '+');
	struct str begin = { address.p, 0 }, end = { 0 };
	switch (step) {
	case ADDRESS_ITSELF:
		begin.n = address.n;
		break;
	case ADDRESS_WITHOUT_DETAIL:
		if (at == SIZE_MAX || plus == 0 || plus >= at)
			return false;
		begin.n = plus;
		end = str_from(address, at);
		break;
	case ADDRESS_OF_DOMAIN:
		if (at == SIZE_MAX || at == 0)
			return false;
		end = str_from(address, at);
		break;
	default:
		assert(false);
	}
	if (begin.n + end.n >= ADDRESS_MAX || !str_copy(out, ADDRESS_MAX, begin))
		return false;
	str_copy(out + begin.n, ADDRESS_MAX - begin.n, end);
	assert(strlen(out) == begin.n + end.n);
	return true;
}
