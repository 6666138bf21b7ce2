/* SPDX-License-Identifier: ISC
 *
 * Findings of Sendmail alone: a sendmail.cf that was not made of the sendmail.mc beside it.
 */
#include "audit/findings-private.h"
#include "audit/sendmail-private.h"

#include <assert.h>

/* "lists.example, 10.1 (lines 7 and 8)"; how many. */
static size_t named(const struct findings *fs, const char *kind, struct finding_draft *d,
                    struct buf *names)
{
	size_t n = 0;
	for (size_t i = 0; i < fs->reading->setting_n; i++) {
		const struct audit_setting *s = &fs->reading->settings[i];
		if (strcmp(s->name, kind) != 0)
			continue;
		if (n < 6)
			buf_printf(names, "%s%s (line %u)", n ? ", " : "", s->value, s->place.line);
		finding_line(d, "", &s->place);
		n++;
	}
	if (n > 6)
		buf_printf(names, " and %zu more", n - 6);
	return n;
}

void findings_of_sendmail(struct findings *fs)
{
	struct buf mc = { 0 }, cf = { 0 };
	struct finding_draft found = { 0 };
	const size_t mc_n = named(fs, SENDMAIL_MC_ALONE, &found, &mc);
	const size_t cf_n = named(fs, SENDMAIL_CF_ALONE, &found, &cf);
	if (mc_n + cf_n > 0) {
		const char *file = finding_macro_file(fs);
		struct finding_draft *d = finding_begin(fs, AUDIT_WARN, "", "Sendmail does not do "
		                                        "what sendmail.mc says", 25);
		finding_say(fs, d, "It runs by the .cf file, which is made of %s and was not made "
		            "anew since that was changed.", file);
		if (mc_n)
			finding_say(fs, d, "In the .mc file alone, so not in force: %s.",
			            buf_cstr(&mc));
		if (cf_n)
			finding_say(fs, d, "In the .cf file alone, so still in force: %s.",
			            buf_cstr(&cf));
		finding_say(fs, d, "The table above is about what runs now.");
		for (size_t i = 0; i < found.line_n; i++)
			finding_line(d, found.lines[i].parameter, &found.lines[i].place);
		finding_fix(fs, d, "# If the .mc file says what you mean:");
		finding_fix_remake(fs, d, file);
	}
	assert(fs->n <= FINDING_DRAFTS_MAX);
	buf_fini(&mc);
	buf_fini(&cf);
}
