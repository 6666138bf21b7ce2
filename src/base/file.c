/* SPDX-License-Identifier: ISC
 *
 * Whole files: read with a limit, and written beside their place, synced and renamed into it.
 */
#include "base/file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int file_err(int errnum)
{
	switch (errnum) {
	case ENOENT: case ENOTDIR: return ERR_NOT_FOUND;
	case EACCES: case EPERM: case EROFS: return ERR_DENIED;
	case ENOSPC: case EDQUOT: return ERR_FULL;
	case EEXIST: return ERR_EXISTS;
	case EAGAIN: return ERR_BUSY;
	default: return ERR_IO;
	}
}

static int read_fd(int fd, size_t max_bytes, struct buf *out)
{
	char chunk[65536];
	size_t total = 0;
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_err(errno);
		if (n == 0)
			return ERR_OK;
		total += (size_t)n;
		if (total > max_bytes)
			return ERR_LIMIT;
		buf_add(out, chunk, (size_t)n);
	}
}

int file_read(const char *path, size_t max_bytes, struct buf *out)
{
	if (strcmp(path, "-") == 0)
		return read_fd(STDIN_FILENO, max_bytes, out);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return file_err(errno);
	int e = read_fd(fd, max_bytes, out);
	close(fd);
	return e;
}

int file_read_plain(const char *path, size_t max_bytes, struct buf *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? ERR_INVALID : file_err(errno);
	int e = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read_fd(fd, max_bytes, out)
		: ERR_INVALID;
	close(fd);
	return e;
}

int file_write_fd(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_err(errno);
		s = str_from(s, (size_t)n);
	}
	return fsync(fd) == 0 ? ERR_OK : file_err(errno);
}

int file_sync_name(const char *path)
{
	char *copy = mem_strdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return file_err(errno);
	int e = fsync(fd) == 0 ? ERR_OK : file_err(errno);
	close(fd);
	return e;
}

int file_create(const char *path, struct str bytes, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return file_err(errno);
	int e = file_write_fd(fd, bytes);
	if (close(fd) != 0 && e == ERR_OK)
		e = file_err(errno);
	if (e != ERR_OK)
		unlink(path);
	return e;
}

int file_move(const char *from, const char *to)
{
	if (rename(from, to) != 0)
		return errno == EXDEV ? ERR_UNSUPPORTED : file_err(errno);
	return file_sync_name(to);
}

int file_write(const char *path, struct str bytes, mode_t mode)
{
	char *tmp = mem_printf("%s.tmpXXXXXX", path);
	int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		int e = file_err(errno);
		free(tmp);
		return e;
	}
	int e = file_write_fd(fd, bytes);
	if (e == ERR_OK && fchmod(fd, mode) != 0)
		e = file_err(errno);
	close(fd);
	if (e == ERR_OK && rename(tmp, path) != 0)
		e = file_err(errno);
	if (e != ERR_OK)
		unlink(tmp);
	free(tmp);
	return e == ERR_OK ? file_sync_name(path) : e;
}

int file_lock(int fd)
{
	enum { WAIT_MS = 5000, STEP_MS = 10 };
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	for (int waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited_ms += STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return file_err(errno);
		if (waited_ms >= WAIT_MS)
			return ERR_BUSY;
		nanosleep(&step, NULL);
	}
	return ERR_OK;
}

int file_mkdirs(const char *path, mode_t mode)
{
	char *copy = mem_strdup(path);
	int e = ERR_OK;
	for (char *p = copy + 1; e == ERR_OK; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char saved = *p;
		*p = '\0';
		if (mkdir(copy, mode) != 0 && errno != EEXIST)
			e = file_err(errno);
		*p = saved;
		if (saved == '\0')
			break;
	}
	free(copy);
	return e;
}
