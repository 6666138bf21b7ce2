/* SPDX-License-Identifier: ISC
 *
 * Completion of a command's line by the shell (dist/completion). Pure but for its output.
 */
#ifndef PORTREEVE_CLI_COMPLETE_H
#define PORTREEVE_CLI_COMPLETE_H

#include "cli/cli.h"

/* What cli_begin() itself takes, behind the command's own options. */
enum { COMPLETE_SHARED = 3 };
extern const struct cli_option complete_shared[COMPLETE_SHARED];

/* Offers what may stand in the place of the last of the words behind the command's name: options
 * if it begins with "-", an option's words behind that, else the first words of the synopsis. */
void cli_complete(const struct cli_spec *spec, int argc, char **argv);

#endif
