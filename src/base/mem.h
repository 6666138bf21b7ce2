/* SPDX-License-Identifier: ISC
 *
 * Heap memory that never fails: out of memory ends the process here, so no
 * caller has a half-done state to undo. What these return is freed with
 * free().
 */
#ifndef PORTREEVE_BASE_MEM_H
#define PORTREEVE_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size_bytes) __attribute__((malloc, returns_nonnull));
/* `count * size_bytes`, checked for overflow, zeroed. */
void *mem_array(size_t count, size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *p, size_t count, size_t size_bytes) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* A NUL-terminated copy of n bytes. */
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

#endif
