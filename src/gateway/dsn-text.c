/* SPDX-License-Identifier: ISC
 *
 * Foreign text made harmless for a notice.
 */
#include "gateway/dsn-private.h"

bool dsn_is_strangers(const struct gateway_dsn *dsn)
{
	return dsn->about->account.n == 0;
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

void dsn_add_text(struct str s, size_t most, struct buf *out)
{
	const size_t start = out->n;
	while (s.n > 0) {
		size_t n = str_utf8(s);
		const unsigned char c = (unsigned char)s.p[0];
		if (out->n - start + (n ? n : 1) > most)
			return;
		if (n == 0)
			buf_add_byte(out, '?');
		else if (is_control(c) || (n == 2 && c == 0xc2 && (unsigned char)s.p[1] < 0xa0))
			buf_add_byte(out, ' ');        /* C0, DEL; C1 (U+0080 to U+009F) */
		else
			buf_add(out, s.p, n);
		s = str_from(s, n ? n : 1);
	}
}

void dsn_add_ascii(struct str s, size_t most, bool spaces, struct buf *out)
{
	for (size_t i = 0; i < s.n && i < most; i++) {
		const unsigned char c = (unsigned char)s.p[i];
		const bool space = c == ' ' || is_control(c);
		if (space)
			buf_add_byte(out, spaces ? ' ' : '?');
		else
			buf_add_byte(out, c < 0x7f ? s.p[i] : '?');
	}
}

bool dsn_is_reply(const struct gateway_outcome *outcome)
{
	const struct str s = outcome->said;
	return outcome->host.n > 0 && s.n >= 3 && s.p[0] >= '2' && s.p[0] <= '5' &&
	       ascii_isdigit((unsigned char)s.p[1]) && ascii_isdigit((unsigned char)s.p[2]) &&
	       (s.n == 3 || !ascii_isalnum((unsigned char)s.p[3]));
}

/* "." and one to three digits without a leading zero (RFC 3463 2); takes it off. */
static bool take_number(struct str *s)
{
	size_t n = 1;
	if (s->n < 2 || s->p[0] != '.')
		return false;
	while (n < s->n && n < 4 && ascii_isdigit((unsigned char)s->p[n]))
		n++;
	if (n == 1 || (s->p[1] == '0' && n > 2))
		return false;
	*s = str_from(*s, n);
	return true;
}

struct str dsn_code(enum gateway_notice what, const struct gateway_outcome *outcome)
{
	static const struct { const char *classes; struct str other; } rows[] = {
		/* What was put off until it was given up keeps its 4 (RFC 3464 2.3.3). */
		[GATEWAY_NOTICE_FAILED] = { "45", { "5.0.0", 5 } },
		[GATEWAY_NOTICE_DELAYED] = { "4", { "4.0.0", 5 } },
		[GATEWAY_NOTICE_SUCCESS] = { "2", { "2.0.0", 5 } },
	};
	const char *end = memchr(outcome->enhanced, '\0', sizeof(outcome->enhanced));
	const size_t n = end ? (size_t)(end - outcome->enhanced) : sizeof(outcome->enhanced);
	const struct str code = { outcome->enhanced, n };
	struct str rest = str_from(code, 1);
	if (n > 0 && strchr(rows[what].classes, code.p[0]) && take_number(&rest) &&
	    take_number(&rest) && rest.n == 0)
		return code;
	return rows[what].other;
}
