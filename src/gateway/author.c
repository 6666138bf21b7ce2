/* SPDX-License-Identifier: ISC
 *
 * The header gone through once, then the addresses of the fields that say whose it is: read by the
 * narrow grammar below, held against gmime's reading, and asked for at the directory.
 */
#include "gateway/author.h"

#include "base/clock.h"
#include "mail/header.h"
#include "mail/lexical.h"
#include "mail/mime.h"

#include <assert.h>
#include <gmime/gmime.h>

/* ---- refusals ---------------------------------------------------------------------------- */

enum verdict {
	FINE, NOT_OWNED, NOT_NOW, NOT_PLAIN, SENDER_NOT_PLAIN, TWICE, TOO_MANY, NO_FROM, NO_HEADER,
};

static const struct { int code; const char *enhanced, *text; } refusals[] = {
	[FINE] = { 0, NULL, NULL },
	[NOT_OWNED] = { 550, "5.7.1", "From and Sender, and Resent-From and Resent-Sender, must "
	                "be addresses of the account that sends" },
	[NOT_NOW] = { 451, "4.3.0", "Whose the address in From is cannot be found out now; try "
	              "again later" },
	[NOT_PLAIN] = { 550, "5.7.1", "From and Resent-From must be plain addresses, as: Name "
	                "<user@example.org>" },
	[SENDER_NOT_PLAIN] = { 550, "5.7.1", "Sender and Resent-Sender must be one plain address, "
	                       "as: Name <user@example.org>" },
	[TWICE] = { 550, "5.7.1", "From and Sender must each stand once in the header" },
	[TOO_MANY] = { 550, "5.7.1", "The header has too many of Resent-From and Resent-Sender" },
	[NO_FROM] = { 550, "5.7.1", "The message has no From" },
	[NO_HEADER] = { 550, "5.6.0", "The header holds a line that is no field" },
};

/* ---- the addresses of a field ------------------------------------------------------------- */

struct reading {
	struct str rest;              /* unfolded, on one line */
	bool utf8;
	struct str addresses[GATEWAY_AUTHORS_MAX];
	size_t count;
};

/* Of a display name: atoms and dots (RFC 5322 3.2.3, 4.1), and UTF-8 where it may stand. */
static bool is_atom(unsigned char c, bool utf8)
{
	return ascii_isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c)) || (c >= 0x80 && utf8);
}

/* A comment in which nobody can see an address, a quote or another comment. */
static bool take_comment(struct str *s)
{
	size_t i = 1;
	while (i < s->n && s->p[i] != ')' && !strchr("(\\\"@<>,;:", s->p[i]))
		i++;
	if (i == s->n || s->p[i] != ')')
		return false;
	*s = str_from(*s, i + 1);
	return true;
}

static bool take_quoted(struct str *s)
{
	const size_t n = lexical_quoted(*s);
	*s = str_from(*s, n);
	return n > 0;
}

static struct str take_atom(struct str *s, bool utf8)
{
	size_t n = 0;
	while (n < s->n && is_atom((unsigned char)s->p[n], utf8))
		n++;
	const struct str atom = { s->p, n };
	*s = str_from(*s, n);
	return atom;
}

/* "a@b.example", which ends at `end`. */
static bool take_address(struct reading *r, struct str local, char end)
{
	const char *begin = local.p;
	if (r->rest.n == 0 || r->rest.p[0] != '@' || local.n == 0 ||
	    r->count == GATEWAY_AUTHORS_MAX)
		return false;
	r->rest = str_from(r->rest, 1);
	const struct str domain = take_atom(&r->rest, r->utf8);
	if (end && (r->rest.n == 0 || r->rest.p[0] != end))
		return false;
	r->addresses[r->count++] = (struct str){ begin, local.n + 1 + domain.n };
	if (end)
		r->rest = str_from(r->rest, 1);
	return true;
}

static bool take_angle(struct reading *r)
{
	r->rest = str_from(r->rest, 1);
	const struct str local = take_atom(&r->rest, r->utf8);
	return take_address(r, local, '>');
}

/* One mailbox, with a name in front or none, up to its comma or the end. */
static bool take_mailbox(struct reading *r)
{
	const size_t before = r->count;
	bool name = false;
	while (r->rest.n > 0 && r->rest.p[0] != ',') {
		const char c = r->rest.p[0];
		if (c == ' ') {
			r->rest = str_from(r->rest, 1);
		} else if (c == '(') {
			if (!take_comment(&r->rest))
				return false;
		} else if (r->count > before) {
			return false;           /* an address ends its mailbox */
		} else if (c == '"') {
			name = true;
			if (!take_quoted(&r->rest))
				return false;
		} else if (c == '<') {
			if (!take_angle(r))
				return false;
		} else {
			const struct str atom = take_atom(&r->rest, r->utf8);
			const bool at = r->rest.n > 0 && r->rest.p[0] == '@';
			if (atom.n == 0 || (at && (name || !take_address(r, atom, '\0'))))
				return false;
			name = true;
		}
	}
	return r->count == before + 1;
}

