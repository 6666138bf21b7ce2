/* SPDX-License-Identifier: ISC
 *
 * What a witness reads of who asks, and what an asker reads of a witness. What is read is written
 * again: that must read as the same, and be no longer.
 */
#include "fuzz.h"

#include "witness/message.h"

#include <assert.h>
#include <stdlib.h>

static void fuzz_request(struct str input)
{
	struct witness_request a, b;
	struct buf one = { 0 };
	int e = witness_request_parse(input, &a);
	assert(e != ERR_AGAIN || input.n < WITNESS_REQUEST_MAX);
	if (e == ERR_OK) {
		assert(witness_host_ok(str_of(a.host)));
		witness_request_format(&a, &one);
		assert(str_eq(buf_str(&one), input));
		assert(witness_request_parse(buf_str(&one), &b) == ERR_OK);
	}
	buf_fini(&one);
}

/* An address may be written in more than one way. */
static void fuzz_answer(struct str input)
{
	struct witness_answer a, b;
	struct buf one = { 0 }, two = { 0 };
	int e = witness_answer_parse(input, &a);
	assert(e != ERR_AGAIN || input.n < WITNESS_ANSWER_MAX);
	if (e == ERR_OK) {
		witness_answer_format(&a, &one);
		assert(one.n <= WITNESS_ANSWER_MAX);
		assert(witness_answer_parse(buf_str(&one), &b) == ERR_OK);
		witness_answer_format(&b, &two);
		assert(str_eq(buf_str(&one), buf_str(&two)));
	}
	buf_fini(&one);
	buf_fini(&two);
}

static void fuzz_keys(struct str input)
{
	struct witness_keys keys;
	struct witness_secret secret;
	struct buf message = { 0 };
	if (witness_keys_parse("k", input, &keys, &message) == ERR_OK)
		assert(keys.n <= WITNESS_KEYS_MAX && message.n == 0);
	else
		assert(keys.v == NULL && message.n > 0);
	witness_keys_fini(&keys);
	buf_clear(&message);
	witness_secret_parse("s", input, &secret, &message);
	buf_fini(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = { (const char *)data, size };
	fuzz_request(input);
	fuzz_answer(input);
	fuzz_keys(input);
	return 0;
}
