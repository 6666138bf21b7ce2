/* SPDX-License-Identifier: ISC
 *
 * What a server writes down of its checks: Authentication-Results by the whole grammar of
 * RFC 8601 2.2, with what the field writes beside it (no authserv-id, empty values, keys
 * without a type), and Received-SPF of RFC 7208 9.1. Slices of the value, no copy, one pass.
 *
 * Called by trace, which decides whose the field is. Hostile input that reaches it: whole
 * fields by anybody, and in the honest ones the sender's own words, in quoted local parts and
 * in comments. A value that cannot be told from what follows it ends the field: no result is
 * read out of a sender's words.
 */
#ifndef PORTREEVE_MAIL_AUTHRES_H
#define PORTREEVE_MAIL_AUTHRES_H

#include "base/str.h"

enum { AUTHRES_PROPERTIES_MAX = 16 };    /* of one result; further ones are left out */

/* "smtp.mailfrom=a@example.org" */
struct authres_property {
	struct str type, name;   /* "smtp", "mailfrom"; the type is "" where none is written */
	struct str value;        /* as written */
	struct str domain;       /* of an address or domain, else "" */
};

struct authres_result {
	struct str method, result;
	struct str reason;       /* as written, without the quotes around it */
	struct authres_property property[AUTHRES_PROPERTIES_MAX];
	size_t count;
};

struct authres {
	struct str id;           /* the authserv-id without quotes; "" where none is written */
	bool supported;          /* false: of a version that means we know not what */
	struct str rest;
};

void authres_begin(struct authres *a, struct str value);
/* The next result; false at the end, or where the field cannot be read further. Results of
 * unknown versions of a method are left out (RFC 8601 2.6). */
bool authres_next(struct authres *a, struct authres_result *r);
/* The domain of that property, or "". ASCII case does not matter. */
struct str authres_domain(const struct authres_result *r, struct str type, struct str name);

/* The identity that an SPF check was about. */
enum spf_identity { SPF_UNTOLD, SPF_MAILFROM, SPF_HELO, SPF_OTHER };

struct received_spf {
	struct str result;
	struct str receiver;     /* who checked, or the recipient's domain, or "" */
	struct str domain;       /* of the identity, or "" */
	enum spf_identity identity;
};

/* False if the value is no such field. */
bool received_spf_parse(struct str value, struct received_spf *spf);

#endif
