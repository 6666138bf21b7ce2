/* SPDX-License-Identifier: ISC
 *
 * Files are read from where their last part begins, the journal as journalctl prints it. The
 * older file comes before the newer one, so that a session may go over both.
 */
#include "cli/maillogs.h"

#include "base/child.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JOURNAL_MS = 60000, PIECE_BYTES = 65536, DAY_S = 86400 };

/* Debian, Red Hat, SUSE, Alpine, images of containers. */
static const char *const usual_files[] = {
	"/var/log/mail.log", "/var/log/maillog", "/var/log/mail", "/var/log/mail/mail.log",
	"/var/log/exim4/mainlog", "/var/log/exim4/rejectlog", "/var/log/exim/main.log",
	"/var/log/exim/reject.log", "/var/log/exim/mainlog", "/var/log/exim/rejectlog",
	"/var/log/syslog", "/var/log/messages",
};

const char *maillogs_names(const struct maillogs *logs, struct arena *a)
{
	const char *all = "";
	for (size_t i = 0; i < logs->n; i++)
		all = arena_printf(a, "%s%s%s", all, i ? ", " : "", logs->read[i]);
	return all;
}

static void note_read(struct maillogs *logs, const char *name)
{
	if (logs->n < MAILLOGS_MAX)
		logs->read[logs->n++] = name;
}

/* To the end. Errno, or 0. */
static int read_descriptor(int fd, struct witness_log *log)
{
	static char piece[PIECE_BYTES];
	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		witness_log_read(log, (struct str){ piece, (size_t)n });
	}
	witness_log_end(log);
	return 0;
}

/* To the first line that begins in the last part: what stands before it may be a piece of a line,
 * and begin with what a stranger chose. */
static void seek_last_part(int fd, const struct stat *st)
{
	static char piece[PIECE_BYTES];
	off_t at = st->st_size - MAILLOGS_TAIL_BYTES;
	if (!S_ISREG(st->st_mode) || at <= 0)
		return;
	for (ssize_t n; (n = pread(fd, piece, sizeof(piece), at)) > 0; at += n) {
		const char *end = memchr(piece, '\n', (size_t)n);
		if (end) {
			at += end + 1 - piece;
			break;
		}
	}
	(void)lseek(fd, at, SEEK_SET);
}

/* ---- named ---------- */

static int read_named(struct cli *cli, const char *path, struct witness_log *log)
{
	struct stat st;
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int failed = fd < 0 || fstat(fd, &st) != 0 ? errno : 0;
	if (!failed) {
		if (!standard)
			seek_last_part(fd, &st);
		failed = read_descriptor(fd, log);
	}
	if (fd >= 0 && !standard)
		close(fd);
	return failed ? cli_fail(cli, failed == ENOENT || failed == EISDIR ? EX_NOINPUT
	                         : failed == EACCES ? EX_NOPERM : EX_IOERR,
	                         "%s: expected a mail log to read: %s", path, strerror(failed))
	              : CLI_GO;
}

int maillogs_read_named(struct cli *cli, const struct cli_values *paths, struct maillogs *logs,
                        struct witness_log *log)
{
	int code = CLI_GO;
	for (size_t i = 0; i < paths->n && code == CLI_GO; i++) {
		code = read_named(cli, paths->v[i], log);
		note_read(logs, paths->v[i]);
	}
	return code;
}

/* ---- usual ---------- */

/* A regular file; nothing that waits, as an image's link to its output would. */
static void read_usual_file(struct cli *cli, const char *path, struct maillogs *logs,
                            struct witness_log *log)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == EACCES)
			cli_note(cli, "%s: %s", path, strerror(errno));
		return;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		seek_last_part(fd, &st);
		int failed = read_descriptor(fd, log);
		note_read(logs, path);
		if (failed)
			cli_note(cli, "%s: %s", path, strerror(failed));
	}
	close(fd);
}

/* All of the facility mail, and OpenSMTPD where it runs in the foreground. */
static void read_journal(struct cli *cli, int64_t since_s, struct maillogs *logs,
                         struct witness_log *log)
{
	static const char path[] = "/usr/bin/journalctl";
	char when[CLOCK_TEXT_MAX];
	clock_format(since_s - DAY_S, when);
	when[10] = '\0';                /* the day */
	/* Its text may be of any language. */
	static const char *const variables[] = { "LC_ALL=C.UTF-8", NULL };
	const char *const words[] = { path, "--quiet", "--no-pager", "--output=short-iso",
	                              "--since", when, "SYSLOG_FACILITY=2", "+",
	                              "_SYSTEMD_UNIT=opensmtpd.service", NULL };
	const struct child_order order = { .words = words, .variables = variables,
	                                   .time_ms = JOURNAL_MS, .max_bytes = SIZE_MAX };
	struct child child;
	struct buf piece = { 0 };
	int e = child_start(&order, &child);
	if (e != ERR_OK)
		return;
	while ((e = child_hear(&child, &piece)) == ERR_OK) {
		witness_log_read(log, buf_str(&piece));
		buf_clear(&piece);
	}
	if (e == ERR_CLOSED)
		witness_log_end(log);
	else
		cli_note(cli, "journal: %s", err_text(e));
	child_end(&child);
	buf_fini(&piece);
	note_read(logs, "journal");
}

void maillogs_read_usual(struct cli *cli, int64_t since_s, struct maillogs *logs,
                         struct witness_log *log)
{
	read_journal(cli, since_s, logs, log);
	for (size_t i = 0; i < sizeof(usual_files) / sizeof(*usual_files); i++) {
		const char *older = arena_printf(&cli->arena, "%s.1", usual_files[i]);
		read_usual_file(cli, older, logs, log);
		read_usual_file(cli, usual_files[i], logs, log);
	}
}
