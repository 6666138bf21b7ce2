/* SPDX-License-Identifier: ISC
 *
 * Processes that hold sockets, by the kernel's files of each.
 */
#include "cli/audit-daemon.h"

#include "base/file.h"

#include <stdio.h>

enum { COMMAND_BYTES_MAX = 64 << 10 };

/* Those whose command line stays what it was. */
static bool is_server(const struct facts_listener *l)
{
	static const char *const names[] = { "master", "exim4", "exim" };
	for (size_t i = 0; l->pid > 1 && !l->elsewhere && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(l->program, names[i]) == 0)
			return true;
	return false;
}

static bool is_first_of_process(const struct facts *f, size_t listener)
{
	for (size_t i = 0; i < listener; i++)
		if (f->listeners[i].pid == f->listeners[listener].pid)
			return false;
	return is_server(&f->listeners[listener]);
}

static void read_of_process(unsigned pid, const char *what, struct buf *text)
{
	char path[64];
	buf_clear(text);
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	if (file_read_plain(path, COMMAND_BYTES_MAX, text) != ERR_OK)
		buf_clear(text);
}

static bool look_at(unsigned pid, enum mta mta, struct arena *a, struct daemon_options *daemon)
{
	struct buf command = { 0 }, environment = { 0 };
	read_of_process(pid, "cmdline", &command);
	if (mta == MTA_POSTFIX)
		read_of_process(pid, "environ", &environment);
	const bool known = daemon_of_process(mta, buf_str(&command), buf_str(&environment), a,
	                                     daemon);
	buf_fini(&command);
	buf_fini(&environment);
	return known;
}

void audit_daemon_find(enum mta mta, const struct facts *f, bool runs_here,
                       const struct audit_files *files, struct arena *a,
                       struct daemon_options *daemon)
{
	for (size_t i = 0; runs_here && i < f->listener_n; i++)
		if (is_first_of_process(f, i) && look_at(f->listeners[i].pid, mta, a, daemon))
			return;
	daemon_of_files(mta, files, a, daemon);
}

size_t audit_daemon_directories(const struct facts *f, struct arena *a, const char **directories,
                                size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < f->listener_n && n < max; i++) {
		struct daemon_options daemon;
		bool said = false;
		if (!is_first_of_process(f, i) ||
		    !look_at(f->listeners[i].pid, MTA_POSTFIX, a, &daemon))
			continue;
		const char *directory = daemon.config ? daemon.config : "/etc/postfix";
		for (size_t k = 0; k < n; k++)
			said |= strcmp(directories[k], directory) == 0;
		if (!said)
			directories[n++] = directory;
	}
	return n;
}

void audit_daemon_tell(const struct facts *f, struct buf *out)
{
	struct arena a = { 0 };
	struct buf command = { 0 };
	const char *directories[8];
	for (size_t i = 0; i < f->listener_n; i++) {
		if (!is_first_of_process(f, i))
			continue;
		read_of_process(f->listeners[i].pid, "cmdline", &command);
		buf_add_str(out, buf_str(&command));
		buf_add_byte(out, '\n');
	}
	const size_t n = audit_daemon_directories(f, &a, directories, 8);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s\n", directories[i]);
	buf_fini(&command);
	arena_fini(&a);
}
