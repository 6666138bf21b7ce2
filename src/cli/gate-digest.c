/* SPDX-License-Identifier: ISC
 *
 * Walks over the places where the four servers have their configurations and over the files that
 * these name (their maps, and what is included), and digests contents; of programs, packages and
 * large files the shape: size and times.
 *
 * A file may be named in parts, by a parameter or macro that has its directory. So each part that
 * follows one is tried below each directory that is named.
 */
#include "cli/gate-digest.h"

#include "audit/unit.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "cli/audit-daemon.h"
#include "closed/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <search.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
	FILES_MAX = 8192, DEPTH_MAX = 8, WHOLE_BYTES = 1 << 20, ALL_BYTES = 64 << 20,
	KEPT_BYTES = 4096, KEPT_MODE = 0600, PATH_CHARS = 4096, PARTS_MAX = 1024,
	DIRECTORIES_MAX = 64,
};

/* Beside those of closed/server.h. */
static const char *const places[] = {
	"/etc/mail", "/etc/default/exim4", "/etc/default/opensmtpd", "/etc/default/sendmail",
	"/etc/default/postfix", "/etc/opensmtpd", "/etc/exim4", "/etc/exim",
	"/etc/aliases", "/etc/aliases.db",
};

/* By which a server that does not run would be started: each unit and its drop-ins, in each of
 * unit_places. */
static const char *const units[] = {
	"exim4", "exim", "sendmail", "opensmtpd", "smtpd", "postfix", "postfix@", "postfix@-",
};

/* Names of users, hosts and ports, which name no maps. Postfix has its own in its chroot. */
static const char *const tables[] = {
	"/etc/mailname", "/etc/hosts", "/etc/hostname", "/etc/passwd", "/etc/group",
	"/etc/services", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/hosts.allow",
	"/etc/hosts.deny", "/var/spool/postfix/etc",
};

/* The shape tells. */
static const char *const programs[] = {
	"/proc/self/exe", "/usr/lib/postfix", "/usr/libexec/postfix", "/usr/lib/exim4",
	"/usr/libexec/sendmail", "/usr/libexec/opensmtpd", "/usr/sbin/sendmail",
	/* a package may bring a library that one of these uses */
	"/var/lib/dpkg/status", "/lib/apk/db/installed", "/var/lib/rpm/rpmdb.sqlite",
	"/usr/lib/sysimage/rpm/rpmdb.sqlite",
};

/* What changes while a server runs, or is no file. */
static const char *const passing[] = {
	"/dev/", "/proc/", "/sys/", "/var/log/", "/var/mail/",
};
static const char *const passing_names[] = {
	".pid", ".lock", ".log", "_scache.db", "_cache.db", "/prng_exch", "/exim-process.info",
};

/* Directories in which, or, with two slashes, only right in which, no map is looked for: there is
 * too much else. */
static const char *const wide[] = {
	"/bin/", "/etc//", "/home/", "/lib/", "/root/", "/run/", "/sbin/", "/srv//", "/tmp//",
	"/usr/", "/var//", "/var/lib//", "/var/run/", "/var/spool/", "/var/tmp//",
};

static const char *const suffixes[] = { "", ".db", ".lmdb", ".cdb", ".dir", ".pag", "-wal" };

struct digest {
	EVP_MD_CTX *md;
	struct arena arena;
	void *seen;                      /* a tree of paths: each is looked at once */
	const char *parts[PARTS_MAX], *directories[DIRECTORIES_MAX];
	size_t part_n, directory_n;
	size_t files, bytes;
	unsigned depth;                  /* of files named within files */
	bool full;
};

static void add(struct digest *d, const void *bytes, size_t n)
{
	uint64_t length = n;
	EVP_DigestUpdate(d->md, &length, sizeof(length));
	EVP_DigestUpdate(d->md, bytes, n);
}

static void add_word(struct digest *d, const char *word)
{
	add(d, word, strlen(word));
}

