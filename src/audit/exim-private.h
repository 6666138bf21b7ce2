/* SPDX-License-Identifier: ISC
 *
 * Exim's configuration in steps: files as lines, with macros put in and conditions followed
 * (exim-lines.c); Debian's sources (exim-debian.c); options and sections (read-exim.c); lists of
 * hosts and domains (exim-list.c); the ACL as rules (exim-acl.c, exim-condition.c); what routes on
 * by a local part, and what takes a foreign domain on (exim-route.c, exim-sign.c).
 */
#ifndef PORTREEVE_AUDIT_EXIM_PRIVATE_H
#define PORTREEVE_AUDIT_EXIM_PRIVATE_H

#include "audit/gather-private.h"

enum { EXIM_MACROS_MAX = 256, EXIM_LISTS_MAX = 512, EXIM_IFS_MAX = 32,
       EXIM_ROUTERS_MAX = 512 };

struct exim_macro {
	struct str name, value;
	struct audit_place place;
	bool fixed;                      /* by the command line: no line of a file changes it */
};

struct exim_list {
	bool hosts;                      /* else domains or others */
	struct str name, value;
	struct audit_place place;
};

struct exim_line {
	struct str text;
	struct audit_place place;
};

struct exim_lines {
	struct exim_line *p;
	size_t n, cap;
	bool cut;
};

/* What makes a foreign address of a local part that holds one. */
struct exim_route {
	unsigned sign;                   /* AUDIT_BY_PERCENT, … */
	bool unsure;
	struct str domain;               /* an own one that it is for */
	struct audit_line line;
};

struct exim {
	struct gather *g;
	/* Called for each whole line that is no macro's; after a macro is defined. */
	void (*line)(struct exim *x, struct str text, const struct audit_place *place);
	void (*defined)(struct exim *x, struct exim_macro *macro);
	struct exim_macro macros[EXIM_MACROS_MAX];
	struct exim_list lists[EXIM_LISTS_MAX];
	size_t macro_n, list_n;
	size_t expanded_bytes, looked, items;    /* work done: some input multiplies itself */
	/* .ifdef within .ifdef: whether this branch counts, and whether one did. */
	struct { bool counts, done; } ifs[EXIM_IFS_MAX];
	size_t if_n;
	char section[32];                /* "" for the main one */
	char driver[64];                 /* of an authenticator: its name */
	struct exim_lines acl, routers, rewrites;        /* whole sections */
	struct exim_router *router;      /* of exim-route.c; NULL: not read yet */
	size_t router_n;
	/* The pass over the ACL: plain mail to a foreign domain, or what that routes. */
	const struct exim_route *route;
	unsigned needs;                  /* AUDIT_BY_…: what each "require" so far asks for */
	const char *what;                /* the domains that it asked for, as its text has them */
	const struct exim_list *list;    /* in which the last one of these found the domain */
	bool verified;                   /* the recipient was, by the routers */
	const struct exim_list *found;   /* exim_domains(): the innermost one that decided */
	/* Of exim_routes_foreign(), which looks once. */
	struct { bool looked, routes; struct audit_line line; } foreign;
	bool debian;                     /* the file that update-exim4.conf makes is read */
	const char *debian_directory;
};

/* ---- exim-lines.c */
int exim_read_file(struct exim *x, const char *file, bool optional, unsigned depth);
void exim_define(struct exim *x, struct str name, struct str value,
                 const struct audit_place *place);
const struct exim_macro *exim_macro_find(const struct exim *x, struct str name);
/* ---- exim-debian.c */
/* Of generated macros the line in update-exim4.conf.conf becomes the place; without a generated
 * file they are made of it. ERR_NOT_FOUND: neither is there. */
int exim_debian_read(struct exim *x, const char *directory);

/* ---- exim-list.c */
/* The next item of a list; "<;" at its beginning, doubled separators and spaces as Exim has them.
 * *list begins with the whole one and *separator 0. */
bool exim_item(struct gather *g, struct str *list, char *separator, struct str *item);
const struct exim_list *exim_list_find(const struct exim *x, struct str name, bool hosts);

struct exim_hosts {
	struct gather_ranges ranges;
	bool range_else;                 /* none of the items decides, and it is in the list */
	bool names, unsure;              /* more hosts by name, or by what is not in the files */
	const struct exim_list *named;   /* it is that list alone */
};
void exim_hosts(struct exim *x, struct str list, struct exim_hosts *hosts);

enum exim_truth { EXIM_NO, EXIM_YES, EXIM_SHOWN };
/* Whether a foreign domain is of the list; EXIM_SHOWN: some are, *by says which. Own domains are
 * noted. */
enum exim_truth exim_domains(struct exim *x, struct str list, unsigned *by);
/* Whether that own domain, as its list has it, is of the list. */
bool exim_has_domain(struct exim *x, struct str list, struct str domain);
/* An own domain of a list: the first item that takes something in. Empty: there is none. */
struct str exim_some_domain(struct exim *x, struct str list);

/* ---- exim-map.c: lookups in text files. False: it is none, or cannot be read */
bool exim_map_domains(struct exim *x, struct str item, unsigned *by, enum exim_truth *truth);
bool exim_map_hosts(struct exim *x, struct str item, bool not, struct exim_hosts *hosts);

/* ---- exim-condition.c: one condition of a verb, for plain mail to a foreign domain */
struct exim_condition {
	enum exim_truth truth;           /* EXIM_SHOWN: it hangs on the following */
	unsigned by, without;
	bool asks;                       /* it is one; else it sets something */
	bool by_hosts;
	struct exim_hosts hosts;
	const struct exim_list *list;    /* of domains, which decided */
	bool verifies;                   /* the recipient, by the routers */
	const char *what;
};
void exim_condition(struct exim *x, struct str name, bool not, struct str value,
                    struct exim_condition *c);

/* ---- exim-sign.c: how a local part holds a foreign address (`sign` as of struct exim_route) */
/* Such a local part is of the list. */
bool exim_sign_matches(struct exim *x, struct str list, unsigned sign);
/* An expansion asks a program or database what to make of the local part: anything may come. */
bool exim_sign_asks(struct str data);
/* An expansion makes the domain of what it gives out of the local part. */
bool exim_sign_expands(struct str data, unsigned sign);

/* ---- exim-route.c */
bool exim_route_of(struct exim *x, unsigned sign, struct exim_route *route);
/* Whether a router takes a foreign domain; false only if it is sure. *line: which one, if known;
 * else its parameter is NULL. */
bool exim_routes_foreign(struct exim *x, struct audit_line *line);

/* ---- exim-acl.c */
void exim_acl(struct exim *x);

#endif
