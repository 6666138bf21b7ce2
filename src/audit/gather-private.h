/* SPDX-License-Identifier: ISC
 *
 * What the readers of Exim, OpenSMTPD and Sendmail share: files within the limits of setting.h, and
 * arrays in the arena that grow. Of hostile input only bytes and counts matter here.
 */
#ifndef PORTREEVE_AUDIT_GATHER_PRIVATE_H
#define PORTREEVE_AUDIT_GATHER_PRIVATE_H

#include "audit/setting.h"

struct gather {
	struct arena *a;
	const struct audit_files *files;
	struct audit_reading *out;
	size_t files_n, total_bytes, range_n;
	size_t setting_cap, rule_cap, port_cap, domain_cap, unread_cap;
	bool decided;                    /* a rule holds for all: none behind it is asked */
	bool full;                       /* a limit was met: said once, nothing more is added */
};

/* The text of a file. Else a negative enum err; it is among the unread unless `optional` and not
 * there. */
int gather_file(struct gather *g, const char *name, bool optional, struct str *text);

void gather_setting(struct gather *g, struct str name, struct str value, const char *service,
                    const struct audit_place *place);
/* The fields of the rule must be of the arena or constant; a NULL text becomes "". */
void gather_rule(struct gather *g, const struct audit_rule *rule);
void gather_port(struct gather *g, const struct audit_port *port);
void gather_domain(struct gather *g, struct str domain);
void gather_unread(struct gather *g, const char *what, const char *why);
/* The same of one line: "file:line". */
void gather_unread_at(struct gather *g, const struct audit_place *place, const char *why);
/* What is behind a limit, too: the reading says that it was cut. */
void gather_cut_at(struct gather *g, const struct audit_place *place, const char *why);
/* The value of the last setting of that name, or the empty string; *place if not NULL. */
struct str gather_value(const struct gather *g, const char *name, struct audit_place *place);

/* The bytes with each run of white space, backslash at a line's end included, as one space. */
const char *gather_text(struct gather *g, struct str bytes);
/* The id of the cause by which that rule, which permits, lets too many in; "" if it need not. */
const char *gather_cause(const struct audit_rule *rule);

/* A list of clients that grows. */
struct gather_ranges {
	struct audit_range *p;
	size_t n, cap;
};
void gather_range(struct gather *g, struct gather_ranges *list, const struct audit_range *item);
/* Everybody of both families. */
void gather_everybody(struct gather *g, struct gather_ranges *list, bool not);
/* 127.0.0.1 and ::1. */
void gather_loopback(struct gather *g, struct gather_ranges *list);

/* "192.0.2.1", "192.0.2.0/24" with any host bits, "[…]" and "IPv6:" around. */
bool gather_prefix(struct str text, struct prefix *prefix);
/* A port by number or by one of the names that servers of mail use; 0: neither. */
uint16_t gather_port_number(struct str text);
/* A pattern of domains so wide that they are no one's own: "*.com", "*". `below`: each name stands
 * for those below it, too, as "com" does then. */
bool gather_is_wide(struct str domain, bool below);

/* The next line: comments, continuations are the caller's. False at the end. */
struct gather_lines {
	struct str rest;
	unsigned line;                   /* of the one just given */
};
bool gather_line(struct gather_lines *lines, struct str *line);

#endif
