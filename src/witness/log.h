/* SPDX-License-Identifier: ISC
 *
 * Reads the logs of Postfix, Exim, Sendmail and OpenSMTPD, line by line, for the sessions in which
 * a witness's word was said, and says by what address the server saw each. Pure; its memory is
 * bounded whatever a log holds.
 *
 * What each of them writes of a refused command, whomever it trusts and by its default settings
 * (seen on those of Debian 12, tests/lab/test_witness.py; the words are those of knock.h):
 *
 *   Postfix     "warning: Illegal address syntax from NAME[ADDR] in RCPT command: <WORD@a..b>". A
 *               refusal by a rule is "NOQUEUE: reject: RCPT from NAME[ADDR]: …", of postscreen,
 *               too. An unknown command (EXPN is one there) is not logged.
 *   Exim        "H=NAME (HELO) [ADDR] rejected EXPN WORD", in mainlog and rejectlog. The syntax
 *               error of RCPT is logged with log_selector = +smtp_syntax_error alone, as Debian
 *               sets it.
 *   Sendmail    "QID: NAME [ADDR]: EXPN WORD"; "QID: <WORD@a..b>... Invalid host name", and
 *               then "QID: from=<>, …, relay=NAME [ADDR]".
 *   OpenSMTPD   "SID smtp connected address=ADDR host=NAME", then
 *               "SID smtp failed-command command=\"…WORD…\"" for each refused command.
 *
 * Before it stands what syslog puts there (its BSD form, RFC 5424 6, rsyslog's ISO times, the
 * journal's short forms, busybox's "mail.info"), what Exim puts into its own files, or nothing.
 *
 * Hostile input: all of it but the servers' own words. Strangers choose HELO, addresses and
 * commands, which stand in the same lines, and may write the word there and an address of their
 * choice beside it. So an address counts only where the server's own words lead to it before
 * anything that a stranger chose, or by process, session or queue id, or where the line has the
 * one shape that our own tester gives it and no other. What is in doubt is counted, not believed.
 */
#ifndef PORTREEVE_WITNESS_LOG_H
#define PORTREEVE_WITNESS_LOG_H

#include "base/ip.h"
#include "catalogue/mta.h"
#include "witness/word.h"

enum {
	WITNESS_LINE_BYTES = 8192,       /* kept of a line */
	WITNESS_SIGHTINGS_MAX = 256,
	WITNESS_TIME_MAX = 40,
};

/* Sessions with the same word, said the same way, from the same address. */
struct witness_sighting {
	struct witness_said said;
	enum mta mta;
	struct ip as;                    /* by which the server saw the tester */
	char time[WITNESS_TIME_MAX];     /* of the last line, as the log has it; "" */
	size_t lines;
};

struct witness_log;

/* `word` (from witness_word_parse()), or NULL: any. */
struct witness_log *witness_log_create(const char *word);
void witness_log_destroy(struct witness_log *log);      /* NULL is fine */
/* The next bytes, cut anywhere. */
void witness_log_read(struct witness_log *log, struct str bytes);
/* The end of a file; another may follow. */
void witness_log_end(struct witness_log *log);

/* In the order in which they were first seen; live until the next call that reads. */
const struct witness_sighting *witness_log_sightings(const struct witness_log *log, size_t *n);
/* Lines with the word that lead to no address surely. */
size_t witness_log_unplaced(const struct witness_log *log);
/* Lines of a mail server's sessions at all: 0 says that it was another log. */
size_t witness_log_lines(const struct witness_log *log);
/* There were more than WITNESS_SIGHTINGS_MAX. */
bool witness_log_cut(const struct witness_log *log);

#endif
