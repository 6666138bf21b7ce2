/* SPDX-License-Identifier: ISC
 *
 * What the files of the one door (config.h) share: where files are, and lines that are added to an
 * answer. Each is of a configuration that anybody may have written; nothing here looks into it.
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

/* --- config-places.c --- */
#define CONFIG_EXIM_DEBIAN "/etc/exim4"
struct config_places {
	enum mta mta;
	const char *usual[6];            /* main files, the likeliest first; NULL behind the last */
	const char *inside[4];           /* their names in a directory that one is told */
	const char *programs[6];         /* where its program may be */
};
/* Of the four. Exim's Debian has a directory beside them. */
const struct config_places *config_places_of(enum mta mta);

/* --- config-lines.c --- */
/* Unless it is there already; the last of them gives way if they are full. A default's text is
 * completed. */
void audit_why_add(struct audit_why *why, struct arena *a, const char *parameter,
                   const struct audit_place *place);

/* --- config-ranges.c --- */
struct config_ranges {
	struct arena *arena;
	struct prefix *p;
	size_t n, cap, max;
	bool cut;                        /* there were more than max */
};
void config_range_add(struct config_ranges *all, const struct prefix *range);
void config_ranges_of_rules(const struct audit_reading *reading, struct config_ranges *all);
void config_ranges_of_postfix(struct postfix *p, struct config_ranges *all);
/* By address, the widest first; each once. */
void config_ranges_sort(struct config_ranges *all);

/* --- config-postfix.c --- */
int config_postfix_read(const struct audit_files *files, const struct audit_config_given *given,
                        struct arena *a, struct postfix **p);
void config_postfix_explain(struct postfix *p, const struct audit_client *client, struct arena *a,
                            struct audit_why *why);

/* --- config-postfix-route.c --- */
/* What may route a recipient that shows AUDIT_BY_PERCENT and the like; false: nothing does. */
bool config_postfix_routed(struct postfix *p, unsigned shows, struct arena *a,
                           struct audit_why *why);

#endif
