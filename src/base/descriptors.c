/* SPDX-License-Identifier: ISC
 *
 * The first three descriptors made sure of, those of a role put in their places, the rest closed.
 */
#include "base/descriptors.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

static int open_null(int fd, int mode)
{
	int null = open("/dev/null", mode);
	if (null < 0)
		return ERR_IO;
	if (null == fd)
		return ERR_OK;
	int e = dup2(null, fd) == fd ? ERR_OK : ERR_IO;
	close(null);
	return e;
}

int descriptors_standard(void)
{
	/* Output that cannot be written is an error that the caller shall see. */
	static const int modes[DESCRIPTORS_FIRST] = { O_RDONLY, O_RDONLY, O_WRONLY };
	int e = ERR_OK;
	for (int fd = 0; e == ERR_OK && fd < DESCRIPTORS_FIRST; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			e = open_null(fd, modes[fd]);
	return e;
}

/* Whoever may only write to a terminal cannot read what is typed there. */
static void write_errors_only(void)
{
	int only = isatty(STDERR_FILENO) ? open("/dev/stderr", O_WRONLY | O_NOCTTY) : -1;
	if (only < 0)
		return;
	dup2(only, STDERR_FILENO);
	close(only);
}

int descriptors_hand_over(const int *fds, size_t n)
{
	int end = DESCRIPTORS_FIRST + (int)n;
	int *copies = mem_array(n, sizeof(*copies));
	bool ok = true;
	/* Out of the way first: one's old number is another's new one. */
	for (size_t i = 0; ok && i < n; i++)
		ok = (copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, end)) >= end;
	for (size_t i = 0; ok && i < n; i++)
		ok = dup2(copies[i], DESCRIPTORS_FIRST + (int)i) >= 0;
	free(copies);
	if (!ok || open_null(STDIN_FILENO, O_RDONLY) != ERR_OK ||
	    open_null(STDOUT_FILENO, O_WRONLY) != ERR_OK)
		return ERR_IO;
	write_errors_only();
	closefrom(end);
	return ERR_OK;
}

void descriptors_close_others(void)
{
	closefrom(DESCRIPTORS_FIRST);
}
