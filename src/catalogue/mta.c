/* SPDX-License-Identifier: ISC
 *
 * Kinds of mail server: one table of names, and the words by which each is known in a greeting.
 */
#include "catalogue/mta.h"

#include "base/err.h"

static const struct {
	const char *name, *title;
	const char *greets;      /* what its greeting has by default; NULL: nothing of its own */
} kinds[] = {
	[MTA_UNKNOWN] = { "", "", NULL },
	[MTA_POSTFIX] = { "postfix", "Postfix", "Postfix" },
	[MTA_EXIM] = { "exim", "Exim", "Exim" },
	[MTA_SENDMAIL] = { "sendmail", "Sendmail", "Sendmail" },
	[MTA_OPENSMTPD] = { "opensmtpd", "OpenSMTPD", "OpenSMTPD" },
	[MTA_QMAIL] = { "qmail", "qmail", NULL },
	[MTA_COURIER] = { "courier", "Courier", NULL },
	[MTA_EXCHANGE] = { "exchange", "Exchange", "Microsoft ESMTP MAIL Service" },
};

const char *mta_name(enum mta mta)
{
	return kinds[mta].name;
}

const char *mta_title(enum mta mta)
{
	return kinds[mta].title;
}

int mta_parse(struct str name, enum mta *mta)
{
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++)
		if (str_caseeq(name, str_of(kinds[m].name))) {
			*mta = m;
			return ERR_OK;
		}
	return ERR_NOT_FOUND;
}

/* "Postfix" in "ESMTP Postfix (Debian/GNU)" and no part of a longer word or a name. */
static bool has_words(struct str text, struct str words)
{
	for (;;) {
		size_t at = str_casesearch(text, words);
		if (at == SIZE_MAX)
			return false;
		bool begins = at == 0 || !(ascii_isalnum((unsigned char)text.p[at - 1]) ||
		                           strchr(".-_@", text.p[at - 1]));
		text = str_from(text, at + words.n);
		bool ends = text.n == 0 || !(ascii_isalnum((unsigned char)text.p[0]) ||
		                             strchr(".-_@", text.p[0]));
		if (begins && ends)
			return true;
	}
}

enum mta mta_of_greeting(struct str line)
{
	struct str name;
	if (line.n >= 4 && str_prefix(line, STR("220")) && strchr(" -", line.p[3]))
		line = str_from(line, 4);
	if (!str_token(&line, " \t", &name))
		return MTA_UNKNOWN;
	for (enum mta m = MTA_FIRST; m <= MTA_LAST; m++)
		if (kinds[m].greets && has_words(line, str_of(kinds[m].greets)))
			return m;
	return MTA_UNKNOWN;
}

enum mta mta_of_transcript(struct str transcript)
{
	struct str line, time, who;
	while (str_token(&transcript, "\n", &line)) {
		if (!str_token(&line, " ", &time) || !str_token(&line, " ", &who) ||
		    !str_eq(who, STR("<")))
			continue;
		line = str_trim(line);
		if (!str_prefix(line, STR("220")))
			continue;
		return mta_of_greeting(line);
	}
	return MTA_UNKNOWN;
}
