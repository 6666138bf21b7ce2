/* SPDX-License-Identifier: ISC
 *
 * What the files of the Postfix reader share: lines and words of its files, parameters as they
 * stand, services, tables, lists of networks. From the ground up: postfix-lines, -main, -expand,
 * -master, -map, -networks, -rules, -judge, read-postfix.c; each sees those before it only.
 *
 * Hostile input: as read-postfix.h says.
 */
#ifndef PORTREEVE_AUDIT_POSTFIX_PRIVATE_H
#define PORTREEVE_AUDIT_POSTFIX_PRIVATE_H

#include "audit/read-postfix.h"
#include "base/arena.h"

enum {
	POSTFIX_SERVICES_MAX = 100,      /* that take mail */
	POSTFIX_UNREAD_MAX = 200,
	POSTFIX_REFERENCES_MAX = 100000, /* resolved in one reading */
	POSTFIX_ELEMENTS_MAX = 4000,     /* looked at for one list of an answer */
	POSTFIX_ELEMENTS_ALL_MAX = 200000,   /* read, or looked at for all answers */
	POSTFIX_CLASSES_MAX = 200,
	POSTFIX_NETWORKS_MAX = 4000,
	POSTFIX_TRUSTS_MAX = 1000,
	POSTFIX_BYTES_MAX = 16 << 20,    /* of all files */
};

/* Room for one element more behind n of them; the room doubles. */
static inline void *postfix_grown(struct arena *a, void *old, size_t n, size_t size_bytes)
{
	if (n > 0 && (n & (n - 1)) != 0)
		return old;
	void *wide = arena_alloc(a, (n ? 2 * n : 1) * size_bytes);
	if (n > 0)
		memcpy(wide, old, n * size_bytes);
	return wide;
}

/* --- postfix-lines.c --- */
struct postfix_lines {
	struct str rest;
	unsigned number;                 /* of the line before rest */
	struct arena *arena;
};
struct postfix_line {
	unsigned number;
	struct str text;                 /* continuations joined by a space, trimmed at its end */
	bool cut;                        /* it was longer than AUDIT_LINE_MAX_BYTES */
};
bool postfix_line_next(struct postfix_lines *lines, struct postfix_line *line);
/* The next word of a list, between commas and spaces; what stands in braces is one. */
bool postfix_word(struct str *list, struct str *word);
/* What stands within the braces around it, trimmed; s itself without braces. */
struct str postfix_unbraced(struct str s);
/* Bytes of the balanced group with which s begins, braces included; 0: none, or not closed. */
size_t postfix_group(struct str s, char open, char close);

/* --- postfix-main.c --- */
struct postfix_assign {
	struct str name, value;          /* value as it stands */
	struct audit_place place;
};
struct postfix_service {
	const char *name, *type, *command;
	struct postfix_assign *own;      /* -o, in order: the last of a name wins */
	size_t own_n;
	struct audit_place place;
	struct audit_setting *settings;  /* resolved so far */
	size_t setting_n;
	struct postfix_network *networks;
	size_t network_n;
	bool networks_read;
	struct postfix_list { struct postfix_network *at; size_t n; bool read; } domains[4];
	struct postfix_parsed *parsed;   /* lists of restrictions read so far */
	size_t parsed_n;
};
struct postfix_parsed {
	const char *parameter;
	struct postfix_rule *rules;
	size_t n;
};
struct postfix_text {                    /* a file read */
	struct postfix_text *next;
	const char *name;
	struct str text;
	int err;
};
struct postfix_map;
enum { POSTFIX_SIGNS = 4, POSTFIX_ROUTED_LINES = 4 };
struct postfix_routed {                  /* of config-postfix-route.c, for one sign */
	bool looked;
	struct audit_line lines[POSTFIX_ROUTED_LINES];
	size_t n;
};
struct postfix {
	const struct audit_files *files;
	const struct postfix_given *given;
	struct arena *arena;
	struct postfix_assign *main;     /* sorted by name, one of each */
	size_t main_n;
	struct postfix_service all;      /* main.cf alone; its name is "" */
	struct postfix_service *services;    /* of smtpd and postscreen, in order */
	size_t service_n;
	const char *mynetworks;          /* the default by mynetworks_style */
	struct postfix_map *maps;
	struct postfix_text *texts;
	unsigned references, files_read;
	size_t elements;                 /* read, or looked at, in all */
	size_t explained;                /* of these, by config-postfix.c for answers */
	size_t bytes_read;
	struct postfix_routed routed[POSTFIX_SIGNS];
	struct audit_reading reading;
};
int postfix_main_read(struct postfix *p);
/* As it stands in the service's -o, in main.cf, or the default; false: nowhere. */
bool postfix_raw(struct postfix *p, const struct postfix_service *service, struct str name,
                 struct postfix_assign *found);
