/* SPDX-License-Identifier: ISC
 *
 * How systemd starts a service: its unit, and the drop-ins that override it. Pure. Of a unit that a
 * script of /etc/init.d stands for, the drop-ins alone are there.
 *
 * Source: systemd.unit(5), the load path and drop-ins; systemd.service(5), command lines;
 * systemd.exec(5), Environment and EnvironmentFile; systemd.syntax(7), continuation and comments.
 *
 * Hostile input: the files. Values are cut off as those of a shell (shell-words.h).
 */
#ifndef PORTREEVE_AUDIT_UNIT_H
#define PORTREEVE_AUDIT_UNIT_H

#include "audit/setting.h"
#include "audit/shell-words.h"

enum { UNIT_WORDS_MAX = 64, UNIT_ENVIRONMENT_FILES_MAX = 8 };

struct unit {
	const char *words[UNIT_WORDS_MAX];       /* of ExecStart=, with variables put in */
	size_t n;                        /* 0: nothing is said of it */
	struct audit_place place;        /* where that stands */
	struct shell_values environment;
	bool unknown;                    /* of the words: more than is taken, or specifiers */
};

/* Where units and their drop-ins are, from the first that counts to the last; NULL behind it. */
extern const char *const unit_places[];

/* The first of the names, "exim4.service", that has a file; NULL behind the last. False: none. */
bool unit_read(const struct audit_files *files, const char *const *names, struct arena *a,
               struct unit *out);

#endif
