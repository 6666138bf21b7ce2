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

/* What hosts saw of us, as far as this process has heard: each network of theirs has one vote, the
 * newest. Zeroed: none. */
enum { SEEN_VOTES_MAX = 64, SEEN_AGREE_MIN = 3 };
struct seen_votes {
	struct { struct prefix network; struct ip address; } v[SEEN_VOTES_MAX];
	size_t n, next;                      /* `next` is overwritten when all are taken */
};
/* From the returns of one host: the address of a line of its own, if it is a public one. */
void seen_vote(struct seen_votes *votes, const struct ip *host, struct str hello,
               const struct test_return *returns, size_t n);
/* By which address most of them see us, of that family: more than half, and SEEN_AGREE_MIN of
 * them. Family 0: they don't agree. */
struct ip seen_elected(const struct seen_votes *votes, uint8_t family);

/* What is known of us. */
struct seen_from {
	struct str hello;                    /* our name in HELO */
	struct ip host;                      /* that was tested */
	struct ip came_from;                 /* from where its connection left us; family 0 */
	const struct config_ips *set;        /* by which others see us, as the operator says */
	struct ip elected;                   /* …and as most hosts say; family 0 */
	const struct config_ips *own, *more_own;     /* further addresses of ours */
};

/* The address by which others see who tests that host; family 0: it is not known. The operator's
 * word for that family; else where we came from, if that is no private address; else what most
 * hosts saw. */
struct ip seen_known(const struct seen_from *from);

/* By which address the host saw us, from the first of the returns that tells of a loss; zeroed if
 * none does. `returns` with their messages. */
struct seen_as seen_find(const struct seen_from *from, const struct test_return *returns,
                         size_t n);

#endif
