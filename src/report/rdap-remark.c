/* SPDX-License-Identifier: ISC
 *
 * What registries remark on the addresses that they name: APNIC, for one, says of those that did
 * not answer that they are invalid, and goes on to name them as contacts.
 */
#include "report/rdap-private.h"

enum { WORDS_MAX = 200 };

struct remark_word {
	struct str text;             /* without the punctuation around it */
	bool ends;                   /* a sentence */
	bool announces;              /* a colon stands behind it */
};

static bool is_mark(char c)
{
	return strchr("<>()[]{}\"',;:.!?", c) != NULL;
}

static struct remark_word word_of(struct str s)
{
	struct remark_word w = { .ends = s.n && strchr(".!?;", s.p[s.n - 1]),
	                         .announces = s.n && s.p[s.n - 1] == ':' };
	while (s.n && is_mark(s.p[0]))
		s = str_from(s, 1);
	while (s.n && is_mark(s.p[s.n - 1]))
		s.n--;
	w.text = str_caseprefix(s, STR("mailto:")) ? str_from(s, 7) : s;
	return w;
}

static size_t split(struct str remark, struct remark_word words[static WORDS_MAX])
{
	struct str word;
	size_t n = 0;
	while (n < WORDS_MAX && str_word(&remark, &word))
		words[n++] = word_of(word);
	return n;
}

static bool is_one_of(struct str word, const char *const *list)
{
	for (; *list; list++)
		if (str_caseeq(word, str_of(*list)))
			return true;
	return false;
}

static const char *const bad_words[] = {
	"invalid", "unreachable", "undeliverable", "bouncing", "bounces", "bounced", "dead",
	"obsolete", "defunct", "inactive", "disabled", "closed", NULL,
};
/* … when "not" or "no longer" stands before them. */
static const char *const good_words[] = {
	"valid", "working", "works", "reachable", "active", "use", "used", "deliverable",
	"available", "monitored", "read", NULL,
};
static const char *const fillers[] = {
	"and", "or", "&", "/", "-", "is", "are", "was", "were", "has", "have", "been", "be", "to",
	"seems", "seem", "appears", "appear", "now", "currently", "longer", "a", "an", "the", "in",
	"both", "all", "email", "e-mail", "mail", "address", "addresses", "mailbox", "contact", "",
	NULL,
};

static bool is_negation(struct str word)
{
	static const char *const words[] = { "no", "not", "isn't", "aren't", "never", NULL };
	return is_one_of(word, words);
}

static bool is_address(struct str word)
{
	return str_find(word, '@') != SIZE_MAX;
}

/* "… [and c@d.example] is invalid": nothing but small words may stand between. */
static bool condemned_behind(const struct remark_word *words, size_t n, size_t at)
{
	bool negated = false;
	for (size_t i = at + 1; i < n && !words[i - 1].ends; i++) {
		struct str word = words[i].text;
		if (is_one_of(word, bad_words))
			return !negated;
		if (is_one_of(word, good_words))
			return negated;
		if (is_negation(word))
			negated = true;
		else if (!is_address(word) && !is_one_of(word, fillers))
			return false;
	}
	return false;
}

/* "invalid contacts: [c@d.example,] …" */
static bool condemned_before(const struct remark_word *words, size_t at)
{
	size_t i = at;
	while (i > 0 && !words[i - 1].announces &&
	       (is_address(words[i - 1].text) || is_one_of(words[i - 1].text, fillers)))
		i--;
	if (i == 0 || !words[i - 1].announces)
		return false;
	for (; i > 0 && !words[i - 1].ends && !is_address(words[i - 1].text); i--)
		if (is_one_of(words[i - 1].text, bad_words))
			return true;
	return false;
}

bool rdap_remark_condemns(struct str remark, struct str email)
{
	struct remark_word words[WORDS_MAX];
	size_t n = split(remark, words);
	for (size_t i = 0; i < n; i++)
		if (str_caseeq(words[i].text, email) &&
		    (condemned_behind(words, n, i) || condemned_before(words, i)))
			return true;
	return false;
}
