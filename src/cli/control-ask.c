/* SPDX-License-Identifier: ISC
 *
 * See control-ask.h: connects, says one line, and reads until the other side has no more to say.
 */
#include "cli/control-ask.h"

#include "base/file.h"
#include "settings/assembly-gateway.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_S = 10, ANSWER_MAX = 16 << 20, PIECE = 65536 };

static int fail(int err, const char *path, const char *what, struct buf *message)
{
	buf_printf(message, "%s: %s", path, what);
	return err;
}

static int err_of(int system)
{
	return system == EAGAIN ? ERR_TIMEOUT : system == EACCES || system == EPERM ? ERR_DENIED :
	       system == ENOENT || system == ECONNREFUSED || system == ECONNRESET ||
	       system == EPIPE ? ERR_CLOSED : ERR_IO;
}

static int fail_system(const char *path, struct buf *message)
{
	const int err = err_of(errno);
	return fail(err, path, err == ERR_CLOSED ? "the gateway does not run" :
	            err == ERR_TIMEOUT ? "the gateway does not answer" : strerror(errno), message);
}

static int talk(int fd, const char *path, const char *request, struct buf *answer,
                struct buf *message)
{
	const size_t before = answer->n;
	char piece[PIECE];
	ssize_t n;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request) ||
	    send(fd, "\n", 1, MSG_NOSIGNAL) != 1 || shutdown(fd, SHUT_WR) != 0)
		return fail_system(path, message);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0) {
		buf_add(answer, piece, (size_t)n);
		if (answer->n - before > ANSWER_MAX)
			return fail(ERR_LIMIT, path, "the answer is too long", message);
	}
	if (n < 0)
		return fail_system(path, message);
	return answer->n > before ? ERR_OK : fail(ERR_CLOSED, path, "no answer", message);
}

static int ask_at(const char *path, const char *request, struct buf *answer, struct buf *message)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	if (!str_copy(at.sun_path, sizeof(at.sun_path), str_of(path)))
		return fail(ERR_INVALID, path, "too long for the path of a socket", message);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail_system(path, message);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	int e = connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0
	        ? talk(fd, path, request, answer, message) : fail_system(path, message);
	close(fd);
	return e;
}

int control_ask(const struct cli *cli, const char *request, struct buf *answer,
                struct buf *message)
{
	bool inside;
	char *path = assembly_gateway_control_path(&cli->settings, &inside);
	if (!path) {
		buf_add_cstr(message, "gateway.control_socket: expected a path, found none");
		return ERR_CLOSED;
	}
	int e = ask_at(inside ? GATEWAY_CONTROL_NAME : path, request, answer, message);
	free(path);
	return e;
}
