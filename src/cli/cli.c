/* SPDX-License-Identifier: ISC
 *
 * What every command does first and last: options, settings, store, errors and exit codes.
 */
#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/pager.h"
#include "cli/shown.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "base/suggest.h"
#include "settings/state.h"
#include "store/clock.h"
#include "store/keys.h"
#include "settings/open.h"

#include <assert.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { VALUE_SHOWN_MAX = 100, OPTION_COLUMNS = 26, HELP_COLUMNS = 80 };

/* ---- telling --------------------------------------------------------------- */

void cli_print(struct str text)
{
	if (text.n)
		fwrite(text.p, 1, text.n, stdout);
}

/* What would command a terminal, in a file's name, say, is shown instead; the rest stays. */
static void add_harmless(struct buf *out, struct str s)
{
	while (s.n) {
		unsigned char c = (unsigned char)s.p[0];
		size_t n = str_utf8(s);
		if (n > 1)
			shown_add(out, (struct str){ s.p, n }, true);
		else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, (char)c);
		s = str_from(s, n ? n : 1);
	}
}

static void say_line(const struct cli *cli, const char *fmt, va_list ap)
{
	struct buf text = { 0 }, line = { 0 };
	fflush(stdout);
	buf_printf(&line, "portreeve: %s: ", cli->name);
	buf_vprintf(&text, fmt, ap);
	add_harmless(&line, buf_str(&text));
	buf_add_byte(&line, '\n');
	fwrite(line.p, 1, line.n, stderr);
	buf_fini(&text);
	buf_fini(&line);
}

int cli_fail(const struct cli *cli, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say_line(cli, fmt, ap);
	va_end(ap);
	return code;
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say_line(cli, fmt, ap);
	va_end(ap);
}

static int not_expected(const struct cli *cli, int code, const char *value,
                        const char *expected)
{
	struct buf shown = { 0 };
	struct str s = str_of(value);
	bool cut = s.n > VALUE_SHOWN_MAX;
	shown_add(&shown, shown_cut(s, VALUE_SHOWN_MAX), shown_utf8());
	cli_fail(cli, code, "\"%s%s\": expected %s", buf_cstr(&shown), cut ? "…" : "", expected);
	buf_fini(&shown);
	return code;
}

int cli_bad_value(const struct cli *cli, const char *value, const char *expected)
{
	return not_expected(cli, EX_USAGE, value, expected);
}

int cli_not_found(const struct cli *cli, const char *value, const char *expected)
{
	return not_expected(cli, EX_NOINPUT, value, expected);
}

int cli_exit_code(int err)
{
	switch ((enum err)err) {
	case ERR_OK: return EX_OK;
	case ERR_INVALID: case ERR_LIMIT: case ERR_CORRUPT: case ERR_AGAIN: return EX_DATAERR;
	case ERR_NOT_FOUND: return EX_NOINPUT;
	case ERR_EXISTS: return EX_CANTCREAT;
	case ERR_IO: case ERR_FULL: case ERR_CLOSED: return EX_IOERR;
	case ERR_BUSY: case ERR_TIMEOUT: return EX_TEMPFAIL;
	case ERR_DENIED: return EX_NOPERM;
	case ERR_UNSUPPORTED: return EX_UNAVAILABLE;
	}
	return EX_SOFTWARE;
}

int cli_store_fail(const struct cli *cli, int err, const char *what)
{
	const char *said = store_message(cli->store);
	return cli_fail(cli, cli_exit_code(err), "%s: %s", what,
	                said && said[0] ? said : err_text(err));
}

/* ---- options --------------------------------------------------------------- */

/* What must not be broken: up to a space that is not in brackets, "[--port P]". */
static struct str take_unit(struct str *rest)
{
	int depth = 0;
	size_t n = 0;
	for (; n < rest->n && (rest->p[n] != ' ' || depth > 0); n++)
		depth += (rest->p[n] == '[') - (rest->p[n] == ']');
	struct str unit = { rest->p, n };
	*rest = str_from(*rest, n < rest->n ? n + 1 : n);
	return unit;
}

