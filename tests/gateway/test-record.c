/* SPDX-License-Identifier: ISC
 *
 * What is found of a segment after every cut, after every damaged byte and after its reuse; and
 * that a text is never found as a record.
 */
#include "test.h"

#include "gateway/record.h"

#include <stdlib.h>

enum { USE = 7, COUNT = 4, SEGMENT_BYTES = 512 };

static const struct hash_key key = { { 1, 2 } };
static const char *const texts[COUNT] = { "one", "", "a message of eight", "12345678" };

/* Four records in a segment that ends in zeros; at[i] is where each begins, at[COUNT] the end. */
struct written {
	char bytes[SEGMENT_BYTES];
	size_t at[COUNT + 1];
};

static void write_four(uint64_t use, struct written *w)
{
	struct buf out = { 0 };
	for (size_t i = 0; i < COUNT; i++) {
		struct gateway_record record = { .kind = (uint32_t)i, .use = use,
		                                 .message = 100 + i, .payload = str_of(texts[i]) };
		w->at[i] = out.n;
		gateway_record_write(&key, &record, &out);
	}
	w->at[COUNT] = out.n;
	assert_true(out.n <= SEGMENT_BYTES);
	memset(w->bytes, 0, sizeof(w->bytes));
	memcpy(w->bytes, out.p, out.n);
	buf_fini(&out);
}

/* What is found in order: a digit for a record of that kind, 'd', and 't' or 'e' at last. */
static const char *found(const char *bytes, size_t n, uint64_t use, const struct hash_key *by)
{
	static char said[64];
	size_t at = 0, length = 0;
	for (;;) {
		struct gateway_record record;
		const size_t before = at;
		const struct str segment = { bytes, n };
		enum gateway_found what = gateway_record_read(by, segment, use, &at, &record);
		assert_true(length + 1 < sizeof(said));
		if (what == GATEWAY_FOUND_RECORD) {
			assert_true(record.kind < COUNT && record.message == 100 + record.kind);
			assert_true(str_eq(record.payload, str_of(texts[record.kind])));
			said[length++] = (char)('0' + record.kind);
		} else {
			said[length++] = what == GATEWAY_FOUND_DAMAGE ? 'd' :
			                 what == GATEWAY_FOUND_TORN ? 't' : 'e';
		}
		said[length] = '\0';
		if (what == GATEWAY_FOUND_TORN || what == GATEWAY_FOUND_END)
			return said;
		assert_true(at > before);
	}
}

static void test_whole(void **state)
{
	(void)state;
	struct written w;
	write_four(USE, &w);
	assert_string_equal(found(w.bytes, SEGMENT_BYTES, USE, &key), "0123e");
	assert_string_equal(found(w.bytes, w.at[COUNT], USE, &key), "0123e");
	assert_string_equal(found(w.bytes, 0, USE, &key), "e");
	assert_string_equal(found(w.bytes, SEGMENT_BYTES, USE + 1, &key), "e");
	const struct hash_key other = { { 1, 3 } };
	assert_string_equal(found(w.bytes, SEGMENT_BYTES, USE, &other), "e");
}

/* The disk has the first `n` bytes and zeros, or ends there: all whole records are found, never
 * more, and the cut one is a tail. */
static void test_every_cut(void **state)
{
	(void)state;
	struct written w;
	write_four(USE, &w);
	for (size_t n = 0; n < w.at[COUNT]; n++) {
		char cut[SEGMENT_BYTES] = { 0 };
		memcpy(cut, w.bytes, n);
		for (int ends = 0; ends < 2; ends++) {
			const char *said = found(cut, ends ? n : SEGMENT_BYTES, USE, &key);
			size_t records = strspn(said, "0123"), sure = 0;
			while (sure < COUNT && n >= w.at[sure + 1])
				sure++;
			assert_true(strlen(said) == records + 1);
			assert_true(strchr("te", said[records]) != NULL);
			/* Cut in the zeros behind it, one is whole all the same. */
			assert_true(records == sure || (records == sure + 1 && !ends));
		}
	}
}

/* Any one byte that is another: the record that it is of is lost, and no other. */
static void test_every_damage(void **state)
{
	(void)state;
	struct written w;
	static const char *const without[COUNT] = { "d123e", "0d23e", "01d3e", "012t" };
	write_four(USE, &w);
	for (size_t n = 0; n < w.at[COUNT]; n++) {
		size_t of = 0;
		while (n >= w.at[of + 1])
			of++;
		w.bytes[n] ^= 0x10;
		const char *said = found(w.bytes, SEGMENT_BYTES, USE, &key);
		w.bytes[n] ^= 0x10;
		const size_t inside = n - w.at[of];
		const bool filling = inside >= GATEWAY_RECORD_HEAD_BYTES + strlen(texts[of]);
		if (filling)
			assert_string_equal(said, "0123e");
		else if (of == COUNT - 1 && inside < 32)
			assert_string_equal(said, "012e");
		else
			assert_string_equal(said, without[of]);
	}
}

/* A segment that is used again: of the longer use before, nothing is found. */
static void test_reuse(void **state)
{
	(void)state;
	struct written old, new;
	write_four(USE, &old);
	write_four(USE + 1, &new);
	for (size_t i = 0; i < COUNT; i++) {
		char segment[SEGMENT_BYTES];
		memcpy(segment, old.bytes, sizeof(segment));
		memcpy(segment, new.bytes, new.at[i]);
		const char *said = found(segment, SEGMENT_BYTES, USE + 1, &key);
		assert_true(strspn(said, "0123") == i && strcmp(said + i, "e") == 0);
	}
}

/* A message whose text is a record, as its sender could have seen one in a spool of his own. */
static void test_text_that_is_a_record(void **state)
{
	(void)state;
	const struct hash_key his = { { 9, 9 } };
	struct buf inner = { 0 }, out = { 0 };
	struct gateway_record forged = { .kind = 1, .use = USE, .message = 101 };
	gateway_record_write(&his, &forged, &inner);
	struct gateway_record carrier = { .kind = 0, .use = USE, .message = 100,
	                                  .payload = buf_str(&inner) };
	gateway_record_write(&key, &carrier, &out);
	out.p[3] ^= 1;               /* the head that would lead over it is damaged */
	assert_string_equal(found(out.p, out.n, USE, &key), "e");
	buf_fini(&inner);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_damage), cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_text_that_is_a_record),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
