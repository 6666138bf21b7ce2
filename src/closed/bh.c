/* SPDX-License-Identifier: ISC
 *
 * The listener in front of `exim -bh`, a process of its own.
 */
#include "closed/bh.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "closed/program.h"
#include "closed/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ASK_MS = 4000, LOOK_MS = 200, RUNNING_MAX = 32, NAME_MAX_BYTES = 64 };

struct closed_bh {
	pid_t listener;
	int control;
	uint16_t port;
	size_t n;
};

struct listening {
	const struct closed_bh_program *program;
	const struct closed_bh_as *rows;
	size_t n;
	int socket;
	pid_t running[RUNNING_MAX];
};

/* ---- as whom --------------------------------------------------------------------------- */

/* "exim_user = Debian-exim" */
static bool value_of(const struct closed_bh_program *program, const char *option,
                     char name[static NAME_MAX_BYTES])
{
	const char *const ask[] = { "-bP", option, NULL };
	struct program_words words = program->words;
	const struct program_as self = { 0 };
	struct buf out = { 0 };
	struct str text, left;
	int status = 0;
	program_words_add(&words, ask);
	bool found = program_run(words.v, &self, STR(""), ASK_MS, &out, &status) == ERR_OK &&
	             status == 0;
	text = buf_str(&out);
	found = found && str_token(&text, "=", &left) && str_eq(str_trim(left), str_of(option));
	if (found) {
		text = str_trim(text);
		found = text.n && str_copy(name, NAME_MAX_BYTES, text);
	}
	buf_fini(&out);
	return found;
}

static bool greets(const struct closed_bh_program *program, struct buf *message)
{
	static const char *const ask[] = { "-bh", "127.0.0.1", NULL };
	struct program_words words = program->words;
	struct buf out = { 0 };
	int status = 0;
	program_words_add(&words, ask);
	int e = program_run(words.v, &program->as, STR("QUIT\r\n"), ASK_MS, &out, &status);
	bool well = e == ERR_OK &&
	            status == 0 && str_search(buf_str(&out), STR("\n220 ")) != SIZE_MAX;
	if (!well) {
		buf_clear(message);
		buf_printf(message, "exim -bh: %.*s", STR_ARG(str_trim(buf_str(&out))));
	}
	buf_fini(&out);
	return well;
}

/* But where it listens. */
static void options_add(struct program_words *words, const char *const *options)
{
	for (; options && *options; options++) {
		const char *const one[] = { *options, NULL };
		if (strcmp(*options, "-oX") == 0 && options[1])
			options++;
		else if (!str_prefix(str_of(*options), STR("-oX")) &&
		         strcmp(*options, "-tls-on-connect") != 0)
			program_words_add(words, one);
	}
}

int closed_bh_find(const char *const *options, struct closed_bh_program *program,
                   struct buf *message)
{
	char user[NAME_MAX_BYTES];
	unsigned uid = 0, gid = 0;
	const char *path[] = { closed_server_program(closed_server_of(MTA_EXIM)), NULL };
	*program = (struct closed_bh_program){ 0 };
	if (!path[0])
		return ERR_NOT_FOUND;
	program_words_add(&program->words, path);
	options_add(&program->words, options);
	if (geteuid() == 0 && value_of(program, "exim_user", user) &&
	    sandbox_user(user, &uid, &gid) == ERR_OK && uid != 0) {
		program->as = (struct program_as){ uid, gid, true, true };
		if (greets(program, message))
			return ERR_OK;
	}
	/* Its program has the bit that gives it root to read the configuration; it goes back to
	 * its own user by itself. */
	program->as = (struct program_as){ 0 };
	if (!greets(program, message))
		return ERR_CLOSED;
	buf_clear(message);
	return ERR_OK;
}

/* ---- the listener ------------------------------------------------------------------------- */

static const char *dotted(const struct endpoint *e, char *text, size_t size)
{
	char ip[IP_TEXT_MAX];
	ip_format(&e->ip, ip);
	if (e->port)
		snprintf(text, size, "%s.%u", ip, (unsigned)e->port);
	else
		snprintf(text, size, "%s", ip);
	return text;
}

