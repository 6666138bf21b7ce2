/* SPDX-License-Identifier: ISC
 *
 * Whatever ends the reading of a secret, the terminal shows again what is typed: signals are let
 * through only after that.
 */
#include "cli/secret.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void catch(int signal)
{
	caught = signal;
}

/* Up to the end of the input. */
static int read_all(size_t max, struct buf *out)
{
	char bytes[256];
	ssize_t n;
	while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0 && out->n <= max + 2)
		buf_add(out, bytes, (size_t)n);
	explicit_bzero(bytes, sizeof(bytes));
	return n < 0 ? ERR_IO : out->n > max + 2 ? ERR_LIMIT : ERR_OK;
}

/* Up to a line's end. The signals that are caught come only while it waits, so that none is
 * missed. */
static int read_line(const sigset_t *open, size_t max, struct buf *out)
{
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
	char c = '\0';
	while (c != '\n') {
		if (ppoll(&p, 1, NULL, open) < 0 || caught)
			return ERR_IO;
		ssize_t n = read(STDIN_FILENO, &c, 1);
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			return ERR_OK;
		buf_add_byte(out, c);
		if (out->n > max + 2)
			return ERR_LIMIT;
	}
	return ERR_OK;
}

static void without_end(struct buf *b)
{
	if (b->n > 0 && b->p[b->n - 1] == '\n')
		b->p[--b->n] = '\0';
	if (b->n > 0 && b->p[b->n - 1] == '\r')
		b->p[--b->n] = '\0';
}

/* One line of the terminal, with the echo off. */
static int ask(const char *prompt, size_t max, struct buf *out)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	enum { N = sizeof(signals) / sizeof(*signals) };
	struct sigaction catching = { .sa_handler = catch }, before[N];
	struct termios shown, hidden;
	sigset_t ours, open;
	if (tcgetattr(STDIN_FILENO, &shown) != 0)
		return ERR_IO;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL;
	caught = 0;
	sigemptyset(&ours);
	for (size_t i = 0; i < N; i++) {
		sigaction(signals[i], &catching, &before[i]);
		if (before[i].sa_handler == SIG_IGN)       /* nohup(1): it stays so */
			sigaction(signals[i], &before[i], NULL);
		sigaddset(&ours, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &ours, &open);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	fputs(prompt, stderr);
	fflush(stderr);
	int e = read_line(&open, max, out);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	for (size_t i = 0; i < N; i++)
		sigaction(signals[i], &before[i], NULL);
	sigprocmask(SIG_SETMASK, &open, NULL);
	if (caught) {
		fputc('\n', stderr);
		raise(caught);         /* as if it had come now; of a stop we come back */
		return ERR_IO;
	}
	without_end(out);
	return e;
}

static int ask_twice(const struct cli *cli, const char *what, size_t max, struct buf *secret)
{
	struct buf prompt = { 0 }, again = { 0 };
	buf_printf(&prompt, "%s: ", what);
	int e = ask(buf_cstr(&prompt), max, secret);
	if (e == ERR_OK && secret->n > 0) {
		buf_clear(&prompt);
		buf_printf(&prompt, "%s, again: ", what);
		e = ask(buf_cstr(&prompt), max, &again);
	}
	bool same = str_eq(buf_str(secret), buf_str(&again));
	secret_fini(&again);
	buf_fini(&prompt);
	if (e == ERR_LIMIT)
		return cli_fail(cli, EX_DATAERR, "%s: longer than %zu bytes", what, max);
	if (e != ERR_OK)
		return cli_fail(cli, EX_IOERR, "%s: it could not be read from the terminal", what);
	return same ? CLI_GO : cli_fail(cli, EX_DATAERR, "%s: the two are not the same", what);
}

static int from_input(const struct cli *cli, const char *what, size_t max, struct buf *secret)
{
	int e = read_all(max, secret);
	if (e == ERR_LIMIT)
		return cli_fail(cli, EX_DATAERR, "standard input: expected one line of at most %zu"
		                " bytes, the %s", max, what);
	if (e != ERR_OK)
		return cli_fail(cli, EX_IOERR, "standard input: the %s could not be read", what);
	without_end(secret);
	if (secret->n == 0 || str_find(buf_str(secret), '\n') != SIZE_MAX)
		return cli_fail(cli, EX_DATAERR, "standard input: expected one line, the %s", what);
	return CLI_GO;
}

int secret_read(const struct cli *cli, const char *what, size_t max, struct buf *secret)
{
	return isatty(STDIN_FILENO) ? ask_twice(cli, what, max, secret) :
	                              from_input(cli, what, max, secret);
}

void secret_fini(struct buf *secret)
{
	if (secret->p)
		explicit_bzero(secret->p, secret->cap);
	buf_fini(secret);
}
