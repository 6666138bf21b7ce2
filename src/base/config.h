/* SPDX-License-Identifier: ISC
 *
 * Configuration: one table row per parameter. The row makes the parser, its
 * checks, `portreeve config` and the manual page; a room owns the rows of its
 * own section and the struct they fill. The file's syntax is libconfuse's.
 * What is done with a value of each type stands in one table, config-types.c.
 *
 * The file is trusted (root's), but we do not guess what its mistakes meant: an
 * unknown name, a wrong type or a value out of range is an error that names
 * file, line, parameter and what was expected. Blocks (reads the file).
 */
#ifndef PORTREEVE_BASE_CONFIG_H
#define PORTREEVE_BASE_CONFIG_H

#include "base/err.h"
#include "base/ip.h"
#include "base/json.h"

#include <stddef.h>

/* What a row may be, and what the member that it fills then is. */
enum config_type {
	CONFIG_STRING,     /* char *: never NULL, "" when unset */
	CONFIG_INT,        /* int64_t in min…max */
	CONFIG_BOOL,       /* bool: yes/no, true/false, on/off */
	CONFIG_DURATION,   /* int64_t seconds: 90, "90s", "15min", "24h", "5d" */
	CONFIG_SIZE,       /* int64_t bytes: 65536, "64K", "10M" */
	CONFIG_DOMAIN,     /* char *: a domain name, lower-cased, no trailing dot; "" when unset */
	CONFIG_ENDPOINTS,  /* struct config_endpoints: {"192.0.2.1:25", …} */
	CONFIG_IPS,        /* struct config_ips */
	CONFIG_STRINGS,    /* struct config_strings */
	CONFIG_PORTS,      /* struct config_ports */
	CONFIG_PREFIXES,   /* struct config_prefixes: {"192.0.2.0/24", …} */
};

struct config_endpoints { struct endpoint *v; size_t n; };
struct config_ips { struct ip *v; size_t n; };
struct config_strings { char **v; size_t n; };
struct config_ports { uint16_t *v; size_t n; };
struct config_prefixes { struct prefix *v; size_t n; };

/* The C type of a member, for CONFIG_MEMBER(). */
#define CONFIG_STRING_IS    char *
#define CONFIG_INT_IS       int64_t
#define CONFIG_BOOL_IS      bool
#define CONFIG_DURATION_IS  int64_t
#define CONFIG_SIZE_IS      int64_t
#define CONFIG_DOMAIN_IS    char *
#define CONFIG_ENDPOINTS_IS struct config_endpoints
#define CONFIG_IPS_IS       struct config_ips
#define CONFIG_STRINGS_IS   struct config_strings
#define CONFIG_PORTS_IS     struct config_ports
#define CONFIG_PREFIXES_IS  struct config_prefixes

/* The second and third column of a row: CONFIG_MEMBER(CONFIG_DURATION, struct x, wait_s). It does
 * not compile if the member has another type than the row. */
#define CONFIG_MEMBER(type, container, member) \
	type, offsetof(container, member) + \
	      _Generic(&((container *)0)->member, type##_IS *: (size_t)0)

/* When a change of the parameter counts. */
enum config_restart {
	CONFIG_AT_ONCE,          /* on HUP */
	CONFIG_NEXT_START,       /* when the role that reads it starts again */
	CONFIG_NEXT_RUN,         /* when the supervisor, which acts on it once, starts again */
};

struct config_row {
	const char *name;
	enum config_type type;
	size_t offset;           /* into the section's struct: CONFIG_MEMBER() */
	int64_t min, max;        /* numbers: range; lists: min and max count (max 0: 64) */
	const char *def;         /* default as it would stand in the file; lists comma-separated */
	const char *prose;       /* one sentence for the manual */
	const char *unit;        /* for the manual; NULL when the type says it */
	uint16_t default_port;   /* ENDPOINTS only; 0: a port is required */
	const char *choices;     /* STRING, STRINGS: the only values, "a, b, c"; NULL: any text */
	enum config_restart restart;
	const char *role;        /* whose restart that is; NULL: everybody's */
};

/* A section of the file: "tester { … }"; name "" is the top level. */
struct config_section {
	const char *name;
	const char *prose;
	const struct config_row *rows;
	size_t row_count;
	void *into;              /* the struct filled, owned by the caller */
};

/* Fills every section with defaults, then from the file at `path` (NULL: only
 * defaults). On error nothing is kept and *message gets one line:
 * "/etc/portreeve.conf:12: tester.rate: expected a number from 1 to 10000, found \"fast\"".
 * ERR_INVALID, ERR_NOT_FOUND, ERR_DENIED, ERR_IO. */
int config_load(const char *path, const struct config_section *sections, size_t n,
                struct buf *message);
/* The same from a text that was read elsewhere; messages call it `name`. */
int config_load_text(const char *name, struct str text, const struct config_section *sections,
                     size_t n, struct buf *message);
/* Sets one value from text, as if it stood in the file: for command-line options
 * ("tester.rate", "5"). Lists: comma-separated. */
int config_set(const struct config_section *sections, size_t n, const char *name,
               const char *value, struct buf *message);
/* Calls `waits` for each parameter that is not the same in two structs of sections (of the same
 * rows) and that is not CONFIG_AT_ONCE. If it answers yes, the value of a CONFIG_NEXT_RUN stays:
 * `fresh` gets the old one, and `old` the new one. */
void config_keep(const struct config_section *old, const struct config_section *fresh, size_t n,
                 bool (*waits)(void *arg, const struct config_row *row), void *arg);
/* Calls `visit` with each value of each parameter (of a list, with each one) as it stands in the
 * file, so in quotes if it is a text; the value is valid until `visit` returns. */
void config_each_value(const struct config_section *sections, size_t n,
                       void (*visit)(void *arg, const struct config_section *section,
                                     const struct config_row *row, struct str value),
                       void *arg);
/* Frees what the sections' structs own, leaving them zeroed. */
void config_fini(const struct config_section *sections, size_t n);

/* The effective configuration as a file that config_load() reads back
 * (`with_prose` puts each row's sentence, range and default above it). */
void config_print(const struct config_section *sections, size_t n, bool with_prose,
                  struct buf *out);
/* The same for machines, into the object that is open: a member for each parameter, an object
 * for each section; durations in seconds, sizes in bytes. */
void config_json(const struct config_section *sections, size_t n, struct json *j);
/* The rows as a roff list, for the manual page portreeve.conf(5). */
void config_print_manual(const struct config_section *sections, size_t n, struct buf *out);

#endif
