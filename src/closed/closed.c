/* SPDX-License-Identifier: ISC
 *
 * The room as its owner has it: the keeper's number, its socket, its network.
 */
#include "closed/closed.h"

#include "base/mem.h"
#include "closed/keeper.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAKING_MS = 20000, LATENESS_MS = 2000, END_MS = 5000 };

struct closed_room {
	pid_t keeper;
	int control, network;
	bool carries;
	bool lost;                       /* an answer may still come to what was given up */
};

static int answer_await(const struct closed_room *room, int64_t timeout_ms, struct buf *text,
                        int *status)
{
	static char packet[sizeof(struct keeper_answer) + CLOSED_OUTPUT_MAX];
	struct keeper_answer head;
	struct pollfd wait = { room->control, POLLIN, 0 };
	int ready;
	while ((ready = poll(&wait, 1, (int)timeout_ms)) < 0 && errno == EINTR)
		;
	if (ready <= 0)
		return ready == 0 ? ERR_TIMEOUT : ERR_IO;
	ssize_t n = recv(room->control, packet, sizeof(packet), 0);
	if (n < (ssize_t)sizeof(head))
		return ERR_CLOSED;
	memcpy(&head, packet, sizeof(head));
	buf_add(text, packet + sizeof(head), (size_t)n - sizeof(head));
	*status = head.status;
	return head.err;
}

static int network_open(struct closed_room *room, struct buf *message)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)room->keeper);
	room->network = open(path, O_RDONLY | O_CLOEXEC);
	if (room->network >= 0)
		return ERR_OK;
	buf_add_cstr(message, "the room's network cannot be opened");
	return ERR_IO;
}

static int room_open(const struct closed_setup *setup, struct closed_room *room,
                     struct buf *message)
{
	int status, e = closed_keeper_start(setup, &room->keeper, &room->control);
	if (e != ERR_OK) {
		buf_printf(message, "no namespaces can be made here: %s", err_text(e));
		return e;
	}
	e = answer_await(room, MAKING_MS, message, &status);
	if (e != ERR_OK && !message->n)
		buf_printf(message, "the closed room was not made: %s", err_text(e));
	return e == ERR_OK ? network_open(room, message) : e;
}

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int closed_create(const struct closed_setup *setup, struct closed_room **room, struct buf *message)
{
	struct closed_room *r = mem_zalloc(sizeof(*r));
	assert(setup->life_ms > 0);
	r->control = r->network = -1;
	for (size_t i = 0; i < setup->bind_n; i++)
		r->carries = r->carries ||
		             (setup->binds[i].from && is_directory(setup->binds[i].from));
	int e = room_open(setup, r, message);
	if (e != ERR_OK) {
		closed_destroy(r);
		return e;
	}
	*room = r;
	return ERR_OK;
}

/* The keeper is gone when all that was in its namespace is. A process that waits for a disk which
 * does not answer can hold it: it goes when the disk answers, and nobody has to wait. */
static void end_await(pid_t keeper)
{
	int fd = pidfd_open(keeper, 0);
	struct pollfd wait = { fd, POLLIN, 0 };
	int ready = 1;
	while (fd >= 0 && (ready = poll(&wait, 1, END_MS)) < 0 && errno == EINTR)
		;
	while (ready != 0 && waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
}

void closed_destroy(struct closed_room *room)
{
	if (!room)
		return;
	if (room->control >= 0)
		close(room->control);
	if (room->network >= 0)
		close(room->network);
	if (room->keeper > 0) {
		kill(room->keeper, SIGKILL);
		end_await(room->keeper);
	}
	free(room);
}

static int word_send(struct closed_room *room, const char *packet, size_t n, int64_t timeout_ms,
                     struct buf *output, int *status)
{
	if (room->lost || send(room->control, packet, n, MSG_NOSIGNAL) != (ssize_t)n)
		return ERR_CLOSED;
	int e = answer_await(room, timeout_ms + LATENESS_MS, output, status);
	room->lost = e == ERR_IO || e == ERR_CLOSED || e == ERR_TIMEOUT;
	return e;
}

void closed_log(struct closed_room *room, struct buf *log)
{
	const struct keeper_word head = { 0 };
	int status;
	for (size_t before = SIZE_MAX; before != log->n;) {
		before = log->n;
		if (word_send(room, (const char *)&head, sizeof(head), 0, log, &status) != ERR_OK)
			return;
	}
}

int closed_run(struct closed_room *room, const char *const *words, int64_t timeout_ms,
               struct buf *output, int *status)
{
	char packet[sizeof(struct keeper_word) + CLOSED_WORDS_BYTES_MAX];
	struct keeper_word head = { .timeout_ms = timeout_ms };
	size_t n = sizeof(head), count = 0;
	assert(words[0] && words[0][0] == '/');
	memcpy(packet, &head, sizeof(head));
	for (; words[count]; count++) {
		size_t word_n = strlen(words[count]) + 1;
		if (count == CLOSED_WORDS_MAX || word_n > sizeof(packet) - n)
			return ERR_LIMIT;
		memcpy(packet + n, words[count], word_n);
		n += word_n;
	}
	return word_send(room, packet, n, timeout_ms, output, status);
}

bool closed_carries(const struct closed_room *room)
{
	return room->carries;
}

int closed_network(const struct closed_room *room)
{
	return room->network;
}
