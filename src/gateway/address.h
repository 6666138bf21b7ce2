/* SPDX-License-Identifier: ISC
 *
 * What an envelope path is to a server that never follows a route. An address is plain if no
 * server ever read a route into it: letters, digits and a few signs, at a domain name. All else
 * that RFC 5321 allows (quotes, percent, bang, source route, literal) is told apart from it here,
 * once, and nothing later looks into the text again: who compares and who delivers have the same
 * two strings. Pure. Hostile input: every MAIL and RCPT of any client, as mail/address.h read it.
 */
#ifndef PORTREEVE_GATEWAY_ADDRESS_H
#define PORTREEVE_GATEWAY_ADDRESS_H

#include "dns/idn.h"
#include "mail/address.h"

enum gateway_address_kind {
	GATEWAY_ADDRESS_NULL,         /* <> */
	GATEWAY_ADDRESS_POSTMASTER,   /* <postmaster>, which has no domain (RFC 5321 4.5.1) */
	GATEWAY_ADDRESS_PLAIN,
	/* At a domain name, but its local part holds what has been read as a route or as a
	 * command: it may be somebody's name elsewhere, and is nobody's here. */
	GATEWAY_ADDRESS_ODD,
	/* A source route or an address literal: it says where to connect, not whose mail it is. So
	 * does what is no domain name once it is in A-labels (a full-width "@" is another "@"). */
	GATEWAY_ADDRESS_ROUTED,
};

struct gateway_address {
	enum gateway_address_kind kind;
	/* As given, a slice of the path's text. Both are empty but in PLAIN and ODD. */
	struct str local;
	/* In lower case and as A-labels (RFC 5890), so that one domain has one spelling. */
	char domain[IDN_TEXT_MAX];
};

void gateway_address_of(const struct mail_path *path, struct gateway_address *out);

/* Whether a local part is plain: of letters, digits, characters beyond ASCII and "+-_.=&'~#", and
 * begins with no "-" (it would be an option to a program). */
bool gateway_local_is_plain(struct str local);

/* postmaster or abuse (RFC 2142 4), at whatever domain: who keeps a host must be able to write
 * there, listed or not. */
bool gateway_address_is_role(const struct gateway_address *address);

#endif
