/* SPDX-License-Identifier: ISC
 *
 * A traced message with what a report about it needs.
 */
#ifndef PORTREEVE_TESTS_REPORT_WORLD_H
#define PORTREEVE_TESTS_REPORT_WORLD_H

#include "test.h"

#include "report/report.h"
#include "trace/border.h"

#define HANDOVER \
	"Received: from a.isp.test (a.isp.test [198.51.100.25]) by mx.ours.test (Postfix)\n" \
	"\twith ESMTP id 1 for <jane.doe@ours.test>; Sat, 21 Nov 2026 10:00:00 +0000\n"

struct world {
	struct border_set set;
	struct trace trace;
	struct redaction redaction;
	struct trace_border border;
	struct arena arena;
	struct buf copy, out, problem;
	struct report_facts facts;
};

/* The message must have come in through mx.ours.test; it is borrowed. */
void world_init(struct world *w, const char *message, size_t body_max);
void world_fini(struct world *w);
bool has(const struct buf *b, const char *text);
struct ip address_of(const char *text);

#endif
