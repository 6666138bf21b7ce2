/* SPDX-License-Identifier: ISC
 *
 * The process that speaks for all who are not there. A socket that stands where nothing can be
 * made is made in the room's /dev, and put over the one that is there.
 */
#include "closed/stand-in.h"

#include "base/file.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "base/stream.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TALKS_MAX = 512, DESCRIPTORS = 1024 };

struct listener {
	enum closed_stand_in_kind kind;
	int fd;
	struct loop *loop;
};

struct talker {
	struct stand_in_talk talk;
	struct stream *stream;
	bool over;
};
static unsigned talker_n;

static void talker_ended(void *arg, enum stream_end why)
{
	struct talker *t = arg;
	(void)why;
	stream_destroy(t->stream);
	stand_in_fini(&t->talk);
	free(t);
	talker_n--;
}

static void talker_received(void *arg, struct str bytes)
{
	struct talker *t = arg;
	struct buf out = { 0 };
	if (t->over)
		return;
	t->over = !stand_in_take(&t->talk, bytes, &out);
	stream_write(t->stream, buf_str(&out));
	buf_fini(&out);
	if (t->over)
		stream_finish(t->stream);
}

static void listener_ready(void *arg, unsigned events)
{
	static const struct stream_events hooks = { .received = talker_received,
	                                            .ended = talker_ended };
	const struct listener *l = arg;
	struct endpoint peer;
	struct buf out = { 0 };
	(void)events;
	int fd = stream_accept(l->fd, &peer);
	if (fd < 0)
		return;
	if (talker_n == TALKS_MAX) {
		close(fd);
		return;
	}
	struct talker *t = mem_zalloc(sizeof(*t));
	talker_n++;
	t->talk.kind = l->kind;
	t->stream = stream_adopt(l->loop, fd, &hooks, t);
	stand_in_greet(&t->talk, &out);
	stream_write(t->stream, buf_str(&out));
	buf_fini(&out);
}

static bool is_listener(int fd, const struct listener *listeners, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (listeners[i].fd == fd)
			return true;
	return false;
}

static _Noreturn void speak(struct listener *listeners, size_t n)
{
	static const struct sandbox box = { .user = "nobody", .sockets = SANDBOX_ACCEPT };
	struct buf message = { 0 };
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		if (!is_listener(fd, listeners, n))
			close(fd);
	struct loop *loop = loop_create();
	for (size_t i = 0; i < n; i++) {
		listeners[i].loop = loop;
		loop_watch_set(loop_watch_create(loop, listeners[i].fd, listener_ready,
		                                 &listeners[i]), LOOP_READ);
	}
	/* With process 1 of the room it ends in any case. */
	if (sandbox_enter(&box, &message) != ERR_OK)
		_exit(1);
	loop_run(loop);
	_exit(1);
}

static int listen_over(const char *path, size_t number)
{
	char made[64];
	snprintf(made, sizeof(made), "/dev/stand-in-%zu", number);
	int fd = stream_listen_unix(made, 0666);
	if (fd >= 0 && mount(made, path, NULL, MS_BIND, NULL) != 0) {
		close(fd);
		return ERR_IO;
	}
	return fd;
}

static int listen_at_path(const char *path, size_t number)
{
	char parent[PATH_MAX];
	assert(path[0] == '/');
	if (access(path, F_OK) == 0)
		return listen_over(path, number);
	if (!str_copy(parent, sizeof(parent), str_of(path)))
		return ERR_LIMIT;
	*strrchr(parent, '/') = '\0';
	int e = parent[0] ? file_mkdirs(parent, 0755) : ERR_OK;
	return e == ERR_OK ? stream_listen_unix(path, 0666) : e;
}

int closed_stand_ins_serve(const struct closed_stand_in *all, size_t n, struct buf *message)
{
	struct listener listeners[CLOSED_STAND_INS_MAX];
	char text[ENDPOINT_TEXT_MAX];
	size_t count = 0;
	assert(n <= CLOSED_STAND_INS_MAX);
	for (size_t i = 0; i < n; i++) {
		int fd = all[i].path ? listen_at_path(all[i].path, i) : stream_listen(&all[i].at);
		if (fd >= 0)
			listeners[count++] = (struct listener){ .kind = all[i].kind, .fd = fd };
		else
			buf_printf(message, "%s: nobody can stand in there: %s\n",
			           all[i].path ? all[i].path : endpoint_format(&all[i].at, text),
			           err_text(fd));
	}
	pid_t pid = count ? fork() : 1;
	if (pid == 0)
		speak(listeners, count);
	for (size_t i = 0; i < count; i++)
		close(listeners[i].fd);
	return pid < 0 ? ERR_IO : ERR_OK;
}
