/* SPDX-License-Identifier: ISC
 *
 * Asking the mail server in the closed room: SMTP sessions of EHLO, MAIL, RCPT and RSET, never
 * DATA, each from an address of the asker's choice, and of some it says that it is somebody else
 * (enum closed_claim). In each session a control goes first: mail for a user of the server's own,
 * which must be taken, or its other answers say nothing.
 *
 * Who uses it: the command `audit`; the servers' hooks, to see when one greets.
 *
 * Hostile input: every byte of the server. They are read by a process of their own, without rights
 * and without files (base/sandbox.h), which has nothing of ours but a pipe for what came of it.
 * Texts of replies are cut to CLOSED_TEXT_MAX, and must be escaped before they are shown.
 */
#ifndef PORTREEVE_CLOSED_ASK_H
#define PORTREEVE_CLOSED_ASK_H

#include "closed/closed.h"

enum {
	CLOSED_TEXT_MAX = 256, CLOSED_ENVELOPES_MAX = 64, CLOSED_SESSIONS_MAX = 4096,
	CLOSED_AT_ONCE = 16,
};

/* Arguments of "MAIL FROM:" and "RCPT TO:", with all that belongs to them: "<a@b.example>". */
struct closed_envelope {
	const char *mail, *rcpt;
	const char *first;                       /* a recipient before it in the transaction, of
	                                            the server's own; NULL: none */
	bool utf8;                               /* `mail` ends with " SMTPUTF8": not asked where
	                                            that was not offered */
};

struct closed_reply {
	int code;                                /* 0: none came, or it was not asked */
	char enhanced[12];
	char text[CLOSED_TEXT_MAX];              /* lines joined by '\n' */
};

/* Where mail was refused, neither recipient was asked; where the first was, rcpt was all the
 * same. */
struct closed_answer {
	struct closed_reply mail, first, rcpt;
};

enum closed_end {
	CLOSED_UNASKED,                          /* its time did not come */
	CLOSED_ASKED,                            /* all of it */
	CLOSED_NOBODY,                           /* nobody listens, or no way leads there */
	CLOSED_LATE,                             /* no answer in time */
	CLOSED_HUNG_UP,
	CLOSED_BROKEN,                           /* what answers speaks no SMTP */
	CLOSED_NO_SOURCE,                        /* we cannot speak from that address */
	CLOSED_NO_TLS,                           /* it is not offered, or fails */
};
const char *closed_end_text(enum closed_end end);    /* "nobody listens" */

enum closed_tls { CLOSED_CLEAR, CLOSED_STARTTLS, CLOSED_TLS_FIRST };

/* Who an asker says that it is. */
enum closed_claim {
	CLOSED_AS_ITSELF,
	CLOSED_CLAIM_XCLIENT,                    /* after EHLO, which is said again then */
	CLOSED_CLAIM_PROXY1, CLOSED_CLAIM_PROXY2,    /* a header before the greeting, and before
	                                            TLS (wire/proxy.h) */
	CLOSED_CLAIM_PORT25,                     /* a server's port: it speaks from port 25. One
	                                            session at a time from an address to a port */
	CLOSED_CLAIM_LOGIN,                      /* AUTH (smtp/login.h) after EHLO, under
	                                            STARTTLS if so */
	CLOSED_CLAIM_CERTIFICATE,                /* of a client, by TLS: CLOSED_CLEAR is
	                                            CLOSED_STARTTLS then */
};

struct closed_session {
	struct ip from;
	struct endpoint to;
	enum closed_tls tls;                     /* no certificate is checked */
	enum closed_claim claim;
	struct ip claimed;                       /* of XCLIENT and PROXY */
	const char *claimed_name;                /* of XCLIENT; NULL: "localhost" */
	const char *user, *password;             /* of LOGIN */
	const char *certificate;                 /* of CERTIFICATE, PEM with its key
	                                            (certificate.h); NULL: one that signs itself */
	const char *helo;
	const struct closed_envelope *control;   /* NULL: none */
	const struct closed_envelope *envelopes;
	size_t n;                                /* 0: the greeting and hello only */
	/* What came of it; `answers` has room for n. */
	enum closed_end end;
	struct closed_reply greeting, hello;     /* the last hello: under TLS, behind XCLIENT */
	unsigned extensions;                     /* SMTP_EXT_… of the last hello (smtp/client.h),
	                                            and STARTTLS if the first offered it */
	/* To XCLIENT and AUTH; of PROXY the refusal, in place of a greeting or a hello. Code 0:
	 * there was none. */
	struct closed_reply claim_reply;
	bool claim_refused;                      /* or it was not offered, or no certificate was
	                                            asked for: nothing was asked then */
	struct closed_answer controlled, *answers;
};

struct closed_patience {
	int64_t refused_ms;                      /* while who does not listen is asked again */
	int64_t command_ms, session_ms;          /* for one reply, for one session */
	int64_t all_ms;
	unsigned at_once;                        /* sessions; 0: CLOSED_AT_ONCE */
};

/* Asks all, CLOSED_AT_ONCE at a time and few that are not greeted yet, with room NULL in this
 * process's own network; what has no answer when the time is over is CLOSED_UNASKED. Blocks.
 * ERR_LIMIT: too many; ERR_DENIED: no process could be made that may ask; ERR_IO. */
int closed_ask(const struct closed_room *room, const struct closed_patience *patience,
               struct closed_session *sessions, size_t n);

#endif
