/* SPDX-License-Identifier: ISC
 *
 * The insides of a test session, shared by session.c (connections and actions),
 * session-plan.c (forms: which, in what order, how they read) and session-talk.c (what
 * is said on a connection and what the replies mean).
 */
#ifndef PORTREEVE_RELAYTEST_SESSION_PRIVATE_H
#define PORTREEVE_RELAYTEST_SESSION_PRIVATE_H

#include "catalogue/catalogue.h"
#include "relaytest/session.h"
#include "smtp/client.h"

enum {
	ITEMS_MAX = 160, TIMEOUTS_MAX = 3, CONNECTIONS_MAX = 200,
	DROPS_MAX = 2,           /* connections lost over one form: then that is its answer */
	BARREN_MAX = 3,          /* connections in a row that settled no form: it is given up */
	MUTE_MAX = 24,           /* …that answered none, if only to drop it: the same */
	TRANSCRIPT_MAX = 256 * 1024, QUIT_TIMEOUT_MS = 5000,
};

enum item_state {
	ITEM_TODO,           /* the envelope is to be tried */
	ITEM_SENT,           /* its commands are out */
	ITEM_CANDIDATE,      /* the recipient was taken: a message may follow */
	ITEM_DONE,
};

enum item_kind {
	ITEM_FORM,
	ITEM_POSTMASTER,         /* controls: <postmaster@host>, <postmaster>, … */
	ITEM_POSTMASTER_ALONE,
	ITEM_NOBODY,             /* …and a recipient that cannot exist */
};

struct item {
	const struct relay_case *form;
	enum item_kind kind;
	enum item_state state;
	bool starttls;           /* the form again under STARTTLS */
	bool messaged;           /* a body left, or may have */
	bool second;             /* …to domain2; of a confirmation: where it is to go */
	unsigned drops;          /* connections that ended instead of an answer to it */
	struct case_result result;
	struct token_set tokens;
	bool has_tokens;
};

/* Where the connection stands. */
enum phase {
	PHASE_IDLE, PHASE_PAUSED, PHASE_CONNECTING, PHASE_BANNER, PHASE_HELLO, PHASE_STARTTLS,
	PHASE_HANDSHAKE, PHASE_RESOLVING, PHASE_PRELUDE, PHASE_READY, PHASE_BATCH, PHASE_MESSAGE,
	PHASE_INTENDING, PHASE_QUIT, PHASE_DONE,
};

/* One connection's state; zeroed for each. */
struct conn {
	struct smtp_client *client;
	enum relay_session profile;
	bool tls, used_helo, heard, greeted;
	bool no_rset;            /* RSET was refused: one transaction a connection */
	bool spoiled;            /* …in this batch: what followed means nothing */
	bool farewell;           /* 421 was said: that it hangs up then is no refusal */
	bool closing;            /* by us: after a farewell, or where no SMTP is spoken */
	bool hello_again;        /* EHLO after XCLIENT */
	unsigned transactions, refusals, finished, answered;
	size_t batch[64], batch_n;
	bool lockstep;
	size_t current;          /* item of the message phase */
	bool body_out;
};

struct session {
	struct session_setup setup;
	struct arena arena;
	struct item *items;          /* grows: no pointer to one outlives add_item() */
	size_t item_count, item_room;
	enum phase phase;
	struct conn conn;
	bool start_tls;              /* an action owed */

	/* What is known of the host. */
	bool reached, named, resolve_tried;
	const char *host_name, *mail_domain;     /* "" until known */
	char literal[IP_TEXT_MAX + 8], collector[IP_TEXT_MAX], collector_literal[IP_TEXT_MAX + 8];
	bool ehlo_seen, prefers_helo, plain_dead;
	bool no_pipelining;          /* it lost replies when pipelined */
	unsigned refusals_limit;
	bool swapped;                /* domain2 is the destination: it is an MX of the first */
	bool catch_all, control_ok;

	/* Bounds. */
	unsigned barren;             /* connections in a row, up to now, that settled no form */
	unsigned mute;               /* …on which no command of a form was answered */
	unsigned timeouts, connections, accepted;
	unsigned unanswered;         /* bodies that left and whose fate is not known */
	unsigned replies;
	bool stopped, unfinished;
	bool pause_wanted, resolving;

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
enum relay_session plan_profile(const struct item *it);
void plan_skip(struct item *it, const char *why);
/* A form that a retest is about. */
bool plan_is_first(const struct session *s, const struct item *it);
/* Index of the next item of any or one profile; ITEMS_MAX for none. */
size_t plan_next_todo(const struct session *s, int profile);
/* The same for the next connection: of any profile that can still be had. */
size_t plan_next_open(const struct session *s);
size_t plan_next_message(struct session *s);
/* Renders "MAIL FROM:…" and "RCPT TO:…", valid until the next call; false: the item was
 * skipped. */
bool plan_commands(struct session *s, struct item *it, const char **mail, const char **rcpt);
const char *plan_destination(const struct session *s, const struct item *it);
const char *plan_sender_domain(const struct session *s, const struct item *it);

/* ---- session-talk.c ---- */
void talk_hello(struct session *s);
/* Starts what comes next on a connection that is ready; false: nothing, say QUIT. */
bool talk_next(struct session *s);
void talk_reply(struct session *s, const struct smtp_client_event *ev);
void talk_body(struct session *s);
/* What the server says is no SMTP, or has no end: the connection is to be closed. */
void talk_broken(struct session *s);
/* The connection ended while items had no answer. */
void talk_dropped(struct session *s, enum stream_end why);
/* No more connections of this profile: what is left of it has no answer. */
void talk_give_up(struct session *s, enum stream_end why);
void talk_note(struct session *s, const char *prefix, struct str text);

#endif
