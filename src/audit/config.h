/* SPDX-License-Identifier: ISC
 *
 * One door to a mail server's configuration, whichever server it is: the readers of read-*.h are
 * behind it, and their answers have one form. Pure.
 *
 * Who uses it: what judges, explains and compares configurations, and the commands. Hostile input
 * that reaches it: all files; see setting.h and read-*.h.
 */
#ifndef PORTREEVE_AUDIT_CONFIG_H
#define PORTREEVE_AUDIT_CONFIG_H

#include "audit/daemon.h"
#include "audit/facts.h"
#include "audit/who.h"

struct audit_config;                     /* lives in the arena */
struct audit_config_given {
	enum mta mta;                    /* one of the four that are read */
	const char *directory;           /* the directory of the files, or the main one; NULL:
	                                    where the server looks itself */
	const char *hostname;            /* NULL: unknown */
	const char *version;             /* of the server; NULL: unknown, taken as new */
	/* The interfaces: what Postfix trusts by mynetworks_style. Empty or NULL: loopback. */
	const struct facts *facts;
	/* By which the server runs; their `config` counts where no directory is given. NULL: those
	 * of the file by which it is started, where it has one. */
	const struct daemon_options *daemon;
};

/* 0, also where parts are among the unread; else the error of the main file itself: *config is set
 * then, too, with what was read. `given` and `*files` need not outlive the call, but files->arg
 * must: Postfix's tables are read when they are asked for. */
int audit_config_read(const struct audit_files *files, const struct audit_config_given *given,
                      struct arena *a, struct audit_config **config);
const struct audit_reading *audit_config_reading(const struct audit_config *config);

enum { AUDIT_BECAUSE_MAX = 4 };
struct audit_why {
	enum audit_answer answer;
	bool some;                       /* to some destinations only */
	const char *cause;               /* id of catalogue/cause.h for which the line that permits
	                                    is known by itself, or "" */
	/* What decides, the most telling first: the line of the range or table; the list or rule;
	 * a setting that it needs; the line of master.cf whose -o won. Of a default the place has
	 * no file, line 0, and as its text "mynetworks_style = subnet (default)". */
	struct audit_line by[AUDIT_BECAUSE_MAX];
	size_t by_n;
};
/* Whether mail of that client for a foreign domain is taken, and by what. With port NULL: at any
 * port; the widest answer counts. AUDIT_BY_RDNS of a client means: with whatever name serves it;
 * so for all else that it shows. */
void audit_config_explain(struct audit_config *config, const struct audit_client *client,
                          struct audit_why *why);

/* By what a client is believed who says, by a PROXY header or else by XCLIENT, that it is this
 * machine: the setting, then the lines of audit_config_explain() for 127.0.0.1. AUDIT_NO: nobody
 * is believed. Whom it is believed from is not looked at. */
void audit_config_explain_claim(struct audit_config *config, bool proxy,
                                const struct audit_port *port, struct audit_why *why);
/* The ranges from which somebody is believed at that service; how many, up to `max`. */
size_t audit_config_believed(struct audit_config *config, const char *service, struct arena *a,
                             struct prefix *ranges, size_t max);
/* AUDIT_BY_…: of which kinds a form's recipient is, an own one that holds a foreign address. 0: it
 * is none, or no form of the catalogue. */
unsigned audit_form_routes(const char *form);

/* Every range that the configuration tells from others, also by excluding it; each once, sorted by
 * address, then the widest first. In the arena `a`. False: there are more than `max`. */
bool audit_config_ranges(struct audit_config *config, size_t max, struct arena *a,
                         struct prefix **ranges, size_t *n);

/* A setting as it counts for a service ("" for all); NULL: set nowhere, and no default known. */
const struct audit_setting *audit_config_setting(struct audit_config *config, const char *service,
                                                 const char *name);

#endif
