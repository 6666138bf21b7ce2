/* SPDX-License-Identifier: ISC
 *
 * The relay policy: who may send what to whom. One pure function over a handful of facts, and the
 * only place that decides; whatever it is not sure of, it refuses. No fact is an address or a
 * text: facts.h makes them, so that all of their combinations can be gone through (they are, in
 * tests/gateway/test-policy.c).
 *
 * Three rules, of which all else follows:
 *  - a stranger's mail goes to a mailbox of ours or nowhere;
 *  - who may send elsewhere is an account, and sends as itself;
 *  - an address by itself makes nobody an account: a host is one only by its name in the
 *    configuration (trust.h), and loopback is a stranger.
 */
#ifndef PORTREEVE_GATEWAY_POLICY_H
#define PORTREEVE_GATEWAY_POLICY_H

#include <stdbool.h>

enum gateway_listener {
	GATEWAY_INBOUND,              /* port 25 */
	GATEWAY_SUBMISSION,           /* port 587 (RFC 6409 4.3), 465 (RFC 8314 3.3) */
	GATEWAY_LOCAL,                /* the unix socket of `portreeve sendmail` */
};

/* By what the client is known to be an account of ours. */
enum gateway_account {
	GATEWAY_NOBODY,
	GATEWAY_BY_LOGIN,
	GATEWAY_BY_HOST,              /* a single host that the configuration names */
	GATEWAY_BY_UID,               /* the kernel's word for who is at the socket */
	GATEWAY_UNSURE,               /* there was no answer: it is tried again later */
};

enum gateway_sender {
	GATEWAY_SENDER_NULL,          /* <> */
	GATEWAY_SENDER_OWNED,         /* an address of that account */
	GATEWAY_SENDER_OTHER,         /* any other address */
	GATEWAY_SENDER_UNSURE,        /* whose it is could not be found out */
	GATEWAY_SENDER_CLAIMED,       /* a stranger's, at a domain of ours, and that is refused */
};

enum gateway_recipient {
	GATEWAY_RECIPIENT_NONE,       /* MAIL: there is none yet */
	GATEWAY_RECIPIENT_POSTMASTER, /* <postmaster> without a domain */
	GATEWAY_RECIPIENT_MAILBOX,    /* a plain address of a domain of ours, that has a mailbox */
	GATEWAY_RECIPIENT_UNKNOWN,    /* … that has none */
	GATEWAY_RECIPIENT_UNSURE,     /* … of which nobody could be asked */
	GATEWAY_RECIPIENT_ODD,        /* at a domain of ours, but not plain */
	GATEWAY_RECIPIENT_ELSEWHERE,  /* at any other domain name, plain or odd */
	GATEWAY_RECIPIENT_ROUTED,     /* a route, a literal or nothing: no server's mailbox */
};

/* What the blocklists say of the client. */
enum gateway_listed { GATEWAY_UNLISTED, GATEWAY_LISTED };

struct gateway_facts {
	enum gateway_listener listener;
	bool tls;
	enum gateway_account account;
	enum gateway_sender sender;
	enum gateway_recipient recipient;
	bool is_role;                 /* the recipient is postmaster or abuse */
	enum gateway_listed listed;
};

enum gateway_answer {
	GATEWAY_REFUSE,               /* zero: what nobody thought of is refused */
	GATEWAY_ACCEPT_LOCAL,         /* to a mailbox of ours */
	GATEWAY_ACCEPT_SUBMISSION,    /* an account's mail, to anywhere */
	GATEWAY_ACCEPT_SENDER,        /* MAIL: who it goes to is asked next */
};

struct gateway_decision {
	enum gateway_answer answer;
	int code;                     /* 4xx or 5xx; 0 where it is accepted */
	const char *enhanced, *text;  /* static; NULL where it is accepted */
	bool for_listed;              /* the reply is the operator's text about the list */
};

struct gateway_decision gateway_policy(const struct gateway_facts *facts);

#endif
