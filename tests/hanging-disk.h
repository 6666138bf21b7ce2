/* SPDX-License-Identifier: ISC
 *
 * A disk that never answers: a file system in user space, in mounts of the caller's own. Each name
 * that is looked for in its directory is a regular file there of ten bytes; who opens it, or lists
 * the directory, waits until the disk is gone, and takes no signal meanwhile, SIGKILL neither.
 */
#ifndef PORTREEVE_TESTS_HANGING_DISK_H
#define PORTREEVE_TESTS_HANGING_DISK_H

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HANGING_BYTES = 10, HANGING_S = 3600 };

static inline void hanging_disk_answer(int fuse, uint64_t unique, const void *what, size_t n)
{
	struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + n), .unique = unique };
	const struct iovec parts[] = { { &head, sizeof(head) }, { (void *)what, n } };
	(void)!writev(fuse, parts, n ? 2 : 1);
}

static inline struct fuse_attr hanging_disk_attr(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node, .nlink = 1, .size = HANGING_BYTES,
		.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755u : S_IFREG | 0644u };
}

static inline void hanging_disk_serve(int fuse)
{
	static char bytes[1 << 20];
	const struct fuse_in_header *asked = (const void *)bytes;
	while (read(fuse, bytes, sizeof(bytes)) > 0) {
		const struct fuse_init_in *theirs = (const void *)(asked + 1);
		const struct fuse_init_out init = {
			.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
			.max_readahead = theirs->max_readahead, .max_write = 4096 };
		const struct fuse_attr_out attr = { .attr_valid = HANGING_S,
		                                    .attr = hanging_disk_attr(asked->nodeid) };
		const struct fuse_entry_out entry = { .nodeid = 2, .entry_valid = HANGING_S,
		                                      .attr_valid = HANGING_S,
		                                      .attr = hanging_disk_attr(2) };
		if (asked->opcode == FUSE_INIT)
			hanging_disk_answer(fuse, asked->unique, &init, sizeof(init));
		else if (asked->opcode == FUSE_GETATTR)
			hanging_disk_answer(fuse, asked->unique, &attr, sizeof(attr));
		else if (asked->opcode == FUSE_LOOKUP)
			hanging_disk_answer(fuse, asked->unique, &entry, sizeof(entry));
	}
}

/* The process that serves it, at that directory; 0: this machine cannot have one. */
static inline pid_t hanging_disk_make(const char *at)
{
	char options[80];
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse < 0)
		return 0;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0", fuse);
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("hanging", at, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
		close(fuse);
		return 0;
	}
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hanging_disk_serve(fuse);
		_exit(0);
	}
	close(fuse);
	return pid > 0 ? pid : 0;
}

static inline void hanging_disk_end(pid_t pid, const char *at)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	umount2(at, MNT_DETACH);
}

#endif
