/* SPDX-License-Identifier: ISC
 *
 * Files of who is known where: any bytes, and any rows in a file that is otherwise whole.
 */
#include "gateway/known.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROW_BYTES = 80 };

/* Rows between the head of an empty file and the hash that belongs to them. */
static void complete(const struct hash_key *key, struct str rows, struct buf *file)
{
	struct known *empty = known_create(key);
	known_form(empty, file);
	known_destroy(empty);
	file->n -= sizeof(uint64_t);
	buf_add_str(file, rows);
	const uint64_t hash = hash_bytes(key, file->p, file->n);
	buf_add(file, &hash, sizeof(hash));
}

/* What was read is written and read as the same. */
static void check_again(const struct known *k, const struct hash_key *key)
{
	struct buf once = { 0 }, twice = { 0 };
	struct known *other = known_create(key);
	known_form(k, &once);
	int e = known_parse(other, buf_str(&once));
	assert(e == ERR_OK);
	known_form(other, &twice);
	assert(str_eq(buf_str(&once), buf_str(&twice)));
	known_destroy(other);
	buf_fini(&once);
	buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = { { 1, 2 } };
	static const struct ip peer = { .family = 4, .b = { 192, 0, 2, 1 } };
	struct str bytes = { (const char *)data, size };
	struct buf file = { 0 };
	struct known *k = known_create(&key);
	known_parse(k, bytes);
	complete(&key, bytes, &file);
	int e = known_parse(k, buf_str(&file));
	assert((e == ERR_OK) == (size % ROW_BYTES == 0));
	known_add(k, STR("ann"), &peer);
	assert(known_is(k, STR("ann"), &peer));
	check_again(k, &key);
	known_destroy(k);
	buf_fini(&file);
	return 0;
}
