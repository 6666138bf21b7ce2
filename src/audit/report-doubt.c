/* SPDX-License-Identifier: ISC
 *
 * What comes to light when a report is made already: a place at which strangers' mail arrives and
 * that none of the reports is about.
 */
#include "audit/report.h"

void audit_report_doubt(struct audit_report *r, const char *what, const char *why)
{
	struct audit_unasked *rows = arena_alloc(r->arena, (r->unasked_n + 1) * sizeof(*rows));
	if (r->unasked_n)
		memcpy(rows, r->unasked, r->unasked_n * sizeof(*rows));
	rows[r->unasked_n++] = (struct audit_unasked){ what, why, true };
	r->unasked = rows;
	if (!r->doubt || !r->doubt[0])
		r->doubt = arena_printf(r->arena, "%s could not be asked: %s", what, why);
	if (r->verdict != AUDIT_CLOSED)
		return;
	r->verdict = AUDIT_UNKNOWN;
	r->summary = arena_printf(r->arena, "not known: %s", r->doubt);
}