/* `at`: where in the line it begins. Its other lines begin at `indent`. */
static void print_filled(struct str text, size_t at, size_t indent)
{
	const char *space = "";
	while (text.n) {
		struct str taken = take_unit(&text);
		char *unit = mem_strndup(taken.p, taken.n);
		size_t columns = shown_columns(unit);
		if (space[0] && at + 1 + columns > HELP_COLUMNS) {
			printf("\n%*s", (int)indent, "");
			at = indent;
			space = "";
		}
		printf("%s%s", space, unit);
		at += strlen(space) + columns;
		space = " ";
		free(unit);
	}
	putchar('\n');
}

static void print_option(const char *left, const char *help)
{
	size_t columns = shown_columns(left), indent = OPTION_COLUMNS + 3;
	if (columns < OPTION_COLUMNS)
		printf("  %s%*s", left, (int)(OPTION_COLUMNS - columns + 1), "");
	else
		printf("  %s\n%*s", left, (int)indent, "");
	print_filled(str_of(help), indent, indent);
}

static void print_long_option(const struct cli_option *o)
{
	char *left = mem_printf("--%s%s%s", o->name, o->argument ? " " : "",
	                        o->argument ? o->argument : "");
	print_option(left, o->help);
	free(left);
}

static void print_spec_help(const struct cli_spec *spec)
{
	struct str rest = str_of(spec->synopsis), line;
	const char *lead = "Usage:";
	if (spec->synopsis[0] == '\n') {        /* it may stand alone, too */
		printf("%s portreeve %s\n", lead, spec->name);
		lead = "      ";
	}
	for (; str_token(&rest, "\n", &line); lead = "      ") {
		int at = printf("%s portreeve %s ", lead, spec->name);
		print_filled(line, (size_t)at, (size_t)at);
	}
	printf("\n%s\n\nOptions:\n", spec->description);
	for (size_t i = 0; i < spec->option_count; i++)
		print_long_option(&spec->options[i]);
	print_option("-c FILE", "configuration (default " SETTINGS_FILE ", if it is there)");
	for (size_t i = 0; i < COMPLETE_SHARED; i++)
		print_long_option(&complete_shared[i]);
}

static const struct cli_option *find_option(const struct cli_spec *spec, struct str name)
{
	for (size_t i = 0; i < spec->option_count; i++)
		if (str_eq(name, str_of(spec->options[i].name)))
			return &spec->options[i];
	return NULL;
}

/* The argument behind "=", or the next one of argv. */
static const char *take_argument(const char *inline_value, int argc, char **argv, int *i)
{
	if (inline_value)
		return inline_value;
	return *i + 1 < argc ? argv[++*i] : NULL;
}

static int need_argument(const struct cli *cli, const char *option, const char *argument)
{
	return cli_fail(cli, EX_USAGE, "%s: expected %s after it", option, argument);
}

static int unknown_option(struct cli *cli, const struct cli_spec *spec, const char *arg,
                          struct str key)
{
	struct suggestion near = suggest(key);
	for (size_t i = 0; i < spec->option_count; i++)
		suggest_among(&near, spec->options[i].name);
	for (size_t i = 0; i < COMPLETE_SHARED; i++)
		suggest_among(&near, complete_shared[i].name);
	if (!near.word || str_eq(key, str_of(near.word)))
		return cli_bad_value(cli, arg, "an option of this command; see --help");
	return cli_bad_value(cli, arg, arena_printf(&cli->arena, "an option of this command; did "
	                     "you mean --%s? See --help", near.word));
}

