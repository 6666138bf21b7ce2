/* SPDX-License-Identifier: ISC
 *
 * Making, judging and entering the state directory: see state.h.
 */
#include "settings/state.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "settings/ownership.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARENT_MODE = 0755, STATE_MODE = 0750, LINKS_MAX = 16 };

static int refuse(struct buf *message, int err, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int refuse(struct buf *message, int err, const char *path, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_printf(message, "state directory %s: ", path);
	buf_vprintf(message, fmt, ap);
	va_end(ap);
	return err;
}

/* ---- what is above it ---------------------------------------------------------- */

/* In a user namespace owners from outside look like one user that is none. */
static bool is_unmapped(unsigned uid)
{
	enum { OVERFLOW_UID = 65534 };
	uint64_t count = UINT32_MAX;
	struct buf map = { 0 };
	if (uid == OVERFLOW_UID && file_read("/proc/self/uid_map", 4096, &map) == ERR_OK) {
		struct str rest = buf_str(&map), word = { 0 };
		for (int i = 0; i < 3; i++)     /* inside, outside, how many */
			if (!str_token(&rest, " \n", &word))
				word = (struct str){ 0 };
		if (str_u64(word, UINT32_MAX, &count) != ERR_OK)
			count = UINT32_MAX;
	}
	buf_fini(&map);
	return count < OVERFLOW_UID;
}

static bool is_trusted(unsigned uid, unsigned owner)
{
	return uid == 0 || uid == owner || is_unmapped(uid);
}

/* Whether users other than root and the owner can exchange what is in a directory. Where
 * root is to stay root, its groups count as well. */
static bool others_change(const struct stat *st, unsigned owner)
{
	mode_t others = S_IWOTH | (owner == 0 && st->st_gid != 0 ? S_IWGRP : 0);
	if (!is_trusted(st->st_uid, owner))
		return true;
	return (st->st_mode & others) && !(st->st_mode & S_ISVTX);
}

static int check_way(const char *path, unsigned owner, unsigned links, struct buf *message);

/* A link leads on from the directory that holds it. */
static int check_link(const char *link, const struct stat *st, const char *rest, unsigned owner,
                      unsigned links, struct buf *message)
{
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	if (n <= 0 || links == LINKS_MAX || !is_trusted(st->st_uid, owner))
		return refuse(message, ERR_DENIED, link, "expected a directory, or a link of root "
		              "or of its owner");
	target[n] = '\0';
	const char *slash = strrchr(link, '/');
	char *onward = target[0] == '/' ? mem_printf("%s%s", target, rest)
		: mem_printf("%.*s/%s%s", (int)(slash - link), link, target, rest);
	int e = check_way(onward, owner, links + 1, message);
	free(onward);
	return e;
}

static bool shuts_out(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & (S_IXGRP | S_IXOTH));
}

/* Every directory on the way to it, and every link. What is not there yet is not judged, nor
 * what may be written below a directory that root alone may pass. */
static int check_way(const char *path, unsigned owner, unsigned links, struct buf *message)
{
	char *part = mem_strdup(path);
	int e = ERR_OK;
	bool shut = false;
	for (size_t i = 1; e == ERR_OK; i++) {
		struct stat st;
		if (path[i] != '/' && path[i] != '\0')
			continue;
		bool last = path[i] == '\0';
		part[i] = '\0';
		if (lstat(part, &st) != 0)
			break;
		if (S_ISLNK(st.st_mode)) {
			e = check_link(part, &st, path + i, owner, links, message);
			break;
		}
		if (!last && !shut && others_change(&st, owner))
			e = refuse(message, ERR_DENIED, path, "expected directories above it that "
			           "only root or its owner can change; user id %u or others can "
			           "change %s", (unsigned)st.st_uid, part);
		if (last)
			break;
		shut |= shuts_out(&st);
		part[i] = '/';
	}
	free(part);
	return e;
}

static int check_above(const char *path, unsigned owner, struct buf *message)
{
	struct stat root;
	if (stat("/", &root) != 0 || others_change(&root, owner))
		return refuse(message, ERR_DENIED, path, "expected a file system of root");
	return check_way(path, owner, 0, message);
}

