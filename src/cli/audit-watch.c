/* SPDX-License-Identifier: ISC
 *
 * What was found last lies in a file of root's; what differs goes to standard error, which a
 * unit's journal has, to an address by the program sendmail, and to a command.
 *
 * Hostile input that reaches it: names out of the audit, which stand in the lines as printable
 * ASCII and never in a command line.
 */
#include "cli/audit-watch.h"

#include "audit/watch.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/audit-daemon.h"
#include "cli/gate-digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOOL_MS = 2000, TOLD_MS = 60 * 1000, DAY_S = 24 * 3600, KEPT_MODE = 0600,
       DIRECTORY_MODE = 0700 };

struct watching {
	struct cli *cli;
	const struct audit_watching *asked;
	const char *path;
	struct buf file, lines, told;
	struct watch_kept last, now;
	bool had;                        /* something was kept */
};

/* ---- what is kept --------------------------------------------------------------------- */

/* Before the audit: what it found would be told anew each time. */
static int place_find(struct watching *w)
{
	struct str path = str_of(w->path);
	size_t slash = path.n;
	while (slash && path.p[slash - 1] != '/')
		slash--;
	const char *directory = slash > 1 ? arena_strdup(&w->cli->arena,
	                                                 (struct str){ path.p, slash - 1 })
	                                  : slash ? "/" : ".";
	if (access(directory, W_OK | X_OK) == 0)
		return CLI_GO;
	return cli_fail(w->cli, errno == ENOENT ? EX_CANTCREAT : EX_NOPERM,
	                "--kept: %s: expected a directory that can be written to: %s", directory,
	                strerror(errno));
}

static int last_read(struct watching *w)
{
	struct stat st;
	int fd = open(w->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return place_find(w);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 022) {
		if (fd >= 0)
			close(fd);
		return cli_fail(w->cli, EX_NOPERM, "%s: expected a file of one's own that nobody "
		                "else can write", w->path);
	}
	char bytes[4096];
	ssize_t n;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0 && w->file.n <= WATCH_TEXT_MAX)
		buf_add(&w->file, bytes, (size_t)n);
	close(fd);
	if (n < 0)
		return cli_fail(w->cli, EX_IOERR, "%s: it cannot be read", w->path);
	w->had = watch_parse(buf_str(&w->file), &w->last) == ERR_OK;
	if (w->had || !w->file.n)
		return CLI_GO;
	/* Nothing else is written over, whatever it was taken for. */
	if (!watch_is_kept(buf_str(&w->file)))
		return cli_fail(w->cli, EX_DATAERR, "--kept: %s: expected what an audit has kept, "
		                "or no file: it is something else, and stays", w->path);
	cli_note(w->cli, "%s: it is broken, and is written anew", w->path);
	return CLI_GO;
}

/* The unit's StateDirectory= makes it; who watches by hand gets the same one. */
static void directory_make(const struct watching *w)
{
	if (!w->asked->kept)
		file_mkdirs(AUDIT_WATCH_DIRECTORY, DIRECTORY_MODE);
}

static int now_write(struct watching *w)
{
	struct buf text = { 0 };
	w->now.lines = buf_str(&w->lines);
	watch_format(&w->now, &text);
	int e = file_write(w->path, buf_str(&text), KEPT_MODE);
	buf_fini(&text);
	if (e == ERR_OK)
		return CLI_GO;
	return cli_fail(w->cli, cli_exit_code(e), "%s: %s", w->path, err_text(e));
}

/* ---- telling ------------------------------------------------------------------------------- */

/* Runs it with the text as its standard input, for a minute at most. */
static void tell(struct watching *w, const char *what, const char *const *words, struct str text)
{
	extern char **environ;
	const struct child_order order = {
		.words = words, .variables = (const char *const *)environ, .input = text,
		.hearing = CHILD_NEITHER, .time_ms = TOLD_MS };
	struct buf nothing = { 0 };
	int status = 0, e = child_run(&order, &nothing, &status);
	if (e != ERR_OK || status != 0)
		cli_note(w->cli, "%s was not told: %s", what,
		         e == ERR_TIMEOUT ? "it took too long" : e ? err_text(e)
		         : status > 128 ? "it was killed" : "it failed");
	buf_fini(&nothing);
}

