/* SPDX-License-Identifier: ISC
 *
 * Names and lines, and a look through the header for our own.
 */
#include "gateway/maildrop.h"

#include "mail/maildir.h"

#include <assert.h>

enum { PART_MAX = 255, PATH_MAX_BYTES = 1024 };

static bool part_valid(struct str part)
{
	if (part.n == 0 || part.n > PART_MAX || part.p[0] == '.')
		return false;
	for (size_t i = 0; i < part.n; i++)
		if ((unsigned char)part.p[i] < 0x20 || part.p[i] == 0x7f)
			return false;
	return true;
}

bool gateway_maildrop_path_valid(struct str path)
{
	if (path.n > PATH_MAX_BYTES)
		return false;
	for (;;) {
		size_t end = str_find(path, '/');
		if (!part_valid(end == SIZE_MAX ? path : (struct str){ path.p, end }))
			return false;
		if (end == SIZE_MAX)
			return true;
		path = str_from(path, end + 1);
	}
}

bool gateway_maildrop_loops(struct str text, struct str address)
{
	static const char name[] = "Delivered-To:";
	while (text.n > 0) {
		size_t end = str_find(text, '\n');
		struct str line = end == SIZE_MAX ? text : (struct str){ text.p, end };
		text = end == SIZE_MAX ? STR("") : str_from(text, end + 1);
		if (str_trim(line).n == 0)
			return false;
		if (str_caseprefix(line, str_of(name)) &&
		    str_caseeq(str_trim(str_from(line, sizeof(name) - 1)), address))
			return true;
	}
	return false;
}

void gateway_maildrop_head(struct str from, struct str address, struct buf *out)
{
	buf_printf(out, "Return-Path: <%.*s>\nDelivered-To: %.*s\n", STR_ARG(from),
	           STR_ARG(address));
}

void gateway_maildrop_text(struct str text, struct buf *out)
{
	while (text.n > 0) {
		size_t at = str_find(text, '\r');
		struct str piece = at == SIZE_MAX ? text : (struct str){ text.p, at };
		buf_add_str(out, piece);
		/* Of CRLF the LF stays, with what follows. */
		text = str_from(text, piece.n);
		if (text.n > 0 && !(text.n > 1 && text.p[1] == '\n'))
			buf_add_byte(out, '\r');
		text = str_from(text, 1);
	}
}

void gateway_maildrop_name(const struct gateway_rcpt *rcpt, const char *hostname,
                           struct buf *out)
{
	const struct gateway_message *m = rcpt->message;
	assert(rcpt >= m->rcpt && rcpt < m->rcpt + m->rcpt_count);
	buf_printf(out, "%lld.Q", (long long)m->envelope.came_s);
	/* Our own ids hold letters and digits; whatever a spool holds leaves no name. */
	for (size_t i = 0; i < m->envelope.id.n; i++)
		if (ascii_isalnum(m->envelope.id.p[i]))
			buf_add_byte(out, m->envelope.id.p[i]);
	buf_printf(out, "R%zu.", (size_t)(rcpt - m->rcpt));
	maildir_add_host(out, hostname);
}
