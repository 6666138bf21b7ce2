/* SPDX-License-Identifier: ISC
 *
 * Inside of the SMTP server engine, shared by its files only.
 *
 * server.c holds the turn (input, next, reply, output), server-command.c cuts
 * lines and finds the verb, server-text.c follows a message, and each other file
 * is a verb. A verb is a *check*, which looks and refuses but changes nothing that
 * matters, and a *proceed*, which either answers at once or asks the policy; the
 * function given to smtp_server_ask() then acts on the policy's answer.
 */
#ifndef PORTREEVE_SMTP_SERVER_PRIVATE_H
#define PORTREEVE_SMTP_SERVER_PRIVATE_H

#include "smtp/server.h"

enum {
	REPLY_LINE_MAX = 512,          /* with CRLF (RFC 5321 4.5.3.1.5) */
	INPUT_WAITING_MAX = 16384,     /* kept while a reply is owed */
	SKIPPED_MAX = 1048576,         /* read over of what is too long, then the session ends */
	HELO_NAME_MAX = 255,
	AUTH_LINE_MAX = 12286,         /* of an exchange, and CRLF (RFC 4954 4) */
};

enum smtp_server_phase {
	SMTP_PHASE_CONNECT,            /* nothing asked yet */
	SMTP_PHASE_COMMAND,
	SMTP_PHASE_LONG_LINE,          /* waits for the end of a line that was too long */
	SMTP_PHASE_AUTH,               /* waits for a line of the AUTH exchange */
	SMTP_PHASE_DATA,
	SMTP_PHASE_CHUNK,
	SMTP_PHASE_TLS,                /* STARTTLS was answered; no byte may come before TLS */
	SMTP_PHASE_CLOSED,
};

/* A reply of the engine's own, or the policy's answer. */
struct smtp_answer {
	int code;
	const char *enhanced;
	const char *text;
};

/* The message in progress. */
struct smtp_text {
	bool open;                     /* the policy has taken it and waits for its end */
	bool line_start;
	bool cr;                       /* BDAT: the last byte was CR */
	size_t line_bytes;
	size_t bytes;                  /* read so far */
	const struct smtp_answer *refusal;  /* what its end will be answered with */
};

enum smtp_auth_step {
	SMTP_AUTH_PLAIN, SMTP_AUTH_LOGIN_USER, SMTP_AUTH_LOGIN_PASSWORD, SMTP_AUTH_SASL,
};

/* An AUTH exchange; wiped when it ends. 255 bytes each are RFC 4616's limit. */
struct smtp_auth {
	enum smtp_auth_step step;      /* what the next line is */
	struct str initial;            /* response on the AUTH line; only until proceed */
	struct str mechanism;          /* SASL: a piece of options.sasl */
	bool told;                     /* SASL: the caller knows of it and has not ended it */
	struct buf text;               /* the client's last answer, decoded */
	char user[255], password[255]; /* user: or as whom the caller knows it */
	size_t user_bytes, password_bytes;
};

struct smtp_server {
	struct smtp_server_options options;   /* its strings are ours */
	enum smtp_server_phase phase;

	struct buf in;
	size_t in_at;                  /* taken up to here */
	size_t scanned;                /* of the line at in_at: known to hold no CRLF */
	size_t line_skipped;
	bool skips_auth;               /* that line is one of an AUTH exchange */
	struct buf out;

	struct smtp_server_event event;
	bool event_due;                /* `event` is to be handed out */
	bool abort_due, sasl_end_due;
	bool close_told;
	/* Acts on the policy's answer; not NULL while one is owed. */
	void (*decided)(struct smtp_server *s, const struct smtp_answer *answer);

	bool refused;                  /* the greeting was no 220: only QUIT is left */
	bool early;                    /* input came before it */
	bool quit;                     /* QUIT was said */
	bool said_helo, esmtp, tls, authenticated;
	char login[255];
	size_t login_bytes;            /* 0 unless authenticated */
	bool in_mail, utf8;
	unsigned recipients, errors, commands, transactions;
	unsigned replies_left;         /* owed to the message, beyond the next */
	struct mail_path path;
	struct smtp_mail_params mail;
	struct smtp_rcpt_params rcpt;

