/* SPDX-License-Identifier: ISC
 *
 * The state of a test session, as types: what is asked (items), where the test stands (phases),
 * and what is known of the connection and the host.
 */
#ifndef PORTREEVE_RELAYTEST_SESSION_STATE_PRIVATE_H
#define PORTREEVE_RELAYTEST_SESSION_STATE_PRIVATE_H

#include "catalogue/catalogue.h"
#include "relaytest/session.h"
#include "smtp/login.h"
#include "smtp/policy.h"

#include <assert.h>

enum {
	ITEMS_MAX = 192, TIMEOUTS_MAX = 3, CONNECTIONS_MAX = 200, BATCH_MAX = 64,
	DROPS_MAX = 2,           /* connections lost over one form: then that is its answer */
	BARREN_MAX = 3,          /* connections in a row that settled no form: it is given up */
	MUTE_MAX = 24,           /* …that answered none, if only to drop it: the same */
	KNOCKS_MAX = 3,          /* pauses before a host that shuts us out is left for later */
	ROUNDS_MAX = 48, FRUITLESS_MAX = 3,
	TRANSCRIPT_MAX = 256 * 1024, QUIT_TIMEOUT_MS = 5000,
	HEARD_MAX = 4, HEARD_TEXT_MAX = 96,
};

/* ---- items: what is asked ---------------------------------------------------------- */

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
	bool has_tokens;
	unsigned drops;          /* connections that ended instead of an answer to it */
	unsigned connection;     /* which one brought its answer */
	struct case_result result;
	struct token_set tokens;
};

/* ---- phases: where the test stands --------------------------------------------------- */

enum phase {
	PHASE_IDLE,              /* no connection; what next? */
	PHASE_PAUSED,            /* …nothing for a while */
	PHASE_LATER,             /* …nothing in this round */
	PHASE_DONE,              /* …nothing at all */
	PHASE_CONNECTING,
	PHASE_BANNER,
	PHASE_HELLO,             /* EHLO, HELO or LHLO is out */
	PHASE_STARTTLS,          /* STARTTLS is out */
	PHASE_TLS_DUE,           /* …and was granted: the shell is to be told */
	PHASE_HANDSHAKE,
	PHASE_PRELUDE,           /* XCLIENT or AUTH is out */
	PHASE_READY,             /* let in, nothing is out; what next? */
	PHASE_RESOLVING,         /* the host's name for itself is looked up */
	PHASE_BATCH,             /* envelopes are out, or the RSET behind a message */
	PHASE_MESSAGE,           /* a message's envelope or its DATA is out */
	PHASE_INTENT_DUE,        /* …and was granted: the shell is to write it down first */
	PHASE_INTENDING,
	PHASE_BODY,              /* the body is out */
	PHASE_QUIT,
	PHASE_COUNT
};

enum awaited {
	AWAITS_NOTHING,          /* session_next() acts */
	AWAITS_TIME,             /* session_resume(); a return is sooner */
	AWAITS_RETURN,           /* session_returned(), or the end */
	AWAITS_CONNECTION,       /* session_connected() */
	AWAITS_REPLY,            /* session_received() */
	AWAITS_HANDSHAKE,        /* session_secured() */
	AWAITS_NAME,             /* session_resolved() */
	AWAITS_INTENT,           /* session_intended() */
};

/* A row of the table in session.c. */
struct phase_row {
	enum awaited awaited;
	/* Where nothing is awaited. True: the action is to be carried out. */
	bool (*step)(struct session *s, struct session_action *action);
	/* Where a reply is. */
	void (*reply)(struct session *s, const struct smtp_client_event *ev);
	/* The connection ends in this phase; NULL: nobody loses an answer by that. */
	void (*dropped)(struct session *s, enum stream_end why);
	unsigned next;           /* bits of the phases that may follow */
};

/* ---- the connection and the host ------------------------------------------------------ */

/* What one connection is for: a profile of the catalogue, from our first address or the
 * second. */
struct profile {
	enum relay_session session;
	bool second;
};

