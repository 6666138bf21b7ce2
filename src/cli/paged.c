/* SPDX-License-Identifier: ISC
 *
 * Where a page goes.
 */
#include "cli/paged.h"

#include "base/file.h"
#include "cli/pager.h"
#include "cli/shown.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 80, COLUMNS_MAX = 100, HTML_MODE = 0644 };

static unsigned columns_here(void)
{
	struct winsize ws;
	if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) != 0 ||
	    ws.ws_col == 0)
		return COLUMNS;
	return ws.ws_col < PAGE_COLUMNS_MIN ? PAGE_COLUMNS_MIN :
	       ws.ws_col > COLUMNS_MAX ? COLUMNS_MAX : ws.ws_col;
}

void cli_page_text(const struct page *page)
{
	struct page_terminal terminal = { .columns = columns_here(), .utf8 = shown_utf8() };
	struct buf text = { 0 };
	struct pager pager;
	pager_begin(&pager, true);
	terminal.colour = cli_colour(CLI_BOLD)[0] != '\0';
	page_to_text(page, &terminal, &text);
	cli_print(buf_str(&text));
	pager_end(&pager);
	buf_fini(&text);
}

int cli_page_open(const struct cli *cli, const char *path, bool replace, struct outfile *out)
{
	if (!path || strcmp(path, "-") == 0)
		return CLI_GO;
	int e = outfile_open(out, path, HTML_MODE, replace);
	return e == ERR_OK ? CLI_GO : outfile_not_written(cli, path, e);
}

int cli_page_html(const struct cli *cli, const struct page *page, const char *path,
                  struct outfile *out)
{
	struct buf html = { 0 };
	int e = ERR_OK;
	page_to_html(page, &html);
	if (out->fd >= 0) {
		e = file_write_fd(out->fd, buf_str(&html));
		if (e == ERR_OK)
			e = outfile_commit(out);
	} else {
		cli_print(buf_str(&html));
	}
	buf_fini(&html);
	return e == ERR_OK ? CLI_GO : outfile_not_written(cli, path, e);
}
