/* SPDX-License-Identifier: ISC
 *
 * Each side is found (a directory or file by what is in it; else the root of an image), read with
 * the same facts of the network, and compared.
 */
#include "cli/audit-diff.h"

#include "audit/carried-files.h"
#include "audit/diff.h"
#include "audit/disk-files.h"
#include "audit/installed.h"
#include "cli/audit-find.h"
#include "cli/paged.h"

#include <limits.h>
#include <stdlib.h>

enum { TOOL_MS = 2000 };
#define SIDE_EXPECTED "a directory with a configuration, its main file, or the root of an image"

struct side {
	const char *name;                /* for people */
	const char *path;                /* NULL: of this machine */
	enum mta mta;
	const char *root;                /* of an image; "" for this machine */
	const char *directory;           /* of the configuration; NULL: where the server looks */
	struct disk_files disk;
	struct carried_files carried;
	struct audit_files files;
	struct audit_config *config;
};

/* What its files name in the server's usual directory is read beside them. */
static void carry(struct side *s, struct arena *a)
{
	const char *place = audit_usual_directory(s->mta), *slash = strrchr(s->path, '/');
	struct arena scratch = { 0 };
	struct str text;
	const bool file = s->files.read(s->files.arg, s->path, &scratch, &text) == ERR_OK;
	arena_fini(&scratch);
	if (!place)
		return;
	s->carried = (struct carried_files){
		.files = s->files, .place = place,
		.at = file ? arena_strdup(a, (struct str){ s->path, (size_t)(slash - s->path) })
		           : s->path };
	carried_files_init(&s->carried, &s->files);
}

/* The first that is installed there: of that server, if one is given. */
static int find_installed(struct side *s, struct arena *a)
{
	struct audit_found *found;
	size_t n;
	audit_installed(&s->files, a, &found, &n);
	for (size_t i = 0; i < n; i++) {
		if (s->mta && found[i].mta != s->mta)
			continue;
		s->mta = found[i].mta;
		s->directory = found[i].directory;
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

static int find_given(struct side *s, struct arena *a)
{
	int err = audit_recognise(&s->files, s->path, &s->mta);
	if (err == ERR_OK) {
		s->directory = s->path;
		carry(s, a);
		return err;
	}
	disk_files_fini(&s->disk);
	err = disk_files_init(&s->disk, s->path, &s->files);
	s->root = s->path;
	return err == ERR_OK ? find_installed(s, a) : err;
}

static int side_find(struct cli *cli, struct side *s)
{
	char path[PATH_MAX];
	if (s->path && !realpath(s->path, path))
		return cli_not_found(cli, s->path, SIDE_EXPECTED);
	int err = disk_files_init(&s->disk, "", &s->files);
	s->root = "";
	if (s->path)
		s->path = arena_strdup(&cli->arena, str_of(path));
	if (err == ERR_OK)
		err = s->path ? find_given(s, &cli->arena) : find_installed(s, &cli->arena);
	if (err == ERR_OK)
		return CLI_GO;
	if (!s->path)
		return cli_fail(cli, EX_UNAVAILABLE, "no configuration of %s is on this machine",
		                s->mta ? mta_title(s->mta) : "a mail server");
	return err == ERR_NOT_FOUND || err == ERR_INVALID
	       ? cli_not_found(cli, s->name, SIDE_EXPECTED)
	       : cli_fail(cli, cli_exit_code(err), "%s: %s", s->name, err_text(err));
}

static int side_read(struct cli *cli, struct side *s, const struct facts *facts)
{
	const struct audit_config_given given = {
		.mta = s->mta, .directory = s->directory, .facts = facts,
		.hostname = audit_find_machine(&cli->arena),
		.version = audit_find_version(&cli->arena, s->root, s->mta) };
	const int err = audit_config_read(&s->files, &given, &cli->arena, &s->config);
	if (err == ERR_OK)
		return CLI_GO;
	return cli_fail(cli, cli_exit_code(err), "%s: the configuration of %s cannot be read: %s",
	                cli_safe(cli, s->name), mta_title(s->mta), err_text(err));
}

static int tell(struct cli *cli, const struct audit_diff_told *told, const char *html,
                struct outfile *out)
{
	struct page page;
	if (html) {
		audit_diff_page(told, &page);
		return cli_page_html(cli, &page, html, out);
	}
	if (cli->json) {
		audit_diff_json(told, cli_json_begin(cli));
		cli_json_end(cli);
		return CLI_GO;
	}
	audit_diff_page(told, &page);
	cli_page_text(&page);
	return CLI_GO;
}

static int compare(struct cli *cli, struct side *old, struct side *new_, const char *html,
                   struct outfile *out)
{
	struct facts facts;
	struct audit_diff diff;
	facts_begin(&facts, &cli->arena);
	(void)facts_look(&facts, TOOL_MS);
	int code = side_read(cli, old, &facts);
	if (code == CLI_GO)
		code = side_read(cli, new_, &facts);
	if (code != CLI_GO)
		return code;
	const int err = audit_diff(old->config, new_->config, &facts, &cli->arena, &diff);
	const struct audit_reading *was = audit_config_reading(old->config);
	const struct audit_reading *is = audit_config_reading(new_->config);
	const struct audit_diff_told told = { &diff, new_->mta, old->name, new_->name,
	                                      old->root, new_->root,
	                                      err == ERR_OK && is->unread_n <= was->unread_n &&
	                                      !new_->disk.late_n && !old->disk.late_n, is,
	                                      &cli->arena };
	static const int codes[] = { [AUDIT_DIFF_SAME] = 0, [AUDIT_DIFF_NARROWER] = 0,
	                             [AUDIT_DIFF_WIDER] = 1, [AUDIT_DIFF_UNKNOWN] = 3 };
	code = tell(cli, &told, html, out);
	return code == CLI_GO ? codes[audit_diff_verdict(&told)] : code;
}

int audit_diff_run(struct cli *cli, const struct audit_diffing *asked)
{
	struct side new_ = { .path = asked->new_, .name = asked->new_ };
	struct side old = { .path = asked->old,
	                    .name = asked->old ? asked->old : "this machine" };
	struct outfile out = { .fd = -1 };
	if (asked->mta && (mta_parse(str_of(asked->mta), &new_.mta) != ERR_OK
	                   || new_.mta > MTA_LAST_WHOLE))
		return cli_bad_value(cli, asked->mta, "postfix, exim, sendmail or opensmtpd");
	int code = side_find(cli, &new_);
	old.mta = new_.mta;
	if (code == CLI_GO)
		code = side_find(cli, &old);
	if (code == CLI_GO)
		code = cli_page_open(cli, asked->html, asked->force, &out);
	if (code == CLI_GO)
		code = compare(cli, &old, &new_, asked->html, &out);
	outfile_drop(&out);
	disk_files_fini(&old.disk);
	disk_files_fini(&new_.disk);
	return code;
}
