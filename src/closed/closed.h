/* SPDX-License-Identifier: ISC
 *
 * The closed room: throw-away namespaces in which a mail server that is installed here is started
 * a second time with its real configuration, to be asked who may relay. No link leads out of it,
 * its files are read-only or in memory, and all of it ends with whoever made it.
 *
 * Who uses it: the command `audit`. It needs root, and a kernel that lets us make namespaces and
 * change mounts (Linux 5.12).
 *
 *     closed_create ─► closed_run (start the server) ─► closed_ask (ask.h) ─► closed_destroy
 *
 * Hostile input: the configuration may be a stranger's, and it runs programs. What they must not
 * reach is in confine.h (rights, calls), files.h (files, devices, sockets) and net.h. What they
 * print comes back as text and must be escaped before it is shown.
 *
 * Not here yet: an asker with a link-local address. A known gap is in bounds.h (memory of the
 * kernel).
 *
 * All of it blocks, each call for a bounded time. One thread only: the room ends with the thread
 * that made it.
 */
#ifndef PORTREEVE_CLOSED_CLOSED_H
#define PORTREEVE_CLOSED_CLOSED_H

#include "base/ip.h"
#include "base/str.h"
#include "closed/names.h"

#include <stdbool.h>
#include <stdint.h>

/* An address of the machine, with the length of the network that its interface has it in. */
struct closed_address {
	struct ip ip;
	uint8_t len;
};

struct closed_interface {
	const char *name;                        /* as in the machine: "eth0" */
	bool loopback;
	const struct closed_address *addresses;
	size_t address_n;
};

/* A directory that the room has in memory: its directories and links, with owners and modes, and
 * of its files only those that are kept. Sockets, pipes and devices are never kept. */
struct closed_tree {
	const char *path;
	const char *const *kept;                 /* below it, NULL-terminated: "etc"; or NULL */
	bool empty;                              /* not even its directories */
};

/* A file or directory that is seen at another place, too, read-only: a configuration where the
 * server looks for its own (closed_server_bind() of server.h). What is not root's is copied, and
 * is root's inside: servers refuse a configuration of somebody else. */
struct closed_bind {
	const char *from, *to;                   /* `to` is there, and of the same kind */
	struct str text;                         /* from NULL: a file of these bytes instead */
};

/* Who says "continue" where the server asks somebody who is not in the room (stand-in.h): at a
 * socket's absolute path, or at an address and port, which need not be the machine's. */
enum closed_stand_in_kind {
	CLOSED_MILTER, CLOSED_POLICY, CLOSED_FILTER, CLOSED_AUTH, CLOSED_TABLE, CLOSED_SOCKETMAP,
};
struct closed_stand_in {
	enum closed_stand_in_kind kind;
	const char *path;                        /* NULL: `at` */
	struct endpoint at;
};
enum { CLOSED_STAND_INS_MAX = 32, CLOSED_KEPT_MAX = 64 };

/* Descriptors of a container's mount namespace and of its root: the room is made of its files. */
struct closed_inside {
	int mounts, root;
};

struct closed_setup {
	const struct closed_inside *inside;          /* NULL: of the machine's */
	const char *host_name;
	const struct closed_interface *interfaces;   /* the loopback one, too */
	size_t interface_n;
	const struct closed_tree *trees;             /* the server's; those of all are files.c's */
	size_t tree_n;
	const char *const *kept;                     /* files that stay, wherever (keep.h) */
	size_t kept_n;
	const struct closed_bind *binds;
	size_t bind_n;
	const char *const *sockets_in;               /* paths of sockets that stay reachable */
	size_t socket_in_n;
	const struct closed_stand_in *stand_ins;
	size_t stand_in_n;                           /* up to CLOSED_STAND_INS_MAX */
	const struct closed_names *names;            /* what DNS says; NULL: no DNS */
	int64_t life_ms;                             /* the room ends then, whatever happens */
	int64_t memory_bytes_max;                    /* of all its programs; 0: as bounds.h */
	unsigned tasks_max;                          /* processes and threads; 0: as bounds.h */
};

struct closed_room;

/* The setup is not needed afterwards. ERR_NOT_FOUND, ERR_INVALID: what is to be carried into the
 * room, or its place, is not there or of the wrong kind; ERR_DENIED: namespaces are forbidden here
 * (inside of a container); ERR_UNSUPPORTED: the kernel cannot; ERR_LIMIT: a tree is too large;
 * ERR_TIMEOUT; ERR_IO. *message says what; where all is well, it has a line "what: why" for each
 * mount that is left out (layers.h) and each stand-in that could not be made. At most 20 s. */
int closed_create(const struct closed_setup *setup, struct closed_room **room, struct buf *message);
/* Ends all processes in it, and waits until they are gone, at most 5 s: one that waits for a disk
 * which does not answer ends when it does. NULL is fine. */
void closed_destroy(struct closed_room *room);

/* Runs a program inside, as root with few rights: words[0] is its path, NULL behind the last one.
 * *output gets what it prints, to both outputs and to the system's log, up to
 * CLOSED_OUTPUT_MAX; *status its exit status, or 128 and the signal. What it leaves running stays.
 * ERR_TIMEOUT: it was killed; ERR_LIMIT: the words are too long, or the room was ended since its
 * programs are too many or take too much memory; ERR_CLOSED: the room has ended;
 * ERR_IO. */
enum { CLOSED_OUTPUT_MAX = 32768, CLOSED_WORDS_MAX = 32, CLOSED_WORDS_BYTES_MAX = 8192 };
int closed_run(struct closed_room *room, const char *const *words, int64_t timeout_ms,
               struct buf *output, int *status);

/* Appends what the room's programs told the system's log since the last time, a line each, as they
 * wrote it: at most a few hundred kilobytes, the first of them. */
void closed_log(struct closed_room *room, struct buf *log);

/* Whether a directory was carried into it. */
bool closed_carries(const struct closed_room *room);
/* The room's network, for ask.c: a descriptor of the room's. */
int closed_network(const struct closed_room *room);

#endif