static bool read_mailboxes(struct reading *r)
{
	while (take_mailbox(r)) {
		if (r->rest.n == 0)
			return true;
		r->rest = str_from(r->rest, 1);
	}
	return false;
}

/* No reader may find an end of the address in a name, once encoded words are read. */
static bool is_name_harmless(const char *name)
{
	for (; name && *name; name++)
		if ((unsigned char)*name < ' ' || *name == '<' || *name == '>' || *name == 0x7f)
			return false;
	return true;
}

/* Whether gmime reads the same addresses in the same order. */
static bool gmime_agrees(const char *value, const struct reading *r)
{
	InternetAddressList *list = mime_addresses(value);
	bool same = list && internet_address_list_length(list) == (int)r->count;
	for (size_t i = 0; same && i < r->count; i++) {
		InternetAddress *address = internet_address_list_get_address(list, (int)i);
		same = INTERNET_ADDRESS_IS_MAILBOX(address) &&
		       str_eq(str_of(internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(address))), r->addresses[i]) &&
		       is_name_harmless(internet_address_get_name(address));
	}
	if (list)
		g_object_unref(list);
	return same;
}

/* ---- whose they are ------------------------------------------------------------------------ */

struct asking {
	bool utf8;
	struct str account;
	const struct gateway_directory *directory;
};

static struct str take_label(struct str *s)
{
	const size_t dot = str_find(*s, '.');
	const struct str label = { s->p, dot == SIZE_MAX ? s->n : dot };
	*s = str_from(*s, dot == SIZE_MAX ? s->n : dot + 1);
	return label;
}

/* A label that is no ASCII may not be another spelling of one that is, with a character in it that
 * has no width say: programs that know nothing of that see another domain. */
static bool is_domain_honest(struct str given, struct str name)
{
	while (given.n > 0) {
		const struct str label = take_label(&given);
		if (!str_prefix(take_label(&name), STR("xn--")) && idn_is_wide(label))
			return false;
	}
	return name.n == 0;
}

static enum verdict ask_about(const struct asking *a, struct str address)
{
	struct buf text = { 0 };
	struct mail_path path;
	struct gateway_address plain;
	size_t used = 0;
	enum verdict verdict = NOT_PLAIN;
	buf_printf(&text, "<%.*s>", STR_ARG(address));
	if (mail_path_parse(buf_str(&text), a->utf8 ? MAIL_PATH_UTF8_OK : 0, &path, &used, NULL) ==
	    ERR_OK && used == text.n) {
		gateway_address_of(&path, &plain);
		if (plain.kind == GATEWAY_ADDRESS_PLAIN &&
		    is_domain_honest(path.domain, str_of(plain.domain))) {
			const enum gateway_known known =
				a->directory->owns(a->directory->arg, a->account, &plain);
			verdict = known == GATEWAY_YES ? FINE
			        : known == GATEWAY_NOT_NOW ? NOT_NOW : NOT_OWNED;
		}
	}
	buf_fini(&text);
	return verdict;
}

static bool has_bare_cr(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
			return true;
	return false;
}

/* One line with single spaces; false if what stands in it may be read in two ways. */
static bool unfold(struct str value, bool utf8, char *dst, size_t size)
{
	if (value.n >= size || memchr(value.p, '\0', value.n) || has_bare_cr(value) ||
	    (utf8 ? !str_is_utf8(value) : !str_is_ascii(value)))
		return false;
	const size_t n = header_unfold(value, dst, size);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)dst[i] < ' ' || dst[i] == 0x7f)
			return false;
	return true;
}

/* The fields that say whose a message is. */
static const struct kind {
	struct str name;
	bool once;
	size_t most;                  /* addresses in it */
	enum verdict not_plain;
} kinds[] = {
	{ { "From", 4 }, true, GATEWAY_AUTHORS_MAX, NOT_PLAIN },
	{ { "Sender", 6 }, true, 1, SENDER_NOT_PLAIN },
	{ { "Resent-From", 11 }, false, GATEWAY_AUTHORS_MAX, NOT_PLAIN },
	{ { "Resent-Sender", 13 }, false, 1, SENDER_NOT_PLAIN },
};
enum { FROM, KINDS = sizeof(kinds) / sizeof(*kinds) };

