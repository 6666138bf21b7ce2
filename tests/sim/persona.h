/* SPDX-License-Identifier: ISC
 *
 * The simulator's personas: mail servers of every kind, good, careless, broken and sly, as
 * rows of constant tables, each with the verdict that a tester must come to about it. A row
 * says what the server offers, whom it trusts, how it reads recipients, what it does with mail
 * that it took, and how its bytes come.
 */
#ifndef PORTREEVE_TESTS_SIM_PERSONA_H
#define PORTREEVE_TESTS_SIM_PERSONA_H

#include "store/types.h"

/* Whom it relays for, though they are strangers. */
enum {
	TRUST_ALL = 1u << 0,
	TRUST_SENDER_IS_DEST = 1u << 1,      /* the sender has the recipient's domain */
	TRUST_NULL_SENDER = 1u << 2,
	TRUST_BARE_SENDER = 1u << 3,
	TRUST_LOCALHOST_SENDER = 1u << 4,
	TRUST_HOST_SENDER = 1u << 5,         /* at its own name */
	TRUST_LITERAL_SENDER = 1u << 6,      /* at its own address */
	TRUST_DOMAIN_SENDER = 1u << 7,       /* at its mail domain */
	TRUST_POSTMASTER_SENDER = 1u << 8,   /* its own postmaster */
	TRUST_NO_BRACKETS = 1u << 9,         /* a recipient without <> */
	TRUST_NOTIFY = 1u << 10,             /* a recipient with NOTIFY= */
	TRUST_ORCPT = 1u << 11,              /* ORCPT= names one of its own */
	TRUST_SECOND_RECIPIENT = 1u << 12,   /* the first one was local */
	TRUST_HELO_LOCALHOST = 1u << 13,
	TRUST_HELO_LOOPBACK = 1u << 14,
	TRUST_HELO_HOST = 1u << 15,
	TRUST_HELO_DOMAIN = 1u << 16,
	TRUST_HELO_LITERAL = 1u << 17,
	TRUST_CLIENT_NAME = 1u << 18,        /* the client's reverse name is in .localdomain */
	TRUST_XCLIENT = 1u << 19,
	TRUST_PROXY = 1u << 20,
	TRUST_LOW_PORT = 1u << 21,
	TRUST_TLS = 1u << 22,
	TRUST_LOGIN = 1u << 23,
	TRUST_BDAT = 1u << 24,               /* DATA is refused, BDAT forgotten */
	TRUST_DATA_ANYWAY = 1u << 25,        /* the recipient is refused, DATA taken */
	TRUST_FIRST_DOMAIN = 1u << 26,       /* it is an MX of the collector's first domain */
};

/* How it reads recipients that a correct server takes for a local user or for nonsense. */
enum {
	READ_ROUTE = 1u << 0, READ_PERCENT = 1u << 1, READ_DOUBLE_AT = 1u << 2,
	READ_QUOTED_LOCAL = 1u << 3,         /* "U@D"@R */
	READ_QUOTED_WHOLE = 1u << 4,         /* "U@D" */
	READ_BANG = 1u << 5, READ_DOT = 1u << 6, READ_NULL_DOMAIN = 1u << 7,
	READ_LITERAL = 1u << 8, READ_BARE_ADDRESS = 1u << 9, READ_DECNET = 1u << 10,
	READ_ENCAPSULATED = 1u << 11, READ_COLON = 1u << 12, READ_COMMENT = 1u << 13,
	READ_BRACKETS = 1u << 14, READ_SPACES = 1u << 15, READ_BACKSLASH = 1u << 16,
	READ_SRS = 1u << 17, READ_UTF8 = 1u << 18,
	READ_AT_LOCALHOST = 1u << 19,        /* what it reads, it reads only there */
	READ_OWN_SENDER = 1u << 20,          /* … only for senders that it trusts */
	READ_NO_DOMAIN = 1u << 21,           /* … only where there is no domain at all */
	READ_OWN_BANG = 1u << 22,            /* R!D!U: a bang path that begins at its own door */
	READ_NESTED_PERCENT = 1u << 23,      /* U%D%R@R, and no simpler one */
	READ_X400 = 1u << 24,                /* dd.rfc-822=U(a)D */
	READ_HOST_COMMENT = 1u << 25,        /* U@D(R)@R */
	READ_QUOTED_DOUBLE_AT = 1u << 26,    /* "U@D@R", and no simpler one */
};

