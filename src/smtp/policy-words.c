/* SPDX-License-Identifier: ISC
 *
 * A reply made into words. What was asked goes first, in the text as it came: a local part
 * may spell anything, with spaces, quotes and comments. Then what looks like an address goes.
 * What is left is spelled plainly, so that one phrase meets all spellings.
 */
#include "smtp/policy-private.h"

#include "base/ip.h"

#include <assert.h>

enum {
	ASKED_MAX = 2048,      /* of one thing asked */
	PART_MIN = 5,          /* shorter parts of an address are words of the language too */
};

struct text {
	char p[SMTP_POLICY_TEXT_MAX];
	size_t n;
};

/* ---- echoes ---- */

static bool in_word(char c)
{
	return ascii_isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Blanks each place of `from` where `echo` stands alone. It is looked for in the original (in
 * lower case), so that one echo that holds another cannot save it. */
static void blank_echo(struct str from, struct text *to, struct str echo)
{
	char lower[ASKED_MAX];
	echo = str_trim(echo);
	if (echo.n == 0 || echo.n > ASKED_MAX || echo.n > from.n)
		return;
	for (size_t i = 0; i < echo.n; i++)
		lower[i] = ascii_lower(echo.p[i]);
	assert(from.n == to->n);
	for (size_t i = 0; i + echo.n <= from.n; i++) {
		const char *hit = memchr(from.p + i, lower[0], from.n - echo.n - i + 1);
		if (!hit)
			return;
		i = (size_t)(hit - from.p);
		if (memcmp(hit, lower, echo.n) != 0)
			continue;
		size_t end = i + echo.n;
		bool begins = i == 0 || !in_word(from.p[i - 1]) || !in_word(lower[0]);
		bool ends = end == from.n || !in_word(from.p[end]) || !in_word(lower[echo.n - 1]);
		if (begins && ends)
			memset(to->p + i, ' ', echo.n);
	}
}

static bool in_part(char c)
{
	return in_word(c) || c == '.' || c == '-' || c == '_' || c == '+';
}

/* Each longer run of characters that names a user or host: in `u%d@r` all three. */
static void blank_parts(struct str from, struct text *to, struct str path)
{
	for (size_t i = 0; i < path.n;) {
		size_t start = i;
		while (i < path.n && in_part(path.p[i]))
			i++;
		if (i - start >= PART_MIN)
			blank_echo(from, to, (struct str){ path.p + start, i - start });
		assert(i <= path.n);
		i += i == start;
	}
}

static struct str without(struct str s, char open, char close)
{
	if (s.n >= 2 && s.p[0] == open && s.p[s.n - 1] == close)
		return (struct str){ s.p + 1, s.n - 2 };
	return s;
}

/* What stands between "<" and the last ">"; parameters may follow. */
static struct str unbracketed(struct str path)
{
	size_t n = path.n;
	while (n > 0 && path.p[n - 1] != '>')
		n--;
	return without((struct str){ path.p, n ? n : path.n }, '<', '>');
}

/* A path as it was asked, and the pieces of it that a server may repeat alone. */
static void blank_path(struct str from, struct text *to, struct str path)
{
	path = str_trim(path);
	if (path.n > ASKED_MAX)
		return;
	blank_echo(from, to, path);
	struct str inner = unbracketed(path);
	blank_echo(from, to, inner);
	size_t at = SIZE_MAX;
	for (size_t i = 0; i < inner.n; i++)
		at = inner.p[i] == '@' ? i : at;
	if (at != SIZE_MAX) {
		struct str local = { inner.p, at };
		if (local.n >= PART_MIN)
			blank_echo(from, to, local);
		if (without(local, '"', '"').n >= PART_MIN)
			blank_echo(from, to, without(local, '"', '"'));
		blank_echo(from, to, str_from(inner, at + 1));
	}
	blank_parts(from, to, inner);
}

/* ---- addresses ---- */

static void blank(struct text *t, size_t from, size_t to)
{
	assert(from <= to && to <= t->n);
	memset(t->p + from, ' ', to - from);
}

/* <anything>, also over several words. */
static void blank_brackets(struct text *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->p[i] != '<')
			continue;
		const char *close = memchr(t->p + i, '>', t->n - i);
		if (!close)
			return;
		size_t end = (size_t)(close - t->p) + 1;
		blank(t, i, end);
		i = end - 1;
	}
}

/* "quoted local parts"@ with what follows, up to a space; the rest of such a word is cut as
 * it holds an @. */
static void blank_quoted(struct text *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->p[i] != '"')
			continue;
		const char *close = memchr(t->p + i + 1, '"', t->n - i - 1);
		if (!close)
			return;
		size_t end = (size_t)(close - t->p);
		if (end + 1 < t->n && t->p[end + 1] == '@')
			blank(t, i, end + 1);
		i = end - 1 > i ? end - 1 : end;
	}
}

