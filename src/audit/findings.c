/* SPDX-License-Identifier: ISC
 *
 * The findings of an audit: what each theme has to say, the worst first; see findings-private.h.
 */
#include "audit/findings-private.h"

#include <stdlib.h>

/* Those that concern more people first; of equal ones the earlier. */
static int worse_first(const void *x, const void *y)
{
	const struct finding_draft *a = *(const struct finding_draft *const *)x;
	const struct finding_draft *b = *(const struct finding_draft *const *)y;
	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	if (a->people != b->people)
		return a->people > b->people ? -1 : 1;
	return a < b ? -1 : a > b;
}

static struct audit_finding finding_of(const struct finding_draft *d)
{
	return (struct audit_finding){
		.severity = d->severity, .cause = d->cause, .title = d->title, .why = d->why,
		.lines = d->lines, .line_n = d->line_n, .fix = d->fix, .fix_n = d->fix_n,
		.check = d->check,
	};
}

/* The lines that permit a form are no rule on clients: its finding has found them. */
static void lines_lend(struct findings *fs, struct audit_report *report)
{
	for (size_t i = 0; i < report->who_n; i++) {
		struct audit_who *who = &report->who[i];
		const char *cause = who->by_n ? "" : finding_form_cause(fs, who, who->forms[0]);
		for (size_t k = 0; k < report->finding_n && who->by_n == 0; k++) {
			const struct audit_finding *f = &report->findings[k];
			if (strcmp(f->cause, cause) != 0)
				continue;
			who->by = f->lines;
			who->by_n = f->line_n;
		}
	}
}

void audit_findings(const struct audit_known *known, struct audit_report *report)
{
	struct findings fs = { .known = known, .report = report, .a = report->arena,
	                       .config = known->ground->config };
	const struct finding_draft *order[FINDING_DRAFTS_MAX];
	fs.reading = audit_config_reading(fs.config);
	fs.drafts = arena_alloc(fs.a, FINDING_DRAFTS_MAX * sizeof(*fs.drafts));
	findings_of_who(&fs);
	findings_of_network(&fs);
	findings_of_reading(&fs);
	findings_of_config(&fs);
	findings_of_slips(&fs);
	findings_of_mail(&fs);
	if (report->mta == MTA_SENDMAIL)
		findings_of_sendmail(&fs);
	for (size_t i = 0; i < fs.n; i++)
		order[i] = &fs.drafts[i];
	qsort(order, fs.n, sizeof(*order), worse_first);
	report->finding_n = fs.n < FINDINGS_MAX ? fs.n : FINDINGS_MAX;
	report->findings = arena_alloc(fs.a, (report->finding_n + 1) * sizeof(*report->findings));
	for (size_t i = 0; i < report->finding_n; i++)
		report->findings[i] = finding_of(order[i]);
	lines_lend(&fs, report);
}
