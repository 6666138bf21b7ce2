/* SPDX-License-Identifier: ISC
 *
 * A Received line from its clauses to what it says: each clause is read, then the form is settled,
 * and last what the names of the client mean in it.
 */
#include "mail/received-private.h"

/* The words of a clause up to the first comment behind one of them. */
static struct str phrase_of(const struct clause *c)
{
	struct str s = { "", 0 };
	for (size_t i = 0; i < c->n; i++) {
		if (c->item[i].comment && s.n)
			break;
		if (c->item[i].comment)
			continue;
		const char *end = c->item[i].s.p + c->item[i].s.n;
		s = s.n ? (struct str){ s.p, (size_t)(end - s.p) } : c->item[i].s;
	}
	return s;
}

/* chasquid and newer Exims: with ESMTPS tls TLS_AES_128_GCM_SHA256 */
static void read_protocol(const struct clause *c, struct received *r)
{
	r->with = phrase_of(c);
	if (c->n < 3 || c->item[0].comment || c->item[1].comment || c->item[2].comment ||
	    !str_caseeq(c->item[1].s, STR("tls")) || word_protocol(c->item[0].s) == PROTOCOL_OTHER)
		return;
	r->with = c->item[0].s;
	r->tls = c->item[2].s;
}

static void read_id(const struct clause *c, struct received *r)
{
	struct str s = word_unangle(clause_word(c));
	while (s.n && (s.p[s.n - 1] == ',' || s.p[s.n - 1] == ';'))
		s.n--;
	r->id = s;
	/* Haraka: id X envelope-from <…> */
	for (size_t i = 1; i + 1 < c->n; i++)
		if (r->sender.n == 0 && str_caseeq(c->item[i].s, STR("envelope-from")))
			r->sender = word_unangle(c->item[i + 1].s);
}

/* The word in angles, as in "for joe <joe@example.org>", or else the first. */
static void read_recipient(const struct clause *c, struct received *r)
{
	struct str s = clause_word(c);
	for (size_t i = 1; i < c->n; i++)
		if (!c->item[i].comment && s.p[0] != '<' && c->item[i].s.p[0] == '<')
			s = c->item[i].s;
	r->recipient = word_unangle(s);
}

static bool is_folded_by(struct str value, struct str by)
{
	static const struct str fold = { "\n  by ", 6 };
	return by.n && by.p >= value.p + fold.n &&
	       str_eq((struct str){ by.p - fold.n, fold.n }, fold);
}

/* "host[192.0.2.1]" and "<host>" are the host. */
static void read_by(struct str value, const struct clause *c, struct received *r)
{
	r->by = word_unangle(clause_word(c));
	r->folded_by = is_folded_by(value, r->by);
	size_t open = str_find(r->by, '[');
	if (open != 0 && open != SIZE_MAX && received_address(str_from(r->by, open), &r->by_ip))
		r->by.n = open;
}

static void read_date(const struct clauses *c, struct received *r)
{
	if (c->has_plain) {
		r->date = c->plain;
		r->has_time = true;
		return;
	}
	if (c->date.p) {
		r->has_time = mail_date_parse(c->date, &r->date) == ERR_OK;
		return;
	}
	/* No semicolon: the date may follow the last word without one. */
	const struct clause *const last[] = { &c->recipient, &c->id, &c->with, &c->by, &c->head };
	bool noted = c->from.n == 0 && c->by.n == 0;     /* (a filter's note) 9 Aug … */
	for (size_t k = 0; k < 4u + noted && !r->has_time; k++)
		for (size_t i = 1; i < last[k]->n && !r->has_time; i++) {
			struct str s = last[k]->item[i].s;
			const char *end = last[k]->item[last[k]->n - 1].s.p +
			                  last[k]->item[last[k]->n - 1].s.n;
			if (last[k]->item[i].comment || end < s.p)
				continue;
			s.n = (size_t)(end - s.p);
			r->has_time = mail_date_parse(s, &r->date) == ERR_OK &&
			              (r->date.has_weekday || r->date.has_zone);
		}
}

char *received_clock(const struct received *r, char dst[static CLOCK_TEXT_MAX])
{
	size_t n = strlen(clock_format(r->date.time_s, dst));
	if (n && dst[n - 1] == 'Z')
		dst[n - 1] = '\0';
	return dst;
}

void received_parse(struct str value, struct received *r)
{
	struct clauses c;
	struct peer peer = { .line = &c };
	received_scan(value, &c);
	*r = (struct received){ .truncated = c.truncated };
	read_by(value, &c.by, r);
	read_protocol(&c.with, r);
	r->via = clause_word(&c.via);
	r->sender = word_unangle(c.sender);
	read_recipient(&c.recipient, r);
	read_id(&c.id, r);
	read_date(&c, r);
	client_read(&c.from, r, &peer);
	if (c.from.n == 0)
		client_read(&c.head, r, &peer);
	if (c.from.n == 0 && !peer.from_comment) {
		r->from = STR("");       /* "(qmail 1 invoked …)", "(from u@localhost)" */
		r->ident = STR("");
	}
	form_product(&c.by, true, r);
	form_product(&c.with, false, r);
	form_product(&c.via, false, r);
	form_product(&c.id, false, r);
	form_product(&c.recipient, false, r);
	for (size_t i = 0; i < c.tail.n; i++)
		if (c.tail.item[i].comment)
			(void)form_comment(c.tail.item[i].s, r);
	form_settle(&c, r, &peer);
	naming_peer(r, &peer);
	if (r->by_ip.family == 0)
		(void)received_address(r->by, &r->by_ip);
	odd_look(value, &c, r);
}
