/* SPDX-License-Identifier: ISC
 *
 * What stands behind MAIL FROM and RCPT TO: the path, then ESMTP parameters
 * (RFC 5321 4.1.2, 1870, 6152, 6531, 3461, 4954). A table of keywords; each has
 * a function that knows a well-formed value.
 */
#include "smtp/server-private.h"

#include <assert.h>

enum { XTEXT_MAX = 500, ENVID_MAX = 100, SIZE_DIGITS_MAX = 20 };

/* What was found, of either command. */
struct found {
	struct smtp_mail_params *mail;
	struct smtp_rcpt_params *rcpt;
};

struct keyword {
	const char *name;
	/* ERR_OK, ERR_INVALID, or ERR_UNSUPPORTED for a value we do not do. */
	int (*read)(struct str value, struct found found);
	bool (*offered)(const struct smtp_server_options *options);   /* NULL: always */
};

/* ---- values --------------------------------------------------------------------- */

static int read_size(struct str value, struct found found)
{
	if (value.n > SIZE_DIGITS_MAX)
		return ERR_INVALID;
	int e = str_u64(value, UINT64_MAX, &found.mail->size);
	if (e == ERR_LIMIT) {
		found.mail->size = UINT64_MAX;
		e = ERR_OK;
	}
	found.mail->has_size = e == ERR_OK;
	return e;
}

static int read_body(struct str value, struct found found)
{
	if (str_caseeq(value, STR("BINARYMIME")))
		return ERR_UNSUPPORTED;
	found.mail->body = str_caseeq(value, STR("7BIT")) ? SMTP_BODY_7BIT :
	                   str_caseeq(value, STR("8BITMIME")) ? SMTP_BODY_8BITMIME :
	                   SMTP_BODY_UNSAID;
	return found.mail->body ? ERR_OK : ERR_INVALID;
}

static int read_smtputf8(struct str value, struct found found)
{
	found.mail->smtputf8 = true;
	return value.p ? ERR_INVALID : ERR_OK;
}

static int read_ret(struct str value, struct found found)
{
	found.mail->ret = str_caseeq(value, STR("FULL")) ? SMTP_RETURN_FULL :
	                  str_caseeq(value, STR("HDRS")) ? SMTP_RETURN_HEADERS :
	                  SMTP_RETURN_UNSAID;
	return found.mail->ret ? ERR_OK : ERR_INVALID;
}

static int read_envid(struct str value, struct found found)
{
	found.mail->envid = value;
	return value.n <= ENVID_MAX && smtp_xtext_printable(value) ? ERR_OK : ERR_INVALID;
}

static int read_auth(struct str value, struct found found)
{
	found.mail->auth = value;
	return value.n <= XTEXT_MAX && smtp_xtext_printable(value) ? ERR_OK : ERR_INVALID;
}

static unsigned notify_bit(struct str word)
{
	return str_caseeq(word, STR("SUCCESS")) ? SMTP_NOTIFY_SUCCESS :
	       str_caseeq(word, STR("FAILURE")) ? SMTP_NOTIFY_FAILURE :
	       str_caseeq(word, STR("DELAY")) ? SMTP_NOTIFY_DELAY : 0;
}

static int read_notify(struct str value, struct found found)
{
	unsigned *notify = &found.rcpt->notify;
	if (str_caseeq(value, STR("NEVER"))) {
		*notify = SMTP_NOTIFY_NEVER;
		return ERR_OK;
	}
	for (;;) {
		size_t comma = str_find(value, ',');
		unsigned bit = notify_bit((struct str){ value.p, comma == SIZE_MAX ? value.n
		                                                                   : comma });
		if (!bit)
			return ERR_INVALID;
		*notify |= bit;
		if (comma == SIZE_MAX)
			break;
		value = str_from(value, comma + 1);
	}
	assert(*notify && !(*notify & SMTP_NOTIFY_NEVER));
	return ERR_OK;
}

static int read_orcpt(struct str value, struct found found)
{
	return smtp_orcpt_parse(value, found.rcpt);
}

static bool body_offered(const struct smtp_server_options *o) { return !o->no_8bitmime; }
static bool utf8_offered(const struct smtp_server_options *o) { return o->offer_smtputf8; }
static bool dsn_offered(const struct smtp_server_options *o) { return o->offer_dsn; }
static bool auth_offered(const struct smtp_server_options *o)
{
	return smtp_server_offers_auth(o);
}

static const struct keyword mail_keywords[] = {
	{ "SIZE", read_size, NULL },
	{ "BODY", read_body, body_offered },
	{ "SMTPUTF8", read_smtputf8, utf8_offered },
	{ "RET", read_ret, dsn_offered },
	{ "ENVID", read_envid, dsn_offered },
	{ "AUTH", read_auth, auth_offered },
	{ NULL },
};

