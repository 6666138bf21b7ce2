/* SPDX-License-Identifier: ISC
 *
 * Names led from one place to another.
 */
#include "audit/carried-files.h"

const char *carried_files_name(const struct carried_files *c, const char *name, struct arena *a)
{
	size_t n = c->place ? strlen(c->place) : 0;
	if (!c->place || strncmp(name, c->place, n) != 0 || (name[n] != '/' && name[n] != '\0'))
		return name;
	return arena_printf(a, "%s%s", c->at, name + n);
}

static int carried_read(void *arg, const char *name, struct arena *a, struct str *text)
{
	const struct carried_files *c = arg;
	return c->files.read(c->files.arg, carried_files_name(c, name, a), a, text);
}

static int carried_list(void *arg, const char *pattern, struct arena *a, const char ***names,
                        size_t *n)
{
	const struct carried_files *c = arg;
	return c->files.list(c->files.arg, carried_files_name(c, pattern, a), a, names, n);
}

void carried_files_init(struct carried_files *c, struct audit_files *files)
{
	*files = (struct audit_files){ carried_read, carried_list, c };
}
