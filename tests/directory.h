/* SPDX-License-Identifier: ISC
 *
 * A test program's own directory: removed with all that is in it.
 */
#ifndef PORTREEVE_TESTS_DIRECTORY_H
#define PORTREEVE_TESTS_DIRECTORY_H

#include <ftw.h>
#include <stdio.h>

static inline int directory_drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* 0, or -1 and errno: what a cmocka teardown returns. Links are removed, not followed. */
static inline int directory_remove(const char *path)
{
	enum { OPEN_MAX_AT_ONCE = 16 };
	return nftw(path, directory_drop, OPEN_MAX_AT_ONCE, FTW_DEPTH | FTW_PHYS);
}

#endif
