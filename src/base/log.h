/* SPDX-License-Identifier: ISC
 *
 * One line per event: `time level role event key=value…` on stderr. Where stderr is systemd's
 * journal, which has a time of its own, a line is `<3>role event key=value…` with the priority
 * that journald(8) takes off (sd-daemon(3)). Values are quoted and escaped where they
 * hold anything but plain characters, so that no text from the network can
 * forge a line. Never pass a password or a key.
 *
 *   LOG(LOG_INFO, "test-done", LOG_IP("address", &ip), LOG_S("verdict", "open"));
 */
#ifndef PORTREEVE_BASE_LOG_H
#define PORTREEVE_BASE_LOG_H

#include "base/ip.h"
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	const char *key;
	enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_IP } kind;
	struct str s;
	long long i;
	const struct ip *ip;
};

#define LOG_S(k, cstr)  ((struct log_field){ .key = (k), .kind = LOG_FIELD_STR, .s = str_of(cstr) })
#define LOG_STR(k, str) ((struct log_field){ .key = (k), .kind = LOG_FIELD_STR, .s = (str) })
#define LOG_I(k, num)   ((struct log_field){ .key = (k), .kind = LOG_FIELD_INT, \
                                             .i = (long long)(num) })
#define LOG_IP(k, addr) ((struct log_field){ .key = (k), .kind = LOG_FIELD_IP, .ip = (addr) })

/* `role` is kept by reference ("tester"). Default: "portreeve", LOG_INFO. */
void log_init(const char *role, enum log_level max);
/* From here on no line waits for whoever reads stderr: what a full pipe, socket or terminal does
 * not take at once is dropped, and "log-lost n=…" says how many lines when one goes through
 * again. For daemons, whose log nobody may be reading; before root is given up and before the
 * sandbox. Without it lines wait, as a command's may (for a pager). It may be called again, and
 * may open a descriptor: whoever closes others does so before. */
void log_never_wait(void);
/* From here on lines of this thread that tell of no trouble (LOG_INFO and below) wait for
 * log_flush(), for one of trouble or of another thread, or until there are PIPE_BUF bytes of them:
 * one call of the system for many lines. They go out before an abort(), and are lost in a process
 * that is killed. For who calls log_flush() before it waits for anything. */
void log_gather(void);
void log_flush(void);
/* A line in the caller's own words, without time and role, as commands and those who start say
 * why they do not go on. It takes the way of the others, so it waits only where they do. */
void log_plain(struct str text);
/* One line of at most PIPE_BUF bytes, written by one call or with others; what is longer is cut
 * and ends in "...". */
void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n);
/* Whether $JOURNAL_STREAM, "DEVICE:INODE" (systemd.exec(5)), names the file that is `device` and
 * `inode`; NULL names none. Pure. */
bool log_is_journal(const char *stream, uint64_t device, uint64_t inode);
/* Appends the line (no newline) without time and role; pure, for tests. */
void log_format(struct buf *out, const char *event, const struct log_field *fields, size_t n);

#define LOG(level, event, ...) \
	log_event((level), (event), \
	          (const struct log_field[]){ __VA_ARGS__ }, \
	          sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))

#endif
