/* SPDX-License-Identifier: ISC
 *
 * Who listens here and has other files than this machine, as a container that shares its network
 * has. It is told by looking at files of theirs, whose disk may never answer: a process of its own
 * looks, and who cannot be looked at in time counts as elsewhere, to be asked there or doubted.
 */
#include "audit/facts-private.h"

#include "base/child.h"
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 600, ONE_MS = 2000, ALL_MS = 6000 };

/* ---- one of them ------------------------------------------------------------------------ */

static ssize_t link_of(unsigned pid, const char *name, char *target, size_t size)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	ssize_t n = readlink(path, target, size - 1);
	target[n > 0 ? n : 0] = '\0';
	return n;
}

/* Of who has another root in its mounts: its program is of that root, or not the one that stands
 * here by its name. */
static bool has_other_program(unsigned pid, bool same_mounts)
{
	char program[PATH_MAX_BYTES], root[PATH_MAX_BYTES], path[40];
	struct stat runs, here;
	if (link_of(pid, "exe", program, sizeof(program)) <= 0)
		return true;
	if (same_mounts) {
		ssize_t n = link_of(pid, "root", root, sizeof(root));
		return n > 0 && strncmp(program, root, (size_t)n) == 0 && program[n] == '/';
	}
	snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	return stat(path, &runs) != 0 || stat(program, &here) != 0 ||
	       runs.st_dev != here.st_dev || runs.st_ino != here.st_ino;
}

static bool is_same_place(unsigned pid, const char *place)
{
	char path[40];
	struct stat ours, theirs;
	snprintf(path, sizeof(path), "/proc/%u/root%.16s", pid, place);
	return stat(place, &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* A service in mounts of its own still has the machine's root and files; one that shut itself in
 * has a root that is no mount. */
static bool is_elsewhere(unsigned pid)
{
	char path[40], ours[64], theirs[64];
	struct statx root;
	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	if (pid == 0 || statx(AT_FDCWD, path, 0, STATX_INO, &root) != 0)
		return false;
	bool same_mounts = link_of((unsigned)getpid(), "ns/mnt", ours, sizeof(ours)) ==
	                   link_of(pid, "ns/mnt", theirs, sizeof(theirs)) &&
	                   strcmp(ours, theirs) == 0;
	if (is_same_place(pid, "/"))
		return !same_mounts && (!is_same_place(pid, "/etc") || !is_same_place(pid, "/usr"));
	if (!same_mounts && root.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return true;
	return has_other_program(pid, same_mounts);
}

/* ---- all of them ------------------------------------------------------------------------ */

struct looking {
	const struct facts *f;
	size_t from;                     /* of its listeners */
};

static int look_on(void *arg, int line)
{
	const struct looking *l = arg;
	for (size_t i = l->from; i < l->f->listener_n; i++) {
		const char answer = is_elsewhere(l->f->listeners[i].pid) ? 1 : 0;
		if (write(line, &answer, 1) != 1)
			return 1;
	}
	return 0;
}

/* As many as are answered for, one after the other. */
static size_t hear(struct looking *l, int64_t until_ms)
{
	struct child child;
	struct buf said = { 0 };
	const size_t left = l->f->listener_n - l->from;
	int e = child_serve(look_on, l, &child);
	if (e != ERR_OK)
		return 0;
	while (e == ERR_OK && said.n < left) {
		child.until_ms = clock_mono_ms() + ONE_MS;
		if (child.until_ms > until_ms)
			child.until_ms = until_ms;
		e = child_hear(&child, &said);
	}
	child_end(&child);
	for (size_t i = 0; i < said.n; i++)
		l->f->listeners[l->from + i].elsewhere = said.p[i];
	const size_t n = said.n;
	buf_fini(&said);
	return n;
}

void facts_find_elsewhere(struct facts *f)
{
	const int64_t until_ms = clock_mono_ms() + ALL_MS;
	struct looking l = { f, 0 };
	while (l.from < f->listener_n) {
		if (clock_mono_ms() < until_ms)
			l.from += hear(&l, until_ms);
		if (l.from == f->listener_n)
			break;
		f->listeners[l.from].elsewhere = true;
		facts_unread(f, arena_printf(f->arena, "the files of process %u, which listens",
		                             f->listeners[l.from].pid), err_text(ERR_TIMEOUT));
		l.from++;
	}
}
