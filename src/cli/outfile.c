/* SPDX-License-Identifier: ISC
 *
 * A caller's file out of the state directory, by way of a process that stays the caller.
 */
#include "cli/outfile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What it is told. A line that ends says nothing: a later keeper may hold it open. */
enum { COMMIT = 'c', DROP = 'd' };

/* What the keeper knows. */
struct place {
	int directory, fd;
	char name[NAME_MAX + 1], temporary[64];
	bool replace;
};

static int copy_name(struct place *p, const char *path)
{
	char *copy = mem_strdup(path);
	bool fits = str_copy(p->name, sizeof(p->name), str_of(basename(copy)));
	free(copy);
	if (!fits || strcmp(p->name, "/") == 0 || strcmp(p->name, ".") == 0 ||
	    strcmp(p->name, "..") == 0)
		return ERR_INVALID;
	return ERR_OK;
}

static int open_place(struct place *p, const char *path, mode_t mode)
{
	struct stat st;
	int e = copy_name(p, path);
	if (e != ERR_OK)
		return e;
	char *copy = mem_strdup(path);
	p->directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (p->directory < 0)
		return file_err(errno);
	if (!p->replace && fstatat(p->directory, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return ERR_EXISTS;
	snprintf(p->temporary, sizeof(p->temporary), ".portreeve.%016llx.partial",
	         (unsigned long long)random_u64());
	p->fd = openat(p->directory, p->temporary,
	               O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (p->fd < 0)
		return file_err(errno);
	return fchmod(p->fd, mode) == 0 ? ERR_OK : file_err(errno);
}

/* Whether the name of no meaning still names what was opened. */
static bool is_still_ours(const struct place *p)
{
	struct stat open, named;
	return fstat(p->fd, &open) == 0 &&
	       fstatat(p->directory, p->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

static int give_name(const struct place *p)
{
	if (!is_still_ours(p))
		return ERR_DENIED;
	/* linkat() and not renameat(): what is there already is never replaced. */
	int rc = p->replace ? renameat(p->directory, p->temporary, p->directory, p->name)
		: linkat(p->directory, p->temporary, p->directory, p->name, 0);
	return rc == 0 && fsync(p->directory) == 0 ? ERR_OK : file_err(errno);
}

static void forget_place(struct place *p)
{
	if (p->fd >= 0 && is_still_ours(p))
		unlinkat(p->directory, p->temporary, 0);
	if (p->fd >= 0)
		close(p->fd);
	if (p->directory >= 0)
		close(p->directory);
}

/* Signals of a terminal are for the command: its end is the keeper's. */
static void be_keeper(struct place *p, int line)
{
	char byte;
	int e = ERR_CLOSED;
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	close(STDOUT_FILENO);
	if (read(line, &byte, 1) == 1 && byte == COMMIT)
		e = give_name(p);
	forget_place(p);
	_exit(write(line, &e, sizeof(e)) == sizeof(e) ? 0 : 1);
}

int outfile_open(struct outfile *o, const char *path, mode_t mode, bool replace)
{
	struct place p = { .directory = -1, .fd = -1, .replace = replace };
	int line[2] = { -1, -1 };
	*o = (struct outfile){ .fd = -1, .keeper_fd = -1 };
	int e = open_place(&p, path, mode);
	if (e == ERR_OK && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) != 0)
		e = ERR_IO;
	pid_t pid = e == ERR_OK ? fork() : -1;
	if (pid == 0) {
		close(line[0]);
		be_keeper(&p, line[1]);
	}
	if (pid < 0) {
		forget_place(&p);
		if (line[0] >= 0)
			close(line[0]), close(line[1]);
		return e == ERR_OK ? ERR_IO : e;
	}
	close(line[1]);
	close(p.directory);
	*o = (struct outfile){ .fd = p.fd, .keeper_fd = line[0], .keeper = pid };
	return ERR_OK;
}

/* The keeper's last word, if it is asked for one. */
static int end_keeper(struct outfile *o, bool commit)
{
	const char word = commit ? COMMIT : DROP;
	int e;
	if (send(o->keeper_fd, &word, 1, MSG_NOSIGNAL) != 1 ||
	    read(o->keeper_fd, &e, sizeof(e)) != sizeof(e))
		e = ERR_IO;
	close(o->keeper_fd);
	close(o->fd);
	while (waitpid(o->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	*o = (struct outfile){ .fd = -1, .keeper_fd = -1 };
	return e;
}

int outfile_commit(struct outfile *o)
{
	if (fsync(o->fd) != 0) {
		int e = file_err(errno);
		outfile_drop(o);
		return e;
	}
	return end_keeper(o, true);
}

int outfile_not_written(const struct cli *cli, const char *path, int err)
{
	if (err == ERR_EXISTS)
		return cli_fail(cli, EX_CANTCREAT, "%s: expected a file that does not exist; "
		                "--force replaces it", path);
	return cli_fail(cli, EX_CANTCREAT, "%s: cannot be written: %s", path, err_text(err));
}

void outfile_drop(struct outfile *o)
{
	if (o->keeper > 0)
		end_keeper(o, false);
}
