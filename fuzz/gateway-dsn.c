/* SPDX-License-Identifier: ISC
 *
 * Notices of hostile replies, addresses and originals: in any case lines of at most 998 bytes of
 * 7bit in CRLF, three parts or two, and as many groups of fields as recipients.
 *
 * Input: what it is about, in lines (kind, sender, ENVID, recipient, ORCPT, code, host, reply with
 * \r for its line ends), then the original.
 */
#include "fuzz.h"

#include "gateway/dsn.h"
#include "mail/mime.h"

#include <gmime/gmime.h>
#include <stdlib.h>

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct str line(struct str *rest)
{
	const size_t nl = str_find(*rest, '\n');
	const struct str s = { rest->p, nl == SIZE_MAX ? rest->n : nl };
	*rest = str_from(*rest, nl == SIZE_MAX ? rest->n : nl + 1);
	return s;
}

static void check_lines(struct str s, bool ascii)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		const unsigned char c = (unsigned char)s.p[i];
		must(c != '\0' && (c < 0x80 || !ascii));
		must((c != '\n' || (i > 0 && s.p[i - 1] == '\r')) &&
		     (c != '\r' || (i + 1 < s.n && s.p[i + 1] == '\n')));
		n = c == '\n' ? 0 : n + 1;
		must(n <= 999);
	}
}

static size_t count(struct str s, struct str what)
{
	size_t n = 0, at;
	while ((at = str_search(s, what)) != SIZE_MAX) {
		s = str_from(s, at + what.n);
		n++;
	}
	return n;
}

static void check_parts(struct str text, int parts)
{
	GMimeMessage *message = mime_parse(text);
	GMimeObject *root = message ? g_mime_message_get_mime_part(message) : NULL;
	must(root && GMIME_IS_MULTIPART(root));
	must(g_mime_multipart_get_count(GMIME_MULTIPART(root)) == parts);
	GMimeObject *status = g_mime_multipart_get_part(GMIME_MULTIPART(root), 1);
	must(g_mime_content_type_is_type(g_mime_object_get_content_type(status), "message",
	                                 "delivery-status"));
	g_object_unref(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	const struct str kind = line(&rest);
	struct gateway_envelope about = { .id = STR("M1"), .from = line(&rest),
	                                  .envid = line(&rest), .came_s = 1795000000 };
	struct gateway_rcpt rcpt = { .to = { .address = line(&rest), .orcpt = line(&rest) } };
	struct gateway_told told = { .rcpt = &rcpt };
	struct gateway_dsn dsn = { .about = &about, .told = &told, .count = 1, .id = "N1",
	                           .hostname = "mx.example", .now_s = 1795000001,
	                           .give_up_s = 1795000002 };
	struct buf text = { 0 };
	const struct str code = line(&rest);
	memcpy(told.outcome.enhanced, code.p ? code.p : "",
	       code.n < sizeof(told.outcome.enhanced) ? code.n : sizeof(told.outcome.enhanced));
	told.outcome.host = line(&rest);
	told.outcome.said = line(&rest);
	dsn.original = rest;
	about.size_bytes = rest.n;
	dsn.what = kind.n > 0 ? (enum gateway_notice)((unsigned char)kind.p[0] % 3)
	                      : GATEWAY_NOTICE_FAILED;
	about.ret = kind.n > 1 && kind.p[1] == 'h' ? SMTP_RETURN_HEADERS : SMTP_RETURN_UNSAID;
	about.utf8 = kind.n > 2 && kind.p[2] == 'u';
	if (about.from.n == 0)
		return 0;
	about.account = kind.n > 3 ? STR("") : STR("ann");
	about.client.ip = ip_from_v4(192, 0, 2, 1);
	gateway_dsn_write(&dsn, about.from, &text);
	check_lines(buf_str(&text), str_is_ascii(about.from));
	must(count(buf_str(&text), STR("\r\n--=_N1\r\n")) == (rest.n > 0 ? 3 : 2));
	must(count(buf_str(&text), STR("\r\n--=_N1--\r\n")) == 1);
	check_parts(buf_str(&text), rest.n > 0 ? 3 : 2);
	buf_fini(&text);
	return 0;
}
