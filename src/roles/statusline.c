/* SPDX-License-Identifier: ISC
 *
 * The line is made of parts, each of which is there or not: see statusline.h.
 */
#include "roles/statusline.h"

#include <assert.h>
#include <stdio.h>

enum { KEPT_SHOWN_MAX = 120 };

static void begin_part(struct buf *out, size_t start)
{
	if (out->n > start)
		buf_add_cstr(out, "; ");
}

/* "12,345" */
static void add_count(struct buf *out, uint64_t n)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			buf_add_byte(out, ',');
		buf_add_byte(out, digits[i]);
	}
}

/* "3 roles run: tester, collector, dnsbl" */
static void add_ready(const struct running *r, struct buf *out, size_t start)
{
	size_t n = 0;
	for (size_t i = 0; i < r->count; i++)
		n += r->roles[i].state == RUNNING_READY;
	if (n == 0)
		return;
	begin_part(out, start);
	buf_printf(out, "%zu %s:", n, n == 1 ? "role runs" : "roles run");
	for (size_t i = 0, shown = 0; i < r->count; i++)
		if (r->roles[i].state == RUNNING_READY)
			buf_printf(out, "%s %s", shown++ ? "," : "", r->roles[i].name);
}

static void add_role(const struct running_role *role, int64_t now_s, struct buf *out)
{
	int64_t wait_s = role->again_s > now_s ? role->again_s - now_s : 0;
	switch (role->state) {
	case RUNNING_STARTS:
		buf_printf(out, "%s starts", role->name);
		break;
	case RUNNING_HANGS:
		buf_printf(out, "%s hangs and is ended", role->name);
		break;
	case RUNNING_WAITS:
		buf_printf(out, "%s starts again in %lld s", role->name, (long long)wait_s);
		break;
	case RUNNING_READY:
		return;
	}
	if (role->end[0])
		buf_printf(out, " (%s)", role->end);
}

static void add_words(const struct running_role *role, struct buf *out, size_t start)
{
	const struct running_word *w = &role->word;
	if (w->hangs) {
		begin_part(out, start);
		buf_printf(out, "the disk or database of %s hangs", role->name);
	}
	if (w->reach == RUNNING_REACH_BAD) {
		begin_part(out, start);
		buf_add_cstr(out, "tests are held: the collector does not answer");
	}
}

static void add_list(const struct running_role *role, struct buf *out, size_t start)
{
	if (!role->word.has_list)
		return;
	begin_part(out, start);
	add_count(out, role->word.listed);
	buf_printf(out, " listed, serial %llu", (unsigned long long)role->word.serial);
}

static void add_kept(const struct running *r, struct buf *out, size_t start)
{
	struct str why = str_of(r->kept);
	if (why.n == 0)
		return;
	begin_part(out, start);
	bool cut = why.n > KEPT_SHOWN_MAX;
	if (cut)
		why.n = KEPT_SHOWN_MAX;
	buf_add_cstr(out, "settings kept: ");
	buf_add_str(out, why);
	buf_add_cstr(out, cut ? "..." : "");
}

void statusline_format(const struct running *r, int64_t now_s, struct buf *out)
{
	size_t start = out->n;
	assert(r->count <= RUNNING_ROLES_MAX);
	if (r->stopping)
		buf_add_cstr(out, "stops");
	add_ready(r, out, start);
	for (size_t i = 0; i < r->count; i++) {
		if (r->roles[i].state == RUNNING_READY ||
		    (r->stopping && r->roles[i].state == RUNNING_WAITS))
			continue;
		begin_part(out, start);
		add_role(&r->roles[i], now_s, out);
	}
	add_kept(r, out, start);
	for (size_t i = 0; i < r->count; i++)
		if (r->roles[i].state == RUNNING_READY)
			add_words(&r->roles[i], out, start);
	for (size_t i = 0; i < r->count; i++)
		if (r->roles[i].state == RUNNING_READY)
			add_list(&r->roles[i], out, start);
	if (out->n - start > STATUSLINE_MAX) {
		out->n = start + STATUSLINE_MAX;
		out->p[out->n] = '\0';
	}
}

static bool counts_down(const struct running *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->roles[i].state == RUNNING_WAITS && !r->stopping)
			return true;
	return false;
}

int64_t statusline_wait_ms(const struct running *r, bool changed, int64_t told_ms, int64_t now_ms)
{
	int64_t every_ms = changed ? STATUSLINE_GAP_MS
	                   : counts_down(r) ? STATUSLINE_COUNT_MS : RUNNING_EVERY_MS;
	int64_t passed_ms = now_ms > told_ms ? now_ms - told_ms : 0;
	return passed_ms < every_ms ? every_ms - passed_ms : 0;
}