	struct smtp_text text;
	uint64_t chunk_left;           /* bytes of the BDAT chunk still to come */
	bool chunk_known, chunk_last;
	bool chunked;                  /* the transaction has had a BDAT */

	struct smtp_auth *auth;        /* NULL: no exchange goes on */
};

/* server.c */
void smtp_server_ask(struct smtp_server *s, enum smtp_server_event_type type,
                     void (*decided)(struct smtp_server *s, const struct smtp_answer *answer));
/* Hands out s->event, of this type; no reply is owed. */
void smtp_server_tell(struct smtp_server *s, enum smtp_server_event_type type);
/* Writes a reply. 4xx and 5xx count as errors; 421 closes. */
void smtp_server_say(struct smtp_server *s, int code, const char *enhanced, const char *text);
void smtp_server_refuse(struct smtp_server *s, const struct smtp_answer *refusal);
/* Writes the policy's answer; `enhanced_ok` is for a 2xx that came without. */
void smtp_server_pass_on(struct smtp_server *s, const struct smtp_answer *answer,
                         const char *enhanced_ok);
void smtp_server_greet(struct smtp_server *s, const struct smtp_answer *answer);
/* Forgets the transaction; a message in progress is aborted. */
void smtp_server_reset(struct smtp_server *s);
void smtp_server_close(struct smtp_server *s);
/* What came and was not taken yet. */
struct str smtp_server_pending(const struct smtp_server *s);

/* Not in LMTP: which chunk would owe how many replies is not worth its rules (RFC 2033 4.3). */
static inline bool smtp_server_offers_chunking(const struct smtp_server_options *o)
{
	return !o->no_chunking && !o->lmtp;
}

/* server-command.c: one command; false if more input is needed. */
bool smtp_server_command(struct smtp_server *s);
bool smtp_server_skip_line(struct smtp_server *s);
/* Cuts one line off the input, without its CRLF. ERR_AGAIN; ERR_LIMIT (the rest is
 * being skipped); ERR_INVALID (bare CR, LF or NUL: the line is taken). */
int smtp_server_line(struct smtp_server *s, struct str *line);
void smtp_server_say_bad_line(struct smtp_server *s, int err);

/* server-params.c */
/* Checks the parameters behind a path; NULL if all are well. */
const struct smtp_answer *smtp_params_mail(const struct smtp_server *s, struct str params,
                                           struct smtp_mail_params *found);
const struct smtp_answer *smtp_params_rcpt(const struct smtp_server *s, struct str params,
                                           struct smtp_rcpt_params *found);
/* "FROM:<path> params" -> the path and what is behind it. `keyword` is "FROM:". */
int smtp_server_path(const struct smtp_server *s, struct str arg, struct str keyword,
                     unsigned flags, struct mail_path *path, struct str *params);

/* server-text.c */
void smtp_text_open(struct smtp_server *s);
bool smtp_server_data_step(struct smtp_server *s);
bool smtp_server_chunk_step(struct smtp_server *s);

static inline bool smtp_server_offers_auth(const struct smtp_server_options *o)
{
	return o->offer_auth_plain || o->sasl;
}

/* server-auth.c */
bool smtp_server_auth_step(struct smtp_server *s);
/* "AUTH …" and a line end, appended; nothing where it is not offered (now). */
void smtp_server_auth_offer(const struct smtp_server *s, struct buf *line);
void smtp_server_auth_forget(struct smtp_server *s);

/* Verbs: check gives NULL or why not. */
#define SMTP_VERB(name) \
	const struct smtp_answer *smtp_server_##name##_check(struct smtp_server *s, \
	                                                     struct str arg); \
	void smtp_server_##name##_proceed(struct smtp_server *s)
SMTP_VERB(helo);
SMTP_VERB(ehlo);
SMTP_VERB(lhlo);
SMTP_VERB(mail);
SMTP_VERB(rcpt);
SMTP_VERB(data);
SMTP_VERB(bdat);
SMTP_VERB(rset);
SMTP_VERB(noop);
SMTP_VERB(help);
SMTP_VERB(vrfy);
SMTP_VERB(expn);
SMTP_VERB(quit);
SMTP_VERB(starttls);
SMTP_VERB(auth);
SMTP_VERB(xclient);
#undef SMTP_VERB

#endif
