/* SPDX-License-Identifier: ISC
 *
 * A copy of the mounts keeps what is a mount's root, and leads the working directory on into the
 * copy. So we stand in the container's root, take the copy, and make where we stand its root.
 */
#include "closed/enter.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int enter_failed(struct buf *message, const char *what)
{
	int why = errno;
	buf_printf(message, "%s: %s", what, strerror(why));
	return why == EPERM || why == EACCES ? ERR_DENIED
	     : why == EINVAL || why == ENOSYS ? ERR_UNSUPPORTED : ERR_IO;
}

/* The same mount, not only the same directory. */
static bool is_root_here(void)
{
	struct statx here, root;
	return statx(AT_FDCWD, ".", 0, STATX_MNT_ID | STATX_INO, &here) == 0 &&
	       statx(AT_FDCWD, "/", 0, STATX_MNT_ID | STATX_INO, &root) == 0 &&
	       here.stx_mask & root.stx_mask & STATX_MNT_ID &&
	       here.stx_mnt_id == root.stx_mnt_id && here.stx_ino == root.stx_ino;
}

int closed_enter(const struct closed_inside *inside, struct buf *message)
{
	if (setns(inside->mounts, CLONE_NEWNS) != 0)
		return enter_failed(message, "the container's mounts cannot be entered");
	if (fchdir(inside->root) != 0)
		return enter_failed(message, "the container's root cannot be entered");
	if (unshare(CLONE_NEWNS) != 0)
		return enter_failed(message, "the container's mounts cannot be copied");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return enter_failed(message, "the container's mounts cannot be taken apart");
	if (!is_root_here() && (syscall(SYS_pivot_root, ".", ".") != 0 ||
	                        umount2(".", MNT_DETACH) != 0))
		return enter_failed(message, "the container's root is no mount of its own");
	if (chdir("/") != 0)
		return enter_failed(message, "the container's root cannot be entered");
	/* Its own /proc, if it has one, knows nothing of us. */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		return enter_failed(message, "/proc cannot be mounted in the container's files");
	return ERR_OK;
}