/* One more file may be looked at. */
static bool count(struct digest *d)
{
	d->full = d->full || ++d->files > FILES_MAX || d->bytes > ALL_BYTES;
	return !d->full;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Whether the path was not there before. */
static bool is_new(struct digest *d, const char *path)
{
	if (tfind(path, &d->seen, compare))
		return false;
	return tsearch(arena_strdup(&d->arena, str_of(path)), &d->seen, compare) != NULL;
}

/* The same of a directory, in the way in which it is looked at: whole is more than named. */
static bool is_new_directory(struct digest *d, const char *path, const char *way)
{
	char *key = mem_printf("%s//%s", path, way);     /* of no file */
	bool new_ = is_new(d, key);
	free(key);
	return new_;
}

/* Nothing is to be freed: the arena has them. */
static void leave(void *path)
{
	(void)path;
}

static bool begins_as(struct str path, const char *const *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_prefix(path, str_of(rows[i])))
			return true;
	return false;
}

static bool is_passing(struct str path)
{
	for (size_t i = 0; i < sizeof(passing_names) / sizeof(*passing_names); i++)
		if (str_casesuffix(path, str_of(passing_names[i])))
			return true;
	return begins_as(path, passing, sizeof(passing) / sizeof(*passing));
}

/* The times are those of the contents and of the file: the first can be set to any. */
static void add_shape(struct digest *d, const char *path, const struct stat *st)
{
	const int64_t shape[] = { st->st_mode, st->st_size, st->st_mtim.tv_sec,
	                          st->st_mtim.tv_nsec, st->st_ctim.tv_sec,
	                          st->st_ctim.tv_nsec };
	add_word(d, path);
	add(d, shape, sizeof(shape));
}

/* The contents, appended to *text, if they are a regular file's and not too many. */
static void add_regular(struct digest *d, const char *path, const struct stat *st, struct buf *text)
{
	if (!S_ISREG(st->st_mode) || st->st_size > WHOLE_BYTES ||
	    file_read(path, WHOLE_BYTES, text) != ERR_OK) {
		buf_clear(text);
		add_shape(d, path, st);
		return;
	}
	d->bytes += text->n;
	add_word(d, path);
	add(d, text->p, text->n);
}

/* ---- files that a configuration names ---------------------------------------------- */

static void add_file(struct digest *d, const char *path, const struct stat *st);
static void add_place(struct digest *d, const char *path, unsigned depth);

static bool is_path_byte(char c)
{
	return ascii_isalnum((unsigned char)c) || (c && strchr("/._-+@", c));
}

/* The directory of another instance of Postfix. */
static bool is_instance(const char *path)
{
	char *file = mem_printf("%s/main.cf", path);
	struct stat st;
	bool there = stat(file, &st) == 0 && S_ISREG(st.st_mode);
	free(file);
	return there;
}

static int no_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* The files in it, not those below, nor what they name: a name that is made when mail comes may be
 * any of them. */
static void add_children(struct digest *d, const char *path)
{
	struct dirent **names;
	struct stat st;
	int n = scandir(path, &names, no_dots, alphasort);
	for (int i = 0; i < n; i++) {
		char *below = mem_printf("%s/%s", path, names[i]->d_name);
		struct buf text = { 0 };
		if (!is_passing(str_of(below)) && stat(below, &st) == 0 && S_ISREG(st.st_mode) &&
		    count(d))
			add_regular(d, below, &st, &text);
		buf_fini(&text);
		free(below);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

static void add_named_directory(struct digest *d, char *path)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	char *inside = mem_printf("%s//", path);
	struct str name = str_of(inside);
	if (n > 1 && !is_passing(name) && is_new_directory(d, path, "named")) {
		if (d->directory_n < DIRECTORIES_MAX)
			d->directories[d->directory_n++] = arena_strdup(&d->arena, str_of(path));
		else
			d->full = true;
		if (is_instance(path))
			add_place(d, path, 1);
		else if (!begins_as(name, wide, sizeof(wide) / sizeof(*wide)))
			add_children(d, path);
	}
	free(inside);
}

/* By which all of the machine may be named: "/srv/../etc", "/etc/." at the end of a sentence. */
static bool is_crooked(struct str name)
{
	return str_search(name, STR("..")) != SIZE_MAX || str_casesuffix(name, STR("/.")) ||
	       str_search(name, STR("/./")) != SIZE_MAX;
}

static void add_named(struct digest *d, struct str name)
{
	char path[PATH_CHARS];
	struct stat st;
	if (is_passing(name) || is_crooked(name))
		return;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t n = strlen(suffixes[i]);
		if (!str_copy(path, sizeof(path) - n, name))
			return;
		str_copy(path + name.n, n + 1, str_of(suffixes[i]));
		if (stat(path, &st) != 0)
			continue;
		if (S_ISREG(st.st_mode))
			add_file(d, path, &st);
		else if (S_ISDIR(st.st_mode) && i == 0)
			add_named_directory(d, path);
	}
}

