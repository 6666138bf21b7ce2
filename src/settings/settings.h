/* SPDX-License-Identifier: ISC
 *
 * The whole configuration as one struct: each room's section, and the general
 * rows that belong to no room. Read by every command and role at its start. The
 * file is trusted; see base/config.h for how its mistakes are told.
 */
#ifndef PORTREEVE_SETTINGS_SETTINGS_H
#define PORTREEVE_SETTINGS_SETTINGS_H

#include "audit/gate.h"
#include "base/log.h"
#include "blocklist/config.h"
#include "gateway/config.h"
#include "relaytest/config.h"
#include "store/config.h"
#include "store/list-config.h"
#include "store/store.h"
#include "trace/config.h"
#include "report/config.h"
#include "witness/config.h"

#define SETTINGS_FILE "/etc/portreeve/portreeve.conf"
#define SETTINGS_STATE "/var/lib/portreeve"     /* root's, where nothing names another */

/* The top level of the file. After settings_load() only `objection_url` may be "". */
struct general_config {
	char *state_directory;               /* absolute */
	char *user;                          /* roles become this user when started by root */
	struct config_strings roles;
	char *hostname;                      /* of this machine: HELO, banner */
	char *contact;                       /* mail address of a person, told to those we test */
	char *operator_name;                 /* who runs this, in probes and evidence */
	char *objection_url;
	struct config_endpoints resolver;    /* none: those of /etc/resolv.conf */
	int64_t role_watchdog_s;             /* a role may be silent; 0: for ever */
	char *log_level;
	bool hostname_given, contact_given;  /* in the file, not made up */
	bool state_is_callers;               /* nothing names it: it is in the caller's home */
};

struct settings {
	struct general_config general;
	struct tester_config tester;
	struct collector_config collector;
	struct dnsbl_config dnsbl;
	struct trace_config trace;
	struct report_config report;
	struct gateway_config gateway;
	struct witness_config witness;
	struct gate_config gate;
	struct store_config store;
	struct list_config list;
};

/* Fills *s from the file (NULL: SETTINGS_FILE if there is one, else the defaults), then
 * fills in what depends on the machine: state directory, host name, contact, operator.
 * `state_directory` (NULL: none) wins over the file's. On error *message has one line
 * and *s is zeroed. Errors as config_load(). Blocks (reads the file). */
int settings_load(struct settings *s, const char *path, const char *state_directory,
                  struct buf *message);
/* From the text that settings_print() made in another process of ours; nothing is filled in. */
int settings_load_text(struct settings *s, struct str text, struct buf *message);
/* Sets one parameter from text, as "tester.rate", "5": for command-line options. */
int settings_set(struct settings *s, const char *name, const char *value, struct buf *message);
/* Checks what no single row can, and every command needs: ERR_INVALID with one line.
 * settings_load() has called it; call it again after settings_set(). What roles need besides:
 * settings/check.h. */
int settings_check(const struct settings *s, struct buf *message);
/* New settings in a program that runs: calls `waits` for each parameter that is another one in
 * `fresh` and counts only when a role (NULL: all of it) is started again. If it answers yes, what
 * the supervisor acts on once gets its old value in `fresh`, and `old` the new one. */
void settings_keep(struct settings *old, struct settings *fresh,
                   bool (*waits)(void *arg, const char *role, const char *parameter), void *arg);
void settings_fini(struct settings *s);

enum log_level settings_log_level(const struct settings *s);
bool settings_has_role(const struct settings *s, const char *role);
/* What may be published; our own addresses are all that they name. */
void settings_fuse(const struct settings *s, struct fuse *fuse);
/* Gives an open store the rules of these settings: the fuse, and how far the clock may jump. */
void settings_rules(const struct settings *s, struct store *st);
/* One of tester.trusted_submitters. */
bool settings_trusts(const struct settings *s, const char *who);

/* See config_print(), config_json() and config_print_manual(). */
void settings_print(struct settings *s, bool with_prose, struct buf *out);
void settings_json(struct settings *s, struct json *j);
void settings_print_manual(struct buf *out);

#endif
