/* SPDX-License-Identifier: ISC
 *
 * The configuration of OpenSMTPD: no text may crash or stop its reader, and what it gives can be
 * asked. The input is the text of every file, which so includes itself.
 */
#include "fuzz.h"

#include "audit/read-opensmtpd.h"
#include "audit/who.h"

#include <stdlib.h>

static int give(void *arg, const char *name, struct arena *a, struct str *text)
{
	(void)a;
	*text = *(const struct str *)arg;
	return name[0] == '/' ? ERR_OK : ERR_NOT_FOUND;
}

static int list(void *arg, const char *pattern, struct arena *a, const char ***names, size_t *n)
{
	(void)arg;
	*names = arena_alloc(a, sizeof(**names));
	(*names)[0] = arena_printf(a, "%s/10_a", pattern);
	*n = 1;
	return ERR_OK;
}

static void check(const struct audit_reading *r)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct audit_reading r;
	struct str text = { (const char *)data, size };
	struct audit_files files = { give, list, &text };
	(void)audit_read_opensmtpd(&files, "/etc/smtpd.conf", &a, &r);
	check(&r);
	arena_fini(&a);
	return 0;
}
