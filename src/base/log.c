/* SPDX-License-Identifier: ISC
 *
 * How a line of the log gets out, and that it waits for nobody. Its form is in log-format.c.
 */
#include "base/log.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *log_role = "portreeve";
static enum log_level log_max = LOG_INFO;

/* How a line gets out. A mode of the descriptor would be the parent's and its terminal's, too:
 * so never O_NONBLOCK on stderr itself. */
static enum {
	WAIT,           /* a command, or a file, which always takes it */
	OWN_OPENING,    /* a pipe or terminal opened once more, non-blocking: log_fd */
	SEND,           /* a socket: said at each call */
	ASK_FIRST,      /* none of these can be had: another writer may still come between */
} log_way;
static int log_fd = STDERR_FILENO;
static unsigned long long log_lost;
static bool log_to_journal;     /* which wants a priority, and has the time */
static bool log_torn;           /* a line went half: the next one ends it first */
/* A role may have a second thread. Held while a line is written, which in a role does not wait. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
/* Whole lines that wait for log_flush(). */
static struct {
	bool on;
	pthread_t thread;       /* whose lines they are */
	char bytes[PIPE_BUF];
	size_t n;
	unsigned lines;
} log_gathered;

void log_init(const char *role, enum log_level max)
{
	struct stat st;
	log_role = role;
	log_max = max;
	log_to_journal = fstat(STDERR_FILENO, &st) == 0 &&
	                 log_is_journal(getenv("JOURNAL_STREAM"), st.st_dev, st.st_ino);
}

/* ---- to stderr -------------------------------------------------------------- */

void log_never_wait(void)
{
	struct stat st;
	if (log_way != WAIT || fstat(STDERR_FILENO, &st) != 0)
		return;
	if (S_ISSOCK(st.st_mode)) {
		log_way = SEND;
	} else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		log_way = fd >= 0 ? OWN_OPENING : ASK_FIRST;
		log_fd = fd >= 0 ? fd : STDERR_FILENO;
	}
}

static bool takes_now(void)
{
	struct pollfd p = { .fd = log_fd, .events = POLLOUT };
	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static ssize_t put(const char *p, size_t n)
{
	if (log_way == SEND) {
		ssize_t sent = send(log_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent >= 0 || errno != EPERM)
			return sent;
		log_way = ASK_FIRST;    /* a sandbox may forbid send() */
	}
	if (log_way == ASK_FIRST && !takes_now())
		return -1;
	return write(log_fd, p, n);
}

/* Whole lines in one write, so that lines of different processes never mix: for a pipe that holds
 * up to PIPE_BUF, and so does that they are written whole or not at all. */
static bool put_lines(const char *p, size_t size)
{
	assert(size > 0 && size <= PIPE_BUF);
	ssize_t n = put(p, size);
	if (n > 0)
		log_torn = (size_t)n < size;
	return n == (ssize_t)size;
}

static void end_line(struct buf *line)
{
	static const char cut[] = "...";
	if (line->n > PIPE_BUF - sizeof(cut)) {
		line->n = PIPE_BUF - sizeof(cut);
		buf_add_cstr(line, cut);
	}
	buf_add_byte(line, '\n');
}

static bool put_line(struct buf *line)
{
	end_line(line);
	return put_lines(line->p, line->n);
}

static void put_gathered(void)
{
	if (log_gathered.n > 0 && log_torn)
		log_torn = put("\n", 1) != 1;
	if (log_gathered.n > 0 && !put_lines(log_gathered.bytes, log_gathered.n))
		log_lost += log_gathered.lines;
	log_gathered.n = log_gathered.lines = 0;
}

/* The priority of syslog(3) that the journal takes from the line's beginning. */
static void add_priority(struct buf *line, enum log_level level)
{
	static const int priority[] = { 3, 4, 6, 7 };
	if (log_torn)
		buf_add_byte(line, '\n');
	if (log_to_journal)
		buf_printf(line, "<%d>", priority[level]);
}

static void add_time(struct buf *line)
{
	static char when[CLOCK_TEXT_MAX];
	static int64_t when_s = -1;
	const int64_t now_s = clock_now_s();
	if (now_s != when_s)
		clock_format(now_s, when);
	when_s = now_s;
	buf_add_cstr(line, when);
}

static void begin_line(struct buf *line, enum log_level level)
{
	static const char *const name[] = { " error ", " warn ", " info ", " debug " };
	buf_clear(line);
	add_priority(line, level);
	if (!log_to_journal) {
		add_time(line);
		buf_add_cstr(line, name[level]);
	}
	buf_add_cstr(line, log_role);
	buf_add_byte(line, ' ');
}

/* What cannot be said now is said in front of the next line that can. */
static void say_lost(struct buf *line)
{
	if (log_lost == 0)
		return;
	begin_line(line, LOG_WARN);
	buf_printf(line, "log-lost n=%llu", log_lost);
	if (put_line(line))
		log_lost = 0;
}

/* A line that may wait goes behind those that do. */
static bool gathers(enum log_level level)
{
	return log_gathered.on && level >= LOG_INFO && log_lost == 0 && !log_torn &&
	       pthread_equal(pthread_self(), log_gathered.thread);
}

static void gather(struct buf *line)
{
	end_line(line);
	if (log_gathered.n + line->n > sizeof(log_gathered.bytes))
		put_gathered();
	memcpy(log_gathered.bytes + log_gathered.n, line->p, line->n);
	log_gathered.n += line->n;
	log_gathered.lines++;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	static struct buf line;          /* under the lock; kept for the next one */
	if (level > log_max)
		return;
	pthread_mutex_lock(&log_lock);
	bool waits = gathers(level);
	if (!waits) {
		put_gathered();
		say_lost(&line);
	}
	begin_line(&line, level);
	log_format(&line, event, fields, n);
	if (waits)
		gather(&line);
	else if (!put_line(&line))
		log_lost++;
	if (line.cap > 2 * PIPE_BUF)
		buf_fini(&line);
	pthread_mutex_unlock(&log_lock);
}

void log_plain(struct str text)
{
	struct buf line = { 0 };

	pthread_mutex_lock(&log_lock);
	put_gathered();
	add_priority(&line, LOG_ERROR);
	buf_add_str(&line, text);
	if (!put_line(&line))
		log_lost++;
	pthread_mutex_unlock(&log_lock);
	buf_fini(&line);
}

/* ---- several lines at once -------------------------------------------------- */

/* The last lines before a failed assertion are those that are wanted most. Whoever holds the lock
 * will not give it up any more. */
static void last_words(int signum)
{
	put_gathered();
	raise(signum);
}

void log_gather(void)
{
	struct sigaction act = { .sa_handler = last_words, .sa_flags = SA_RESETHAND };
	pthread_mutex_lock(&log_lock);
	log_gathered.on = true;
	log_gathered.thread = pthread_self();
	pthread_mutex_unlock(&log_lock);
	sigaction(SIGABRT, &act, NULL);
}

void log_flush(void)
{
	if (!log_gathered.on)
		return;
	pthread_mutex_lock(&log_lock);
	put_gathered();
	pthread_mutex_unlock(&log_lock);
}
