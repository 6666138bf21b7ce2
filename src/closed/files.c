/* SPDX-License-Identifier: ISC
 *
 * What is copied or carried is taken from the layers, not from the machine: but for sockets that
 * are let in, which have to be its own. All sources are opened before the first of them is covered.
 */
#include "closed/files.h"

#include "base/mem.h"
#include "closed/binds.h"
#include "closed/keep.h"
#include "closed/layers.h"
#include "closed/memory.h"
#include "closed/tree.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { TREES_MAX = 64 };

/* What of the machine's state a server reads there: where the names of hosts are asked for. */
static const char *const run_kept[] = {
	"systemd/resolve/resolv.conf", "systemd/resolve/stub-resolv.conf",
	"resolvconf/resolv.conf", "NetworkManager/resolv.conf",
	"NetworkManager/no-stub-resolv.conf", NULL,
};
static const struct closed_tree trees_of_all[] = {
	{ "/run", run_kept, false }, { "/tmp", NULL, true }, { "/var/tmp", NULL, true },
	{ "/var/log", NULL, false }, { "/var/mail", NULL, false }, { "/var/spool", NULL, false },
};
enum { OF_ALL = sizeof(trees_of_all) / sizeof(trees_of_all[0]) };

static int files_failed(struct buf *message, const char *what, const char *path)
{
	int why = errno;
	buf_printf(message, "%s %s: %s", what, path, strerror(why));
	return why == EPERM || why == EACCES ? ERR_DENIED :
	       why == ENOSYS || why == EOPNOTSUPP || why == EINVAL ? ERR_UNSUPPORTED : ERR_IO;
}

/* One tree while it is made. */
struct laid {
	const struct closed_tree *tree;
	char *path;                      /* without links */
	int from, made;
};

static int tree_fill(struct laid *l, struct buf *message)
{
	l->made = closed_memory_create();
	if (l->made < 0)
		return files_failed(message, "memory for", l->path);
	int to = closed_memory_open(l->made);
	int e = to < 0 ? ERR_IO : closed_tree_copy(l->from, to, l->tree);
	if (e == ERR_LIMIT)
		buf_printf(message, "%s has too many or too large files to copy", l->path);
	else if (e != ERR_OK)
		files_failed(message, "copying", l->path);
	if (to >= 0)
		close(to);
	return e;
}

static int trees_attach(struct laid *laid, size_t n, struct buf *message)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (laid[i].from >= 0)
			e = tree_fill(&laid[i], message);
	/* The shorter path is covered first: what lies below it is made by its tree. */
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		if (laid[i].made >= 0 && closed_memory_attach(laid[i].made, laid[i].path) != 0)
			e = files_failed(message, "mounting", laid[i].path);
	return e;
}

static int by_length(const void *a, const void *b)
{
	const struct laid *one = a, *two = b;
	size_t n = strlen(one->path), m = strlen(two->path);
	return n < m ? -1 : n > m;
}

