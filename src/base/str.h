/* SPDX-License-Identifier: ISC
 *
 * Byte strings: `struct str` is a borrowed slice (no NUL, no ownership),
 * `struct buf` a growing buffer that owns its bytes. All comparison and
 * character classes are ASCII only: the protocols are, and no locale may
 * change what a mail address means.
 */
#ifndef PORTREEVE_BASE_STR_H
#define PORTREEVE_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
/* For printf: printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str str_of(const char *cstr)
{
	return (struct str){ cstr, cstr ? strlen(cstr) : 0 };
}

bool str_eq(struct str a, struct str b);
bool str_caseeq(struct str a, struct str b);
bool str_prefix(struct str s, struct str prefix);
bool str_caseprefix(struct str s, struct str prefix);
bool str_casesuffix(struct str s, struct str suffix);
/* Host is the domain or below it: "mx.example.org" in "example.org", "myexample.org" not. */
bool str_in_domain(struct str host, struct str domain);
/* Index of the first byte c, or SIZE_MAX. */
size_t str_find(struct str s, char c);
/* Offset of needle in s (ASCII case folded for str_casesearch), or SIZE_MAX. */
size_t str_search(struct str s, struct str needle);
size_t str_casesearch(struct str s, struct str needle);
/* The part from offset on; an offset past the end gives the empty string. */
struct str str_from(struct str s, size_t offset);
/* Without SP, HT, CR and LF at both ends. */
struct str str_trim(struct str s);
/* Cuts the next token off *s at any byte of `delims` (skips leading ones);
 * false at the end. */
bool str_token(struct str *s, const char *delims, struct str *token);
/* The same at SP, HT, CR and LF. */
bool str_word(struct str *s, struct str *word);
bool str_is_ascii(struct str s);
/* Bytes of the UTF-8 character (RFC 3629) that s begins with; 0 if it begins with none. */
size_t str_utf8(struct str s);
/* The number of that character; n is what str_utf8() answered, not 0. */
uint32_t str_utf8_value(struct str s, size_t n);
bool str_is_utf8(struct str s);
/* A decimal number of at most `max`; nothing else in s. ERR_INVALID, ERR_LIMIT. */
int str_u64(struct str s, uint64_t max, uint64_t *value);

static inline bool ascii_isdigit(unsigned char c) { return c >= '0' && c <= '9'; }
static inline bool ascii_isalpha(unsigned char c) { c |= 0x20; return c >= 'a' && c <= 'z'; }
static inline bool ascii_isalnum(unsigned char c) { return ascii_isdigit(c) || ascii_isalpha(c); }
static inline bool ascii_isspace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static inline bool ascii_isprint(unsigned char c) { return c >= 0x20 && c < 0x7f; }
static inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

/* A growing buffer. Zero-initialised is empty and valid. `p` may be NULL while
 * `n` is 0; it is NUL-terminated behind the last byte otherwise. */
struct buf {
	char *p;
	size_t n, cap;
};

void buf_fini(struct buf *b);
void buf_clear(struct buf *b);                      /* keeps the memory */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_add_str(struct buf *b, struct str s);
void buf_add_cstr(struct buf *b, const char *s);
void buf_add_byte(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
static inline struct str buf_str(const struct buf *b) { return (struct str){ b->p, b->n }; }
/* Never NULL. */
static inline const char *buf_cstr(const struct buf *b) { return b->p ? b->p : ""; }
/* Gives the bytes away (freed with free()) and leaves b empty; never NULL. */
char *buf_release(struct buf *b);

/* Appends s with every byte outside printable ASCII, and quote and backslash,
 * as \n, \t, \xHH, \" and \\ : for logs and messages about hostile input. */
void buf_add_escaped(struct buf *b, struct str s);

/* Copies s with a NUL into dst, cut to size; true if all of it fitted. */
bool str_copy(char *dst, size_t size, struct str s);

#endif
