/* SPDX-License-Identifier: ISC
 *
 * The numbers that a world is made of: splitmix64, from the seed alone.
 */
#include "world.h"

#include <assert.h>

static uint64_t state;

void chance_seed(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15 + 0x632be59bd9b4e019;
}

uint64_t chance_u64(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned chance_below(unsigned n)
{
	assert(n > 0);
	return (unsigned)((chance_u64() >> 32) % n);
}

unsigned chance_between(unsigned least, unsigned most)
{
	assert(least <= most);
	return least + chance_below(most - least + 1);
}

bool chance_of(unsigned per_mille)
{
	return chance_below(1000) < per_mille;
}
