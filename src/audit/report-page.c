/* SPDX-License-Identifier: ISC
 *
 * A report as a page. Its first screen answers: who may relay, by which line, what to paste. So
 * those who may relay stand in a table of their own, one row for all ports at which the same
 * holds; behind the findings comes the table of all who were asked.
 *
 * Hostile input that reaches it: all strings of the report. The page escapes them; lines of files
 * are cut. What cannot be pasted as it stands is not offered for it.
 */
#include "audit/report-private.h"

#include "base/clock.h"
#include "base/shown.h"
#include "catalogue/cause.h"

#include <assert.h>
#include <stdlib.h>

enum {
	WHO_ROWS_MAX = 16,               /* of the first table */
	CELL_LINE_MAX = 96, LINE_MAX_SHOWN = 400, REFUSED_SHOWN_MAX = 6, FORMS_NAMED_MAX = 3,
};

struct page_maker {
	const struct audit_report *report;
	struct arena *arena;
	struct page *page;
	const struct audit_who *above;       /* of the row before in the first table */
	bool asked;                          /* somebody was; else the reading alone speaks */
};

/* The title of one who stands outside of a range names that range. */
static const char *network_text(struct arena *a, const struct audit_asker *asker)
{
	char text[PREFIX_TEXT_MAX];
	if (asker->kind == AUDIT_OUTSIDE)
		return arena_strdup(a, str_of(ip_format(&asker->ip, text)));
	return arena_strdup(a, str_of(prefix_format(&asker->network, text)));
}

static const char *ip_text(struct arena *a, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	return arena_strdup(a, str_of(ip_format(ip, text)));
}

/* ---- the verdict ---------- */

static enum page_tone verdict_tone(enum audit_verdict verdict)
{
	static const enum page_tone tones[] = {
		[AUDIT_CLOSED] = PAGE_GOOD, [AUDIT_WORLD] = PAGE_BAD, [AUDIT_WIDE] = PAGE_WARNING,
		[AUDIT_UNKNOWN] = PAGE_WARNING,
	};
	assert((size_t)verdict < sizeof(tones) / sizeof(*tones));
	return tones[verdict];
}

static const char *verdict_words(enum audit_verdict verdict)
{
	static const char *const words[] = {
		[AUDIT_CLOSED] = "closed", [AUDIT_WORLD] = "open to the whole Internet",
		[AUDIT_WIDE] = "open to more than you think",
		[AUDIT_UNKNOWN] = "unknown: what matters could not be asked",
	};
	assert((size_t)verdict < sizeof(words) / sizeof(*words));
	return words[verdict];
}

static void add_verdict(struct page_maker *m)
{
	const struct audit_report *r = m->report;
	const char *said = r->summary[0] ? r->summary : verdict_words(r->verdict);
	char first = said[0] >= 'a' && said[0] <= 'z' ? (char)(said[0] - 'a' + 'A') : said[0];
	m->page->unruled = true;
	page_banner(m->page, verdict_tone(r->verdict), "%c%s", first, said + 1);
}

/* Of "3.7.11-0+deb12u1", without what the distribution adds. */
static size_t upstream_length(const char *version)
{
	return strcspn(version, "-");
}

static const char *title_text(const struct audit_report *r, struct arena *a)
{
	char iso[CLOCK_TEXT_MAX];
	const char *host = r->host_name[0] ? r->host_name : "this machine";
	const char *mta = mta_title(r->mta)[0] ? mta_title(r->mta) : "mail server";
	clock_format(r->time_s, iso);
	if (r->root && r->root[0])
		host = arena_printf(a, "%s, in the image %s", host, r->root);
	return arena_printf(a, "%s%s%.*s on %s, audited %.10s %.5s UTC", mta,
	                    r->version[0] ? " " : "", (int)upstream_length(r->version), r->version,
	                    host, iso, iso + strlen("2026-11-21T"));
}

/* ---- who may relay ---------- */

