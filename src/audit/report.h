/* SPDX-License-Identifier: ISC
 *
 * What an audit found: who may relay, and why; and how it is said to people and to programs. Pure.
 *
 *     answers of the server (plan.h) ┐
 *     its configuration (config.h)   ├─► audit_judge ─► audit_findings ─► JSON, a page
 *     the network (facts.h, arrival.h)
 *
 * Strings are the server's, the files' and strangers': not escaped, which the writers below do.
 * All lives in the arena of the report.
 */
#ifndef PORTREEVE_AUDIT_REPORT_H
#define PORTREEVE_AUDIT_REPORT_H

#include "audit/arrival.h"
#include "audit/plan.h"
#include "base/json.h"
#include "proof/page.h"

enum audit_verdict {
	AUDIT_CLOSED,
	AUDIT_WORLD,                     /* open to the whole Internet */
	AUDIT_WIDE,                      /* open to more than its owner is likely to mean */
	AUDIT_UNKNOWN,                   /* what matters could not be asked */
};
const char *audit_verdict_name(enum audit_verdict verdict);      /* "closed" */
int audit_verdict_exit(enum audit_verdict verdict);              /* 0, 1, 2, 3 */

/* One who may relay, at one port. */
struct audit_who {
	const struct audit_asker *asker;
	uint16_t port;
	enum audit_tls tls;              /* the least that is needed for it */
	const char **forms;              /* "E01", …: those that were taken; never empty */
	size_t form_n;
	bool some;                       /* to some destinations only */
	bool sound;                      /* as its owner is likely to mean it */
	bool strangers;                  /* strangers arrive by that address, for sure */
	bool perhaps;                    /* by the reading alone, or strangers may arrive by it */
	const struct audit_line *by;     /* the lines that permit it, the most telling first */
	size_t by_n;
	const struct audit_line *decided;        /* that line as the server shows it; NULL */
};

/* A row of the table that people see: every kind of client, also those that are refused. */
struct audit_row {
	const struct audit_asker *asker;
	uint16_t port;
	enum audit_tls tls;
	enum audit_said plain;           /* AUDIT_UNSAID: it was not asked */
	const char *why;                 /* of AUDIT_UNSAID; "" */
	const struct audit_who *who;     /* what is taken; NULL: nothing */
	bool nobody;                     /* of AUDIT_UNSAID: nobody listens there for this client */
	bool no_tls;                     /* of AUDIT_UNSAID: TLS is offered and could not be had */
	bool skipped;                    /* of AUDIT_UNSAID: there was no time for it */
	/* The server refuses it, which its configuration seems to permit for sure: AUDIT_UNSAID. */
	bool contrary;
	bool conditional;                /* it may permit some who could not be asked */
	unsigned shows;                  /* and those show that: AUDIT_BY_… */
	const struct audit_port *at;     /* where the plain form was asked; NULL: nowhere */
	const struct audit_try *heard;   /* and what came of it */
};

enum audit_severity { AUDIT_OPEN, AUDIT_WARN, AUDIT_ADVICE };
const char *audit_severity_name(enum audit_severity severity);   /* "open", "warn", "advice" */

struct audit_finding {
	enum audit_severity severity;
	const char *cause;               /* id of catalogue/cause.h; "" */
	const char *title;               /* a few words, no full stop */
	const char *why;                 /* whole sentences: the evidence, with its network fact */
	const struct audit_line *lines;
	size_t line_n;
	const char *const *fix;          /* lines to paste, in their order; a comment begins "# " */
	size_t fix_n;
	const char *check;               /* how to see that it helped, a sentence or a command */
};

/* What could not be asked. */
struct audit_unasked {
	const char *what, *why;
	bool weighs;                     /* "closed" is not said without it */
};

struct audit_report {
	struct arena *arena;
	enum mta mta;
	const char *version, *host_name; /* "" where not known */
	const char *container;           /* in which it is; "", NULL: in none */
	const char *root;                /* of the image whose files they are; "", NULL: of none */
	const char *how;                 /* it was asked: "a second server in a closed room" */
	int64_t time_s;
	enum audit_verdict verdict;
	const char *summary;             /* one line: the verdict, and to whom it is open */
	/* Why "closed" could not be said, whatever the verdict is: a clause; "", NULL: it could. */
	const char *doubt;
	/* Envelopes: those that were planned, and those of which something came, be it a no; 0, 0
	 * where no server was asked. */
	size_t forms_planned, forms_asked;
	/* Not all that strangers may do was asked: time ran out, or they were turned away. */
	bool cut;
	struct audit_who *who;
	struct audit_row *rows;
	struct audit_finding *findings;  /* the worst first */
	struct audit_unasked *unasked;
	size_t who_n, row_n, finding_n, unasked_n;
};

/* What the judge knows. */
struct audit_known {
	const struct audit_ground *ground;
	const struct audit_question *questions;
	size_t question_n;
	const struct audit_arrival *arrivals;    /* of all ports of the server */
	size_t arrival_n;
	/* A second server was asked. Else the reading alone speaks, if none could be made here; or
	 * nothing does, as the server does not start by this configuration. */
	bool started, by_reading;
	const char *not_started;         /* why not, a sentence; "" */
	const struct audit_unread *unasked;      /* what was found before */
	size_t unasked_n;
	const char *says, *says_tls;             /* of the server's log (plan.h); NULL */
	const struct audit_tls_gone *tls_gone;
	size_t tls_gone_n;
	bool clients_left, forms_left;   /* the plan had no room to ask them all */
};

/* Fills verdict, summary, who, rows and unasked. mta, version, host_name, how, time_s and arena are
 * set already. */
void audit_judge(const struct audit_known *known, struct audit_report *report);
/* Adds what is to be said of causes, after audit_judge(). */
void audit_findings(const struct audit_known *known, struct audit_report *report);

/* What was not asked though "closed" could then not be said: it weighs among the unasked, it is the
 * doubt if there was none, and a report that says closed no longer does. Any number of times; in
 * the report's arena. */
void audit_report_doubt(struct audit_report *report, const char *what, const char *why);

/* The members of an object, as portreeve-json(5) has it. */
void audit_report_json(const struct audit_report *report, struct json *j);
/* As a page to read, which it begins, in the report's arena. */
void audit_report_page(const struct audit_report *report, struct page *page);
/* The words for a kind of client: "a stranger, by IPv4". In the report's arena. */
const char *audit_asker_title(struct arena *a, const struct audit_asker *asker);

#endif
