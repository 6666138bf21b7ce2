/* SPDX-License-Identifier: ISC
 *
 * Parameters of MAIL and RCPT: xtext, and the lines of a client. An address goes into a line only
 * if the grammar of paths reads the whole of it, and nothing else, back from there.
 */
#include "smtp/params.h"

#include "base/err.h"
#include "mail/address.h"
#include "smtp/client.h"

#include <assert.h>

enum { ORCPT_MAX = 500 };

/* ---- xtext = *( xchar / "+" 2HEXDIG ), RFC 3461 4 --------------------------------- */

static int upper_hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_xchar(unsigned char c)
{
	return c >= 0x21 && c <= 0x7e && c != '+' && c != '=';
}

/* The next character of xtext, at least one byte; -1: it is none. */
static int xtext_next(struct str *s)
{
	assert(s->n > 0);
	unsigned char c = (unsigned char)s->p[0];
	if (c != '+') {
		*s = str_from(*s, 1);
		return is_xchar(c) ? c : -1;
	}
	int high = s->n > 2 ? upper_hex(s->p[1]) : -1, low = s->n > 2 ? upper_hex(s->p[2]) : -1;
	if (high < 0 || low < 0)
		return -1;
	*s = str_from(*s, 3);
	return high * 16 + low;
}

bool smtp_xtext_printable(struct str s)
{
	if (s.n == 0)
		return false;
	while (s.n) {
		int c = xtext_next(&s);
		if (c < 0x20 || c > 0x7e)
			return false;
	}
	return true;
}

bool smtp_xtext_decode(struct str xtext, struct buf *out)
{
	size_t before = out->n, most = xtext.n;
	for (struct str rest = xtext; rest.n;)
		if (xtext_next(&rest) < 0)
			return false;
	while (xtext.n)
		buf_add_byte(out, (char)xtext_next(&xtext));
	assert(out->n - before <= most && 3 * (out->n - before) >= most);
	return true;
}

void smtp_xtext_encode(struct str plain, struct buf *out)
{
	size_t before = out->n;
	for (size_t i = 0; i < plain.n; i++) {
		unsigned char c = (unsigned char)plain.p[i];
		if (is_xchar(c))
			buf_add_byte(out, plain.p[i]);
		else
			buf_printf(out, "+%02X", c);
	}
	assert(out->n - before >= plain.n && out->n - before <= 3 * plain.n);
}

int smtp_orcpt_parse(struct str value, struct smtp_rcpt_params *params)
{
	size_t semicolon = str_find(value, ';');
	if (semicolon == SIZE_MAX || semicolon == 0 || value.n > ORCPT_MAX)
		return ERR_INVALID;
	for (size_t i = 0; i < semicolon; i++)
		if (!ascii_isalnum((unsigned char)value.p[i]) && value.p[i] != '-')
			return ERR_INVALID;
	struct str xtext = str_from(value, semicolon + 1);
	if (!smtp_xtext_printable(xtext))
		return ERR_INVALID;
	params->orcpt_type = (struct str){ value.p, semicolon };
	params->orcpt = xtext;
	assert(params->orcpt_type.n + params->orcpt.n < ORCPT_MAX);
	return ERR_OK;
}

/* ---- lines ---------------------------------------------------------------------- */

static bool offers(const struct smtp_offer *offer, unsigned extension)
{
	return (offer->extensions & extension) != 0;
}

enum smtp_lack smtp_mail_lacks(const struct smtp_mail_params *params,
                               const struct smtp_offer *offer)
{
	if (params->smtputf8 && !offers(offer, SMTP_EXT_SMTPUTF8))
		return SMTP_LACKS_SMTPUTF8;
	if (params->body == SMTP_BODY_8BITMIME && !offers(offer, SMTP_EXT_8BITMIME))
		return SMTP_LACKS_8BITMIME;
	if (params->has_size && offer->size_max > 0 && params->size > offer->size_max)
		return SMTP_LACKS_ROOM;
	return SMTP_LACKS_NOTHING;
}

/* Appends the command with its path. */
static int add_path(struct str command, struct str address, unsigned flags, struct buf *line)
{
	size_t before = line->n, used = 0;
	struct mail_path path;
	buf_add_str(line, command);
	size_t at = line->n;
	buf_add_byte(line, '<');
	buf_add_str(line, address);
	buf_add_byte(line, '>');
	int e = mail_path_parse(str_from(buf_str(line), at), flags, &path, &used, NULL);
	if (e == ERR_OK && used == line->n - at && path.route.n == 0)
		return ERR_OK;
	line->n = before;
	return ERR_INVALID;
}

static unsigned utf8_flag(bool smtputf8, const struct smtp_offer *offer)
{
	return smtputf8 && offers(offer, SMTP_EXT_SMTPUTF8) ? MAIL_PATH_UTF8_OK : 0;
}

static void add_dsn_of_mail(const struct smtp_mail_params *params, struct buf *line)
{
	if (params->ret)
		buf_add_cstr(line, params->ret == SMTP_RETURN_FULL ? " RET=FULL" : " RET=HDRS");
	assert(params->envid.n == 0 || smtp_xtext_printable(params->envid));
	if (params->envid.n)
		buf_printf(line, " ENVID=%.*s", STR_ARG(params->envid));
}

int smtp_mail_write(struct str address, const struct smtp_mail_params *params,
                    const struct smtp_offer *offer, struct buf *line)
{
	unsigned flags = MAIL_PATH_NULL_OK | utf8_flag(params->smtputf8, offer);
	int e = add_path(STR("MAIL FROM:"), address, flags, line);
	if (e != ERR_OK)
		return e;
	if (params->has_size && offers(offer, SMTP_EXT_SIZE))
		buf_printf(line, " SIZE=%llu", (unsigned long long)params->size);
	if (params->body && offers(offer, SMTP_EXT_8BITMIME))
		buf_add_cstr(line, params->body == SMTP_BODY_7BIT ? " BODY=7BIT"
		                                                  : " BODY=8BITMIME");
	if (flags & MAIL_PATH_UTF8_OK)
		buf_add_cstr(line, " SMTPUTF8");
	if (offers(offer, SMTP_EXT_DSN))
		add_dsn_of_mail(params, line);
	return ERR_OK;
}

static void add_notify(unsigned notify, struct buf *line)
{
	static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE", "DELAY" };
	assert(notify < 16 && (!(notify & SMTP_NOTIFY_NEVER) || notify == SMTP_NOTIFY_NEVER));
	for (unsigned i = 0, said = 0; i < 4; i++)
		if (notify & 1u << i)
			buf_printf(line, "%s%s", said++ ? "," : " NOTIFY=", words[i]);
}

int smtp_rcpt_write(struct str address, bool smtputf8, const struct smtp_rcpt_params *params,
                    const struct smtp_offer *offer, struct buf *line)
{
	unsigned flags = MAIL_PATH_POSTMASTER_OK | utf8_flag(smtputf8, offer);
	int e = add_path(STR("RCPT TO:"), address, flags, line);
	if (e != ERR_OK || !offers(offer, SMTP_EXT_DSN))
		return e;
	add_notify(params->notify, line);
	assert(params->orcpt.n == 0 || smtp_xtext_printable(params->orcpt));
	if (params->orcpt.n)
		buf_printf(line, " ORCPT=%.*s;%.*s", STR_ARG(params->orcpt_type),
		           STR_ARG(params->orcpt));
	return ERR_OK;
}
