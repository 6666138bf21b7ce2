/* SPDX-License-Identifier: ISC
 *
 * Who got the message, and under what names he may stand in it: as our own hosts wrote him down,
 * as the message addresses him, as links write him.
 */
#include "report/redact-private.h"

#include "base/mem.h"
#include "mail/mime.h"

#include <gmime/gmime.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum {
	NAME_MIN_BYTES = 3,          /* shorter names stand everywhere by chance */
	NAME_MAX_BYTES = 256,
	DOMAINS_MAX = 16,
	FIELD_MAX_BYTES = 8192,      /* more of one To is not read */
};

/* ---- the names ------------------------------------------------------------ */

static void redact_add_name(struct redaction *r, struct str text, struct str local)
{
	if (text.n < NAME_MIN_BYTES || text.n > NAME_MAX_BYTES ||
	    r->name_count == REDACT_NAMES_MAX)
		return;
	for (size_t i = 0; i < r->name_count; i++)
		if (str_caseeq(text, r->names[i].text))
			return;
	r->names[r->name_count++] = (struct redact_name){ text, local };
}

/* Each sign that is no letter, digit or stop as `before`, its number, `behind`. */
static struct str escaped(struct arena *a, struct str s, const char *format)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (ascii_isalnum(c) || strchr("-._~", c))
			buf_add_byte(&b, s.p[i]);
		else if (*format == '%')
			buf_printf(&b, "%%%02X", c);
		else if (c >= 0x80)
			buf_add_byte(&b, s.p[i]);
		else
			buf_printf(&b, *format == 'x' ? "&#x%x;" : "&#%u;", c);
	}
	struct str made = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return made;
}

void redact_add_person(struct redaction *r, struct arena *a, struct str local)
{
	static const char *const formats[] = { "%", "x", "d" };
	if (local.n == 0)
		return;
	redact_add_name(r, local, local);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		redact_add_name(r, escaped(a, local, formats[i]), local);
	size_t plus = str_find(local, '+');
	if (plus != SIZE_MAX)
		redact_add_name(r, (struct str){ local.p, plus }, local);
}

/* Links carry whole addresses in base64; without the padding, which the next sign may replace. */
static void add_encoded_address(struct redaction *r, struct arena *a, struct str address,
                                struct str local)
{
	unsigned char text[(NAME_MAX_BYTES + 2) / 3 * 4 + 1];
	if (address.n > NAME_MAX_BYTES || address.n <= local.n)
		return;
	EVP_EncodeBlock(text, (const unsigned char *)address.p, (int)address.n);
	size_t n = strcspn((char *)text, "=");
	redact_add_name(r, arena_str(a, (struct str){ (char *)text, n }), local);
}

/* ---- whom our side delivered to -------------------------------------------- */

struct recipients {
	struct redaction *r;
	struct arena *arena;
	struct str domains[DOMAINS_MAX];
	size_t n;
};

static struct str bare(struct str address)
{
	address = str_trim(address);
	if (address.n && address.p[0] == '<')
		address = str_from(address, 1);
	if (address.n && address.p[address.n - 1] == '>')
		address.n--;
	return address;
}

static struct str domain_behind(struct str address)
{
	for (size_t i = address.n; i > 0; i--)
		if (address.p[i - 1] == '@')
			return str_from(address, i);
	return STR("");
}

static void add_recipient(struct recipients *rs, struct str address)
{
	struct str local, domain = domain_behind(bare(address));
	if (!redact_local_of(rs->arena, address, &local))
		return;
	redact_add_person(rs->r, rs->arena, local);
	add_encoded_address(rs->r, rs->arena, bare(address), local);
	if (domain.n && rs->n < DOMAINS_MAX)
		rs->domains[rs->n++] = domain;
}

static bool is_recipients_domain(const struct recipients *rs, struct str domain)
{
	for (size_t i = 0; i < rs->n; i++)
		if (str_caseeq(domain, rs->domains[i]))
			return true;
	return false;
}

static void read_hops(struct recipients *rs, const struct trace *t)
{
	for (size_t i = 0; i < t->hop_count; i++) {
		if (t->hops[i].zone != TRACE_OWN && t->hops[i].zone != TRACE_HANDOVER)
			break;
		add_recipient(rs, t->hops[i].line.recipient);
	}
}

/* ---- how the message addresses them ---------------------------------------- */

/* "Jane Doe" of "Jane Doe <jane@…>". Of people elsewhere only names of several words: a sender
 * could else have any word of his message replaced. */
static void add_display_name(struct recipients *rs, const char *name, struct str local, bool ours)
{
	struct str text = str_trim(str_of(name));
	while (text.n > 1 && strchr("\"'", text.p[0]) && text.p[text.n - 1] == text.p[0])
		text = (struct str){ text.p + 1, text.n - 2 };
	if (str_find(text, '@') == SIZE_MAX && (ours || str_find(text, ' ') != SIZE_MAX))
		redact_add_name(rs->r, arena_str(rs->arena, text), local);
}

static void add_mailbox(struct recipients *rs, InternetAddress *mailbox)
{
	const char *address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(mailbox));
	const char *name = internet_address_get_name(mailbox);
	struct str copy = arena_str(rs->arena, str_of(address ? address : "")), local;
	bool ours = is_recipients_domain(rs, domain_behind(copy));
	if (!redact_local_of(rs->arena, copy, &local))
		return;
	if (name)
		add_display_name(rs, name, local, ours);
	if (!ours)
		return;
	redact_add_person(rs->r, rs->arena, local);
	add_encoded_address(rs->r, rs->arena, copy, local);
}

static void add_list(struct recipients *rs, InternetAddressList *list, unsigned depth)
{
	enum { GROUPS_MAX = 4, MAILBOXES_MAX = 100 };
	int n = list ? internet_address_list_length(list) : 0;
	for (int i = 0; depth < GROUPS_MAX && i < n && i < MAILBOXES_MAX; i++) {
		InternetAddress *one = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_MAILBOX(one))
			add_mailbox(rs, one);
		else if (INTERNET_ADDRESS_IS_GROUP(one))
			add_list(rs, internet_address_group_get_members(
			                     INTERNET_ADDRESS_GROUP(one)), depth + 1);
	}
}

/* Their names; and the local parts of those in the domain of somebody to whom we delivered. */
static void read_addressed(struct recipients *rs, struct str value)
{
	char *text = mem_strndup(value.p, value.n < FIELD_MAX_BYTES ? value.n : FIELD_MAX_BYTES);
	InternetAddressList *list = mime_addresses(text);
	add_list(rs, list, 0);
	if (list)
		g_object_unref(list);
	free(text);
}

void redact_recipients(struct redaction *r, struct arena *a, const struct trace *t,
                       struct str message)
{
	struct recipients rs = { .r = r, .arena = a };
	struct header_cursor c;
	struct header_field f;
	size_t border = t->handover.family ? t->hops[t->handover_hop].offset : 0;
	read_hops(&rs, t);
	header_begin(&c, message);
	while (header_next(&c, &f) && f.offset < border)
		if (!f.odd && redact_is_delivery(&f))
			add_recipient(&rs, f.value);
	header_begin(&c, message);
	while (header_next(&c, &f) && c.at <= REDACT_HEADER_MAX_BYTES)
		if (!f.odd && redact_is_recipients(&f))
			read_addressed(&rs, f.value);
}
