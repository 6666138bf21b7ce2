/* SPDX-License-Identifier: ISC
 *
 * What a mail server tells of its own rules when it is asked in a mode made for that: `exim -bh`
 * (its trace names the statement of the ACL that decided, with file and line) and `sendmail -bt`
 * (which ruleset gave which answer, and by which key of a map). Pure.
 *
 * Who uses it: closed/, which runs both.
 * Hostile input: all of both texts: they hold names and lines of the configuration, which may be a
 * stranger's, and what the servers' maps answer. The work is bounded by their length.
 */
#ifndef PORTREEVE_AUDIT_TRACE_H
#define PORTREEVE_AUDIT_TRACE_H

#include "base/str.h"

/* ---- exim -bh ----------------------------------------------------------------------- */

/* The statement by which the last command of a session was taken. All point into the trace. */
struct audit_trace_acl {
	struct str acl;                  /* "acl_check_rcpt"; empty: a text of its own */
	struct str verb;                 /* "accept", "permit"… */
	struct str file;                 /* as Exim knows it; empty: not told (before 4.93) */
	unsigned line;                   /* of the verb; 0: not told */
	struct str condition;            /* the last that was asked: "hosts = +relay_from_hosts";
	                                    empty: none */
};
/* `trace`: standard output and error of a session with one RCPT; `name`: of the ACL, as
 * acl_smtp_rcpt has it, or NULL: the last that was asked. False: no statement of it took the
 * command. */
bool audit_trace_exim(struct str trace, const char *name, struct audit_trace_acl *acl);

/* ---- sendmail -bt --------------------------------------------------------------------- */

enum { AUDIT_BT_TEXT_MAX = 200, AUDIT_BT_NAME_MAX = 64 };

/* What a ruleset said. */
struct audit_bt_said {
	int code;                        /* 250: nothing against it; 0: not asked, or not clear */
	char enhanced[12], text[AUDIT_BT_TEXT_MAX];
};
struct audit_bt_answer {
	struct audit_bt_said relay, mail, rcpt;      /* of check_relay, check_mail, check_rcpt */
	/* Where check_rcpt was taken: the innermost ruleset that said so, and the key of the access
	 * table by which: "Connect:192.0.2"; or "". */
	char ruleset[AUDIT_BT_NAME_MAX], key[AUDIT_BT_NAME_MAX];
};
/* Of a text in which the answers to question i follow a line "Qi" (AUDIT_BT_MARK), which the macro
 * of that name printed. Each of `n` is filled in. True: a file of the server could not be read. */
#define AUDIT_BT_MARK "Q"
bool audit_trace_sendmail(struct str output, struct audit_bt_answer *answers, size_t n);

#endif
