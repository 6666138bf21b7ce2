/* SPDX-License-Identifier: ISC
 *
 * sendmail.mc: calls of macros at the top level, as cf/README has them, and the lines that go
 * into sendmail.cf as they are. "#" is no comment there for m4 (cf.m4 takes that away): a FEATURE
 * behind it counts.
 */
#include "audit/sendmail-private.h"

#include <assert.h>

enum { ARGS_MAX = 8 };

struct call {
	struct str name, args[ARGS_MAX];
	size_t n;
	struct audit_place place;
};

static bool in_word(char c)
{
	return ascii_isalnum((unsigned char)c) || c == '_';
}

/* Behind the quote that ends what `text` begins with, "`a `b' c'". */
static size_t past_quoted(struct str text)
{
	size_t depth = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '`')
			depth++;
		else if (text.p[i] == '\'' && --depth == 0)
			return i + 1;
	}
	return text.n;
}

static struct str unquote(struct str arg)
{
	while (arg.n && ascii_isspace(arg.p[0]))
		arg = str_from(arg, 1);
	if (arg.n > 1 && arg.p[0] == '`' && arg.p[arg.n - 1] == '\'')
		return (struct str){ arg.p + 1, arg.n - 2 };
	return arg;
}

static void add_arg(struct call *call, struct str text, size_t from, size_t to)
{
	if (call->n < ARGS_MAX)
		call->args[call->n++] = unquote((struct str){ text.p + from, to - from });
}

/* The arguments behind the parenthesis that `text` begins with; how many bytes. */
static size_t take_args(struct call *call, struct str text)
{
	size_t depth = 0, from = 1, i = 0;
	while (i < text.n) {
		char c = text.p[i];
		if (c == '`') {
			i += past_quoted(str_from(text, i));
			continue;
		}
		if (c == '(')
			depth++;
		if (c == ',' && depth == 1) {
			add_arg(call, text, from, i);
			from = i + 1;
		}
		if (c == ')' && --depth == 0) {
			add_arg(call, text, from, i);
			return i + 1;
		}
		i++;
	}
	return i;
}

static void take_feature(struct sendmail *s, const struct call *call)
{
	struct gather *g = s->g;
	sendmail_macro(s, SENDMAIL_FEATURE, call->args[0], &call->place);
	if (s->from_cf && !sendmail_feature(s, arena_strdup(g->a, call->args[0])))
		return;
	sendmail_add(s, SENDMAIL_FEATURE, call->args[0], call->n > 1 ? call->args[1] : STR(""),
	             &call->place);
	if (str_eq(call->args[0], STR("use_cw_file")) && !s->own_file)
		s->own_file = "/etc/mail/local-host-names";
	if (!s->from_cf && str_eq(call->args[0], STR("access_db"))) {
		struct str map = call->n > 1 ? call->args[1] : STR(""), word;
		s->access_file = "/etc/mail/access";
		while (str_word(&map, &word))
			if (word.p[0] == '/')
				s->access_file = arena_strdup(g->a, word);
	}
	if (str_eq(call->args[0], STR("relay_mail_from")) && call->n > 1)
		gather_setting(g, call->args[0], call->args[1], "", &call->place);
}

static void take_define(struct sendmail *s, const struct call *call)
{
	if (call->n < 2)
		return;
	if (!s->from_cf && str_eq(call->args[0], STR("confDONT_PROBE_INTERFACES")))
		s->no_probe = str_caseprefix(call->args[1], STR("t"));
	if (str_eq(call->args[0], STR("confCR_FILE")))
		s->relay_file = arena_strdup(s->g->a, call->args[1]);
	else if (str_eq(call->args[0], STR("confCW_FILE")))
		s->own_file = arena_strdup(s->g->a, call->args[1]);
	if (!s->from_cf)
		gather_setting(s->g, call->args[0], call->args[1], "", &call->place);
}

static void take_include(struct sendmail *s, const struct call *call, unsigned depth)
{
	const char *name = arena_strdup(s->g->a, call->args[0]);
	if (str_prefix(call->args[0], STR("/usr/share/sendmail/cf/m4/")))
		return;
	s->macros_unsure |= name[0] != '/' || depth >= AUDIT_DEPTH_MAX;
	if (name[0] != '/')
		gather_unread_at(s->g, &call->place, "an include without a whole path");
	else if (depth >= AUDIT_DEPTH_MAX)
		gather_cut_at(s->g, &call->place, "includes within includes, too deep");
	else
		sendmail_read_mc(s, name, depth + 1);
}

static void take_mechanisms(struct sendmail *s, const struct call *call)
{
	gather_setting(s->g, call->name, call->args[0], "", &call->place);
	sendmail_macro(s, SENDMAIL_MECHANISM, call->args[0], &call->place);
	if (!s->from_cf)
		sendmail_add_words(s, SENDMAIL_MECHANISM, call->args[0], &call->place);
}

static void take_relayed(struct sendmail *s, const struct call *call)
{
	sendmail_macro(s, SENDMAIL_RELAY, call->args[0], &call->place);
	if (!s->from_cf)
		sendmail_add_words(s, SENDMAIL_RELAY, call->args[0], &call->place);
}

