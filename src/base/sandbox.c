/* SPDX-License-Identifier: ISC
 *
 * The sandbox but for its system calls: the user, the paths, the capabilities, and the order of it
 * all.
 */
#include "base/sandbox-private.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#endif

#ifdef WITH_SANITIZER
/* The leak checker forks at exit and traces its parent, which is what the sandbox
 * forbids. It is asked through this hook whether it shall run: until the sandbox is
 * entered it does. */
static int entered;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return entered; }
/* A report needs the memory map. */
static const char *const report_paths[] = { "/proc/self", NULL };
#endif

/* What libraries open by themselves at any time: character set tables, time zones,
 * engines. Nothing there is secret. */
static const char *const library_paths[] = {
	"/usr/lib", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/ssl/openssl.cnf",
	"/etc/localtime", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", NULL,
};

/* ---- the user ------------------------------------------------------------ */

int sandbox_user(const char *user, unsigned *uid, unsigned *gid)
{
	const struct passwd *pw = getpwnam(user);
	if (!pw)
		return ERR_NOT_FOUND;
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return ERR_OK;
}

/* Leaves the process with the rights that are to be kept, as far as it has them. */
static int limit_capabilities(unsigned keep)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[2];
	uint32_t set = (keep & SANDBOX_KEEP_SEARCH ? 1u << CAP_DAC_READ_SEARCH : 0) |
	               (keep & SANDBOX_KEEP_LOW_PORTS ? 1u << CAP_NET_BIND_SERVICE : 0);
	if (syscall(SYS_capget, &header, has) != 0)
		return ERR_DENIED;
	set &= has[0].permitted;
	struct __user_cap_data_struct data[2] = { { .effective = set, .permitted = set } };
	return syscall(SYS_capset, &header, data) == 0 ? ERR_OK : ERR_DENIED;
}

int sandbox_become(unsigned uid, unsigned gid, unsigned keep)
{
	uid_t real, effective, saved;
	int death_signal = 0;
	prctl(PR_GET_PDEATHSIG, &death_signal);
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    prctl(PR_SET_KEEPCAPS, keep != 0, 0, 0, 0) != 0 || setresuid(uid, uid, uid) != 0)
		return ERR_DENIED;
	if (keep && limit_capabilities(keep) != ERR_OK)
		return ERR_DENIED;
	if (getresuid(&real, &effective, &saved) != 0 || real != uid || effective != uid ||
	    saved != uid)
		return ERR_DENIED;
	/* There must be no way back. */
	if (uid != 0 && (setuid(0) == 0 || setgid(0) == 0))
		return ERR_DENIED;
	/* A change of user takes the parent-death signal away. */
	if (death_signal != 0)
		prctl(PR_SET_PDEATHSIG, death_signal);
	return ERR_OK;
}

static unsigned kept(const struct sandbox *box)
{
	return box->low_ports ? SANDBOX_KEEP_LOW_PORTS : 0;
}

/* What a service manager gave the supervisor to bind with, without root, is not for roles that
 * need none of it. */
static int drop_capabilities(const struct sandbox *box, struct buf *message)
{
	if (geteuid() == 0 || limit_capabilities(kept(box)) == ERR_OK)
		return ERR_OK;
	buf_printf(message, "capabilities: cannot be given up: %s", strerror(errno));
	return ERR_DENIED;
}

static int drop_root(const struct sandbox *box, struct buf *message)
{
	const char *user = box->user;
	unsigned uid, gid;
	if (!user || !user[0] || geteuid() != 0)
		return ERR_OK;
	if (sandbox_user(user, &uid, &gid) != ERR_OK) {
		buf_printf(message, "user \"%s\": expected an existing user", user);
		return ERR_NOT_FOUND;
	}
	int e = sandbox_become(uid, gid, kept(box));
	if (e != ERR_OK)
		buf_printf(message, "user \"%s\": cannot be taken: %s", user, strerror(errno));
	return e;
}

/* ---- the paths ----------------------------------------------------------- */

