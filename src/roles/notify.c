/* SPDX-License-Identifier: ISC
 *
 * What the service manager is told, and what it asks for: sd_notify(3) without its library.
 */
#include "roles/supervisor.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (!path || !str_copy(to.sun_path, sizeof(to.sun_path), str_of(path)))
		return;
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (path[0] == '@')
		to.sun_path[0] = '\0';          /* the abstract namespace */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* If nobody listens there is nobody to tell; one that is stuck must not stop us. */
	struct timeval most = { .tv_sec = 1 };
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	ssize_t ignored = sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	                         (const struct sockaddr *)&to, len);
	(void)ignored;
	close(fd);
}

int64_t notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value;
	if (pid && (str_u64(str_of(pid), INT32_MAX, &value) != ERR_OK ||
	            value != (uint64_t)getpid()))
		return 0;               /* meant for another process */
	if (!usec || str_u64(str_of(usec), INT64_MAX, &value) != ERR_OK)
		return 0;
	if (value == 0)
		return 0;
	/* Half of it; a time so short that this is nothing is still wanted. */
	return value < 4000 ? 1 : (int64_t)(value / 1000 / 2);
}