/* ---- words ---- */

static void put(struct smtp_policy_words *w, char c)
{
	assert(w->n > 0 && w->n < sizeof(w->text));
	/* Two places stay free: the last space and the NUL. */
	if (w->n + 2 < sizeof(w->text) && (c != ' ' || w->text[w->n - 1] != ' '))
		w->text[w->n++] = c;
}

static void put_alone(struct smtp_policy_words *w, const char *bytes, size_t n)
{
	assert(n > 0);
	put(w, ' ');
	bool again = w->n > 2 && w->text[w->n - 2] == '.' && w->text[w->n - 3] == ' ';
	if (again && bytes[0] == '.')
		return;
	for (size_t i = 0; i < n; i++)
		put(w, bytes[i]);
	put(w, ' ');
}

/* The letters U+00C0 to U+017F without their accents. */
static const char plain[] =
	"aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
	"lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(sizeof(plain) == 0x180 - 0xc0 + 1, "a letter each");

static bool continues(struct str s, size_t i)
{
	return i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80;
}

/* Cyrillic in lower case, U+0401 to U+0451; `code` is one of them. */
static void put_cyrillic(struct smtp_policy_words *w, unsigned code)
{
	assert(code >= 0x400 && code < 0x460);
	if (code >= 0x410 && code < 0x430)
		code += 0x20;
	else if (code == 0x401 || code == 0x451)
		code = 0x435;
	put(w, (char)(0xc0 | code >> 6));
	put(w, (char)(0x80 | (code & 0x3f)));
}

/* A character that is not ASCII, in UTF-8; else the byte counts as ISO 8859-1. Returns the
 * bytes it took. */
static size_t put_foreign(struct smtp_policy_words *w, struct str s)
{
	unsigned first = (unsigned char)s.p[0];
	assert(s.n > 0 && first >= 0x80);
	if (first >= 0xc3 && first < 0xe0 && continues(s, 1)) {
		unsigned code = (first & 0x1f) << 6 | ((unsigned char)s.p[1] & 0x3f);
		if (code < 0x180)
			put(w, plain[code - 0xc0]);
		else if (code >= 0x400 && code < 0x460)
			put_cyrillic(w, code);
		else
			put(w, 'x');
		return 2;
	}
	if (first >= 0xe0 && first < 0xf0 && continues(s, 1) && continues(s, 2)) {
		if (memcmp(s.p, "\xe3\x80\x82", 3) == 0)
			put_alone(w, ".", 1);
		else if (first == 0xe2 || memcmp(s.p, "\xe3\x80", 2) == 0 ||
		         memcmp(s.p, "\xef\xbc", 2) == 0)
			put(w, ' ');             /* punctuation */
		else
			put_alone(w, s.p, 3);
		return 3;
	}
	bool latin = first >= 0xc3 && !(first >= 0xf0 && continues(s, 1));
	put(w, latin ? plain[first - 0xc0] : ' ');
	return 1;
}

static bool ends_sentence(struct str chunk, size_t i)
{
	char c = chunk.p[i];
	if (c != '.' && c != ';' && c != '!' && c != '?')
		return false;
	/* "denied.Please" */
	return i + 1 == chunk.n || !in_word(chunk.p[i + 1]) ||
	       (chunk.p[i + 1] >= 'A' && chunk.p[i + 1] <= 'Z' && i > 0 &&
	        chunk.p[i - 1] >= 'a' && chunk.p[i - 1] <= 'z');
}

static void put_prose(struct smtp_policy_words *w, struct str chunk)
{
	for (size_t i = 0; i < chunk.n;) {
		char c = chunk.p[i];
		if ((unsigned char)c >= 0x80) {
			i += put_foreign(w, str_from(chunk, i));
			continue;
		}
		if (ascii_isalnum((unsigned char)c))
			put(w, ascii_lower(c));
		else if (ends_sentence(chunk, i))
			put_alone(w, ".", 1);
		else
			put(w, ' ');
		i++;
	}
}

/* Each word of a name or URL behind a "/". */
static void put_name(struct smtp_policy_words *w, struct str chunk)
{
	bool begins = true;
	for (size_t i = 0; i < chunk.n; i++) {
		char c = chunk.p[i];
		if (!ascii_isalnum((unsigned char)c)) {
			begins = true;
			continue;
		}
		if (begins) {
			put(w, ' ');
			put(w, '/');
		}
		begins = false;
		put(w, ascii_lower(c));
	}
}

/* Without the punctuation around it. */
static struct str bare(struct str s)
{
	while (s.n && !in_word(s.p[0]) && s.p[0] != ':')
		s = str_from(s, 1);
	while (s.n && !in_word(s.p[s.n - 1]) && s.p[s.n - 1] != ':')
		s.n--;
	return s;
}