/* ---- the directory -------------------------------------------------------------- */

/* Its descriptor, good for looking and for fchdir(), or a negative enum err. */
static int open_directory(const char *path, struct stat *st, struct buf *message)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, st) == 0)
		return fd;
	int errnum = errno;
	if (fd >= 0)
		close(fd);
	if (errnum == ENOTDIR)
		return refuse(message, ERR_INVALID, path, "expected a directory");
	return refuse(message, file_err(errnum), path, "%s", strerror(errnum));
}

static bool is_empty(int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d)
		return false;
	bool empty = true;
	for (const struct dirent *e; empty && (e = readdir(d)) != NULL;)
		empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	closedir(d);
	return empty;
}

static int make_directory(const char *path, struct buf *message)
{
	char *parent = mem_strdup(path);
	char *slash = strrchr(parent, '/');
	int e = geteuid() == 0 ? check_above(path, 0, message) : ERR_OK;
	if (e != ERR_OK) {
		free(parent);
		return e;
	}
	if (slash && slash != parent) {
		*slash = '\0';
		e = file_mkdirs(parent, PARENT_MODE);
	}
	if (e == ERR_OK && mkdir(path, STATE_MODE) != 0 && errno != EEXIST)
		e = file_err(errno);
	free(parent);
	if (e != ERR_OK)
		refuse(message, e, path, "cannot be made: %s", err_text(e));
	return e;
}

/* Roles would become whoever owns it: another service, or whoever gets that number next. */
static int check_roles_own(const char *path, unsigned owner, unsigned wanted, struct buf *message)
{
	struct ownership o = { .path = path, .owner = ownership_user_of(owner),
	                       .wanted = ownership_user_of(wanted) };
	return ownership_is_right(&o, message) ? ERR_OK : ERR_DENIED;
}

/* Root's empty directory becomes the user's. One that holds other things stays root's: good
 * enough for a command, not for the roles. */
static int give_away(const struct settings *s, int directory, const struct stat *st,
                     bool for_roles, struct buf *message)
{
	const char *path = s->general.state_directory, *user = s->general.user;
	unsigned uid, gid;
	if (sandbox_user(user, &uid, &gid) != ERR_OK) {
		buf_printf(message, "user: expected an existing user, found \"%s\"", user);
		return ERR_NOT_FOUND;
	}
	if (for_roles && st->st_uid != 0)
		return check_roles_own(path, st->st_uid, uid, message);
	if (st->st_uid != 0 || uid == 0)
		return ERR_OK;
	bool empty = is_empty(directory);
	if (!empty && !for_roles)
		return ERR_OK;
	if (!empty)
		return check_roles_own(path, 0, uid, message);
	/* fchown() takes no descriptor that is good for looking alone. */
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool given = fd >= 0 && fchown(fd, uid, gid) == 0;
	int errnum = errno;
	if (fd >= 0)
		close(fd);
	return given ? ERR_OK : refuse(message, ERR_DENIED, path, "cannot be given to user \"%s\": "
	                               "%s", user, strerror(errnum));
}

int state_prepare(const struct settings *s, bool for_roles, struct buf *message)
{
	const char *path = s->general.state_directory;
	struct stat st;
	int e = ERR_OK;
	if (lstat(path, &st) != 0)
		e = make_directory(path, message);
	if (e != ERR_OK)
		return e;
	int fd = open_directory(path, &st, message);
	if (fd < 0)
		return fd;
	if (geteuid() == 0)
		e = check_above(path, st.st_uid, message);
	if (e == ERR_OK && geteuid() == 0)
		e = give_away(s, fd, &st, for_roles, message);
	close(fd);
	return e;
}

/* ---- becoming its owner ---------------------------------------------------------- */

