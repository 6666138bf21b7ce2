/* SPDX-License-Identifier: ISC
 *
 * What is said of postmaster@ and abuse@ that nobody reads.
 */
#include "test.h"

#include "doctor/mailboxes.h"

#define NOBODY "missing postmaster@ and abuse@: no account has them in "
#define KEPT ": that mail is kept, in DOMAIN/postmaster, and nobody reads it " \
             "[portreeve user add postmaster --address postmaster@a.test]"

static void judged(void **unused)
{
	(void)unused;
	static const struct { struct doctor_mailboxes facts; const char *told; } rows[] = {
		{ { 0 }, "" },
		{ { .asked = true },
		  "ok postmaster@ and abuse@: somebody reads them in each domain of gateway.domains []" },
		{ { .why = "gateway.recipients: /x: cannot be read" },
		  "unknown postmaster@ and abuse@: gateway.recipients: /x: cannot be read []" },
		{ { true, NULL, { "a.test" }, 1 }, NOBODY "a.test" KEPT },
		{ { true, NULL, { "a.test", "b.test", "c.test", "d.test" }, 9 },
		  NOBODY "a.test, b.test, c.test, d.test and 5 more" KEPT },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = { 0 };
		struct doctor_findings f = { .arena = &a };
		struct buf told = { 0 };
		doctor_mailboxes_judge(&rows[i].facts, &f);
		for (size_t k = 0; k < f.n; k++)
			buf_printf(&told, "%s %s: %s [%s]", doctor_status_name(f.v[k].status),
			           f.v[k].about, f.v[k].text, f.v[k].todo);
		assert_string_equal(buf_cstr(&told), rows[i].told);
		buf_fini(&told);
		doctor_findings_fini(&f);
		arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(judged) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
