/* SPDX-License-Identifier: ISC
 *
 * What is asked of the mail server in the closed room: sessions, each of an asker at a port with a
 * few envelopes, and the place for what came of them. Pure; no more sessions than
 * AUDIT_QUESTIONS_MAX, whatever the configuration is.
 *
 *     audit_plan_controls ─► audit_plan_plain ─► audit_plan_forms
 *
 * First which mail for an own user the server takes at each port (the control, without which a
 * refusal says nothing), then the plain form from every kind of client at every port, clear and
 * under TLS, then all other forms, once for each set of clients whose plain answers are alike.
 *
 * Who uses it: closed/run.c, which asks; judge.c, which reads the answers.
 *
 * Hostile input that reaches it: the configuration, and replies of the server.
 */
#ifndef PORTREEVE_AUDIT_PLAN_H
#define PORTREEVE_AUDIT_PLAN_H

#include "audit/config.h"
#include "audit/kinds.h"
#include "catalogue/cause.h"
#include "mail/refusal.h"

enum audit_tls { AUDIT_CLEAR, AUDIT_STARTTLS, AUDIT_TLS_FIRST };

/* What a session shows beside its address. */
enum audit_claim {
	AUDIT_AS_ITSELF,
	AUDIT_CLAIM_XCLIENT, AUDIT_CLAIM_PROXY1, AUDIT_CLAIM_PROXY2,     /* to be 127.0.0.1 */
	AUDIT_CLAIM_PORT25,
	AUDIT_CLAIM_LOGIN,               /* the right name, a wrong password */
	AUDIT_CLAIM_CERTIFICATE,         /* that nobody here has signed, or a public authority */
};

enum audit_said {
	AUDIT_UNSAID,                    /* not asked, or no answer came */
	AUDIT_REFUSED,                   /* by the relay rule, or as no address of anybody */
	AUDIT_REFUSED_ELSE,              /* for another reason: it says nothing of relaying */
	AUDIT_TAKEN,
};

/* An envelope. */
struct audit_try {
	const char *form;                /* "E01" of the catalogue, or one of plan.c's own: "A01" */
	const char *mail, *rcpt;         /* with all that belongs to them: "<a@b.example>" */
	const char *first;               /* a recipient before that one; NULL: none */
	bool utf8;                       /* only where SMTPUTF8 is offered */
	/* At an own domain: that it is taken says nothing where this one is taken, too, which is
	 * to a mailbox there that nobody has. NULL: not at an own domain. */
	const struct audit_try *nobody;
	/* What came of it. */
	enum audit_said said;
	enum refusal refusal;            /* what a "no" was about */
	int code;                        /* of the last reply; 0: none */
	const char *text;                /* its text, unescaped; "" */
	/* By which line it was taken, as the server itself shows (closed/explain.h); NULL. */
	const struct audit_line *decided;
};

enum audit_end { AUDIT_NOT_ASKED, AUDIT_ASKED, AUDIT_NO_ANSWER };

struct audit_question {
	const struct audit_asker *asker;
	const struct audit_port *port;
	struct endpoint at;              /* the server's address to which the asker goes */
	enum audit_tls tls;
	enum audit_claim claim;
	struct ip from;                  /* the asker's, or one of `named` */
	const char *helo;
	const char *user;                /* of AUDIT_CLAIM_LOGIN */
	bool by_authority;               /* of AUDIT_CLAIM_CERTIFICATE: signed by a public one */
	const struct audit_try *control; /* mail for an own user; NULL: none was found */
	struct audit_try *tries;
	size_t try_n;
	/* What came of it. */
	enum audit_end end;
	const char *end_text;            /* "nobody listens" */
	bool tls_offered;                /* STARTTLS was */
	bool nobody;                     /* of AUDIT_NO_ANSWER: nobody listens there */
	bool late;                       /* of AUDIT_NO_ANSWER: it was not said in time, or could
	                                    not be asked from there: nothing was refused */
	bool no_tls;                     /* of AUDIT_NO_ANSWER: TLS could not be had */
	bool claim_taken;                /* the claim was offered and not refused */
	struct audit_try controlled;
};

/* A stranger whose reverse name is another than that of all, by the room's DNS. */
struct audit_named {
	struct ip ip;
	const char *name;                /* NULL: it has none */
	bool verified;                   /* the name leads back to the address */
	const char *form;                /* as which its plain mail is asked */
};