static void tell_address(struct watching *w)
{
	static const char *const programs[] = { "/usr/sbin/sendmail", "/usr/lib/sendmail", NULL };
	struct buf mail = { 0 };
	const char *program = programs[0];
	for (size_t i = 0; programs[i]; i++)
		if (access(programs[i], X_OK) == 0) {
			program = programs[i];
			break;
		}
	buf_printf(&mail, "To: %s\nSubject: Who may relay by this mail server has changed\n"
	           "Auto-Submitted: auto-generated\n\n%.*s\n"
	           "\"portreeve audit\" says all of it, and what to do.\n",
	           w->asked->mail, STR_ARG(buf_str(&w->told)));
	const char *const words[] = { program, "-oi", "--", w->asked->mail, NULL };
	tell(w, w->asked->mail, words, buf_str(&mail));
	buf_fini(&mail);
}

static void tell_all(struct watching *w)
{
	struct str rest = buf_str(&w->told), line;
	while (str_token(&rest, "\n", &line))
		fprintf(stderr, "portreeve: audit: %.*s\n", STR_ARG(line));
	if (w->asked->mail)
		tell_address(w);
	if (w->asked->run) {
		const char *const words[] = { "/bin/sh", "-c", w->asked->run, NULL };
		tell(w, w->asked->run, words, buf_str(&w->told));
	}
}

/* ---- the audit ----------------------------------------------------------------- */

static void lines_take(void *arg, const struct audit_report *report)
{
	struct watching *w = arg;
	watch_lines(report, &w->lines);
	/* A container's files are not looked at; what could not be asked may be the next time. */
	if (report->container || report->doubt[0] || report->cut)
		w->now.digest[0] = '\0';
}

/* Of what the answer depends on; "" if there is more than can be looked at, or something behind a
 * socket or in an image. */
static void digest_now(struct watching *w, const struct audit_options *options)
{
	struct facts facts;
	struct buf orders = { 0 };
	facts_begin(&facts, &w->cli->arena);
	facts_look(&facts, TOOL_MS);
	audit_daemon_mark(&facts, NULL, &w->cli->arena);
	buf_printf(&orders, "%s\n%s\n%d %d\n", options->mta ? options->mta : "",
	           options->config ? options->config : "", options->reading,
	           options->in_container);
	if (!gate_digest(options->config, &facts, buf_str(&orders), w->now.digest) ||
	    options->root || (options->sockets && options->sockets->n))
		w->now.digest[0] = '\0';
	buf_fini(&orders);
}

static bool is_as_it_was(const struct watching *w)
{
	const struct watch_kept *last = &w->last;
	return w->had && w->now.digest[0] && strcmp(last->digest, w->now.digest) == 0 &&
	       last->time_s <= w->now.time_s && w->now.time_s - last->time_s < DAY_S;
}

static int look_again(struct watching *w, const struct audit_options *options)
{
	enum audit_verdict verdict;
	int code = audit_run_all(w->cli, options, lines_take, w, &verdict);
	if (code != CLI_GO)
		return code;
	w->now.code = audit_verdict_exit(verdict);
	watch_compare(w->last.lines, buf_str(&w->lines), &w->told);
	/* Kept when it was told: a change is rather told twice than never. */
	if (w->told.n)
		tell_all(w);
	code = now_write(w);
	return code == CLI_GO ? w->now.code : code;
}

int audit_watch_run(struct cli *cli, const struct audit_options *options,
                    const struct audit_watching *watching)
{
	struct watching w = { .cli = cli, .asked = watching,
	                      .path = watching->kept ? watching->kept : AUDIT_WATCH_KEPT,
	                      .now.time_s = clock_now_s() };
	directory_make(&w);
	int code = last_read(&w);
	if (code == CLI_GO) {
		digest_now(&w, options);
		code = is_as_it_was(&w) ? w.last.code : look_again(&w, options);
	}
	buf_fini(&w.file);
	buf_fini(&w.lines);
	buf_fini(&w.told);
	return code;
}