static int read_long(struct cli *cli, const struct cli_spec *spec, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	struct str key = { name, equals ? (size_t)(equals - name) : strlen(name) };
	const char *value = equals ? equals + 1 : NULL;
	if (str_eq(key, STR("state"))) {
		cli->state_directory = take_argument(value, argc, argv, i);
		if (!cli->state_directory || !cli->state_directory[0])
			return need_argument(cli, "--state", "a directory");
		return CLI_GO;
	}
	if (str_eq(key, STR("json")) && !value) {
		cli->json = true;
		return CLI_GO;
	}
	const struct cli_option *o = find_option(spec, key);
	if (!o || (!o->argument && value))
		return unknown_option(cli, spec, argv[*i], key);
	if (!o->argument) {
		*o->flag = true;
		return CLI_GO;
	}
	const char *argument = take_argument(value, argc, argv, i);
	if (argument && o->values && o->values->n == CLI_VALUES_MAX)
		return cli_fail(cli, EX_USAGE, "--%s: expected it at most %d times", o->name,
		                CLI_VALUES_MAX);
	if (argument && o->values)
		o->values->v[o->values->n++] = argument;
	else if (argument)
		*o->value = argument;
	if (argument)
		return CLI_GO;
	char *text = mem_printf("--%s", o->name);
	int code = need_argument(cli, text, o->argument);
	free(text);
	return code;
}

static int read_short(struct cli *cli, int argc, char **argv, int *i)
{
	const char *arg = argv[*i];
	if (arg[1] != 'c')
		return cli_bad_value(cli, arg, "an option of this command; see --help");
	cli->config_path = take_argument(arg[2] ? arg + 2 : NULL, argc, argv, i);
	return cli->config_path ? CLI_GO : need_argument(cli, "-c", "a file");
}

static int read_arguments(struct cli *cli, const struct cli_spec *spec, int argc, char **argv)
{
	bool only_operands = false;
	for (int i = 1; i < argc; i++) {
		int code = CLI_GO;
		if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
			if (cli->operand_count == CLI_OPERANDS_MAX)
				return cli_bad_value(cli, argv[i], "fewer arguments");
			cli->operands[cli->operand_count++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			only_operands = true;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_spec_help(spec);
			return EX_OK;
		} else if (argv[i][1] == '-') {
			code = read_long(cli, spec, argc, argv, &i);
		} else {
			code = read_short(cli, argc, argv, &i);
		}
		if (code != CLI_GO)
			return code;
	}
	return CLI_GO;
}

int cli_begin(struct cli *cli, const struct cli_spec *spec, int argc, char **argv)
{
	*cli = (struct cli){ .name = spec->name, .caller = getuid() };
	log_init("command", LOG_WARN);
	if (argc > 1 && strcmp(argv[1], COMMAND_COMPLETE) == 0) {
		cli_complete(spec, argc - 2, argv + 2);
		return EX_OK;
	}
	int code = read_arguments(cli, spec, argc, argv);
	if (code != CLI_GO)
		return code;
	if (cli->operand_count >= spec->operands_min && cli->operand_count <= spec->operands_max)
		return CLI_GO;
	if (cli->operand_count > spec->operands_max)
		return cli_bad_value(cli, cli->operands[spec->operands_max],
		                     "no more arguments; see --help");
	return cli_fail(cli, EX_USAGE, "expected %s; see --help", spec->operands_expected);
}

/* ---- settings and store ------------------------------------------------------ */

int cli_settings(struct cli *cli)
{
	struct buf message = { 0 };
	if (cli->has_settings)
		return CLI_GO;
	int e = settings_load(&cli->settings, cli->config_path, cli->state_directory, &message);
	int code = CLI_GO;
	if (e == ERR_OK)
		cli->has_settings = true;
	else
		code = cli_fail(cli, EX_CONFIG, "%s", buf_cstr(&message));
	buf_fini(&message);
	return code;
}

