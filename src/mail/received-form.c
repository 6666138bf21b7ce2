/* SPDX-License-Identifier: ISC
 *
 * The product that wrote a line, and so its form: comments, protocol words, ids; and the comments
 * that any clause may have.
 */
#include "mail/received-private.h"

/* ---- comments of any clause ------------------------------------------------------- */

/* "SquirrelMail authenticated user joe", and its kin. */
static bool is_web_login(struct str s)
{
	size_t n = 0;
	while (n < s.n && !ascii_isspace(s.p[n]))
		n++;
	return str_casesuffix(word_slice(s, 0, n), STR("Mail")) &&
	       word_starts(str_from(s, n), " authenticated user");
}

/* Courier: "IDENT: root, AUTH: LOGIN joe". */
static void read_ident(struct str s, struct received *r)
{
	struct str word;
	if (str_token(&s, " \t\r\n,", &word))
		r->ident = word;
	r->auth |= word_holds(s, "AUTH:");
}

static bool login_comment(struct str s, struct received *r)
{
	if (word_starts(s, "account "))
		r->auth = true;          /* HELO may follow: not done yet */
	if (!word_starts(s, "auth:") && !str_caseeq(s, STR("authenticated")) &&
	    !word_starts(s, "authenticated ") && !word_starts(s, "auth "))
		return false;
	r->auth = true;
	return true;
}

static bool sender_comment(struct str s, struct received *r)
{
	struct str word;
	if (!word_starts(s, "envelope-from ") && !word_starts(s, "envelope-sender "))
		return false;
	while (s.n && s.p[0] != ' ' && s.p[0] != '\n' && s.p[0] != '\t')
		s = str_from(s, 1);
	if (r->sender.n == 0 && str_token(&s, " \t\r\n,", &word))
		r->sender = word_unangle(word);
	return true;
}

/* "using TLSv1", "version=TLSv1", "TLS…", "Cipher …" */
static bool tls_comment(struct str s, struct received *r)
{
	if (word_starts(s, "using TLS") || word_starts(s, "using SSL")) {
		r->tls = str_from(s, 6);
		return true;
	}
	bool version = word_starts(s, "version=");
	if (!version && !word_starts(s, "TLS") && !word_starts(s, "SSL") &&
	    !word_starts(s, "Cipher ") && !word_starts(s, "cipher="))
		return false;
	/* "sslwrap@localhost [127.0.0.1]" and "tls.example [192.0.2.1]" are peers. */
	if (!version && (str_find(s, '[') != SIZE_MAX || str_find(s, '@') != SIZE_MAX))
		return false;
	r->tls = s;
	return true;
}

/* Those that are known by their first word. */
static bool first_word_comment(struct str s, struct received *r)
{
	switch (ascii_lower(s.p[0])) {
	case 'a':
		return login_comment(s, r);
	case 'e':
		return sender_comment(s, r);
	case 'i':
		if (!word_starts(s, "IDENT: "))
			return false;
		read_ident(str_from(s, 7), r);
		return true;
	case 'v':
		if (!word_starts(s, "via HTTP"))
			return tls_comment(s, r);
		r->form = RECEIVED_WEB;          /* United Internet's web mailers */
		return true;
	case 'u': case 't': case 's': case 'c':
		return tls_comment(s, r);
	default:
		return false;
	}
}

bool form_comment(struct str s, struct received *r)
{
	if (s.n < 3)
		return false;
	if (first_word_comment(s, r))
		return true;
	if (str_casesuffix(s, STR("encrypted")) && s.p[0] != '[' && str_find(s, '=') == SIZE_MAX) {
		r->tls = s;
		return true;
	}
	if (is_web_login(s)) {
		r->auth = true;
		return true;
	}
	return false;
}

/* ---- the product ------------------------------------------------------------------ */

