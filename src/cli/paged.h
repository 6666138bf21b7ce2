/* SPDX-License-Identifier: ISC
 *
 * A page (proof/page.h) as a command shows it: on the terminal, through a pager, or as one file of
 * HTML.
 */
#ifndef PORTREEVE_CLI_PAGED_H
#define PORTREEVE_CLI_PAGED_H

#include "cli/cli.h"
#include "cli/outfile.h"
#include "proof/page.h"

void cli_page_text(const struct page *page);
/* Opens the file of --html in `out`, before root is given up; path NULL or "-": none. CLI_GO or an
 * exit code. */
int cli_page_open(const struct cli *cli, const char *path, bool replace, struct outfile *out);
/* Writes it and those behind it there, or to the standard output where none is open. */
int cli_page_html(const struct cli *cli, const struct page *page, const char *path,
                  struct outfile *out);

#endif
