/* SPDX-License-Identifier: ISC
 *
 * A notice put together (RFC 3464, RFC 6522). Its parts are 7bit: what of the original is not, or
 * holds the boundary, goes out as quoted-printable, in which no boundary of ours can stand. A
 * message may be encoded so only as message/global (RFC 6532 3.7), a header as text/rfc822-headers
 * (RFC 6522 4) as well.
 */
#include "gateway/dsn-private.h"

#include "base/clock.h"
#include "mail/mime.h"
#include "mail/msgid.h"

#include <assert.h>

enum {
	LINE_BYTES_MAX = 998,                  /* RFC 5322 2.1.1 */
	HEADER_MAX = 64 * 1024, RETURNED_MAX = 256 * 1024,     /* of the original */
};

bool gateway_dsn_wanted(const struct gateway_to *to, enum gateway_notice what)
{
	static const unsigned asks[] = {
		[GATEWAY_NOTICE_FAILED] = SMTP_NOTIFY_FAILURE,
		[GATEWAY_NOTICE_DELAYED] = SMTP_NOTIFY_DELAY,
		[GATEWAY_NOTICE_SUCCESS] = SMTP_NOTIFY_SUCCESS,
	};
	if (to->notify & SMTP_NOTIFY_NEVER)
		return false;
	if (to->notify == 0)
		return what != GATEWAY_NOTICE_SUCCESS;
	return (to->notify & asks[what]) != 0;
}

/* A notice, made here: it has no client, and comes from nobody. */
static bool is_our_own(const struct gateway_envelope *about)
{
	return about->from.n == 0 && about->account.n == 0 && about->client.ip.family == 0;
}

/* If it is a postmaster's mail that failed, nobody: it would go the same way again. */
static struct str postmaster_of(const struct gateway_dsn *dsn, struct arena *a)
{
	const struct str failed = dsn->told[0].rcpt->to.address;
	const size_t at = str_find(failed, '@');
	const struct str local = { failed.p, at == SIZE_MAX ? failed.n : at };
	if (at == SIZE_MAX || str_caseeq(local, STR("postmaster")))
		return STR("");
	if (dsn->postmaster.n > 0)
		return dsn->postmaster;
	return str_of(arena_printf(a, "postmaster%.*s", STR_ARG(str_from(failed, at))));
}

struct str gateway_dsn_whom(const struct gateway_dsn *dsn, struct arena *a)
{
	if (!dsn_is_strangers(dsn))
		return dsn->about->from;
	if (dsn->what != GATEWAY_NOTICE_FAILED || is_our_own(dsn->about) || dsn->count == 0)
		return STR("");
	return postmaster_of(dsn, a);
}

/* ---- the parts ------------------------------------------------------------------------- */

static void in_crlf(struct str lf, struct buf *out)
{
	for (size_t i = 0; i < lf.n; i++) {
		if (lf.p[i] == '\n')
			buf_add_byte(out, '\r');
		buf_add_byte(out, lf.p[i]);
	}
}

static void in_lf(struct str crlf, struct buf *out)
{
	for (size_t i = 0; i < crlf.n; i++)
		if (crlf.p[i] != '\r' || i + 1 == crlf.n || crlf.p[i + 1] != '\n')
			buf_add_byte(out, crlf.p[i]);
}

/* Whether text in CRLF may stand between our boundaries as it is. */
static bool is_plain(struct str s, struct str boundary)
{
	size_t line = 0;
	for (size_t i = 0; i < s.n; i++) {
		const unsigned char c = (unsigned char)s.p[i];
		if (line == 0 && str_prefix(str_from(s, i), STR("--")) &&
		    str_prefix(str_from(s, i + 2), boundary))
			return false;
		if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n') {
			line = 0;
			i++;
			continue;
		}
		if (c == '\0' || c == '\r' || c == '\n' || c >= 0x80 || ++line > LINE_BYTES_MAX)
			return false;
	}
	return true;
}

/* A part as it stands if it may, else encoded, when its type may be another. */
static void add_part(struct str boundary, const char *type, const char *encoded_type,
                     struct str content, struct buf *out)
{
	const bool plain = is_plain(content, boundary);
	buf_printf(out, "--%.*s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n",
	           STR_ARG(boundary), plain ? type : encoded_type,
	           plain ? "7bit" : "quoted-printable");
	if (plain) {
		buf_add_str(out, content);
	} else {
		struct buf lf = { 0 }, encoded = { 0 };
		in_lf(content, &lf);
		mime_add_quoted_printable(buf_str(&lf), &encoded);
		in_crlf(buf_str(&encoded), out);
		buf_fini(&encoded);
		buf_fini(&lf);
	}
	buf_add_cstr(out, "\r\n");
}

static void add_words(const struct gateway_dsn *dsn, struct str boundary, struct buf *out)
{
	struct buf lf = { 0 }, text = { 0 };
	dsn_words(dsn, &lf);
	in_crlf(buf_str(&lf), &text);
	add_part(boundary, "text/plain; charset=us-ascii", "text/plain; charset=utf-8",
	         buf_str(&text), out);
	buf_fini(&text);
	buf_fini(&lf);
}

static void add_status(const struct gateway_dsn *dsn, struct str boundary, struct buf *out)
{
	struct buf fields = { 0 };
	dsn_status(dsn, &fields);
	assert(is_plain(buf_str(&fields), boundary));
	add_part(boundary, "message/delivery-status", NULL, buf_str(&fields), out);
	buf_fini(&fields);
}

