/* SPDX-License-Identifier: ISC
 *
 * The answers of `sendmail -bt`: a line as each ruleset is entered and left, its words apart by
 * spaces.
 */
#include "audit/trace.h"

#include "base/err.h"

#include <string.h>

static const struct str returns = { "returns:", 8 }, enters = { "input:", 6 };

/* "> > check_rcpt  returns: …" without what asks for the next command. */
static struct str prompt_skip(struct str line)
{
	while (str_prefix(line, STR("> ")))
		line = str_from(line, 2);
	return str_trim(line);
}

/* Numbers and dots that stand apart: "5 . 7 . 1". */
static struct str enhanced_take(struct str words, char out[static 12])
{
	size_t n = 0, i = 0;
	while (i < words.n && (words.p[i] == ' ' || words.p[i] == '.' ||
	                       ascii_isdigit((unsigned char)words.p[i]))) {
		if (words.p[i] != ' ' && n < 11)
			out[n++] = words.p[i];
		i++;
	}
	out[n] = '\0';
	return str_trim(str_from(words, i));
}

static void text_take(struct str words, char out[static AUDIT_BT_TEXT_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < words.n && n + 1 < AUDIT_BT_TEXT_MAX; i++)
		if (words.p[i] != '"')
			out[n++] = words.p[i];
	out[n] = '\0';
}

/* Three digits before the text are its code; else the enhanced one has the first. */
static int code_of(struct audit_bt_said *said)
{
	uint64_t code = 0;
	const struct str text = str_of(said->text);
	if (text.n >= 3 && str_u64((struct str){ text.p, 3 }, 999, &code) != ERR_OK)
		code = 0;
	if (text.n >= 3 && code >= 400) {
		struct str rest = str_trim(str_from(text, 3));
		memmove(said->text, rest.p, rest.n);
		said->text[rest.n] = '\0';
		return (int)code;
	}
	return said->enhanced[0] == '4' ? 451 : 550;
}

/* "$# error $@ 5 . 7 . 1 $: "550 Relaying denied"". Any other mailer is one that takes it or
 * throws it away, which is not told here. */
static void said_take(struct str result, struct audit_bt_said *said)
{
	*said = (struct audit_bt_said){ .code = 250 };
	if (!str_prefix(result, STR("$#")))
		return;
	struct str rest = str_trim(str_from(result, 2));
	said->code = 0;
	if (!str_prefix(rest, STR("error")))
		return;
	rest = str_trim(str_from(rest, 5));
	if (str_prefix(rest, STR("$@")))
		rest = enhanced_take(str_trim(str_from(rest, 2)), said->enhanced);
	size_t at = str_find(rest, '$');
	if (at != SIZE_MAX && at + 1 < rest.n && rest.p[at + 1] == ':')
		rest = str_trim(str_from(rest, at + 2));
	text_take(rest, said->text);
	said->code = code_of(said);
}

static void copy_apart(char *out, size_t size, struct str words)
{
	size_t n = 0;
	for (size_t i = 0; i < words.n && n + 1 < size; i++)
		if (words.p[i] != ' ' && ascii_isprint((unsigned char)words.p[i]))
			out[n++] = words.p[i];
	out[n] = '\0';
}

/* "< 192 . 0 . 2 > < ? > < + Connect > …": what the access table is asked. */
static void key_take(struct str input, struct audit_bt_answer *a)
{
	char host[AUDIT_BT_NAME_MAX], tag[AUDIT_BT_NAME_MAX] = "";
	size_t end = str_find(input, '>');
	if (!str_prefix(input, STR("<")) || end == SIZE_MAX || end < 1)
		return;
	copy_apart(host, sizeof(host), (struct str){ input.p + 1, end - 1 });
	size_t plus = str_search(input, STR("< + "));
	if (plus != SIZE_MAX) {
		struct str rest = str_from(input, plus + 4);
		size_t n = str_find(rest, '>');
		copy_apart(tag, sizeof(tag), (struct str){ rest.p, n == SIZE_MAX ? rest.n : n });
	}
	struct buf key = { 0 };
	buf_printf(&key, "%s%s%s", tag, tag[0] ? ":" : "", host);
	copy_apart(a->key, sizeof(a->key), buf_str(&key));
	buf_fini(&key);
}

