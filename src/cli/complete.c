/* SPDX-License-Identifier: ISC
 *
 * What a shell may offer at a place of a command line, from the command's own description.
 */
#include "cli/complete.h"

#include "base/command.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

const struct cli_option complete_shared[COMPLETE_SHARED] = {
	{ .name = "state", .argument = "DIR", .help = "state directory, over the configuration's" },
	{ .name = "json", .help = "output for machines" },
	{ .name = "help", .help = "this text" },
};

static bool wants_argument(const struct cli_spec *spec, const char *arg)
{
	if (strcmp(arg, "-c") == 0 || strcmp(arg, "--state") == 0)
		return true;
	for (size_t i = 0; i < spec->option_count; i++)
		if (spec->options[i].argument && str_prefix(str_of(arg), STR("--")) &&
		    strcmp(arg + 2, spec->options[i].name) == 0)
			return true;
	return false;
}

static void offer_options(const struct cli_spec *spec)
{
	for (size_t i = 0; i < spec->option_count; i++)
		command_offer("--", spec->options[i].name, spec->options[i].help);
	for (size_t i = 0; i < COMPLETE_SHARED; i++)
		command_offer("--", complete_shared[i].name, complete_shared[i].help);
	command_offer("-", "c", "configuration");
}

/* In a synopsis what is typed as it stands is in small letters: "[show|send ID]". */
static bool is_literal(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] < 'a' || word.p[i] > 'z')
			return false;
	return word.n > 0;
}

/* A word may stand in several forms of a command. It is in slashes, as are those of *offered. */
static void offer_once(char *word, struct buf *offered)
{
	if (offered->n && strstr(buf_cstr(offered), word))
		return;
	buf_add_cstr(offered, word);
	word[strlen(word) - 1] = '\0';
	command_offer("", word + 1, "");
}

static void offer_words(const struct cli_spec *spec)
{
	struct str lines = str_of(spec->synopsis), line, first, word;
	struct buf offered = { 0 };
	while (str_token(&lines, "\n", &line)) {
		str_token(&line, " ", &first);
		struct str rest = first;
		while (str_token(&rest, "[]|", &word))
			if (is_literal(word)) {
				char *text = mem_printf("/%.*s/", STR_ARG(word));
				offer_once(text, &offered);
				free(text);
			}
	}
	buf_fini(&offered);
}

static void offer_values(const struct cli_spec *spec, const char *option)
{
	struct str words = STR(""), word;
	for (size_t i = 0; i < spec->option_count; i++)
		if (spec->options[i].words && strcmp(option + 2, spec->options[i].name) == 0)
			words = str_of(spec->options[i].words);
	while (str_token(&words, " ", &word)) {
		char *text = mem_printf("%.*s", STR_ARG(word));
		command_offer("", text, "");
		free(text);
	}
}

void cli_complete(const struct cli_spec *spec, int argc, char **argv)
{
	int operands = 0;
	bool is_value = false;
	for (int i = 0; i < argc - 1; i++) {
		bool is_option = argv[i][0] == '-' && argv[i][1];
		operands += !is_option && !is_value;
		is_value = is_option && !is_value && wants_argument(spec, argv[i]);
	}
	if (argc < 1)
		return;
	if (is_value)                           /* of no words: a file, perhaps: the shell's */
		offer_values(spec, argv[argc - 2]);
	else if (argv[argc - 1][0] == '-')
		offer_options(spec);
	else if (operands == 0)
		offer_words(spec);
}