/* What it offers and how it takes commands. */
enum {
	OFFER_STARTTLS = 1u << 0, OFFER_TLS_AT_ONCE = 1u << 1, OFFER_XCLIENT = 1u << 2,
	OFFER_AUTH = 1u << 3, OFFER_UTF8 = 1u << 4,
	OFFER_LMTP = 1u << 5,                /* LHLO, and nothing else */
	NO_EHLO = 1u << 6, NO_PIPELINING = 1u << 7, NO_CHUNKING = 1u << 8, NO_RSET = 1u << 9,
	NEEDS_TLS = 1u << 10, NEEDS_LOGIN = 1u << 11,    /* 530 before */
	NEEDS_PROXY = 1u << 12,              /* silent until a PROXY header comes */
	TAKES_PROXY = 1u << 13,              /* a PROXY header is optional */
	TAKES_LOCAL = 1u << 14,              /* any user at its own names */
	BREAKS_TLS = 1u << 15,               /* says 220 to STARTTLS, then nonsense */
	AUTH_AFTER_TLS = 1u << 16,
	CLOSES_TLS = 1u << 17,               /* … 220, then nothing more */
	DEFERS_TLS = 1u << 18,               /* … 454 */
	IGNORES_TLS = 1u << 19,              /* … 220, and is silent */
	HANGS_UP_UNPROXIED = 1u << 20,       /* with NEEDS_PROXY: it does not wait for long */
	REFUSES_PROXY = 1u << 21,            /* a PROXY header makes it hang up */
};

/* How its bytes come. */
enum {
	WIRE_LF_ONLY = 1u << 0, WIRE_BYTEWISE = 1u << 1,
	WIRE_PIECEMEAL = 1u << 2,            /* a packet for each reply, not for all that wait */
	WIRE_LOSES_PIPELINED = 1u << 3, WIRE_LONG_LINES = 1u << 4, WIRE_DISAGREES = 1u << 5,
	WIRE_SILENT = 1u << 6, WIRE_ENDLESS = 1u << 7, WIRE_GARBAGE = 1u << 8,
	WIRE_MANY_LINES = 1u << 9, WIRE_LONG_BANNER = 1u << 10,
	WIRE_DRIPS = 1u << 11,               /* an endless banner, slowly */
	/* half a banner, a pause, the rest; early talkers out */
	WIRE_GREET_PAUSE = 1u << 12,
	WIRE_SILENT_LATER = 1u << 13,        /* nothing more from MAIL on */
	WIRE_ENDLESS_EHLO = 1u << 14,        /* a list of extensions without an end */
	WIRE_DRIPPING_EHLO = 1u << 15,       /* … slowly */
};

enum fate {
	FATE_RELAY, FATE_DISCARD,
	FATE_BOUNCE,             /* to the sender, with the message in it */
	FATE_FIRST_ONLY,         /* relays one message, keeps the others */
	FATE_FORGE,              /* sends the recipient a message of its own */
};

enum rewrite { REWRITE_NONE, REWRITE_FOOTER, REWRITE_BASE64, REWRITE_STRIP, REWRITE_UPPER };

enum naming { NAMED, NAMELESS, NAMED_AFTER_ANOTHER };

/* A refusal as it is said, byte for byte. {client}, {rcpt} (with its brackets), {sender} and
 * {helo} stand for what the client is and said, {id} for another text each time; '\n' begins a
 * further line. */
struct words {
	int code;                    /* 0: none */
	const char *enhanced, *text;
};