/* What is not there needs no tree; where there can be none, the server cannot write. */
static size_t tree_open(const struct closed_tree *tree, struct laid *laid, size_t n)
{
	char *path = realpath(tree->path, NULL);
	if (!path || strcmp(path, "/") == 0 || closed_layers_anew(path)) {
		free(path);
		return n;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(laid[i].path, path) == 0) {
			/* The server's own words on it count more than those of all. */
			laid[i].tree = tree;
			free(path);
			return n;
		}
	laid[n] = (struct laid){ .tree = tree, .path = path, .made = -1,
	                         .from = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	return n + 1;
}

static int trees_make(const struct closed_setup *setup, struct buf *message)
{
	struct laid laid[TREES_MAX];
	size_t n = 0;
	assert(OF_ALL + setup->tree_n <= TREES_MAX);
	for (size_t i = 0; i < OF_ALL; i++)
		n = tree_open(&trees_of_all[i], laid, n);
	for (size_t i = 0; i < setup->tree_n; i++)
		n = tree_open(&setup->trees[i], laid, n);
	qsort(laid, n, sizeof(laid[0]), by_length);
	int e = trees_attach(laid, n, message);
	for (size_t i = 0; i < n; i++) {
		if (laid[i].from >= 0)
			close(laid[i].from);
		if (laid[i].made >= 0)
			close(laid[i].made);
		free(laid[i].path);
	}
	return e;
}

static int devices_fill(int dev)
{
	static const struct {
		const char *name;
		unsigned minor;
	} devices[] = { { "null", 3 }, { "zero", 5 }, { "full", 7 }, { "random", 8 },
	                { "urandom", 9 } };
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (mknodat(dev, devices[i].name, S_IFCHR | 0666,
		            makedev(1, devices[i].minor)) != 0 ||
		    fchmodat(dev, devices[i].name, 0666, 0) != 0)
			return -1;
	return fchmod(dev, 0755) == 0 && mkdirat(dev, "shm", 0700) == 0 &&
	       fchmodat(dev, "shm", 01777, 0) == 0 && symlinkat("/proc/self/fd", dev, "fd") == 0 &&
	       symlinkat("/proc/self/fd/0", dev, "stdin") == 0 &&
	       symlinkat("/proc/self/fd/1", dev, "stdout") == 0 &&
	       symlinkat("/proc/self/fd/2", dev, "stderr") == 0 ? 0 : -1;
}

static int devices_make(struct buf *message)
{
	int made = closed_memory_create(), dev = made < 0 ? -1 : closed_memory_open(made);
	int e = ERR_OK;
	if (dev < 0 || devices_fill(dev) != 0 || closed_memory_attach(made, "/dev") != 0)
		e = files_failed(message, "making", "/dev");
	if (dev >= 0)
		close(dev);
	if (made >= 0)
		close(made);
	return e;
}

/* What stands in memory, from here on: it can be written to. */
static int memory_make(const struct closed_setup *setup, const struct closed_binds *binds,
                       struct buf *left_out, struct buf *message)
{
	struct closed_keep keep = { 0 };
	closed_keep_open(setup, &keep);
	int e = trees_make(setup, message);
	if (e == ERR_OK)
		e = devices_make(message);
	if (e == ERR_OK)
		closed_keep_put(&keep, left_out);
	closed_keep_fini(&keep);
	return e == ERR_OK ? closed_binds_put(binds, message) : e;
}

int closed_files_make(const struct closed_setup *setup, struct buf *left_out, struct buf *message)
{
	struct closed_binds binds = { 0 };
	/* That is not to be had in a chroot, either. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return files_failed(message, "taking apart", "the mounts");
	int e = closed_binds_take_sockets(setup, &binds, message);
	if (e == ERR_OK)
		e = closed_layers_make(left_out, message);
	if (e == ERR_OK)
		e = closed_binds_take_files(setup, &binds, message);
	if (e == ERR_OK)
		e = memory_make(setup, &binds, left_out, message);
	closed_binds_fini(&binds);
	return e;
}

static int mask(const char *path, bool whole, struct buf *message)
{
	struct stat st;
	struct mount_attr still = { .attr_set = MOUNT_ATTR_RDONLY };
	if (lstat(path, &st) != 0)
		return ERR_OK;
	if (mount(whole ? "/dev/null" : path, path, NULL, MS_BIND, NULL) != 0 ||
	    (!whole && mount_setattr(AT_FDCWD, path, 0, &still, sizeof(still)) != 0))
		return files_failed(message, "covering", path);
	return ERR_OK;
}

int closed_files_seal(struct buf *message)
{
	static const char *const read_only[] = { "/proc/sys", "/proc/sysrq-trigger", "/proc/irq",
	                                         "/proc/bus", "/proc/fs", "/proc/acpi",
	                                         "/proc/scsi", "/proc/asound", "/proc/driver",
	                                         "/proc/mtrr", "/proc/tty" };
	static const char *const nothing[] = { "/proc/kcore", "/proc/keys", "/proc/key-users",
	                                       "/proc/kmsg", "/proc/timer_list",
	                                       "/proc/sched_debug", "/proc/kallsyms",
	                                       "/proc/latency_stats" };
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < sizeof(read_only) / sizeof(read_only[0]); i++)
		e = mask(read_only[i], false, message);
	for (size_t i = 0; e == ERR_OK && i < sizeof(nothing) / sizeof(nothing[0]); i++)
		e = mask(nothing[i], true, message);
	return e;
}
