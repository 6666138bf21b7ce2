/* SPDX-License-Identifier: ISC
 *
 * Between the reader of logs and the files that know a server's lines. A line comes apart in
 * log-line.c; log.c gives it to the one whose program wrote it; sessions and what was seen are kept
 * in log-found.c.
 */
#ifndef PORTREEVE_WITNESS_LOG_PRIVATE_H
#define PORTREEVE_WITNESS_LOG_PRIVATE_H

#include "witness/log.h"

enum { LOG_KEY_MAX = 96, LOG_SETS = 1024, LOG_WAYS = 4 };

/* One line, in pieces; they live as long as it. */
struct log_line {
	struct str time, host;           /* "" */
	struct str ident, pid;           /* "postfix/smtpd", "249"; "" */
	struct str text;                 /* behind it */
};

/* Takes the line apart. Text without a head that we know has an empty ident. */
void log_line_parse(struct str line, struct log_line *out);

/* An open session, or a word of Sendmail's that waits for its address. */
struct log_session {
	char key[LOG_KEY_MAX];           /* "": free */
	struct ip ip;                    /* family 0: not known */
	struct witness_said said;        /* "": none waits */
	uint64_t used;
};

struct witness_log {
	char word[WITNESS_WORD_SIZE];     /* "": any */
	struct buf line;
	bool skipping;                   /* the rest of a line that was too long */
	struct log_session *sessions;    /* LOG_SETS of LOG_WAYS each */
	uint64_t turn;
	struct witness_sighting *seen;
	size_t seen_n, unplaced, lines;
	bool cut;
};

/* Whether the line holds our word; *said is how. */
bool log_said(const struct witness_log *log, struct str text, struct witness_said *said);

/* The key of a line's process or of an id that it names; false if it is too long. */
bool log_key(const struct log_line *line, struct str id, char key[static LOG_KEY_MAX]);
/* NULL: it is not known. The longest unused one makes room. */
struct log_session *log_session_find(struct witness_log *log, const char *key);
struct log_session *log_session_open(struct witness_log *log, const char *key);
void log_session_close(struct witness_log *log, const char *key);

/* The word was said by `ip`; family 0: it is not known by whom. */
void log_add(struct witness_log *log, enum mta mta, const struct log_line *line,
             const struct witness_said *said, const struct ip *ip);

/* "NAME[ADDR]" or "NAME [ADDR]" that s begins with, NAME a host name or none; how many bytes it
 * has, 0: it is none. "[IPv6:…]" as Sendmail writes it. */
size_t log_peer(struct str s, struct ip *ip);

/* Whether the line was one of a session of that server's. */
bool log_read_postfix(struct witness_log *log, const struct log_line *line);
bool log_read_exim(struct witness_log *log, const struct log_line *line);
bool log_read_sendmail(struct witness_log *log, const struct log_line *line);
bool log_read_opensmtpd(struct witness_log *log, const struct log_line *line);

#endif
