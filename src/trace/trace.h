/* SPDX-License-Identifier: ISC
 *
 * Where did this message come from? Three graded answers: the handover (the host
 * that gave the message to our border: sure), the believed origin (the deepest
 * address over links that hold) and what is claimed only (never accused). Pure: no
 * clock, no DNS, no file; the same message and border give the same answer.
 *
 * Called by the trace command and by whoever judges a message. Trusts only the
 * lines that our own hosts wrote; every other byte is the sender's to choose. Works
 * in linear time and within the limits below, which set `truncated`.
 */
#ifndef PORTREEVE_TRACE_TRACE_H
#define PORTREEVE_TRACE_TRACE_H

#include "mail/received.h"

enum {
	TRACE_HOPS_MAX = 250,        /* Received lines looked at, from the top */
	TRACE_CLAIMED_MAX = 64,
	TRACE_ODD_MAX = 16,
	TRACE_WHY_MAX = 6,
	TRACE_CLIENTS_MAX = 4,
	TRACE_RESULTS_MAX = 16,
};

/* What the user says about his own side. Globs: "*.example.org". */
struct trace_border {
	const struct str *own_hosts;
	const struct prefix *own_nets;
	const struct str *border_hosts;   /* the MX hosts; empty: any own host */
	size_t own_host_count, own_net_count, border_host_count;
};

enum trace_zone {
	TRACE_OWN,               /* written by us, about us */
	TRACE_HANDOVER,          /* written by our border: names the handover */
	TRACE_LINKED,            /* its writer is the peer that the line above saw */
	TRACE_WEAK,              /* … by HELO alone, or below such a line */
	TRACE_UNLINKED,          /* cannot be tied to the peer; often innocent */
	TRACE_FORGED,            /* positive evidence */
};

enum trace_chain {
	TRACE_CHAIN_NONE,        /* nothing stands below the handover */
	TRACE_CHAIN_LINKED,
	TRACE_CHAIN_WEAK,
	TRACE_CHAIN_UNLINKED,
	TRACE_CHAIN_FORGED,
	TRACE_CHAIN_NO_HANDOVER,
};

/* A reason: a code, and the parts of the message that its text names. Texts are
 * made on output, so that a trace costs no formatting. */
struct trace_why {
	uint8_t reason;          /* enum trace_reason in trace/why.h */
	struct str a, b;
};

struct trace_whys {
	struct trace_why v[TRACE_WHY_MAX];
	unsigned n;
};

struct trace_hop {
	struct received line;
	struct str raw;          /* the field with its name */
	size_t offset;           /* of raw in the message */
	enum trace_zone zone;
	bool note;               /* a local program's, on the message of the line below: no hop */
	struct trace_whys why;
};

enum trace_result { TRACE_RESULT_NONE, TRACE_RESULT_PASS, TRACE_RESULT_FAIL, TRACE_RESULT_OTHER };

/* What our border's Authentication-Results say, and of whom. */
struct trace_auth {
	enum trace_result spf, helo, dkim, dmarc;    /* spf of MAIL FROM, helo that of HELO */
	struct str spf_domain, helo_domain, dkim_domain, dmarc_domain;
};

enum trace_return { TRACE_RETURN_UNKNOWN, TRACE_RETURN_FORGED, TRACE_RETURN_PLAUSIBLE,
                    TRACE_RETURN_PROVED };

struct trace_return_path {
	struct str address;      /* Return-Path */
	struct str from, reply_to, message_id;
	struct trace_auth auth;
	enum trace_return verdict;
	struct trace_whys why;
};

/* A header that is no field, kept because it is evidence. */
struct trace_odd {
	struct str raw;
	size_t offset;
};

/* A header by which a provider names its customer's address. */
struct trace_client {
	struct str name, value;
};

/* Authentication-Results or Received-SPF, and how many Received lines stand above it. */
struct trace_result_field {
	struct str value;
	bool is_spf;
	size_t hops_above;
};

struct trace {
	struct trace_hop *hops;  /* newest first */
	size_t hop_count, hop_cap;
	size_t handover_hop;     /* valid if handover.family */
	struct ip handover, origin, relay;
	struct str origin_header;          /* the header that named the origin, or "" */
	struct ip claimed[TRACE_CLAIMED_MAX];
	size_t claimed_count;
	enum trace_chain chain;
	struct trace_whys why, relay_why;
	struct trace_return_path return_path;
	struct trace_odd odd[TRACE_ODD_MAX];
	size_t odd_count;
	struct trace_client client[TRACE_CLIENTS_MAX];
	size_t client_count;
	struct trace_result_field result[TRACE_RESULTS_MAX];
	size_t result_count;
	struct str list;         /* the header that marks a mailing list, or "" */
	struct str resent;       /* the header that marks mail sent on by hand, or "" */
	struct mail_date date;   /* the message's own, valid if has_date */
	bool has_date;
	bool truncated;
};

/* Zero-initialised is valid. Reuse one struct for many messages: it keeps its
 * memory. The answer points into `message`. */
void trace_message(struct trace *t, struct str message, const struct trace_border *border);
void trace_fini(struct trace *t);

const char *trace_zone_text(enum trace_zone zone);
const char *trace_chain_text(enum trace_chain chain);
const char *trace_return_text(enum trace_return verdict);
const char *trace_result_text(enum trace_result result);

#endif
