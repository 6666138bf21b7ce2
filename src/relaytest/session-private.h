/* SPDX-License-Identifier: ISC
 *
 * The insides of a test session, shared by its files. Read session.c first: its table is the
 * course of a test. The files, from the top down; none calls one above it:
 *
 *   session.c           the table, and the events that it is asked about
 *   session-return.c    what came back, and its confirmation
 *   session-outcome.c   results and verdict
 *   session-course.c    between connections: what the next one is for
 *   session-hello.c     greeting, HELO, TLS and what a profile asks for before envelopes
 *   session-end.c       the connection ended, or was not let in
 *   session-message.c   one message
 *   session-envelope.c  envelopes, form after form
 *   session-answer.c    what an answer means for its form
 *   session-round.c     the end of a round and of the test
 *   session-order.c     which envelope or message comes next
 *   session-wording.c   how a form reads on the wire
 *   session-judge.c     what the plain form and the controls show; the reason in words
 *   session-plan.c      which forms there are
 *   session-note.c      what is said, and the transcript of it
 */
#ifndef PORTREEVE_RELAYTEST_SESSION_PRIVATE_H
#define PORTREEVE_RELAYTEST_SESSION_PRIVATE_H

#include "relaytest/session-state-private.h"

/* ---- session-note.c ---- */
void note_add(struct session *s, const char *prefix, struct str text);
/* Says a line to the server, and notes it. */
void note_say(struct session *s, enum smtp_verb verb, uint32_t tag, const char *line);

/* ---- session-plan.c ---- */
struct item *plan_add_item(struct session *s, const struct relay_case *form, enum item_kind kind);
void plan_make(struct session *s);
/* The extensions are known: skips what the server does not offer, adds the STARTTLS round. */
void plan_extensions(struct session *s, unsigned extensions);
/* The host's name is known, or known not to be had: skips what reads the same. */
void plan_names(struct session *s);
void plan_settle_twins(struct session *s);
struct profile plan_profile(const struct item *it);
/* The item's connection is one like this. */
bool plan_fits(const struct item *it, const struct profile *profile);
/* …like the open one. */
bool plan_is_here(const struct session *s, const struct item *it);
/* The open connection claims to come from elsewhere, or to be a user's. */
bool plan_claims_client(const struct session *s);
void plan_skip(struct item *it, const char *why);
/* A form that a retest is about. */
bool plan_is_first(const struct session *s, const struct item *it);

/* ---- session-judge.c ---- */
/* The policy of the host was seen to refuse the plain form. Pure. */
bool judge_plain_shut(const struct session *s);
/* The answer was that TLS comes first. */
bool judge_demands_tls(const struct case_result *r);
/* Why a test is not decided, in words; "" if it is. In the arena. */
enum test_cause judge_cause(const struct session *s, enum verdict verdict);
const char *judge_reason(struct session *s, enum verdict verdict);

/* ---- session-wording.c ---- */
/* Renders "MAIL FROM:…" and "RCPT TO:…", valid until the next call; false: the item was
 * skipped. */
bool wording_commands(struct session *s, struct item *it, const char **mail, const char **rcpt);
const char *wording_destination(const struct session *s, const struct item *it);
const char *wording_sender_domain(const struct session *s, const struct item *it);

/* ---- session-order.c ---- */
/* A confirmed message came back: the host is open, and no more is asked unless all is. */
bool order_proved_enough(const struct session *s);
/* Index of the next envelope that can be asked on the open connection; ITEMS_MAX for none. */
size_t order_next_here(const struct session *s);
/* The same for the next connection: of any profile that can still be had. */
size_t order_next_open(const struct session *s);
/* …and of the next item that gets a message. */
size_t order_next_message(const struct session *s);
/* What came back is yet to be confirmed, in a later round. */
bool order_confirmation_put_off(const struct session *s);
/* Suspect answers wait for it; nothing else is left to ask. True: one was added. */
bool order_check(struct session *s);

/* ---- session-round.c ---- */
/* No more connections in this round: another one, or the end. */
void round_end(struct session *s, struct session_action *action);

/* ---- session-answer.c ---- */
/* The reply is this item's answer. */
void answer_finish(struct session *s, struct item *it, enum case_stage stage,
                   const struct smtp_reply *reply);
/* …and of all that is left of this connection's profile. */
void answer_profile(struct session *s, enum case_stage stage, const struct smtp_reply *reply);
/* The recipient was taken; a form's message may follow. */
void answer_taken(struct session *s, struct item *it, const struct smtp_reply *reply);
/* The recipient of a message is answered, but that is not the last word. */
void answer_recipient(struct session *s, struct item *it, const struct smtp_reply *reply);

/* ---- session-end.c ---- */
/* Notes how the connection ends; what that means to the phase that it ended in: */
void end_note(struct session *s, enum stream_end why);
void end_before_greeting(struct session *s, enum stream_end why);
void end_at_hello(struct session *s, enum stream_end why);
void end_at_tls(struct session *s, enum stream_end why);
void end_at_prelude(struct session *s, enum stream_end why);
void end_of_batch(struct session *s, enum stream_end why);
void end_of_message(struct session *s, enum stream_end why);
/* What the server says is no SMTP, or has no end: the connection is to be closed. */
/* Says QUIT and waits for its answer; closes at once where it may not be said. */
void end_leave(struct session *s);
void end_broken(struct session *s);
/* Too many such connections in a row. */
void end_give_up(struct session *s, enum stream_end why);
/* A host that let us in before does not now: we knock again, or come back later. */
void end_shut_out(struct session *s, const char *words);
/* STARTTLS is offered and does not work now. */
void end_without_tls(struct session *s, enum case_stage stage, const struct smtp_reply *reply);

/* ---- session-envelope.c ---- */
/* Says the next envelopes; false: there is none for this connection. */
bool envelope_start(struct session *s);
void envelope_reply(struct session *s, const struct smtp_client_event *ev);
/* One command at a time, each after the reply to the one before. */
bool envelope_lockstep(const struct session *s);
/* Where one command is said at a time: what follows MAIL, or the recipient before the form's. */
void envelope_say_recipient(struct session *s, size_t index, enum part after);
/* 421 is not an answer to the form but the end of the connection: the form is tried again, unless
 * it was the first thing said. */
bool envelope_is_goodbye(struct session *s, const struct smtp_reply *r);

/* ---- session-message.c ---- */
/* Begins the next message; false: there is none for this connection. */
bool message_start(struct session *s);
void message_reply(struct session *s, const struct smtp_client_event *ev);
/* The shell writes it down, and says whether it could. */
bool message_intend(struct session *s, struct session_action *action);
void message_body_reply(struct session *s, const struct smtp_client_event *ev);

/* ---- session-hello.c ---- */
void hello_start(struct session *s);
void hello_banner(struct session *s, const struct smtp_client_event *ev);
void hello_reply(struct session *s, const struct smtp_client_event *ev);
void hello_starttls(struct session *s, const struct smtp_client_event *ev);
bool hello_start_tls(struct session *s, struct session_action *action);
void hello_prelude(struct session *s, const struct smtp_client_event *ev);

/* ---- session-course.c ---- */
/* The next connection, a pause before it, or the end of the round. */
bool course_idle(struct session *s, struct session_action *action);
/* What comes next on a connection that is ready. */
bool course_ready(struct session *s, struct session_action *action);
/* The connection is gone, by us or by them. */
void course_over(struct session *s, enum stream_end why);
/* QUIT is answered. */
void course_quit(struct session *s, const struct smtp_client_event *ev);

#endif
