/* SPDX-License-Identifier: ISC
 *
 * A blocking socket with a limit of time, read by the line.
 */
#include "cli/control-ask.h"

#include "settings/assembly-gateway.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_S = 60, LINE_MAX_BYTES = 16 << 20, PIECE = 65536 };

static int connect_to(struct control_ask *ask, const char *path, const char *shown)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const struct timeval wait = { .tv_sec = WAIT_S };
	if (!str_copy(at.sun_path, sizeof(at.sun_path), str_of(path)))
		return cli_fail(ask->cli, EX_CONFIG, "%s: expected a socket's path, shorter than "
		                "%zu", shown, sizeof(at.sun_path));
	ask->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (ask->fd < 0)
		return cli_fail(ask->cli, EX_OSERR, "%s: %s", shown, strerror(errno));
	setsockopt(ask->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(ask->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(ask->fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return CLI_GO;
	if (errno == EACCES)
		return cli_fail(ask->cli, EX_NOPERM, "%s: %s: expected root or the roles' user",
		                shown, strerror(errno));
	return cli_fail(ask->cli, EX_UNAVAILABLE, "%s: %s: the gateway does not run", shown,
	                strerror(errno));
}

int control_open(struct control_ask *ask, struct cli *cli)
{
	bool inside = false;
	*ask = (struct control_ask){ .cli = cli, .fd = -1 };
	int code = cli_enter(cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	char *path = assembly_gateway_control_path(&cli->settings, &inside);
	if (!path)
		return cli_fail(cli, EX_UNAVAILABLE, "gateway.control_socket: expected a socket, "
		                "found \"none\"");
	code = connect_to(ask, inside ? GATEWAY_CONTROL_NAME : path, path);
	free(path);
	return code;
}

void control_close(struct control_ask *ask)
{
	if (ask->fd >= 0)
		close(ask->fd);
	buf_fini(&ask->in);
}

static int broken(struct control_ask *ask, const char *why)
{
	return cli_fail(ask->cli, EX_UNAVAILABLE, "the gateway's control socket: %s", why);
}

int control_send(struct control_ask *ask, struct str request)
{
	struct buf line = { 0 };
	size_t sent = 0;
	buf_add_str(&line, request);
	buf_add_byte(&line, '\n');
	while (sent < line.n) {
		ssize_t n = send(ask->fd, line.p + sent, line.n - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	const bool all = sent == line.n;
	buf_fini(&line);
	return all ? CLI_GO : broken(ask, strerror(errno));
}

/* One that was awaited for too long is as one that has gone. */
static int line_read(struct control_ask *ask, struct str *line)
{
	static char piece[PIECE];
	size_t end, from = ask->taken;
	while ((end = str_find(str_from(buf_str(&ask->in), from), '\n')) == SIZE_MAX) {
		from = ask->in.n;
		ssize_t n = recv(ask->fd, piece, sizeof(piece), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return broken(ask, n == 0 ? "closed" : strerror(errno));
		if (ask->in.n - ask->taken > LINE_MAX_BYTES)
			return broken(ask, "expected a shorter line");
		buf_add(&ask->in, piece, (size_t)n);
	}
	*line = (struct str){ ask->in.p + ask->taken, from + end - ask->taken };
	ask->taken = from + end + 1;
	return CLI_GO;
}

int control_next(struct control_ask *ask, json_t **out)
{
	struct str line = { 0 };
	if (ask->taken == ask->in.n || ask->taken > PIECE) {
		buf_consume(&ask->in, ask->taken);
		ask->taken = 0;
	}
	*out = NULL;
	int code = line_read(ask, &line);
	if (code != CLI_GO)
		return code;
	json_t *object = json_loadb(line.p, line.n, 0, NULL);
	const json_t *error = json_object_get(object, "error");
	if (!json_is_object(object)) {
		code = broken(ask, "expected lines of JSON");
	} else if (error) {
		const char *why = json_is_string(error) ? json_string_value(error) : "error";
		code = cli_fail(ask->cli, EX_UNAVAILABLE, "the gateway: %s",
		                cli_safe(ask->cli, why));
	}
	if (code == CLI_GO)
		*out = object;
	else
		json_decref(object);
	return code;
}

bool control_is_end(const json_t *line, uint64_t *next)
{
	const json_int_t n = json_integer_value(json_object_get(line, "next"));
	*next = n > 0 ? (uint64_t)n : 0;
	return json_is_true(json_object_get(line, "end"));
}
