/* SPDX-License-Identifier: ISC
 *
 * The catalogue of relay forms: every known way in which a mail server was made to
 * pass on a stranger's mail, one per row of a constant table. The tester
 * (relaytest) tries them on others.
 *
 * Each row names its sources: A MAPS relay-test · N nmap smtp-open-relay ·
 * X Metasploit smtp_relay · O ORBS/AUPADS · R rlytest · G OpenVAS and web checkers ·
 * P/S/E Postfix, Sendmail, Exim docs · F RFC 2505 · - first here.
 */
#ifndef PORTREEVE_CATALOGUE_CATALOGUE_H
#define PORTREEVE_CATALOGUE_CATALOGUE_H

#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"

/* How a case is carried: everything but the envelope. */
enum relay_session {
	RELAY_PLAIN,              /* EHLO with our own name */
	RELAY_BARE_BDAT,          /* BDAT in place of DATA */
	RELAY_POSTMASTER_FIRST,   /* an accepted local recipient before the foreign one */
	RELAY_UTF8,               /* SMTPUTF8 envelope */
	RELAY_DATA_ANYWAY,        /* DATA after the recipient was refused */
	RELAY_ANNOUNCED,          /* nothing is sent: a finding read from the EHLO reply */
	/* From here on each needs a connection of its own. */
	RELAY_HELO_LOCALHOST, RELAY_HELO_LOOPBACK, RELAY_HELO_HOST, RELAY_HELO_DOMAIN,
	RELAY_HELO_LITERAL,
	RELAY_TRUSTED_PTR,        /* from a source address whose PTR looks trusted */
	RELAY_XCLIENT,            /* XCLIENT to 127.0.0.1, where offered */
	RELAY_PROXY_V1, RELAY_PROXY_V2,
	RELAY_SOURCE_PORT,        /* from port 25 */
	RELAY_AUTH_INVENTED,      /* AUTH with made-up credentials */
	RELAY_AUTH_OWN,           /* AUTH with an account the owner gave; other's sender */
	RELAY_STARTTLS,           /* every envelope form again, under STARTTLS */
};

enum {
	RELAY_OWN_DOMAIN = 1u << 0,     /* the recipient is at the host's own name or literal, or
	                                   has no domain: a catch-all takes it too, so that only
	                                   the token decides */
	RELAY_OWNER_ONLY = 1u << 1,     /* consent `owner` only */
	RELAY_FINDING_ONLY = 1u << 2,   /* never makes the host open */
	RELAY_V4_COLLECTOR = 1u << 3,   /* needs the collector's IPv4 address */
};

struct relay_case {
	uint16_t number;         /* in tokens: unique, never reused */
	const char *id;          /* "E14" */
	const char *mail;        /* argument of "MAIL FROM:", a template */
	const char *rcpt;        /* argument of "RCPT TO:", a template */
	enum relay_session session;
	unsigned flags;
	const char *detects;
	const char *source;
	const char *literal;     /* the form with the address literal in place of the host's name,
	                            which reads the same where no name is known; NULL for none */
};

/* Whether the form has a sender, or a HELO, that is not ours: if it is refused for that, it is
 * closed. */
bool relay_forges_sender(const struct relay_case *c);      /* "<>" is nobody's: it counts */
bool relay_forges_helo(const struct relay_case *c);
/* Its connection claims to come from elsewhere (PROXY, XCLIENT, port 25), or to be a user's:
 * being turned away there is its refusal. */
bool relay_claims_client(const struct relay_case *c);

extern const struct relay_case relay_cases[];
extern const size_t relay_case_count;

/* NULL if there is none. */
const struct relay_case *relay_case_by_id(struct str id);

/* A form as results, tokens and evidence name it: "E14", and "S09-E14" under STARTTLS. Every plain
 * form has that twin. */
struct relay_form {
	const struct relay_case *row;
	bool starttls;
};
enum { RELAY_NAME_MAX = 12 };
/* ERR_NOT_FOUND if the catalogue has no such form. */
int relay_form_parse(struct str name, struct relay_form *form);
void relay_form_name(const struct relay_form *form, char name[static RELAY_NAME_MAX]);
bool relay_has_tls_twin(const struct relay_case *c);

const struct relay_case *relay_case_by_number(unsigned number);

/* What stands for the letters of a template, in braces: {U} recipient's token, {S} sender's
 * token, {D} destination domain, {T} second domain, {R} host name, {M} mail domain, {I} the
 * host's address literal with its brackets, {C} the collector's address, {CL} its literal.
 * An empty slice means "not known". */
struct relay_names {
	struct str u, s, d, t, r, m, i, c, cl;
};

/* Renders a template. ERR_NOT_FOUND if it names something not known (*missing
 * gets the letter's name in words). Pure. */
int relay_render(const char *pattern, const struct relay_names *names, struct buf *out,
                 const char **missing);

#endif
