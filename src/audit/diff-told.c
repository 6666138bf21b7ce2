/* SPDX-License-Identifier: ISC
 *
 * A comparison for people and for programs.
 *
 * Hostile input that reaches it: lines of both configurations, and their names. The writers escape
 * them; lines are cut.
 */
#include "audit/diff.h"

#include "audit/report-private.h"

enum { TEXT_MAX_BYTES = 400, UNREAD_SHOWN_MAX = 20 };

static const struct { unsigned by; const char *name, *words; } things[] = {
	{ AUDIT_BY_RDNS, "rdns", "a reverse name" }, { AUDIT_BY_HELO, "helo", "a HELO" },
	{ AUDIT_BY_SENDER, "sender", "a sender" }, { AUDIT_BY_TLS, "tls", "STARTTLS" },
	{ AUDIT_BY_CERTIFICATE, "certificate", "a certificate" },
	{ AUDIT_BY_RECIPIENT, "recipient", "some recipients" },
	{ AUDIT_BY_MX, "mx", "an MX that names this server" },
};
enum { THINGS = sizeof(things) / sizeof(*things) };

static const char *answer_name(const struct audit_why *why)
{
	if (why->answer == AUDIT_YES)
		return why->some ? "some" : "yes";
	return why->answer == AUDIT_PERHAPS ? "perhaps" : "no";
}

static struct str cut(struct arena *a, const char *text)
{
	return audit_excerpt(a, text, "", TEXT_MAX_BYTES);
}

/* The place as this machine knows it: an image's file is not the one of that name here. */
static struct audit_place below(struct arena *a, const char *root, const struct audit_place *place)
{
	struct audit_place p = *place;
	if (root[0] && p.file[0] == '/')
		p.file = arena_printf(a, "%s%s", root, p.file);
	return p;
}

/* "/etc/postfix/nets", or words. */
static const char *what_below(const struct audit_diff_told *told, const char *what)
{
	return what[0] == '/' ? arena_printf(told->arena, "%s%s", told->new_root, what) : what;
}

enum audit_diff_verdict audit_diff_verdict(const struct audit_diff_told *told)
{
	if (told->diff->widened)
		return AUDIT_DIFF_WIDER;
	if (!told->whole)
		return AUDIT_DIFF_UNKNOWN;
	return told->diff->narrowed ? AUDIT_DIFF_NARROWER : AUDIT_DIFF_SAME;
}

/* ---- JSON ----------------------------------------------------------------------- */

static void add_lines(struct json *j, const char *key, const struct audit_why *why,
                      const char *root, struct arena *a)
{
	json_open_array(j, key);
	for (size_t i = 0; i < why->by_n; i++) {
		const struct audit_line *line = &why->by[i];
		json_open_object(j, NULL);
		json_add_shown(j, "file", str_of(below(a, root, &line->place).file));
		json_add_int(j, "line", line->place.line);
		json_add_shown(j, "parameter", str_of(line->parameter));
		json_add_shown(j, "text", cut(a, line->place.text));
		json_close(j);
	}
	json_close(j);
}

static void add_row(struct json *j, const struct audit_diff_row *row,
                    const struct audit_diff_told *told)
{
	struct arena *a = told->arena;
	char ip[IP_TEXT_MAX];
	const struct prefix *network = &row->client.network;
	json_open_object(j, NULL);
	json_add_cstr(j, "client", audit_asker_name(&row->client));
	json_add_cstr(j, "network", arena_printf(a, "%s/%u", ip_format(&network->ip, ip),
	                                         network->len));
	json_add_ip(j, "address", &row->client.ip);
	json_add_int(j, "port", row->port);
	json_open_array(j, "shows");
	for (size_t i = 0; i < THINGS; i++)
		if (row->shows & things[i].by)
			json_add_cstr(j, NULL, things[i].name);
	json_close(j);
	json_add_bool(j, "widens", row->widens);
	json_add_cstr(j, "was", answer_name(&row->was));
	json_add_cstr(j, "is", answer_name(&row->is));
	json_add_cstr(j, "cause", row->is.cause);
	add_lines(j, "was_by", &row->was, told->old_root, a);
	add_lines(j, "by", &row->is, told->new_root, a);
	json_close(j);
}

static const char *const verdicts[] = {
	[AUDIT_DIFF_SAME] = "same", [AUDIT_DIFF_NARROWER] = "narrower",
	[AUDIT_DIFF_WIDER] = "wider", [AUDIT_DIFF_UNKNOWN] = "unknown",
};

