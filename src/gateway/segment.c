/* SPDX-License-Identifier: ISC
 *
 * Files of one size, whose blocks are there and were written once from the beginning: an append
 * changes no size and allocates nothing, so that its sync is that of data alone and a full disk is
 * met when a segment is made.
 */
#include "gateway/segment-private.h"

#include "base/err.h"
#include "base/file.h"
#include "gateway/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PREFIX "segment-"
enum { DIGITS = 8, PIECE_BYTES = 1 << 20 };

void segment_name(uint64_t number, char name[static SEGMENT_NAME_MAX])
{
	snprintf(name, SEGMENT_NAME_MAX, PREFIX "%0*llx", DIGITS, (unsigned long long)number);
}

bool segment_number(const char *name, uint64_t *number)
{
	char again[SEGMENT_NAME_MAX];
	uint64_t value = 0;
	if (!str_prefix(str_of(name), STR(PREFIX)) || strlen(name) >= SEGMENT_NAME_MAX)
		return false;
	for (const char *p = name + sizeof(PREFIX) - 1; *p; p++) {
		const char *digit = strchr("0123456789abcdef", *p);
		if (!digit)
			return false;
		value = value << 4 | (uint64_t)(digit - "0123456789abcdef");
	}
	segment_name(value, again);
	*number = value;
	return strcmp(again, name) == 0;
}

int segment_write(int fd, size_t at, struct str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? file_err(errno) : ERR_IO;
		at += (size_t)n;
		bytes = str_from(bytes, (size_t)n);
	}
	return ERR_OK;
}

int segment_renew(int fd, const struct hash_key *key, uint64_t use)
{
	struct buf head = { 0 };
	const struct gateway_record record = { .kind = GATEWAY_KIND_SEGMENT, .use = use };
	gateway_record_write(key, &record, &head);
	int e = segment_write(fd, 0, buf_str(&head));
	if (e == ERR_OK && fdatasync(fd) != 0)
		e = file_err(errno);
	buf_fini(&head);
	return e;
}

int segment_create(int directory, const char *name, size_t bytes, int *fd)
{
	*fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return file_err(errno);
	int failed = posix_fallocate(*fd, 0, (off_t)bytes);
	if (!failed)
		return ERR_OK;
	unlinkat(directory, name, 0);
	close(*fd);
	*fd = -1;
	return file_err(failed);
}

int segment_fill(int fd, size_t bytes, size_t *at)
{
	static const char zeros[1 << 16];
	const size_t end = bytes - *at < PIECE_BYTES ? bytes : *at + PIECE_BYTES;
	int e = ERR_OK;
	while (e == ERR_OK && *at < end) {
		const size_t n = end - *at < sizeof(zeros) ? end - *at : sizeof(zeros);
		e = segment_write(fd, *at, (struct str){ zeros, n });
		*at += n;
	}
	if (e == ERR_OK && fdatasync(fd) != 0)
		e = file_err(errno);
	return e;
}

int segment_publish(int directory, int fd)
{
	return fsync(fd) == 0 && fsync(directory) == 0 ? ERR_OK : file_err(errno);
}

int segment_read(int fd, size_t at, size_t n, char *dst)
{
	while (n > 0) {
		ssize_t got = pread(fd, dst, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_IO;
		at += (size_t)got;
		dst += got;
		n -= (size_t)got;
	}
	return ERR_OK;
}
