/* SPDX-License-Identifier: ISC
 *
 * A disk that keeps what was synced and nothing else, for a process that is killed: LD_PRELOAD. Of
 * the files in $POWERCUT_DIRECTORY each has, in $POWERCUT_KEPT, a copy of what its last sync has
 * made safe. A write that is not synced is in the file alone; whoever pulls the plug takes the
 * copies. A name counts when its directory was synced after the file was made.
 *
 * It stands in front of fsync and fdatasync alone: no other call makes anything safe. A copy is
 * exchanged by a rename: a kill leaves the old one or the new one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);
	if (!f)
		abort();
	return f;
}

/* The name of what the descriptor has, below the directory; "" is the directory itself. */
static bool name_of(int fd, char name[static PATH_MAX])
{
	const char *directory = getenv("POWERCUT_DIRECTORY");
	char link[64], path[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (!directory || n < 0)
		return false;
	path[n] = '\0';
	const size_t length = strlen(directory);
	if (strncmp(path, directory, length) != 0 || (path[length] && path[length] != '/'))
		return false;
	snprintf(name, PATH_MAX, "%s", path[length] ? path + length + 1 : "");
	return true;
}

/* All of the file as the kernel has it now. */
static void copy(int fd, const char *to)
{
	static char piece[1 << 16];
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;
	for (off_t at = 0; out >= 0 && (n = pread(fd, piece, sizeof(piece), at)) > 0; at += n)
		if (write(out, piece, (size_t)n) != n)
			abort();
	if (out < 0 || close(out) != 0)
		abort();
}

/* The segments that the directory names now. */
static void list_names(const char *to)
{
	enum { NUMBERS = 1000 };
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const int directory = open(getenv("POWERCUT_DIRECTORY"), O_RDONLY | O_CLOEXEC);
	if (out < 0 || directory < 0)
		abort();
	for (unsigned i = 1; i < NUMBERS; i++) {
		char name[32];
		snprintf(name, sizeof(name), "segment-%08x", i);
		if (faccessat(directory, name, F_OK, 0) == 0)
			dprintf(out, "%s\n", name);
	}
	close(directory);
	if (close(out) != 0)
		abort();
}

/* What is there when the sync begins is what it promises, and no more. */
static int keep(int fd, const char *call)
{
	int (*const next)(int) = (int (*)(int))real(call);
	const char *kept = getenv("POWERCUT_KEPT");
	char name[PATH_MAX], to[2 * PATH_MAX], by[2 * PATH_MAX];
	if (!kept || !name_of(fd, name))
		return next(fd);
	pthread_mutex_lock(&lock);
	snprintf(by, sizeof(by), "%s/new", kept);
	snprintf(to, sizeof(to), "%s/%s", kept, name[0] ? name : "names");
	if (name[0])
		copy(fd, by);
	else
		list_names(by);
	const int result = next(fd), before = errno;
	if (result == 0 && rename(by, to) != 0)
		abort();
	pthread_mutex_unlock(&lock);
	errno = before;
	return result;
}

int fsync(int fd)
{
	return keep(fd, "fsync");
}

int fdatasync(int fd)
{
	return keep(fd, "fdatasync");
}