void audit_diff_json(const struct audit_diff_told *told, struct json *j)
{
	const struct audit_diff *d = told->diff;
	json_add_cstr(j, "mta", mta_name(told->mta));
	json_add_shown(j, "old", str_of(told->old));
	json_add_shown(j, "new", str_of(told->new_));
	json_add_cstr(j, "verdict", verdicts[audit_diff_verdict(told)]);
	json_add_int(j, "widened", (int64_t)d->widened);
	json_add_int(j, "narrowed", (int64_t)d->narrowed);
	json_open_array(j, "changes");
	for (size_t i = 0; i < d->row_n; i++)
		add_row(j, &d->rows[i], told);
	json_close(j);
	json_open_array(j, "unread");
	for (size_t i = 0; i < told->reading->unread_n; i++) {
		json_open_object(j, NULL);
		json_add_shown(j, "what",
		               cut(told->arena, what_below(told, told->reading->unread[i].what)));
		json_add_shown(j, "why", str_of(told->reading->unread[i].why));
		json_close(j);
	}
	json_close(j);
}

/* ---- a page --------------------------------------------------------------------- */

static const char *shows_words(const struct audit_diff_row *row, struct arena *a)
{
	const char *words = "";
	for (size_t i = 0; i < THINGS; i++)
		if (row->shows & things[i].by)
			words = arena_printf(a, "%s%s%s", words, *words ? ", " : "with ",
			                     things[i].words);
	return words;
}

static struct page_cell answer_cell(const struct audit_why *why)
{
	static const char *const words[] = { "no", "yes", "perhaps" };
	return (struct page_cell){ .text = str_of(why->some ? "to some" : words[why->answer]) };
}

static struct page_cell line_cell(const struct audit_why *why, const char *root, struct arena *a)
{
	if (!why->by_n)
		return (struct page_cell){ .text = STR("nobody listens, or no rule is for it") };
	const struct audit_place place = below(a, root, &why->by[0].place);
	return (struct page_cell){ .text = str_of(audit_place_words(a, &place)),
	                           .code = audit_excerpt(a, why->by[0].place.text, "", 96) };
}

static void add_page_row(const struct audit_diff_told *told, const struct audit_diff_row *row,
                         struct page *page)
{
	char network[PREFIX_TEXT_MAX];
	struct arena *a = told->arena;
	prefix_format(&row->client.network, network);
	const char *port = row->port ? arena_printf(a, "%u", row->port) : "any";
	const struct page_cell cells[] = {
		{ .text = str_of(audit_asker_title(a, &row->client)),
		  .code = str_of(arena_strdup(a, str_of(network))),
		  .note = str_of(shows_words(row, a)) },
		{ .text = str_of(port) }, answer_cell(&row->was), answer_cell(&row->is),
		row->widens ? line_cell(&row->is, told->new_root, a)
		            : line_cell(&row->was, told->old_root, a),
	};
	page_row(page, row->widens ? row->is.answer == AUDIT_YES ? PAGE_BAD : PAGE_WARNING
	                           : PAGE_PLAIN, cells);
}

static void add_banner(const struct audit_diff_told *told, struct page *page)
{
	const size_t n = told->diff->widened;
	page->unruled = true;
	switch (audit_diff_verdict(told)) {
	case AUDIT_DIFF_WIDER:
		page_banner(page, PAGE_BAD, "It widens who may relay: %zu %s", n,
		            n == 1 ? "change" : "changes");
		break;
	case AUDIT_DIFF_UNKNOWN:
		page_banner(page, PAGE_WARNING, "Not known: not all of it could be compared");
		break;
	case AUDIT_DIFF_NARROWER:
		page_banner(page, PAGE_GOOD, "It only narrows who may relay");
		break;
	case AUDIT_DIFF_SAME:
		page_banner(page, PAGE_GOOD, "Nothing changes in who may relay");
		break;
	}
}

void audit_diff_page(const struct audit_diff_told *told, struct page *page)
{
	static const char *const heads[] = { "who", "port", "before", "now", "by this line" };
	const struct audit_diff *d = told->diff;
	struct arena *a = told->arena;
	page_init(page, a, str_of(arena_printf(a, "%s: who may relay, compared",
	                                       mta_title(told->mta))));
	add_banner(told, page);
	if (d->row_n) {
		page_heading(page, "What changes");
		page_table(page, heads, 5);
	}
	for (size_t i = 0; i < d->row_n; i++)
		add_page_row(told, &d->rows[i], page);
	if (d->row_n < d->widened + d->narrowed)
		page_text(page, "These are %zu of %zu changes.", d->row_n,
		          d->widened + d->narrowed);
	page_heading(page, "What was compared");
	page_fact(page, "Before", "%s", told->old);
	page_fact(page, "Now", "%s", told->new_);
	const struct audit_reading *r = told->reading;
	if (r->unread_n)
		page_heading(page, "What could not be read of the new one");
	for (size_t i = 0; i < r->unread_n && i < UNREAD_SHOWN_MAX; i++)
		page_text(page, "%.*s: %s", STR_ARG(cut(a, what_below(told, r->unread[i].what))),
		          r->unread[i].why);
	if (r->unread_n > UNREAD_SHOWN_MAX)
		page_text(page, "and %zu more.", r->unread_n - UNREAD_SHOWN_MAX);
}
