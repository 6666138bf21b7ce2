/* SPDX-License-Identifier: ISC
 *
 * The table of servers, and how any of them is started and awaited.
 */
#include "closed/server-private.h"

#include "base/clock.h"
#include "base/mem.h"
#include "closed/ask.h"
#include "closed/telling.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct closed_server *const servers[] = { &closed_postfix, &closed_exim,
                                                      &closed_sendmail, &closed_opensmtpd };

const struct closed_server *closed_server_of(enum mta mta)
{
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (servers[i]->mta == mta)
			return servers[i];
	return NULL;
}

const char *closed_server_program(const struct closed_server *server)
{
	for (size_t i = 0; !server->program && server->programs[i]; i++)
		if (access(server->programs[i], X_OK) == 0)
			return server->programs[i];
	return server->program;
}

int closed_server_bind(const struct closed_server *server, const char *config,
                       struct closed_bind *bind)
{
	struct stat given, place;
	*bind = (struct closed_bind){ 0 };
	if (stat(config, &given) != 0)
		return ERR_NOT_FOUND;
	for (size_t i = 0; server->places[i]; i++) {
		if (stat(server->places[i], &place) != 0 ||
		    S_ISDIR(place.st_mode) != S_ISDIR(given.st_mode))
			continue;
		if (place.st_dev != given.st_dev || place.st_ino != given.st_ino)
			*bind = (struct closed_bind){ config, server->places[i] };
		return ERR_OK;
	}
	return ERR_INVALID;
}

size_t closed_server_trees(const struct closed_server *server, const char *const *directories,
                           size_t n, struct closed_tree *trees)
{
	for (size_t i = 0; i < server->tree_n; i++)
		trees[i] = server->trees[i];
	for (size_t i = 0; i < n; i++)
		trees[server->tree_n + i] = (struct closed_tree){ directories[i], server->kept,
		                                                  false };
	return server->tree_n + n;
}

/* What was found at places. */
struct greeting {
	bool listens;                    /* one that says nothing may wait for a PROXY header */
	bool greets;
};

/* Asks at these places, from their own address: no rule is asked for a greeting. Those where nobody
 * listens remain in `places`. */
static int greeting_ask(const struct closed_room *room, const struct closed_patience *patience,
                        struct endpoint *places, size_t *n, struct greeting *found)
{
	const size_t all = *n;
	struct closed_session *sessions = mem_array(all, sizeof(*sessions));
	for (size_t i = 0; i < all; i++)
		sessions[i] = (struct closed_session){ .from = places[i].ip, .to = places[i],
		                                       .helo = "localhost" };
	int e = closed_ask(room, patience, sessions, all);
	*n = 0;
	for (size_t i = 0; i < all; i++) {
		const bool greets = sessions[i].greeting.code != 0;
		found->greets = found->greets || greets;
		found->listens = found->listens || greets || sessions[i].end == CLOSED_LATE ||
		                 sessions[i].end == CLOSED_HUNG_UP;
		if (sessions[i].end == CLOSED_NOBODY)
			places[(*n)++] = sessions[i].to;
	}
	free(sessions);
	return e;
}

void closed_server_log(struct closed_room *room, struct buf *log)
{
	/* The room has no file there but those that were written in it. */
	static const char *const words[] = { "/bin/sh", "-c",
		"find /var/log/ -type f -size +0 -exec grep -hiE "
		"'fatal|panic|err|exception|warn|cannot|could not|failed|unable|no such' {} + | "
		"head -n 100; find /var/log/ -type f -size +0 -exec tail -q -n 5 {} +", NULL };
	enum { READ_MS = 2000 };
	int status;
	closed_log(room, log);
	closed_run(room, words, READ_MS, log, &status);
}

/* Of all that it has printed and logged, the line that tells why. */
static void why_say(struct closed_room *room, struct buf *output, struct buf *message)
{
	closed_server_log(room, output);
	closed_telling(buf_str(output), false, message);
}

/* Servers bind their ports in one go: where nobody listens soon after somebody greeted, nobody
 * will, as the server listens on some addresses alone. */
static int greeting_await(struct closed_room *room, const struct endpoint *ports, size_t n,
                          int64_t timeout_ms, struct greeting *found, struct buf *message)
{
	/* Who listens may be asked, and gets all the time for that: for a greeting nobody waits
	 * longer here. */
	enum { STEP_MS = 500, SETTLE_MS = 1000, SILENCE_MS = 2000 };
	const int64_t until_ms = clock_mono_ms() + timeout_ms;
	struct endpoint *places = mem_array(n, sizeof(*places));
	bool settled = false;
	size_t left = n;
	int e = ERR_OK;
	memcpy(places, ports, n * sizeof(*places));
	while (e == ERR_OK && left > 0 && !settled && clock_mono_ms() < until_ms) {
		settled = found->listens;
		e = greeting_ask(room, &(struct closed_patience){
			.refused_ms = settled ? SETTLE_MS : STEP_MS, .command_ms = SILENCE_MS,
			.session_ms = timeout_ms, .all_ms = timeout_ms + 2000,
		}, places, &left, found);
	}
	free(places);
	if (e == ERR_OK && !found->listens) {
		char text[ENDPOINT_TEXT_MAX];
		struct buf log = { 0 };
		buf_printf(message, "%s: %s; the server says: ",
		           endpoint_format(&ports[0], text), closed_end_text(CLOSED_NOBODY));
		closed_server_log(room, &log);
		if (closed_telling(buf_str(&log), false, message) == CLOSED_TELLS_NOTHING)
			buf_add_cstr(message, "nothing");
		buf_fini(&log);
		e = ERR_TIMEOUT;
	}
	return e;
}

static int configuration_prepare(struct closed_room *room, const struct closed_server *server,
                                 int64_t timeout_ms, struct buf *message)
{
	int status = 0;
	if (!closed_carries(room) || !server->prepare)
		return ERR_OK;
	int e = closed_run(room, server->prepare, timeout_ms, message, &status);
	return e == ERR_OK && status != 0 ? ERR_CLOSED : e;
}

static void words_append(const char **words, const char *const *more)
{
	size_t n = 0;
	while (words[n])
		n++;
	for (; more && *more && n + 1 < CLOSED_WORDS_MAX; more++)
		words[n++] = *more;
	words[n] = NULL;
}

int closed_server_start(struct closed_room *room, const struct closed_server *server,
                        const char *config, const char *const *options,
                        const struct endpoint *ports, size_t n, int64_t timeout_ms,
                        bool *greets, struct buf *message)
{
	const char *words[CLOSED_WORDS_MAX], *program = closed_server_program(server);
	struct greeting found = { 0 };
	struct buf output = { 0 };
	int status = 0;
	if (!program)
		return ERR_NOT_FOUND;
	server->start(program, config ? config : server->config, words);
	words_append(words, options);
	int e = configuration_prepare(room, server, timeout_ms, &output);
	if (e == ERR_OK)
		e = closed_run(room, words, timeout_ms, &output, &status);
	if (e == ERR_OK && status != 0)
		e = ERR_CLOSED;
	if (e == ERR_LIMIT)
		buf_add_str(message, buf_str(&output));
	else if (e != ERR_OK)
		why_say(room, &output, message);
	else if (n)
		e = greeting_await(room, ports, n, timeout_ms, &found, message);
	buf_fini(&output);
	*greets = found.greets;
	return e;
}