/* Those with one outcome: their ports stand in one row. */
static bool same_lines(const struct audit_who *a, const struct audit_who *b)
{
	if (a->by_n != b->by_n)
		return false;
	for (size_t i = 0; i < a->by_n; i++) {
		const struct audit_place *p = &a->by[i].place, *q = &b->by[i].place;
		if (p->line != q->line || strcmp(p->file, q->file) != 0 ||
		    (p->line == 0 && strcmp(p->text, q->text) != 0))
			return false;
	}
	return true;
}

static bool same_forms(const struct audit_who *a, const struct audit_who *b)
{
	if (audit_takes_plain(a) && audit_takes_plain(b))
		return true;             /* what is taken beside is no news */
	if (a->form_n != b->form_n)
		return false;
	for (size_t i = 0; i < a->form_n; i++)
		if (strcmp(a->forms[i], b->forms[i]) != 0)
			return false;
	return true;
}

static bool same_outcome(const struct audit_who *a, const struct audit_who *b)
{
	return a->some == b->some && a->sound == b->sound && a->strangers == b->strangers &&
	       a->perhaps == b->perhaps && same_forms(a, b) && same_lines(a, b);
}

/* A trusted range of the loopback is the loopback. */
static enum audit_kind kind_of(const struct audit_asker *asker)
{
	static const struct prefix loopback4 = { { 4, { 127 } }, 8 };
	static const struct prefix loopback6 = { { 6, { [15] = 1 } }, 128 };
	if (asker->kind == AUDIT_RANGE && (prefix_covers(&loopback4, &asker->network) ||
	                                   prefix_covers(&loopback6, &asker->network)))
		return AUDIT_LOOPBACK;
	return asker->kind;
}

/* Those of one kind whom one row may name together, if the same holds for them. */
static bool same_kind(const struct audit_who *a, const struct audit_who *b)
{
	enum audit_kind kind = kind_of(a->asker);
	return kind == kind_of(b->asker) && (kind == AUDIT_LOOPBACK || kind == AUDIT_OWN ||
	       (kind == AUDIT_RANGE && a->sound));
}

/* The order of the table: the worst first. */
static unsigned rank(const struct audit_who *who)
{
	enum audit_kind kind = who->asker->kind;
	if (who->sound)
		return 4;
	if (kind == AUDIT_STRANGER4 || kind == AUDIT_STRANGER6)
		return who->perhaps ? 3 : 0;
	if (who->strangers)
		return 1;
	return who->perhaps ? 3 : 2;
}

static struct page_cell cell_of(const char *text, const char *code, const char *note)
{
	return (struct page_cell){ str_of(text), str_of(code), str_of(note) };
}

static const char *who_note(const struct page_maker *m, const struct audit_who *who)
{
	if (who->strangers && who->asker->network.len)
		return "strangers arrive by it";
	if (who->sound)
		return "as intended";
	if (who->perhaps)
		return "perhaps";
	return audit_forms_words(m->arena, who);
}

static const char *also_text(struct arena *a, const struct audit_place *first,
                             const struct audit_place *other)
{
	if (other->line && strcmp(first->file, other->file) == 0)
		return arena_printf(a, "and line %u", other->line);
	return arena_printf(a, "and %s", audit_place_words(a, other));
}

static struct page_cell by_cell(struct page_maker *m, const struct audit_who *who)
{
	struct arena *a = m->arena;
	if (who->by_n == 0)
		return cell_of("no line of its own", "", "");
	if (m->above && same_lines(m->above, who))
		return cell_of("the same", "", "");
	const struct audit_line *line = &who->by[0];
	const char *text = line->place.text[0] ? line->place.text : line->parameter;
	const char *ip = ip_text(a, &who->asker->network.ip), *also = "";
	if (who->by_n > 1)
		also = also_text(a, &line->place, &who->by[1].place);
	if (who->by_n > 2)
		also = arena_printf(a, "%s, %zu more", also, who->by_n - 2);
	struct page_cell cell = cell_of(audit_place_words(a, &line->place), "", also);
	cell.code = audit_excerpt(a, text, ip, CELL_LINE_MAX);
	return cell;
}

