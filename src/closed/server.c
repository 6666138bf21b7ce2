/* SPDX-License-Identifier: ISC
 *
 * The table of servers, and how any of them is started and awaited.
 */
#include "closed/server-private.h"

#include "base/clock.h"
#include "base/mem.h"
#include "closed/ask.h"

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

/* Asked from its own address: no rule is asked for a greeting. */
/* Asks at these places; those where nobody listens remain in `places`. */
static int greeting_ask(const struct closed_room *room, const struct closed_patience *patience,
                        struct endpoint *places, size_t *n, bool *greets)
{
	const size_t all = *n;
	struct closed_session *sessions = mem_array(all, sizeof(*sessions));
	for (size_t i = 0; i < all; i++)
		sessions[i] = (struct closed_session){ .from = places[i].ip, .to = places[i],
		                                       .helo = "localhost" };
	int e = closed_ask(room, patience, sessions, all);
	*n = 0;
	for (size_t i = 0; i < all; i++) {
		/* One that listens and says nothing may wait for a PROXY header. */
		*greets = *greets || sessions[i].greeting.code || sessions[i].end == CLOSED_LATE ||
		          sessions[i].end == CLOSED_HUNG_UP;
		if (sessions[i].end == CLOSED_NOBODY)
			places[(*n)++] = sessions[i].to;
	}
	free(sessions);
	return e;
}

/* Servers bind their ports in one go: where nobody listens soon after somebody greeted, nobody
 * will, as the server listens on some addresses alone. */
static int greeting_await(const struct closed_room *room, const struct endpoint *ports, size_t n,
                          int64_t timeout_ms, struct buf *message)
{
	enum { STEP_MS = 500, SETTLE_MS = 1000 };
	const int64_t until_ms = clock_mono_ms() + timeout_ms;
	struct endpoint *places = mem_array(n, sizeof(*places));
	bool greets = false, settled = false;
	size_t left = n;
	int e = ERR_OK;
	memcpy(places, ports, n * sizeof(*places));
	while (e == ERR_OK && left > 0 && !settled && clock_mono_ms() < until_ms) {
		settled = greets;
		e = greeting_ask(room, &(struct closed_patience){
			.refused_ms = greets ? SETTLE_MS : STEP_MS, .command_ms = timeout_ms,
			.session_ms = timeout_ms, .all_ms = timeout_ms + 2000,
		}, places, &left, &greets);
	}
	free(places);
	if (e == ERR_OK && !greets) {
		char text[ENDPOINT_TEXT_MAX];
		buf_printf(message, "%s: %s", endpoint_format(&ports[0], text),
		           closed_end_text(CLOSED_NOBODY));
		e = ERR_TIMEOUT;
	}
	return e;
}

/* Whoever has a log file of its own says there why it does not start. */
static void log_read(struct closed_room *room, struct buf *message)
{
	static const char *const words[] = { "/usr/bin/tail", "-q", "-n", "5", "/var/log/mail.log",
	                                     "/var/log/maillog", "/var/log/exim4/paniclog", NULL };
	enum { READ_MS = 2000 };
	struct buf text = { 0 };
	int status;
	if (closed_run(room, words, READ_MS, &text, &status) == ERR_OK)
		buf_add_str(message, buf_str(&text));
	buf_fini(&text);
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
                        struct buf *message)
{
	const char *words[CLOSED_WORDS_MAX], *program = closed_server_program(server);
	int status = 0;
	if (!program)
		return ERR_NOT_FOUND;
	server->start(program, config ? config : server->config, words);
	words_append(words, options);
	int e = configuration_prepare(room, server, timeout_ms, message);
	if (e == ERR_OK)
		e = closed_run(room, words, timeout_ms, message, &status);
	if (e == ERR_OK && status != 0)
		e = ERR_CLOSED;
	if (e == ERR_CLOSED)
		log_read(room, message);
	return e == ERR_OK && n ? greeting_await(room, ports, n, timeout_ms, message) : e;
}
