/* SPDX-License-Identifier: ISC
 *
 * The file of who is known where: any bytes as the whole of it, and as its rows behind a head and
 * in front of a sum that are right. What is read of it is written again as bytes that read the
 * same, and whoever logs in is known then.
 */
#include "fuzz.h"

#include "gateway/known.h"

#include <stdlib.h>

static const struct hash_key key = { { 1, 2 } };

static void check(struct known *k)
{
	struct buf first = { 0 }, second = { 0 };
	const struct ip ip = ip_from_v4(192, 0, 2, 1);
	known_form(k, &first);
	if (known_parse(k, buf_str(&first)) != ERR_OK)
		abort();
	known_form(k, &second);
	if (!str_eq(buf_str(&first), buf_str(&second)))
		abort();
	known_add(k, STR("ann"), &ip);
	if (!known_is(k, STR("ann"), &ip))
		abort();
	buf_fini(&first);
	buf_fini(&second);
}

/* An empty file is its head and the sum of that. */
static void add_whole(const struct known *empty, struct str rows, struct buf *out)
{
	uint64_t sum;
	known_form(empty, out);
	out->n -= sizeof(sum);
	buf_add_str(out, rows);
	sum = hash_bytes(&key, out->p, out->n);
	buf_add(out, &sum, sizeof(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str bytes = { (const char *)data, size };
	struct known *k = known_create(&key);
	struct buf whole = { 0 };
	add_whole(k, bytes, &whole);
	if (known_parse(k, bytes) == ERR_OK || known_parse(k, buf_str(&whole)) == ERR_OK)
		check(k);
	buf_fini(&whole);
	known_destroy(k);
	return 0;
}
