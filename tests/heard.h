/* SPDX-License-Identifier: ISC
 *
 * What the log says between two points: how many of its lines name an event.
 */
#ifndef PORTREEVE_TESTS_HEARD_H
#define PORTREEVE_TESTS_HEARD_H

#include "test.h"

#include "base/log.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct heard {
	int fd, stderr_fd;
	char bytes[1 << 15];          /* less than a pipe holds: nobody waits */
	size_t n;
};

/* From here on what goes to stderr is kept, and lines of all levels go there. No check may fail
 * until heard_end(): nobody would see it. */
static inline void heard_begin(struct heard *h)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	*h = (struct heard){ .fd = ends[0], .stderr_fd = dup(STDERR_FILENO) };
	log_init("test", LOG_DEBUG);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

static inline void heard_end(struct heard *h)
{
	dup2(h->stderr_fd, STDERR_FILENO);
	close(h->stderr_fd);
	log_init("test", LOG_ERROR);
	for (ssize_t n; (n = read(h->fd, h->bytes + h->n, sizeof(h->bytes) - h->n)) > 0;)
		h->n += (size_t)n;
	assert_true(h->n < sizeof(h->bytes));
	close(h->fd);
}

static inline unsigned heard_lines(const struct heard *h, const char *event)
{
	char wanted[64];
	unsigned lines = 0;
	struct str rest = { h->bytes, h->n };
	const int n = snprintf(wanted, sizeof(wanted), " test %s", event);
	const struct str name = { wanted, (size_t)n };
	for (size_t at; (at = str_search(rest, name)) != SIZE_MAX;) {
		rest = str_from(rest, at + name.n);
		lines += rest.n > 0 && (rest.p[0] == ' ' || rest.p[0] == '\n');
	}
	return lines;
}

#endif
