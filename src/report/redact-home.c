/* SPDX-License-Identifier: ISC
 *
 * What of a message is our own side's and is not sent: an abuse desk needs the line of the
 * handover and what stands below it; the rest would only tell of our machines, filters and lists.
 */
#include "report/redact-private.h"

#include "trace/names.h"

enum { HOST_MAX_BYTES = 255 };

static bool is_named(const struct header_field *f, const char *const *names)
{
	for (; *names; names++) {
		struct str name = str_of(*names);
		bool all_of_it = name.p[name.n - 1] == '*';
		if (all_of_it ? str_caseprefix(f->name, (struct str){ name.p, name.n - 1 })
		              : header_is(f, name))
			return true;
	}
	return false;
}

bool redact_is_recipients(const struct header_field *f)
{
	static const char *const names[] = {
		"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc", "Apparently-To", NULL,
	};
	return is_named(f, names) || redact_is_delivery(f);
}

bool redact_is_delivery(const struct header_field *f)
{
	static const char *const names[] = {
		"Delivered-To", "X-Delivered-To", "X-Original-To", "Original-Recipient",
		"Envelope-To", "X-Envelope-To", "X-RCPT-To", "X-Rcpt-Original",
		"X-Failed-Recipients",
		"X-Forwarded-To", "X-Forwarded-For", "X-Resolved-To", "X-Apparently-To",
		"X-MS-Exchange-Organization-OriginalEnvelopeRecipients", NULL,
	};
	return is_named(f, names);
}

/* What the sender writes, wherever a program that saved the message has put it. */
static bool is_senders(const struct header_field *f)
{
	static const char *const names[] = {
		"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "MIME-Version",
		"Content-*", "X-Mailer", "User-Agent", "Organization", "X-Priority",
		"Importance", "Comments", "Keywords", "Apparently-To", NULL,
	};
	return is_named(f, names);
}

bool redact_is_id(const struct header_field *f)
{
	static const char *const names[] = {
		"Message-ID", "Resent-Message-ID", "In-Reply-To", "References", NULL,
	};
	return is_named(f, names);
}

/* What hosts write who deliver, filter and keep mail: those of others say nothing that their
 * network needs. */
static bool is_keepers(const struct header_field *f)
{
	static const char *const names[] = {
		"Return-Path", "X-Spam*", "X-Virus*", "X-Amavis*", "X-Quarantine*", "X-Rspamd*",
		"X-MailScanner*", "X-Scanned*", "X-Bogosity", "X-CRM114*", "X-DSPAM*",
		"X-Greylist*",
		"X-Sieve*", "X-UIDL", "X-UID", "X-IMAP*", "X-Mozilla*", "X-Keywords", "X-Label*",
		"X-Gmail*", "X-GM-*", "X-Folder", "X-Evolution*", "X-KMail*", "X-Account-*",
		"X-Pyzor", "X-Razor*", "X-DCC*", "X-SA-*", "X-Spambayes*", "X-Filter*", "X-Status",
		"Status", "Lines", "Xref", "X-Content-Length", "Content-Length",
		"X-MS-Exchange-Organization*", "X-getmail*", "X-POP3*", "X-Fetchmail*", NULL,
	};
	return is_named(f, names);
}

static bool is_lists(const struct header_field *f)
{
	static const char *const names[] = {
		"List-Id", "List-Post", "List-Archive", "List-Owner", "List-Help", "List-Subscribe",
		"List-Software", "List-Url", "X-List*", "X-Mailing-List", "Mailing-List",
		"X-BeenThere", "X-Mailman*", "X-Loop", "X-Sequence", "X-ML-*", "X-Ecartis*",
		"X-Unsubscription-Info", NULL,
	};
	return is_named(f, names);
}

/* ---- our hosts ------------------------------------------------------------- */

/* "*.example.org" means the domain, too. */
static bool is_of(struct str host, const struct str *globs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str glob = globs[i];
		if (name_glob(glob, host) || (str_prefix(glob, STR("*.")) &&
		                              str_caseeq(host, str_from(glob, 2))))
			return true;
	}
	return false;
}

static bool is_our_name(const struct redaction *r, struct str host)
{
	const struct trace_border *b = r->border;
	const struct trace *t = r->trace;
	if (is_of(host, b->own_hosts, b->own_host_count) ||
	    is_of(host, b->border_hosts, b->border_host_count))
		return true;
	for (size_t i = 0; i <= t->handover_hop && i < t->hop_count; i++)
		if (name_eq(host, t->hops[i].line.by))
			return true;
	return false;
}

