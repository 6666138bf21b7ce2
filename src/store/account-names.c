/* SPDX-License-Identifier: ISC
 *
 * What a name and an address of an account may be, and by which others an address is found. Pure.
 */
#include "store/accounts.h"

#include "base/str.h"

#include <assert.h>

static bool bytes_valid(struct str s)
{
	if (s.n == 0 || !str_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c == 0x7f || c == '/' || c != (unsigned char)ascii_lower((char)c))
			return false;
	}
	return true;
}

/* A part of a path below the Maildirs' directory. */
static bool part_valid(struct str s)
{
	return bytes_valid(s) && s.p[0] != '-' && s.p[0] != '.' && str_find(s, '@') == SIZE_MAX;
}

bool account_name_valid(const char *name)
{
	struct str s = str_of(name);
	size_t at = str_find(s, '@');
	if (s.n >= ACCOUNT_NAME_MAX)
		return false;
	return at == SIZE_MAX ? part_valid(s) :
	       part_valid((struct str){ s.p, at }) && part_valid(str_from(s, at + 1));
}

bool account_address_valid(const char *address)
{
	struct str s = str_of(address);
	size_t at = str_find(s, '@');
	if (s.n >= ADDRESS_MAX || at == SIZE_MAX || !part_valid(str_from(s, at + 1)))
		return false;
	return at == 0 || part_valid((struct str){ s.p, at });
}

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
