/* SPDX-License-Identifier: ISC
 *
 * Authentication-Results and Received-SPF, a function per production.
 */
#include "mail/authres.h"

#include "mail/lexical.h"

static struct str digits(struct str *s)
{
	size_t n = 0;
	while (n < s->n && ascii_isdigit((unsigned char)s->p[n]))
		n++;
	struct str number = { s->p, n };
	*s = str_from(*s, n);
	return number;
}

/* "1", and the absence of any. */
static bool is_version_one(struct str number)
{
	while (number.n && number.p[0] == '0')
		number = str_from(number, 1);
	return str_eq(number, STR("1"));
}

/* method [ "/" version ] "=": takes it. A version that is not ours makes *known false. */
static bool take_method(struct str *s, struct str *method, bool *known)
{
	struct str at = lexical_skip(*s);
	*method = lexical_keyword(&at);
	*known = true;
	if (method->n == 0)
		return false;
	if (lexical_take(&at, '/')) {
		at = lexical_skip(at);
		*known = is_version_one(digits(&at));
	}
	if (!lexical_take(&at, '='))
		return false;
	*s = at;
	return true;
}

/* Does a result begin here? */
static bool is_method(struct str s)
{
	struct str method;
	bool known;
	return take_method(&s, &method, &known);
}

/* To the next semicolon that is in no quotes and in no comment, or the end. */
static struct str skip_to_semicolon(struct str s)
{
	for (s = lexical_skip(s); s.n && s.p[0] != ';'; s = lexical_skip(s)) {
		struct str word, before = s;
		if (!lexical_value(&s, &word))
			return STR("");
		if (s.n == before.n)
			s = str_from(s, 1);      /* ")" */
	}
	return s;
}

void authres_begin(struct authres *a, struct str value)
{
	struct str s = lexical_skip(value), id = STR("");
	*a = (struct authres){ .id = STR(""), .supported = true, .rest = s };
	if (is_method(s))
		return;                  /* no authserv-id, as Microsoft 365 writes it */
	if (!lexical_value(&s, &id)) {
		a->rest = STR("");
		return;
	}
	a->id = lexical_inside(id);
	s = lexical_skip(s);
	struct str behind = s, version = digits(&behind);
	if (version.n && (behind.n == 0 || strchr("; \t\r\n(", behind.p[0] ? behind.p[0] : 'x'))) {
		a->supported = is_version_one(version);
		s = lexical_skip(behind);
	}
	a->rest = is_method(s) ? s : skip_to_semicolon(s);
}

/* An empty value with the next property behind it: "smtp.mailfrom= smtp.helo=a.example". An
 * address may look so, too, but has its "@". */
static bool is_next_property(struct str s)
{
	static const char *const types[] = { "smtp.", "header.", "policy.", "body." };
	struct str word = STR(""), ahead = s;
	bool begins = false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		begins |= str_caseprefix(s, str_of(types[i]));
	return begins && lexical_value(&ahead, &word) && str_find(word, '=') != SIZE_MAX &&
	       str_find(word, '@') == SIZE_MAX;
}

static bool take_value(struct str *s, struct str *value)
{
	struct str behind = lexical_skip(*s);
	*value = STR("");
	if (behind.n != s->n && is_next_property(behind)) {
		*s = behind;
		return true;
	}
	return lexical_value(s, value);
}

static void keep_property(struct authres_result *r, struct str type, struct str name,
                          struct str value)
{
	if (r->count == AUTHRES_PROPERTIES_MAX)
		return;
	r->property[r->count++] = (struct authres_property){ type, name, value,
	                                                     lexical_domain(value) };
}

/* One "ptype.property=value", "reason=value" or a word that is neither. False: what follows
 * cannot be told apart. */
static bool read_property(struct str *s, struct authres_result *r)
{
	struct str at = *s, type = STR(""), name = lexical_keyword(&at), value;
	if (name.n && lexical_take(&at, '.')) {
		type = name;
		at = lexical_skip(at);
		name = lexical_keyword(&at);
	}
	if (name.n == 0 || !lexical_take(&at, '=')) {
		size_t before = s->n;
		if (!lexical_value(s, &value))
			return false;
		if (s->n == before)
			*s = str_from(*s, 1);
		return true;
	}
	*s = at;
	if (!take_value(s, &value))
		return false;
	if (type.n == 0 && str_caseeq(name, STR("reason")))
		r->reason = lexical_inside(value);
	else
		keep_property(r, type, name, value);
	return true;
}

