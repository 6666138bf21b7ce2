/* SPDX-License-Identifier: ISC
 *
 * See files.h. In the descriptor stand the lengths of FILES_MAX files, and behind them their bytes.
 */
#include "roles/files.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct directory {
	uint32_t bytes[FILES_MAX];
};

int files_create(void)
{
	struct directory none = { 0 };
	int fd = memfd_create("portreeve-files", MFD_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	if (fchmod(fd, 0600) == 0 && pwrite(fd, &none, sizeof(none), 0) == sizeof(none))
		return fd;
	close(fd);
	return ERR_IO;
}

int files_read_only(int fd)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Unlike file_read() it waits for nobody: a FIFO, say, is no file. */
static void read_regular(const char *path, struct buf *out)
{
	char chunk[4096];
	struct stat st;
	int fd = *path ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	ssize_t n = -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while ((n = read(fd, chunk, sizeof(chunk))) > 0 &&
		       out->n + (size_t)n <= FILES_BYTES_MAX)
			buf_add(out, chunk, (size_t)n);
	if (n != 0)
		buf_clear(out);
	OPENSSL_cleanse(chunk, sizeof(chunk));
	close(fd);
}

int files_fill(int fd, const char *const *paths, size_t n)
{
	struct directory directory = { 0 };
	struct buf contents[FILES_MAX] = { 0 };
	assert(n <= FILES_MAX);
	off_t at = sizeof(directory);
	bool ok = ftruncate(fd, 0) == 0;
	for (size_t i = 0; i < n; i++) {
		struct buf *c = &contents[i];
		read_regular(paths[i], c);
		ok = ok && pwrite(fd, c->p, c->n, at) == (ssize_t)c->n;
		directory.bytes[i] = (uint32_t)c->n;
		at += (off_t)c->n;
		OPENSSL_cleanse(c->p, c->n);
		buf_fini(c);
	}
	/* Last: until it is there, a reader finds nothing. */
	if (ok && pwrite(fd, &directory, sizeof(directory), 0) == sizeof(directory))
		return ERR_OK;
	(void)!ftruncate(fd, 0);
	return ERR_IO;
}

int files_read(int fd, size_t i, struct buf *out)
{
	struct directory directory;
	off_t at = sizeof(directory);
	assert(i < FILES_MAX);
	ssize_t n = pread(fd, &directory, sizeof(directory), 0);
	if (n != sizeof(directory))
		return n < 0 ? ERR_IO : ERR_INVALID;
	for (size_t j = 0; j < i; j++)
		at += directory.bytes[j];
	uint32_t left = directory.bytes[i];
	if (left == 0)
		return ERR_NOT_FOUND;
	while (left > 0) {
		char chunk[4096];
		n = pread(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk), at);
		if (n <= 0)
			return n < 0 ? ERR_IO : ERR_INVALID;
		buf_add(out, chunk, (size_t)n);
		OPENSSL_cleanse(chunk, sizeof(chunk));
		at += n;
		left -= (uint32_t)n;
	}
	return ERR_OK;
}
