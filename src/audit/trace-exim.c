/* SPDX-License-Identifier: ISC
 *
 * The trace of `exim -bh`: which statement of which ACL decided on the last command.
 *
 *     >>> using ACL "acl_check_rcpt"
 *     >>> processing "accept" (/etc/exim4/exim4.conf 44)
 *     >>> check hosts = +relay_from_hosts
 *     >>> accept: condition test succeeded in ACL "acl_check_rcpt"
 *     >>> end of ACL "acl_check_rcpt": ACCEPT
 */
#include "audit/trace.h"

#include "base/err.h"

enum { DEPTH_MAX = 16 };                 /* "acl =" within an ACL; Exim allows 20 */

static const struct str mark = { ">>> ", 4 };

/* One ACL within another. */
struct level {
	struct audit_trace_acl now;      /* the statement that is asked */
};

struct tracing {
	const char *wanted;
	struct level levels[DEPTH_MAX];
	size_t depth;                    /* 0: in no ACL; may be beyond DEPTH_MAX */
	struct audit_trace_acl taken;
	bool is_taken;
};

static struct level *level_of(struct tracing *t)
{
	return t->depth && t->depth <= DEPTH_MAX ? &t->levels[t->depth - 1] : NULL;
}

/* Of "\"x\" y" the x; the rest behind it. */
static bool quoted_take(struct str *text, struct str *out)
{
	if (!str_prefix(*text, STR("\"")))
		return false;
	*text = str_from(*text, 1);
	size_t end = str_find(*text, '"');
	if (end == SIZE_MAX)
		return false;
	*out = (struct str){ text->p, end };
	*text = str_trim(str_from(*text, end + 1));
	return true;
}

/* "(/etc/exim4/exim4.conf 44)", which versions before 4.93 do not print. */
static void place_take(struct str text, struct audit_trace_acl *at)
{
	uint64_t line;
	size_t space = SIZE_MAX;
	if (text.n < 2 || text.p[0] != '(' || text.p[text.n - 1] != ')')
		return;
	text = (struct str){ text.p + 1, text.n - 2 };
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ' ')
			space = i;
	if (space == SIZE_MAX || str_u64(str_from(text, space + 1), UINT32_MAX, &line) != ERR_OK)
		return;
	at->file = (struct str){ text.p, space };
	at->line = (unsigned)line;
}

static bool is_wanted(const struct tracing *t, struct str acl)
{
	return !t->wanted || str_eq(acl, str_of(t->wanted));
}

static void acl_begins(struct tracing *t, struct str text)
{
	struct str name = { 0 };
	quoted_take(&text, &name);
	t->depth++;
	if (level_of(t))
		level_of(t)->now = (struct audit_trace_acl){ .acl = name };
	if (t->depth == 1 && is_wanted(t, name))
		t->is_taken = false;
}

static void statement_begins(struct tracing *t, struct str text)
{
	struct level *l = level_of(t);
	struct str verb = { 0 };
	if (!l || !quoted_take(&text, &verb))
		return;
	l->now = (struct audit_trace_acl){ .acl = l->now.acl, .verb = verb };
	place_take(text, &l->now);
}

/* How it ended. An ACL within another is a condition of that one's statement, which stands for
 * it. */
static void acl_ends(struct tracing *t, bool taken)
{
	const struct level *l = level_of(t);
	if (t->depth == 1 && l && taken && is_wanted(t, l->now.acl)) {
		t->taken = l->now;
		t->is_taken = true;
	}
	if (t->depth)
		t->depth--;
}

/* What a statement does, not asks; the trace calls both a check. */
static bool is_modifier(struct str line)
{
	static const char *const modifiers[] = {
		"control", "set", "add_header", "remove_header", "delay", "logwrite", "log_message",
		"log_reject_target", "message", "endpass", "queue", "continue", "udpsend",
	};
	struct str word;
	if (!str_token(&line, " =", &word))
		return false;
	for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++)
		if (str_eq(word, str_of(modifiers[i])))
			return true;
	return false;
}

/* "accept: condition test succeeded in ACL "x"", and then the ACL ends, as it does by "discard". */
static void line_take(struct tracing *t, struct str line)
{
	static const struct str using = { "using ACL ", 10 }, processing = { "processing ", 11 },
		check = { "check ", 6 }, end = { "end of ACL ", 11 };
	struct level *l = level_of(t);
	struct str name;
	if (str_prefix(line, using)) {
		acl_begins(t, str_from(line, using.n));
	} else if (str_prefix(line, processing)) {
		statement_begins(t, str_from(line, processing.n));
	} else if (l && str_prefix(line, check)) {
		line = str_trim(str_from(line, check.n));
		if (!is_modifier(line))
			l->now.condition = line;
	} else if (str_prefix(line, end)) {
		line = str_from(line, end.n);
		if (quoted_take(&line, &name))
			acl_ends(t, str_eq(line, STR(": ACCEPT")) || str_eq(line, STR(": OK")));
	}
}

bool audit_trace_exim(struct str trace, const char *name, struct audit_trace_acl *acl)
{
	struct tracing t = { .wanted = name };
	struct str line;
	while (str_token(&trace, "\n", &line)) {
		while (str_prefix(line, mark))
			line = str_from(line, mark.n);
		line_take(&t, str_trim(line));
	}
	*acl = t.is_taken ? t.taken : (struct audit_trace_acl){ 0 };
	return t.is_taken;
}