/* Of each question the first ruleset that ends in taking it: the others pass that on. */
struct reading {
	struct audit_bt_answer *now;
	bool settled, by_table;
};

static bool is_table(struct str name)
{
	return str_eq(name, STR("A")) || str_eq(name, STR("D")) || str_eq(name, STR("F")) ||
	       str_eq(name, STR("U"));
}

static bool is_taken(struct str result)
{
	return str_eq(result, STR("RELAY")) || str_eq(result, STR("OK")) ||
	       str_prefix(result, STR("< RELAY >")) || str_prefix(result, STR("< OK >"));
}

/* RelayTLS, tls_client and the like say OK or NO of something else. */
static bool is_about_relay(struct str name)
{
	return !str_caseprefix(name, STR("TLS_")) && !str_eq(name, STR("RelayTLS"));
}

static void ruleset_left(struct reading *r, struct str name, struct str result)
{
	struct audit_bt_answer *a = r->now;
	if (!r->settled && is_taken(result) && is_about_relay(name)) {
		/* The table's own ruleset says so first: who asked it comes next. */
		if (is_table(name)) {
			r->by_table = true;
		} else {
			copy_apart(a->ruleset, sizeof(a->ruleset), name);
			r->settled = true;
			if (!r->by_table)
				a->key[0] = '\0';
		}
	}
	if (str_eq(name, STR("check_relay")))
		said_take(result, &a->relay);
	else if (str_eq(name, STR("check_mail")))
		said_take(result, &a->mail);
	else if (str_eq(name, STR("check_rcpt")))
		said_take(result, &a->rcpt);
}

static void ruleset_entered(struct reading *r, struct str name, struct str input)
{
	if (str_eq(name, STR("check_rcpt"))) {
		r->settled = r->by_table = false;
		r->now->ruleset[0] = r->now->key[0] = '\0';
	} else if (!r->settled && !r->by_table && is_table(name)) {
		key_take(input, r->now);
	}
}

/* A configuration without that ruleset asks nothing there. */
static void ruleset_missing(struct audit_bt_answer *a, struct str name)
{
	struct audit_bt_said *said = str_eq(name, STR("check_relay")) ? &a->relay
	                           : str_eq(name, STR("check_mail")) ? &a->mail
	                           : str_eq(name, STR("check_rcpt")) ? &a->rcpt : NULL;
	if (said)
		*said = (struct audit_bt_said){ .code = 250 };
}

static void line_take(struct reading *r, struct str line)
{
	static const struct str undefined = { "Undefined ruleset ", 18 };
	struct str name, rest = line;
	if (str_prefix(line, undefined)) {
		ruleset_missing(r->now, str_trim(str_from(line, undefined.n)));
		return;
	}
	if (!str_token(&rest, " ", &name))
		return;
	rest = str_trim(rest);
	if (str_prefix(rest, returns))
		ruleset_left(r, name, str_trim(str_from(rest, returns.n)));
	else if (str_prefix(rest, enters))
		ruleset_entered(r, name, str_trim(str_from(rest, enters.n)));
}

static const struct str mark = { AUDIT_BT_MARK, sizeof(AUDIT_BT_MARK) - 1 };

static bool is_mark(struct str line)
{
	return line.n > mark.n && str_prefix(line, mark) &&
	       ascii_isdigit((unsigned char)line.p[mark.n]);
}

/* NULL: of a question that nobody asked. */
static struct audit_bt_answer *marked(struct str line, struct audit_bt_answer *answers, size_t n)
{
	uint64_t i;
	return str_u64(str_from(line, mark.n), UINT32_MAX, &i) == ERR_OK && i < n ? &answers[i]
	                                                                       : NULL;
}

bool audit_trace_sendmail(struct str output, struct audit_bt_answer *answers, size_t n)
{
	struct reading r = { 0 };
	struct str line;
	bool denied = false;
	for (size_t i = 0; i < n; i++)
		answers[i] = (struct audit_bt_answer){ 0 };
	while (str_token(&output, "\n", &line)) {
		line = prompt_skip(line);
		denied |= str_search(line, STR("Permission denied")) != SIZE_MAX;
		if (is_mark(line))
			r = (struct reading){ .now = marked(line, answers, n) };
		else if (r.now)
			line_take(&r, line);
	}
	return denied;
}
