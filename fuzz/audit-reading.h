/* SPDX-License-Identifier: ISC
 *
 * For the targets that read a configuration: directories of one file, and what must hold of any
 * reading.
 */
#ifndef PORTREEVE_FUZZ_AUDIT_READING_H
#define PORTREEVE_FUZZ_AUDIT_READING_H

#include "audit/who.h"

#include <stdlib.h>

static inline int reading_list(void *arg, const char *pattern, struct arena *a,
                               const char ***names, size_t *n)
{
	(void)arg;
	*names = arena_alloc(a, sizeof(**names));
	(*names)[0] = arena_printf(a, "%s/10_a", pattern);
	*n = 1;
	return ERR_OK;
}

/* Each whole name leads to the same text. */
static inline int reading_give(void *arg, const char *name, struct arena *a, struct str *text)
{
	(void)a;
	*text = *(const struct str *)arg;
	return name[0] == '/' ? ERR_OK : ERR_NOT_FOUND;
}

static inline void reading_check(const struct audit_reading *r)
{
	for (size_t i = 0; i < r->rule_n; i++)
		if (!r->rules[i].name || !r->rules[i].what || !r->rules[i].place.file)
			abort();
	for (size_t i = 0; i < r->trust_n; i++)
		if (r->trusts[i].range.ip.family != 4 && r->trusts[i].range.ip.family != 6)
			abort();
	if (r->open_to_all && !r->opened_by.file)
		abort();
}

#endif
