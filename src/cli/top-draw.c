/* SPDX-License-Identifier: ISC
 *
 * The lines of `portreeve top`: a head, the queue, what was refused and why, the lists, then as
 * many destinations and sessions as there is room for, those with most to do first.
 */
#include "cli/top-draw.h"

#include "base/mem.h"
#include "settings/health.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MIN = 40, NAME_COLUMNS = 32, LINE_COLUMNS_MAX = 512 };

struct drawing {
	const struct top_view *view;
	struct buf *out;
	struct buf line;
	unsigned left;                /* rows that are free */
};

/* ---- what is in the state ------------------------------------------------------------- */

/* The member "a.b" of an object. NULL: there is none. */
static const json_t *member(const json_t *object, const char *path)
{
	char key[64];
	for (;;) {
		size_t n = strcspn(path, ".");
		str_copy(key, sizeof(key), (struct str){ path, n });
		object = json_object_get(object, key);
		if (!object || !path[n])
			return object;
		path += n + 1;
	}
}

static int64_t number(const json_t *object, const char *path)
{
	return json_integer_value(member(object, path));
}

static struct str text(const json_t *object, const char *path)
{
	const json_t *found = member(object, path);
	return json_is_string(found)
	       ? (struct str){ json_string_value(found), json_string_length(found) } : str_of("");
}

/* ---- lines ---------------------------------------------------------------------------- */

/* The line as it stands, cut to the width. A colour is around all of it. */
static void line_end(struct drawing *d, const char *colour)
{
	size_t wide = d->view->columns > COLUMNS_MIN ? d->view->columns : COLUMNS_MIN;
	bool coloured = colour && d->view->colour;
	if (d->left) {
		d->left--;
		if (coloured)
			buf_add_cstr(d->out, colour);
		buf_add(d->out, d->line.p, d->line.n < wide ? d->line.n : wide);
		if (coloured)
			buf_add_cstr(d->out, "\033[0m");
		buf_add_byte(d->out, '\n');
	}
	buf_clear(&d->line);
}

/* Foreign text, in as many columns as are said and no more; `pad` with spaces to them. */
static void add_cell(struct drawing *d, struct str s, size_t columns, bool pad)
{
	size_t from = d->line.n;
	buf_add_escaped(&d->line, s);
	if (d->line.n > from + columns)
		d->line.n = from + columns;
	while (pad && d->line.n < from + columns)
		buf_add_byte(&d->line, ' ');
}

static void add_span(struct drawing *d, int64_t seconds)
{
	struct buf span = { 0 };
	health_span(seconds > 0 ? seconds : 0, &span);
	buf_add_str(&d->line, buf_str(&span));
	buf_fini(&span);
}

static void add_bytes(struct drawing *d, int64_t bytes)
{
	static const char units[] = { ' ', 'k', 'M', 'G', 'T' };
	double shown = (double)bytes;
	size_t unit = 0;
	for (; shown >= 1000 && unit + 1 < sizeof(units); unit++)
		shown /= 1000;
	buf_printf(&d->line, unit ? "%.1f %cB" : "%.0f%cB", shown, units[unit]);
}

/* "NAME 12" and, where there is a time before, how many a second. */
static void add_count(struct drawing *d, const char *name, const char *path)
{
	const struct top_view *v = d->view;
	int64_t now = number(v->now, path), before = number(v->before, path);
	buf_printf(&d->line, "%s %lld", name, (long long)now);
	/* Less than before: the role was started again. */
	if (v->before && v->seconds > 0 && now >= before)
		buf_printf(&d->line, " (%.1f/s)", (double)(now - before) / v->seconds);
	buf_add_cstr(&d->line, "  ");
}

struct count {
	const char *name, *path;
};

static void draw_counts(struct drawing *d, const char *head, const struct count *counts, size_t n)
{
	buf_printf(&d->line, "%-10s", head);
	for (size_t i = 0; i < n; i++)
		add_count(d, counts[i].name, counts[i].path);
	line_end(d, NULL);
}

/* ---- the parts -------------------------------------------------------------------------- */

#define COUNT_OF(a) (sizeof(a) / sizeof(*(a)))

static void draw_head(struct drawing *d)
{
	const json_t *now = d->view->now;
	static const struct count taken[] = {
		{ "messages", "counters.messages" }, { "recipients", "counters.recipients" },
		{ "logins", "counters.logins" },
	};
	buf_printf(&d->line, "portreeve top  %s  ", d->view->clock);
	add_cell(d, text(now, "hostname"), NAME_COLUMNS, false);
	buf_printf(&d->line, "  %lld sessions", (long long)number(now, "sessions_open"));
	line_end(d, "\033[1m");
	draw_counts(d, "accepted", taken, COUNT_OF(taken));
}

static void draw_queue(struct drawing *d)
{
	const json_t *now = d->view->now;
	static const struct count moved[] = {
		{ "added", "queue.added" }, { "delivered", "queue.delivered" },
		{ "deferred", "queue.deferred" }, { "failed", "queue.failed" },
		{ "notices", "queue.notices" },
	};
	buf_printf(&d->line, "%-10s%lld messages, %lld recipients, ", "queue",
	           (long long)number(now, "queue.messages"),
	           (long long)number(now, "queue.recipients"));
	add_bytes(d, number(now, "queue.bytes"));
	buf_printf(&d->line, "; %lld being tried, %lld held",
	           (long long)number(now, "queue.trying"), (long long)number(now, "queue.held"));
	if (number(now, "queue.messages")) {
		buf_add_cstr(&d->line, "; the oldest is of ");
		add_span(d, number(now, "oldest_age"));
		buf_add_cstr(&d->line, " ago");
	}
	line_end(d, NULL);
	draw_counts(d, "", moved, COUNT_OF(moved));
}