enum rset {
	RSET_WORKS,
	RSET_SPOILED,            /* refused in this batch: what followed means nothing */
	RSET_REFUSED,            /* before: one transaction per connection */
};

/* One connection's state; zeroed for each. */
struct conn {
	struct smtp_client *client;
	struct profile profile;
	enum rset rset;
	bool tls, used_helo;
	bool leaving;            /* we close: QUIT is answered, or cannot be said or waited for */
	bool kept_out;           /* greeting or HELO turned us away */
	bool greeted;            /* it let us in */
	bool farewell;           /* 421 was said: that it hangs up then is no refusal */
	unsigned transactions, refusals, finished, answered;
	size_t batch[BATCH_MAX], batch_n;
	size_t current;          /* item of the message phases */
	struct smtp_login login; /* of the AUTH exchange */
};

/* How far the host has come to meet us; it only rises. */
enum standing {
	HOST_UNSEEN,
	HOST_REACHED,            /* something greets, or turns us away */
	HOST_NO_SMTP,            /* what it said was none */
	HOST_TOOK_PART,          /* greeting and HELO 2xx, on a plain connection */
};

/* Its name for itself is looked up once, before it is used. */
enum naming { NAME_UNKNOWN, NAME_ASKED, NAME_SETTLED };

/* What is known of the host: facts that a later connection builds on. */
struct host {
	enum standing standing;
	enum naming naming;
	const char *name, *mail_domain;      /* "" until known */
	const char *shut_out;        /* the last words of a host that let us in before; NULL */
	bool extensions_known;
	bool prefers_helo;           /* it gave no whole answer to EHLO */
	bool plain_dead;             /* it is silent: it may wait for a PROXY header */
	bool login_offered;          /* AUTH, or STARTTLS before it */
	bool no_pipelining;          /* it lost replies when pipelined */
	bool catch_all;
	bool second_taken;           /* our second address was not refused */
};

enum { HALT_ROUND = 1u << 0, HALT_TEST = 1u << 1 };

struct session {
	const struct phase_row *course;      /* the table, a row per phase */
	enum phase phase;                    /* phase_enter() alone changes it */
	struct session_setup setup;
	struct arena arena;
	struct item *items;          /* grows: no pointer to one outlives plan_add_item() */
	size_t item_count, item_room;
	struct conn conn;
	struct host host;
	char literal[IP_TEXT_MAX + 8], collector[IP_TEXT_MAX], collector_literal[IP_TEXT_MAX + 8];
	bool swapped;                /* domain2 is the destination: it is an MX of the first */
	unsigned refusals_limit;     /* per connection */

	/* Bounds. */
	unsigned barren;             /* connections in a row, up to now, that settled no form */
	unsigned mute;               /* …on which no command of a form was answered */
	unsigned knocks;             /* …that were not let in, though one was before */
	unsigned timeouts, connections, accepted;
	unsigned unanswered;         /* bodies that left and whose fate is not known: no answer, or
	                                one that puts off what is never sent again */
	unsigned replies;
	unsigned settled;            /* forms that this round was the first to decide */
	unsigned halted;             /* bits HALT_: nothing more is said in this round, or at all */
	bool unfinished;
	const char *stop_reason;
	const char *last_end;        /* how the last connection ended; static, or NULL */
	enum test_cause last_cause;  /* the same for programs */
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

static inline void phase_enter(struct session *s, enum phase phase)
{
	assert(s->course[s->phase].next & 1u << phase);
	s->phase = phase;
}

static inline bool phase_awaits(const struct session *s, enum awaited awaited)
{
	return s->course[s->phase].awaited == awaited;
}

static inline void host_seen(struct session *s, enum standing standing)
{
	if (s->host.standing < standing)
		s->host.standing = standing;
}

static inline bool host_took_part(const struct session *s)
{
	return s->host.standing == HOST_TOOK_PART;
}

/* A tag given to the client engine names item and command. */
enum part { PART_MAIL, PART_RCPT, PART_RSET, PART_DATA, PART_BODY, PART_EXTRA, PART_COUNT };

static inline uint32_t part_tag(size_t index, enum part part)
{
	return (uint32_t)(index * PART_COUNT + part);
}

#endif