/* What follows a parameter or macro: "/networks" of "${maps}/networks", "$maps/networks" and
 * "MAPS/networks". */
static void add_part(struct digest *d, struct str part)
{
	for (size_t i = 0; i < d->part_n; i++)
		if (str_eq(part, str_of(d->parts[i])))
			return;
	if (d->part_n < PARTS_MAX)
		d->parts[d->part_n++] = arena_strdup(&d->arena, part);
	else
		d->full = true;
}

/* No hash of a password, which is full of dollars and slashes. */
static bool is_behind_name(struct str text, size_t at)
{
	size_t begin = at;
	if (at && (text.p[at - 1] == '}' || text.p[at - 1] == ')'))
		return true;
	while (begin && (ascii_isalnum((unsigned char)text.p[begin - 1]) ||
	                 text.p[begin - 1] == '_'))
		begin--;
	if (begin == at || ascii_isdigit((unsigned char)text.p[begin]))
		return false;
	bool parameter = begin && text.p[begin - 1] == '$';
	begin -= parameter;
	return (parameter || (text.p[begin] >= 'A' && text.p[begin] <= 'Z')) &&
	       (!begin || (text.p[begin - 1] != '$' && !is_path_byte(text.p[begin - 1])));
}

static void add_all_named(struct digest *d, struct str text)
{
	for (size_t i = 0; i < text.n && !d->full; i++) {
		size_t begin = i;
		if (text.p[i] != '/')
			continue;
		bool part = is_behind_name(text, i);
		if (!part && i > 0 && is_path_byte(text.p[i - 1]))
			continue;
		while (i < text.n && is_path_byte(text.p[i]))
			i++;
		struct str name = { text.p + begin, i - begin };
		if (part && name.n > 1)
			add_part(d, name);
		else if (!part && name.n > 3)
			add_named(d, name);
	}
}

/* Each part below each directory; what that names may be of parts again, and is taken as it is. */
static void add_parts(struct digest *d)
{
	for (size_t i = 0; i < d->directory_n; i++)
		for (size_t k = 0; k < d->part_n && !d->full; k++) {
			char *path = mem_printf("%s%s", d->directories[i], d->parts[k]);
			add_named(d, str_of(path));
			free(path);
		}
}

/* ---- the walk ---------------------------------------------------------------------- */

/* A regular file, and what it names; once. */
static void add_file(struct digest *d, const char *path, const struct stat *st)
{
	struct buf text = { 0 };
	if (!is_new(d, path) || !count(d))
		return;
	add_regular(d, path, st, &text);
	/* The letters of a certificate are no names, and a program's text is not asked for any. */
	if (text.n && !begins_as(str_of(path), wide, sizeof(wide) / sizeof(*wide)) &&
	    !memchr(text.p, '\0', text.n) &&
	    str_search(buf_str(&text), STR("-----BEGIN ")) == SIZE_MAX) {
		if (++d->depth <= DEPTH_MAX)
			add_all_named(d, buf_str(&text));
		else
			d->full = true;
		d->depth--;
	}
	buf_fini(&text);
}

