/* SPDX-License-Identifier: ISC */
#include "settings/state.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARENT_MODE = 0755, STATE_MODE = 0750 };

static bool is_empty(const char *path)
{
	DIR *d = opendir(path);
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
	int e = ERR_OK;
	if (slash && slash != parent) {
		*slash = '\0';
		e = file_mkdirs(parent, PARENT_MODE);
	}
	if (e == ERR_OK && mkdir(path, STATE_MODE) != 0 && errno != EEXIST)
		e = file_err(errno);
	free(parent);
	if (e != ERR_OK)
		buf_printf(message, "state directory %s: cannot be made: %s", path, err_text(e));
	return e;
}

static bool may_search(const struct stat *st, unsigned uid, unsigned gid)
{
	if (st->st_uid == uid)
		return st->st_mode & S_IXUSR;
	return st->st_mode & (st->st_gid == gid ? S_IXGRP : S_IXOTH);
}

/* Whether the user can come to the directory through all those above it. */
static bool can_reach(const char *path, unsigned uid, unsigned gid)
{
	char *above = realpath(path, NULL);
	bool yes = above != NULL;
	for (char *slash; yes && (slash = strrchr(above, '/')) != NULL;) {
		struct stat st;
		slash[slash == above] = '\0';
		yes = stat(above, &st) == 0 && may_search(&st, uid, gid);
		if (slash == above)
			break;
	}
	free(above);
	return yes;
}

/* Root's empty directory becomes the user's. One that holds other things stays root's: good
 * enough for a command, not for the roles. */
static int give_away(const struct settings *s, bool for_roles, struct buf *message)
{
	const char *path = s->general.state_directory, *user = s->general.user;
	unsigned uid, gid;
	struct stat st;
	if (sandbox_user(user, &uid, &gid) != ERR_OK) {
		buf_printf(message, "user: expected an existing user, found \"%s\"", user);
		return ERR_NOT_FOUND;
	}
	if (lstat(path, &st) != 0 || st.st_uid != 0 || uid == 0)
		return ERR_OK;
	bool empty = is_empty(path);
	if (!empty && !for_roles)
		return ERR_OK;
	if (!empty) {
		buf_printf(message, "state directory %s: expected an empty directory, or one that "
		           "belongs to user \"%s\"; this one is root's and holds other things",
		           path, user);
		return ERR_DENIED;
	}
	if (lchown(path, uid, gid) == 0)
		return ERR_OK;
	buf_printf(message, "state directory %s: cannot be given to user \"%s\": %s", path, user,
	           strerror(errno));
	return ERR_DENIED;
}

int state_prepare(const struct settings *s, bool for_roles, struct buf *message)
{
	const char *path = s->general.state_directory;
	struct stat st;
	int e = ERR_OK;
	if (stat(path, &st) != 0)
		e = make_directory(path, message);
	else if (!S_ISDIR(st.st_mode)) {
		buf_printf(message, "state directory %s: expected a directory", path);
		e = ERR_INVALID;
	}
	return e == ERR_OK && geteuid() == 0 ? give_away(s, for_roles, message) : e;
}

int state_become_owner(const struct settings *s, unsigned keep, struct buf *message)
{
	const char *path = s->general.state_directory;
	struct stat st;
	if (stat(path, &st) != 0) {
		int e = file_err(errno);
		buf_printf(message, "state directory %s: %s", path, strerror(errno));
		return e;
	}
	/* Below a private temporary directory, say, the owner needs a right to come to it. */
	if (!can_reach(path, st.st_uid, st.st_gid))
		keep |= SANDBOX_KEEP_SEARCH;
	if (geteuid() == 0 && st.st_uid != 0 && sandbox_become(st.st_uid, st.st_gid, keep)) {
		buf_printf(message, "state directory %s: its owner cannot be taken as user: %s",
		           path, strerror(errno));
		return ERR_DENIED;
	}
	if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) == 0)
		return ERR_OK;
	buf_printf(message, "state directory %s: not writable for user id %u", path,
	           (unsigned)geteuid());
	return ERR_DENIED;
}

int state_enter(const struct settings *s, unsigned keep, struct buf *message)
{
	int e = state_become_owner(s, keep, message);
	if (e == ERR_OK && chdir(s->general.state_directory) != 0) {
		e = file_err(errno);
		buf_printf(message, "state directory %s: %s", s->general.state_directory,
		           strerror(errno));
	}
	return e;
}
