/* SPDX-License-Identifier: ISC
 *
 * What the gateway alone may do with sockets of this machine and with its files, and what not.
 */
#include "attempts.h"

#include "base/str.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

long connect_unix(struct world *w)
{
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr *)&w->unix_peer,
	               sizeof(w->unix_peer));
}

long bind_unix(struct world *w)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	str_copy(at.sun_path, sizeof(at.sun_path), str_of(w->mark));
	return bind(socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr *)&at, sizeof(at));
}

long write_files(struct world *w)
{
	(void)w;
	if (open("spool/x", O_WRONLY | O_CREAT, 0600) < 0 ||
	    mkdir("mailboxes/ours.example", 0700) != 0)
		return -1;
	return open("mailboxes/ours.example/x", O_WRONLY | O_CREAT, 0600);
}

long read_network(struct world *w)
{
	char byte;
	return pread(w->network, &byte, 1, 0) == 1 ? 0 : -1;
}