static enum received_form form_of_product(struct str s)
{
	static const struct {
		const char *begin;
		enum received_form form;
	} products[] = {
		{ "Postfix", RECEIVED_POSTFIX }, { "Exim ", RECEIVED_EXIM },
		{ "SMI-8.", RECEIVED_SENDMAIL }, { "qmail", RECEIVED_QMAIL },
		{ "qp ", RECEIVED_QMAIL }, { "Lotus ", RECEIVED_DOMINO },
		{ "IBM Domino", RECEIVED_DOMINO }, { "HCL Domino", RECEIVED_DOMINO },
		{ "CommuniGate", RECEIVED_COMMUNIGATE }, { "fetchmail", RECEIVED_FETCHED },
		{ "getmail", RECEIVED_FETCHED }, { "mpop", RECEIVED_FETCHED },
		{ "mshttpd", RECEIVED_WEB },
	};
	/* "8.12.8/8.12.8" */
	if (s.n > 3 && s.p[0] == '8' && s.p[1] == '.' && str_find(s, '/') != SIZE_MAX)
		return RECEIVED_SENDMAIL;
	if (s.n == 4 && ascii_lower(s.p[0]) == 'e')
		return RECEIVED_EXIM;
	for (size_t i = 0; i < sizeof(products) / sizeof(*products); i++)
		if (word_starts(s, products[i].begin))
			return products[i].form;
	return RECEIVED_OTHER;
}

/* "192.0.2.1", "[192.0.2.1] running X", "node [192.0.2.1]" beside the by-host. A filter names
 * the loopback so, which is no host's own. */
static bool read_by_ip(struct str s, struct received *r)
{
	size_t open = s.n && s.p[s.n - 1] == ']' ? str_find(s, '[') : 0;
	if (r->by_ip.family || open == SIZE_MAX || !received_address(str_from(s, open), &r->by_ip))
		return false;
	if (open > 0 && r->by_ip.family == 4 && r->by_ip.b[0] == 127)
		r->by_ip = (struct ip){ 0 };
	return true;
}

void form_product(const struct clause *c, bool is_by, struct received *r)
{
	for (size_t i = 0; i < c->n; i++) {
		struct str s = c->item[i].s;
		if (is_by && i > 0 && read_by_ip(s, r))
			continue;
		if (!c->item[i].comment)
			continue;
		if (form_comment(s, r))
			continue;
		if (r->product.n == 0)
			r->product = s;
		if (r->form == RECEIVED_OTHER)
			r->form = form_of_product(s);
		if (is_by && r->from.n == 0 && word_holds(s, "from userid"))
			r->form = RECEIVED_LOCAL;
	}
}

/* ---- the form --------------------------------------------------------------------- */

/* Programs through which a host's own mailer passes a message: "amavisd-new", "simscan 1.4.0". */
static bool is_scanner(struct str s)
{
	static const char *const names[] = {
		"simscan", "qmail-scanner", "amavis", "clamav", "clamsmtp", "clamdscan", "spamd",
		"SpamAssassin", "spamc", "mimedefang", "MailScanner", "procmail", "maildrop",
		"dspam", "bogofilter", "rspamd", "qscand", "avcheck", "AvMailGate", "drweb",
		"vscan", "f-prot", "qfscan", "ifspamh", "qmail-spamc", "altermime",
	};
	if (str_find(s, '@') != SIZE_MAX)
		return false;
	size_t n = 0;            /* "amavisd-new", "simscan-1.4"; "clamav.example" is a host */
	while (n < s.n && s.p[n] != '/' && s.p[n] != '.')
		n++;
	bool version = n == s.n || s.p[n] == '/' ||
	               (n > 0 && ascii_isdigit((unsigned char)s.p[n - 1]));
	for (size_t i = 0; version && i < sizeof(names) / sizeof(names[0]); i++)
		if (word_starts(s, names[i]))
			return true;
	return false;
}

/* `with` is the clause's phrase, `first` its first word. */
static enum received_form form_of_protocol(struct str with, struct str first)
{
	if (word_is_web(first))
		return RECEIVED_WEB;
	if (str_caseeq(first, STR("mapi")) || word_starts(with, "Microsoft SMTP Server"))
		return RECEIVED_EXCHANGE;
	if (word_starts(with, "Microsoft SMTPSVC"))
		return RECEIVED_SMTPSVC;
	if (word_holds(first, "-scanne") || word_starts(first, "scanned") || is_scanner(first))
		return RECEIVED_SCANNER;
	if (str_caseeq(first, STR("local")))
		return RECEIVED_LOCAL;
	if (str_caseeq(first, STR("POP")) || str_caseeq(first, STR("POP3")) ||
	    str_caseeq(first, STR("IMAP")) || str_caseeq(first, STR("IMAP4")))
		return RECEIVED_FETCHED;
	return RECEIVED_OTHER;
}

