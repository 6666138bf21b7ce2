/* SPDX-License-Identifier: ISC
 *
 * The same words are run here and in the room. A word of the one list is looked for in the other.
 */
#include "closed/networks.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TOOL_MS = 2000, TEXT_MAX = 32768, NAMED_MAX = 8 };
#define PARTED " ,\t\r\n"

/* ---- comparing ------------------------------------------------------------------------- */

static bool list_has(struct str list, struct str wanted)
{
	for (struct str word; str_token(&list, PARTED, &word);)
		if (str_eq(word, wanted))
			return true;
	return false;
}

/* The words of one list that the other has not; their number. */
static size_t list_without(struct str list, struct str other, struct buf *text)
{
	const struct str whole = list;
	size_t n = 0;
	for (struct str word; str_token(&list, PARTED, &word);) {
		const struct str before = { whole.p, (size_t)(word.p - whole.p) };
		if (!word.n || list_has(other, word) || list_has(before, word))
			continue;
		if (++n <= NAMED_MAX)
			buf_printf(text, "%s%.*s", n > 1 ? ", " : "", STR_ARG(word));
	}
	if (n > NAMED_MAX)
		buf_printf(text, " and %zu more", n - NAMED_MAX);
	if (n == 0)
		buf_add_cstr(text, "nothing");
	return n;
}

const char *closed_networks_compare(struct str outside, struct str inside, struct arena *a)
{
	struct buf here = { 0 }, there = { 0 };
	size_t n = list_without(outside, inside, &here);
	n += list_without(inside, outside, &there);
	const char *differs = n == 0 ? NULL : arena_printf(a,
		"the server derives other networks in the closed room: only on this machine %s; "
		"only in the room %s", buf_cstr(&here), buf_cstr(&there));
	buf_fini(&here);
	buf_fini(&there);
	return differs;
}

/* ---- asking ------------------------------------------------------------------------------ */

/* Until the tool closes its output, or its time is over. */
static int tool_read(int fd, struct buf *out)
{
	const int64_t until_ms = clock_mono_ms() + TOOL_MS;
	char piece[4096];
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const int64_t left = until_ms - clock_mono_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return ERR_TIMEOUT;
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return n == 0 ? ERR_OK : ERR_IO;
		buf_add(out, piece, (size_t)n);
		if (out->n > TEXT_MAX)
			return ERR_LIMIT;
	}
}

static int tool_run(const char *const *words, struct buf *out, int *status)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LANG=C";
	char *const environment[] = { path, locale, NULL };
	int ends[2];
	pid_t pid;
	posix_spawn_file_actions_t actions;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return ERR_IO;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	bool started = posix_spawn(&pid, words[0], &actions, NULL, (char *const *)words,
	                           environment) == 0;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	int e = started ? tool_read(ends[0], out) : ERR_IO;
	close(ends[0]);
	if (started && e != ERR_OK)
		kill(pid, SIGKILL);
	while (started && waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return e;
}

const char *closed_networks_differ(struct closed_room *room, const struct closed_server *server,
                                   const char *config, struct arena *a)
{
	const char *words[CLOSED_WORDS_MAX], *program = closed_server_program(server);
	const char *said = "whether the server derives the same networks in the closed room as on "
	                   "this machine could not be asked";
	struct buf outside = { 0 }, inside = { 0 };
	int status_outside = 0, status_inside = 0;
	if (!server->networks || !program)
		return NULL;
	server->networks(program, config ? config : server->config, words);
	int e = tool_run(words, &outside, &status_outside);
	if (e == ERR_OK)
		e = closed_run(room, words, TOOL_MS, &inside, &status_inside);
	if (e == ERR_OK && status_outside == 0 && status_inside == 0)
		said = closed_networks_compare(buf_str(&outside), buf_str(&inside), a);
	buf_fini(&outside);
	buf_fini(&inside);
	return said;
}
