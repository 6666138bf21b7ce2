/* SPDX-License-Identifier: ISC
 *
 * The two long parts of `portreeve report`: making one from a message, and sending one.
 */
#ifndef PORTREEVE_CLI_REPORTING_H
#define PORTREEVE_CLI_REPORTING_H

#include "cli/border.h"
#include "dns/resolver.h"
#include "report/contact.h"
#include "report/report.h"
#include "report/token.h"

enum { REPORT_TEMPLATES_MAX = 32 };

struct reporting {
	struct cli cli;
	/* options */
	struct border_options ours;
	const char *to, *why, *by;
	bool origin, send, make, dry_run, yes, nominate, null_sender, xarf;
	/* what is worked with */
	struct loop *loop;
	struct dns_resolver *resolver;
	struct border_set border;
	struct buf message;
	struct trace trace;
	struct redaction redaction;
	struct buf copy, mail, json;
	struct str templates[REPORT_TEMPLATES_MAX];
	struct contact_search *search;
	const struct contact_answer *answers;
	size_t answer_count;
	struct report report;
	struct report_facts facts;
	unsigned char token_key[REPORT_KEY_BYTES];
	char token[REPORT_TOKEN_LEN + 1];        /* of the report */
	char digest[REPORT_DIGEST_BYTES];
	int64_t now_s;
};

/* CLI_GO or an exit code. */
int reporting_make(struct reporting *r, const char *path);
/* Sends r->report, which is in the store, after showing it. */
int reporting_send(struct reporting *r);
/* Reads token_key, which the store keeps. */
int reporting_key(struct reporting *r);
/* r->report did not arrive. `dead`: its contact takes no mail; one whose last report did not
 * arrive either is taken for dead, too. */
int reporting_bounced(struct reporting *r, const char *why, bool dead);
/* Asks the sources about an address; fills r->answers. */
int reporting_contacts(struct reporting *r, const struct ip *address);
/* Which contacts are not used; in the command's arena. */
int reporting_filter(struct reporting *r, struct contact_filter *filter);
void reporting_show_answers(struct reporting *r, const struct contact_filter *filter);
/* A mail of ours on stdout, for people. */
void reporting_show(struct str mail);
void reporting_json(struct reporting *r, const struct report *report);
void reporting_fini(struct reporting *r);

#endif
