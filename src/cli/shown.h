/* SPDX-License-Identifier: ISC
 *
 * What the terminal of a command can show of foreign text; base/shown.h shows it.
 */
#ifndef PORTREEVE_CLI_SHOWN_H
#define PORTREEVE_CLI_SHOWN_H

#include "base/shown.h"

/* Whether the locale of the environment says that the terminal speaks UTF-8. Found out once;
 * the process keeps the locale "C". */
bool shown_utf8(void);

#endif
