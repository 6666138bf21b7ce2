/* SPDX-License-Identifier: ISC
 *
 * The insides of a test session, shared by its files:
 *
 *   session.c        the course: connections, pauses, rounds, returns, the end
 *   session-plan.c   forms: which, in what order, how they read
 *   session-hello.c  greeting, HELO, TLS and what a profile asks for before envelopes
 *   session-talk.c   envelopes, messages, and what their replies mean
 *   session-end.c    the connection ended, or was not let in
 *   session-judge.c  what the plain form and the controls show; the reason in words
 *   session-note.c   the transcript
 */
#ifndef PORTREEVE_RELAYTEST_SESSION_PRIVATE_H
#define PORTREEVE_RELAYTEST_SESSION_PRIVATE_H

#include "catalogue/catalogue.h"
#include "relaytest/session.h"
#include "smtp/policy.h"

enum {
	ITEMS_MAX = 192, TIMEOUTS_MAX = 3, CONNECTIONS_MAX = 200,
	DROPS_MAX = 2,           /* connections lost over one form: then that is its answer */
	BARREN_MAX = 3,          /* connections in a row that settled no form: it is given up */
	MUTE_MAX = 24,           /* …that answered none, if only to drop it: the same */
	KNOCKS_MAX = 3,          /* pauses before a host that shuts us out is left for later */
	ROUNDS_MAX = 48, FRUITLESS_MAX = 3,
	TRANSCRIPT_MAX = 256 * 1024, QUIT_TIMEOUT_MS = 5000,
	HEARD_MAX = 4, HEARD_TEXT_MAX = 96,
};

enum item_state {
	ITEM_TODO,           /* the envelope is to be tried */
	ITEM_SENT,           /* its commands are out */
	ITEM_CANDIDATE,      /* the recipient was taken: a message may follow */
	ITEM_PUT_OFF,        /* the answer was no last word: it is asked again in a later round */
	ITEM_DONE,
};

enum item_kind {
	ITEM_FORM,
	ITEM_POSTMASTER,         /* controls: <postmaster@host>, <postmaster>, … */
	ITEM_POSTMASTER_ALONE,
	ITEM_NOBODY,             /* …and a recipient that cannot exist */
	ITEM_CHECK,              /* the plain form once more: are we still heard? */
	ITEM_SECOND,             /* a form from our second address: envelope only */
};

struct item {
	const struct relay_case *form;
	enum item_kind kind;
	enum item_state state;
	bool starttls;           /* the form again under STARTTLS */
	bool messaged;           /* a body left, or may have */
	bool second;             /* …to domain2; of a confirmation: where it is to go */
	bool known;              /* answered in an earlier round: an answer is nothing new */
	bool suspect;            /* refused for what we are, or turned away: ITEM_CHECK tells */
	unsigned drops;          /* connections that ended instead of an answer to it */
	unsigned connection;     /* which one brought its answer */
	struct case_result result;
	struct token_set tokens;
	bool has_tokens;
};

/* Where the connection stands. */
enum phase {
	PHASE_IDLE, PHASE_PAUSED, PHASE_CONNECTING, PHASE_BANNER, PHASE_HELLO, PHASE_STARTTLS,
	PHASE_HANDSHAKE, PHASE_RESOLVING, PHASE_PRELUDE, PHASE_READY, PHASE_BATCH, PHASE_MESSAGE,
	PHASE_INTENDING, PHASE_QUIT, PHASE_LATER, PHASE_DONE,
};

/* What one connection is for: a profile of the catalogue, from our first address or the
 * second. */
struct profile {
	enum relay_session session;
	bool second;
};

/* One connection's state; zeroed for each. */
struct conn {
	struct smtp_client *client;
	struct profile profile;
	bool tls, used_helo, heard, greeted;
	bool no_rset;            /* RSET was refused: one transaction a connection */
	bool spoiled;            /* …in this batch: what followed means nothing */
	bool farewell;           /* 421 was said: that it hangs up then is no refusal */
	bool closing;            /* by us: after a farewell, or where no SMTP is spoken */
	bool hello_again;        /* EHLO after XCLIENT */
	bool kept_out;           /* greeting or HELO turned us away */
	unsigned transactions, refusals, finished, answered;
	size_t batch[64], batch_n;
	bool lockstep;
	size_t current;          /* item of the message phase */
	bool body_out;
};

struct session {
	struct session_setup setup;
	struct arena arena;
	struct item *items;          /* grows: no pointer to one outlives plan_add_item() */
	size_t item_count, item_room;
	enum phase phase;
	struct conn conn;
	bool start_tls;              /* an action owed */

	/* What is known of the host. */
	bool reached, named, resolve_tried;
	bool took_part;              /* greeting and HELO 2xx, on a plain connection */
	bool no_smtp;                /* what it said was none */
	const char *host_name, *mail_domain;     /* "" until known */
	char literal[IP_TEXT_MAX + 8], collector[IP_TEXT_MAX], collector_literal[IP_TEXT_MAX + 8];
	bool ehlo_seen, prefers_helo, plain_dead;
	bool login_offered;          /* AUTH, or STARTTLS before it */
	bool no_pipelining;          /* it lost replies when pipelined */
	unsigned refusals_limit;
	bool swapped;                /* domain2 is the destination: it is an MX of the first */
	bool catch_all;
	bool second_taken;           /* our second address was not refused */
	const char *shut_out;        /* the last words of a host that let us in before; NULL */

