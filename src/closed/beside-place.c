/* SPDX-License-Identifier: ISC
 *
 * A directory is nobody's to be swept before it is locked: until then it has no mark in it, and is
 * taken for one that was given up only when it is old.
 */
#include "closed/beside-place.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "portreeve-beside-"
#define MARK "of-an-audit"
#define LEADER "leader"
#define MASTER "spool/pid/master.pid"         /* Postfix's leads another one */

enum { RANDOM_CHARS = 6, DEPTH_MAX = 16, REMOVE_MS = 2000, LOOK_MS = 20, OLD_S = 60 };

/* ---- removing ------------------------------------------------------------------------- */

static int directory_open(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* All that is in it; fd is closed. */
static void empty(int fd, unsigned depth)
{
	DIR *d = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!d) {
		close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    unlinkat(fd, e->d_name, 0) == 0)
			continue;
		int below = directory_open(fd, e->d_name);
		if (below >= 0)
			empty(below, depth + 1);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	closedir(d);
}

/* Who still writes there may be ending. */
static void remove_all(const char *path)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	const int64_t until_ms = clock_mono_ms() + REMOVE_MS;
	for (;;) {
		int fd = directory_open(AT_FDCWD, path);
		if (fd >= 0)
			empty(fd, 0);
		if (rmdir(path) == 0 || errno == ENOENT || clock_mono_ms() > until_ms)
			return;
		nanosleep(&pause, NULL);
	}
}

/* ---- one's own ------------------------------------------------------------------------ */

int beside_place_make(const char *parent, struct beside_place *place)
{
	*place = (struct beside_place){ .lock = -1 };
	int n = snprintf(place->path, sizeof(place->path), "%s/" PREFIX "XXXXXX", parent);
	if (n < 0 || (size_t)n >= sizeof(place->path) || !mkdtemp(place->path)) {
		place->path[0] = '\0';
		return n < 0 || (size_t)n >= sizeof(place->path) ? ERR_LIMIT : ERR_IO;
	}
	place->lock = directory_open(AT_FDCWD, place->path);
	int mark = -1;
	if (place->lock >= 0 && flock(place->lock, LOCK_EX | LOCK_NB) == 0)
		mark = openat(place->lock, MARK, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (mark >= 0)
		close(mark);
	/* The server's processes are not root's. */
	if (mark >= 0 && fchmod(place->lock, 0755) == 0)
		return ERR_OK;
	beside_place_remove(place);
	return ERR_IO;
}

int beside_place_lead(const struct beside_place *place)
{
	char number[24];
	int n = snprintf(number, sizeof(number), "%d", (int)getpid());
	int fd = openat(place->lock, LEADER, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int e = fd >= 0 && write(fd, number, (size_t)n) == n ? ERR_OK : ERR_IO;
	if (fd >= 0)
		close(fd);
	return e;
}

void beside_place_remove(struct beside_place *place)
{
	if (place->path[0])
		remove_all(place->path);
	if (place->lock >= 0)
		close(place->lock);
	*place = (struct beside_place){ .lock = -1 };
}

/* ---- those of others -------------------------------------------------------------------- */

static bool is_name(const char *name)
{
	const size_t n = sizeof(PREFIX) - 1;
	return strncmp(name, PREFIX, n) == 0 && strlen(name) == n + RANDOM_CHARS;
}

/* The group of processes that has this leader, if that number is still his: his words name the
 * directory. */
static void group_end(const char *path, const char *leader)
{
	struct buf text = { 0 }, words = { 0 }, file = { 0 };
	uint64_t number = 0;
	buf_printf(&file, "%s/%s", path, leader);
	if (file_read_plain(buf_cstr(&file), 64, &text) == ERR_OK &&
	    str_u64(str_trim(buf_str(&text)), INT32_MAX, &number) == ERR_OK && number > 1) {
		buf_clear(&file);
		buf_printf(&file, "/proc/%llu/cmdline", (unsigned long long)number);
		if (file_read_plain(buf_cstr(&file), 4096, &words) == ERR_OK &&
		    str_search(buf_str(&words), str_of(path)) != SIZE_MAX)
			kill(-(pid_t)number, SIGKILL);
	}
	buf_fini(&text);
	buf_fini(&words);
	buf_fini(&file);
}

static void sweep(const char *path)
{
	struct stat st, mark;
	int fd = directory_open(AT_FDCWD, path);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (fstatat(fd, MARK, &mark, AT_SYMLINK_NOFOLLOW) == 0) {
			group_end(path, LEADER);
			group_end(path, MASTER);
			remove_all(path);
		} else if (clock_now_s() - st.st_mtime > OLD_S) {
			rmdir(path);             /* if it is empty */
		}
	}
	close(fd);
}

void beside_places_sweep(const char *parent)
{
	DIR *d = opendir(parent);
	char path[BESIDE_PLACE_MAX];
	for (const struct dirent *e; d && (e = readdir(d)) != NULL;)
		if (is_name(e->d_name) &&
		    snprintf(path, sizeof(path), "%s/%s", parent, e->d_name) < (int)sizeof(path))
			sweep(path);
	if (d)
		closedir(d);
}
