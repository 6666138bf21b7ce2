/* SPDX-License-Identifier: ISC
 *
 * The report desk: from a spam message to a report that is kept, sent, and told what became of
 * it. Each step is a function that returns a value; a face (a command, a page) prints, asks and
 * runs the loop:
 *
 *	desk_check, desk_trace          may this message be reported, and whose address is it?
 *	contact_search_start            who takes reports for it? (contact.h, asynchronous)
 *	desk_filter, desk_address       to whom of them
 *	desk_make                       the report, redacted, in its forms: its preview
 *	desk_save                       it is kept; or counted in today's report of that network
 *	desk_send_start, desk_sent      it is sent, and what the server said is kept (asynchronous)
 *	desk_take_bounce, desk_bounced  it came back: the contact may be dead
 *
 * Only the functions with `start` in their name need a loop. Those that return an error and take
 * *problem leave one line in it, which may have texts of others: escape them for a terminal. What
 * the store refuses has its error and its words.
 *
 * Hostile input that reaches it: the message and the bounce, whole; what sources and servers say.
 */
#ifndef PORTREEVE_REPORT_DESK_H
#define PORTREEVE_REPORT_DESK_H

#include "report/bounce.h"
#include "report/contact.h"
#include "report/report.h"
#include "report/send.h"
#include "store/reports.h"
#include "trace/border.h"

enum { DESK_DOMAINS_MAX = 4 };

/* Who we are and what is worked with; all is borrowed. */
struct desk {
	struct store *store;                        /* open to change */
	const struct report_config *config;
	const char *hostname, *contact, *operator_name;
	/* Mail domains of ours besides those of the contact, host and section; NULL ends them. */
	const char *own_domains[DESK_DOMAINS_MAX + 1];
	int64_t now_s;
	/* Not made up from what the machine calls itself: what nobody configured sends nothing. */
	bool hostname_given, contact_given;
};

/* A report in the making. Zeroed there is none. */
struct desk_draft {
	struct arena arena;
	struct str message;                         /* borrowed */
	struct trace_border border;                 /* the same */
	struct trace trace;
	struct redaction redaction;
	struct buf copy, mail, xarf;
	struct report report;
	struct report_facts facts;
	bool is_origin;                             /* the believed origin is reported */
	bool own_lines;                             /* the caller: our side's lines go along */
	bool counted;                               /* in a report of today that was sent */
	char token[REPORT_TOKEN_LEN + 1];
	char digest[REPORT_DIGEST_BYTES];
};
void desk_draft_fini(struct desk_draft *draft);

/* The mail address that our reports are from. */
const char *desk_own_address(const struct desk *desk);
/* Whether the configuration lets reports be made: ERR_INVALID. */
int desk_check(const struct desk *desk, struct buf *problem);

/* Whether it lets them be sent: from a host and an address that somebody configured, through a
 * smarthost. ERR_INVALID. */
int desk_check_sender(const struct desk *desk, struct buf *problem);

/* Traces the message, which stays the caller's as the border does, and finds the address to
 * report: the handover, or with `origin` the believed origin. ERR_INVALID: no report may be made
 * about it (report_guard()), or there is nobody to report to. */
int desk_trace(struct str message, const struct trace_border *border, bool origin,
               bool null_sender_ok, struct desk_draft *draft, struct buf *problem);

/* For contact_search_start(). */
struct contact_setup desk_contact_setup(const struct desk *desk, struct loop *loop,
                                        struct dns_resolver *resolver);
/* Which contacts are not used, in the arena. An error of the store. */
int desk_filter(const struct desk *desk, struct arena *a, struct contact_filter *filter);
/* Decides to whom the report goes: `to`, if given, else the first contact that can be used;
 * *use says what is against the former. ERR_INVALID: `to` is no mail address; ERR_DENIED: it is
 * our own; ERR_NOT_FOUND: no source names one that can be used. Pure. */
int desk_address(const struct desk *desk, const struct contact_answer *answers, size_t n,
                 const struct contact_filter *filter, const char *to, struct desk_draft *draft,
                 enum contact_use *use, struct buf *problem);

/* Makes the report: its place among those of the day, the redacted copy, mail and XARF.
 * ERR_EXISTS: the message is in a report already. */
int desk_make(const struct desk *desk, const struct contact_answer *answers, size_t n,
              struct desk_draft *draft, struct buf *problem);
/* Keeps it. ERR_BUSY: another was faster. */
int desk_save(const struct desk *desk, const struct desk_draft *draft, struct buf *problem);

/* ---- sending --------------------------------------------------------------- */

/* When our border took the message that the report is about; 0: nobody wrote it down. Pure. */
int64_t desk_arrival(const struct report *report);
/* Whether a message that came then is so old (report.old_after), or of such uncertain age, that
 * a person has to say yes before anything is sent about it; *why says how old. Pure. */
bool desk_is_old(const struct desk *desk, int64_t arrival_s, struct buf *why);

/* A mail under way. Zeroed there is none. */
struct desk_sending {
	bool agreed;                                /* the caller: a person said yes to it */
	struct send *send;
	char from[CONTACT_MAX];
	char token[REPORT_TOKEN_LEN + 1];
};

/* Hands the report to the smarthost; calls back once, from the loop, unless stopped before; then
 * desk_sent() is to be called. The report lives until then. ERR_DENIED: it is not one that is
 * only made, or it is old and nobody agreed; ERR_INVALID: desk_check_sender(). */
int desk_send_start(const struct desk *desk, struct loop *loop, struct dns_resolver *resolver,
                    const struct report *report, struct desk_sending *sending, send_cb *cb,
                    void *arg, struct buf *problem);
/* The same for a nomination to another list, made by template_format(). */
int desk_nomination_start(const struct desk *desk, struct loop *loop,
                          struct dns_resolver *resolver, const char *to, struct str mail,
                          struct desk_sending *sending, send_cb *cb, void *arg,
                          struct buf *problem);
void desk_send_stop(struct desk_sending *sending);

/* Keeps what became of it, in the store and in *report: sent; bounced, if the recipient was
 * refused; as it was for all else. *buried: its contact is taken for dead from now on. */
int desk_sent(const struct desk *desk, const struct send_result *result, struct report *report,
              bool *buried, struct buf *problem);

/* ---- what came back ---------------------------------------------------------- */

/* The report did not arrive. `dead`: its contact takes no mail; one whose last report did not
 * arrive either is taken for dead, too. */
int desk_bounced(const struct desk *desk, const char *why, bool dead, struct report *report,
                 bool *buried, struct buf *problem);
/* Reads a mail that came to the envelope sender of reports; *report, its texts in the arena, is
 * the one that it is about, as it is afterwards. Only a failure changes it. ERR_INVALID: nothing
 * that came back from a report of ours; ERR_NOT_FOUND: there is no such report any more. */
int desk_take_bounce(const struct desk *desk, struct str message, struct arena *a,
                     struct report_bounce *bounce, struct report *report, bool *buried,
                     struct buf *problem);

#endif
