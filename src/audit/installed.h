/* SPDX-License-Identifier: ISC
 *
 * Which of the four servers' configurations are there, of this machine or of an image. Pure, but
 * for the files that it asks for. A configuration can be what a removed package left behind:
 * whether a program is there, too, is told beside it.
 *
 * Who uses it: the command `audit`. Hostile input that reaches it: the files, as in config.h.
 */
#ifndef PORTREEVE_AUDIT_INSTALLED_H
#define PORTREEVE_AUDIT_INSTALLED_H

#include "audit/setting.h"

enum { AUDIT_FOUND_MAX = 64 };

struct audit_found {
	enum mta mta;
	const char *directory;           /* for audit_config_given: a directory or a main file */
	const char *file;                /* that was seen: its main one */
	const char *kind;                /* "Debian's, split into parts"; "" of the usual one */
	const char *instance;            /* of Postfix, its name or directory; "" of the first */
	bool has_program;                /* the server itself is there */
	bool enabled;                    /* false: an instance that Postfix does not start */
};

/* In the arena; those whose program is there first, Postfix's instances behind each other. True
 * unless there are more than AUDIT_FOUND_MAX. */
bool audit_installed(const struct audit_files *files, struct arena *a,
                     struct audit_found **found, size_t *n);

/* The directories of other instances in the value of multi_instance_directories, absolute paths,
 * in the arena: up to max of them; their whole number is returned. *beyond is the first that there
 * was no room for; NULL. */
size_t audit_instance_directories(struct str value, struct arena *a, const char **directories,
                                  size_t max, const char **beyond);

/* Whose configuration is in that directory, or is that file; with *mta set before, only of that
 * server. ERR_NOT_FOUND. */
int audit_recognise(const struct audit_files *files, const char *name, enum mta *mta);

/* The directory in which its files name each other: "/etc/postfix"; NULL: none of its own. */
const char *audit_usual_directory(enum mta mta);

#endif
