/* SPDX-License-Identifier: ISC
 *
 * A segment of the log whose disk fails for a while.
 */
#ifndef PORTREEVE_TESTS_GATEWAY_BREAK_SEGMENT_H
#define PORTREEVE_TESTS_GATEWAY_BREAK_SEGMENT_H

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A descriptor whose syncs fail, as of a disk that is gone: pipes cannot be synced. */
static inline int break_segment(const char *ending)
{
	char target[400], name[64];
	int fds[2], broken = -1;
	for (int fd = 3; fd < 200; fd++) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(name, target, sizeof(target) - 1);
		if (n > 0 && (target[n] = '\0', strstr(target, ending)))
			broken = fd;
	}
	assert_true(broken > 0);
	assert_int_equal(pipe(fds), 0);
	const int kept = dup(broken);
	assert_int_equal(dup2(fds[1], broken), broken);
	close(fds[0]);
	close(fds[1]);
	/* Reads still succeed when it is put back; the caller does so. */
	return kept << 16 | broken;
}

static inline void mend_segment(int both)
{
	assert_int_equal(dup2(both >> 16, both & 0xffff), both & 0xffff);
	close(both >> 16);
}

#endif
