/* SPDX-License-Identifier: ISC
 *
 * SMTP server engine (RFC 5321 and extensions): a pure state machine. Bytes
 * from the client go in, reply bytes and questions to a policy come out. It has
 * no socket, no clock and no opinion: who may send what is for the caller.
 *
 * Who uses it: wire/smtp-server, for the collector; in the tests, the simulated hosts.
 * Hostile input that reaches it: every byte of any client. It keeps at most one
 * command line and one chunk of message; every count has a limit.
 *
 * A turn of the caller:
 *
 *   smtp_server_input(s, bytes);
 *   while (smtp_server_next(s, &event))
 *           answer it: smtp_server_reply() for every event marked (reply)
 *   write smtp_server_output(s), then smtp_server_output_sent(s, n)
 *
 * An event marked (reply) holds the engine until smtp_server_reply() is called,
 * in the same turn or later; input that arrives meanwhile waits (pipelining).
 * Commands that need no policy (RSET, NOOP, HELP, VRFY, syntax errors, wrong
 * order, limits) the engine answers itself.
 *
 * With `lmtp` it speaks LMTP (RFC 2033): LHLO in place of HELO and EHLO, and behind a
 * message a reply for each recipient that was accepted.
 *
 * Strictness: only CRLF ends a line and only CRLF.CRLF a message. A bare CR or
 * LF or a NUL in a command is a 500, in a message it refuses the message with 554 5.6.0 (and
 * keeps reading to the true end), so that no two servers can disagree where a
 * message ends (SMTP smuggling, CVE-2023-51764). Input pipelined behind
 * STARTTLS is an error that closes the session (CVE-2011-0411).
 */
#ifndef PORTREEVE_SMTP_SERVER_H
#define PORTREEVE_SMTP_SERVER_H

#include "base/arena.h"
#include "base/ip.h"
#include "mail/address.h"
#include "smtp/params.h"

struct smtp_server;

/* All limits are the caller's; zero means the default in brackets. */
struct smtp_server_limits {
	size_t line_bytes;          /* a command line without CRLF [2048; 512 is the RFC's least];
	                             * in an AUTH exchange 12286 at least (RFC 4954 4) */
	size_t text_line_bytes;     /* a line of a message [65536], then it is refused */
	size_t message_bytes;       /* announced as SIZE and enforced [10485760] */
	unsigned recipients;        /* accepted ones a transaction [100] */
	unsigned errors;            /* 4xx/5xx answers before 421 and close [20] */
	unsigned commands;          /* a session, then 421 [1000] */
	unsigned transactions;      /* a session, then 421 [100] */
};

struct smtp_server_options {
	const char *hostname;       /* in the greeting and EHLO */
	const char *greeting;       /* text behind the hostname; NULL: "ESMTP" */
	struct smtp_server_limits limits;
	bool offer_starttls;
	bool offer_auth_plain;      /* PLAIN and LOGIN; under TLS only, unless auth_in_clear */
	/* Mechanisms beside these, whose exchanges are the caller's: "SCRAM-SHA-256-PLUS
	 * SCRAM-SHA-256"; NULL: none. One of the name -PLUS is offered under TLS only. */
	const char *sasl;
	bool auth_in_clear;
	bool offer_limits;          /* RFC 9422: recipients and transactions, as limits has them */
	bool offer_smtputf8;
	bool offer_dsn;             /* RET, ENVID, NOTIFY, ORCPT (RFC 3461); else they are 555 */
	bool lmtp;                  /* never at port 25 (RFC 2033 section 5) */
	bool nul_ok;                /* a message may hold NULs: for whoever only looks at it */
	bool offer_xclient;         /* for the tests' mistaken servers */
	bool no_pipelining, no_8bitmime, no_chunking, no_ehlo;   /* for the tests' old servers */
	/* For the tests' mistaken servers: a path outside the grammar is no 501 but comes
	 * to the policy with `text` alone set, as given up to the last '>' (or, without
	 * brackets, up to a space). */
	bool lax_paths;
};

enum smtp_server_event_type {
	SMTP_SERVER_CONNECT,      /* (reply) 220 greets, 554 or 421 refuses */
	SMTP_SERVER_HELO,         /* (reply) helo, esmtp; 250 lets the engine list its extensions */
	SMTP_SERVER_MAIL,         /* (reply) path, params */
	SMTP_SERVER_RCPT,         /* (reply) path, params */
	/* (reply) 354 takes the message, 4xx/5xx not; also before the first BDAT, where 250
	 * means to go on as well. */
	SMTP_SERVER_DATA,
	SMTP_SERVER_TEXT,         /* bytes of the message, dots removed, CRLF kept; many times */
	/* (reply) the message is whole: 250 only when it is on disk. In LMTP `replies` answers are
	 * owed, one for each recipient that was accepted, in their order; each goes out as it is
	 * given. */
	SMTP_SERVER_MESSAGE,
	/* The message in progress is lost (RSET, limit, bad line, shutdown). */
	SMTP_SERVER_ABORT,
	/* Output has been produced: send it, then start TLS, then smtp_server_tls_started(). */
	SMTP_SERVER_STARTTLS,
	SMTP_SERVER_AUTH,         /* (reply) user, password: 235 or 535 */
	/* (reply) one step of a mechanism of options.sasl: mechanism, first, said, text. The answer
	 * is smtp_server_challenge(), or a reply, which ends the exchange: 235 (with the name by
	 * smtp_server_login() before it), 535, 454. Last words of the server (the verifier of
	 * SCRAM) are one more challenge, which the client answers with nothing (RFC 4954 4). */
	SMTP_SERVER_SASL,
	/* The exchange of which SMTP_SERVER_SASL told is over without an answer of the caller's:
	 * it was cancelled, a line was bad, the session ends. */
	SMTP_SERVER_SASL_END,
	SMTP_SERVER_XCLIENT,      /* (reply) text: the attributes; 220 greets anew */
	/* (reply) text: a verb not known or not offered; answer 500 unless you do. */
	SMTP_SERVER_UNKNOWN,
	SMTP_SERVER_CLOSE,        /* send the output, then close; the last event of a session */
};

