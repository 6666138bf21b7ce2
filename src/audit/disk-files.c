/* SPDX-License-Identifier: ISC
 *
 * Files of the machine.
 */
#include "audit/disk-files.h"
#include "base/file.h"
#include <glob.h>
static int disk_read(void *arg, const char *name, struct arena *a, struct str *text)
{
	struct buf b = { 0 };
	(void)arg;
	int e = file_read_plain(name, AUDIT_FILE_MAX_BYTES, &b);
	*text = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return e;
}
static int disk_list(void *arg, const char *pattern, struct arena *a, const char ***names, size_t *n)
{
	glob_t g;
	(void)arg;
	*n = 0;
	*names = NULL;
	if (glob(pattern, 0, NULL, &g) != 0)
		return ERR_NOT_FOUND;
	*names = arena_alloc(a, (g.gl_pathc + 1) * sizeof(**names));
	for (size_t i = 0; i < g.gl_pathc; i++)
		(*names)[(*n)++] = arena_strdup(a, str_of(g.gl_pathv[i]));
	globfree(&g);
	return ERR_OK;
}
void audit_disk_files(struct arena *a, const char *root, struct audit_files *files)
{
	(void)a;
	(void)root;
	*files = (struct audit_files){ disk_read, disk_list, NULL };
}
