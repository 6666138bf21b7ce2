/* SPDX-License-Identifier: ISC
 *
 * Copies made by descriptors that were opened while the files could still be seen.
 */
#include "closed/keep.h"

#include "base/file.h"
#include "closed/tree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void closed_keep_open(const struct closed_setup *setup, struct closed_keep *keep)
{
	for (size_t i = 0; i < setup->kept_n && keep->n < CLOSED_KEPT_MAX; i++) {
		struct stat st;
		char *path = realpath(setup->kept[i], NULL);
		int from = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
		if (from >= 0 && fstat(from, &st) == 0 && S_ISREG(st.st_mode)) {
			keep->rows[keep->n].path = path;
			keep->rows[keep->n++].from = from;
			continue;
		}
		if (from >= 0)
			close(from);
		free(path);
	}
}

static int one_put(int from, const char *path)
{
	struct buf parent = { 0 };
	buf_add(&parent, path, (size_t)(strrchr(path, '/') - path));
	int e = parent.n ? file_mkdirs(buf_cstr(&parent), 0755) : ERR_OK;
	buf_fini(&parent);
	return e == ERR_OK ? closed_tree_copy_file(from, path, false) : e;
}

void closed_keep_put(const struct closed_keep *keep, struct buf *left_out)
{
	struct stat st;
	for (size_t i = 0; i < keep->n; i++) {
		const char *path = keep->rows[i].path;
		int e = lstat(path, &st) == 0 ? ERR_OK : one_put(keep->rows[i].from, path);
		if (e != ERR_OK)
			buf_printf(left_out, "%s: it cannot be carried into the closed room: %s\n",
			           path, err_text(e));
	}
}

void closed_keep_fini(struct closed_keep *keep)
{
	for (size_t i = 0; i < keep->n; i++) {
		close(keep->rows[i].from);
		free(keep->rows[i].path);
	}
	keep->n = 0;
}
