/* SPDX-License-Identifier: ISC
 *
 * The input byte by byte; the header by mail/header.h, its addresses by gmime.
 */
#include "cli/letter.h"

#include "base/clock.h"
#include "base/mem.h"
#include "mail/header.h"
#include "mail/mime.h"

#include <assert.h>
#include <gmime/gmime.h>
#include <stdlib.h>

/* ---- as it comes in ----------------------------------------------------------------------- */

static void end_line(struct letter_input *in)
{
	if (in->dot && !in->no_dot) {
		in->ended = true;
		return;
	}
	if (in->dot)
		buf_add_byte(&in->text, '.');
	buf_add_byte(&in->text, '\n');
	in->dot = in->inside = false;
}

static void take_byte(struct letter_input *in, char c)
{
	const bool after_cr = in->cr;
	in->cr = c == '\r';
	if (c == '\n' && after_cr)
		return;
	if (c == '\n' || c == '\r') {
		end_line(in);
	} else if (c == '.' && !in->inside && !in->dot) {
		in->dot = true;
	} else if (c != '\0') {
		if (in->dot)
			buf_add_byte(&in->text, '.');
		in->dot = false;
		in->inside = true;
		buf_add_byte(&in->text, c);
	}
}

bool letter_take(struct letter_input *in, struct str bytes)
{
	for (size_t i = 0; i < bytes.n && !in->ended; i++)
		take_byte(in, bytes.p[i]);
	in->too_long |= in->text.n > LETTER_BYTES_MAX;
	return !in->ended && !in->too_long;
}

void letter_finish(struct letter_input *in)
{
	if (!in->ended && (in->inside || in->dot))
		end_line(in);
	in->ended = true;
}

/* ---- addresses ---------------------------------------------------------------------------- */

void letter_qualify(struct str address, const char *hostname, struct buf *out)
{
	buf_add_str(out, address);
	if (address.n > 0 && str_find(address, '@') == SIZE_MAX)
		buf_printf(out, "@%s", hostname);
}

static void add_recipient(struct letter_recipients *r, struct str address, const char *hostname)
{
	struct buf whole = { 0 };
	letter_qualify(address, hostname, &whole);
	bool known = false;
	for (size_t i = 0; i < r->n && !known; i++)
		known = strcmp(r->v[i], buf_cstr(&whole)) == 0;
	if (!known && r->n == LETTER_RECIPIENTS_MAX)
		r->too_many = true;
	else if (!known && whole.n > 0)
		r->v[r->n++] = mem_strdup(buf_cstr(&whole));
	buf_fini(&whole);
}

/* The mailboxes, those in groups, too; a group may be empty ("undisclosed-recipients:;"). */
static void add_list(struct letter_recipients *r, InternetAddressList *list, const char *hostname,
                     unsigned depth)
{
	enum { DEPTH_MAX = 4 };
	const int n = list && depth < DEPTH_MAX ? internet_address_list_length(list) : 0;
	for (int i = 0; i < n && !r->too_many; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_GROUP(address))
			add_list(r, internet_address_group_get_members(
				INTERNET_ADDRESS_GROUP(address)), hostname, depth + 1);
		else
			add_recipient(r, str_of(internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(address))), hostname);
	}
}

static InternetAddressList *parse_list(struct str value)
{
	char *text = mem_alloc(value.n + 1);
	InternetAddressList *list = NULL;
	if (value.n <= LETTER_FIELD_MAX) {
		header_unfold(value, text, value.n + 1);
		list = mime_addresses(text);
	}
	free(text);
	return list;
}

void letter_add_recipients(struct letter_recipients *r, struct str text, const char *hostname)
{
	InternetAddressList *list = parse_list(text);
	if (list && internet_address_list_length(list) > 0)
		add_list(r, list, hostname, 0);
	else if (!r->wrong && str_trim(text).n > 0)
		r->wrong = mem_strndup(text.p, text.n);
	if (list)
		g_object_unref(list);
}

/* The header ends at its empty line or at the first line that is no field. */
static bool next_field(struct header_cursor *c, struct header_field *f, size_t *body)
{
	*body = c->at;
	if (!header_next(c, f)) {
		*body = c->at;
		return false;
	}
	return !f->odd;
}

static bool is_one_of(const struct header_field *f, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (header_is(f, str_of(names[i])))
			return true;
	return false;
}

static const char *const to_fields[] = { "To", "Cc", "Bcc" };
static const char *const resent_fields[] = { "Resent-To", "Resent-Cc", "Resent-Bcc" };

