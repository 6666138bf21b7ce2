/* SPDX-License-Identifier: ISC
 *
 * How SQLite opens files here. The directory may be in hostile hands, so every file (the
 * database, -wal, -shm, -journal, a super-journal that a journal names) must be a regular one
 * and no link, and opening never waits. Names are taken as they are given: one that begins
 * with "./" is one of the current directory, whether or not we may pass the way to it.
 */
#include "sqlite/sqlite-private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* For a copy: a descriptor of the caller in the place of a file of that name. */
static struct {
	const char *name;
	int fd;
} lent;

void files_lend(const char *name, int fd)
{
	assert((fd >= 0) == (name != NULL) && (!name || !lent.name));
	lent.name = name;
	lent.fd = fd;
}

static bool is_plain(const char *path, int fd)
{
	struct stat st;
	/* SQLite opens /dev/null to fill the first three descriptors. */
	return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
	                               strcmp(path, "/dev/null") == 0);
}

static int open_plain(const char *path, int flags, int mode)
{
	if (lent.name && strcmp(path, lent.name) == 0)
		return fcntl(lent.fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
	assert(fd != lent.fd || fd < 0 || !lent.name);
	if (fd < 0 || is_plain(path, fd))
		return fd;
	close(fd);
	errno = ELOOP;
	return -1;
}

static int keep_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	return str_copy(out, (size_t)size, str_of(name)) ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int open_writable(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                         int *out_flags)
{
	(void)vfs;
	sqlite3_vfs *system = sqlite3_vfs_find("unix");
	return system->xOpen(system, name, file, flags, out_flags);
}

/* SQLite opens the -wal file of a read-only database for writing where it can. This does not
 * let it, so that a reader holds no descriptor that could change the list. */
static int open_readonly(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                         int *out_flags)
{
	flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	assert((flags & SQLITE_OPEN_READWRITE) == 0);
	return open_writable(vfs, name, file, flags | SQLITE_OPEN_READONLY, out_flags);
}

static void add(sqlite3_vfs *vfs, const char *name,
                int (*xopen)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *))
{
	*vfs = *sqlite3_vfs_find("unix");
	vfs->zName = name;
	vfs->pNext = NULL;
	vfs->xOpen = xopen;
	vfs->xFullPathname = keep_name;
	int rc = sqlite3_vfs_register(vfs, 0);
	assert(rc == SQLITE_OK);
}

const char *files_vfs(bool writable)
{
	static sqlite3_vfs vfs[2];
	if (!vfs[0].zName) {
		/* Nobody asks how much memory SQLite has: to count it takes a lock per allocation.
		 * Refused, and without it all works as well, if SQLite was used before. */
		sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
		sqlite3_vfs *system = sqlite3_vfs_find("unix");
		system->xSetSystemCall(system, "open", (sqlite3_syscall_ptr)open_plain);
		add(&vfs[0], "portreeve-readonly", open_readonly);
		add(&vfs[1], "portreeve", open_writable);
	}
	return vfs[writable].zName;
}