/* Slices live until the next call of smtp_server_next() or _input(). */
struct smtp_server_event {
	enum smtp_server_event_type type;
	bool esmtp;                       /* HELO: it was EHLO or LHLO */
	struct str text;         /* HELO name, TEXT bytes, XCLIENT and UNKNOWN line, SASL */
	const struct mail_path *path;     /* MAIL, RCPT */
	const struct smtp_mail_params *mail;      /* MAIL */
	const struct smtp_rcpt_params *rcpt;      /* RCPT */
	unsigned replies;                 /* MESSAGE: answers owed; 1 but in LMTP */
	struct str user, password;        /* AUTH; password is wiped after the reply */
	struct str mechanism;             /* SASL: as options.sasl spells it */
	bool first;                       /* SASL: an exchange begins */
	/* SASL: the client has said `text`, decoded bytes of at most a line, wiped after the reply.
	 * False only of the first step: AUTH came without an initial response, which is not the
	 * same as with an empty one (RFC 4954 4). */
	bool said;
	bool quit;                        /* CLOSE: the client has said QUIT */
};

struct smtp_server *smtp_server_create(const struct smtp_server_options *options);
void smtp_server_destroy(struct smtp_server *s);   /* NULL is fine */

/* Takes all of `bytes`, always. False asks the caller to stop reading until
 * smtp_server_wants_input(): a reply is owed and 16 KiB of input wait behind it. */
bool smtp_server_input(struct smtp_server *s, struct str bytes);
bool smtp_server_wants_input(const struct smtp_server *s);
/* Within a transaction a reply is owed. */
bool smtp_server_owes_mail(const struct smtp_server *s);
/* Before the greeting: the client has spoken already, though nothing of it was read. */
void smtp_server_spoke_early(struct smtp_server *s);
/* The next event, or false when the engine waits for input or for a reply. The
 * first of a session is SMTP_SERVER_CONNECT, before any input. */
bool smtp_server_next(struct smtp_server *s, struct smtp_server_event *event);
/* Answers the event that asked. `enhanced` is "5.7.1"; NULL takes a plain one that
 * fits the code and the event, "" sends none (RFC 2034: nor do greeting, HELO and
 * 3xx). `text` may hold '\n' for several lines; anything else outside printable
 * ASCII is replaced; a line that would pass 512 bytes goes on in another. The
 * hostname is put before the text of a 220 greeting (NULL: options.greeting) and of
 * the 250 to HELO (NULL: nothing more). Code 421 also closes. After the session
 * was closed from outside the answer is dropped. */
void smtp_server_reply(struct smtp_server *s, int code, const char *enhanced, const char *text);
/* Answers SMTP_SERVER_SASL with a 334: `bytes` as they are, the engine encodes them. */
enum { SMTP_SERVER_CHALLENGE_MAX = 9210 };       /* a line of 12288 octets (RFC 4954 4) */
void smtp_server_challenge(struct smtp_server *s, struct str bytes);
/* Before the 235 to SMTP_SERVER_SASL, where it must be, or to SMTP_SERVER_AUTH: by which name, of 1
 * to 255 bytes, the client is known from then on. */
void smtp_server_login(struct smtp_server *s, struct str name);
/* Ends the session from outside with 421 (time-out, shutdown). */
void smtp_server_shutdown(struct smtp_server *s, const char *enhanced, const char *text);
/* TLS is up: after STARTTLS, or before the first event (TLS from the first byte). */
void smtp_server_tls_started(struct smtp_server *s);

/* How the session stands. */
struct smtp_server_state {
	bool tls, esmtp, lmtp, smtputf8;  /* smtputf8: the transaction asked for it */
	bool early;                       /* the client spoke before it was greeted */
	struct str login;                 /* the name that AUTH took, any bytes; empty before */
	unsigned recipients;              /* accepted in this transaction */
	/* For the "with" of a Received field: "SMTP", "ESMTPSA", "UTF8LMTPS" (RFC 3848, 6531). */
	const char *protocol;
};
/* Valid until the next call with `s`. */
struct smtp_server_state smtp_server_state(const struct smtp_server *s);

struct str smtp_server_output(const struct smtp_server *s);
void smtp_server_output_sent(struct smtp_server *s, size_t n);

/* How long the shell may wait for the client's next bytes (RFC 5321 4.5.3.2.7). */
int64_t smtp_server_timeout_ms(const struct smtp_server *s);

#endif
