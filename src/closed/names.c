/* SPDX-License-Identifier: ISC
 *
 * Answers by the rows. An asker's name is "a" and the hexadecimal digits of its address.
 */
#include "closed/names.h"

#include "base/random.h"
#include "dns/message.h"

#include <stdio.h>

enum { TTL_S = 60, MX_PREFERENCE = 10, ANSWERS_MAX = 16 };

/* An answer while it is made. */
struct answering {
	const struct closed_names *names;
	const struct dns_question *question;
	struct dns_writer *w;
	unsigned answers;
	bool exists;                     /* the name does, with or without this type */
};

/* The owner is the name in the question. False: no more go in. */
static bool answer_begin(struct answering *a, uint16_t type, size_t bytes)
{
	a->exists = true;
	if (a->question->type != type || a->answers == ANSWERS_MAX)
		return false;
	a->answers++;
	dns_put_pointer(a->w, DNS_HEADER_BYTES);
	dns_put_u16(a->w, type);
	dns_put_u16(a->w, DNS_CLASS_IN);
	dns_put_u32(a->w, TTL_S);
	dns_put_u16(a->w, (unsigned)bytes);
	return true;
}

static void answer_address(struct answering *a, const struct ip *ip)
{
	size_t n = ip_bits(ip) / 8;
	if (answer_begin(a, ip->family == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA, n))
		dns_put_bytes(a->w, ip->b, n);
}

/* `nth`: of the MX of a name. */
static void answer_name(struct answering *a, uint16_t type, const char *text, unsigned nth)
{
	struct dns_name name;
	bool mx = type == DNS_TYPE_MX;
	if (dns_name_parse(str_of(text), &name, NULL) != ERR_OK ||
	    !answer_begin(a, type, name.n + (mx ? 2u : 0u)))
		return;
	if (mx)
		dns_put_u16(a->w, (uint16_t)(MX_PREFERENCE * (nth + 1)));
	dns_put_name(a->w, &name);
}

/* ---- reverse names ------------------------------------------------------------------------- */

/* The address that "4.3.2.1.in-addr.arpa" or its like of 32 nibbles names. */
static bool address_of_reverse(struct str text, struct ip *ip)
{
	bool four = str_casesuffix(text, STR(".in-addr.arpa"));
	if (!four && !str_casesuffix(text, STR(".ip6.arpa")))
		return false;
	text.n -= four ? strlen(".in-addr.arpa") : strlen(".ip6.arpa");
	*ip = (struct ip){ .family = four ? 4 : 6 };
	unsigned parts = four ? 4 : 32, i = 0;
	struct str part;
	for (; i < parts && str_token(&text, ".", &part); i++) {
		uint64_t value;
		uint8_t nibble[1];
		char digits[2] = { '0', part.p[0] };
		if (four && str_u64(part, 255, &value) == ERR_OK)
			ip->b[3 - i] = (uint8_t)value;
		else if (!four && part.n == 1 &&
		         hex_decode((struct str){ digits, 2 }, nibble, 1) == 1)
			ip->b[15 - i / 2] |= (uint8_t)(nibble[0] << (i % 2 ? 4 : 0));
		else
			return false;
	}
	return i == parts && text.n == 0;
}

static void answer_reverse(struct answering *a, const struct ip *ip)
{
	char name[DNS_NAME_MAX + 1], digits[2 * sizeof(ip->b) + 1];
	for (size_t i = 0; i < a->names->reverse_n; i++)
		if (ip_eq(&a->names->reverses[i].address, ip)) {
			if (a->names->reverses[i].name)
				answer_name(a, DNS_TYPE_PTR, a->names->reverses[i].name, 0);
			return;
		}
	hex_encode(ip->b, ip_bits(ip) / 8, digits);
	if (snprintf(name, sizeof(name), "a%s.%s", digits, a->names->askers) < (int)sizeof(name))
		answer_name(a, DNS_TYPE_PTR, name, 0);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void answer_asker(struct answering *a, struct str text)
{
	struct ip ip = { 0 };
	struct str below = str_of(a->names->askers);
	if (text.n < below.n + 2 || !str_casesuffix(text, below))
		return;
	struct str label = { text.p, text.n - below.n - 1 };
	if (text.p[label.n] != '.' || ascii_lower(label.p[0]) != 'a')
		return;
	label = str_from(label, 1);
	ip.family = label.n == 8 ? 4 : label.n == 32 ? 6 : 0;
	if (ip.family && hex_decode(label, ip.b, sizeof(ip.b)) > 0)
		answer_address(a, &ip);
}

static void answer_rows(struct answering *a, struct str text)
{
	unsigned mx_n = 0;
	for (size_t i = 0; i < a->names->name_n; i++) {
		const struct closed_name *row = &a->names->names[i];
		if (!str_caseeq(text, str_of(row->name)))
			continue;
		a->exists = true;
		if (row->address.family)
			answer_address(a, &row->address);
		if (row->mx)
			answer_name(a, DNS_TYPE_MX, row->mx, mx_n++);
	}
}

static unsigned answer_question(struct answering *a)
{
	char name[DNS_NAME_TEXT_MAX];
	struct ip ip;
	if (a->question->class != DNS_CLASS_IN)
		return DNS_RCODE_REFUSED;
	struct str text = str_of(dns_name_format(&a->question->name, name));
	if (address_of_reverse(text, &ip)) {
		answer_reverse(a, &ip);
	} else {
		answer_asker(a, text);
		answer_rows(a, text);
	}
	return a->exists ? DNS_RCODE_NOERROR : DNS_RCODE_NXDOMAIN;
}

/* With what goes into the OPT record, where the query had one. */
static bool query_has_edns(struct dns_reader r, const struct dns_header *h)
{
	struct dns_rr rr;
	unsigned n = (unsigned)h->answers + h->authorities + h->additionals;
	for (unsigned i = 0; i < n; i++) {
		if (dns_read_rr(&r, &rr) != ERR_OK)
			return false;
		if (rr.type == DNS_TYPE_OPT)
			return true;
	}
	return false;
}

size_t closed_names_answer(const struct closed_names *names, struct str query,
                           uint8_t dst[static CLOSED_ANSWER_MAX])
{
	struct dns_reader r = { (const uint8_t *)query.p, query.n, 0 };
	struct dns_header h;
	struct dns_question q;
	if (dns_read_header(&r, &h) != ERR_OK || h.flags & (DNS_FLAG_QR | DNS_FLAG_OPCODE) ||
	    h.questions != 1 || dns_read_question(&r, &q) != ERR_OK)
		return 0;
	struct dns_writer w = { dst, CLOSED_ANSWER_MAX, 0, false };
	struct answering a = { .names = names, .question = &q, .w = &w };
	bool edns = query_has_edns(r, &h);
	struct dns_header head = { .id = h.id, .questions = 1, .additionals = edns };
	dns_put_header(&w, &head);
	dns_put_question(&w, &q);
	unsigned rcode = answer_question(&a);
	if (edns)
		dns_put_edns(&w, rcode, false, DNS_EDE_NONE);
	/* Again, now that the answers are counted. */
	head.answers = (uint16_t)a.answers;
	head.flags = (uint16_t)(DNS_FLAG_QR | DNS_FLAG_AA | DNS_FLAG_RA | (h.flags & DNS_FLAG_RD) |
	                        rcode);
	struct dns_writer first = { dst, DNS_HEADER_BYTES, 0, false };
	dns_put_header(&first, &head);
	return w.full ? 0 : w.n;
}
