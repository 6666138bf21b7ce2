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
#include "smtp/policy.h"

enum { WORDS_MAX = 1024 };

/* What a pattern tells, or a set of that. */
enum { DELAY = 1, DENIAL = 2, RELAY = 4 };

struct pattern {
	const char *text;
	int tells;
};

/* Over text that is lower case, with one space between words and at its end. A
 * pattern begins where a word begins; without a space at its end it matches the
 * start of a word. By first letter, because every refused probe comes through here. */
#define LETTER(c) [c - 'a'] = (const struct pattern[])
static const struct pattern *const patterns[26] = {
	LETTER('a') {
		{ "again in ", DELAY }, { "authenticate first ", DENIAL },
		{ "authentication is required ", DENIAL },
		{ "authentication required ", DENIAL }, { 0 }
	},
	LETTER('b') {
		{ "busy ", DELAY }, { "banned ", DENIAL }, { "blacklist", DENIAL },
		{ "block", DENIAL }, { 0 }
	},
	LETTER('c') {
		{ "come back ", DELAY }, { "can t ", DENIAL }, { "cannot ", DENIAL },
		{ "closed ", DENIAL }, { 0 }
	},
	LETTER('d') {
		{ "defer", DELAY }, { "delayed ", DELAY }, { "dns error", DELAY },
		{ "dns fail", DELAY }, { "declin", DENIAL }, { "denied ", DENIAL },
		{ "denies ", DENIAL }, { "deny ", DENIAL }, { "disabled ", DENIAL },
		{ "disallow", DENIAL }, { "do not ", DENIAL }, { "does not ", DENIAL },
		{ "don t ", DENIAL }, { 0 }
	},
	LETTER('e') {
		{ "early retry", DELAY }, { "exceed", DELAY }, { 0 }
	},
	LETTER('f') {
		{ "first attempt", DELAY }, { "first time ", DELAY }, { "forbid", DENIAL },
		{ 0 }
	},
	LETTER('g') {
		{ "gray list", DELAY }, { "graylist", DELAY }, { "grey list", DELAY },
		{ "greylist", DELAY }, { "greylst", DELAY }, { 0 }
	},
	LETTER('h') {
		{ "high load ", DELAY }, { "host name lookup ", DELAY }, { 0 }
	},
	LETTER('i') {
		{ "internal error ", DELAY }, { "invalid ", DENIAL }, { "isn t ", DENIAL },
		{ 0 }
	},
	LETTER('l') {
		{ "later ", DELAY }, { "limit ", DELAY }, { "limits ", DELAY },
		{ "local problem ", DELAY }, { "lookup fail", DELAY }, { 0 }
	},
	LETTER('m') {
		{ "moment", DELAY }, { "must authenticate ", DENIAL }, { 0 }
	},
	LETTER('n') {
		{ "not yet authorized ", DELAY }, { "no ", DENIAL }, { "not a ", DENIAL },
		{ "not allow", DENIAL }, { "not an ", DENIAL }, { "not authori", DENIAL },
		{ "not configured ", DENIAL }, { "not local ", DENIAL },
		{ "not permit", DENIAL }, { 0 }
	},
	LETTER('o') {
		{ "overload", DELAY }, { "only ", DENIAL }, { 0 }
	},
	LETTER('p') {
		{ "please wait ", DELAY }, { "postgrey", DELAY }, { "postpone", DELAY },
		{ "policy ", DENIAL }, { "prohibit", DENIAL }, { 0 }
	},
	LETTER('q') {
		{ "quota", DELAY }, { 0 }
	},
	LETTER('r') {
		{ "rate limit", DELAY }, { "ratelimit", DELAY }, { "resend ", DELAY },
		{ "resources ", DELAY }, { "retry ", DELAY }, { "retrying ", DELAY },
		{ "refus", DENIAL }, { "reject", DENIAL }, { "restricted ", DENIAL },
		{ "rcpthosts ", RELAY }, { "relay", RELAY }, { 0 }
	},
	LETTER('s') {
		{ "server error ", DELAY }, { "server failure ", DELAY },
		{ "slow down ", DELAY }, { "software error ", DELAY }, { "sqlgrey", DELAY },
		{ 0 }
	},
	LETTER('t') {
		{ "tempfail", DELAY }, { "temporar", DELAY }, { "throttl", DELAY },
		{ "timed out ", DELAY }, { "timeout ", DELAY }, { "too early ", DELAY },
		{ "too fast ", DELAY }, { "too many ", DELAY }, { "too much ", DELAY },
		{ "too soon ", DELAY }, { "transient", DELAY }, { "try again ", DELAY },
		{ "try it again ", DELAY }, { "try later", DELAY }, { "third party ", RELAY },
		{ 0 }
	},
	LETTER('u') {
		{ "unusual rate ", DELAY }, { "unable ", DENIAL }, { "unauthori", DENIAL },
		{ 0 }
	},
	LETTER('v') {
		{ "violation ", DENIAL }, { 0 }
	},
	LETTER('w') {
		{ "wait for ", DELAY }, { "will not ", DENIAL }, { "won t ", DENIAL }, { 0 }
	},
};
#undef LETTER

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
	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];
		add_char(w, ascii_isalnum((unsigned char)c) ? ascii_lower(c) : ' ');
	}
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
	/* Cut, it may lack the space at its end. */
	w->text[w->n - 1] = ' ';
	w->text[w->n] = '\0';
}

static bool matches(const char *word, const char *pattern)
{
	while (*pattern && *word == *pattern)
		word++, pattern++;
	return *pattern == '\0';
}

/* All that the words tell. */
static int told_by(const struct words *w)
{
	int told = 0;
	for (const char *word = w->text + 1; word[0]; word = strchr(word, ' ') + 1) {
		const struct pattern *p = word[0] >= 'a' ? patterns[word[0] - 'a'] : NULL;
		for (; p && p->text; p++)
			if (matches(word, p->text))
				told |= p->tells;
	}
	return told;
}

/* x.7.y of RFC 3463; *detail gets y. */
static bool security_code(const struct smtp_reply *r, int *detail)
{
	if (r->enhanced[0] == '\0' || strncmp(r->enhanced + 1, ".7.", 3) != 0)
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
	int told = told_by(&w);
	if (r->code < 500 && (told & DELAY))
		return false;
	if ((told & DENIAL) && (told & RELAY))
		return true;
	if (!security_code(r, &detail))
		return (r->code == 530 || r->code == 550) && (told & DENIAL);
	if (r->code >= 500)
		return true;
	/* x.7.1 is "delivery not authorized"; x.7.0 says too little by itself. */
	return (r->code == 450 || r->code == 451 || r->code == 454) &&
	       (detail == 1 || (told & DENIAL));
}

enum refusal smtp_refusal(const struct smtp_reply *reply, const struct smtp_asked *asked)
{
	(void)asked;
	if (reply->code < 400)
		return REFUSAL_NONE;
	if (smtp_reply_is_policy_refusal(reply))
		return REFUSAL_RELAY;
	return reply->code < 500 ? REFUSAL_TIME : REFUSAL_UNKNOWN;
}
