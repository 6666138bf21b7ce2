/* SPDX-License-Identifier: ISC
 *
 * The new tree hangs on the old one's "/" while it is made, where no path of the old one meets it:
 * so both can be walked at once, the old one by path, the new one below its descriptor. Then it
 * becomes the root, and the old one is taken away.
 *
 * An overlay without a directory to write to needs two below it: the second is an empty one. That
 * and the copies stand in memory, on the old /dev, which the room has no use for.
 */
#include "closed/layers.h"

#include "base/err.h"
#include "closed/memory.h"
#include "closed/mounts.h"
#include "closed/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STORE "/dev"

struct layers {
	int root;                        /* of the new tree */
	int empty;                       /* a directory */
	unsigned copies;
	struct buf *left_out, *message;
};

static int layers_failed(struct buf *message, const char *what, const char *path)
{
	int why = errno;
	buf_printf(message, "%s %s: %s", what, path, strerror(why));
	return why == EPERM || why == EACCES ? ERR_DENIED :
	       why == ENOSYS || why == EOPNOTSUPP || why == ENODEV || why == EINVAL ?
	       ERR_UNSUPPORTED : ERR_IO;
}

/* ---- one mount ------------------------------------------------------------------------- */

static bool is_of_kernel(struct str type)
{
	static const char *const types[] = {
		"proc", "sysfs", "devtmpfs", "devpts", "debugfs", "tracefs", "securityfs", "bpf",
		"cgroup", "cgroup2", "fusectl", "configfs", "pstore", "efivarfs", "binfmt_misc",
		"mqueue", "autofs", "hugetlbfs", "nsfs", "rpc_pipefs", "nfsd", "selinuxfs",
		"smackfs",
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(type, str_of(types[i])))
			return true;
	return false;
}

/* Overlays refuse them, and have the kernel's log say so; no server can have its files there, as
 * they have no owners. */
static bool is_without_owners(struct str type)
{
	static const char *const types[] = { "vfat", "msdos", "exfat", "hfs", "hfsplus" };
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(type, str_of(types[i])))
			return true;
	return false;
}

bool closed_layers_anew(const char *path)
{
	static const char *const tops[] = { "/proc", "/sys", "/dev" };
	struct str p = str_of(path);
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		struct str top = str_of(tops[i]);
		if (str_prefix(p, top) && (p.n == top.n || p.p[top.n] == '/'))
			return true;
	}
	return false;
}

/* The options keep the kernel's log free of what else would be missing. */
static int overlay_set(int fs, int lower, int empty)
{
	char layers[96];
	snprintf(layers, sizeof(layers), "/proc/self/fd/%d:/proc/self/fd/%d", lower, empty);
	return fsconfig(fs, FSCONFIG_SET_STRING, "source", "room", 0) == 0 &&
	       fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", layers, 0) == 0 &&
	       fsconfig(fs, FSCONFIG_SET_STRING, "index", "off", 0) == 0 &&
	       fsconfig(fs, FSCONFIG_SET_STRING, "nfs_export", "off", 0) == 0 &&
	       fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0 ? 0 : -1;
}

/* The mount, which is nowhere yet; or -1. */
static int overlay_create(const struct layers *l, int lower, unsigned attributes)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	int made = -1;
	if (overlay_set(fs, lower, l->empty) == 0)
		made = fsmount(fs, FSMOUNT_CLOEXEC,
		               attributes | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
	int why = errno;
	close(fs);
	errno = why;
	return made;
}

static unsigned attributes_of(const struct closed_mount *m)
{
	struct str rest = m->options, option;
	unsigned attributes = 0;
	while (str_token(&rest, ",", &option))
		attributes |= str_eq(option, STR("nosuid")) ? MOUNT_ATTR_NOSUID :
		              str_eq(option, STR("noexec")) ? MOUNT_ATTR_NOEXEC : 0;
	return attributes;
}

/* A mount of the copy, which is nowhere yet; or -1. */
static int copy_create(struct layers *l, const char *path)
{
	char copy[64];
	int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -1;
	snprintf(copy, sizeof(copy), STORE "/copy-%u", l->copies++);
	int e = closed_tree_copy_file(from, copy, false), made = -1;
	if (e == ERR_OK)
		made = open_tree(AT_FDCWD, copy, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	else
		errno = e == ERR_LIMIT ? EFBIG : EIO;
	int why = errno;
	struct mount_attr still = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV };
	if (made >= 0 && mount_setattr(made, "", AT_EMPTY_PATH, &still, sizeof(still)) != 0) {
		why = errno;
		close(made);
		made = -1;
	}
	close(from);
	errno = why;
	return made;
}