static enum page_tone who_tone(const struct audit_who *who)
{
	if (who->sound)
		return PAGE_PLAIN;
	return who->perhaps || who->some ? PAGE_WARNING : PAGE_BAD;
}

/* What the rows of one client have in common, as words: "25, 587". */
struct gathered {
	const char *ports, *networks;
};

static const char *joined(struct arena *a, const char *list, const char *more)
{
	struct str rest = str_of(list), one;
	while (str_token(&rest, ",", &one))
		if (str_eq(str_trim(one), str_of(more)))
			return list;
	return arena_printf(a, "%s%s%s", list, list[0] ? ", " : "", more);
}

static void gather(struct arena *a, const struct audit_asker *asker, uint16_t port,
                   enum audit_tls tls, struct gathered *g)
{
	g->ports = joined(a, g->ports, audit_port_words(a, port, tls));
	g->networks = joined(a, g->networks, network_text(a, asker));
}

static void add_who_row(struct page_maker *m, const struct audit_who *who,
                        const struct gathered *g)
{
	struct arena *a = m->arena;
	const char *forms = audit_forms_words(a, who), *note = who_note(m, who);
	struct page_cell cells[] = {
		cell_of(audit_asker_title(a, who->asker), g->networks, ""),
		cell_of(g->ports, "", ""),
		cell_of(audit_takes_words(who), "", !strcmp(note, forms) || !forms[0] ? note
		        : arena_printf(a, "%s; %s", note, forms)),
		by_cell(m, who),
	};
	page_row(m->page, who_tone(who), cells);
	m->above = who;
}

/* All ports at which the outcome of row `at` holds for its client; these rows, from there on. */
static struct gathered gather_client(struct page_maker *m, size_t at, const bool *done, bool *mine)
{
	const struct audit_report *r = m->report;
	struct gathered g = { "", "" };
	for (size_t i = at; i < r->who_n; i++) {
		const struct audit_who *who = &r->who[i];
		mine[i] = !done[i] && who->asker == r->who[at].asker &&
		          same_outcome(who, &r->who[at]);
		if (mine[i])
			gather(m->arena, who->asker, who->port, who->tls, &g);
	}
	return g;
}

static void take(const struct audit_report *r, size_t at, const bool *mine, bool *done)
{
	for (size_t i = at; i < r->who_n; i++)
		done[i] |= mine[i];
}

/* A row for the client of row `at`, and for those of its kind for whom the same holds at the same
 * ports. */
static struct gathered gather_row(struct page_maker *m, size_t at, bool *done, bool *mine)
{
	const struct audit_report *r = m->report;
	struct gathered g = gather_client(m, at, done, mine);
	take(r, at, mine, done);
	for (size_t i = at + 1; i < r->who_n; i++) {
		if (done[i] || !same_kind(&r->who[at], &r->who[i]) ||
		    !same_outcome(&r->who[at], &r->who[i]))
			continue;
		struct gathered other = gather_client(m, i, done, mine);
		if (strcmp(other.ports, g.ports) != 0)
			continue;
		g.networks = joined(m->arena, g.networks, other.networks);
		take(r, i, mine, done);
	}
	return g;
}

/* The rows of a rank; how many. */
static size_t add_rank(struct page_maker *m, unsigned wanted, bool *done, size_t room)
{
	const struct audit_report *r = m->report;
	bool *mine = arena_alloc(m->arena, r->who_n + 1);
	size_t n = 0;
	for (size_t i = 0; i < r->who_n; i++) {
		if (done[i] || rank(&r->who[i]) != wanted)
			continue;
		struct gathered g = gather_row(m, i, done, mine);
		if (n++ < room)
			add_who_row(m, &r->who[i], &g);
	}
	return n;
}