/* What headers of 2022 do not name yet, with the version of the interface that has it. */
enum {
	LANDLOCK_TRUNCATE = 1 << 14,             /* 3 */
	LANDLOCK_IOCTL_DEV = 1 << 15,            /* 5 */
	LANDLOCK_BIND_TCP = 1 << 0, LANDLOCK_CONNECT_TCP = 1 << 1,       /* 4 */
	LANDLOCK_SCOPE_UNIX = 1 << 0, LANDLOCK_SCOPE_SIGNALS = 1 << 1,   /* 6 */
};

/* A kernel that knows less of it takes it all the same, if the rest is zero. */
struct ruleset {
	uint64_t handled_files, handled_net, scoped;
};

static const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t file_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                    LANDLOCK_TRUNCATE;
static const uint64_t write_rights =
	LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_TRUNCATE |
	LANDLOCK_ACCESS_FS_REFER;        /* to rename from one directory below into another */

/* All that is not allowed path by path is forbidden: TCP to those that make no sockets, too,
 * and for everybody signals and abstract sockets of processes outside. */
static struct ruleset handled_by(long version, const struct sandbox *box)
{
	struct ruleset r = { .handled_files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	if (version >= 2)
		r.handled_files |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		r.handled_files |= LANDLOCK_TRUNCATE;
	if (version >= 4 && !(box->sockets & SANDBOX_CONNECT))
		r.handled_net = LANDLOCK_BIND_TCP | LANDLOCK_CONNECT_TCP;
	if (version >= 5)
		r.handled_files |= LANDLOCK_IOCTL_DEV;
	if (version >= 6)
		r.scoped = LANDLOCK_SCOPE_UNIX | LANDLOCK_SCOPE_SIGNALS;
	return r;
}

static int allow_path(int ruleset, const char *path, uint64_t rights)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return file_err(errno);
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rights &= file_rights;
	struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = fd };
	int e = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
	        ? ERR_OK : file_err(errno);
	close(fd);
	return e;
}

/* A path that is not there needs no rule. */
static int allow_paths(int ruleset, const char *const *paths, uint64_t rights,
                       struct buf *message)
{
	for (; paths && *paths; paths++) {
		int e = allow_path(ruleset, *paths, rights);
		if (e == ERR_OK || e == ERR_NOT_FOUND)
			continue;
		buf_printf(message, "%s: cannot be opened for the sandbox: %s", *paths,
		           err_text(e));
		return e;
	}
	return ERR_OK;
}

static int limit_paths(const struct sandbox *box, struct buf *message)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	                       LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1) {
		LOG(LOG_WARN, "no-landlock",
		    LOG_S("effect", "file permissions alone limit the paths of this role"));
		return ERR_OK;
	}
	struct ruleset attr = handled_by(version, box);
	uint64_t handled = attr.handled_files;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0) {
		buf_printf(message, "Landlock: %s", strerror(errno));
		return ERR_DENIED;
	}
	int e = allow_paths(ruleset, library_paths, read_rights & handled, message);
#ifdef WITH_SANITIZER
	if (e == ERR_OK)
		allow_paths(ruleset, report_paths, read_rights & handled, message);
#endif
	if (e == ERR_OK)
		e = allow_paths(ruleset, box->read_paths, read_rights & handled, message);
	if (e == ERR_OK)
		e = allow_paths(ruleset, box->write_paths, write_rights & handled, message);
	if (e == ERR_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
		buf_printf(message, "Landlock: %s", strerror(errno));
		e = ERR_DENIED;
	}
	close(ruleset);
	return e;
}

int sandbox_enter(const struct sandbox *box, struct buf *message)
{
	int e = drop_root(box, message);
	if (e == ERR_OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		buf_printf(message, "no_new_privs: %s", strerror(errno));
		e = ERR_DENIED;
	}
	if (e == ERR_OK)
		e = limit_paths(box, message);
	/* After the paths: it may take the right to search to come to them. */
	if (e == ERR_OK)
		e = drop_capabilities(box, message);
	if (e == ERR_OK)
		e = sandbox_limit_calls(box, message);
#ifdef WITH_SANITIZER
	entered = e == ERR_OK;
#endif
	return e;
}
