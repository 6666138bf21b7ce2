/* SPDX-License-Identifier: ISC
 *
 * The part of a notice that programs read: message/delivery-status (RFC 3464 2). It is ASCII in any
 * case: an address that is not stands in it in the form that RFC 6533 3 has for that.
 */
#include "gateway/dsn-private.h"

#include "base/clock.h"
#include "mail/mime.h"

/* A field of words, folded. */
static void add_field(const char *name, struct str value, struct buf *out)
{
	struct mime_field f;
	struct str rest = value, word;
	mime_field_begin(&f, name, out);
	while (str_word(&rest, &word))
		mime_field_word(&f, word);
	mime_field_end(&f);
}

static void add_typed(const char *name, const char *type, struct str text, struct buf *out)
{
	struct buf value = { 0 };
	buf_printf(&value, "%s; ", type);
	dsn_add_ascii(text, DSN_TEXT_MAX, true, &value);
	add_field(name, buf_str(&value), out);
	buf_fini(&value);
}

static void add_date(const char *name, int64_t time_s, struct buf *out)
{
	char date[CLOCK_TEXT_MAX];
	buf_printf(out, "%s: %s\r\n", name, clock_format_mail(time_s, date));
}

/* The 7bit form of an address that is no ASCII, "\x{FC}" for "ü" (RFC 6533 3). */
static void add_unitext(struct str s, size_t most, struct buf *out)
{
	const size_t start = out->n;
	for (size_t n; s.n > 0 && out->n - start + 10 <= most; s = str_from(s, n ? n : 1)) {
		n = str_utf8(s);
		if (n == 0)
			buf_add_byte(out, '?');
		else if (n == 1 && ascii_isprint((unsigned char)s.p[0]) &&
		         !strchr(" \\+=", s.p[0]))
			buf_add_byte(out, s.p[0]);
		else if (n == 1 && !strchr(" \\+=", s.p[0]))
			buf_add_byte(out, '?');
		else
			buf_printf(out, "\\x{%X}", (unsigned)str_utf8_value(s, n));
	}
}

/* An address ends with its line: it is not folded. */
static void add_address(const char *name, struct str type, struct str address, struct buf *out)
{
	buf_printf(out, "%s: ", name);
	if (str_is_ascii(address)) {
		dsn_add_ascii(type, 40, false, out);
		buf_add_cstr(out, "; ");
		dsn_add_ascii(address, DSN_ADDRESS_MAX, true, out);
	} else {
		buf_add_cstr(out, "utf-8; ");
		add_unitext(address, DSN_ADDRESS_MAX, out);
	}
	buf_add_cstr(out, "\r\n");
}

/* As the client gave it, "rfc822;a+2Bb@c.example" (RFC 3461 4.2). */
static void add_original_recipient(struct str orcpt, struct buf *out)
{
	const size_t semicolon = str_find(orcpt, ';');
	struct buf address = { 0 };
	if (semicolon == SIZE_MAX || semicolon == 0)
		return;
	const struct str coded = str_from(orcpt, semicolon + 1);
	if (!smtp_xtext_decode(coded, &address))
		buf_add_str(&address, coded);
	add_address("Original-Recipient", (struct str){ orcpt.p, semicolon }, buf_str(&address),
	            out);
	buf_fini(&address);
}

static const char *action(enum gateway_notice what, const struct gateway_outcome *outcome)
{
	switch (what) {
	case GATEWAY_NOTICE_FAILED: return "failed";
	case GATEWAY_NOTICE_DELAYED: return "delayed";
	case GATEWAY_NOTICE_SUCCESS: break;
	}
	return outcome->relayed ? "relayed" : "delivered";
}

static void add_message_fields(const struct gateway_dsn *dsn, struct buf *out)
{
	struct buf envid = { 0 };
	if (dsn->about->envid.n > 0 && smtp_xtext_decode(dsn->about->envid, &envid)) {
		buf_add_cstr(out, "Original-Envelope-Id: ");
		dsn_add_ascii(buf_str(&envid), DSN_TEXT_MAX, true, out);
		buf_add_cstr(out, "\r\n");
	}
	buf_fini(&envid);
	add_typed("Reporting-MTA", "dns", str_of(dsn->hostname), out);
	buf_add_cstr(out, "X-Portreeve-Queue-ID: ");
	dsn_add_ascii(dsn->about->id, GATEWAY_ID_MAX, false, out);
	buf_add_cstr(out, "\r\n");
	add_date("Arrival-Date", dsn->about->came_s, out);
}

static void add_recipient_fields(const struct gateway_dsn *dsn, const struct gateway_told *told,
                                 struct buf *out)
{
	const struct gateway_to *to = &told->rcpt->to;
	const struct gateway_outcome *outcome = &told->outcome;
	buf_add_cstr(out, "\r\n");
	add_original_recipient(to->orcpt, out);
	add_address("Final-Recipient", STR("rfc822"), to->address, out);
	buf_printf(out, "Action: %s\r\nStatus: %.*s\r\n", action(dsn->what, outcome),
	           STR_ARG(dsn_code(dsn->what, outcome)));
	if (outcome->host.n > 0)
		add_typed("Remote-MTA", "dns", outcome->host, out);
	/* RFC 3461 9.2: "smtp" is for replies; what we say ourselves has another name. */
	if (str_trim(outcome->said).n > 0)
		add_typed("Diagnostic-Code", dsn_is_reply(outcome) ? "smtp" : "X-Portreeve",
		          outcome->said, out);
	add_date("Last-Attempt-Date", dsn->now_s, out);
	if (dsn->what == GATEWAY_NOTICE_DELAYED)
		add_date("Will-Retry-Until", dsn->give_up_s, out);
}

void dsn_status(const struct gateway_dsn *dsn, struct buf *out)
{
	add_message_fields(dsn, out);
	for (size_t i = 0; i < dsn->count; i++)
		add_recipient_fields(dsn, &dsn->told[i], out);
}
