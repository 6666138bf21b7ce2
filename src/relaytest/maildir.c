/* SPDX-License-Identifier: ISC
 *
 * A Maildir: tmp/, synced, then new/; and tmp/ swept.
 */
#include "relaytest/maildir.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"

#include <dirent.h>
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

/* In new/, only names with a dot in front are left over: see deliver(). */
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

int maildir_open(const char *directory, int64_t now_s)
{
	static const char *const parts[] = { "new", "cur", "tmp" };
	int e = ERR_OK;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && e == ERR_OK; i++) {
		char *path = mem_printf("%s/%s", directory, parts[i]);
		e = file_mkdirs(path, 0700);
		free(path);
	}
	clear_left_over(directory, "tmp", false, now_s);
	clear_left_over(directory, "new", true, now_s);
	return e;
}

/* ---- delivery ---------------------------------------------------------------------- */

static int deliver_by(const char *directory, const char *stage, const char *name, struct str mail)
{
	char *from = mem_printf("%s/%s%s", directory, stage, name);
	char *to = mem_printf("%s/new/%s", directory, name);
	int e = file_create(from, mail, 0600);
	if (e == ERR_OK) {
		e = file_move(from, to);
		/* It may have been renamed, and only that isn't safe: then it must not be found
		 * when its client comes again. */
		if (e != ERR_OK) {
			unlink(from);
			unlink(to);
		}
	}
	free(from);
	free(to);
	return e;
}

/* Landlock's first version forbids every rename between directories: then a name with a dot in
 * front stands for tmp/, as readers pass over those. */
static int deliver_file(const char *directory, const char *name, struct str mail)
{
	int e = deliver_by(directory, "tmp/", name, mail);
	return e == ERR_UNSUPPORTED ? deliver_by(directory, "new/.", name, mail) : e;
}

static void host_mark(struct str identity, char mark[static MARK_LEN + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)(identity.p ? identity.p : ""), identity.n, digest);
	hex_encode(digest, MARK_LEN / 2, mark);
}

/* Who delivered it may have been killed before its name was safe. If that fails it stays all the
 * same: it may be one that was taken long ago. */
static int sync_found(const char *directory)
{
	char *name = mem_printf("%s/new/.", directory);
	int e = file_sync_name(name);
	free(name);
	return e;
}

/* A slash would end the name of the directory, and a colon begins what readers add
 * (cr.yp.to/proto/maildir.html). */
static void add_host(struct buf *name, const char *hostname)
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
	if (there.found)
		return sync_found(directory);
	if (there.mails >= MAILDIR_MAILS_MAX)
		return ERR_LIMIT;
	struct buf name = { 0 };
	buf_printf(&name, "%lld.D%sP%ld.", (long long)now_s, mark, (long)getpid());
	add_host(&name, hostname);
	int e = deliver_file(directory, buf_cstr(&name), mail);
	buf_fini(&name);
	return e;
}
