/* SPDX-License-Identifier: ISC */
#include "relaytest/collector.h"

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

static void refuse(struct collector_recipient *out, int code, const char *enhanced,
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
		refuse(out, 554, "5.7.1", "Not a domain of ours; we never relay");
		return;
	}
	if (path->route.n) {
		refuse(out, 550, "5.1.3", "Source routes are not followed");
		return;
	}
	if (path->local.n > sizeof(bytes)) {
		refuse(out, 550, "5.1.1", "No such mailbox");
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
		refuse(out, 550, "5.1.1", "No such mailbox");
	}
}
