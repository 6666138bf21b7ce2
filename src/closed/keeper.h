/* SPDX-License-Identifier: ISC
 *
 * The keeper: the first process of the closed room, and process 1 of its namespaces. When it ends,
 * the kernel ends every process of the room, and with the last of them go mounts and network.
 * That is the room's whole clean-up, and it holds for kill -9 as well: the keeper gets SIGKILL when
 * the thread that made it ends, and leaves when the other end of its socket closes or its time is
 * over.
 *
 * It runs programs when it is told to, and knows nothing of mail servers. Of descriptors it has
 * that one socket, the room's own /dev/log and /dev/null; its memory can be read by nobody in the
 * room.
 *
 * Who uses it: closed.c. Messages are struct keeper_word or keeper_answer with text behind it, one
 * in each packet of the socket.
 *
 * Hostile input: programs in the room can do nothing to the keeper but die, and print: up to
 * CLOSED_OUTPUT_MAX bytes are passed on.
 */
#ifndef PORTREEVE_CLOSED_KEEPER_H
#define PORTREEVE_CLOSED_KEEPER_H

#include "closed/closed.h"

#include <sys/types.h>

/* Words, each ended by NUL, stand behind it. None: what was told to the room's log is wanted, as
 * far as one packet holds it. */
struct keeper_word {
	int64_t timeout_ms;
};

/* Text stands behind it: what was printed, or what is wrong. The first one is about the room. */
struct keeper_answer {
	int32_t err, status;
};

enum { KEEPER_PACKET_MAX = 1 << 16 };

/* Makes the namespaces and the keeper in them, which begins to make the room and then answers.
 * *control is the caller's end of its socket. ERR_DENIED: namespaces are forbidden; ERR_IO. */
int closed_keeper_start(const struct closed_setup *setup, pid_t *pid, int *control);

#endif