static int layer_create(struct layers *l, const struct closed_mount *m, bool is_directory)
{
	if (!is_directory)
		return copy_create(l, m->at);
	int lower = open(m->at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int made = lower < 0 ? -1 : overlay_create(l, lower, attributes_of(m));
	int why = errno;
	if (lower >= 0)
		close(lower);
	errno = why;
	return made;
}

/* Where it belongs in the new tree; -1: its place is not there, as what it stood on is not. */
static int place_open(const struct layers *l, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	return (int)syscall(SYS_openat2, l->root, path, &how, sizeof(how));
}

/* Whether the path leads to this mount, or to another that hides it. */
static bool is_seen(const struct closed_mount *m, unsigned *mode)
{
	struct statx st;
	if (statx(AT_FDCWD, m->at, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
	          STATX_MNT_ID | STATX_TYPE, &st) != 0)
		return false;
	*mode = st.stx_mode;
	return (st.stx_mask & STATX_MNT_ID) && st.stx_mnt_id == m->id;
}

static void layer_leave_out(const struct layers *l, const struct closed_mount *m)
{
	int why = errno;
	/* Of FUSE, a user's: where root may not look, no server can. */
	if (why == EACCES)
		return;
	buf_printf(l->left_out, "%s: it cannot be in the closed room (%.*s): %s\n", m->at,
	           (int)m->type.n, m->type.p, strerror(why));
}

static int layer_lay(struct layers *l, const struct closed_mount *m)
{
	unsigned mode = 0;
	if (strcmp(m->at, "/") == 0 || closed_layers_anew(m->at) || is_of_kernel(m->type) ||
	    is_without_owners(m->type) || !is_seen(m, &mode) ||
	    (!S_ISDIR(mode) && !S_ISREG(mode)))
		return ERR_OK;
	int place = place_open(l, m->at);
	if (place < 0)
		return ERR_OK;
	int e = ERR_OK, made = layer_create(l, m, S_ISDIR(mode));
	if (made < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		e = layers_failed(l->message, "laying a layer over", m->at);
	else if (made < 0)
		layer_leave_out(l, m);
	else if (move_mount(made, "", place, "",
	                    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
		e = layers_failed(l->message, "mounting", m->at);
	if (made >= 0)
		close(made);
	close(place);
	return e;
}

/* ---- all of them ------------------------------------------------------------------------ */

static int by_length(const void *a, const void *b)
{
	const struct closed_mount *one = a, *two = b;
	size_t n = strlen(one->at), m = strlen(two->at);
	return n < m ? -1 : n > m;
}

static int store_make(struct layers *l)
{
	int made = closed_memory_create(), e = ERR_OK;
	if (made >= 0 && closed_memory_attach(made, STORE) == 0 &&
	    mkdir(STORE "/empty", 0755) == 0)
		l->empty = open(STORE "/empty", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->empty < 0)
		e = layers_failed(l->message, "making", STORE);
	if (made >= 0)
		close(made);
	return e;
}

static int root_make(struct layers *l, const struct closed_mounts *mounts)
{
	/* Of a "/" that is no mount (chroot) there is no row. */
	struct closed_mount top = { .at = "/" };
	unsigned mode;
	for (size_t i = 0; i < mounts->n; i++)
		if (strcmp(mounts->rows[i].at, "/") == 0 && is_seen(&mounts->rows[i], &mode))
			top = mounts->rows[i];
	int made = layer_create(l, &top, true);
	if (made < 0)
		return layers_failed(l->message, "laying a layer over", "/");
	if (move_mount(made, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) {
		close(made);
		return layers_failed(l->message, "mounting", "/");
	}
	l->root = made;
	return ERR_OK;
}

/* The old tree lies on the new one's "/" for a moment, and is taken away with all that is in it. */
static int root_change(const struct layers *l)
{
	if (fchdir(l->root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
		return layers_failed(l->message, "changing", "the root");
	/* While the old /proc is there: where root is not the machine's, the kernel asks for it. */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		return layers_failed(l->message, "mounting", "/proc");
	if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
		return layers_failed(l->message, "taking away", "the machine's root");
	return ERR_OK;
}

/* Where root was one of chroot(), the machine's own is still above, and programs in the room may
 * use chroot() to go there. Who enters a mount namespace comes to the top of it. */
static int root_prove(struct buf *message)
{
	struct statx ours, top;
	int space = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (space < 0 || statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &ours) != 0 ||
	    setns(space, CLONE_NEWNS) != 0 || statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &top) != 0) {
		int e = layers_failed(message, "looking at", "the new root");
		if (space >= 0)
			close(space);
		return e;
	}
	close(space);
	if (ours.stx_mnt_id == top.stx_mnt_id)
		return ERR_OK;
	buf_add_cstr(message, "no closed room can be made in a chroot");
	return ERR_UNSUPPORTED;
}

int closed_layers_make(struct buf *left_out, struct buf *message)
{
	struct arena a = { 0 };
	struct closed_mounts mounts;
	struct layers l = { .root = -1, .empty = -1, .left_out = left_out,
	                    .message = message };
	int e = closed_mounts_find(&a, &mounts);
	if (e != ERR_OK)
		buf_add_cstr(message, "/proc/self/mountinfo cannot be read");
	if (e == ERR_OK)
		e = store_make(&l);
	if (e == ERR_OK)
		e = root_make(&l, &mounts);
	/* The shorter path first: others may be below it. */
	if (e == ERR_OK)
		qsort(mounts.rows, mounts.n, sizeof(mounts.rows[0]), by_length);
	for (size_t i = 0; e == ERR_OK && i < mounts.n; i++)
		e = layer_lay(&l, &mounts.rows[i]);
	if (e == ERR_OK)
		e = root_change(&l);
	if (e == ERR_OK)
		e = root_prove(message);
	if (l.empty >= 0)
		close(l.empty);
	if (l.root >= 0)
		close(l.root);
	arena_fini(&a);
	return e;
}
