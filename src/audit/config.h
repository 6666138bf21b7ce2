/* SPDX-License-Identifier: ISC
 *
 * One door to the configuration of whichever mail server it is: who may relay by it, and by which
 * lines.
 */
#ifndef PORTREEVE_AUDIT_CONFIG_H
#define PORTREEVE_AUDIT_CONFIG_H

#include "audit/facts.h"
#include "audit/who.h"

struct audit_config;                     /* lives in the arena */
struct audit_config_given {
	enum mta mta;
	const char *directory;           /* a directory or main file; NULL: where the server looks */
	const char *hostname;            /* NULL: unknown */
	const char *version;             /* NULL: unknown */
	const struct facts *facts;       /* interfaces; may be empty */
};
/* 0 also where parts are unread; else the error of the main file itself, *config is set then,
 * too. */
int audit_config_read(const struct audit_files *files, const struct audit_config_given *given,
                      struct arena *a, struct audit_config **config);
const struct audit_reading *audit_config_reading(const struct audit_config *config);

enum { AUDIT_BECAUSE_MAX = 4 };
struct audit_why {
	enum audit_answer answer;
	bool some;                       /* to some destinations only */
	const char *cause;               /* that the deciding line is known for; "" */
	struct audit_line by[AUDIT_BECAUSE_MAX];     /* what decides, the most telling first */
	size_t by_n;
};
void audit_config_explain(struct audit_config *config, const struct audit_client *client,
                          struct audit_why *why);
/* A setting as it counts for a service ("" for all); NULL: set nowhere. */
const struct audit_setting *audit_config_setting(struct audit_config *config, const char *service,
                                                 const char *name);

#endif