/* Its dates have no weekday and the zone -0000; nothing else writes that with these
 * protocols. Patched to local time it still folds its lines as nothing else does. */
bool form_is_qmail(const struct received *r)
{
	if (r->form == RECEIVED_QMAIL)
		return true;
	if (r->form != RECEIVED_OTHER || r->id.n || !r->has_time)
		return false;
	if (r->date.has_weekday || r->date.half_day ||
	    (!r->date.zone_untold && (!r->folded_by || !r->date.has_zone)))
		return false;
	return phrase_protocol(r->with) || str_caseeq(r->with, STR("QMQP")) ||
	       str_caseeq(r->with, STR("QMTP")) || str_caseeq(r->with, STR("QMTPS"));
}

/* By the words of the protocol. */
static enum received_form form_of_words(const struct clauses *c, const struct received *r,
                                        const struct peer *peer)
{
	enum received_form form = r->form;
	if (form == RECEIVED_OTHER && r->with.n)
		form = form_of_protocol(r->with, clause_word(&c->with));
	if (form == RECEIVED_OTHER && word_is_web(r->via))
		form = RECEIVED_WEB;
	/* Exchange passes mail on by HTTPS, too: from host (ip) by host with HTTPS. */
	if (form == RECEIVED_WEB && peer->shape == SHAPE_PAREN && r->product.n == 0 &&
	    str_caseeq(r->with, STR("HTTPS")) && word_looked_up(r->from).n)
		form = RECEIVED_EXCHANGE;
	return form;
}

static bool tells_login(const struct received *r)
{
	if (r->form == RECEIVED_WEB || phrase_protocol(r->with) == PROTOCOL_LOGIN)
		return true;
	/* GMX writes its customers' logins as (mp033) and no other way. */
	return str_caseeq(r->by, STR("mail.gmx.net")) && word_starts(r->product, "mp0");
}

/* "from mail pickup service by x", "from spooler by x" */
static bool is_pickup(const struct clause *from, struct str first)
{
	if (str_caseeq(first, STR("spooler")) || str_caseeq(first, STR("SpoolDir")))
		return true;
	return str_caseeq(first, STR("mail")) && from->n >= 3 &&
	       str_caseeq(from->item[1].s, STR("pickup"));
}

/* No product and no protocol told it: by how the line looks. */
static enum received_form form_of_looks(const struct received *r)
{
	if (form_is_qmail(r) && r->ip.family)
		return RECEIVED_QMAIL;
	if (str_casesuffix(r->by, STR(".google.com")))
		return RECEIVED_GOOGLE;
	if (r->product.n == 0 && clause_is_exim_id(r->id) && word_protocol(r->with))
		return RECEIVED_EXIM;
	return RECEIVED_OTHER;
}

void form_settle(const struct clauses *c, struct received *r, const struct peer *peer)
{
	r->form = form_of_words(c, r, peer);
	r->auth |= tells_login(r);
	if (r->ip.family == 0 && is_pickup(&c->from, r->from))
		r->form = RECEIVED_PICKUP;
	if (r->by.n == 0 && c->from.n == 0)
		r->form = RECEIVED_QUEUE;
	else if (r->ip.family == 0 && !peer->from_comment &&
	         ((c->from.n == 0 && c->head.n) || str_caseeq(r->with, STR("local"))))
		r->form = RECEIVED_LOCAL;
	else if (r->form == RECEIVED_OTHER)
		r->form = form_of_looks(r);
	/* "by simscan 1.4.0 ppid: …": a program, which is no host */
	if (c->from.n == 0 && r->ip.family == 0 && r->product.n == 0 && is_scanner(r->by)) {
		r->form = RECEIVED_SCANNER;
		r->product = r->by;
		r->by = STR("");
	}
}
