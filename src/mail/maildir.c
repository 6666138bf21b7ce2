/* SPDX-License-Identifier: ISC
 *
 * A Maildir: all of a batch into tmp/, each synced and renamed into new/, and new/ synced once; and
 * tmp/ swept.
 */
#include "mail/maildir.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEFT_OVER_S = 36 * 3600, MARK_LEN = 32 };

/* ---- what is there --------------------------------------------------------------- */

struct look {
	const char *mark;                /* part of the name that is looked for */
	unsigned mails;
	bool found;
};

static void look_into(const char *directory, struct look *look)
{
	char *path = mem_printf("%s/new", directory);
	DIR *d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		look->mails++;
		look->found |= strstr(entry->d_name, look->mark) != NULL;
	}
	if (d)
		closedir(d);
	free(path);
}

/* In new/, only names with a dot in front are left over: see maildir_deliver_all(). */
static void clear_left_over(const char *directory, const char *part, bool dots_only,
                            int64_t now_s)
{
	char *path = mem_printf("%s/%s", directory, part);
	DIR *d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
		struct stat st;
		if (dots_only && entry->d_name[0] != '.')
			continue;
		if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && now_s - st.st_mtime > LEFT_OVER_S)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
	free(path);
}

/* tmp/ comes last, as it is by tmp/ that a Maildir is seen to be there: one whose maker was killed,
 * or could not sync its names, is made once more by the next. */
static int make(const char *directory)
{
	char *tmp = mem_printf("%s/tmp", directory), *cur = mem_printf("%s/cur", directory),
	     *path = mem_printf("%s/new", directory);
	int e = file_mkdirs(cur, 0700);
	if (e == ERR_OK)
		e = file_mkdirs(path, 0700);
	/* Their names: of the two, of the Maildir, and of the directory that holds it. */
	for (char *slash; e == ERR_OK && (slash = strrchr(path, '/')) != NULL && slash != path;
	     *slash = '\0')
		if ((e = file_sync_name(path)) == ERR_DENIED)
			e = ERR_OK;      /* above all that is ours */
	if (e == ERR_OK)
		e = file_mkdirs(tmp, 0700);
	free(tmp);
	free(cur);
	free(path);
	return e;
}

int maildir_open(const char *directory, int64_t now_s)
{
	int e = make(directory);
	clear_left_over(directory, "tmp", false, now_s);
	clear_left_over(directory, "new", true, now_s);
	return e;
}

/* ---- delivery ------------------------------------------------------------------- */

static char *path_in(const struct maildir_mail *m, const char *stage)
{
	return mem_printf("%s/%s%s", m->directory, stage, m->name);
}

static int open_new(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* A file of that name was left by one who was killed; a directory may be missing. */
static int open_stage(const struct maildir_mail *m, const char *path)
{
	int fd = open_new(path);
	if (fd < 0 && errno == EEXIST && unlink(path) == 0)
		fd = open_new(path);
	else if (fd < 0 && errno == ENOENT && m->makes && make(m->directory) == ERR_OK)
		fd = open_new(path);
	return fd;
}

static int write_all(int fd, struct str s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno != EINTR)
			return file_err(errno);
		s = str_from(s, n > 0 ? (size_t)n : 0);
	}
	return ERR_OK;
}

static void put(struct maildir_mail *m, const char *stage)
{
	char *there = path_in(m, "new/"), *path = path_in(m, stage);
	m->fd = -1;
	m->moved = false;
	m->err = ERR_OK;
	m->found = access(there, F_OK) == 0;
	if (!m->found && (m->fd = open_stage(m, path)) < 0)
		m->err = file_err(errno);
	if (m->fd >= 0 && ((m->err = write_all(m->fd, m->head)) != ERR_OK ||
	                   (m->err = write_all(m->fd, m->text)) != ERR_OK))
		unlink(path);
	free(there);
	free(path);
}

