/* SPDX-License-Identifier: ISC
 *
 * The reader of Postfix's configuration: main.cf, master.cf and the plain tables that they name,
 * as they count for each service that takes mail; and the judgement by its lists of restrictions:
 * who may relay, by which element, on which line. Pure: files come by struct audit_files, facts
 * of the machine by struct postfix_given.
 *
 * Facts from Postfix's documentation: postconf(5), master(5), access(5), cidr_table(5),
 * COMPATIBILITY_README, SMTPD_ACCESS_README.
 *
 * Hostile input: all files. Work is bounded: lines, files, references and elements are counted;
 * what exceeds a limit is left out and said in `unread`.
 *
 * The answers were compared with those of Postfix 3.7.11 (80 lists, tables and networks, each asked
 * by XCLIENT from four addresses). Not read: qmqpd, the conditions of cidr tables, where names in
 * mynetworks and inet_interfaces point, a .db that differs from its text, transport_maps.
 *
 * What it cannot know and says as unknown: policy services, tables that ask a service (LDAP, SQL,
 * socketmap), patterns (pcre, regexp). The compiled form of hash, btree, lmdb, dbm and cdb is not
 * read, but the text of that name from which postmap makes it.
 */
#ifndef PORTREEVE_AUDIT_READ_POSTFIX_H
#define PORTREEVE_AUDIT_READ_POSTFIX_H

#include "audit/setting.h"

/* An address of the machine, with the length of its network. */
struct postfix_interface {
	struct ip address;
	uint8_t len;
};

struct postfix_given {
	const struct postfix_interface *interfaces;
	size_t interface_n;
	const char *hostname;            /* as the system gives it; NULL: unknown */
	const char *version;             /* $mail_version, "3.7.11"; NULL: unknown, taken as new */
	const char *directory;           /* of main.cf; NULL: "/etc/postfix" */
};

struct postfix;                          /* lives in the arena */

/* `files` and `given` must outlive it. ERR_NOT_FOUND, ERR_DENIED, ERR_LIMIT, ERR_INVALID as the
 * files answered for main.cf or master.cf; *p is set then as well, with what was read. */
int postfix_read(const struct audit_files *files, const struct postfix_given *given,
                 struct arena *a, struct postfix **p);
const struct audit_reading *postfix_reading(const struct postfix *p);

/* A service is named as in the first field of its line in master.cf; behind a postscreen it is the
 * smtpd of type pass, by whose name the port in the reading stands.
 *
 * A parameter as it counts for a service; "" for main.cf alone. Never NULL for a parameter with
 * a default that matters here; NULL: set nowhere. */
const struct audit_setting *postfix_setting(struct postfix *p, const char *service,
                                            const char *name);

/* What a restriction does about relaying. */
enum postfix_rule_kind {
	POSTFIX_RULE_UNKNOWN,            /* no such restriction: Postfix answers 451 */
	POSTFIX_RULE_NEUTRAL,            /* refuses some mail for other reasons, permits none */
	POSTFIX_RULE_PERMIT, POSTFIX_RULE_REJECT,
	POSTFIX_RULE_MYNETWORKS, POSTFIX_RULE_INET_INTERFACES, POSTFIX_RULE_SASL,
	POSTFIX_RULE_CERT_ANY, POSTFIX_RULE_CERT_LISTED,
	POSTFIX_RULE_OWN_DESTINATION,    /* permits mail for own domains */
	POSTFIX_RULE_GUARD,              /* refuses all other: reject_, defer_unauth_destination */
	POSTFIX_RULE_MX_BACKUP,
	POSTFIX_RULE_CLIENT, POSTFIX_RULE_REVERSE, POSTFIX_RULE_HELO, POSTFIX_RULE_SENDER,
	POSTFIX_RULE_RECIPIENT, POSTFIX_RULE_CERT_TABLE, POSTFIX_RULE_SASL_TABLE,
	POSTFIX_RULE_POLICY,             /* asks a service */
	POSTFIX_RULE_CLASS,              /* of smtpd_restriction_classes */
};
struct postfix_rule {
	enum postfix_rule_kind kind;
	const char *name;                /* "permit_mynetworks" */
	const char *argument;            /* "hash:/etc/postfix/access"; "" for none */
	bool warns_only;                 /* warn_if_reject stands before it */
};
/* The list in a parameter, in order. */
size_t postfix_rules(struct postfix *p, const char *service, const char *parameter,
                     const struct postfix_rule **rules);

/* Who asks. Zeros: a stranger that has nothing. */
struct postfix_client {
	struct ip address;
	const char *name;                /* verified; NULL: none */
	bool any_name;                   /* has a verified name as it serves him */
	bool forges_sender, forges_helo; /* says what serves him */
	const char *sender;              /* NULL: a foreign one */
	bool logged_in, cert_any, cert_listed;
	const char *recipient;           /* NULL: at a foreign domain */
	bool mx_here;                    /* an MX of the recipient's domain names this server */
	bool any_destination;            /* chooses the recipient as it serves him */
};
enum postfix_say {
	POSTFIX_REFUSES, POSTFIX_TAKES,
	POSTFIX_SOME,                    /* to some destinations only */
	POSTFIX_UNSURE,                  /* an element that cannot be read decides */
};
struct postfix_answer {
	enum postfix_say say;
	enum postfix_rule_kind kind;     /* of the element; POSTFIX_RULE_NEUTRAL: end of the list */
	const char *element;             /* "permit_mynetworks"; "" for the end of the list */
	const char *argument;            /* of the element; "" */
	const char *parameter;           /* in whose list it stands */
	struct audit_place list;         /* where that list stands */
	struct audit_line inner;         /* the list itself, or that of a class, in which the
	                                    element stands */
	struct audit_place place;        /* the line that decides: of mynetworks, of a table; else
	                                    the list's */
};
/* Whether that client may send mail elsewhere by that service, and what says so. */
void postfix_judge(struct postfix *p, const char *service, const struct postfix_client *client,
                   struct postfix_answer *answer);

#endif
