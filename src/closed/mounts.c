/* SPDX-License-Identifier: ISC
 *
 * Reading the table. A line is "id parent device root at options … - type source options", with
 * blanks and the backslash in paths as "\040".
 */
#include "closed/mounts.h"

#include "base/err.h"
#include "base/file.h"

enum { MOUNTS_BYTES_MAX = 8 << 20, MOUNTS_MAX = 65536 };

static const char *path_unescape(struct str s, struct arena *a)
{
	char *path = arena_strdup(a, s), *to = path;
	for (const char *p = path; *p; p++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return path;
}

static bool mount_read(struct str line, struct arena *a, struct closed_mount *m)
{
	enum { ID, PARENT, DEVICE, ROOT, AT, OPTIONS, FIELDS };
	struct str fields[FIELDS], field;
	for (size_t i = 0; i < FIELDS; i++)
		if (!str_token(&line, " ", &fields[i]))
			return false;
	do {
		if (!str_token(&line, " ", &field))
			return false;
	} while (!str_eq(field, STR("-")));
	if (str_u64(fields[ID], UINT32_MAX, &m->id) != ERR_OK || !str_token(&line, " ", &m->type))
		return false;
	m->options = fields[OPTIONS];
	m->at = path_unescape(fields[AT], a);
	return true;
}

int closed_mounts_read(struct str text, struct arena *a, struct closed_mounts *mounts)
{
	size_t lines = 1;
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	if (lines > MOUNTS_MAX)
		return ERR_LIMIT;
	*mounts = (struct closed_mounts){ .rows = arena_alloc(a, lines * sizeof(*mounts->rows)) };
	for (struct str line; str_token(&text, "\n", &line);)
		if (mount_read(line, a, &mounts->rows[mounts->n]))
			mounts->n++;
	return ERR_OK;
}

int closed_mounts_find(struct arena *a, struct closed_mounts *mounts)
{
	struct buf text = { 0 };
	int e = file_read("/proc/self/mountinfo", MOUNTS_BYTES_MAX, &text);
	/* The rows point into it. */
	if (e == ERR_OK)
		e = closed_mounts_read(str_of(arena_strdup(a, buf_str(&text))), a, mounts);
	buf_fini(&text);
	return e;
}
