/* SPDX-License-Identifier: ISC
 *
 * What the gateway alone may do with sockets of this machine, with its files and the accounts', and
 * what not; and the lock of a reader.
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

/* Any of its files: what was written last stands in the log alone. */
long read_accounts(struct world *w)
{
	(void)w;
	int log = open("accounts.db-wal", O_RDONLY), fd = open("accounts.db", O_RDONLY);
	return log >= 0 ? log : fd;
}

long write_accounts(struct world *w)
{
	(void)w;
	return open("accounts.db", O_WRONLY);
}

/* By who reads it. */
long lock_list(struct world *w)
{
	struct flock lock = { .l_type = F_RDLCK, .l_start = 200, .l_len = 1 };
	(void)w;
	return fcntl(open("portreeve.db", O_RDONLY), F_SETLK, &lock);
}
