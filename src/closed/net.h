/* SPDX-License-Identifier: ISC
 *
 * The network of the closed room: the machine's interfaces by name, address and prefix length, so
 * that a server derives from them what it derives outside. Every other address is local as well:
 * whoever asks may speak from any. What the server itself calls at an address that is not the
 * machine's finds no way (TCP to a port up to CLOSED_CALLED_MAX): it would reach the server. Only
 * addresses and ports of stand-ins are reached. So an asker's own port is above that, or 25 towards
 * a server's port: what a server calls it calls from a port above.
 *
 * Called in the room's network namespace, which is new and has no link out of it, with /proc/sys
 * still writable. Not called by others than keeper.c. It blocks for system calls only.
 */
#ifndef PORTREEVE_CLOSED_NET_H
#define PORTREEVE_CLOSED_NET_H

#include "closed/closed.h"

enum { CLOSED_CALLED_MAX = 32767 };

/* ERR_UNSUPPORTED: the kernel has no veth and no dummy, or no policy routing; ERR_INVALID: a name
 * that is none; ERR_IO. *message says what. */
int closed_net_make(const struct closed_setup *setup, struct buf *message);

#endif
