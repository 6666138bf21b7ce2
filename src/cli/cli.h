/* SPDX-License-Identifier: ISC
 *
 * What all commands share: options, error lines, exit codes, opening settings and
 * store, output for people and for machines. A command is one file of this folder
 * with one function `int cli_NAME(int argc, char **argv)`:
 *
 *	struct cli cli;
 *	int code = cli_begin(&cli, &spec, argc, argv);
 *	if (code == CLI_GO && (code = cli_open(&cli, CLI_CHANGE)) == CLI_GO)
 *		code = …;
 *	return cli_end(&cli, code);
 *
 * Arguments come from the user who types them, or from a script: they are checked
 * here and told in one line what was expected.
 */
#ifndef PORTREEVE_CLI_CLI_H
#define PORTREEVE_CLI_CLI_H

#include "base/arena.h"
#include "base/json.h"
#include "settings/settings.h"
#include "store/store.h"
#include "store/types.h"

#include <sysexits.h>

/* No exit code yet: go on. */
enum { CLI_GO = -1 };

/* Of an option that may be given many times. */
enum { CLI_VALUES_MAX = 256 };
struct cli_values {
	const char *v[CLI_VALUES_MAX];
	size_t n;
};

struct cli_option {
	const char *name;                    /* "until": given as --until VALUE or --until=VALUE */
	const char *argument;                /* "DATE" for the help; NULL: a flag */
	const char *help;
	const char **value;                  /* with an argument: points into argv */
	bool *flag;                          /* without one */
	struct cli_values *values;           /* in place of value: each is kept */
	const char *words;                   /* what it may be, "newest oldest"; NULL: not told */
};

/* -c, --state, --json and --help are known to all. */
struct cli_spec {
	const char *name;                    /* "permit" */
	const char *synopsis;                /* "add RANGE --why TEXT", a line each */
	const char *description;
	const struct cli_option *options;
	size_t option_count;
	size_t operands_min, operands_max;
	const char *operands_expected;       /* "one ADDRESS", for the error line */
};

enum { CLI_OPERANDS_MAX = 64 };

struct cli {
	const char *name;
	const char *config_path, *state_directory;       /* NULL: not given */
	unsigned caller;                                 /* user id, before root is given up */
	bool json;
	char *operands[CLI_OPERANDS_MAX];
	size_t operand_count;
	bool has_settings;
	bool entered;                                    /* the state directory */
	struct settings settings;
	struct store *store;                             /* NULL until cli_open() */
	struct arena arena;                              /* for the command's rows */
	struct json form;                                /* the object that is being written */
	struct buf form_text;
};

/* Reads the options. CLI_GO, or the exit code (--help was answered, or an error told). */
int cli_begin(struct cli *cli, const struct cli_spec *spec, int argc, char **argv);
/* Loads the settings, -c and --state applied. CLI_GO or an exit code. */
int cli_settings(struct cli *cli);

/* Says whose list it is, where a caller who is not root may take his own for the machine's. */
void cli_note_own_list(const struct cli *cli);

/* How a command uses the state directory. Whatever it is, root becomes its owner for good, and
 * the directory is the current one after that (settings/state.h): files of the caller are read,
 * and those for the caller opened (cli/outfile.h), before. */
enum cli_access {
	CLI_READ,       /* it must be there; nothing in it is made or changed */
	CLI_CHANGE,     /* made if missing */
	CLI_TEST,       /* the same, with the right to speak from port 25 */
	CLI_CLOCK,      /* as CLI_CHANGE, by whatever clock */
};
/* Settings (if not loaded yet) and state directory alone, for its files. */
int cli_enter(struct cli *cli, enum cli_access access);
/* The same, and the store to be written; where something may change, the keys, too. CLI_GO or an
 * exit code; EX_TEMPFAIL if something may change and the clock has jumped. */
int cli_open(struct cli *cli, enum cli_access access);
/* For an error of what is in the state directory, which *message names from within. */
int cli_state_fail(const struct cli *cli, int err, const struct buf *message);
/* Flushes the output (a failure there makes the code EX_IOERR), closes and frees.
 * Returns the exit code; CLI_GO counts as 0. */
int cli_end(struct cli *cli, int code);

/* One line on stderr, "portreeve: NAME: …"; returns the code. */
int cli_fail(const struct cli *cli, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* `"999.1": expected an IPv4 or IPv6 address`, the value escaped and cut; EX_USAGE. */
int cli_bad_value(const struct cli *cli, const char *value, const char *expected);
/* The same of a thing that is not there: EX_NOINPUT. */
int cli_not_found(const struct cli *cli, const char *value, const char *expected);
/* For an error of the store: `WHAT: its message`; the code that fits the error. */
int cli_store_fail(const struct cli *cli, int err, const char *what);
/* The code of sysexits.h that fits an enum err. */
int cli_exit_code(int err);
/* Writes a result to the standard output; nothing is fine. */
void cli_print(struct str text);
/* A remark on stderr that is no failure. */
void cli_note(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Parse an argument or tell; CLI_GO or an exit code. */
int cli_ip(const struct cli *cli, const char *text, struct ip *ip);
/* An address may stand in brackets, as in a URL or a mail address: "[2001:db8::1]". */
struct str cli_bare(const char *text);
int cli_prefix(const struct cli *cli, const char *text, struct prefix *prefix);
/* An option that must be given, and fit in size bytes of printable text. */
int cli_text(const struct cli *cli, const char *option, const char *value, char *dst, size_t size);
/* --by: as given, or the name of the user who called (of sudo's caller). */
int cli_who(const struct cli *cli, const char *given, char dst[static WHO_MAX]);

/* One JSON object on stdout, a line of its own: opened, then the members are added by the room
 * whose form it is, then ended. One at a time. */
struct json *cli_json_begin(struct cli *cli);
void cli_json_end(struct cli *cli);
/* For people: "2026-11-21 21:09:19", "-" for 0. */
enum { CLI_TIME_MAX = 40 };
char *cli_time(int64_t time_s, char dst[static CLI_TIME_MAX]);
/* Text from the network or the store as it may go to a terminal, in the arena: escaped, but for
 * what is printable in UTF-8 where the terminal speaks that (cli/shown.h). */
const char *cli_safe(struct cli *cli, const char *text);

/* Colour: ON on a terminal unless NO_COLOR is set, else "". */
enum cli_colour { CLI_PLAIN, CLI_BOLD, CLI_RED, CLI_GREEN, CLI_YELLOW };
const char *cli_colour(enum cli_colour colour);
/* The colour of a verdict. */
enum cli_colour cli_verdict_colour(enum verdict verdict);

#endif
