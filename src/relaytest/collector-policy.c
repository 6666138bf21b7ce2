/* SPDX-License-Identifier: ISC
 *
 * What the collector takes: a recipient is ours, a token of ours or nobody's. Pure.
 *
 * Hostile input that reaches it: every envelope of every client, parsed.
 */
#include "relaytest/collector.h"

#include <assert.h>
#include <stdio.h>

static bool own_domain(const struct mail_path *path, const struct collector_domains *d)
{
	struct ip bare = { 0 };
	struct str name = path->domain;
	if (name.n == 0)
		return true;             /* <postmaster> */
	if (path->is_literal)
		bare = path->literal;
	else
		ip_parse(name, &bare, NULL);
	for (size_t i = 0; bare.family && i < d->address_count; i++)
		if (ip_eq(&bare, &d->addresses[i]))
			return true;
	if (name.p[name.n - 1] == '.')
		name.n--;
	return str_caseeq(name, str_of(d->domain)) || str_caseeq(name, str_of(d->domain2));
}

/* A run of exactly TOKEN_LEN letters and digits that has a token's form. */
static bool find_token(struct str local, struct token *token)
{
	size_t start = 0;
	for (size_t i = 0; i <= local.n; i++) {
		if (i < local.n && ascii_isalnum((unsigned char)local.p[i]))
			continue;
		struct str run = { local.p + start, i - start };
		if (run.n == TOKEN_LEN && token_parse(run, token) == ERR_OK)
			return true;
		start = i + 1;
	}
	return false;
}

static void refuse_recipient(struct collector_recipient *out, int code, const char *enhanced,
                   const char *text)
{
	*out = (struct collector_recipient){ .what = COLLECTOR_REFUSED, .code = code,
	                                     .enhanced = enhanced, .text = text };
}

void collector_recipient(const struct mail_path *path, const struct collector_domains *domains,
                         struct collector_recipient *out)
{
	char bytes[MAIL_PATH_MAX];
	*out = (struct collector_recipient){ 0 };
	if (!own_domain(path, domains)) {
		refuse_recipient(out, 554, "5.7.1", "Not a domain of ours; we never relay");
		return;
	}
	if (path->route.n) {
		refuse_recipient(out, 550, "5.1.3", "Source routes are not followed");
		return;
	}
	if (path->local.n > sizeof(bytes)) {
		refuse_recipient(out, 550, "5.1.1", "No such mailbox");
		return;
	}
	struct str local = { bytes, mail_local_unquote(path, bytes) };
	if (str_caseeq(local, STR("postmaster")) || str_caseeq(local, STR("abuse"))) {
		out->what = COLLECTOR_PERSON;
		out->person = str_caseeq(local, STR("abuse")) ? "abuse" : "postmaster";
	} else if (str_caseeq(local, STR("retest"))) {
		out->what = COLLECTOR_RETEST;
	} else if (find_token(local, &out->token)) {
		out->what = COLLECTOR_TOKEN;
	} else {
		refuse_recipient(out, 550, "5.1.1", "No such mailbox");
	}
}

enum collector_fate collector_fate(enum collector_for what, int err)
{
	if (err == ERR_OK)
		return COLLECTOR_KEPT;
	if (err == ERR_LIMIT && what == COLLECTOR_TOKEN)
		return COLLECTOR_ENOUGH;
	if (err == ERR_LIMIT && what == COLLECTOR_RETEST)
		return COLLECTOR_TOO_SOON;
	return COLLECTOR_NOT_KEPT;
}

enum collector_fate collector_worse(enum collector_fate a, enum collector_fate b)
{
	return a > b ? a : b;
}

struct collector_answer collector_answer(enum collector_fate worst, bool retest)
{
	switch (worst) {
	case COLLECTOR_KEPT:
		if (!retest)
			return (struct collector_answer){ 250, "2.0.0", "Ok, stored" };
		return (struct collector_answer){ 250, "2.0.0",
			"Your address will be tested again; the result goes to it alone" };
	case COLLECTOR_ENOUGH:
		return (struct collector_answer){ 552, "5.2.2",
			"Enough copies of this message have arrived" };
	case COLLECTOR_TOO_SOON:
		return (struct collector_answer){ 450, "4.7.1",
			"A retest of your address was asked for just now" };
	case COLLECTOR_NOT_KEPT:
		break;
	}
	return (struct collector_answer){ 451, "4.3.0",
		"The message could not be stored, try again later" };
}

char *collector_range_words(const struct prefix *range, const struct ip *peer,
                            char dst[static COLLECTOR_WORDS_MAX])
{
	char address[IP_TEXT_MAX], text[PREFIX_TEXT_MAX];
	assert(prefix_contains(range, peer));
	int n = snprintf(dst, COLLECTOR_WORDS_MAX, "Your address %s is listed as part of %s by the "
	                 "operator's word, which no retest ends: write to postmaster at this "
	                 "domain", ip_format(peer, address), prefix_format(range, text));
	assert(n > 0 && n < COLLECTOR_WORDS_MAX);
	return dst;
}

char *collector_retest_words(enum collector_fate fate, const struct ip *peer,
                             char dst[static COLLECTOR_WORDS_MAX])
{
	char address[IP_TEXT_MAX];
	bool to_4 = peer->family == 6;
	const char *before = "The address you connect from,";
	const char *behind = ", is not listed here: there is nothing to retest";
	if (fate == COLLECTOR_TOO_SOON) {
		before = "A retest of your address";
		behind = " was asked for just now";
	} else if (fate == COLLECTOR_KEPT) {
		before = "Your address";
		behind = " will be tested again; the result goes to it alone";
	}
	int n = snprintf(dst, COLLECTOR_WORDS_MAX,
		"%s %s%s. For an IPv%d address send from it (Postfix: smtp_address_preference = "
		"ipv%d, smtp_bind_address%s = ADDRESS; Exim: interface = ADDRESS of the smtp "
		"transport; Sendmail: ClientPortOptions=Family=inet%s; OpenSMTPD: relay src "
		"ADDRESS)", before, ip_format(peer, address), behind, to_4 ? 4 : 6, to_4 ? 4 : 6,
		to_4 ? "" : "6", to_4 ? "" : "6");
	assert(n > 0 && n < COLLECTOR_WORDS_MAX);
	return dst;
}