static bool is_our_address(const struct redaction *r, struct str text)
{
	struct ip ip;
	if (!received_address(text, &ip))
		return false;
	for (size_t i = 0; i < r->border->own_net_count; i++)
		if (prefix_contains(&r->border->own_nets[i], &ip))
			return true;
	return false;
}

static bool is_host_byte(unsigned char c)
{
	return ascii_isalnum(c) || c == '-' || c == '.' || c == ':' || c == '_';
}

/* `ids`: what stands behind an '@' counts. Of a mail address it does not: recipients are redacted,
 * not left out. */
static bool names_us(const struct redaction *r, struct str s, bool ids)
{
	size_t i = 0;
	while (i < s.n) {
		size_t start = i;
		while (i < s.n && is_host_byte((unsigned char)s.p[i]))
			i++;
		struct str word = { s.p + start, i - start };
		bool behind_at = !ids && start > 0 && s.p[start - 1] == '@';
		i++;
		while (word.n && (word.p[word.n - 1] == '.' || word.p[word.n - 1] == ':'))
			word.n--;
		if (behind_at || word.n == 0 || word.n > HOST_MAX_BYTES ||
		    (str_find(word, '.') == SIZE_MAX && str_find(word, ':') == SIZE_MAX))
			continue;
		if (is_our_name(r, word) || is_our_address(r, word))
			return true;
	}
	return false;
}

/* A list's own way out names it; that of a bulk sender names the bulk sender. X-Unsubscription-Info
 * tells the sender which recipient it was, whoever writes it. */
static bool is_of_list(const struct redaction *r, const struct header_field *f)
{
	static const char *const names[] = { "List-Unsubscribe*", NULL };
	return is_lists(f) || (is_named(f, names) && r->trace->list.n &&
	                       !str_caseprefix(r->trace->list, STR("List-Unsubscribe")));
}

bool redact_stays_home(const struct redaction *r, const struct header_field *f)
{
	if (!r->trace || !r->border || r->own_lines)
		return false;
	bool above = r->trace->handover.family &&
	             f->offset < r->trace->hops[r->trace->handover_hop].offset;
	if (f->odd)
		return above;
	if (is_keepers(f) || redact_is_delivery(f) || is_of_list(r, f))
		return true;
	if (is_senders(f))
		return false;
	/* Our own server gives an id to what has none. */
	if (redact_is_id(f))
		return names_us(r, f->value, true);
	return above || (!header_is(f, STR("Received")) && names_us(r, f->value, false));
}

/* ---- the line of the handover ------------------------------------------------ */

/* Where our host tells its own address beside its name: "by mx.example.org (10.0.0.5)". */
static struct str own_address_in(const struct trace_hop *hop)
{
	const struct received *line = &hop->line;
	char text[IP_TEXT_MAX];
	if (!line->by_ip.family || !line->by.n)
		return STR("");
	const char *behind = line->by.p + line->by.n;
	struct str rest = { behind, (size_t)(hop->raw.p + hop->raw.n - behind) };
	ip_format(&line->by_ip, text);
	size_t at = str_casesearch(rest, str_of(text));
	return at == SIZE_MAX ? STR("") : (struct str){ rest.p + at, strlen(text) };
}

/* As it stands there, with its brackets or without. */
static void add_recipient_of(const struct redaction *r, struct str recipient, struct buf *out)
{
	struct buf path = { 0 };
	redact_path(r, recipient, &path);
	bool bracketed = recipient.p[0] == '<';
	if (path.n >= 2)
		buf_add_str(out, bracketed ? buf_str(&path)
		                           : (struct str){ path.p + 1, path.n - 2 });
	buf_fini(&path);
}

void redact_handover(const struct redaction *r, const struct trace_hop *hop, struct buf *out)
{
	const struct str address = own_address_in(hop);
	const struct str masked[] = { hop->line.id, hop->line.recipient, address };
	struct str rest = hop->raw;
	while (rest.n) {
		/* The next of them, from left to right. */
		struct str next = STR("");
		for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
			if (masked[i].n && masked[i].p >= rest.p &&
			    masked[i].p + masked[i].n <= rest.p + rest.n &&
			    (next.n == 0 || masked[i].p < next.p))
				next = masked[i];
		struct str before = { rest.p, next.n ? (size_t)(next.p - rest.p) : rest.n };
		redact_text(r, before, out);
		rest = str_from(rest, before.n + next.n);
		if (next.n == 0)
			break;
		if (next.p == hop->line.recipient.p)
			add_recipient_of(r, next, out);
		else if (next.p == address.p)
			buf_add_cstr(out, "masked");
		else
			redact_digest(r, next, out);
	}
}