/* What a ban does to who comes during it. */
enum ban_kind { BAN_SAYS, BAN_RESETS, BAN_SHUTS };       /* BAN_SHUTS: nobody listens */

/* guard.c: what it holds against a client, whatever the envelope says. Times are the
 * simulator's own. A host knows a client by its address, and forgets all of them when it
 * becomes another persona. */
struct guard {
	/* It has heard of the tester and refuses it, at one stage (RCPT if that is 0). */
	struct words block;
	enum case_stage at;
	bool spares_postmaster;      /* from block and greylist */
	bool spares_unknown;         /* from block: who was given as --unknown-client */
	bool led_on_only;            /* block and greylist recipients that it reads as others' */
	/* An envelope is put off until it comes again after `yields_ms`; 0: for ever. */
	struct words grey;
	unsigned yields_ms;
	/* So many refusals, and the client is banned for a while. */
	unsigned refusals, ban_ms;
	enum ban_kind ban;
	struct words ban_words;
	/* So many connections within a while, and the next ones hear 421. */
	unsigned connections, within_ms;
};

/* A server of another protocol, which knows no SMTP. */
struct alien {
	const char *greeting;        /* "": waits for a first line */
	const char *answer;          /* to each line */
	bool closes;                 /* … and that is all */
};

struct persona {
	const char *name;
	enum verdict truth;
	unsigned copies;             /* of a thousand hosts, about */
	/* The persona that it was when it was proved open. One of truth "closed" has been repaired
	 * since and must be delisted by one retest; any other must stay on the list. */
	const char *was;
	bool stays;                  /* on the list although its truth is "closed" */
	unsigned trusts, reads, offers, wire;
	enum fate fate;
	enum rewrite rewrite;
	enum naming naming;
	/* What strangers hear, and at which stage; code 0: 554 5.7.1 at RCPT. */
	struct words refusal;
	enum case_stage refuses_at;
	struct guard guard;
	struct alien alien;
	/* For senders at its own names or without a domain, at MAIL; for its own names at HELO. */
	struct words forged_sender, forged_helo;
	unsigned local_max;          /* 501 for recipients with a longer local part */
	unsigned ptr_delay_ms;       /* of its reverse name */
	/* A verb, or "CONNECT", "354" (said, and closed), "." (the end of a message). */
	const char *hangs_up_at;
	const char *hangs_up_unless; /* … unless this command came first */
	unsigned errors;             /* refusals before 421; hangs_up_at "ERRORS": without a word */
	unsigned transactions;       /* a connection, before 421 */
	unsigned delay_ms;           /* before each reply */
	unsigned relay_delay_ms;
	bool hops;                   /* what it relays goes out through another address */
	uint16_t port;               /* 0: the scan's usual one */
	bool absent;                 /* nobody listens */
};

/* The chapters of the table: personas.c, personas-retest.c, personas-missed.c. */
struct personas {
	const struct persona *v;
	size_t n;
};
extern const struct personas personas_usual, personas_retest, personas_missed;
const struct persona *persona_at(size_t index);            /* NULL behind the last one */
const struct persona *persona_by_name(struct str name);    /* NULL */

/* ---- reading.c: recipients, pure ---------------------------------------------------- */
struct own_names {
	const char *host, *domain, *literal;
};

enum reading {
	READING_LOCAL,           /* a user of its own */
	READING_FOREIGN,         /* plainly somebody else's */
	READING_LED_ON,          /* somebody else's, by one of the persona's ways to read */
	READING_BAD,             /* no address */
};

enum { MAILBOX_MAX = 512 };
/* `text` is the path as it was given, with its brackets. *mailbox gets "local@domain" of
 * what is not local. */
enum reading reading_of(struct str text, unsigned reads, const struct own_names *own,
                        char mailbox[static MAILBOX_MAX]);
/* Cuts "local@domain" at its last @ outside quotes; false without one. */
bool reading_split(struct str address, struct str *local, struct str *domain);
bool reading_is_own(struct str domain, const struct own_names *own);

#endif
