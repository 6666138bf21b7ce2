/* SPDX-License-Identifier: ISC
 *
 * Questions to the reader and its answers, each a head and bytes behind it. It is our own program
 * from before it read anything, and is believed.
 */
#include "audit/disk-private.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum question { QUESTION_OPEN, QUESTION_READ, QUESTION_LIST, QUESTION_FIND };
enum { NAME_MAX_BYTES = 4096 };

struct asked {
	enum question what;
	size_t n;                        /* bytes of the name behind it */
};

struct answered {
	int err;
	size_t n, names;                 /* bytes behind it; names among these, each with its NUL */
	struct disk_counts counts;
};

/* ---- the reader ------------------------------------------------------------------------ */

static bool take_all(int line, void *bytes, size_t n)
{
	char *p = bytes;
	for (ssize_t got; n > 0; p += got, n -= (size_t)got)
		if ((got = read(line, p, n)) <= 0)
			return false;
	return true;
}

static bool give_all(int line, const void *bytes, size_t n)
{
	const char *p = bytes;
	for (ssize_t gone; n > 0; p += gone, n -= (size_t)gone)
		if ((gone = send(line, p, n, MSG_NOSIGNAL)) <= 0)
			return false;
	return true;
}

static int list_add(struct disk_tree *tree, const char *pattern, struct buf *out, size_t *n)
{
	struct arena a = { 0 };
	const char **names;
	const int err = disk_tree_list(tree, pattern, &a, &names, n);
	for (size_t i = 0; err == ERR_OK && i < *n; i++)
		buf_add(out, names[i], strlen(names[i]) + 1);
	arena_fini(&a);
	return err;
}

static int reader_run(void *arg, int line)
{
	const struct disk_files *d = arg;
	struct disk_tree tree = { .root = -1, .plain = d->plain, .counts = d->counts };
	char name[NAME_MAX_BYTES + 1];
	struct buf out = { 0 };
	const int opened = disk_tree_open(&tree, d->root);
	for (struct asked asked; take_all(line, &asked, sizeof(asked));) {
		struct answered head = { .err = opened };
		assert(asked.n <= NAME_MAX_BYTES);
		if (!take_all(line, name, asked.n))
			break;
		name[asked.n] = '\0';
		buf_clear(&out);
		if (opened == ERR_OK && asked.what == QUESTION_READ)
			head.err = disk_tree_read(&tree, name, &out);
		else if (opened == ERR_OK && asked.what == QUESTION_LIST)
			head.err = list_add(&tree, name, &out, &head.names);
		else if (opened == ERR_OK && asked.what == QUESTION_FIND)
			head.err = disk_tree_find(&tree, name);
		head.n = head.err == ERR_OK ? out.n : 0;
		head.counts = tree.counts;
		if (!give_all(line, &head, sizeof(head)) || !give_all(line, out.p, head.n))
			break;
	}
	return 0;
}

/* ---- whom it works for ------------------------------------------------------------------ */

static int hear_bytes(struct disk_files *d, struct buf *said, size_t n)
{
	int e = ERR_OK;
	while (e == ERR_OK && said->n < n)
		e = child_hear(&d->reader, said);
	assert(e != ERR_OK || said->n == n);
	return e;
}

static int exchange(struct disk_files *d, enum question what, const char *name,
                    struct answered *head, struct buf *said)
{
	const struct asked asked = { what, strlen(name) };
	if (!give_all(d->reader.line, &asked, sizeof(asked)) ||
	    !give_all(d->reader.line, name, asked.n))
		return ERR_IO;
	/* Head and bytes may come in one piece. */
	int e = ERR_OK;
	while (e == ERR_OK && said->n < sizeof(*head))
		e = child_hear(&d->reader, said);
	if (e != ERR_OK)
		return e;
	memcpy(head, said->p, sizeof(*head));
	e = hear_bytes(d, said, sizeof(*head) + head->n);
	buf_consume(said, sizeof(*head));
	return e;
}

static int note_late(struct disk_files *d, const char *name)
{
	if (d->late_n < DISK_LATE_MAX)
		d->late[d->late_n++] = arena_strdup(&d->arena, str_of(name));
	return ERR_TIMEOUT;
}

/* In time, or the reader is ended; the next question is for another one. */
static int ask(struct disk_files *d, enum question what, const char *name, struct answered *head,
               struct buf *said)
{
	const int64_t began_ms = clock_mono_ms();
	int e = ERR_OK;
	if (strlen(name) >= NAME_MAX_BYTES)
		return ERR_INVALID;
	if (d->left_ms <= 0)
		return note_late(d, name);
	if (!d->reader.pid && (e = child_serve(reader_run, d, &d->reader)) != ERR_OK)
		return e;
	d->reader.until_ms = began_ms + (d->left_ms < DISK_FILE_MS ? d->left_ms : DISK_FILE_MS);
	e = exchange(d, what, name, head, said);
	if (e != ERR_OK)
		child_end(&d->reader);
	else
		d->counts = head->counts;
	d->left_ms -= clock_mono_ms() - began_ms;
	if (e == ERR_TIMEOUT)
		return note_late(d, name);
	return e == ERR_OK ? head->err : ERR_IO;
}

static int read_file(void *arg, const char *name, struct arena *a, struct str *text)
{
	struct answered head = { 0 };
	struct buf said = { 0 };
	const int err = ask(arg, QUESTION_READ, name, &head, &said);
	if (err == ERR_OK)
		*text = arena_str(a, (struct str){ buf_cstr(&said), said.n });
	buf_fini(&said);
	return err;
}

static int list_names(void *arg, const char *pattern, struct arena *a, const char ***names,
                      size_t *n)
{
	struct answered head = { 0 };
	struct buf said = { 0 };
	const int err = ask(arg, QUESTION_LIST, pattern, &head, &said);
	*n = 0;
	*names = NULL;
	if (err == ERR_OK) {
		const char *p = buf_cstr(&said);
		*names = arena_alloc(a, (head.names + 1) * sizeof(**names));
		for (; *n < head.names; p += strlen(p) + 1)
			(*names)[(*n)++] = arena_strdup(a, str_of(p));
		assert(p == buf_cstr(&said) + said.n);
	}
	buf_fini(&said);
	return err;
}

int disk_files_init(struct disk_files *d, const char *root, struct audit_files *files)
{
	struct answered head = { 0 };
	struct buf said = { 0 };
	*d = (struct disk_files){ .root = root, .left_ms = DISK_ALL_MS };
	*files = (struct audit_files){ read_file, list_names, d };
	const int err = ask(d, QUESTION_OPEN, root, &head, &said);
	buf_fini(&said);
	if (err != ERR_OK)
		disk_files_fini(d);
	return err;
}

bool disk_files_missing(struct disk_files *d, const char *name)
{
	struct answered head = { 0 };
	struct buf said = { 0 };
	const int err = ask(d, QUESTION_FIND, name, &head, &said);
	buf_fini(&said);
	return err == ERR_NOT_FOUND;
}

void disk_files_fini(struct disk_files *d)
{
	if (d->reader.pid)
		child_end(&d->reader);
	arena_fini(&d->arena);
	*d = (struct disk_files){ .root = "" };
}