static size_t take_from_fields(struct letter_recipients *r, struct str text,
                               const char *const *names, const char *hostname)
{
	struct header_cursor c;
	struct header_field f;
	size_t body, found = 0;
	header_begin(&c, text);
	while (next_field(&c, &f, &body)) {
		if (!is_one_of(&f, names, 3))
			continue;
		found++;
		letter_add_recipients(r, f.value, hostname);
	}
	return found;
}

void letter_recipients_of(struct letter_recipients *r, struct str text, const char *hostname)
{
	if (take_from_fields(r, text, resent_fields, hostname) == 0)
		take_from_fields(r, text, to_fields, hostname);
}

void letter_recipients_fini(struct letter_recipients *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i]);
	free(r->wrong);
	*r = (struct letter_recipients){ 0 };
}

/* ---- as it goes out ----------------------------------------------------------------------- */

/* Whether an address of the list is not as mail has it: without a domain, or with a name that is
 * no ASCII, or behind it ("root (Cron Daemon)"). */
static bool is_unfinished(InternetAddressList *list, struct str value)
{
	const int n = list ? internet_address_list_length(list) : 0;
	bool unfinished = !str_is_ascii(value) || str_find(value, '(') != SIZE_MAX;
	for (int i = 0; i < n; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_GROUP(address))
			return false;
		unfinished |= !strchr(internet_address_mailbox_get_addr(
			INTERNET_ADDRESS_MAILBOX(address)), '@');
	}
	return n > 0 && unfinished;
}

static void add_mailbox(struct mime_field *f, struct str name, struct str address,
                        const char *hostname, bool last)
{
	struct buf word = { 0 };
	if (name.n > 0)
		mime_field_phrase(f, name);
	buf_add_byte(&word, '<');
	letter_qualify(address, hostname, &word);
	buf_add_cstr(&word, last ? ">" : ">,");
	mime_field_word(f, buf_str(&word));
	buf_fini(&word);
}

static void add_finished(InternetAddressList *list, struct str field_name, const char *hostname,
                         struct buf *out)
{
	const int n = internet_address_list_length(list);
	char *name = mem_strndup(field_name.p, field_name.n);
	struct mime_field f;
	mime_field_begin(&f, name, out);
	for (int i = 0; i < n; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		add_mailbox(&f, str_of(internet_address_get_name(address)),
		            str_of(internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(address))), hostname, i + 1 == n);
	}
	mime_field_end(&f);
	free(name);
}

static void add_addresses(const struct header_field *field, const char *hostname, struct buf *out)
{
	InternetAddressList *list = parse_list(field->value);
	if (is_unfinished(list, field->value)) {
		add_finished(list, field->name, hostname, out);
	} else {
		buf_add_str(out, field->line);
		buf_add_byte(out, '\n');
	}
	if (list)
		g_object_unref(list);
}

static void add_missing(const struct letter_facts *facts, bool from, bool date, bool id,
                        struct buf *out)
{
	char text[CLOCK_TEXT_MAX];
	if (!from) {
		struct mime_field f;
		mime_field_begin(&f, "From", out);
		add_mailbox(&f, str_of(facts->name), str_of(facts->sender[0] ? facts->sender
		            : facts->author), facts->hostname, true);
		mime_field_end(&f);
	}
	if (!date)
		buf_printf(out, "Date: %s\n", clock_format_mail(facts->now_s, text));
	if (!id)
		buf_printf(out, "Message-ID: <%s@%s>\n", facts->id, facts->hostname);
}

void letter_write(struct str text, const struct letter_facts *facts, struct buf *out)
{
	static const char *const hidden[] = { "Bcc", "Resent-Bcc" };
	static const char *const addresses[] = { "From", "Sender", "Reply-To", "To", "Cc" };
	struct header_cursor c;
	struct header_field f;
	size_t body;
	bool from = false, date = false, id = false;
	header_begin(&c, text);
	while (next_field(&c, &f, &body)) {
		from |= header_is(&f, STR("From"));
		date |= header_is(&f, STR("Date"));
		id |= header_is(&f, STR("Message-ID"));
		if (is_one_of(&f, hidden, 2))
			continue;
		if (is_one_of(&f, addresses, 5)) {
			add_addresses(&f, facts->hostname, out);
		} else {
			buf_add_str(out, f.line);
			buf_add_byte(out, '\n');
		}
	}
	add_missing(facts, from, date, id, out);
	buf_add_byte(out, '\n');
	buf_add_str(out, str_from(text, body));
}
