/* SPDX-License-Identifier: ISC
 *
 * The word after the program's name, looked up in the table of subcommands; without one, the list
 * of them.
 */
#include "base/command.h"

#include "base/descriptors.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void print_help(const struct command *commands, size_t n)
{
	puts("Usage: portreeve COMMAND [OPTION…] [ARGUMENT…]\n"
	     "\n"
	     "Finds, proves and lists open mail relays, and serves the list in DNS.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < n; i++)
		if (commands[i].summary)
			printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\n"
	     "Each has its own --help and a manual page: man portreeve-COMMAND.");
}

static bool is_either(const char *arg, const char *a, const char *b)
{
	return strcmp(arg, a) == 0 || strcmp(arg, b) == 0;
}

static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1];
}

/* How many words from argv[i] on are options that all commands know. */
static int count_leading(int argc, char **argv, int i)
{
	int first = i;
	while (i < argc && is_option(argv[i])) {
		if (is_either(argv[i], "-c", "--state"))
			i += 2;
		else if (strcmp(argv[i], "--json") == 0 || strncmp(argv[i], "-c", 2) == 0 ||
		         strncmp(argv[i], "--state=", 8) == 0)
			i++;
		else
			break;
	}
	return (i < argc ? i : argc) - first;
}

/* The command's name comes to the front of what stood before it. */
static void put_name_first(char **argv, int leading)
{
	char *name = argv[leading];
	memmove(argv + 1, argv, (size_t)leading * sizeof(*argv));
	argv[0] = name;
}

static const struct command *find_command(const struct command *commands, size_t n,
                                          const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown_command(const struct command *commands, size_t n, const char *given)
{
	struct suggestion near = suggest(str_of(given));
	struct buf line = { 0 };
	for (size_t i = 0; i < n; i++)
		if (commands[i].summary)
			suggest_among(&near, commands[i].name);
	buf_add_escaped(&line, str_of(given));
	fprintf(stderr, "portreeve: \"%s\": expected a command; ", buf_cstr(&line));
	if (near.word)
		fprintf(stderr, "did you mean \"%s\"? ", near.word);
	fputs("\"portreeve --help\" lists them\n", stderr);
	buf_fini(&line);
	return EX_USAGE;
}

/* ---- completion -------------------------------------------------------------------- */

void command_offer(const char *dashes, const char *word, const char *help)
{
	printf("%s%s\t%s\n", dashes, word, help);
}

/* argv: the words behind the program's name; the last one is being typed. */
static int offer(const struct command *commands, size_t n, int argc, char **argv)
{
	static char ask[] = COMMAND_COMPLETE;
	int leading = count_leading(argc, argv, 0);
	if (leading < argc - 1) {
		const struct command *c = find_command(commands, n, argv[leading]);
		if (!c || !c->summary)
			return EX_OK;
		put_name_first(argv, leading);
		char **words = mem_alloc((size_t)(argc + 1) * sizeof(*words));
		words[0] = argv[0];
		words[1] = ask;
		memcpy(words + 2, argv + 1, (size_t)(argc - 1) * sizeof(*words));
		int code = c->run(argc + 1, words);
		free(words);
		return code;
	}
	if (leading >= argc)
		return EX_OK;                   /* the argument of -c or --state is being typed */
	for (size_t i = 0; i < n; i++)
		if (commands[i].summary)
			command_offer("", commands[i].name, commands[i].summary);
	command_offer("--", "help", "this list");
	command_offer("--", "version", "which one this is");
	return EX_OK;
}

/* ---- which ---------------------------------------------------------------------------- */

static bool open_standard(void)
{
	if (descriptors_standard() == ERR_OK)
		return true;
	fputs("portreeve: /dev/null: expected to be there for a standard descriptor that is "
	      "closed\n", stderr);
	return false;
}

bool command_by_link(const struct command *commands, size_t n, int argc, char **argv, int *code)
{
	const char *path = argc > 0 ? argv[0] : "", *slash = strrchr(path, '/');
	const struct command *c = find_command(commands, n, slash ? slash + 1 : path);
	if (!c)
		return false;
	*code = open_standard() ? c->run(argc, argv) : EX_OSFILE;
	return true;
}

int command_dispatch(const struct command *commands, size_t n, int argc, char **argv)
{
	if (!open_standard())
		return EX_OSFILE;
	int at = 1 + count_leading(argc, argv, 1);
	if (at >= argc) {
		fputs("portreeve: expected a command; \"portreeve --help\" lists them\n", stderr);
		return EX_USAGE;
	}
	bool is_help = strcmp(argv[at], "help") == 0;
	if (is_help && at + 1 < argc && !is_option(argv[at + 1])) {
		/* "help list" is "list --help" */
		argv[at] = argv[at + 1];
		argv[at + 1] = "--help";
		argc = at + 2;
	} else if (is_help || is_either(argv[at], "--help", "-h")) {
		print_help(commands, n);
		return EX_OK;
	}
	if (is_either(argv[at], "--version", "-V")) {
		puts("portreeve " PORTREEVE_VERSION);
		return EX_OK;
	}
	if (strcmp(argv[at], "complete") == 0 && at + 2 < argc && strcmp(argv[at + 1], "--") == 0)
		return offer(commands, n, argc - at - 2, argv + at + 2);
	const struct command *c = find_command(commands, n, argv[at]);
	if (!c)
		return unknown_command(commands, n, argv[at]);
	put_name_first(argv + 1, at - 1);
	return c->run(argc - 1, argv + 1);
}
