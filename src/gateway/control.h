/* SPDX-License-Identifier: ISC
 *
 * The control socket: what `portreeve queue` and `portreeve top` ask of the role that runs. A
 * request is a line of JSON, its answer some lines of JSON, of which the last one has "end" or
 * "error":
 *
 *	{"do":"list","after":0}       a line for each message, then {"end":true,"next":812};
 *	                              without "next" there is no more
 *	{"do":"show","id":"0CKZ…"}    the message with all its recipients, {"end":true}
 *	{"do":"text","id":"…","at":0} a piece, a character for a byte: {"text":"…"}, then
 *	                              {"end":true,"next":1048576}
 *	{"do":"headers","id":"…"}     {"text":"…"}, {"end":true}
 *	{"do":"hold","id":"…"}        release, flush, drop, too: {"end":true,"done":1,"busy":0}
 *	{"do":"drop","account":"bob"} of all that the filters name, {"do":"flush","all":true} of
 *	                              all there are: as hold, and "next" as of a list
 *	{"do":"state"}                the queue's numbers, and what the role adds; {"end":true}
 *
 * Filters, of which all must hold: "sender", "recipient", "domain" (of a recipient), "account",
 * "held" (true, false). What one request costs has a bound; who asks goes on from "next".
 *
 * Who may connect: the socket's mode says it, and the kernel's word for the peer's user: root and
 * the role's own. Hostile input: the texts of messages and of foreign replies, which go out in JSON
 * texts that have no control characters but line ends; and any bytes of who may connect.
 */
#ifndef PORTREEVE_GATEWAY_CONTROL_H
#define PORTREEVE_GATEWAY_CONTROL_H

#include "base/json.h"
#include "gateway/queue.h"

enum {
	GATEWAY_CONTROL_LINE_MAX = 8192,         /* of a request */
	GATEWAY_CONTROL_PAGE = 100,              /* messages of one answer */
	GATEWAY_CONTROL_TEXT = 1 << 20,          /* bytes of a message's text in one answer */
};

struct gateway_control_setup {
	struct loop *loop;
	struct gateway_queue *queue;
	int fd;                       /* listening, of AF_UNIX, non-blocking; the caller's */
	/* Adds members to the object that answers "state"; NULL: nothing. */
	void (*state)(void *arg, struct json *j);
	void *arg;
};

/* Appends the answer to one request, without its line end, to *out. Uses of the setup only queue,
 * state and arg; reads from the queue's disk. */
void gateway_control_answer(const struct gateway_control_setup *setup, struct str request,
                            struct buf *out);

struct gateway_control;
/* NULL: the system gives nothing to listen with. */
struct gateway_control *gateway_control_create(const struct gateway_control_setup *setup);
/* Before the queue is closed. NULL is fine. */
void gateway_control_destroy(struct gateway_control *c);

#endif