static enum verdict judge_field(const struct asking *a, const struct kind *kind, struct str value)
{
	char line[GATEWAY_AUTHOR_FIELD_MAX];
	struct reading r = { .utf8 = a->utf8 };
	if (!unfold(value, a->utf8, line, sizeof(line)))
		return kind->not_plain;
	r.rest = str_of(line);
	if (!read_mailboxes(&r) || r.count > kind->most || !gmime_agrees(line, &r))
		return kind->not_plain;
	assert(r.count > 0);
	enum verdict verdict = FINE;
	for (size_t i = 0; i < r.count && verdict == FINE; i++)
		verdict = ask_about(a, r.addresses[i]);
	return verdict == NOT_PLAIN ? kind->not_plain : verdict;
}

/* ---- the header ----------------------------------------------------------------------------- */

struct fields {
	struct author_field { const struct kind *kind; struct str value; }
		authors[GATEWAY_AUTHOR_FIELDS_MAX];
	size_t count;
	unsigned of_kind[KINDS];
	bool date, message_id, odd, too_many;
};

/* A line of white space ends the header for some readers and not for others. */
static bool has_blank_line(struct str field)
{
	struct str rest = field, line;
	while (str_token(&rest, "\n", &line))
		if (str_trim(line).n == 0)
			return true;
	return false;
}

/* "From :" is a field to some readers only. */
static bool is_spaced(const struct header_field *f)
{
	return f->line.n <= f->name.n || f->line.p[f->name.n] != ':';
}

static void note_author(struct fields *fields, const struct header_field *f)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (!header_is(f, kinds[i].name))
			continue;
		fields->of_kind[i]++;
		if (fields->count == GATEWAY_AUTHOR_FIELDS_MAX)
			fields->too_many = true;
		else
			fields->authors[fields->count++] =
				(struct author_field){ &kinds[i], f->value };
	}
}

static void read_fields(struct str message, struct fields *fields)
{
	struct header_cursor cursor;
	struct header_field f;
	header_begin(&cursor, message);
	*fields = (struct fields){ .odd = cursor.at > 0 };
	while (header_next(&cursor, &f)) {
		fields->odd |= f.odd || is_spaced(&f) || has_blank_line(f.line);
		fields->date |= header_is(&f, STR("Date"));
		fields->message_id |= header_is(&f, STR("Message-ID"));
		note_author(fields, &f);
	}
}

static enum verdict judge(const struct asking *a, const struct fields *fields, struct str sender)
{
	enum verdict verdict = FINE;
	if (fields->odd)
		return NO_HEADER;
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].once && fields->of_kind[i] > 1)
			return TWICE;
	if (fields->too_many)
		return TOO_MANY;
	if (fields->of_kind[FROM] == 0 && sender.n == 0)
		return NO_FROM;
	for (size_t i = 0; i < fields->count && verdict == FINE; i++)
		verdict = judge_field(a, fields->authors[i].kind, fields->authors[i].value);
	return verdict;
}

void gateway_author_check(struct str message, bool utf8, struct str sender, struct str account,
                          const struct gateway_directory *directory, struct gateway_author *out)
{
	const struct asking a = { utf8, account, directory };
	struct fields fields;
	assert(account.n > 0);
	read_fields(message, &fields);
	const enum verdict verdict = judge(&a, &fields, sender);
	*out = (struct gateway_author){
		.code = refusals[verdict].code, .enhanced = refusals[verdict].enhanced,
		.text = refusals[verdict].text, .lacks_from = fields.of_kind[FROM] == 0,
		.lacks_date = !fields.date, .lacks_message_id = !fields.message_id,
	};
}

void gateway_author_complete(const struct gateway_author *author, struct str sender,
                             const char *id, const char *hostname, int64_t now_s, struct buf *out)
{
	char date[CLOCK_TEXT_MAX];
	assert(author->code == 0 && (!author->lacks_from || sender.n > 0));
	if (author->lacks_from)
		buf_printf(out, "From: <%.*s>\r\n", STR_ARG(sender));
	if (author->lacks_date)
		buf_printf(out, "Date: %s\r\n", clock_format_mail(now_s, date));
	if (author->lacks_message_id)
		buf_printf(out, "Message-ID: <%s@%s>\r\n", id, hostname);
}

unsigned gateway_hops(struct str message)
{
	struct header_cursor cursor;
	struct header_field f;
	unsigned hops = 0;
	header_begin(&cursor, message);
	while (header_next(&cursor, &f))
		hops += header_is(&f, STR("Received"));
	return hops;
}
