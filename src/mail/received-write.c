/* SPDX-License-Identifier: ISC
 *
 * From, by, with, id and for: each by its grammar, whatever a client said.
 */
#include "mail/received-write.h"

#include "base/clock.h"
#include "mail/address.h"

#include <assert.h>

enum { HELO_SHOWN_MAX = 255 };

static bool may_stand_in_from(struct str helo)
{
	struct ip ip;
	return mail_domain_valid(helo) || mail_literal_parse(helo, &ip) == ERR_OK;
}

/* Of a comment only "(", ")" and "\" are more than themselves (RFC 5322 3.2.2). */
static void add_comment(const char *name, struct str text, struct buf *out)
{
	buf_printf(out, "\r\n\t(%s=", name);
	for (size_t i = 0; i < text.n && i < HELO_SHOWN_MAX; i++) {
		char c = text.p[i];
		if (c == '(' || c == ')' || c == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, ascii_isprint((unsigned char)c) ? c : '?');
	}
	buf_add_byte(out, ')');
}

static void add_from(const struct received_written *r, struct buf *out)
{
	char peer[IP_TEXT_MAX + 8];
	ip_format_literal(&r->peer, peer);
	if (may_stand_in_from(r->helo)) {
		buf_printf(out, "from %.*s (%s)", STR_ARG(r->helo), peer);
		return;
	}
	buf_printf(out, "from %s", peer);
	if (r->helo.n > 0)
		add_comment("helo", r->helo, out);
}

void received_write(const struct received_written *r, struct buf *out)
{
	char date[CLOCK_TEXT_MAX];
	assert(r->with[0] != '\0' && r->by[0] != '\0' && r->id[0] != '\0');
	buf_add_cstr(out, "Received: ");
	if (r->peer.family) {
		add_from(r, out);
		buf_add_cstr(out, "\r\n\t");
	}
	buf_printf(out, "by %s with %s id %s", r->by, r->with, r->id);
	/* What stands behind "for" has a domain (RFC 5321 4.4); "<postmaster>" has none. */
	if (str_find(r->recipient, '@') != SIZE_MAX)
		buf_printf(out, "\r\n\tfor <%.*s>", STR_ARG(r->recipient));
	buf_printf(out, "; %s\r\n", clock_format_mail(r->time_s, date));
}
