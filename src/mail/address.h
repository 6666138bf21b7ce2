/* SPDX-License-Identifier: ISC
 *
 * Envelope paths: the full grammar of RFC 5321 4.1.2 (source routes, quoted
 * local parts, address literals, the null path, postmaster alone) and, for
 * SMTPUTF8, RFC 6531. Pure. Hostile input: every MAIL and RCPT of any client.
 */
#ifndef PORTREEVE_MAIL_ADDRESS_H
#define PORTREEVE_MAIL_ADDRESS_H

#include "base/err.h"
#include "base/ip.h"

/* Limits of RFC 5321 4.5.3.1. */
enum { MAIL_LOCAL_MAX = 64, MAIL_DOMAIN_MAX = 255, MAIL_PATH_MAX = 256 };

/* Slices point into the parsed text. */
struct mail_path {
	struct str text;          /* the whole path as given, with its brackets */
	struct str route;         /* "@a,@b" without the colon; empty if none */
	struct str local;         /* as given, quotes kept */
	struct str domain;        /* as given, "[192.0.2.1]"; empty for <> and <postmaster> */
	bool is_null;             /* <> */
	bool is_quoted;           /* the local part is a quoted string */
	bool is_literal;          /* the domain is an address literal */
	struct ip literal;        /* its address; family 0 for a general literal */
};

enum {
	MAIL_PATH_NULL_OK = 1u << 0,        /* <> (MAIL) */
	MAIL_PATH_POSTMASTER_OK = 1u << 1,  /* <postmaster> without domain (RCPT) */
	MAIL_PATH_UTF8_OK = 1u << 2,        /* RFC 6531 */
};

/* Reads one path at the start of s; *used gets its length, so that parameters
 * can follow. The source route is read and kept, never followed. */
int mail_path_parse(struct str s, unsigned flags, struct mail_path *path, size_t *used,
                    struct parse_error *pe);
/* "user@example.org" as it stands between the brackets of a path: no source route, and no
 * longer than fits there. */
bool mail_address_valid(struct str s);
/* The local part without quotes and backslashes; dst has local.n bytes. Returns
 * the length. */
size_t mail_local_unquote(const struct mail_path *path, char *dst);
/* A domain name of RFC 5321 (letters, digits, hyphens, 63 bytes per label, 255 in all). */
bool mail_domain_valid(struct str s);
/* "[192.0.2.1]" or "[IPv6:…]" -> *ip; ERR_UNSUPPORTED for a general literal. */
int mail_literal_parse(struct str s, struct ip *ip);

#endif
