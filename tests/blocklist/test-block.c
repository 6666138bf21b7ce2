/* SPDX-License-Identifier: ISC
 * A packed /16: each form at its edges, and many random ones, against one flag an address.
 */
#include "test.h"

#include "base/mem.h"
#include "blocklist/block.h"

#include <stdlib.h>
#include <string.h>

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t bound)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % bound;
}

/* ---- a /16 with a flag an address --------------------------------------------------------- */

static bool plain[BLOCKLIST_BLOCK_MAX];

static struct blocklist_block *pack_plain(size_t *n)
{
	uint16_t *addresses = mem_array(BLOCKLIST_BLOCK_MAX, sizeof(*addresses));
	*n = 0;
	for (size_t i = 0; i < BLOCKLIST_BLOCK_MAX; i++)
		if (plain[i])
			addresses[(*n)++] = (uint16_t)i;
	struct blocklist_block *b = blocklist_block_pack(addresses, *n);
	free(addresses);
	return b;
}

/* All that can be asked of one address, and some ranges. */
static void check_all(const char *what)
{
	static uint16_t unpacked[BLOCKLIST_BLOCK_MAX];
	size_t n, m = 0;
	struct blocklist_block *b = pack_plain(&n);
	CHECK_ROW(what, blocklist_block_count(b) == n);
	CHECK_ROW(what, blocklist_block_unpack(b, unpacked) == n);
	for (size_t i = 0; i < BLOCKLIST_BLOCK_MAX; i++) {
		CHECK_ROW(what, blocklist_block_has(b, (uint16_t)i) == plain[i]);
		CHECK_ROW(what, !plain[i] || unpacked[m++] == i);
	}
	for (size_t i = 0; i < 200; i++) {
		uint16_t first = (uint16_t)next_random(BLOCKLIST_BLOCK_MAX), last = first;
		last |= (uint16_t)((1u << next_random(17)) - 1);
		bool any = false;
		for (size_t k = first; k <= last; k++)
			any |= plain[k];
		CHECK_ROW(what, blocklist_block_any(b, first, last) == any);
	}
	for (size_t net = 0; net < 256; net++) {
		bool any = false;
		for (size_t k = 0; k < 256; k++)
			any |= plain[net << 8 | k];
		CHECK_ROW(what, blocklist_block_any(b, (uint16_t)(net << 8),
		                                    (uint16_t)(net << 8 | 255)) == any);
	}
	blocklist_block_destroy(b);
}

/* As many as the edges between the forms, and around them: spread evenly, in one heap at either
 * end, at random. */
static void test_sizes(void **state)
{
	static const size_t sizes[] = {
		1, 2, 3, 42, 43, 44, 45, 255, 256, 257, 1023, 1024, 1025, 7677, 7678, 7679, 30000,
		65535, 65536,
	};
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n = sizes[i];
		memset(plain, 0, sizeof(plain));
		for (size_t k = 0; k < n; k++)
			plain[k * BLOCKLIST_BLOCK_MAX / n] = true;
		check_all("even");
		for (size_t k = 0; k < BLOCKLIST_BLOCK_MAX; k++)
			plain[k] = k < n;
		check_all("low");
		for (size_t k = 0; k < BLOCKLIST_BLOCK_MAX; k++)
			plain[k] = k >= BLOCKLIST_BLOCK_MAX - n;
		check_all("high");
		memset(plain, 0, sizeof(plain));
		for (size_t k = 0; k < n;) {
			bool *at = &plain[next_random(BLOCKLIST_BLOCK_MAX)];
			k += !*at;
			*at = true;
		}
		check_all("random");
	}
}

/* Full /24s beside empty ones, at every distance. */
static void test_heaps(void **state)
{
	(void)state;
	for (size_t stride = 1; stride < 256; stride += stride < 8 ? 1 : 31) {
		memset(plain, 0, sizeof(plain));
		for (size_t net = 0, used = 0; net < 256 && used < 4; net += stride, used++)
			memset(plain + net * 256, true, 256);
		check_all("heaps");
	}
}

static void test_bytes(void **state)
{
	/* At most that many bytes beside the header, of which there are eight. */
	static const struct { size_t n, bytes; } rows[] = {
		{ 1, 2 }, { 43, 86 }, { 153, 213 }, { 1024, 1192 }, { 7678, 8192 }, { 7679, 8192 },
		{ 65536, 8192 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n;
		for (size_t k = 0; k < BLOCKLIST_BLOCK_MAX; k++)
			plain[k] = k < rows[i].n;
		struct blocklist_block *b = pack_plain(&n);
		assert_int_equal(n, rows[i].n);
		assert_int_equal(blocklist_block_bytes(b), 8 + rows[i].bytes);
		blocklist_block_destroy(b);
	}
}

/* Held twice, it is gone with the second. */
static void test_share(void **state)
{
	uint16_t one = 7;
	struct blocklist_block *b = blocklist_block_pack(&one, 1);
	(void)state;
	assert_ptr_equal(blocklist_block_share(b), b);
	blocklist_block_destroy(b);
	assert_true(blocklist_block_has(b, 7));
	blocklist_block_destroy(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_heaps),
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
