/* SPDX-License-Identifier: ISC
 *
 * What every unit test includes: cmocka in the order it needs. Tests are tables
 * where the thing under test is a function; each row has a name that a failure
 * prints.
 */
#ifndef PORTREEVE_TESTS_TEST_H
#define PORTREEVE_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Fails with the row's name. */
#define CHECK_ROW(name, condition) \
	do { if (!(condition)) fail_msg("%s: %s", (name), #condition); } while (0)

#endif
