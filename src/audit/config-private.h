/* SPDX-License-Identifier: ISC
 *
 * What config.c, config-postfix.c and config-lines.c share: lines that are added to an answer.
 * Each is of a configuration that anybody may have written; nothing here looks into it.
 */
#ifndef PORTREEVE_AUDIT_CONFIG_PRIVATE_H
#define PORTREEVE_AUDIT_CONFIG_PRIVATE_H

#include "audit/config.h"
#include "audit/read-postfix.h"

/* By the text, too: one line of master.cf has many -o, and defaults have no line. */
static inline bool audit_place_is(const struct audit_place *x, const struct audit_place *y)
{
	return x->line == y->line && !strcmp(x->file, y->file) && !strcmp(x->text, y->text);
}

/* --- config-lines.c --- */
/* Unless it is there already; the last of them gives way if they are full. A default's text is
 * completed. */
void audit_why_add(struct audit_why *why, struct arena *a, const char *parameter,
                   const struct audit_place *place);

/* --- config-postfix.c --- */
int config_postfix_read(const struct audit_files *files, const struct audit_config_given *given,
                        struct arena *a, struct postfix **p);
void config_postfix_explain(struct postfix *p, const struct audit_client *client, struct arena *a,
                            struct audit_why *why);

#endif
