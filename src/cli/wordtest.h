/* SPDX-License-Identifier: ISC
 *
 * `test --word`: no form of the catalogue is asked; a witness's word is said to each address and
 * port of a host, so that its owner finds in its log by what address it saw us.
 */
#ifndef PORTREEVE_CLI_WORDTEST_H
#define PORTREEVE_CLI_WORDTEST_H

#include "cli/testing.h"

/* Of t, cli and options are set; settings are loaded here. An exit code: 0 the word was said at
 * all, 2 nowhere. */
int wordtest_run(struct testing *t, const char *word);

#endif
