/* SPDX-License-Identifier: ISC
 *
 * The word after the program's name, looked up in the table of subcommands; without one, the list
 * of them.
 */
#include "base/command.h"

#include "base/descriptors.h"
#include "base/str.h"

#include <stdio.h>
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

int command_dispatch(const struct command *commands, size_t n, int argc, char **argv)
{
	if (descriptors_standard() != ERR_OK) {
		fputs("portreeve: /dev/null: expected to be there for a standard descriptor that "
		      "is closed\n", stderr);
		return EX_OSFILE;
	}
	if (argc < 2) {
		fputs("portreeve: expected a command; \"portreeve --help\" lists them\n", stderr);
		return EX_USAGE;
	}
	if (is_either(argv[1], "--help", "-h") || strcmp(argv[1], "help") == 0) {
		print_help(commands, n);
		return EX_OK;
	}
	if (is_either(argv[1], "--version", "-V")) {
		puts("portreeve " PORTREEVE_VERSION);
		return EX_OK;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	struct buf name = { 0 };
	buf_add_escaped(&name, str_of(argv[1]));
	fprintf(stderr, "portreeve: \"%s\": expected a command; \"portreeve --help\" lists them\n",
	        buf_cstr(&name));
	buf_fini(&name);
	return EX_USAGE;
}