	/* Bounds. */
	unsigned barren;             /* connections in a row, up to now, that settled no form */
	unsigned mute;               /* …on which no command of a form was answered */
	unsigned knocks;             /* …that were not let in, though one was before */
	unsigned timeouts, connections, accepted;
	unsigned unanswered;         /* bodies that left and whose fate is not known: no answer, or
	                                one that puts off what is never sent again */
	unsigned replies;
	unsigned settled;            /* forms that this round was the first to decide */
	bool stopped;                /* nothing more is said: for good, … */
	bool round_over;             /* … or for now */
	bool unfinished;
	const char *stop_reason;
	const char *last_end;        /* how the last connection ended; static, or NULL */
	bool resolving;
	int64_t pause_ms;            /* wanted; 0: none */

	/* Refusals that were understood: most servers say the same to every form. */
	struct {
		int code;
		char enhanced[12], text[HEARD_TEXT_MAX];
		enum refusal refusal;
	} heard[HEARD_MAX];
	unsigned heard_n;

	int64_t *returns_seen;       /* ids: each return counts once */
	size_t returns_n, returns_room;

	const char *deaf;            /* why nothing could have come back, or NULL */
	int64_t started_ms, now_ms;
	struct buf transcript, scratch;
	struct case_result *results;
};

/* ---- session-plan.c ---- */
struct item *plan_add_item(struct session *s, const struct relay_case *form, enum item_kind kind);
void plan_make(struct session *s);
/* The extensions are known: skips what the server does not offer, adds the STARTTLS round. */
void plan_extensions(struct session *s, unsigned extensions);
/* The host's name is known, or known not to be had: skips what reads the same. */
void plan_names(struct session *s);
void plan_settle_twins(struct session *s);
struct profile plan_profile(const struct item *it);
/* The item's connection is one like the open one. */
bool plan_is_here(const struct session *s, const struct item *it);
/* The open connection claims to come from elsewhere, or to be a user's. */
bool plan_claims_client(const struct session *s);
void plan_skip(struct item *it, const char *why);
/* A form that a retest is about. */
bool plan_is_first(const struct session *s, const struct item *it);
/* Index of the next item that can be asked, on the open connection or on any; ITEMS_MAX for
 * none. */
size_t plan_next_todo(const struct session *s, bool here);
/* The same for the next connection: of any profile that can still be had. */
size_t plan_next_open(const struct session *s);
size_t plan_next_message(struct session *s);
/* What came back is yet to be confirmed, in a later round. */
bool plan_confirmation_put_off(const struct session *s);
/* Suspect answers wait for it; nothing else is left to ask. True: one was added. */
bool plan_check(struct session *s);
/* Renders "MAIL FROM:…" and "RCPT TO:…", valid until the next call; false: the item was
 * skipped. */
bool plan_commands(struct session *s, struct item *it, const char **mail, const char **rcpt);
const char *plan_destination(const struct session *s, const struct item *it);
const char *plan_sender_domain(const struct session *s, const struct item *it);

/* ---- session-hello.c ---- */
void hello_start(struct session *s);
void hello_banner(struct session *s, const struct smtp_reply *r);
void hello_reply(struct session *s, const struct smtp_reply *r);
void hello_starttls(struct session *s, const struct smtp_reply *r);
void hello_prelude(struct session *s, enum smtp_verb verb, const struct smtp_reply *r);
/* STARTTLS is offered and does not work now. */
void hello_without_tls(struct session *s, enum case_stage stage, const struct smtp_reply *reply);

/* ---- session-talk.c ---- */
void talk_command(struct session *s, enum smtp_verb verb, uint32_t tag, const char *line);
/* Starts what comes next on a connection that is ready; false: nothing, say QUIT. */
bool talk_next(struct session *s);
void talk_reply(struct session *s, const struct smtp_client_event *ev);
void talk_body(struct session *s);
/* The reply is this item's answer. */
void talk_finish(struct session *s, struct item *it, enum case_stage stage,
                 const struct smtp_reply *reply);
/* …and of all that is left of this connection's profile. */
void talk_finish_profile(struct session *s, enum case_stage stage,
                         const struct smtp_reply *reply);

/* ---- session-end.c ---- */
/* What the server says is no SMTP, or has no end: the connection is to be closed. */
void end_broken(struct session *s);
/* The connection ended while items had no answer. */
void end_dropped(struct session *s, enum stream_end why);
/* Too many such connections in a row. */
void end_give_up(struct session *s, enum stream_end why);
/* A host that let us in before does not now: we knock again, or come back later. */
void end_shut_out(struct session *s, const char *words);

/* ---- session-judge.c ---- */
/* The policy of the host was seen to refuse the plain form. Pure. */
bool judge_plain_shut(const struct session *s);
/* The answer was that TLS comes first. */
bool judge_demands_tls(const struct case_result *r);
/* Why a test is not decided, in words; "" if it is. In the arena. */
const char *judge_reason(struct session *s, enum verdict verdict);

/* ---- session-note.c ---- */
void note_add(struct session *s, const char *prefix, struct str text);

#endif