/* TLS that a port offers, and that nobody gets there, whoever asks. */
struct audit_tls_gone {
	const struct audit_port *port;   /* NULL: all */
	const char *why;                 /* a sentence */
	const struct audit_setting *setting;     /* whose line it is; NULL: none */
};

/* What a line of the configuration lets in that a stranger may say (AUDIT_BY_SENDER, _HELO, _RDNS,
 * _RECIPIENT), as plan-hints.c reads it. */
struct audit_hint {
	unsigned by;
	const char *value;               /* an address or a name */
	const char *domain;              /* of it */
};

enum {
	AUDIT_NAMED_MAX = 12, AUDIT_HINTS_MAX = 24,
	AUDIT_QUESTIONS_MAX = 4000, AUDIT_TRIES_MAX = 6 /* of one session: error limits */,
	AUDIT_PORTS_MAX = 32,            /* of the reading; those behind are not asked */
};

/* What the questions are made of; all of it outlives them. */
struct audit_ground {
	const struct facts *facts;
	struct audit_config *config;
	const struct audit_asker *askers;
	size_t asker_n;
	const char *machine_name;        /* as the kernel has it */
	const char *host_name, *domain;  /* of the server; an own mail domain */
	const char *user;                /* a real one of the machine; NULL: none is known */
	const char *const *controls;     /* templates of plan_render(), the likeliest first */
	/* Domains of the room's DNS: two that are nobody's here, one whose MX is this server. */
	const char *foreign, *other, *mx_here;
};

struct audit_plan {
	const struct audit_ground *ground;
	struct arena *arena;
	struct audit_question *questions;
	size_t n;
	struct audit_unread *left_out;   /* what is not asked, and why */
	size_t left_out_n;
	/* What is not asked as there is too much of it; NULL: nothing. "Closed" cannot be said. */
	const struct audit_unread *cut;
	bool clients_left, forms_left;   /* there was no room for all of them */
	const struct audit_try *control[AUDIT_PORTS_MAX];    /* by port of the reading; or NULL */
	bool secured[AUDIT_PORTS_MAX];   /* mail is taken under STARTTLS alone */
	bool authority;                  /* the asker has a certificate as of a public authority */
	struct audit_named named[AUDIT_NAMED_MAX];   /* from the beginning on */
	size_t named_n;
	const char *says, *says_tls;     /* a line of the server's log, and one about TLS; NULL */
	struct audit_tls_gone tls_gone[AUDIT_PORTS_MAX + 1];
	size_t tls_gone_n;
	struct audit_hint hints[AUDIT_HINTS_MAX];    /* from the beginning on */
	size_t hint_n;
};

/* Chooses the addresses of `named`, and finds `hints`. */
void audit_plan_init(struct audit_plan *plan, const struct audit_ground *ground, struct arena *a);
/* Each appends questions, from `plan->n` before to `plan->n` after; to be asked before the next is
 * called. False: there was no room for all of them. */
bool audit_plan_controls(struct audit_plan *plan);
bool audit_plan_plain(struct audit_plan *plan);
bool audit_plan_forms(struct audit_plan *plan);

/* What could not be asked: once each, in the plan's arena. */
void audit_plan_leave_out(struct audit_plan *plan, const char *what, const char *why);

/* The same of what may be a relay: nothing says that it is closed. */
void audit_plan_cut(struct audit_plan *plan, const char *what, const char *why);

/* A reply as the asker heard it: code 0 for none. */
struct audit_heard {
	int code;
	const char *enhanced, *text;
};
/* Fills in what came of a try; where mail was refused, rcpt has code 0. In the plan's arena. */
void audit_answer(struct audit_plan *plan, const struct audit_question *question,
                  struct audit_try *try_, const struct audit_heard *mail,
                  const struct audit_heard *rcpt);

/* The name of a form for people: that of the catalogue, or what is asked beyond it. */
const char *audit_form_title(const char *form);
/* What a client shows that comes with that form, as rules see it: AUDIT_BY_… */
unsigned audit_form_shows(const char *form);
/* The form of the catalogue that it is, or is alike to; NULL: none. */
const struct relay_case *audit_form_case(const char *form);

#endif
