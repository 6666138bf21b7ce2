/* SPDX-License-Identifier: ISC
 *
 * Who may relay under two configurations, and where they differ. Pure. It compares what is read,
 * not what a server answers.
 *
 * All addresses are divided into areas by every range that either configuration tells apart, and
 * by the networks of the machine; an address stands for each. It is asked at every port of both,
 * as it is and with each thing that a client can show without a login.
 *
 * Who uses it: the command `audit`. Hostile input that reaches it: both configurations. The work is
 * bounded, and what was left out is told.
 */
#ifndef PORTREEVE_AUDIT_DIFF_H
#define PORTREEVE_AUDIT_DIFF_H

#include "audit/config.h"
#include "audit/kinds.h"
#include "base/json.h"
#include "proof/page.h"

enum {
	AUDIT_DIFF_AREAS_MAX = 4000, AUDIT_DIFF_PORTS_MAX = 32, AUDIT_DIFF_ROWS_MAX = 500,
	AUDIT_DIFF_ASKED_MAX = 400000,   /* answers of each, for all */
	AUDIT_DIFF_WORK_MAX = 1 << 30,   /* ranges and rules looked at for them */
};

struct audit_diff_row {
	struct audit_asker client;       /* ip is what was asked from, network what it stands for */
	uint16_t port;                   /* 0: of configurations that name none */
	unsigned shows;                  /* AUDIT_BY_…: what must be shown for it; 0: nothing */
	bool widens;                     /* else it narrows */
	/* AUDIT_NO without a line where nobody listens for that client. */
	struct audit_why was, is;
};

struct audit_diff {
	/* Those that widen first, then by address. An area is not repeated where the one around it
	 * changes the same way, nor what a client shows where it makes no difference. */
	struct audit_diff_row *rows;
	size_t row_n;
	size_t widened, narrowed;        /* also rows for which there was no room */
};

/* The configurations are read with the same facts, as far as they are of one machine; facts may be
 * empty, but must have begun. ERR_LIMIT: not all could be compared, and a difference may be
 * missing. */
int audit_diff(struct audit_config *old, struct audit_config *new_, const struct facts *facts,
               struct arena *a, struct audit_diff *diff);

/* What is told of it. */
struct audit_diff_told {
	const struct audit_diff *diff;
	enum mta mta;
	const char *old, *new_;          /* the names of both, for people */
	/* Of images: their roots, below which their files are shown; "" of others. */
	const char *old_root, *new_root;
	bool whole;                      /* all was compared, and no more is unread than was */
	const struct audit_reading *reading;     /* of the new one: what could not be read */
	struct arena *arena;
};
enum audit_diff_verdict { AUDIT_DIFF_SAME, AUDIT_DIFF_NARROWER, AUDIT_DIFF_WIDER,
                          AUDIT_DIFF_UNKNOWN };
enum audit_diff_verdict audit_diff_verdict(const struct audit_diff_told *told);

/* The members of an object, as portreeve-json(5) has it. */
void audit_diff_json(const struct audit_diff_told *told, struct json *j);
/* As a page to read; the page is in its beginning. */
void audit_diff_page(const struct audit_diff_told *told, struct page *page);

#endif
