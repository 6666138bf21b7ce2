/* SPDX-License-Identifier: ISC
 *
 * Processes that hold sockets, by the kernel's files of each; Sendmail's by its pid file.
 */
#include "cli/audit-daemon.h"

#include "audit/disk-files.h"
#include "audit/entrance.h"
#include "audit/published.h"
#include "base/alive.h"
#include "base/file.h"
#include "closed/server.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROCESS_BYTES_MAX = 64 << 10, STAT_BYTES_MAX = 4 << 20 };

#define NOT_SEEN "the command line of the one that runs cannot be seen"

/* ---- one process -------------------------------------------------------------------------- */

static void read_of_process(unsigned pid, const char *what, struct buf *text)
{
	char path[64];
	buf_clear(text);
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, what);
	if (file_read_plain(path, PROCESS_BYTES_MAX, text) != ERR_OK)
		buf_clear(text);
}

static bool look_at_command(unsigned pid, enum mta mta, struct arena *a,
                            struct daemon_options *daemon)
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

/* Its number in the innermost namespace, where it writes it down itself. */
static unsigned own_number(unsigned pid)
{
	struct buf status = { 0 };
	uint64_t number = pid;
	read_of_process(pid, "status", &status);
	struct str text = buf_str(&status), line, word;
	while (str_token(&text, "\n", &line))
		if (str_prefix(line, STR("NSpid:"))) {
			line = str_from(line, 6);
			while (str_word(&line, &word))
				if (str_u64(word, UINT32_MAX, &number) != ERR_OK)
					number = 0;
		}
	buf_fini(&status);
	return (unsigned)number;
}

/* Where Sendmail's configuration has it. */
static const char *pid_file_of(const struct audit_files *files, const char *config, struct arena *a)
{
	struct str text, line;
	if (files->read(files->arg, config, a, &text) != ERR_OK)
		return NULL;
	while (str_token(&text, "\n", &line))
		if (str_prefix(line, STR("O PidFile=")))
			return arena_strdup(a, str_trim(str_from(line, 10)));
	return NULL;
}

static bool is_in_file(const struct audit_files *files, const char *name, unsigned number,
                       struct arena *a, struct daemon_options *daemon)
{
	struct str text;
	return name && files->read(files->arg, name, a, &text) == ERR_OK &&
	       daemon_of_pid_file(text, number, a, daemon);
}

static bool look_at_pid_files(unsigned pid, const struct audit_files *files, struct arena *a,
                              struct daemon_options *daemon)
{
	static const char *const places[] = { "/run/sendmail/mta/*.pid", "/run/sendmail/*.pid",
	                                      "/run/*.pid", "/var/run/*.pid", "/etc/mail/*.pid" };
	const unsigned number = own_number(pid);
	const char **names;
	size_t n;
	if (is_in_file(files, pid_file_of(files, "/etc/mail/sendmail.cf", a), number, a, daemon))
		return true;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (files->list(files->arg, places[i], a, &names, &n) != ERR_OK)
			continue;
		for (size_t k = 0; k < n; k++)
			if (is_in_file(files, names[k], number, a, daemon))
				return true;
	}
	return false;
}

static bool look_at(unsigned pid, enum mta mta, const struct audit_files *files, struct arena *a,
                    struct daemon_options *daemon)
{
	return look_at_command(pid, mta, a, daemon) ||
	       (mta == MTA_OPENSMTPD &&
	        look_at_command(audit_parent_of(pid), mta, a, daemon)) ||
	       (mta == MTA_SENDMAIL && look_at_pid_files(pid, files, a, daemon));
}

/* Seconds since 1970; 0: not known. */
static int64_t start_of(unsigned pid)
{
	struct buf stat = { 0 };
	uint64_t boot_s = 0;
	const struct alive_sight sight = alive_look(pid);
	if (file_read_plain("/proc/stat", STAT_BYTES_MAX, &stat) != ERR_OK)
		buf_clear(&stat);
	struct str text = buf_str(&stat), line;
	while (str_token(&text, "\n", &line))
		if (str_prefix(line, STR("btime ")) &&
		    str_u64(str_from(line, 6), INT64_MAX / 2, &boot_s) != ERR_OK)
			boot_s = 0;
	buf_fini(&stat);
	const long ticks = sysconf(_SC_CLK_TCK);
	return boot_s && ticks > 0 && sight.what == ALIVE_THERE && sight.started_ticks
	       ? (int64_t)(boot_s + sight.started_ticks / (uint64_t)ticks) : 0;
}

bool audit_daemon_is_older(unsigned pid, enum mta mta, const char *file)
{
	enum { JITTER_S = 2 };
	struct stat st;
	const bool reads_once = mta == MTA_SENDMAIL || mta == MTA_OPENSMTPD;
	const int64_t start_s = reads_once && pid ? start_of(pid) : 0;
	return start_s && stat(file, &st) == 0 && st.st_mtime > start_s + JITTER_S;
}

