/* SPDX-License-Identifier: ISC
 *
 * The EHLO reply: which extensions a server offers. Hostile input: the reply of
 * any server. What is not understood is not offered.
 */
#include "smtp/client-private.h"

#include "base/err.h"

static const struct {
	const char *keyword;
	unsigned bit;
} extensions_known[] = {
	{ "PIPELINING", SMTP_EXT_PIPELINING },
	{ "STARTTLS", SMTP_EXT_STARTTLS },
	{ "SIZE", SMTP_EXT_SIZE },
	{ "8BITMIME", SMTP_EXT_8BITMIME },
	{ "CHUNKING", SMTP_EXT_CHUNKING },
	{ "SMTPUTF8", SMTP_EXT_SMTPUTF8 },
	{ "AUTH", SMTP_EXT_AUTH },
	{ "XCLIENT", SMTP_EXT_XCLIENT },
	{ "XFORWARD", SMTP_EXT_XFORWARD },
	{ "DSN", SMTP_EXT_DSN },
	{ "ENHANCEDSTATUSCODES", SMTP_EXT_ENHANCED },
};

static unsigned extension_bit(struct str keyword)
{
	for (size_t i = 0; i < sizeof(extensions_known) / sizeof(extensions_known[0]); i++)
		if (str_caseeq(keyword, str_of(extensions_known[i].keyword)))
			return extensions_known[i].bit;
	return 0;
}

void smtp_extensions_parse(struct str text, unsigned *extensions, uint64_t *max_size)
{
	*extensions = 0;
	*max_size = 0;
	size_t end = str_find(text, '\n');
	while (end != SIZE_MAX) {
		text = str_from(text, end + 1);
		end = str_find(text, '\n');
		struct str line = { text.p, end == SIZE_MAX ? text.n : end };
		struct str keyword, value;
		/* "AUTH=LOGIN" is how some spelled it before the RFC. */
		if (!str_token(&line, " \t=", &keyword))
			continue;
		unsigned bit = extension_bit(keyword);
		*extensions |= bit;
		if (bit == SMTP_EXT_SIZE && str_token(&line, " \t=", &value) &&
		    str_u64(value, UINT64_MAX, max_size) != ERR_OK)
			*max_size = 0;
	}
}
