/* SPDX-License-Identifier: ISC
 *
 * Whose lease may be taken over: the decision as a table, and the text that stands in the row.
 */
#include "base/err.h"
#include "base/str.h"
#include "store/holder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BOOT "6f1ed4ce-0000-4000-8000-0123456789ab"
#define LATER_BOOT "aaaaaaaa-0000-4000-8000-0123456789ab"

static const struct alive_id holder = { BOOT, 4026531836, 1234, 5678 };

static void who_is_dead(void **unused)
{
	(void)unused;
	static const struct {
		const char *boot;
		uint64_t space;
		struct alive_sight sight;
		bool dead;
	} rows[] = {
		/* The same process, and one of which only the number is known. */
		{ BOOT, 4026531836, { ALIVE_THERE, 5678 }, false },
		{ BOOT, 4026531836, { ALIVE_THERE, 0 }, false },
		{ BOOT, 4026531836, { ALIVE_UNKNOWN, 0 }, false },
		/* Nobody, or a younger one by that number. */
		{ BOOT, 4026531836, { ALIVE_GONE, 0 }, true },
		{ BOOT, 4026531836, { ALIVE_THERE, 5679 }, true },
		/* Another space of numbers says nothing of this one. */
		{ BOOT, 4026532000, { ALIVE_GONE, 0 }, false },
		{ BOOT, 4026532000, { ALIVE_THERE, 1 }, false },
		{ BOOT, 0, { ALIVE_GONE, 0 }, false },
		/* The machine has started again: whatever has the number now. */
		{ LATER_BOOT, 4026531836, { ALIVE_THERE, 5678 }, true },
		{ LATER_BOOT, 4026532000, { ALIVE_UNKNOWN, 0 }, true },
		/* Who doesn't know the machine's start takes nothing. */
		{ "", 4026531836, { ALIVE_GONE, 0 }, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct alive_id self = { "", rows[i].space, 99, 99 };
		str_copy(self.boot, sizeof(self.boot), str_of(rows[i].boot));
		if (holder_is_dead(&holder, &self, &rows[i].sight) != rows[i].dead)
			fail_msg("row %zu", i);
	}
}

static void text_of_a_holder(void **unused)
{
	(void)unused;
	char text[HOLDER_MAX];
	struct alive_id back;
	assert_string_equal(holder_format(&holder, text), BOOT " 4026531836 1234 5678");
	assert_int_equal(holder_parse(text, &back), ERR_OK);
	assert_string_equal(back.boot, BOOT);
	assert_int_equal(back.pid, 1234);
	assert_int_equal(back.started_ticks, 5678);
	struct alive_id most = { BOOT, UINT64_MAX, INT32_MAX, UINT64_MAX };
	assert_int_equal(holder_parse(holder_format(&most, text), &back), ERR_OK);
	assert_true(back.space == UINT64_MAX && back.started_ticks == UINT64_MAX);
	const struct alive_id unknown[] = {
		{ "", 1, 1, 1 }, { BOOT, 0, 1, 1 }, { BOOT, 1, 0, 1 }, { BOOT, 1, 1, 0 },
	};
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		assert_string_equal(holder_format(&unknown[i], text), "");
}

/* The database may hold anything. */
static void texts_of_nobody(void **unused)
{
	(void)unused;
	static const char *const texts[] = {
		"", " ", BOOT, BOOT " 1 2", BOOT " 1 2 3 4", BOOT " 1 -2 3", BOOT " x 2 3",
		BOOT " 1 0 3", BOOT " 0 2 3", BOOT " 1 2 0", BOOT " 1 99999999999 3",
		BOOT BOOT " 1 2 3", BOOT " 1 2 99999999999999999999",
	};
	struct alive_id back = { .pid = 7 };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (holder_parse(texts[i], &back) != ERR_INVALID || back.pid != 7)
			fail_msg("\"%s\" is a holder", texts[i]);
}

static void ourselves(void **unused)
{
	(void)unused;
	struct alive_id self;
	char text[HOLDER_MAX];
	alive_self(&self);
	assert_true(strlen(holder_format(&self, text)) > 0);
	struct alive_sight sight = alive_look(self.pid);
	assert_int_equal(sight.what, ALIVE_THERE);
	assert_false(holder_is_dead(&self, &self, &sight));
	struct alive_id older = self;
	older.started_ticks--;
	assert_true(holder_is_dead(&older, &self, &sight));
	assert_int_equal(alive_look(0).what, ALIVE_UNKNOWN);
	assert_int_equal(alive_look(INT64_MAX).what, ALIVE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_dead), cmocka_unit_test(text_of_a_holder),
		cmocka_unit_test(texts_of_nobody), cmocka_unit_test(ourselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
