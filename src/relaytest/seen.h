/* SPDX-License-Identifier: ISC
 *
 * By which address a tested server saw us: read from the Received line that it wrote into our own
 * message, which came back. Pure.
 *
 * Which line that is: the first from the top whose writer says that its client said our name in
 * HELO, and whose writer has another name than that. Above it stand those who took the message
 * later, whose clients have names of their own; what stands below it, the server was given or made
 * up, and counts for nothing. A form that claims to come from elsewhere, or says another's name,
 * has no such line.
 *
 * Who uses it: the tester at the end of a test. Hostile input: the message, as the tested host and
 * all behind it wrote it. What they write there is said of that host alone, in its own words.
 */
#ifndef PORTREEVE_RELAYTEST_SEEN_H
#define PORTREEVE_RELAYTEST_SEEN_H

#include "base/config.h"
#include "catalogue/seen.h"
#include "mail/received.h"
#include "store/types.h"

/* Lines of a header that are looked at. */
enum { SEEN_LINES_MAX = 250 };

/* The line in which `message` says who brought it first, if `hello` is the name that we said.
 * Slices point into the message. False: there is none that could be told from others'. */
bool seen_line(struct str message, struct str hello, struct received *line);

/* The kind of server that wrote such a line, by what it says of itself there; a guess. */
enum mta seen_mta(const struct received *line);
/* The same of the server whose line stands in one of the returns. */
enum mta seen_server(struct str hello, const struct test_return *returns, size_t n);

/* What is known of us. */
struct seen_from {
	struct str hello;                    /* our name in HELO */
	struct ip host;                      /* that was tested */
	struct ip came_from;                 /* from where its connection left us; family 0 */
	const struct config_ips *set;        /* by which others see us, as the operator says */
	const struct config_ips *own, *more_own;     /* further addresses of ours */
};

/* The address by which others see who tests that host; family 0: it is not known. The operator's
 * word for that family; else where we came from, if that is no private address. */
struct ip seen_known(const struct seen_from *from);

/* By which address the host saw us, from the first of the returns that tells of a loss; zeroed if
 * none does. `returns` with their messages. */
struct seen_as seen_find(const struct seen_from *from, const struct test_return *returns,
                         size_t n);

#endif