static const struct keyword rcpt_keywords[] = {
	{ "NOTIFY", read_notify, dsn_offered },
	{ "ORCPT", read_orcpt, dsn_offered },
	{ NULL },
};

static const struct smtp_answer bad_syntax = { 501, "5.5.4", "Bad parameter syntax" };
static const struct smtp_answer bad_value = { 501, "5.5.4", "Bad parameter value" };
static const struct smtp_answer twice = { 501, "5.5.4", "A parameter is given twice" };
static const struct smtp_answer not_known = { 555, "5.5.4", "Parameter not known here" };

/* esmtp-param = keyword ["=" value]. A value that is not there has p NULL. */
static bool split(struct str param, struct str *name, struct str *value)
{
	size_t equals = str_find(param, '=');
	*name = (struct str){ param.p, equals == SIZE_MAX ? param.n : equals };
	*value = equals == SIZE_MAX ? (struct str){ 0 } : str_from(param, equals + 1);
	for (size_t i = 0; i < name->n; i++)
		if (!ascii_isalnum((unsigned char)name->p[i]) && !(i > 0 && name->p[i] == '-'))
			return false;
	if (name->n == 0 || (value->p && value->n == 0))
		return false;
	for (size_t i = 0; i < value->n; i++) {
		unsigned char c = (unsigned char)value->p[i];
		/* 8-bit text is for the keyword's own function to allow. */
		if (c <= 0x20 || c == 0x7f || c == '=')
			return false;
	}
	return true;
}

static const struct smtp_answer *read_params(const struct smtp_server *s, struct str params,
                                             const struct keyword *keywords,
                                             struct found found)
{
	struct str param, name, value;
	unsigned seen = 0;
	while (str_token(&params, " ", &param)) {
		if (!split(param, &name, &value))
			return &bad_syntax;
		const struct keyword *k = keywords;
		while (k->name && !str_caseeq(name, str_of(k->name)))
			k++;
		/* After HELO there are no extensions, so no parameters. */
		if (!k->name || !s->esmtp || (k->offered && !k->offered(&s->options)))
			return &not_known;
		assert(k - keywords < 16);
		unsigned bit = 1u << (k - keywords);
		if (seen & bit)
			return &twice;
		seen |= bit;
		int e = k->read(value, found);
		if (e != ERR_OK)
			return e == ERR_UNSUPPORTED ? &not_known : &bad_value;
	}
	return NULL;
}

const struct smtp_answer *smtp_params_mail(const struct smtp_server *s, struct str params,
                                           struct smtp_mail_params *found)
{
	*found = (struct smtp_mail_params){ 0 };
	const struct smtp_answer *refusal =
		read_params(s, params, mail_keywords, (struct found){ .mail = found });
	assert(refusal || found->envid.n <= ENVID_MAX);
	assert(refusal || !found->smtputf8 || s->options.offer_smtputf8);
	return refusal;
}

const struct smtp_answer *smtp_params_rcpt(const struct smtp_server *s, struct str params,
                                           struct smtp_rcpt_params *found)
{
	*found = (struct smtp_rcpt_params){ 0 };
	const struct smtp_answer *refusal =
		read_params(s, params, rcpt_keywords, (struct found){ .rcpt = found });
	assert(refusal || (found->orcpt.n > 0) == (found->orcpt_type.n > 0));
	assert(refusal || s->options.offer_dsn || found->notify == 0);
	return refusal;
}

/* What a sloppy server would take for the path. */
static size_t lax_path_length(struct str arg)
{
	if (arg.n && arg.p[0] == '<')
		for (size_t i = arg.n; i-- > 1;)
			if (arg.p[i] == '>')
				return i + 1;
	size_t space = str_find(arg, ' ');
	return space == SIZE_MAX ? arg.n : space;
}

int smtp_server_path(const struct smtp_server *s, struct str arg, struct str keyword,
                     unsigned flags, struct mail_path *path, struct str *params)
{
	if (!str_caseprefix(arg, keyword))
		return ERR_NOT_FOUND;
	/* A space behind the colon is wrong, common, and means one thing only. */
	arg = str_trim(str_from(arg, keyword.n));
	size_t used;
	int e = mail_path_parse(arg, flags, path, &used, NULL);
	bool whole = e == ERR_OK && (used == arg.n || arg.p[used] == ' ');
	if (!whole && !s->options.lax_paths)
		return ERR_INVALID;
	if (!whole) {
		used = lax_path_length(arg);
		*path = (struct mail_path){ .text = { arg.p, used }, .route = STR(""),
		                            .local = STR(""), .domain = STR("") };
	}
	assert(used <= arg.n);
	*params = str_trim(str_from(arg, used));
	return ERR_OK;
}