/* Also "192.0.2.1:", "192.0.2.1:1234" and "IPv6:2001:db8::1". */
static bool is_address(struct str s)
{
	struct ip ip;
	uint64_t port;
	s = bare(s);
	if (str_find(s, '.') == SIZE_MAX && str_find(s, ':') == SIZE_MAX)
		return false;
	size_t colon = str_find(s, ':');
	struct str behind = colon == SIZE_MAX ? STR("x") : str_from(s, colon + 1);
	if (str_caseprefix(s, STR("ipv6:")))
		s = behind;
	else if (behind.n == 0 || str_u64(behind, UINT16_MAX, &port) == ERR_OK)
		s.n = colon;
	return s.n >= 3 && ip_parse(s, &ip, NULL) == ERR_OK;
}

/* host.example, host[192.0.2.1], http://host/… */
static bool is_name(struct str s)
{
	if (str_search(s, STR("://")) != SIZE_MAX)
		return true;
	for (size_t i = 1; i + 1 < s.n; i++)
		if (in_word(s.p[i - 1]) && in_word(s.p[i + 1]) && s.p[i] == '.' &&
		    !ends_sentence(s, i))
			return true;
	return false;
}

/* "5.7.1", "#5.7.1", "(#5.7.1)": the first one is kept. */
static bool take_status(struct smtp_policy_words *w, struct str chunk)
{
	struct str s = bare(chunk);
	if (s.n < 5 || s.n >= sizeof(w->status) || (s.p[0] != '4' && s.p[0] != '5') ||
	    s.p[1] != '.' || !ascii_isdigit((unsigned char)s.p[2]) || s.p[3] != '.')
		return false;
	for (size_t i = 4; i < s.n; i++)
		if (!ascii_isdigit((unsigned char)s.p[i]) || i > 6)
			return false;
	if (w->status[0] == '\0')
		str_copy(w->status, sizeof(w->status), s);
	return true;
}

/* "[192.0.2.1]:1234" and "host[192.0.2.1]": the address in the brackets. */
static bool holds_address(struct str chunk)
{
	size_t open = str_find(chunk, '[');
	if (open == SIZE_MAX)
		return false;
	struct str in = str_from(chunk, open + 1);
	size_t close = str_find(in, ']');
	return close != SIZE_MAX && is_address((struct str){ in.p, close });
}

/* `rest`: of a longer one of which an echo was cut; "4.2.1" may be the end of an address. */
static void put_chunk(struct smtp_policy_words *w, struct str chunk, bool rest)
{
	assert(chunk.n > 0 && w->n > 0);
	char last = chunk.p[chunk.n - 1];
	put(w, ' ');
	if (str_find(chunk, '@') != SIZE_MAX || (!rest && take_status(w, chunk)))
		return;
	if (str_eq(chunk, STR("#")) || is_address(chunk) || holds_address(chunk))
		put_alone(w, "#", 1);
	else if (is_name(bare(chunk)))
		put_name(w, chunk);
	else
		put_prose(w, chunk), last = 'x';
	if (last == '.' || last == ';' || last == '!')
		put_alone(w, ".", 1);
}

static bool is_cut(struct str from, const struct text *t, size_t i)
{
	assert(i < t->n && t->n == from.n);
	return t->p[i] == ' ' && in_part(from.p[i]);
}

void smtp_policy_words(struct str text, const struct smtp_asked *asked,
                       struct smtp_policy_words *words)
{
	struct text t, lower;
	lower.n = t.n = text.n < sizeof(t.p) ? text.n : sizeof(t.p);
	for (size_t i = 0; i < t.n; i++) {
		t.p[i] = text.p[i];
		lower.p[i] = ascii_lower(text.p[i]);
	}
	text = (struct str){ lower.p, lower.n };
	blank_path(text, &t, asked->recipient);
	blank_path(text, &t, asked->sender);
	blank_path(text, &t, asked->helo);
	if (!is_address(asked->client))
		blank_echo(text, &t, asked->client);
	blank_brackets(&t);
	blank_quoted(&t);
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] == '\0' || t.p[i] == '\v' || t.p[i] == '\f')
			t.p[i] = ' ';
	words->text[0] = ' ';
	words->n = 1;
	words->status[0] = '\0';
	struct str rest = { t.p, t.n }, chunk;
	while (str_word(&rest, &chunk)) {
		size_t begin = (size_t)(chunk.p - t.p), end = begin + chunk.n;
		put_chunk(words, chunk, (begin > 0 && is_cut(text, &t, begin - 1)) ||
		                        (end < t.n && is_cut(text, &t, end)));
	}
	/* Cut, it may lack the space at its end. */
	if (words->text[words->n - 1] != ' ')
		words->text[words->n++] = ' ';
	words->text[words->n] = '\0';
	assert(words->n < sizeof(words->text) && strlen(words->text) == words->n);
}
