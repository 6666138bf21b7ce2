/* SPDX-License-Identifier: ISC
 *
 * The EHLO reply: which extensions a server offers. Hostile input: the reply of
 * any server. What is not understood is not offered.
 */
#include "smtp/client-private.h"

#include "base/err.h"

#include <assert.h>

enum { LIMIT_MAX = 999999 };           /* RFC 9422: six digits */

#define KEYWORD(word, bit) { { word, sizeof(word) - 1 }, bit }
static const struct {
	struct str keyword;
	unsigned bit;
} extensions_known[] = {
	KEYWORD("PIPELINING", SMTP_EXT_PIPELINING),
	KEYWORD("STARTTLS", SMTP_EXT_STARTTLS),
	KEYWORD("SIZE", SMTP_EXT_SIZE),
	KEYWORD("8BITMIME", SMTP_EXT_8BITMIME),
	KEYWORD("CHUNKING", SMTP_EXT_CHUNKING),
	KEYWORD("SMTPUTF8", SMTP_EXT_SMTPUTF8),
	KEYWORD("AUTH", SMTP_EXT_AUTH),
	KEYWORD("XCLIENT", SMTP_EXT_XCLIENT),
	KEYWORD("XFORWARD", SMTP_EXT_XFORWARD),
	KEYWORD("DSN", SMTP_EXT_DSN),
	KEYWORD("ENHANCEDSTATUSCODES", SMTP_EXT_ENHANCED),
};
#undef KEYWORD

static unsigned extension_bit(struct str keyword)
{
	for (size_t i = 0; i < sizeof(extensions_known) / sizeof(extensions_known[0]); i++)
		if (str_caseeq(keyword, extensions_known[i].keyword))
			return extensions_known[i].bit;
	return 0;
}

/* "AUTH=LOGIN" is how some spelled it before the RFC. */
static struct str first_word(struct str line)
{
	struct str word = STR("");
	size_t most = line.n;
	str_token(&line, " =", &word);
	assert(word.n <= most);
	return word;
}

/* The words behind AUTH, of "AUTH PLAIN LOGIN" and "AUTH=PLAIN LOGIN". */
static unsigned mechanism_bits(struct str line)
{
	struct str word;
	unsigned bits = 0;
	str_token(&line, " \t=", &word);
	while (str_token(&line, " \t=", &word)) {
		if (str_caseeq(word, STR("PLAIN")))
			bits |= SMTP_EXT_AUTH_PLAIN;
		else if (str_caseeq(word, STR("LOGIN")))
			bits |= SMTP_EXT_AUTH_LOGIN;
	}
	assert((bits & ~(unsigned)(SMTP_EXT_AUTH_PLAIN | SMTP_EXT_AUTH_LOGIN)) == 0);
	return bits;
}

/* "SIZE 10240000"; 0 means no fixed limit, and so does what is no number (RFC 1870 4). */
static uint64_t size_max(struct str line)
{
	uint64_t size;
	struct str word;
	str_token(&line, " =", &word);
	return str_token(&line, " ", &word) && str_u64(word, UINT64_MAX, &size) == ERR_OK ? size
	                                                                                : 0;
}

/* "LIMITS RCPTMAX=50 MAILMAX=10". One that is malformed is not there (RFC 9422). */
static void read_limits(struct str line, struct smtp_offer *offer)
{
	struct str word;
	str_token(&line, " ", &word);
	while (str_token(&line, " ", &word)) {
		size_t equals = str_find(word, '=');
		struct str name = { word.p, equals }, number = str_from(word, equals + 1);
		uint64_t value;
		if (equals == SIZE_MAX || number.n == 0 || number.p[0] == '0' ||
		    str_u64(number, LIMIT_MAX, &value) != ERR_OK)
			continue;
		assert(value >= 1 && value <= LIMIT_MAX);
		if (str_caseeq(name, STR("RCPTMAX")))
			offer->recipients_max = (unsigned)value;
		else if (str_caseeq(name, STR("MAILMAX")))
			offer->mails_max = (unsigned)value;
		else if (str_caseeq(name, STR("RCPTDOMAINMAX")))
			offer->domains_max = (unsigned)value;
	}
}

struct smtp_offer smtp_offer_parse(struct str text)
{
	struct smtp_offer offer = { 0 };
	size_t end = str_find(text, '\n');
	while (end != SIZE_MAX) {
		text = str_from(text, end + 1);
		end = str_find(text, '\n');
		struct str line = { text.p, end == SIZE_MAX ? text.n : end };
		unsigned bit = extension_bit(first_word(line));
		offer.extensions |= bit;
		if (bit == SMTP_EXT_AUTH)
			offer.extensions |= mechanism_bits(line);
		else if (bit == SMTP_EXT_SIZE)
			offer.size_max = size_max(line);
		else if (str_caseeq(first_word(line), STR("LIMITS")))
			read_limits(line, &offer);
	}
	assert(offer.extensions < SMTP_EXT_AUTH_LOGIN << 1);
	return offer;
}