/* Whether the row is the first of its client, which was refused somewhere and may relay nowhere. */
static bool is_refused(const struct audit_report *r, size_t at)
{
	bool refused = false;
	for (size_t i = 0; i < r->row_n; i++) {
		if (r->rows[i].asker != r->rows[at].asker)
			continue;
		if (i < at || r->rows[i].who)
			return false;
		refused |= r->rows[i].plain == AUDIT_REFUSED;
	}
	return refused;
}

/* "this machine's own address (192.0.2.1)" */
static const char *named_text(struct arena *a, const struct audit_asker *asker)
{
	const char *title = audit_asker_title(a, asker);
	if (asker->network.len == 0 || asker->kind == AUDIT_OUTSIDE)
		return title;
	return arena_printf(a, "%s (%s)", title, network_text(a, asker));
}

static void add_refused(struct page_maker *m)
{
	const struct audit_report *r = m->report;
	const char *names = "";
	size_t n = 0;
	for (size_t i = 0; i < r->row_n; i++)
		if (is_refused(r, i) && n++ < REFUSED_SHOWN_MAX)
			names = arena_printf(m->arena, "%s%s%s", names, names[0] ? "; " : "",
			                     named_text(m->arena, r->rows[i].asker));
	if (n > REFUSED_SHOWN_MAX)
		page_text(m->page, "Refused: %s; and %zu more.", names, n - REFUSED_SHOWN_MAX);
	else if (n)
		page_text(m->page, "Refused: %s.", names);
}

static void add_who(struct page_maker *m)
{
	static const char *const heads[] = { "Client", "Port", "May send on", "Because of" };
	const struct audit_report *r = m->report;
	bool *done = arena_alloc(m->arena, r->who_n + 1);
	size_t rows = 0;
	page_heading(m->page, "Who may relay");
	if (r->who_n)
		page_table(m->page, heads, 4);
	for (unsigned wanted = 0; wanted <= 4; wanted++)
		rows += add_rank(m, wanted, done, rows < WHO_ROWS_MAX ? WHO_ROWS_MAX - rows : 0);
	if (rows > WHO_ROWS_MAX)
		page_text(m->page, "And %zu more: they stand below the findings.",
		          rows - WHO_ROWS_MAX);
	if (!r->who_n)
		page_text(m->page, "%s", m->asked ? "Nobody, of those who were asked."
		          : "Nobody, as far as the configuration says; nobody was asked.");
	add_refused(m);
}

/* ---- findings ---------- */

static bool can_be_pasted(const struct audit_finding *f)
{
	for (size_t i = 0; i < f->fix_n; i++) {
		if (strlen(f->fix[i]) > PAGE_TEXT_MAX)
			return false;
		for (const char *p = f->fix[i]; *p; p++)
			if (!ascii_isprint((unsigned char)*p))
				return false;
	}
	return true;
}

static void add_fix(struct page_maker *m, const struct audit_finding *f)
{
	bool whole = can_be_pasted(f);
	if (f->fix_n == 0)
		return;
	if (m->report->root && m->report->root[0])
		page_text(m->page, "This is of the image below %s, not of this machine.",
		          m->report->root);
	page_text(m->page, "%s", whole ? "To mend it:" : "To mend it (not to be pasted as it "
	          "stands: there are characters in it that a terminal must not get, or too many):");
	for (size_t i = 0; i < f->fix_n; i++)
		page_add(m->page, whole ? PAGE_PASTE : PAGE_VERBATIM, PAGE_PLAIN, STR(""),
		         str_of(f->fix[i]), STR(""));
}

static void add_line(struct page_maker *m, const struct audit_line *line)
{
	const char *place = audit_place_words(m->arena, &line->place);
	const char *text = line->place.text[0] ? line->place.text : line->parameter;
	struct str cut = audit_excerpt(m->arena, text, "", LINE_MAX_SHOWN);
	page_add(m->page, PAGE_VERBATIM, PAGE_PLAIN, STR(""),
	         str_of(arena_printf(m->arena, "%s  %.*s", place, STR_ARG(cut))), STR(""));
}

