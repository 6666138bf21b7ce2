/* SPDX-License-Identifier: ISC
 *
 * What the names beside the client's address mean, by the form of the line: said by the client
 * (HELO) or seen by the server (looked up).
 */
#include "mail/received-private.h"

static bool is_host_name(struct str s)
{
	return word_is_name(s, true);
}

/* What "from" says where no address stands beside it. */
static void name_first_word(struct received *r, const struct peer *peer)
{
	struct str w = r->from;
	if (w.n == 0 || word_is_unknown(w))
		return;
	struct ip ip;
	r->bad_ip |= word_is_impossible(w);
	bool smtp = phrase_protocol(r->with) || word_protocol(r->via);
	bool other = (r->with.n || r->via.n) && !smtp;
	if (peer->local && !peer->helo_given) {
		r->helo = w;
		return;
	}
	if (received_address(w, &ip)) {
		r->ip = ip;
		/* from [192.0.2.1] (helo): of the client, chasquid knows only what it said. */
		if (peer->plain.n && str_caseeq(r->product, STR("chasquid")))
			r->helo = peer->plain;
		/* Alone it is what the client said, too; beside a protocol it is not. */
		if (w.p[0] == '[' && r->with.n == 0 && r->via.n == 0 && !peer->helo_given &&
		    r->form != RECEIVED_WEB)
			r->helo = w;
		return;
	}
	if (peer->helo_given || str_find(w, '@') != SIZE_MAX || str_find(w, '/') != SIZE_MAX)
		return;
	if (other || r->form == RECEIVED_PICKUP || r->form == RECEIVED_SCANNER)
		return;
	if (smtp || is_host_name(w) || r->form == RECEIVED_SENDMAIL)
		r->helo = w;
}

/* Forms whose writers are told no HELO. True: no more is to be named. */
static bool name_by_form(struct received *r, const struct peer *peer)
{
	if (r->form == RECEIVED_WEB && peer->shape != SHAPE_NONE) {
		r->rdns = peer->name;    /* a browser says none */
		return true;
	}
	if (r->form == RECEIVED_SCANNER && peer->shape != SHAPE_NONE)
		return true;             /* nor does a scanner tell it */
	if (r->form != RECEIVED_FETCHED)
		return false;
	/* Nor does a mailbox: the writer found the server by its name. */
	r->rdns = peer->name.n ? peer->name : word_looked_up(r->from);
	if (peer->shape == SHAPE_NONE)
		(void)received_address(r->from, &r->ip);
	return true;
}

/* The first word as what the client said. */
static struct str as_said(const struct received *r)
{
	return word_is_unknown(r->from) ? STR("") : r->from;
}

/* ([ip]) behind the first word. */
static void name_bracket(struct received *r, const struct peer *peer, struct str first)
{
	bool exim = r->form == RECEIVED_EXIM;
	if (peer->helo_given || exim || peer->verified || form_is_qmail(r))
		r->rdns = first;
	if (peer->helo_given)
		return;
	/* Ecelerity and Exim put the bare literal where they know no name. */
	bool ecelerity = r->form == RECEIVED_OTHER && word_starts(r->product, "ecelerity");
	if (exim || (ecelerity && first.n == 0))
		r->helo = first;
	else
		r->helo = r->from;
	if (word_is_unknown(r->from))
		r->helo = STR("");
}

/* (ip) behind the first word. */
static void name_paren(struct received *r, const struct peer *peer, struct str first)
{
	/* Firewalls' store-and-forward proxies: name(ip), without a HELO. */
	bool proxy = word_starts(r->id, "smtpd") || word_starts(r->via, "smap") ||
	             word_starts(r->via, "csmap");
	if (peer->helo_given || proxy || form_is_qmail(r))
		r->rdns = first;
	if (!peer->helo_given && !proxy)
		r->helo = as_said(r);
}

/* name [ip], outside comments. */
static void name_word(struct received *r, const struct peer *peer, struct str first)
{
	if (peer->plain.n)
		r->helo = peer->plain;
	else if (!peer->helo_given)
		r->helo = as_said(r);
	if (peer->plain.n || peer->helo_given || r->form == RECEIVED_EXIM)
		r->rdns = first;
}

void naming_peer(struct received *r, const struct peer *peer)
{
	struct str first = word_looked_up(r->from);
	if (name_by_form(r, peer))
		return;
	switch (peer->shape) {
	case SHAPE_NAME_BRACKET:
		r->rdns = peer->name;
		if (!peer->helo_given)
			r->helo = r->from;
		break;
	case SHAPE_BRACKET:
		name_bracket(r, peer, first);
		break;
	case SHAPE_PAREN:
		name_paren(r, peer, first);
		break;
	case SHAPE_WORD:
		name_word(r, peer, first);
		break;
	case SHAPE_NONE:
	case SHAPE_FIRST:
		name_first_word(r, peer);
		/* Exim's "local-esmtp" names a user. */
		if (r->ip.family == 0 && peer->helo_given &&
		    !str_caseprefix(r->with, STR("local")))
			r->rdns = first;
		break;
	}
}
