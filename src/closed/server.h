/* SPDX-License-Identifier: ISC
 *
 * The mail servers that can be started in the closed room: a table of hooks for each, in a file of
 * its own, and what is the same for all. Another server is another such table.
 *
 *     postfix.c, exim.c, sendmail.c, opensmtpd.c
 *
 * Who uses it: the command `audit`. Outside of the room nothing is asked of a
 * configuration but the networks that the machine's own derives (networks.h).
 */
#ifndef PORTREEVE_CLOSED_SERVER_H
#define PORTREEVE_CLOSED_SERVER_H

#include "catalogue/mta.h"
#include "closed/closed.h"

struct closed_server {
	enum mta mta;
	const char *const *programs;     /* where its main program may be; NULL-terminated */
	const char *program;             /* where it is, in a container; NULL: it is looked for */
	const char *config;              /* its directory; NULL: it knows itself */
	/* Where its configuration may be, directories and files, the likeliest first;
	 * NULL-terminated. */
	const char *const *places;
	const struct closed_tree *trees; /* what it writes to, beside spool, log, run, tmp, mail */
	size_t tree_n;
	const char *const *kept;         /* in each directory that it writes to: of its chroot */
	/* Own recipients that a sound server takes, for the control: templates of
	 * relay_render() (catalogue/catalogue.h), the likeliest first; NULL-terminated. */
	const char *const *controls;
	/* Words of a command that makes of a configuration what the program reads; NULL: none. It
	 * runs where a directory was carried into the room. */
	const char *const *prepare;
	/* Fills in the words of a command, up to CLOSED_WORDS_MAX with NULL behind the last. They
	 * point to what was given or are static. A server is ended with its room. `config` is the
	 * directory of an instance of Postfix; others know their only place. */
	void (*start)(const char *program, const char *config, const char **words);
	/* As above, of a command that prints the networks that it trusts, derived from the
	 * interfaces if it does so (networks.h); NULL: it derives none. */
	void (*networks)(const char *program, const char *config, const char **words);
	/* Why nobody gets TLS of this server, as its log shows where ours could not be had; a
	 * sentence. NULL: nothing is known. NULL: it has no such fault. Pure. */
	const char *(*tls_gone)(struct str log);
};

/* NULL: it cannot be started in a room. */
const struct closed_server *closed_server_of(enum mta mta);
/* The program that is installed; NULL: it is not. */
const char *closed_server_program(const struct closed_server *server);

/* A configuration from elsewhere, as it is carried into the room to the place where this server
 * looks for its own (closed_setup.binds); from and to NULL: it is there already. ERR_NOT_FOUND:
 * nothing is there; ERR_INVALID: this server has nothing of that kind, file or directory. An
 * instance of Postfix that runs here stays where it is: its directory goes to
 * closed_server_start(). */
int closed_server_bind(const struct closed_server *server, const char *config,
                       struct closed_bind *bind);
/* All trees for closed_setup.trees: the server's own, and each directory that its configuration
 * names to write to (Postfix: queue_directory and data_directory of an instance). There must be
 * room for tree_n + n. Gives their number. */
size_t closed_server_trees(const struct closed_server *server, const char *const *directories,
                           size_t n, struct closed_tree *trees);

/* Starts it and waits until one of the n ports greets (*greets), or listens in silence for a few
 * seconds; config: the directory of an instance, NULL: its own; options: further words of its
 * command, NULL behind the last, or NULL. ERR_CLOSED: it does not start (*message has a line of its
 * output or log, unescaped); ERR_TIMEOUT: nobody listens, or it does not come back; ERR_NOT_FOUND:
 * not installed; as closed_run(). At most timeout_ms for each of both, and a few seconds. */
int closed_server_start(struct closed_room *room, const struct closed_server *server,
                        const char *config, const char *const *options,
                        const struct endpoint *ports, size_t n, int64_t timeout_ms,
                        bool *greets, struct buf *message);

/* Appends what it has logged in the room so far: by the system's log since the last time, and the
 * ends of the files below /var/log. */
void closed_server_log(struct closed_room *room, struct buf *log);

#endif
