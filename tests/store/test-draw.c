/* SPDX-License-Identifier: ISC
 *
 * An id that is drawn for a test is nobody else's, whatever the draws: random.h as this program
 * has it repeats itself.
 */
#include "admin.h"

#include "base/random.h"
#include "store/tests.h"

#include <string.h>

/* How often the number that was drawn last is drawn once more. */
static unsigned repeats;

void random_bytes(void *dst, size_t n)
{
	static unsigned char drawn;
	if (repeats == 0)
		drawn++;
	else
		repeats--;
	memset(dst, drawn, n);
}

uint64_t random_u64(void)
{
	uint64_t v;
	random_bytes(&v, sizeof(v));
	return v;
}

static struct test queued(const char *target)
{
	return (struct test){
		.target = endpoint_of(target), .consent = CONSENT_OWNER, .created_s = NOW,
		.not_before_s = NOW,
	};
}

static void drawn_before(void **unused)
{
	static const unsigned rows[] = { 1, 2, 7 };
	(void)unused;
	struct test first = queued("192.0.2.1:25"), got;
	OK(st, store_test_add(st, &first));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct test next = queued("192.0.2.2:25");
		next.target.port = (uint16_t)(25 + i);
		repeats = rows[i];
		OK(st, store_test_add(st, &next));
		CHECK_ROW("repeats", repeats == 0 && strcmp(next.id, first.id) != 0);
		OK(st, store_test_get(st, next.id, &got));
		CHECK_ROW("target", got.target.port == next.target.port);
		first = next;
	}
	assert_int_equal(rows_of(st, ROW_TEST), 4);
	OK(st, store_test_get(st, first.id, &got));
}

/* It doesn't go on for ever; the target is as free as it was. */
static void nothing_else(void **unused)
{
	(void)unused;
	struct test first = queued("192.0.2.1:25"), next = queued("192.0.2.2:25");
	OK(st, store_test_add(st, &first));
	repeats = 1000;
	assert_int_equal(store_test_add(st, &next), ERR_EXISTS);
	assert_int_equal(rows_of(st, ROW_TEST), 1);
	repeats = 0;
	OK(st, store_test_add(st, &next));
	assert_int_equal(rows_of(st, ROW_TEST), 2);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { EACH(drawn_before), EACH(nothing_else) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
