/* SPDX-License-Identifier: ISC
 *
 * Exim's configuration in steps: files as lines, with macros put in and conditions followed
 * (exim-lines.c); Debian's sources (exim-debian.c); options and sections (read-exim.c); lists of
 * hosts and domains (exim-list.c); the ACL as rules (exim-acl.c, exim-condition.c).
 */
#ifndef PORTREEVE_AUDIT_EXIM_PRIVATE_H
#define PORTREEVE_AUDIT_EXIM_PRIVATE_H

#include "audit/gather-private.h"

enum { EXIM_MACROS_MAX = 256, EXIM_LISTS_MAX = 512, EXIM_IFS_MAX = 32 };

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
	struct exim_line *acl;           /* the whole section of the ACLs */
	size_t acl_n, acl_cap;
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

/* ---- exim-condition.c: one condition of a verb, for plain mail to a foreign domain */
struct exim_condition {
	enum exim_truth truth;           /* EXIM_SHOWN: it hangs on the following */
	unsigned by, without;
	bool asks;                       /* it is one; else it sets something */
	bool by_hosts;
	struct exim_hosts hosts;
	const char *what;
};
void exim_condition(struct exim *x, struct str name, bool not, struct str value,
                    struct exim_condition *c);

/* ---- exim-acl.c */
void exim_acl(struct exim *x);

#endif