/* ---- those that listen ------------------------------------------------------------ */

static bool is_server(const struct facts_listener *l, enum mta mta)
{
	return l->pid > 1 && !l->elsewhere && !l->other_program &&
	       audit_mta_of_process(l->program) == mta;
}

static bool is_first_of_process(const struct facts *f, size_t listener)
{
	for (size_t i = 0; i < listener; i++)
		if (f->listeners[i].pid == f->listeners[listener].pid)
			return false;
	return true;
}

void audit_daemon_find(enum mta mta, const struct facts *f, bool runs_here, const char *started,
                       const struct audit_files *files, struct arena *a,
                       struct daemon_options *daemon)
{
	bool hidden = false;
	for (int mail = 1; mail >= 0; mail--)
		for (size_t i = 0; runs_here && i < f->listener_n; i++) {
			const struct facts_listener *l = &f->listeners[i];
			if (!is_server(l, mta) || facts_is_for_mail(l->at.port) != mail)
				continue;
			if (!look_at(l->pid, mta, files, a, daemon))
				hidden = true;
			else if (!started || !strcmp(daemon_text(mta, daemon, a), started)) {
				daemon->process = l->pid;
				return;
			}
		}
	daemon_of_files(mta, files, a, daemon);
	if (hidden && !daemon->unknown)
		daemon->unknown = NOT_SEEN;
}

/* The file that runs, where the one that would be asked is another. A new one of its name is not:
 * a package was upgraded. Of Postfix the directory tells. */
static const char *other_program(unsigned pid, enum mta mta, struct arena *a)
{
	const struct closed_server *server = closed_server_of(mta);
	const char *program = mta == MTA_POSTFIX || !server ? NULL : closed_server_program(server);
	char link[64], runs[PATH_MAX], asked[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	const ssize_t n = readlink(link, runs, sizeof(runs) - 1);
	if (!program || n <= 0 || !realpath(program, asked))
		return NULL;
	struct str file = { runs, (size_t)n };
	if (str_casesuffix(file, STR(" (deleted)")))
		file.n -= STR(" (deleted)").n;
	return str_eq(file, str_of(asked)) ? NULL : arena_strdup(a, file);
}

static void mark(struct facts *f, const struct audit_files *files, struct arena *a)
{
	for (size_t i = 0; i < f->listener_n; i++) {
		struct facts_listener *l = &f->listeners[i];
		const enum mta mta = audit_mta_of_process(l->program);
		struct daemon_options daemon;
		if (mta == MTA_UNKNOWN || !is_server(l, mta))
			continue;
		l->started = NULL;
		for (size_t k = 0; k < i; k++)
			if (f->listeners[k].pid == l->pid)
				l->started = f->listeners[k].started;
		if (is_first_of_process(f, i) && look_at(l->pid, mta, files, a, &daemon))
			l->started = daemon_text(mta, &daemon, a);
	}
}

void audit_daemon_mark(struct facts *f, const struct audit_files *files, struct arena *a)
{
	struct disk_files disk = { 0 };
	struct audit_files own;
	if (!files && disk_files_init(&disk, "", &own) != ERR_OK)
		return;
	mark(f, files ? files : &own, a);
	for (size_t i = 0; !files && i < f->listener_n; i++) {
		struct facts_listener *l = &f->listeners[i];
		const enum mta mta = audit_mta_of_process(l->program);
		if (mta != MTA_UNKNOWN && is_server(l, mta))
			l->other_program = other_program(l->pid, mta, a);
	}
	disk_files_fini(&disk);
}

size_t audit_daemon_running(const struct facts *f, enum mta mta, const char **started, size_t max)
{
	size_t n = 0;
	for (int mail = 1; mail >= 0; mail--)
		for (size_t i = 0; i < f->listener_n && n < max; i++) {
			const struct facts_listener *l = &f->listeners[i];
			bool said = !is_server(l, mta) || !l->started ||
			            facts_is_for_mail(l->at.port) != mail;
			for (size_t k = 0; k < n && !said; k++)
				said = strcmp(started[k], l->started) == 0;
			if (!said)
				started[n++] = l->started;
		}
	return n;
}

void audit_daemon_tell(const struct facts *f, struct buf *out)
{
	for (size_t i = 0; i < f->listener_n; i++) {
		const struct facts_listener *l = &f->listeners[i];
		const enum mta mta = audit_mta_of_process(l->program);
		if (mta != MTA_UNKNOWN && is_server(l, mta) && is_first_of_process(f, i))
			buf_printf(out, "%s %s\n", mta_name(mta),
			           l->started ? l->started : NOT_SEEN);
	}
}
