/* SPDX-License-Identifier: ISC
 *
 * The word of a witness: printed on a mail server, said to it from outside, found again in its log.
 * It carries the day on which it was made and a check of itself, so that a typing error is named
 * and no other text of a log is taken for one. It is no secret and proves nothing about who says
 * it. Pure: randomness comes in as an argument.
 *
 * Letters and digits of one case only, so that it survives every command and log.
 */
#ifndef PORTREEVE_WITNESS_WORD_H
#define PORTREEVE_WITNESS_WORD_H

#include "base/err.h"
#include "base/str.h"

enum {
	WITNESS_WORD_CHARS = 22,         /* "pw" and 20 digits of base32 */
	WITNESS_WORD_SIZE = WITNESS_WORD_CHARS + 1,
	WITNESS_RANDOM_BYTES = 8,
	/* With what was asked behind it: "pw…-6-25". */
	WITNESS_SAID_SIZE = WITNESS_WORD_SIZE + 10,
};

/* The word of that day (days since 1970, 0 to 65535). Returns dst. */
char *witness_word_make(unsigned day, const uint8_t random[static WITNESS_RANDOM_BYTES],
                        char dst[static WITNESS_WORD_SIZE]);
/* A whole word in any case of letters; *word gets it in lower case. */
int witness_word_parse(struct str s, char word[static WITNESS_WORD_SIZE], unsigned *day,
                       struct parse_error *pe);

/* How the tester says it: with the family and the port that it knocked at, so that the log shows
 * by which of them a connection came. */
struct witness_said {
	char word[WITNESS_WORD_SIZE];
	uint8_t family;                  /* 4, 6; 0: not said */
	uint16_t port;
};
char *witness_said_format(const struct witness_said *said, char dst[static WITNESS_SAID_SIZE]);
/* The next one in the text from *at on, which then stands behind it; false: none is left. Nothing
 * that is part of a longer run of letters and digits is taken for one. */
bool witness_said_find(struct str text, size_t *at, struct witness_said *said);

#endif