/* Where root stays root, nobody else may own or change what it will open. */
static int check_own(const char *path, int fd, const struct stat *st, struct buf *message)
{
	static const char *const names[] = {
		"portreeve.db", "portreeve.db-wal", "portreeve.db-shm", "portreeve.db-journal",
		"accounts.db", "accounts.db-wal", "accounts.db-shm", "accounts.db-journal",
		"serial", "returns", "returns/returns.db", "returns/returns.db-wal",
		"returns/returns.db-shm", "returns/returns.db-journal", "keys", "keys/tokens",
		"mail",
	};
	mode_t others = S_IWOTH | (st->st_gid != 0 ? S_IWGRP : 0);
	if (st->st_mode & others)
		return refuse(message, ERR_DENIED, path, "is root's, and others may write in it: "
		              "expected that only root may");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct stat in;
		if (fstatat(fd, names[i], &in, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (in.st_uid != 0 || S_ISLNK(in.st_mode))
			return refuse(message, ERR_DENIED, path, "is root's: expected that %s is, "
			              "too, and no link; \"chown\" the directory to who owns the "
			              "rest", names[i]);
		if (S_ISDIR(in.st_mode) && (in.st_mode & others))
			return refuse(message, ERR_DENIED, path, "is root's, and others may write "
			              "in %s: expected that only root may", names[i]);
	}
	return ERR_OK;
}

static int check_root(const char *path, int fd, const struct stat *st, struct buf *message)
{
	int e = check_above(path, st->st_uid, message);
	return e == ERR_OK && st->st_uid == 0 ? check_own(path, fd, st, message) : e;
}

/* Its owner could not open what is in it and another's. We are the owner, and in it. */
static int check_inside(const char *path, const struct stat *st, struct buf *message)
{
	struct ownership o = { .path = path, .owner = ownership_user_of(st->st_uid) };
	o.wanted = o.owner;
	ownership_look(AT_FDCWD, st->st_uid, &o);
	return ownership_is_right(&o, message) ? ERR_OK : ERR_DENIED;
}

static int not_owner(const char *path, const struct stat *st, struct buf *message)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	return refuse(message, ERR_DENIED, path, "expected to be called by root or by its owner, "
	              "user %s (id %u); the caller has user id %u", pw ? pw->pw_name : "?",
	              (unsigned)st->st_uid, (unsigned)geteuid());
}

static int enter(const char *path, int fd, const struct stat *st, unsigned keep,
                 struct buf *message)
{
	bool root = geteuid() == 0;
	int e = root ? check_root(path, fd, st, message) : ERR_OK;
	if (e != ERR_OK)
		return e;
	/* First the owner, then the directory: root under a service manager need not have the
	 * right to enter the directory of another. */
	if (root && st->st_uid != 0 && sandbox_become(st->st_uid, st->st_gid, keep) != ERR_OK)
		return refuse(message, ERR_DENIED, path, "its owner cannot be taken as user: %s",
		              strerror(errno));
	if (fchdir(fd) != 0)
		return errno == EACCES ? not_owner(path, st, message)
			: refuse(message, file_err(errno), path, "%s", strerror(errno));
	return st->st_uid != 0 && st->st_uid == geteuid() ? check_inside(path, st, message)
	                                                  : ERR_OK;
}

static int open_and_enter(const struct settings *s, unsigned keep, struct stat *st,
                          struct buf *message)
{
	const char *path = s->general.state_directory;
	int fd = open_directory(path, st, message);
	if (fd < 0)
		return fd;
	int e = enter(path, fd, st, keep, message);
	close(fd);
	return e;
}

int state_enter(const struct settings *s, unsigned keep, struct buf *message)
{
	const char *path = s->general.state_directory;
	struct stat st;
	int e = open_and_enter(s, keep, &st, message);
	if (e != ERR_OK)
		return e;
	if (st.st_uid != geteuid())
		return not_owner(path, &st, message);
	if (faccessat(AT_FDCWD, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0)
		return ERR_OK;
	return refuse(message, ERR_DENIED, path, "not writable for user id %u",
	              (unsigned)geteuid());
}

int state_enter_to_read(const struct settings *s, struct buf *message)
{
	struct stat st;
	return open_and_enter(s, 0, &st, message);
}
