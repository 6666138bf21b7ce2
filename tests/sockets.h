/* SPDX-License-Identifier: ISC
 *
 * A UDP and a TCP socket on the same free port, as a name server needs them. The kernel
 * picks the port for UDP alone; where TCP has it in use, another is tried.
 */
#ifndef PORTREEVE_TESTS_SOCKETS_H
#define PORTREEVE_TESTS_SOCKETS_H

#include "base/stream.h"

#include <sys/socket.h>
#include <unistd.h>

static inline int sockets_bind_both(struct endpoint *at, int *udp, int *tcp)
{
	int e = ERR_EXISTS;
	for (int tries = 0; tries < 100 && e == ERR_EXISTS; tries++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		at->port = 0;
		*udp = stream_bind_udp(at);
		if (*udp < 0)
			return *udp;
		getsockname(*udp, (struct sockaddr *)&ss, &len);
		endpoint_from_sockaddr((struct sockaddr *)&ss, at);
		*tcp = stream_listen(at);
		e = *tcp < 0 ? *tcp : ERR_OK;
		if (e != ERR_OK)
			close(*udp);
	}
	return e;
}

#endif
