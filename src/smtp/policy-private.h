/* SPDX-License-Identifier: ISC
 *
 * The two halves of smtp_refusal(): a reply made into plain words without echoes, and what
 * phrases tell. Private to src/smtp/policy*.c.
 *
 * Hostile input: every byte of a reply. Time is linear in its length, times the longest
 * phrase or what was asked; memory is fixed.
 */
#ifndef PORTREEVE_SMTP_POLICY_PRIVATE_H
#define PORTREEVE_SMTP_POLICY_PRIVATE_H

#include "smtp/policy.h"

enum {
	SMTP_POLICY_TEXT_MAX = 8192,     /* of a reply is read; what follows does not count */
	SMTP_POLICY_WORDS_MAX = 16384,
};

/* Words in lower case without accents, one space between two and at both ends. Besides:
 * "." the end of a sentence, "#" an IP address, "/" before each word of a host's name or
 * URL; a character of Chinese or Japanese is a word of its own. */
struct smtp_policy_words {
	char text[SMTP_POLICY_WORDS_MAX];
	size_t n;
	char status[12];                 /* "5.7.1" found in the text; "" if none */
};

/* `words` gets the reply's text without addresses and what was asked. */
void smtp_policy_words(struct str text, const struct smtp_asked *asked,
                       struct smtp_policy_words *words);

/* What a phrase tells, wherever it stands. */
enum {
	SMTP_TELLS_GREYLIST = 1 << 0,    /* greylisting, limits, trouble of its own */
	SMTP_TELLS_LATER = 1 << 1,       /* "try again": many reasons have it */
	SMTP_TELLS_CLIENT = 1 << 2,      /* lists, reputation, bans, reverse names */
	SMTP_TELLS_LOOKUP = 1 << 3,      /* the address has no name: Sendmail adds it to any no */
	SMTP_TELLS_PROVIDER = 1 << 4,    /* send through your own server */
	SMTP_TELLS_HELO = 1 << 5,
	SMTP_TELLS_SENDER = 1 << 6,
	SMTP_TELLS_NOT_OURS = 1 << 7,    /* the domain is not its own */
	SMTP_TELLS_LOGIN = 1 << 8,       /* it wants a login */
	SMTP_TELLS_RECIPIENT = 1 << 9,
	SMTP_TELLS_TLS = 1 << 10,
	SMTP_TELLS_SHUT = 1 << 11,       /* "Client host rejected: Access denied" */
	/* What counts only together with a denial in the same sentence: */
	SMTP_TELLS_US = 1 << 12,         /* "your host" */
	SMTP_TELLS_ADDRESS = 1 << 13,    /* an IP address */
	SMTP_TELLS_OUR_NAME = 1 << 14,   /* "HELO" */
	SMTP_TELLS_OUR_SENDER = 1 << 15, /* "sender" */
	/* Denials: of what stands before, of what stands behind. */
	SMTP_TELLS_DENIED = 1 << 16,
	SMTP_TELLS_DENIES = 1 << 17,
	/* What makes "relay" the act of relaying, or only a host that relays: */
	SMTP_TELLS_RELAY = 1 << 18,      /* the word */
	SMTP_TELLS_VERB = 1 << 19,       /* a lead to it that makes it the act: "to relay" */
	SMTP_TELLS_RELAYING = 1 << 20,   /* a word that means the act */
	SMTP_TELLS_ACT = 1 << 21,        /* behind it, the act: "relay access" */
	SMTP_TELLS_HOST = 1 << 22,       /* … a host: "relay server" */
	SMTP_TELLS_AWAY = 1 << 23,       /* … elsewhere: "relay through your" */
	SMTP_TELLS_WHOSE = 1 << 24,      /* before it, a host: "your relay" */
	SMTP_TELLS_BREAK = 1 << 25,      /* a new thought: "but" */
	SMTP_TELLS_NO_RELAY = 1 << 26,   /* denies relaying as it stands */
	SMTP_TELLS_NAME = 1 << 27,       /* a host's */
	SMTP_TELLS_HELP = 1 << 28,       /* whom to ask: no word about who is refused */
};

/* The tells of all phrases that begin at this word. */
unsigned smtp_policy_tells(const char *word);

#endif
