/* SPDX-License-Identifier: ISC
 *
 * What is held are descriptors of the container's namespaces and of its root: a number of a process
 * may be another's by the time that it is used again.
 */
#include "cli/audit-inside.h"

#include "cli/audit-daemon.h"
#include "cli/audit-find.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 256, FIRST_USER = 1000, LAST_USER = 60000, TOOL_MS = 5000 };

/* ---- its namespaces ----------------------------------------------------------------- */

static bool same_space(int process, const char *name)
{
	char path[32];
	struct stat theirs, ours;
	snprintf(path, sizeof(path), "/proc/self/%.16s", name);
	return fstatat(process, name, &theirs, 0) == 0 && stat(path, &ours) == 0 &&
	       theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

static int spaces_open(struct audit_inside *in, const char **why)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%u", in->is.pid);
	int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0) {
		*why = "it has ended";
		return ERR_NOT_FOUND;
	}
	bool own_users = same_space(process, "ns/user");
	in->spaces.mounts = openat(process, "ns/mnt", O_RDONLY | O_CLOEXEC);
	in->spaces.root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	in->network = openat(process, "ns/net", O_RDONLY | O_CLOEXEC);
	close(process);
	if (in->spaces.mounts < 0 || in->spaces.root < 0 || in->network < 0) {
		*why = "its namespaces cannot be opened";
		return ERR_DENIED;
	}
	if (!own_users) {
		*why = "it has users of its own (a user namespace, as without root): its server is "
		       "asked by an audit inside of it (podman exec, docker exec: portreeve audit "
		       "--in-container)";
		return ERR_UNSUPPORTED;
	}
	snprintf(in->root, sizeof(in->root), "/proc/self/fd/%d", in->spaces.root);
	return ERR_OK;
}

/* ---- its files ---------------------------------------------------------------------- */

/* The program, which must be a file beneath its root. */
static const char *find_program(const struct audit_inside *in, const struct closed_server *server)
{
	for (size_t i = 0; server->programs[i]; i++) {
		struct arena scratch = { 0 };
		struct str text;
		int e = in->files.read(in->files.arg, server->programs[i], &scratch, &text);
		arena_fini(&scratch);
		if (e == ERR_OK || e == ERR_LIMIT)       /* it may be long */
			return server->programs[i];
	}
	return NULL;
}

static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_isalnum((unsigned char)name.p[i]) && name.p[i] != '.' &&
		    name.p[i] != '-' && name.p[i] != '_')
			return false;
	return name.n > 0 && name.n < NAME_MAX_BYTES;
}

static struct str text_of(const struct audit_inside *in, struct arena *a, const char *name)
{
	struct str text;
	return in->files.read(in->files.arg, name, a, &text) == ERR_OK ? text : STR("");
}

static const char *find_user(const struct audit_inside *in, struct arena *a)
{
	struct str text = text_of(in, a, "/etc/passwd"), line, name, field;
	while (str_token(&text, "\n", &line)) {
		uint64_t uid = 0;
		if (!str_token(&line, ":", &name) || !str_token(&line, ":", &field) ||
		    !str_token(&line, ":", &field) || str_u64(field, UINT32_MAX, &uid) != ERR_OK)
			continue;
		if (uid >= FIRST_USER && uid < LAST_USER && is_name(name))
			return arena_strdup(a, name);
	}
	return "root";
}

/* As the kernel has it for that container; what is no name is none. */
static const char *find_machine(const struct audit_inside *in, struct arena *a)
{
	struct str text = text_of(in, a, "/etc/hostname"), line;
	return str_token(&text, "\n", &line) && is_name(str_trim(line))
	       ? arena_strdup(a, str_trim(line)) : "localhost";
}

/* As its /etc/hosts has it. */
static const char *find_whole(const struct audit_inside *in, struct arena *a)
{
	struct str text = text_of(in, a, "/etc/hosts"), line, address, first, word;
	if (strchr(in->machine, '.'))
		return in->machine;
	while (str_token(&text, "\n", &line)) {
		if (str_find(line, '#') != SIZE_MAX)
			line.n = str_find(line, '#');
		if (!str_word(&line, &address) || !str_word(&line, &first) || !is_name(first))
			continue;
		word = first;
		do
			if (str_caseeq(word, str_of(in->machine)))
				return arena_strdup(a, first);
		while (str_word(&line, &word));
	}
	return in->machine;
}

static int files_open(struct audit_inside *in, struct arena *a, const char **why)
{
	const struct closed_server *server = closed_server_of(in->is.mta);
	int e = disk_files_init(&in->disk, in->root, &in->files);
	if (e != ERR_OK) {
		*why = "its files cannot be read";
		return e;
	}
	in->server = *server;
	in->server.networks = NULL;              /* it would be asked outside of the room, too */
	in->server.program = find_program(in, server);
	if (!in->server.program) {
		*why = in->disk.late_n ? arena_printf(a, "%s in it cannot be read in time",
		                                      in->disk.late[0])
		     : "its server's program is not where it is looked for";
		return ERR_NOT_FOUND;
	}
	in->user = find_user(in, a);
	in->machine = find_machine(in, a);
	in->whole = find_whole(in, a);
	in->version = audit_find_version_in(&in->files, a, in->is.mta);
	return ERR_OK;
}

/* Of who listens that process alone is of interest: it says how it was started. */
static void settle_listener(struct audit_inside *in, struct arena *a)
{
	static const char *const programs[] = {
		[MTA_POSTFIX] = "master", [MTA_EXIM] = "exim4", [MTA_SENDMAIL] = "sendmail",
		[MTA_OPENSMTPD] = "smtpd",
	};
	struct facts_listener *l = arena_alloc(a, sizeof(*l));
	*l = (struct facts_listener){ .at = in->is.at, .pid = in->is.pid,
	                              .program = programs[in->is.mta] };
	in->facts.listeners = l;
	in->facts.listener_n = 1;
}

/* ---- all of it ------------------------------------------------------------------ */

int audit_inside_open(struct cli *cli, const struct audit_published *published,
                      const struct facts *machine, struct audit_inside *in, const char **why)
{
	*in = (struct audit_inside){ .is = *published, .spaces = { -1, -1 }, .network = -1,
	                             .behind = "" };
	*why = "";
	int e = spaces_open(in, why);
	if (e == ERR_OK)
		e = files_open(in, &cli->arena, why);
	if (e != ERR_OK)
		return e;
	in->facts = *machine;
	if (!published->own_network) {
		facts_begin(&in->facts, &cli->arena);
		e = facts_look_into(&in->facts, in->network, TOOL_MS);
	}
	settle_listener(in, &cli->arena);
	audit_daemon_mark(&in->facts, &in->files, &cli->arena);
	if (e == ERR_LIMIT)
		e = ERR_OK;                      /* it is among the unread */
	if (e != ERR_OK)
		*why = "its network cannot be looked at";
	return e;
}

void audit_inside_close(struct audit_inside *in)
{
	int fds[] = { in->spaces.mounts, in->spaces.root, in->network };
	disk_files_fini(&in->disk);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}
