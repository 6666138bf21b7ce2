/* SPDX-License-Identifier: ISC
 *
 * The lists of sockets in /proc/PID/net/unix, one for each network namespace.
 */
#include "closed/sockets.h"

#include "base/err.h"
#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { UNIX_BYTES_MAX = 16 << 20, SPACES_MAX = 4096 };

static int sockets_add(struct closed_sockets *s, struct arena *a, struct str path)
{
	if (s->n == CLOSED_SOCKETS_MAX)
		return ERR_LIMIT;
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		const char **paths = arena_alloc(a, room * sizeof(*paths));
		for (size_t i = 0; i < s->n; i++)
			paths[i] = s->paths[i];
		s->paths = paths;
		s->room = room;
	}
	s->paths[s->n++] = arena_strdup(a, path);
	return ERR_OK;
}

/* "Num: RefCount Protocol Flags Type St Inode Path": the path is the rest, spaces and all. */
int closed_sockets_read(struct str text, struct arena *a, struct closed_sockets *sockets)
{
	enum { FIELDS_BEFORE_PATH = 7 };
	struct str line, field;
	while (str_token(&text, "\n", &line)) {
		int fields = 0;
		while (fields < FIELDS_BEFORE_PATH && str_token(&line, " ", &field))
			fields++;
		/* str_token() has taken one space behind the field, or leaves it in front. */
		while (line.n && line.p[0] == ' ')
			line = str_from(line, 1);
		if (fields < FIELDS_BEFORE_PATH || !line.n || line.p[0] != '/')
			continue;
		int e = sockets_add(sockets, a, line);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Whether the process is the first that is seen in its network namespace. */
static bool is_first_of_space(const char *pid, ino_t *seen, size_t *seen_n)
{
	char path[NAME_MAX + 32];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	if (stat(path, &st) != 0 || *seen_n == SPACES_MAX)
		return false;
	for (size_t i = 0; i < *seen_n; i++)
		if (seen[i] == st.st_ino)
			return false;
	seen[(*seen_n)++] = st.st_ino;
	return true;
}

static int sockets_of(const char *pid, struct arena *a, struct closed_sockets *sockets)
{
	char path[NAME_MAX + 32];
	struct buf text = { 0 };
	snprintf(path, sizeof(path), "/proc/%s/net/unix", pid);
	int e = file_read(path, UNIX_BYTES_MAX, &text);
	if (e == ERR_OK)
		e = closed_sockets_read(buf_str(&text), a, sockets);
	else if (e != ERR_LIMIT)
		e = ERR_OK;                      /* the process has gone */
	buf_fini(&text);
	return e;
}

int closed_sockets_find(struct arena *a, struct closed_sockets *sockets)
{
	static ino_t seen[SPACES_MAX];
	size_t seen_n = 0;
	DIR *processes = opendir("/proc");
	if (!processes)
		return ERR_IO;
	int e = ERR_OK;
	for (struct dirent *d; e == ERR_OK && (d = readdir(processes));)
		if (ascii_isdigit((unsigned char)d->d_name[0]) &&
		    is_first_of_space(d->d_name, seen, &seen_n))
			e = sockets_of(d->d_name, a, sockets);
	closedir(processes);
	return e;
}
