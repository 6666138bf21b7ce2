/* SPDX-License-Identifier: ISC
 *
 * base/random.h from the seed.
 */
#include "base/random.h"

#include "world.h"

void random_bytes(void *dst, size_t n)
{
	unsigned char *p = dst;
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(chance_u64() >> 56);
}

uint64_t random_u64(void)
{
	return chance_u64();
}