static void take_call(struct sendmail *s, const struct call *call, unsigned depth)
{
	struct str name = call->name;
	if (!call->n)
		return;
	/* These also stand in sendmail.cf, if there is one. Here they get the line to change. */
	if (str_eq(name, STR("FEATURE")))
		take_feature(s, call);
	else if (str_eq(name, STR("define")))
		take_define(s, call);
	else if (str_eq(name, STR("include")) || str_eq(name, STR("sinclude")))
		take_include(s, call, depth);
	else if (str_eq(name, STR("DOMAIN")) || str_eq(name, STR("HACK")))
		s->macros_unsure |= !str_prefix(call->args[0], STR("debian-"));
	else if (str_eq(name, STR("TRUST_AUTH_MECH")))
		take_mechanisms(s, call);
	else if (str_eq(name, STR("RELAY_DOMAIN")))
		take_relayed(s, call);
	else if (s->from_cf)
		return;
	else if (str_eq(name, STR("DAEMON_OPTIONS")))
		sendmail_daemon(s, call->args[0], &call->place);
	else if (str_eq(name, STR("RELAY_DOMAIN_FILE")))
		sendmail_class_file(s, SENDMAIL_RELAY, call->args[0]);
	else if (str_eq(name, STR("LOCAL_DOMAIN")))
		sendmail_add_words(s, SENDMAIL_OWN, call->args[0], &call->place);
}

struct scan {
	const char *file;
	struct str text;
	size_t at;
	unsigned line;
	bool diverted;
};

static void pass(struct scan *scan, size_t n)
{
	for (size_t i = 0; i < n; i++)
		scan->line += scan->text.p[scan->at + i] == '\n';
	scan->at += n;
	assert(scan->at <= scan->text.n);
}

static size_t line_length(struct str rest)
{
	size_t end = str_find(rest, '\n');
	return end == SIZE_MAX ? rest.n : end;
}

/* An identifier, with its arguments if it is called. */
static void scan_word(struct sendmail *s, struct scan *scan, unsigned depth)
{
	struct str rest = str_from(scan->text, scan->at);
	size_t n = 0;
	while (n < rest.n && in_word(rest.p[n]))
		n++;
	struct call call = { .name = { rest.p, n } };
	if (str_eq(call.name, STR("dnl"))) {
		pass(scan, line_length(rest));
		return;
	}
	if (n == rest.n || rest.p[n] != '(') {
		pass(scan, n);
		return;
	}
	n += take_args(&call, str_from(rest, n));
	call.place = (struct audit_place){ scan->file, scan->line, "" };
	if (n > AUDIT_LINE_MAX_BYTES)
		gather_cut_at(s->g, &call.place, "it is too long");
	else if (str_eq(call.name, STR("divert")))
		scan->diverted = call.n && call.args[0].n && call.args[0].p[0] == '-';
	else if (!scan->diverted || str_eq(call.name, STR("define"))) {
		call.place.text = gather_text(s->g, (struct str){ rest.p, n });
		take_call(s, &call, depth);
	}
	pass(scan, n);
}

/* A line for sendmail.cf: "C{R}example.com", "FR/etc/mail/more". */
static bool scan_raw(struct sendmail *s, struct scan *scan)
{
	struct str rest = str_from(scan->text, scan->at);
	bool begins = !scan->at || scan->text.p[scan->at - 1] == '\n';
	if (!begins || scan->diverted || rest.n < 2 || !strchr("CFKO", rest.p[0]))
		return false;
	size_t n = line_length(rest);
	struct str line = { rest.p, n };
	bool braces = rest.p[1] == '{' && rest.p[0] != 'O' && rest.p[0] != 'K';
	bool letter = (rest.p[0] == 'C' || rest.p[0] == 'F') && strchr("Rwm", rest.p[1]);
	bool option = rest.p[0] == 'O' && rest.p[1] == ' ';
	bool map = str_prefix(line, STR("Kaccess "));
	if (!braces && !letter && !option && !map)
		return false;
	size_t comment = str_search(line, STR("dnl"));
	if (comment != SIZE_MAX)
		line.n = comment;
	struct audit_place place = { scan->file, scan->line, gather_text(s->g, line) };
	if (!s->from_cf)
		sendmail_cf_line(s, line, &place);
	else
		s->macros_unsure = true;
	pass(scan, n);
	return true;
}

int sendmail_read_mc(struct sendmail *s, const char *file, unsigned depth)
{
	struct scan scan = { .file = file, .line = 1 };
	int err = gather_file(s->g, file, depth > 0 || s->from_cf, &scan.text);
	if (err != ERR_OK) {
		s->macros_unsure |= depth > 0;
		return err;
	}
	s->macros_read |= scan.text.n > 0;
	while (scan.at < scan.text.n) {
		char c = scan.text.p[scan.at];
		if (scan_raw(s, &scan))
			continue;
		if (c == '`')
			pass(&scan, past_quoted(str_from(scan.text, scan.at)));
		else if (in_word(c))
			scan_word(s, &scan, depth);
		else
			pass(&scan, 1);
	}
	return ERR_OK;
}