int cli_state_fail(const struct cli *cli, int err, const struct buf *message)
{
	struct str said = { message->p, message->n };
	struct buf line = { 0 };
	if (str_prefix(said, STR(STATE_HERE "/"))) {
		buf_add_cstr(&line, cli->settings.general.state_directory);
		said = str_from(said, strlen(STATE_HERE));
	}
	buf_add_str(&line, said);
	int code = cli_fail(cli, cli_exit_code(err), "%s", buf_cstr(&line));
	buf_fini(&line);
	return code;
}

static int no_database(const struct cli *cli, struct buf *message)
{
	const char *directory = cli->settings.general.state_directory;
	buf_clear(message);
	buf_printf(message, "%s/portreeve.db: expected a database; \"portreeve run\" and "
	           "commands that change something make one", directory);
	return ERR_NOT_FOUND;
}

void cli_note_own_list(const struct cli *cli)
{
	const struct general_config *g = &cli->settings.general;
	if (g->state_is_callers && !cli->config_path && access(SETTINGS_STATE, F_OK) == 0)
		cli_note(cli, "this is about a list of your own, in %s; that of the machine, in "
		         SETTINGS_STATE ", is for root: sudo portreeve %s", g->state_directory,
		         cli->name);
}

static int enter_directory(struct cli *cli, enum cli_access access, struct buf *message)
{
	if (access == CLI_READ)
		return state_enter_to_read(&cli->settings, message);
	unsigned keep = access == CLI_TEST ? SANDBOX_KEEP_LOW_PORTS : 0;
	int e = state_prepare(&cli->settings, false, message);
	return e == ERR_OK ? state_enter(&cli->settings, keep, message) : e;
}

static int open_store(struct cli *cli, enum cli_access access, struct buf *message)
{
	if (access == CLI_READ) {
		if (!settings_store_exists(&cli->settings))
			return no_database(cli, message);
		return settings_store_open_to_read(&cli->settings, &cli->store, message);
	}
	int e = keys_ensure(STATE_HERE, clock_now_s(), message);
	if (e == ERR_OK)
		e = settings_store_open(&cli->settings, STORE_ALL, &cli->store, message);
	return e;
}

/* A change needs a clock that has not jumped. */
static int ready_store(struct cli *cli, enum cli_access access, struct buf *message)
{
	if (access != CLI_CHANGE && access != CLI_TEST)
		return ERR_OK;
	int e = store_clock_beat(cli->store, clock_now_s());
	if (e != ERR_OK)
		buf_add_cstr(message, store_message(cli->store));
	return e;
}

static int enter_and_open(struct cli *cli, enum cli_access access, bool store)
{
	struct buf message = { 0 };
	int code = cli_settings(cli);
	if (code != CLI_GO)
		return code;
	if (!cli->entered)
		cli_note_own_list(cli);
	int e = cli->entered ? ERR_OK : enter_directory(cli, access, &message);
	cli->entered = e == ERR_OK;
	if (e == ERR_OK && store)
		e = open_store(cli, access, &message);
	else if (e == ERR_NOT_FOUND && store)
		e = no_database(cli, &message);
	if (e == ERR_OK && store)
		e = ready_store(cli, access, &message);
	if (e != ERR_OK)
		code = cli_state_fail(cli, e, &message);
	buf_fini(&message);
	return code;
}

int cli_enter(struct cli *cli, enum cli_access access)
{
	return enter_and_open(cli, access, false);
}

int cli_open(struct cli *cli, enum cli_access access)
{
	return enter_and_open(cli, access, true);
}

int cli_end(struct cli *cli, int code)
{
	if (code == CLI_GO)
		code = EX_OK;
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == EX_OK)
		code = cli_fail(cli, EX_IOERR, "standard output: cannot be written");
	store_close(cli->store);
	if (cli->has_settings)
		settings_fini(&cli->settings);
	arena_fini(&cli->arena);
	buf_fini(&cli->form_text);
	return code;
}

/* ---- values ------------------------------------------------------------------ */

