/* SPDX-License-Identifier: ISC
 *
 * `portreeve top`: the gateway as it is, asked at its control socket each second and drawn anew
 * (top-draw.h), until q; or once. The terminal is put back as it was, however it ends.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/control-ask.h"
#include "cli/top-draw.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { EVERY_MS = 1000, COLUMNS_DEFAULT = 80, ROWS_DEFAULT = 24 };

/* What a terminal takes for: another screen, no cursor; and back. */
#define SCREEN_BEGIN "\033[?1049h\033[?25l"
#define SCREEN_END "\033[?25h\033[?1049l"

struct top {
	struct cli cli;
	struct control_ask ask;
	bool once;
	json_t *now, *before;
	int64_t now_ms, before_ms;    /* when they were asked for, monotonic */
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

/* ---- asking ----------------------------------------------------------------------------- */

static int ask(struct top *t)
{
	json_t *state;
	int code = control_send(&t->ask, str_of("{\"do\":\"state\"}"));
	if (code == CLI_GO)
		code = control_next(&t->ask, &state);
	if (code != CLI_GO)
		return code;
	json_decref(t->before);
	t->before = t->now;
	t->before_ms = t->now_ms;
	t->now = state;
	t->now_ms = clock_mono_ms();
	return CLI_GO;
}

static void draw(const struct top *t, unsigned columns, unsigned rows, struct buf *out)
{
	char when[CLI_TIME_MAX];
	struct top_view view = {
		.now = t->now, .before = t->before,
		.seconds = (double)(t->now_ms - t->before_ms) / 1000,
		.clock = cli_time(clock_now_s(), when),
		.columns = columns, .rows = rows, .colour = cli_colour(CLI_BOLD)[0] != '\0',
	};
	top_draw(&view, out);
}

/* ---- once ------------------------------------------------------------------------------- */

static int show_once(struct top *t)
{
	struct buf text = { 0 };
	int code = ask(t);
	if (code != CLI_GO)
		return code;
	if (t->cli.json) {
		const char *key;
		json_t *value;
		struct json *j = cli_json_begin(&t->cli);
		json_object_foreach(t->now, key, value)
			json_add_value(j, key, value);
		cli_json_end(&t->cli);
	} else {
		draw(t, UINT32_MAX, 0, &text);
		cli_print(buf_str(&text));
	}
	buf_fini(&text);
	return CLI_GO;
}

/* ---- until q ---------------------------------------------------------------------------- */

static void say(struct str s)
{
	while (s.n) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.n);
		if (n < 0 && errno != EINTR) {
			ended = 1;
			return;
		}
		s = str_from(s, n > 0 ? (size_t)n : 0);
	}
}

/* Each line over the one that stands there, its rest wiped, and all below it. */
static void redraw(struct top *t)
{
	struct winsize ws = { 0 };
	struct buf text = { 0 }, screen = { 0 };
	struct str rest, line;
	bool sized = ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col && ws.ws_row;
	unsigned rows = sized ? ws.ws_row : ROWS_DEFAULT;
	draw(t, sized ? ws.ws_col : COLUMNS_DEFAULT, rows > 2 ? rows - 1 : 2, &text);
	buf_add_cstr(&screen, "\033[H");
	for (rest = buf_str(&text); str_token(&rest, "\n", &line); ) {
		buf_add_str(&screen, line);
		buf_add_cstr(&screen, "\033[K\r\n");
	}
	buf_add_cstr(&screen, "\033[J");
	say(buf_str(&screen));
	buf_fini(&text);
	buf_fini(&screen);
}

/* Waits for the next second. Whether somebody wants to leave. */
static bool wait_for_key(int64_t until_ms)
{
	for (;;) {
		int64_t left = until_ms - clock_mono_ms();
		struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
		char key;
		if (ended || left <= 0)
			return ended;
		if (poll(&in, 1, (int)left) <= 0)
			continue;
		/* ^C and ^D are bytes here. */
		if (read(STDIN_FILENO, &key, 1) != 1 || strchr("qQ\003\004", key))
			return true;
	}
}

static int show_live(struct top *t)
{
	struct termios old, raw;
	struct sigaction action = { .sa_handler = end };
	int code = ask(t);
	if (code != CLI_GO)
		return code;
	if (tcgetattr(STDIN_FILENO, &old) != 0)
		return cli_fail(&t->cli, EX_IOERR, "the terminal: %s", strerror(errno));
	raw = old;
	raw.c_lflag &= (tcflag_t)~(ICANON | ECHO | ISIG);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	say(str_of(SCREEN_BEGIN));
	int64_t next_ms = clock_mono_ms();
	bool left = false;
	while (code == CLI_GO && !left) {
		redraw(t);
		next_ms += EVERY_MS;
		left = wait_for_key(next_ms);
		if (!left)
			code = ask(t);
	}
	say(str_of(SCREEN_END));
	tcsetattr(STDIN_FILENO, TCSANOW, &old);
	/* What was said on the other screen is gone with it. */
	return left ? CLI_GO : cli_fail(&t->cli, code, "the gateway has gone");
}

static int top_run(struct top *t)
{
	int code = control_open(&t->ask, &t->cli);
	if (code != CLI_GO)
		return code;
	bool live = !t->once && !t->cli.json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	code = live ? show_live(t) : show_once(t);
	control_close(&t->ask);
	return code;
}

int cli_top(int argc, char **argv)
{
	struct top t = { 0 };
	const struct cli_option options[] = {
		{ .name = "once", .flag = &t.once, .help = "print it once, and end" },
	};
	const struct cli_spec spec = {
		.name = "top",
		.synopsis = "[--once]",
		.description =
		"Shows the mail gateway as it is, anew each second: its sessions, what it takes,\n"
		"delivers and refuses a second and why, what waits in the queue for which\n"
		"destination, and whether the blocklists answer. q ends it. Where it does not\n"
		"write to a terminal, it prints that once.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 0, .operands_expected = "no arguments",
	};
	int code = cli_begin(&t.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = top_run(&t);
	json_decref(t.now);
	json_decref(t.before);
	return cli_end(&t.cli, code);
}
