/* SPDX-License-Identifier: ISC */
#ifndef PORTREEVE_AUDIT_DISK_FILES_H
#define PORTREEVE_AUDIT_DISK_FILES_H
#include "audit/setting.h"
void audit_disk_files(struct arena *a, const char *root, struct audit_files *files);
#endif