struct str cli_bare(const char *text)
{
	struct str s = str_of(text);
	if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return s;
	s = (struct str){ s.p + 1, s.n - 2 };
	return str_caseprefix(s, STR("IPv6:")) ? str_from(s, strlen("IPv6:")) : s;
}

int cli_ip(const struct cli *cli, const char *text, struct ip *ip)
{
	struct parse_error pe;
	if (ip_parse(cli_bare(text), ip, &pe) == ERR_OK)
		return CLI_GO;
	return cli_bad_value(cli, text, pe.expected);
}

int cli_prefix(const struct cli *cli, const char *text, struct prefix *prefix)
{
	struct parse_error pe;
	struct str bare = cli_bare(text);
	struct prefix network;
	char meant[PREFIX_TEXT_MAX], expected[PREFIX_TEXT_MAX + 80];
	if (prefix_parse(bare, prefix, &pe) == ERR_OK)
		return CLI_GO;
	if (!prefix_meant(bare, &network))
		return cli_bad_value(cli, text, pe.expected);
	snprintf(expected, sizeof(expected), "%s, as %s", pe.expected,
	         prefix_format(&network, meant));
	return cli_bad_value(cli, text, expected);
}

int cli_text(const struct cli *cli, const char *option, const char *value, char *dst, size_t size)
{
	if (!value || !value[0])
		return cli_fail(cli, EX_USAGE, "expected %s TEXT; see --help", option);
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return cli_bad_value(cli, value, "a text without control characters");
	if (!str_is_utf8(str_of(value)))
		return cli_bad_value(cli, value, "a text in UTF-8");
	if (str_copy(dst, size, str_of(value)))
		return CLI_GO;
	return cli_fail(cli, EX_USAGE, "%s: expected at most %zu bytes, found %zu", option,
	                size - 1, strlen(value));
}

int cli_who(const struct cli *cli, const char *given, char dst[static WHO_MAX])
{
	if (given)
		return cli_text(cli, "--by", given, dst, WHO_MAX);
	const char *caller = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(cli->caller);
	if (!caller || !caller[0])
		caller = pw ? pw->pw_name : "unknown";
	return cli_text(cli, "--by", caller, dst, WHO_MAX);
}

/* ---- output ------------------------------------------------------------------- */

struct json *cli_json_begin(struct cli *cli)
{
	assert(cli->form.open.n == 0);
	buf_clear(&cli->form_text);
	cli->form = (struct json){ .out = &cli->form_text };
	json_open_object(&cli->form, NULL);
	return &cli->form;
}

void cli_json_end(struct cli *cli)
{
	json_close(&cli->form);
	assert(cli->form.open.n == 0);
	buf_add_byte(&cli->form_text, '\n');
	cli_print(buf_str(&cli->form_text));
}

char *cli_time(int64_t time_s, char dst[static CLI_TIME_MAX])
{
	if (time_s == 0) {
		str_copy(dst, CLI_TIME_MAX, STR("-"));
		return dst;
	}
	clock_format(time_s, dst);
	dst[strcspn(dst, "T")] = ' ';
	dst[strcspn(dst, "Z")] = '\0';
	return dst;
}

const char *cli_safe(struct cli *cli, const char *text)
{
	struct buf b = { 0 };
	shown_add(&b, str_of(text), shown_utf8());
	const char *safe = arena_strdup(&cli->arena, buf_str(&b));
	buf_fini(&b);
	return safe;
}

const char *cli_colour(enum cli_colour colour)
{
	static const char *const codes[] = {
		"\033[0m", "\033[1m", "\033[31m", "\033[32m", "\033[33m",
	};
	const char *off = getenv("NO_COLOR");
	if ((isatty(STDOUT_FILENO) != 1 && !pager_runs()) || (off && off[0]))
		return "";
	return codes[colour];
}

enum cli_colour cli_verdict_colour(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_OPEN: return CLI_RED;
	case VERDICT_CLOSED: return CLI_GREEN;
	default: return CLI_YELLOW;
	}
}
