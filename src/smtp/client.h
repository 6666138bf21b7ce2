/* SPDX-License-Identifier: ISC
 *
 * SMTP client engine (RFC 5321, 2920 pipelining, 3207 STARTTLS, 3030 BDAT): a
 * pure state machine. Commands go in, bytes come out; bytes of replies go in,
 * events come out. It has no socket and no clock; what to send next is for the
 * caller, who may queue many commands at once (pipelining) or one at a time.
 *
 * With `lmtp` it speaks LMTP (RFC 2033): the caller says LHLO (verb SMTP_EHLO), and behind
 * a message a reply comes for each recipient that was accepted.
 *
 * Who uses it: the relay tester, its notices, and the sending of reports.
 * Hostile input that reaches it: every byte a server sends: endless banners,
 * lines of megabytes, LF only, NULs, replies nobody asked for. It keeps at most
 * one reply, cut to limits; all that is cut is noted.
 */
#ifndef PORTREEVE_SMTP_CLIENT_H
#define PORTREEVE_SMTP_CLIENT_H

#include "base/str.h"

#include <sys/types.h>

struct smtp_client;

struct smtp_client_limits {
	size_t line_bytes;        /* kept of a reply line [512]; the rest is dropped and noted */
	size_t reply_bytes;       /* kept of a whole reply's text [4096] */
	size_t reply_lines;       /* then the session is broken [256] */
	size_t session_bytes;     /* received in a session, then it is broken [1048576] */
	bool lmtp;                /* no limit, but settled from the start too */
};

/* What a reply answers. */
enum smtp_verb {
	SMTP_BANNER, SMTP_EHLO, SMTP_HELO, SMTP_MAIL, SMTP_RCPT, SMTP_DATA, SMTP_MESSAGE,
	SMTP_BDAT, SMTP_RSET, SMTP_QUIT, SMTP_STARTTLS, SMTP_AUTH, SMTP_XCLIENT, SMTP_NOOP,
	SMTP_OTHER,
};
const char *smtp_verb_name(enum smtp_verb verb);   /* "MAIL" */

/* Extensions of the last EHLO reply. */
enum {
	SMTP_EXT_PIPELINING = 1u << 0, SMTP_EXT_STARTTLS = 1u << 1, SMTP_EXT_SIZE = 1u << 2,
	SMTP_EXT_8BITMIME = 1u << 3, SMTP_EXT_CHUNKING = 1u << 4, SMTP_EXT_SMTPUTF8 = 1u << 5,
	SMTP_EXT_AUTH = 1u << 6, SMTP_EXT_XCLIENT = 1u << 7, SMTP_EXT_XFORWARD = 1u << 8,
	SMTP_EXT_DSN = 1u << 9, SMTP_EXT_ENHANCED = 1u << 10,
	/* Beside SMTP_EXT_AUTH: the mechanisms that we can. */
	SMTP_EXT_AUTH_PLAIN = 1u << 11, SMTP_EXT_AUTH_LOGIN = 1u << 12,
};

/* All that the last EHLO reply said; zero: not said. Its words are the server's, which may be wrong
 * or change its mind. */
struct smtp_offer {
	unsigned extensions;       /* SMTP_EXT_… */
	uint64_t size_max;         /* RFC 1870 4: bytes of a message */
	/* RFC 9422: recipients of a transaction, transactions of a session, domains of recipients
	 * in a session; 1 to 999999. */
	unsigned recipients_max, mails_max, domains_max;
};

/* Oddities noted; never errors by themselves. */
enum {
	SMTP_NOTE_LF_ONLY = 1u << 0,        /* a reply line ended in LF alone */
	SMTP_NOTE_LONG_LINE = 1u << 1,      /* cut */
	SMTP_NOTE_CODES_DISAGREE = 1u << 2, /* lines of one reply differ; the last counts */
	SMTP_NOTE_GARBAGE = 1u << 3,        /* a line that is no reply line was skipped */
	SMTP_NOTE_UNASKED = 1u << 4,        /* a reply came that nothing had asked for */
};

struct smtp_reply {
	int code;                  /* 200…599 */
	char enhanced[12];         /* "5.7.1", or "" (RFC 3463; only of the classes 2, 4, 5) */
	struct str text;           /* lines joined by '\n', codes and enhanced codes removed */
};
static inline bool smtp_reply_ok(const struct smtp_reply *r) { return r->code / 100 == 2; }
/* The command is not known there: to EHLO, a reason to say HELO (RFC 5321 3.2). A refusal of
 * who we are (550, 554) or of the moment (4xx, 421) is none. */
bool smtp_reply_unknown(const struct smtp_reply *r);

enum smtp_client_event_type {
	SMTP_CLIENT_REPLY,         /* verb, tag, reply */
	/* The server does not speak SMTP, or passed a limit: close. text says why. */
	SMTP_CLIENT_BROKEN,
};

/* The tag of a reply nothing had asked for (a 421 out of the blue); its verb is
 * SMTP_OTHER. */
