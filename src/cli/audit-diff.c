/* SPDX-License-Identifier: ISC
 *
 * `portreeve audit --diff OLD NEW`: who may relay by one configuration and not by another. It reads
 * both and starts nothing, so that it can stand before a reload, in an upgrade or in a repository's
 * tests.
 *
 * Hostile input that reaches it: both configurations.
 */
#include "cli/audit-diff.h"

#include "audit/diff.h"
#include "audit/report.h"

#include <stdio.h>
#include <sys/stat.h>

enum { TOOL_MS = 5000, SAME = 0, WIDENS = 1 };

struct diffing {
	struct cli *cli;
	const struct audit_options *options;
	struct facts facts;
	struct audit_source sources[2];      /* the old one, the new one */
	struct audit_config *configs[2];
	enum mta mta;
};

/* ---- what is said ----------------------------------------------------------------------------- */

static const char *shows_words(struct arena *a, unsigned shows)
{
	static const struct { unsigned bit; const char *words; } all[] = {
		{ AUDIT_BY_RDNS, "a reverse name" }, { AUDIT_BY_HELO, "a name in HELO" },
		{ AUDIT_BY_SENDER, "a sender" }, { AUDIT_BY_TLS, "TLS" },
		{ AUDIT_BY_CERTIFICATE, "a certificate" }, { AUDIT_BY_LOGIN, "a login" },
		{ AUDIT_BY_RECIPIENT, "some recipients" }, { AUDIT_BY_MX, "an MX that names this host" },
	};
	const char *words = "";
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (shows & all[i].bit)
			words = arena_printf(a, "%s%s%s", words, words[0] ? " and " : "", all[i].words);
	return words;
}

static const char *answer_name(const struct audit_why *why)
{
	return why->answer == AUDIT_NO ? "no" : why->answer == AUDIT_PERHAPS ? "perhaps" :
	       why->some ? "some" : "yes";
}

static void line_print(struct diffing *d, const char *sign, const struct audit_why *why)
{
	if (!why->by_n)
		return;
	const struct audit_place *p = &why->by[0].place;
	printf("    %s %s%s%s%s\n", sign, p->file && p->line ? cli_safe(d->cli, p->file) : "",
	       p->file && p->line ? arena_printf(&d->cli->arena, ":%u", p->line) : "",
	       p->file && p->line ? "  " : "", cli_safe(d->cli, p->text));
}

static void row_print(struct diffing *d, const struct audit_diff_row *row)
{
	char network[PREFIX_TEXT_MAX];
	const char *shows = shows_words(&d->cli->arena, row->shows);
	printf("%s%s%s  %s %s", cli_colour(row->widens ? CLI_RED : CLI_GREEN),
	       row->widens ? "widens " : "narrows", cli_colour(CLI_PLAIN),
	       audit_asker_title(&d->cli->arena, &row->client),
	       prefix_format(&row->client.network, network));
	if (row->port)
		printf(", port %u", row->port);
	if (shows[0])
		printf(", with %s", shows);
	printf(": %s, was %s\n", answer_name(&row->is), answer_name(&row->was));
	line_print(d, "-", &row->was);
	line_print(d, "+", &row->is);
}

static void lines_json(struct json *j, const char *key, const struct audit_why *why)
{
	json_open_object(j, key);
	json_add_cstr(j, "answer", answer_name(why));
	json_open_array(j, "by");
	for (size_t i = 0; i < why->by_n; i++) {
		json_open_object(j, NULL);
		json_add_shown(j, "file", str_of(why->by[i].place.file ? why->by[i].place.file : ""));
		json_add_int(j, "line", why->by[i].place.line);
		json_add_cstr(j, "parameter", why->by[i].parameter);
		json_add_shown(j, "text", str_of(why->by[i].place.text));
		json_close(j);
	}
	json_close(j);
	json_close(j);
}

static void row_json(struct json *j, const struct audit_diff_row *row, struct arena *a)
{
	const char *client = audit_asker_name(&row->client);
	json_open_object(j, NULL);
	json_add_cstr(j, "client", client);
	json_add_prefix(j, "network", &row->client.network);
	json_add_int(j, "port", row->port);
	json_add_cstr(j, "with", shows_words(a, row->shows));
	json_add_bool(j, "widens", row->widens);
	lines_json(j, "was", &row->was);
	lines_json(j, "is", &row->is);
	json_close(j);
}

static void diff_print(struct diffing *d, const struct audit_diff *diff)
{
	if (d->cli->json) {
		struct json *j = cli_json_begin(d->cli);
		json_add_cstr(j, "mta", mta_name(d->mta));
		json_add_int(j, "widened", (int64_t)diff->widened);
		json_add_int(j, "narrowed", (int64_t)diff->narrowed);
		json_open_array(j, "rows");
		for (size_t i = 0; i < diff->row_n; i++)
			row_json(j, &diff->rows[i], &d->cli->arena);
		json_close(j);
		cli_json_end(d->cli);
		return;
	}
	for (size_t i = 0; i < diff->row_n; i++)
		row_print(d, &diff->rows[i]);
	if (!diff->row_n)
		puts("The same clients may relay under both.");
	else if (diff->widened + diff->narrowed > diff->row_n)
		printf("and %zu more\n", diff->widened + diff->narrowed - diff->row_n);
}

/* ---- the command -------------------------------------------------------------------------------- */

/* A directory or file of a configuration; or an image's root, which has one where its server looks. */
static int source_take(struct diffing *d, struct audit_source *s, const char *path)
{
	struct stat st;
	s->root = "";
	s->config = path;
	s->host_name = audit_find_machine(&d->cli->arena);
	s->version = audit_find_version(&d->cli->arena, "", d->mta);
	if (path && stat(path, &st) != 0)
		return cli_not_found(d->cli, path, "a directory or file of a configuration");
	return audit_source_read(d->cli, s, d->mta, &d->facts,
	                         &d->configs[s == &d->sources[0] ? 0 : 1]);
}

int audit_diff_run(struct cli *cli, const struct audit_options *options, const char *old,
                   const char *new_)
{
	struct diffing d = { .cli = cli, .options = options,
	                     .sources = { { .disk.root = -1 }, { .disk.root = -1 } } };
	const struct closed_server *server;
	const char *others;
	struct audit_diff diff;
	facts_begin(&d.facts, &cli->arena);
	facts_look(&d.facts, "", TOOL_MS);
	int code = audit_find_server(cli, &d.facts, options->mta, &server, &others);
	if (code == CLI_GO) {
		d.mta = server->mta;
		code = source_take(&d, &d.sources[0], old);
	}
	if (code == CLI_GO)
		code = source_take(&d, &d.sources[1], new_);
	if (code == CLI_GO) {
		int e = audit_diff(d.configs[0], d.configs[1], &d.facts, &cli->arena, &diff);
		diff_print(&d, &diff);
		code = diff.widened ? WIDENS : SAME;
		if (e != ERR_OK)
			code = cli_fail(cli, diff.widened ? WIDENS : EX_SOFTWARE,
			                "not all could be compared: %s", err_text(e));
	}
	audit_source_fini(&d.sources[0]);
	audit_source_fini(&d.sources[1]);
	return code;
}
