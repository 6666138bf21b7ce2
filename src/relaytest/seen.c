/* SPDX-License-Identifier: ISC
 *
 * The line is found by our name, then its address is held against what we know of ourselves.
 */
#include "relaytest/seen.h"

#include "catalogue/catalogue.h"
#include "mail/header.h"
#include "trace/names.h"

/* ---- the line ---------------------------------------------------------------------------- */

/* Names that many a program on the host itself says. */
static bool tells_us_apart(struct str hello)
{
	return hello.n > 0 && hello.p[0] != '.' && !name_is_localhost(hello);
}

/* Somebody came by SMTP, and the writer saw it. */
static bool is_of_a_session(const struct received *r)
{
	switch (r->form) {
	case RECEIVED_GOOGLE: case RECEIVED_WEB: case RECEIVED_FETCHED: case RECEIVED_SCANNER:
	case RECEIVED_PICKUP: case RECEIVED_LOCAL: case RECEIVED_QUEUE:
		return false;
	case RECEIVED_OTHER: case RECEIVED_SENDMAIL: case RECEIVED_POSTFIX: case RECEIVED_EXIM:
	case RECEIVED_QMAIL: case RECEIVED_EXCHANGE: case RECEIVED_SMTPSVC:
	case RECEIVED_DOMINO: case RECEIVED_COMMUNIGATE:
		break;
	}
	return true;
}

/* Exim leaves the name that was said out where it is the one that was looked up. */
static bool said(const struct received *r, struct str hello)
{
	return name_eq(r->helo.n ? r->helo : r->rdns, hello);
}

/* A server of our own name: its programs say it to each other. */
static bool is_namesake(const struct received *r, struct str hello)
{
	return r->by.n == 0 || name_eq(r->by, hello) || name_short_match(r->by, hello);
}

bool seen_line(struct str message, struct str hello, struct received *line)
{
	struct header_cursor c;
	struct header_field f;
	if (!tells_us_apart(hello))
		return false;
	header_begin(&c, message);
	for (unsigned lines = 0; lines < SEEN_LINES_MAX && header_next(&c, &f); lines++) {
		if (!header_is(&f, STR("Received")))
			continue;
		received_parse(f.value, line);
		if (!is_of_a_session(line) || !said(line, hello))
			continue;
		return line->ip.family && !line->bad_ip && !line->truncated &&
		       !is_namesake(line, hello);
	}
	return false;
}

enum mta seen_mta(const struct received *line)
{
	switch (line->form) {
	case RECEIVED_POSTFIX: return MTA_POSTFIX;
	case RECEIVED_EXIM: return MTA_EXIM;
	case RECEIVED_QMAIL: return MTA_QMAIL;
	case RECEIVED_EXCHANGE: case RECEIVED_SMTPSVC: return MTA_EXCHANGE;
	default: break;
	}
	if (str_eq(line->product, STR("OpenSMTPD")))
		return MTA_OPENSMTPD;
	/* Versions of the program and of its configuration: "8.17.1/8.17.1". */
	if (str_prefix(line->product, STR("8.")) && str_find(line->product, '/') != SIZE_MAX)
		return MTA_SENDMAIL;
	return MTA_UNKNOWN;
}

/* The connection was an ordinary one, under our own name. */
static bool is_ordinary(const struct test_return *r)
{
	struct relay_form form;
	return r->kind == RETURN_RECIPIENT && r->marked &&
	       relay_form_parse(str_of(r->case_id), &form) == ERR_OK &&
	       !relay_forges_helo(form.row) && !relay_claims_client(form.row);
}

/* ---- what most hosts say ------------------------------------------------------------------ */

static void put_vote(struct seen_votes *votes, const struct ip *host, const struct ip *address)
{
	struct prefix network = prefix_of(host, host->family == 4 ? 24 : 48);
	size_t i = 0;
	while (i < votes->n && prefix_cmp(&votes->v[i].network, &network) != 0)
		i++;
	if (i == votes->n && votes->n < SEEN_VOTES_MAX)
		votes->n++;
	else if (i == votes->n) {
		i = votes->next;
		votes->next = (votes->next + 1) % SEEN_VOTES_MAX;
	}
	votes->v[i].network = network;
	votes->v[i].address = *address;
}

void seen_vote(struct seen_votes *votes, const struct ip *host, struct str hello,
               const struct test_return *returns, size_t n)
{
	struct received line;
	for (size_t i = 0; i < n; i++)
		if (is_ordinary(&returns[i]) && seen_line(returns[i].message, hello, &line) &&
		    ip_is_public(&line.ip) && !ip_eq(&line.ip, host)) {
			put_vote(votes, host, &line.ip);
			return;
		}
}

struct ip seen_elected(const struct seen_votes *votes, uint8_t family)
{
	size_t all = 0;
	for (size_t i = 0; i < votes->n; i++)
		all += votes->v[i].address.family == family;
	for (size_t i = 0; i < votes->n; i++) {
		const struct ip *one = &votes->v[i].address;
		size_t agree = 0;
		for (size_t k = 0; k < votes->n; k++)
			agree += ip_eq(&votes->v[k].address, one);
		if (one->family == family && agree >= SEEN_AGREE_MIN && agree * 2 > all)
			return *one;
	}
	return (struct ip){ 0 };
}

/* ---- what it tells ------------------------------------------------------------------------ */

static bool is_among(const struct config_ips *ips, const struct ip *ip)
{
	for (size_t i = 0; ips && i < ips->n; i++)
		if (ip_eq(&ips->v[i], ip))
			return true;
	return false;
}

struct ip seen_known(const struct seen_from *from)
{
	for (size_t i = 0; from->set && i < from->set->n; i++)
		if (from->set->v[i].family == from->host.family)
			return from->set->v[i];
	return ip_is_public(&from->came_from) ? from->came_from : from->elected;
}

/* Our own address, by which nothing was lost. */
static bool is_ours(const struct seen_from *from, const struct ip *ip)
{
	return ip_eq(ip, &from->came_from) || ip_eq(ip, &from->elected) ||
	       is_among(from->set, ip) || is_among(from->own, ip) ||
	       is_among(from->more_own, ip);
}

/* We would not be strangers there, and what it sees of us tells nothing of others. */
static bool is_ourselves(const struct seen_from *from)
{
	return !from->came_from.family || is_ours(from, &from->host);
}

enum mta seen_server(struct str hello, const struct test_return *returns, size_t n)
{
	struct received line;
	enum mta mta = MTA_UNKNOWN;
	for (size_t i = 0; i < n && mta == MTA_UNKNOWN; i++)
		if (is_ordinary(&returns[i]) && seen_line(returns[i].message, hello, &line))
			mta = seen_mta(&line);
	return mta;
}

struct seen_as seen_find(const struct seen_from *from, const struct test_return *returns,
                         size_t n)
{
	struct ip known = seen_known(from);
	struct received line;
	for (size_t i = 0; i < n && !is_ourselves(from); i++) {
		if (!is_ordinary(&returns[i]) ||
		    !seen_line(returns[i].message, from->hello, &line))
			continue;
		if (!is_ours(from, &line.ip) && seen_counts(&line.ip, &known, &from->host))
			return (struct seen_as){ line.ip, known };
	}
	return (struct seen_as){ 0 };
}
