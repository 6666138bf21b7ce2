/* SPDX-License-Identifier: ISC
 *
 * Files of a configuration that stands elsewhere than where its server looks: what it names below
 * the server's own place is read from there. Pure.
 */
#ifndef PORTREEVE_AUDIT_CARRIED_FILES_H
#define PORTREEVE_AUDIT_CARRIED_FILES_H

#include "audit/setting.h"

struct carried_files {
	struct audit_files files;        /* that are asked */
	const char *place, *at;          /* "/etc/postfix", "/root/new"; or both files */
};

/* *files then asks c, whose own fields are set already, and which outlives it. */
void carried_files_init(struct carried_files *c, struct audit_files *files);
/* Where that name is read: where nothing is carried (place NULL), there itself. */
const char *carried_files_name(const struct carried_files *c, const char *name, struct arena *a);

#endif