static void add_directory(struct digest *d, const char *path, unsigned depth,
                          void (*each)(struct digest *d, const char *path, unsigned depth))
{
	struct dirent **names;
	int n = scandir(path, &names, no_dots, alphasort);
	add_word(d, path);
	if (n < 0 || depth == DEPTH_MAX)
		d->full = true;
	for (int i = 0; i < n; i++) {
		char *below = mem_printf("%s/%s", path, names[i]->d_name);
		if (depth < DEPTH_MAX)
			each(d, below, depth + 1);
		free(below);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* Whether it is there, and may be looked at. */
static bool find(struct digest *d, const char *path, struct stat *st)
{
	if (stat(path, st) == 0)
		return count(d);
	const int why = errno;
	add_word(d, path);
	add(d, &why, sizeof(why));
	return false;
}

static void add_place(struct digest *d, const char *path, unsigned depth)
{
	struct stat st;
	if (!find(d, path, &st))
		return;
	if (!S_ISDIR(st.st_mode))
		add_file(d, path, &st);
	else if (is_new_directory(d, path, "whole"))
		add_directory(d, path, depth, add_place);
}

static void add_program(struct digest *d, const char *path, unsigned depth)
{
	struct stat st;
	if (!find(d, path, &st))
		return;
	if (S_ISDIR(st.st_mode))
		add_directory(d, path, depth, add_program);
	else
		add_shape(d, path, &st);
}

static void add_table(struct digest *d, const char *path, unsigned depth)
{
	struct stat st;
	struct buf text = { 0 };
	if (!find(d, path, &st))
		return;
	if (S_ISDIR(st.st_mode))
		add_directory(d, path, depth, add_table);
	else
		add_regular(d, path, &st, &text);
	buf_fini(&text);
}

static void add_servers(struct digest *d)
{
	for (int m = MTA_FIRST; m <= MTA_LAST_WHOLE; m++) {
		const struct closed_server *server = closed_server_of((enum mta)m);
		for (size_t i = 0; server && server->places[i]; i++)
			add_place(d, server->places[i], 0);
		for (size_t i = 0; server && server->programs[i]; i++)
			add_program(d, server->programs[i], 0);
	}
}

static void add_units(struct digest *d)
{
	for (size_t i = 0; unit_places[i]; i++)
		for (size_t k = 0; k < sizeof(units) / sizeof(*units); k++) {
			char *unit = mem_printf("%s/%s.service", unit_places[i], units[k]);
			char *drop_ins = mem_printf("%s.d", unit);
			add_place(d, unit, 0);
			add_place(d, drop_ins, 0);
			free(unit);
			free(drop_ins);
		}
}

static void add_machine(struct digest *d, const struct facts *facts)
{
	struct buf text = { 0 };
	struct utsname machine;
	if (uname(&machine) == 0) {
		add_word(d, machine.nodename);
		add_word(d, machine.release);
	}
	gate_facts_format(facts, &text);
	add(d, text.p, text.n);
	buf_clear(&text);
	audit_daemon_tell(facts, &text);
	add(d, text.p, text.n);
	add_all_named(d, buf_str(&text));
	buf_fini(&text);
}

bool gate_digest(const char *config, const struct facts *facts, struct str told,
                 char digest[static GATE_DIGEST_CHARS + 1])
{
	struct digest *d = mem_zalloc(sizeof(*d));
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	d->md = EVP_MD_CTX_new();
	bool ok = d->md && EVP_DigestInit_ex(d->md, EVP_sha256(), NULL) == 1;
	if (ok) {
		add_word(d, PORTREEVE_VERSION);
		add(d, told.p, told.n);
		add_machine(d, facts);
		add_servers(d);
		add_units(d);
		for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
			add_place(d, places[i], 0);
		for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
			add_table(d, tables[i], 0);
		for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
			add_program(d, programs[i], 0);
		if (config)
			add_place(d, config, 0);
		add_parts(d);
		ok = !d->full && EVP_DigestFinal_ex(d->md, sum, &n) == 1;
	}
	digest[0] = '\0';
	if (ok)
		hex_encode(sum, n, digest);
	EVP_MD_CTX_free(d->md);
	tdestroy(d->seen, leave);
	arena_fini(&d->arena);
	free(d);
	return ok;
}

/* ---- the answer that is kept ------------------------------------------------------- */

int gate_kept_read(const char *path, struct gate_kept *out)
{
	char text[KEPT_BYTES];
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), e = ERR_OK;
	if (fd < 0)
		return errno == ELOOP ? ERR_DENIED : file_err(errno);
	if (fstat(fd, &st) != 0)
		e = ERR_IO;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		e = ERR_DENIED;
	ssize_t n = e == ERR_OK ? read(fd, text, sizeof(text)) : 0;
	close(fd);
	if (e != ERR_OK)
		return e;
	return n < 0 ? ERR_IO : gate_kept_parse((struct str){ text, (size_t)n }, out);
}

/* Something else that is there stays, whatever it was taken for. */
static bool is_foreign(const char *path)
{
	struct buf text = { 0 };
	struct stat st;
	bool foreign = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	               file_read(path, KEPT_BYTES, &text) != ERR_NOT_FOUND &&
	               !gate_kept_is(buf_str(&text));
	buf_fini(&text);
	return foreign;
}

int gate_kept_write(const char *path, const struct gate_kept *kept)
{
	struct buf text = { 0 };
	if (is_foreign(path))
		return ERR_EXISTS;
	gate_kept_format(kept, &text);
	int e = file_write(path, buf_str(&text), KEPT_MODE);
	buf_fini(&text);
	return e;
}