#define SMTP_TAG_UNASKED UINT32_MAX

/* Slices live until the next call of smtp_client_next() or _input(). */
struct smtp_client_event {
	enum smtp_client_event_type type;
	enum smtp_verb verb;
	uint32_t tag;              /* the caller's number given with the command */
	struct smtp_reply reply;
	struct str text;
};

/* `limits` may be NULL. The banner is awaited from the start, with tag 0. */
struct smtp_client *smtp_client_create(const struct smtp_client_limits *limits);
void smtp_client_destroy(struct smtp_client *c);   /* NULL is fine */

/* Queues one command line; CRLF is added. `line` holds no CR, LF or NUL and 1 to 2048 bytes, or 0
 * to 12286 of SMTP_AUTH (RFC 4954 4: 12288 octets with CRLF; an empty one answers a 334 with
 * nothing); ERR_INVALID otherwise: nothing is sent. The 334 of an AUTH exchange comes as a reply to
 * SMTP_AUTH. */
int smtp_client_command(struct smtp_client *c, enum smtp_verb verb, uint32_t tag, struct str line);
/* Queues QUIT where the conversation is given up, so that the server need not wait for more
 * (RFC 5321 4.1.1.10); its reply need not be waited for then. False: it may not be said, and
 * closing is all that is left: before the greeting, where a line would be text of a message or
 * of an AUTH exchange, between STARTTLS and TLS, behind a 421, to what speaks no SMTP, and
 * twice. */
bool smtp_client_leave(struct smtp_client *c);
/* Queues a message after a 354: line ends made CRLF, dots stuffed, final dot
 * added. The reply comes as SMTP_MESSAGE; in LMTP as many as RCPTs were accepted, each with the
 * tag of its RCPT. */
void smtp_client_message(struct smtp_client *c, uint32_t tag, struct str message);
/* Where a message comes from, piece by piece. `pull` puts up to `room` bytes (at least one) into
 * `dst` and gives how many; 0: that was all; negative: it cannot be read, and the session is
 * broken then, before the final dot. */
struct smtp_source {
	ssize_t (*pull)(void *arg, char *dst, size_t room);
	void *arg;
};
/* A `pull` of a text that stays where it is; arg: a struct str of what is left of it. */
ssize_t smtp_text_pull(void *arg, char *dst, size_t room);
/* As smtp_client_message(), but the message is pulled while the output is taken, so that no more
 * than SMTP_SOURCE_BYTES of it are held. The source lives until the reply comes or the client is
 * destroyed. What is queued meanwhile goes out behind the message. A server that answers before
 * the message's end has broken the session; only a refusal is told before that. */
enum { SMTP_SOURCE_BYTES = 16384 };
void smtp_client_message_from(struct smtp_client *c, uint32_t tag,
                              const struct smtp_source *source);
/* Queues BDAT with the message in one LAST chunk. The reply comes as SMTP_BDAT.
 * Not in LMTP. */
void smtp_client_bdat(struct smtp_client *c, uint32_t tag, struct str message);
/* Raw bytes before the banner (PROXY header). No reply is awaited. */
void smtp_client_preamble(struct smtp_client *c, struct str bytes);

void smtp_client_input(struct smtp_client *c, struct str bytes);
bool smtp_client_next(struct smtp_client *c, struct smtp_client_event *event);

/* What is to be sent now; more may follow once that was sent. */
struct str smtp_client_output(struct smtp_client *c);
void smtp_client_output_sent(struct smtp_client *c, size_t n);

/* Commands whose reply is still awaited (the banner counts). */
unsigned smtp_client_outstanding(const struct smtp_client *c);
/* Whole replies so far that something had asked for: bytes alone are no progress. */
unsigned smtp_client_replies(const struct smtp_client *c);
/* SMTP_CLIENT_BROKEN has come or is the next event. */
bool smtp_client_is_broken(const struct smtp_client *c);
/* The verb whose reply is awaited next; SMTP_OTHER if none. */
enum smtp_verb smtp_client_awaiting(const struct smtp_client *c);
unsigned smtp_client_extensions(const struct smtp_client *c);
struct smtp_offer smtp_client_offer(const struct smtp_client *c);
unsigned smtp_client_notes(const struct smtp_client *c);
/* First word of the EHLO/HELO reply, or of the banner: the name the server gives
 * itself, of printable ASCII; "" if none. */
const char *smtp_client_server_name(const struct smtp_client *c);
/* TLS is up: extensions, and what is still awaited, are forgotten (RFC 3207 4.2). For
 * TLS from the first byte call nothing. */
void smtp_client_tls_started(struct smtp_client *c);
/* True if bytes came in after the 220 of STARTTLS and before TLS: injected. */
bool smtp_client_injected(const struct smtp_client *c);
/* RFC 5321 4.5.3.2 time-out for what is awaited now. */
int64_t smtp_client_timeout_ms(const struct smtp_client *c);

#endif