/* ERR_UNSUPPORTED: it cannot be renamed from that stage. */
static void settle(struct maildir_mail *m, const char *stage)
{
	char *there = path_in(m, "new/"), *path = path_in(m, stage);
	if (m->fd >= 0 && m->err == ERR_OK && fsync(m->fd) != 0)
		m->err = file_err(errno);
	if (m->fd >= 0 && close(m->fd) != 0 && m->err == ERR_OK)
		m->err = file_err(errno);
	if (m->fd >= 0 && m->err == ERR_OK) {
		m->moved = rename(path, there) == 0;
		if (!m->moved)
			m->err = errno == EXDEV ? ERR_UNSUPPORTED : file_err(errno);
	}
	if (m->fd >= 0 && !m->moved)
		unlink(path);
	m->fd = -1;
	free(there);
	free(path);
}

static int sync_new(const struct maildir_mail *m)
{
	char *name = mem_printf("%s/new/.", m->directory);
	int e = file_sync_name(name);
	free(name);
	return e;
}

/* It may be there, and only that isn't safe: then it must not be found when its client comes
 * again. One that was found may be one that was taken long ago: it stays. */
static void take_back(struct maildir_mail *m, int err)
{
	if (m->moved) {
		char *there = path_in(m, "new/");
		unlink(there);
		free(there);
	}
	m->err = err;
}

static bool of_one_directory(const struct maildir_mail *a, const struct maildir_mail *b)
{
	return strcmp(a->directory, b->directory) == 0;
}

static bool is_stopped(const atomic_bool *stop)
{
	return stop && atomic_load(stop);
}

/* All are written before the first is synced: that sync takes much of the others with it. */
static void deliver_staged(struct maildir_mail *mails, size_t n, const char *stage,
                           const atomic_bool *stop)
{
	for (size_t i = 0; i < n; i++)
		put(&mails[i], stage);
	for (size_t i = 0; i < n; i++) {
		if (is_stopped(stop) && mails[i].fd >= 0 && mails[i].err == ERR_OK)
			mails[i].err = ERR_AGAIN;
		settle(&mails[i], stage);
	}
	for (size_t i = 0, end; i < n; i = end) {
		bool any = false;
		for (end = i; end < n && of_one_directory(&mails[i], &mails[end]); end++)
			any |= mails[end].err == ERR_OK;
		int e = any ? sync_new(&mails[i]) : ERR_OK;
		for (size_t j = i; j < end && e != ERR_OK; j++)
			if (mails[j].err == ERR_OK)
				take_back(&mails[j], e);
	}
}

/* Landlock's first version forbids every rename between directories: then a name with a dot in
 * front stands for tmp/, as readers pass over those. */
void maildir_deliver_all(struct maildir_mail *mails, size_t n, const atomic_bool *stop)
{
	assert(n <= MAILDIR_AT_ONCE_MAX);
	deliver_staged(mails, n, "tmp/", stop);
	for (size_t i = 0; i < n; i++)
		if (mails[i].err == ERR_UNSUPPORTED)
			deliver_staged(&mails[i], 1, "new/.", stop);
}

static void host_mark(struct str identity, char mark[static MARK_LEN + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)(identity.p ? identity.p : ""), identity.n, digest);
	hex_encode(digest, MARK_LEN / 2, mark);
}

/* A slash would end the name of the directory, and a colon begins what readers add
 * (cr.yp.to/proto/maildir.html). */
void maildir_add_host(struct buf *name, const char *hostname)
{
	for (const char *p = hostname; *p; p++)
		if (*p == '/' || *p == ':')
			buf_add_cstr(name, *p == '/' ? "\\057" : "\\072");
		else
			buf_add_byte(name, *p);
}

int maildir_deliver(const char *directory, const char *hostname, struct str identity,
                    struct str mail, int64_t now_s)
{
	char mark[MARK_LEN + 1];
	struct look there = { .mark = mark };
	host_mark(identity, mark);
	look_into(directory, &there);
	if (!there.found && there.mails >= MAILDIR_MAILS_MAX)
		return ERR_LIMIT;
	struct buf name = { 0 };
	buf_printf(&name, "%lld.D%sP%ld.", (long long)now_s, mark, (long)getpid());
	maildir_add_host(&name, hostname);
	struct maildir_mail one = { .directory = directory, .name = buf_cstr(&name), .text = mail };
	if (there.found)
		/* Who delivered it may have been killed before its name was safe. */
		one.err = sync_new(&one);
	else
		maildir_deliver_all(&one, 1, NULL);
	buf_fini(&name);
	return one.err;
}
