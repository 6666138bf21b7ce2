/* SPDX-License-Identifier: ISC
 *
 * The long parts of `portreeve report`: making one from a message, and sending one. The rules are
 * the desk's (report/desk.h).
 */
#ifndef PORTREEVE_CLI_REPORTING_H
#define PORTREEVE_CLI_REPORTING_H

#include "cli/border.h"
#include "dns/resolver.h"
#include "report/desk.h"

enum { REPORT_TEMPLATES_MAX = 32 };

struct reporting {
	struct cli cli;
	/* options */
	struct border_options ours;
	const char *to, *why, *by;
	bool origin, send, make, dry_run, yes, nominate, null_sender, xarf, own_lines;
	/* what is worked with */
	int64_t now_s;
	struct loop *loop;
	struct dns_resolver *resolver;
	struct border_set border;
	struct buf message, problem;
	struct str templates[REPORT_TEMPLATES_MAX];
	struct desk desk;
	struct desk_draft draft;
	struct contact_search *search;
	const struct contact_answer *answers;
	size_t answer_count;
	struct contact_filter filter;
};

/* CLI_GO or an exit code. */
int reporting_make(struct reporting *r, const char *path);
/* Opens the store to change, and the desk. */
int reporting_open(struct reporting *r);
/* Sends a report that is in the store, after showing it. */
int reporting_send(struct reporting *r, struct report *report);
/* Asks the sources about an address; fills r->answers and r->filter. */
int reporting_contacts(struct reporting *r, const struct ip *address);
/* Tells r->problem; returns the code. */
int reporting_told(struct reporting *r, int code);
/* The contact of the report is taken for dead. */
int reporting_buried(struct reporting *r, const struct report *report);
void reporting_show_answers(struct reporting *r);
/* A mail of ours on stdout, for people. */
void reporting_show(struct str mail);
void reporting_json(struct reporting *r, const struct report *report);
void reporting_fini(struct reporting *r);

#endif