bool authres_next(struct authres *a, struct authres_result *r)
{
	for (;;) {
		struct str s = lexical_skip(a->rest);
		bool known = true;
		if (s.n == 0)
			return false;
		if (s.p[0] == ';') {
			a->rest = str_from(s, 1);
			continue;
		}
		*r = (struct authres_result){ .reason = STR("") };
		if (!take_method(&s, &r->method, &known)) {
			a->rest = skip_to_semicolon(s);
			continue;
		}
		s = lexical_skip(s);
		r->result = lexical_keyword(&s);
		for (s = lexical_skip(s); s.n && s.p[0] != ';'; s = lexical_skip(s))
			if (!read_property(&s, r)) {
				a->rest = STR("");
				return false;
			}
		a->rest = s;
		if (known && r->result.n)
			return true;
	}
}

struct str authres_domain(const struct authres_result *r, struct str type, struct str name)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct authres_property *p = &r->property[i];
		if (p->domain.n && str_caseeq(p->type, type) && str_caseeq(p->name, name))
			return p->domain;
	}
	return STR("");
}

/* ---- Received-SPF --------------------------------------------------------------- */

struct spf_keys {
	struct str identity, sender, helo;
};

/* "(mx.example: domain of [transitioning] a@example.org designates …)": where no key names the
 * sender, its domain stands there, as RFC 7208's examples and most servers have it. */
static struct str noted_domain(struct str comment)
{
	static const struct str words = { "domain of ", 10 }, moving = { "transitioning ", 14 };
	size_t at = str_casesearch(comment, words);
	struct str s, value;
	if (at == SIZE_MAX)
		return STR("");
	s = str_from(comment, at + words.n);
	if (str_caseprefix(s, moving))
		s = str_from(s, moving.n);
	return lexical_value(&s, &value) ? lexical_domain(value) : STR("");
}

/* Some write the recipient there, and "<UNKNOWN>" where they know none. */
static struct str receiver_of(struct str value)
{
	struct str host = lexical_domain(value);
	return str_caseeq(host, STR("unknown")) ? STR("") : host;
}

static void keep_key(struct str key, struct str value, struct spf_keys *keys,
                     struct received_spf *spf)
{
	if (str_caseeq(key, STR("identity")))
		keys->identity = lexical_inside(value);
	else if (str_caseeq(key, STR("envelope-from")))
		keys->sender = lexical_domain(value);
	else if (str_caseeq(key, STR("helo")))
		keys->helo = lexical_domain(value);
	else if (str_caseeq(key, STR("receiver")))
		spf->receiver = receiver_of(value);
}

/* Whom the check was about: by its key, or by what else stands there. */
static void settle_identity(const struct spf_keys *keys, struct str noted, struct received_spf *spf)
{
	bool said = keys->identity.n != 0;
	if (said && str_caseeq(keys->identity, STR("helo"))) {
		spf->identity = SPF_HELO;
		spf->domain = keys->helo;
	} else if (said && !str_caseeq(keys->identity, STR("mailfrom"))) {
		spf->identity = SPF_OTHER;
	} else if (said || keys->sender.n) {
		spf->identity = SPF_MAILFROM;
		spf->domain = keys->sender.n ? keys->sender : noted;
	} else if (noted.n && !str_caseeq(noted, keys->helo)) {
		spf->identity = SPF_MAILFROM;
		spf->domain = noted;
	}
}

bool received_spf_parse(struct str value, struct received_spf *spf)
{
	struct str s = lexical_skip(value), noted = STR("");
	struct spf_keys keys = { STR(""), STR(""), STR("") };
	*spf = (struct received_spf){ lexical_keyword(&s), STR(""), STR(""), SPF_UNTOLD };
	if (spf->result.n == 0)
		return false;
	s = str_trim(s);
	if (s.n && s.p[0] == '(')
		noted = noted_domain((struct str){ s.p, lexical_comment(s) });
	for (s = lexical_skip(s); s.n; s = lexical_skip(s)) {
		struct str key = lexical_keyword(&s), word;
		bool paired = key.n && lexical_take(&s, '=');
		size_t before = s.n;
		if (!lexical_value(&s, &word))
			return false;
		if (paired)
			keep_key(key, word, &keys, spf);
		else if (s.n == before && s.n)
			s = str_from(s, 1);      /* ";" */
	}
	settle_identity(&keys, noted, spf);
	return true;
}
