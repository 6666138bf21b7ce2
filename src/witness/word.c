/* SPDX-License-Identifier: ISC
 *
 * A word is "pw" and twelve bytes in base32: day, eight of randomness, and a check of these ten.
 */
#include "witness/word.h"

#include "base/random.h"

#include <assert.h>
#include <stdio.h>

enum { DAY_BYTES = 2, SUM_BYTES = 2, SUMMED = DAY_BYTES + WITNESS_RANDOM_BYTES,
       ALL_BYTES = SUMMED + SUM_BYTES, DIGITS = 20 };

static const char want_word[] =
	"a word as \"portreeve witness\" prints it, pw and 20 letters and digits";
static const char want_check[] =
	"a word as \"portreeve witness\" prints it; this one has a typing error";

/* FNV-1a, folded. Against slips of the hand, and nothing else. */
static uint16_t sum_of(const uint8_t *p)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < SUMMED; i++)
		h = (h ^ p[i]) * 16777619u;
	return (uint16_t)(h >> 16 ^ h);
}

char *witness_word_make(unsigned day, const uint8_t random[static WITNESS_RANDOM_BYTES],
                        char dst[static WITNESS_WORD_SIZE])
{
	uint8_t bytes[ALL_BYTES] = { (uint8_t)(day >> 8), (uint8_t)day };
	char digits[DIGITS + 1];
	assert(day <= UINT16_MAX);
	memcpy(bytes + DAY_BYTES, random, WITNESS_RANDOM_BYTES);
	uint16_t sum = sum_of(bytes);
	bytes[SUMMED] = (uint8_t)(sum >> 8);
	bytes[SUMMED + 1] = (uint8_t)sum;
	base32_encode(bytes, sizeof(bytes), digits);
	snprintf(dst, WITNESS_WORD_SIZE, "pw%s", digits);
	return dst;
}

static int digit_value(char c)
{
	c = ascii_lower(c);
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* The position of what is no digit, or DIGITS. */
static size_t decode(const char *p, uint8_t bytes[static ALL_BYTES])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;
	for (size_t i = 0; i < DIGITS; i++) {
		int value = digit_value(p[i]);
		if (value < 0)
			return i;
		bits = bits << 5 | (uint32_t)value;
		have += 5;
		if (have >= 8 && n < ALL_BYTES) {
			have -= 8;
			bytes[n++] = (uint8_t)(bits >> have);
		}
	}
	assert(n == ALL_BYTES);
	return DIGITS;
}

int witness_word_parse(struct str s, char word[static WITNESS_WORD_SIZE], unsigned *day,
                       struct parse_error *pe)
{
	uint8_t bytes[ALL_BYTES], random[WITNESS_RANDOM_BYTES];
	if (!str_caseprefix(s, STR("pw")))
		return err_parse(pe, want_word, 0);
	if (s.n != WITNESS_WORD_CHARS)
		return err_parse(pe, want_word,
		                 s.n < WITNESS_WORD_CHARS ? s.n : WITNESS_WORD_CHARS);
	size_t good = decode(s.p + 2, bytes);
	if (good < DIGITS)
		return err_parse(pe, want_word, good + 2);
	*day = (unsigned)bytes[0] << 8 | bytes[1];
	memcpy(random, bytes + DAY_BYTES, sizeof(random));
	/* The four bits that are left over in the last digit are held so, too. */
	witness_word_make(*day, random, word);
	if (!str_caseeq(str_of(word), s))
		return err_parse(pe, want_check, WITNESS_WORD_CHARS - 1);
	return ERR_OK;
}

char *witness_said_format(const struct witness_said *said, char dst[static WITNESS_SAID_SIZE])
{
	assert(said->family == 4 || said->family == 6);
	snprintf(dst, WITNESS_SAID_SIZE, "%s-%u-%u", said->word, said->family, said->port);
	return dst;
}

/* "-6-25" behind the word; what is something else there belongs to nobody. */
static void read_way(struct str rest, struct witness_said *said)
{
	uint64_t port = 0;
	size_t n = 3;
	if (rest.n < 4 || rest.p[0] != '-' || rest.p[2] != '-' ||
	    (rest.p[1] != '4' && rest.p[1] != '6'))
		return;
	while (n < rest.n && ascii_isdigit((unsigned char)rest.p[n]))
		n++;
	if (str_u64((struct str){ rest.p + 3, n - 3 }, UINT16_MAX, &port) != ERR_OK || port == 0)
		return;
	said->family = rest.p[1] == '4' ? 4 : 6;
	said->port = (uint16_t)port;
}

bool witness_said_find(struct str text, size_t *at, struct witness_said *said)
{
	for (size_t i = *at; i + WITNESS_WORD_CHARS <= text.n; i++) {
		unsigned day;
		if (ascii_lower(text.p[i]) != 'p' || ascii_lower(text.p[i + 1]) != 'w')
			continue;
		struct str rest = str_from(text, i + WITNESS_WORD_CHARS);
		if ((i > 0 && ascii_isalnum((unsigned char)text.p[i - 1])) ||
		    (rest.n > 0 && ascii_isalnum((unsigned char)rest.p[0])))
			continue;
		*said = (struct witness_said){ 0 };
		if (witness_word_parse((struct str){ text.p + i, WITNESS_WORD_CHARS }, said->word,
		                       &day, NULL) != ERR_OK)
			continue;
		read_way(rest, said);
		*at = i + WITNESS_WORD_CHARS;
		return true;
	}
	*at = text.n;
	return false;
}
