/* SPDX-License-Identifier: ISC
 *
 * A tmpfs with limits for each.
 */
#include "closed/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

#define MEMORY_SIZE "64m"
#define MEMORY_NODES "250000"

int closed_memory_create(void)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	int made = -1;
	if (fsconfig(fs, FSCONFIG_SET_STRING, "size", MEMORY_SIZE, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", MEMORY_NODES, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		made = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID);
	int why = errno;
	close(fs);
	errno = why;
	return made;
}

int closed_memory_open(int made)
{
	return openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int closed_memory_attach(int made, const char *path)
{
	return move_mount(made, "", AT_FDCWD, path,
	                  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
}