static void add_cause(struct page_maker *m, const struct audit_finding *f)
{
	const struct cause *cause = cause_by_id(str_of(f->cause));
	if (!cause)
		return;
	bool known = m->report->mta != MTA_UNKNOWN;
	page_fact(m->page, "More", "portreeve explain %s%s%s", cause->id, known ? " --mta " : "",
	          mta_name(m->report->mta));
}

static void add_finding(struct page_maker *m, const struct audit_finding *f)
{
	static const struct { const char *name; enum page_tone tone; } severities[] = {
		[AUDIT_OPEN] = { "Open", PAGE_BAD }, [AUDIT_WARN] = { "Warning", PAGE_WARNING },
		[AUDIT_ADVICE] = { "Advice", PAGE_STRONG },
	};
	assert((size_t)f->severity < sizeof(severities) / sizeof(*severities));
	page_heading(m->page, arena_printf(m->arena, "%s: %s%s%s%s", severities[f->severity].name,
	             f->title, f->cause[0] ? " (" : "", f->cause, f->cause[0] ? ")" : ""));
	m->page->last->tone = severities[f->severity].tone;
	if (f->why[0])
		page_text(m->page, "%s", f->why);
	for (size_t i = 0; i < f->line_n; i++)
		add_line(m, &f->lines[i]);
	add_fix(m, f);
	if (f->check[0])
		page_fact(m->page, "Then check", "%s", f->check);
	add_cause(m, f);
}

/* ---- all who were asked ---------- */

static bool same_row(const struct audit_row *a, const struct audit_row *b)
{
	if (a->asker != b->asker || a->plain != b->plain || !a->who != !b->who)
		return false;
	if (a->who && (!same_forms(a->who, b->who) || a->who->some != b->who->some))
		return false;
	return a->plain != AUDIT_UNSAID || strcmp(a->why, b->why) == 0;
}

static struct page_cell answer_cell(struct page_maker *m, const struct audit_row *row)
{
	static const char *const answers[] = {
		[AUDIT_UNSAID] = "not asked", [AUDIT_REFUSED] = "refused",
		[AUDIT_REFUSED_ELSE] = "refused, for another reason", [AUDIT_TAKEN] = "taken",
	};
	assert((size_t)row->plain < sizeof(answers) / sizeof(*answers));
	const char *note = row->plain == AUDIT_UNSAID ? row->why : "";
	if (row->plain == AUDIT_UNSAID && row->who)
		return cell_of("yes, by the configuration", "", m->asked ? "not asked" : "");
	if (row->plain == AUDIT_UNSAID && !m->asked)
		return cell_of(row->why[0] ? row->why : "not asked", "", "");
	if (row->who && !audit_takes_plain(row->who))
		note = arena_printf(m->arena, "taken: %s", audit_forms_words(m->arena, row->who));
	else if (row->who && row->who->some)
		note = audit_takes_words(row->who);
	return cell_of(answers[row->plain], "", note);
}

static void add_row(struct page_maker *m, const struct audit_row *row, const struct gathered *g)
{
	struct arena *a = m->arena;
	struct page_cell cells[] = {
		cell_of(audit_asker_title(a, row->asker), network_text(a, row->asker), ""),
		cell_of("", ip_text(a, &row->asker->ip), ""),
		cell_of(g->ports, "", ""),
		answer_cell(m, row),
	};
	page_row(m->page, row->who ? who_tone(row->who) : PAGE_PLAIN, cells);
}

