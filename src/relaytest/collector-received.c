/* SPDX-License-Identifier: ISC
 *
 * From, by, with, id and for: each by its grammar, whatever a client said.
 */
#include "relaytest/collector-received.h"

#include "base/clock.h"
#include "base/random.h"
#include "mail/address.h"

#include <assert.h>
#include <openssl/sha.h>

enum { ID_LEN = 16, HELO_SHOWN_MAX = 255 };

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

static void add_from(const struct collector_received *r, struct buf *out)
{
	char peer[IP_TEXT_MAX + 8];
	struct str helo = str_of(r->helo);
	ip_format_literal(&r->peer, peer);
	if (may_stand_in_from(helo)) {
		buf_printf(out, "Received: from %s (%s)", r->helo, peer);
		return;
	}
	buf_printf(out, "Received: from %s", peer);
	if (helo.n > 0)
		add_comment("helo", helo, out);
}

void collector_received(const struct collector_received *r, struct buf *out)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char id[ID_LEN + 1], date[CLOCK_TEXT_MAX];
	assert(r->with[0] != '\0' && r->by[0] != '\0');
	assert(!r->recipient || r->recipient[0] == '<');
	SHA256((const unsigned char *)(r->identity.n ? r->identity.p : ""), r->identity.n, digest);
	hex_encode(digest, ID_LEN / 2, id);
	add_from(r, out);
	buf_printf(out, "\r\n\tby %s with %s id %s", r->by, r->with, id);
	/* What stands behind "for" has a domain (RFC 5321 4.4); "<postmaster>" has none. */
	if (r->recipient && strchr(r->recipient, '@'))
		buf_printf(out, "\r\n\tfor %s", r->recipient);
	buf_printf(out, "; %s\r\n", clock_format_mail(r->time_s, date));
}