static _Noreturn void session_exec(const struct listening *l, const struct closed_bh_as *row,
                                   int fd)
{
	char client[IP_TEXT_MAX + 8], own[IP_TEXT_MAX + 8];
	const char *const ask[] = { "-bh", dotted(&row->client, client, sizeof(client)), "-oMi",
	                            dotted(&row->own, own, sizeof(own)), NULL };
	struct program_words words = l->program->words;
	int none = open("/dev/null", O_WRONLY);
	if (setpgid(0, 0) != 0 || dup2(fd, STDIN_FILENO) != STDIN_FILENO ||
	    dup2(fd, STDOUT_FILENO) != STDOUT_FILENO || none < 0 ||
	    dup2(none, STDERR_FILENO) != STDERR_FILENO)
		_exit(126);
	program_words_add(&words, ask);
	program_exec(words.v, &l->program->as);
}

/* Those that have ended make room. Its place, or -1. */
static int room_find(struct listening *l)
{
	int free_at = -1;
	for (int i = 0; i < RUNNING_MAX; i++) {
		if (l->running[i] > 0 && waitpid(l->running[i], NULL, WNOHANG) == l->running[i]) {
			kill(-l->running[i], SIGKILL);
			l->running[i] = 0;
		}
		if (l->running[i] == 0)
			free_at = i;
	}
	return free_at;
}

static void session_take(struct listening *l, int place)
{
	struct sockaddr_in peer = { 0 };
	socklen_t size = sizeof(peer);
	int fd = accept4(l->socket, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	const uint32_t ip = ntohl(peer.sin_addr.s_addr);
	const size_t i = ip & 0xffff;
	pid_t pid = ip >> 16 == 0x7f01 && i < l->n ? fork() : -1;
	if (pid == 0)
		session_exec(l, &l->rows[i], fd);
	if (pid > 0)
		l->running[place] = pid;
	close(fd);
}

static _Noreturn void listener_run(struct listening *l, int control, int64_t life_ms)
{
	const int64_t until = clock_mono_ms() + life_ms;
	prctl(PR_SET_NAME, "exim-bh");
	setsid();
	while (clock_mono_ms() < until) {
		const int place = room_find(l);
		struct pollfd ready[] = { { control, POLLIN, 0 },
		                          { place < 0 ? -1 : l->socket, POLLIN, 0 } };
		int n = poll(ready, 2, LOOK_MS);
		if (n > 0 && ready[0].revents)
			break;
		if (n > 0 && ready[1].revents)
			session_take(l, place);
	}
	close(l->socket);
	for (int i = 0; i < RUNNING_MAX; i++)
		if (l->running[i] > 0) {
			kill(-l->running[i], SIGKILL);
			waitpid(l->running[i], NULL, 0);
		}
	_exit(0);
}

/* ---- whom it works for --------------------------------------------------------------- */

static int listen_here(uint16_t *port)
{
	enum { BACKLOG = 64 };
	struct sockaddr_in at = { .sin_family = AF_INET,
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, BACKLOG) != 0 ||
	                getsockname(fd, (struct sockaddr *)&at, &size) != 0)) {
		close(fd);
		fd = -1;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

int closed_bh_create(const struct closed_bh_program *program, const struct closed_bh_as *rows,
                     size_t n, int64_t life_ms, struct closed_bh **bh)
{
	struct listening l = { .program = program, .rows = rows, .n = n };
	int ends[2];
	if (n > CLOSED_BH_MAX)
		return ERR_LIMIT;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return ERR_IO;
	struct closed_bh *b = mem_zalloc(sizeof(*b));
	l.socket = listen_here(&b->port);
	b->n = n;
	b->control = ends[0];
	b->listener = l.socket >= 0 ? fork() : -1;
	if (b->listener == 0) {
		close(ends[0]);
		listener_run(&l, ends[1], life_ms);
	}
	close(ends[1]);
	if (l.socket >= 0)
		close(l.socket);
	if (b->listener < 0) {
		closed_bh_destroy(b);
		return ERR_IO;
	}
	*bh = b;
	return ERR_OK;
}

void closed_bh_at(const struct closed_bh *bh, size_t i, struct ip *from, struct endpoint *to)
{
	assert(i < bh->n && i <= UINT16_MAX);
	*from = (struct ip){ 4, { 127, 1, (uint8_t)(i >> 8), (uint8_t)i } };
	*to = (struct endpoint){ { 4, { 127, 0, 0, 1 } }, bh->port };
}

void closed_bh_destroy(struct closed_bh *bh)
{
	if (!bh)
		return;
	close(bh->control);
	while (bh->listener > 0 && waitpid(bh->listener, NULL, 0) < 0 && errno == EINTR)
		;
	free(bh);
}