static void draw_refused(struct drawing *d)
{
	static const struct count refused[] = {
		{ "relay", "counters.relay_refused" }, { "unknown", "counters.unknown_refused" },
		{ "listed", "counters.listed_refused" }, { "sender", "counters.sender_refused" },
		{ "later", "counters.put_off" }, { "logins", "counters.logins_failed" },
		{ "size", "counters.too_big" },
	};
	draw_counts(d, "refused", refused, COUNT_OF(refused));
}

static void draw_lists(struct drawing *d)
{
	const json_t *lists = member(d->view->now, "lists"), *list;
	size_t i;
	json_array_foreach(lists, i, list) {
		bool well = json_is_true(member(list, "well"));
		buf_printf(&d->line, "%-10s", i ? "" : "lists");
		add_cell(d, text(list, "zone"), NAME_COLUMNS, true);
		buf_printf(&d->line, " asked %lld, matched %lld",
		           (long long)number(list, "asked"), (long long)number(list, "matched"));
		if (!well) {
			buf_add_cstr(&d->line, "; off: ");
			add_cell(d, text(list, "problem"), LINE_COLUMNS_MAX, false);
		}
		line_end(d, well ? NULL : "\033[31m");
	}
}

static int most_first(const json_t *a, const json_t *b, const char *path)
{
	int64_t x = number(a, path), y = number(b, path);
	return x < y ? 1 : x > y ? -1 : 0;
}

static int by_waiting(const void *a, const void *b)
{
	return most_first(*(const json_t *const *)a, *(const json_t *const *)b, "waiting");
}

static int by_age(const void *a, const void *b)
{
	return most_first(*(const json_t *const *)a, *(const json_t *const *)b, "age");
}

/* The rows of an array, sorted, as many as `most`; malloced. */
static const json_t **sorted(const json_t *array, size_t *n,
                             int (*order)(const void *, const void *))
{
	*n = json_array_size(array);
	const json_t **rows = mem_array(*n ? *n : 1, sizeof(*rows));
	for (size_t i = 0; i < *n; i++)
		rows[i] = json_array_get(array, i);
	qsort(rows, *n, sizeof(*rows), order);
	return rows;
}

static void draw_destination(struct drawing *d, const json_t *row)
{
	add_cell(d, text(row, "name"), NAME_COLUMNS, true);
	buf_printf(&d->line, " %7lld %5lld/%-5lld", (long long)number(row, "waiting"),
	           (long long)number(row, "sessions"), (long long)number(row, "limit"));
	if (number(row, "pause")) {
		buf_add_cstr(&d->line, "in ");
		add_span(d, number(row, "pause"));
		buf_add_cstr(&d->line, "  ");
	}
	add_cell(d, text(row, "why"), LINE_COLUMNS_MAX, false);
	line_end(d, NULL);
}

static void draw_destinations(struct drawing *d)
{
	size_t n;
	const json_t **rows = sorted(member(d->view->now, "destinations"), &n, by_waiting);
	if (n && d->left > 2) {
		line_end(d, NULL);
		buf_printf(&d->line, "%-*s %7s %-11s%s", NAME_COLUMNS, "DESTINATION", "WAITING",
		           " SESSIONS", "LAST FAILURE");
		line_end(d, "\033[1m");
	}
	/* Half of what is left is for the sessions. */
	size_t most = d->left / 2 > 1 ? d->left / 2 : d->left;
	for (size_t i = 0; i < n && i < most; i++)
		draw_destination(d, rows[i]);
	free(rows);
}

static void draw_session(struct drawing *d, const json_t *row)
{
	struct str account = text(row, "account");
	add_cell(d, text(row, "address"), NAME_COLUMNS, true);
	buf_add_byte(&d->line, ' ');
	add_cell(d, text(row, "listener"), 10, true);
	buf_printf(&d->line, " %s ", json_is_true(member(row, "tls")) ? "tls" : "   ");
	add_cell(d, text(row, "stage"), 8, true);
	buf_add_byte(&d->line, ' ');
	add_span(d, number(row, "age"));
	buf_add_cstr(&d->line, ", ");
	add_bytes(d, number(row, "bytes"));
	buf_add_cstr(&d->line, "  ");
	add_cell(d, account.n ? account : text(row, "helo"), LINE_COLUMNS_MAX, false);
	line_end(d, NULL);
}

static void draw_sessions(struct drawing *d)
{
	size_t n;
	const json_t **rows = sorted(member(d->view->now, "sessions"), &n, by_age);
	if (n && d->left > 2) {
		line_end(d, NULL);
		buf_printf(&d->line, "%-*s %-10s %-3s %-8s %s", NAME_COLUMNS, "CLIENT", "PORT", "",
		           "STAGE", "SINCE, BYTES, WHO");
		line_end(d, "\033[1m");
	}
	for (size_t i = 0; i < n && d->left; i++)
		draw_session(d, rows[i]);
	free(rows);
}

void top_draw(const struct top_view *view, struct buf *out)
{
	struct drawing d = { .view = view, .out = out };
	d.left = view->rows ? view->rows : UINT32_MAX;
	draw_head(&d);
	draw_queue(&d);
	draw_refused(&d);
	draw_lists(&d);
	draw_destinations(&d);
	draw_sessions(&d);
	buf_fini(&d.line);
}
