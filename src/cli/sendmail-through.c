/* SPDX-License-Identifier: ISC
 *
 * Two directions over poll(2), a buffer for each. The end of the input is not passed on: servers
 * take it for the end of the session, and the last answers would be lost. The gateway ends it by
 * QUIT, or what is to come is waited for no longer than a minute.
 */
#include "cli/sendmail-through.h"

#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PIECE = 16384, LAST_WORDS_MS = 60 * 1000 };

static int connect_to(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	if (!str_copy(at.sun_path, sizeof(at.sun_path), str_of(path)))
		return ERR_LIMIT;
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	const int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return ERR_IO;
}

/* All of it, however slowly it is taken. */
static bool write_all(int fd, struct str s)
{
	while (s.n > 0) {
		const ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		s = str_from(s, (size_t)n);
	}
	return true;
}

/* *last: the byte before these. */
static void add_with_crlf(struct str s, char *last, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n' && *last != '\r')
			buf_add_byte(out, '\r');
		buf_add_byte(out, s.p[i]);
		*last = s.p[i];
	}
}

/* False: the input has ended, or is not wanted any more. */
static bool pass_input(int fd, char *last)
{
	char piece[PIECE];
	struct buf out = { 0 };
	const ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));
	if (n < 0 && errno == EINTR)
		return true;
	if (n > 0)
		add_with_crlf((struct str){ piece, (size_t)n }, last, &out);
	const bool goes_on = n > 0 && write_all(fd, buf_str(&out));
	buf_fini(&out);
	return goes_on;
}

static bool pass_answer(int fd)
{
	char piece[PIECE];
	const ssize_t n = read(fd, piece, sizeof(piece));
	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && write_all(STDOUT_FILENO, (struct str){ piece, (size_t)n });
}

int sendmail_through(const char *path)
{
	const int fd = connect_to(path);
	if (fd < 0)
		return fd;
	bool input = true, answers = true;
	char last = '\n';
	while (answers) {
		struct pollfd ready[2] = { { .fd = fd, .events = POLLIN },
		                           { .fd = input ? STDIN_FILENO : -1, .events = POLLIN } };
		const int n = poll(ready, 2, input ? -1 : LAST_WORDS_MS);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		if (n < 0)
			continue;
		if (ready[0].revents)
			answers = pass_answer(fd);
		if (answers && input && ready[1].revents)
			input = pass_input(fd, &last);
	}
	close(fd);
	return ERR_OK;
}