static void add_rows(struct page_maker *m)
{
	static const char *const heads[] = { "Client", "Asked from", "Port", "Mail for elsewhere" };
	const struct audit_report *r = m->report;
	bool *done = arena_alloc(m->arena, r->row_n + 1);
	if (r->row_n == 0)
		return;
	page_heading(m->page, m->asked ? "All who were asked" : "By the configuration");
	page_table(m->page, heads, 4);
	for (size_t i = 0; i < r->row_n; i++) {
		struct gathered g = { "", "" };
		if (done[i])
			continue;
		for (size_t k = i; k < r->row_n; k++) {
			if (done[k] || !same_row(&r->rows[i], &r->rows[k]))
				continue;
			gather(m->arena, r->rows[k].asker, r->rows[k].port, r->rows[k].tls, &g);
			done[k] = true;
		}
		add_row(m, &r->rows[i], &g);
	}
}

/* ---- the rest ---------- */

/* ", port 587" of a form; NULL: it is none. */
static const char *port_of(const struct audit_unasked *u)
{
	return strstr(u->what, ", port ");
}

/* Forms of one port that were not asked for the same reason: one row has them all. */
static bool same_unasked(const struct audit_unasked *a, const struct audit_unasked *b)
{
	const char *p = port_of(a), *q = port_of(b);
	return p && q && strcmp(p, q) == 0 && strcmp(a->why, b->why) == 0;
}

static bool is_of_others(const struct audit_report *r, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same_unasked(&r->unasked[i], &r->unasked[at]))
			return true;
	return false;
}

/* "E02, E03, E04 and 9 more forms, port 587" */
static const char *unasked_text(struct arena *a, const struct audit_report *r, size_t at)
{
	const struct audit_unasked *first = &r->unasked[at];
	const char *names = "";
	size_t n = 0;
	for (size_t i = at; i < r->unasked_n; i++) {
		const struct audit_unasked *u = &r->unasked[i];
		if (same_unasked(first, u) && n++ < FORMS_NAMED_MAX)
			names = arena_printf(a, "%s%s%.*s", names, n > 1 ? ", " : "",
			                     (int)(port_of(u) - u->what), u->what);
	}
	if (n <= 1)
		return first->what;
	return n <= FORMS_NAMED_MAX ? arena_printf(a, "%s%s", names, port_of(first))
	       : arena_printf(a, "%s and %zu more forms%s", names, n - FORMS_NAMED_MAX,
	                      port_of(first));
}

static void add_unasked(struct page_maker *m)
{
	static const char *const heads[] = { "What", "Why" };
	const struct audit_report *r = m->report;
	if (r->unasked_n == 0)
		return;
	page_heading(m->page, "What could not be asked");
	page_table(m->page, heads, 2);
	for (size_t i = 0; i < r->unasked_n; i++) {
		if (is_of_others(r, i))
			continue;
		struct page_cell cells[] = { cell_of(unasked_text(m->arena, r, i), "", ""),
		                             cell_of(r->unasked[i].why, "", "") };
		page_row(m->page, PAGE_PLAIN, cells);
	}
}

static void add_how(struct page_maker *m)
{
	const struct audit_report *r = m->report;
	page_heading(m->page, "How it was asked");
	if (r->how[0])
		page_fact(m->page, "How", "%s", r->how);
	if (r->version[upstream_length(r->version)])
		page_fact(m->page, "Version", "%s", r->version);
	if (m->asked)
		page_text(m->page, "Each client of the tables spoke from an address of its kind: "
		          "EHLO, MAIL and RCPT, never DATA. No message was sent. A refusal counts "
		          "if it is the relay rule's, and if mail for a user of this server was "
		          "taken in the same session.");
}

void audit_report_page(const struct audit_report *report, struct page *page)
{
	struct page_maker m = { .report = report, .arena = report->arena, .page = page };
	page_init(page, report->arena, str_of(title_text(report, report->arena)));
	for (size_t i = 0; i < report->row_n; i++)
		m.asked |= report->rows[i].plain != AUDIT_UNSAID;
	add_verdict(&m);
	add_who(&m);
	for (size_t i = 0; i < report->finding_n; i++)
		add_finding(&m, &report->findings[i]);
	add_rows(&m);
	add_unasked(&m);
	add_how(&m);
}
