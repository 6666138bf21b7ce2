/* SPDX-License-Identifier: ISC
 *
 * Is a refusal the server's rule, or only its mood? Postfix refuses relaying with
 * `454 4.7.1 Relay access denied` by default, so a 4xx alone does not mean "try
 * later"; yet greylisting and rate limits say 450 4.7.1 as well. The enhanced code
 * (x.7.y, RFC 3463: security or policy) and the words decide, in that order of
 * doubt: words of delay always win, because to ask again harms nobody and a false
 * "closed" hides a relay.
 *
 * Addresses in the text are left out: a local part may spell anything.
 */
#include "smtp/client.h"

enum { WORDS_MAX = 1024 };

/* Patterns over text that is lower case, with one space between words and at both
 * ends. Without a space at its end a pattern matches the start of a word. */
static const char *const delay_words[] = {
	/* greylisting */
	" greylist", " graylist", " grey list", " gray list", " greylst", " postgrey", " sqlgrey",
	" first time ", " first attempt", " come back ", " not yet authorized ", " too early ",
	" too soon ", " early retry", " retry ", " retry in ", " resend ",
	/* later */
	" try again ", " try later", " try it again ", " again later ", " later ", " please wait ",
	" temporar", " tempfail", " transient", " defer", " postpone", " delayed ", " moment",
	" again in ", " wait for ", " retrying ",
	/* load and rates */
	" rate limit", " ratelimit", " throttl", " too many ", " too much ", " too fast ",
	" exceed", " limit ", " limits ", " quota", " busy ", " overload", " resources ",
	" unusual rate ", " high load ", " slow down ", " timeout ", " timed out ",
	" lookup fail", " dns error", " dns fail", " server failure ", " internal error ",
	" host name lookup ", " server error ", " software error ", " local problem ",
};

static const char *const denial_words[] = {
	" denied ", " denies ", " deny ", " not permit", " not allow", " disallow", " prohibit",
	" forbid", " refus", " reject", " declin", " block", " blacklist", " banned ",
	" not authori", " unauthori", " unable ", " cannot ", " can t ", " won t ", " will not ",
	" don t ", " does not ", " do not ", " not a ", " not an ", " isn t ", " no ", " disabled ",
	" restricted ", " must authenticate ", " authentication required ",
	" authentication is required ", " authenticate first ", " not configured ", " not local ",
	" closed ", " invalid ", " only ", " violation ", " policy ",
};

static const char *const relay_words[] = {
	" relay", " rcpthosts ", " third party ", " 3rd party ",
};

struct words {
	char text[WORDS_MAX];
	size_t n;
};

static void add_char(struct words *w, char c)
{
	/* The last place stays free for the NUL. */
	if (w->n + 1 < sizeof(w->text) && (c != ' ' || w->text[w->n - 1] != ' '))
		w->text[w->n++] = c;
}

/* True for the bytes that make up one word of the reply as written. */
static bool in_token(char c)
{
	return c != ' ' && c != '\t' && c != '\n';
}

static void add_token(struct words *w, struct str token)
{
	if (str_find(token, '@') != SIZE_MAX)
		return;
	add_char(w, ' ');
	for (size_t i = 0; i < token.n; i++)
		add_char(w, ascii_isalnum((unsigned char)token.p[i]) ? ascii_lower(token.p[i]) : ' ');
}

/* <an address> and what holds an @ go, the rest becomes words. */
static void words_of(struct str text, struct words *w)
{
	bool closes = true;            /* a '>' may be ahead: looked for once if there is none */
	w->text[0] = ' ';
	w->n = 1;
	for (size_t i = 0; i < text.n;) {
		size_t start = i;
		if (text.p[i] == '<' && closes) {
			size_t close = str_find(str_from(text, i), '>');
			closes = close != SIZE_MAX;
			if (closes) {
				i += close + 1;
				continue;
			}
		}
		i++;
		if (!in_token(text.p[start]))
			continue;
		while (i < text.n && in_token(text.p[i]) && text.p[i] != '<')
			i++;
		add_token(w, (struct str){ text.p + start, i - start });
	}
	add_char(w, ' ');
	w->text[w->n] = '\0';
}

#define ANY_OF(w, patterns) any_of((w), (patterns), sizeof(patterns) / sizeof((patterns)[0]))
static bool any_of(const struct words *w, const char *const *patterns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(w->text, patterns[i]))
			return true;
	return false;
}

/* x.7.y of RFC 3463; *detail gets y. */
static bool security_code(const struct smtp_reply *r, int *detail)
{
	if (strncmp(r->enhanced + 1, ".7.", 3) != 0)
		return false;
	*detail = 0;
	for (const char *p = r->enhanced + 4; *p; p++)
		*detail = *detail * 10 + (*p - '0');
	return true;
}

bool smtp_reply_is_policy_refusal(const struct smtp_reply *r)
{
	struct words w;
	int detail;
	if (r->code < 400)
		return false;
	words_of(r->text, &w);
	if (r->code < 500 && ANY_OF(&w, delay_words))
		return false;
	bool denies = ANY_OF(&w, denial_words);
	if (denies && ANY_OF(&w, relay_words))
		return true;
	if (r->enhanced[0] == '\0' || !security_code(r, &detail))
		return r->code == 530 || r->code == 550 ? denies : false;
	if (r->code >= 500)
		return true;
	/* x.7.1 is "delivery not authorized"; x.7.0 says too little by itself. */
	return (r->code == 450 || r->code == 451 || r->code == 454) && (detail == 1 || denies);
}