void postfix_unread(struct postfix *p, const char *what, const char *why);
/* What is behind a limit, too: the reading says that it was cut. */
void postfix_cut(struct postfix *p, const char *what, const char *why);
/* The text of a file, within the limits of a reading. */
int postfix_file(struct postfix *p, const char *name, struct str *text);
struct postfix_service *postfix_service_of(struct postfix *p, const char *name);

/* --- postfix-expand.c --- */
/* Never NULL; the value is "" and the place empty if it is set nowhere. */
const struct audit_setting *postfix_value(struct postfix *p, struct postfix_service *service,
                                          const char *name);
bool postfix_yes(struct postfix *p, struct postfix_service *service, const char *name);

/* --- postfix-master.c --- */
int postfix_master_read(struct postfix *p);
/* The address and port of an inet service; ERR_NOT_FOUND: a name that is not known. */
int postfix_service_port(const char *name, struct ip *address, uint16_t *port);

/* --- postfix-map.c --- */
enum postfix_map_kind { POSTFIX_MAP_UNREAD, POSTFIX_MAP_EXACT, POSTFIX_MAP_CIDR,
                        POSTFIX_MAP_STATIC,
                        POSTFIX_MAP_PATTERNS /* which of them match is not known */ };
struct postfix_entry {
	struct str key, value;
	struct prefix range;             /* of a cidr table; family 0: none */
	bool negated;
	struct audit_place place;
};
struct postfix_map {
	struct postfix_map *next;
	const char *name;
	enum postfix_map_kind kind;
	struct postfix_entry *entries;   /* in the order of the file */
	const struct postfix_entry **sorted;     /* by key, of an exact one */
	size_t entry_n;
	bool cut;                        /* it has more, or is too long to be read */
};
/* "type:name"; read once. Never NULL. */
const struct postfix_map *postfix_map(struct postfix *p, struct str name);
/* NULL: not in it. */
const struct postfix_entry *postfix_map_key(const struct postfix_map *map, struct str key);
const struct postfix_entry *postfix_map_ip(const struct postfix_map *map, const struct ip *ip);
/* "192.0.2.0/24", "192.0.2.1", "[2001:db8::]/32", "2001:db8::/32". */
int postfix_range(struct str s, struct prefix *range);
/* Also "10.1" and "2001:db8" of a table: what is cut off at a dot or colon stands for all that
 * begins so. */
bool postfix_key_range(struct str key, struct prefix *range);

/* --- postfix-networks.c --- */
struct postfix_network {
	struct prefix range;             /* family 0: a name or a table */
	const char *name;                /* of hosts; NULL: none */
	const struct postfix_map *map;   /* NULL: none */
	bool negated;
	/* Postfix cannot read it, and answers 451 to who is looked up as far as this: clients of
	 * family 4 or 6, BROKEN_FOR_ALL; 0: it can. */
	uint8_t broken;
	struct audit_place place;
};
enum { BROKEN_FOR_ALL = 1 };
size_t postfix_networks(struct postfix *p, const char *value, const struct audit_place *place,
                        struct postfix_network **networks);
/* Of $mynetworks, with its default by mynetworks_style. */
void postfix_mynetworks(struct postfix *p, struct postfix_service *service);
/* The first that matches, negated or not; NULL: none. */
const struct postfix_network *postfix_network_of(const struct postfix_network *networks, size_t n,
                                                 const struct postfix_client *client);
const char *postfix_style_networks(struct postfix *p, struct postfix_service *service);

/* --- postfix-rules.c --- */
size_t postfix_rules_parse(struct postfix *p, struct postfix_service *service, const char *value,
                           enum postfix_rule_kind plain_table, struct postfix_rule **rules);
/* The list in a parameter; read once. */
size_t postfix_rules_of(struct postfix *p, struct postfix_service *service, const char *parameter,
                        struct postfix_rule **rules);

#endif
