/* SPDX-License-Identifier: ISC
 *
 * What a mail server's configuration says, and where: the common form into which the readers of
 * each server's files put what matters for the question who may relay (read-*.h). The answers of
 * the server itself are the truth; these explain them.
 *
 * Hostile input: the files may hold anything, as one may audit what a stranger sent. A reader gets
 * them by struct audit_files, with limits, and never opens one itself.
 */
#ifndef PORTREEVE_AUDIT_SETTING_H
#define PORTREEVE_AUDIT_SETTING_H

#include "base/arena.h"
#include "base/ip.h"
#include "catalogue/mta.h"

#include <stdint.h>

enum {
	AUDIT_FILE_MAX_BYTES = 4 << 20, AUDIT_LINE_MAX_BYTES = 64 << 10, AUDIT_FILES_MAX = 512,
	AUDIT_DEPTH_MAX = 16,            /* includes within includes, references within values */
	AUDIT_SETTINGS_MAX = 20000,
	AUDIT_TOTAL_MAX_BYTES = 16 << 20,        /* of all files together */
};

/* A line of a file. All strings live in the arena of the reading. */
struct audit_place {
	const char *file;                /* as the server knows it: "/etc/postfix/main.cf" */
	unsigned line;                   /* of its first line; 1 is the first; 0: none, a default */
	const char *text;                /* the line as it is, continuations joined by a space */
};

/* A line and whose it is. */
struct audit_line {
	const char *parameter;           /* "" where there is none */
	struct audit_place place;
};

/* One parameter as it counts for one service. */
struct audit_setting {
	const char *name, *value;        /* value with references resolved */
	const char *service;             /* whose override it is, as "submission"; "" for all */
	struct audit_place place;
};

/* Clients that may relay by their address, by a setting. */
struct audit_trust {
	struct prefix range;
	const char *service;             /* "" for all */
	struct audit_place place;
	const char *name;                /* of the parameter */
};

/* What a client must show, besides coming from a range, before a rule holds for it. */
enum audit_by {
	AUDIT_BY_RDNS = 1, AUDIT_BY_HELO = 2, AUDIT_BY_SENDER = 4,      /* of its own choice */
	AUDIT_BY_TLS = 8, AUDIT_BY_CERTIFICATE = 16, AUDIT_BY_LOGIN = 32,
	AUDIT_BY_RECIPIENT = 64,         /* some recipients or domains only, not own ones */
	AUDIT_BY_MX = 128,               /* domains whose MX names this server */
	AUDIT_BY_UNSURE = 256,           /* what only the server itself can decide */
	/* A recipient at an own domain whose local part holds a foreign address: by a percent
	 * sign, as a bang path, with its "@", packed as SRS or another mail system does. */
	AUDIT_BY_PERCENT = 512, AUDIT_BY_BANG = 1024, AUDIT_BY_AT = 2048, AUDIT_BY_PACKED = 4096,
	AUDIT_BY_ROUTES = AUDIT_BY_PERCENT | AUDIT_BY_BANG | AUDIT_BY_AT | AUDIT_BY_PACKED,
};

/* One item of a list of clients; the first that holds for a client decides. */
struct audit_range {
	struct prefix range;
	bool not, own;                   /* own: an address of the machine, whatever the range */
};

/* A rule on mail for foreign domains, in the order in which the server asks them: the first that
 * holds for a client decides, and if none does, the answer is no. */
struct audit_rule {
	bool permits;
	bool in_ranges;                  /* it is for these clients */
	bool range_else;                 /* also for one whom no item holds */
	const struct audit_range *ranges;
	size_t range_n;
	unsigned by, without;            /* AUDIT_BY_…: all are shown; none is shown */
	const char *what;                /* names, senders, recipients it is for; "" if none */
	const char *cause;               /* id of catalogue/cause.h, if it lets too many in */
	const char *service;             /* "" for all */
	const char *name;                /* of the parameter */
	struct audit_place place;
	const char *list_name;           /* the list of its clients or domains, where it stands */
	struct audit_place list;         /* elsewhere */
	struct audit_line through;       /* what routes it on then; parameter NULL: not known */
};

/* A port on which the server takes mail. */
struct audit_port {
	struct ip address;               /* family 0: all of both */
	uint16_t port;
	const char *service;
	bool tls_first, for_login;       /* TLS from the first byte; only who logs in is meant */
	bool for_known;                  /* clients that no rule names are turned away */
	struct audit_place place;
};

/* What could not be read or understood: what, and why, in words. */
struct audit_unread {
	const char *what, *why;
};

struct audit_reading {
	enum mta mta;
	struct audit_setting *settings;
	struct audit_trust *trusts;      /* the ranges of the rules that permit, one by one */
	struct audit_rule *rules;        /* who.h answers by them */
	struct audit_port *ports;
	const char **domains;            /* own ones, as far as they are in the files */
	struct audit_unread *unread;
	size_t setting_n, trust_n, rule_n, port_n, domain_n, unread_n;
	bool port_unread;                /* it listens where could not be found out */
	bool cut;                        /* a limit was met: who may relay may be among the rest */
	bool open_to_all;                /* no rule stands before strangers' mail at some port */
	struct audit_place opened_by;
};

/* The files, by name: 0 with the text, valid as long as the arena; ERR_NOT_FOUND; ERR_DENIED;
 * ERR_LIMIT: too long, or too many; ERR_INVALID: no regular file; ERR_TIMEOUT. `list` gives the
 * names of a directory or pattern, sorted. */
struct audit_files {
	int (*read)(void *arg, const char *name, struct arena *a, struct str *text);
	int (*list)(void *arg, const char *pattern, struct arena *a, const char ***names,
	            size_t *n);
	void *arg;
};

#endif
