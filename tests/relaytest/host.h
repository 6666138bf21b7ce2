/* SPDX-License-Identifier: ISC
 *
 * A scripted host for test sessions, without sockets: it reads what the session says and
 * answers by rules, carries out the session's actions, and sends back what it "relayed".
 * play() runs a whole test and asserts what must hold whatever the host does: the session
 * ends in a bounded number of steps, no message leaves without an intent or twice, never more
 * are accepted than allowed, and the results make sense.
 *
 * Rules, one a line, the first that fits counts:  [N*][(STATE)]PATTERN => REPLY [!END]
 *
 *   PATTERN  a glob (fnmatch) over a command line; or a word of ours: CONNECT (CONNECT-25 from
 *            source port 25, CONNECT-2 from the second address), BANNER, TLS, "." (the end of a
 *            message), PROXY2
 *   N*       only the first N times
 *   (STATE)  only then: (tls) (auth) (xclient) (proxy), (second) from the second address,
 *            (recipient) with one taken before in the same transaction,
 *            (round1) … in that round of the test, or the name given with EHLO or HELO
 *   REPLY    a reply line, '|' between the lines of a longer one; "-" for none
 *   !END     then the connection ends: !closed !reset !timeout !refused !unreachable !tls
 *            !nosource
 *
 * Without a rule: it greets, knows the usual commands, takes local recipients that exist
 * (postmaster), refuses others with 550 5.1.1, and refuses to relay with 554 5.7.1.
 */
#ifndef PORTREEVE_TESTS_HOST_H
#define PORTREEVE_TESTS_HOST_H

#include "test.h"

#include "relaytest/session.h"

enum fate {
	KEEP,            /* what it takes it keeps */
	RELAY,           /* comes back while the session pauses */
	RELAY_LATE,      /* comes back after SESSION_DONE */
	RELAY_ONE,       /* only the first one */
	RELAY_UNMARKED,  /* a message of its own to the token */
	BOUNCE,          /* to the sender token */
};

enum { LOSES_PIPELINED = 1, BYTEWISE = 2, SILENT_AT_QUIT = 4 };

struct play {
	const char *name;
	const char *ehlo;                /* extension keywords; NULL: "PIPELINING" */
	const char *rules;
	enum fate fate;
	unsigned lag;                    /* so many messages stay in its queue until the end */
	unsigned errors_421, errors_hangup;      /* 0: never */
	unsigned habits;
	/* The session's setup. */
	uint16_t port;                   /* 0: 25 */
	enum consent consent;            /* NONE: CONSENT_RANGE */
	bool all, trusted_source, nameless, no_collector, account, ipv6, second_source;
	bool ended;                      /* the test had ended; what was sent comes back now */
	bool rounds;                     /* the test is asked on later, as long as it wants */
	unsigned messages, refusals, pipeline;   /* 0: 8, 6, 16 */
	const char *first[4];
	const struct case_result *sent;
	size_t sent_count;
	const char *const *only;
	int intend_error;                /* for every intent */
	const char *intend_exists;       /* ERR_EXISTS for that case */
	/* What must come out. */
	enum verdict verdict;
	int accepted;                    /* -1: not looked at */
	unsigned connections_max;        /* 0: not looked at */
	const char *finding;
	const char *reason;              /* a glob; NULL: not looked at */
	enum test_cause cause;           /* NONE: not looked at, but of other verdicts */
	unsigned rounds_seen;
	/* "E01:rcpt:554 S11:skipped E01/1:message:250": stage and code (may be left out) */
	const char *cases;
	bool catch_all;
};

/* What was seen, for a test that looks further. */
enum { COMMANDS_MAX = 4096 };
struct seen {
	unsigned connections, messages, intents, steps, rounds;
	char *commands;                  /* all lines, '\n' behind each */
	size_t commands_n, commands_room;
	struct session_outcome outcome;
	struct case_result *results;     /* a copy; the caller frees seen_fini() */
};
void seen_fini(struct seen *seen);

/* Runs it and checks everything; `seen` may be NULL. */
void play(const struct play *p, struct seen *seen);
void play_all(const struct play *plays, size_t n);
#define PLAY_ALL(plays) play_all((plays), sizeof(plays) / sizeof((plays)[0]))

/* The result of a form; fails if there is none. */
const struct case_result *seen_result(const struct seen *seen, const char *id, unsigned attempt);
unsigned seen_count(const struct seen *seen, const char *glob);

#endif