/* The header without its empty line, cut at a line's end if it is too long. */
static struct str header_of(struct str message)
{
	const size_t empty = str_prefix(message, STR("\r\n")) ? 0
	                     : str_search(message, STR("\r\n\r\n"));
	struct str header = message;
	if (empty != SIZE_MAX)
		header.n = empty > 0 ? empty + 2 : 0;
	if (header.n <= HEADER_MAX)
		return header;
	header.n = HEADER_MAX;
	while (header.n > 0 && header.p[header.n - 1] != '\n')
		header.n--;
	return header;
}

/* RFC 3461 4.3: only a failure returns the whole; RFC 6522 3: unless it is told otherwise. */
static bool returns_all(const struct gateway_dsn *dsn)
{
	return dsn->what == GATEWAY_NOTICE_FAILED && dsn->about->ret != SMTP_RETURN_HEADERS &&
	       dsn->original.n <= RETURNED_MAX && dsn->original.n == dsn->about->size_bytes;
}

static void add_original(const struct gateway_dsn *dsn, struct str boundary, struct buf *out)
{
	if (dsn->original.n == 0)
		return;
	if (returns_all(dsn))
		add_part(boundary, "message/rfc822", "message/global", dsn->original, out);
	else
		add_part(boundary, "text/rfc822-headers", dsn->about->utf8 ?
		         "message/global-headers" : "text/rfc822-headers",
		         header_of(dsn->original), out);
}

/* ---- the whole ------------------------------------------------------------------------- */

static const char *subject(const struct gateway_dsn *dsn)
{
	if (dsn_is_strangers(dsn))
		return "A message from outside could not be delivered";
	switch (dsn->what) {
	case GATEWAY_NOTICE_FAILED: return "Your message could not be delivered";
	case GATEWAY_NOTICE_DELAYED: return "Your message is delayed";
	case GATEWAY_NOTICE_SUCCESS: break;
	}
	return "Your message was delivered";
}

static void add_header(const struct gateway_dsn *dsn, struct str whom, struct str boundary,
                       struct buf *out)
{
	const struct str answers = msgid_of(header_of(dsn->original));
	char date[CLOCK_TEXT_MAX];
	buf_printf(out, "From: \"Mail Delivery System\" <MAILER-DAEMON@%s>\r\nTo: <",
	           dsn->hostname);
	dsn_add_text(whom, DSN_ADDRESS_MAX, out);
	buf_printf(out, ">\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n", subject(dsn),
	           clock_format_mail(dsn->now_s, date), dsn->id, dsn->hostname);
	if (answers.n > 0 && answers.n < DSN_ADDRESS_MAX)
		buf_printf(out, "In-Reply-To: %.*s\r\nReferences: %.*s\r\n", STR_ARG(answers),
		           STR_ARG(answers));
	buf_printf(out, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
	           "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	           "\tboundary=\"%.*s\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n",
	           STR_ARG(boundary));
}

void gateway_dsn_write(const struct gateway_dsn *dsn, struct str whom, struct buf *out)
{
	/* "=_" does not come about in quoted-printable (RFC 2045 6.7), nor in base64. */
	struct buf boundary = { 0 };
	assert(dsn->count > 0 && whom.n > 0);
	buf_add_cstr(&boundary, "=_");
	dsn_add_ascii(str_of(dsn->id), GATEWAY_ID_MAX, false, &boundary);
	const struct str b = buf_str(&boundary);
	add_header(dsn, whom, b, out);
	add_words(dsn, b, out);
	add_status(dsn, b, out);
	add_original(dsn, b, out);
	buf_printf(out, "--%.*s--\r\n", STR_ARG(b));
	buf_fini(&boundary);
}

void gateway_dsn_envelope(const struct gateway_dsn *dsn, struct str whom, bool local,
                          uint64_t size_bytes, struct arena *a, struct gateway_envelope *out)
{
	struct gateway_to *to = arena_alloc(a, sizeof(*to));
	*to = (struct gateway_to){ .address = whom, .notify = SMTP_NOTIFY_NEVER, .local = local };
	*out = (struct gateway_envelope){
		.id = str_of(dsn->id), .from = STR(""), .account = STR(""), .helo = STR(""),
		.envid = STR(""), .listener = GATEWAY_LOCAL, .utf8 = !str_is_ascii(whom),
		.body = SMTP_BODY_7BIT, .came_s = dsn->now_s, .size_bytes = size_bytes, .to = to,
		.to_count = 1,
	};
}

/* The sender has said of what he wants notice; a postmaster is told of all that fails. */
static bool is_told(const struct gateway_dsn *dsn, const struct gateway_told *told)
{
	return dsn_is_strangers(dsn) || gateway_dsn_wanted(&told->rcpt->to, dsn->what);
}

bool gateway_dsn_make(const struct gateway_dsn *dsn, bool local, struct arena *a,
                      struct gateway_envelope *envelope, struct buf *text)
{
	struct gateway_told *wanted = arena_alloc(a, (dsn->count + 1) * sizeof(*wanted));
	struct gateway_dsn those = *dsn;
	const struct str whom = gateway_dsn_whom(dsn, a);
	const size_t before = text->n;
	those.told = wanted;
	those.count = 0;
	for (size_t i = 0; i < dsn->count; i++)
		if (is_told(dsn, &dsn->told[i]))
			wanted[those.count++] = dsn->told[i];
	if (those.count == 0 || whom.n == 0 || (dsn_is_strangers(dsn) && !local))
		return false;
	gateway_dsn_write(&those, whom, text);
	gateway_dsn_envelope(dsn, whom, local, text->n - before, a, envelope);
	return true;
}
