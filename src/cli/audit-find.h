/* SPDX-License-Identifier: ISC
 *
 * What is to be audited: the mail server of this machine, its version and its names.
 */
#ifndef PORTREEVE_CLI_AUDIT_FIND_H
#define PORTREEVE_CLI_AUDIT_FIND_H

#include "audit/config.h"
#include "cli/cli.h"
#include "closed/server.h"

/* The server: that of --mta; else the one that listens for mail; else the only one that is
 * installed. What else there is goes to *others, words or "". CLI_GO or an exit code, told. */
int audit_find_server(struct cli *cli, const struct facts *f, const char *mta,
                      const struct closed_server **server, const char **others);
/* Whether any of them is installed. */
bool audit_find_any(void);
/* Whether that kind of server listens for mail. */
bool audit_find_listens(const struct facts *f, enum mta mta);
/* The same of an image below `root`, where nothing runs. */
int audit_find_in_image(struct cli *cli, const char *root, const char *mta,
                        const struct closed_server **server, const char **others);
/* By the packages of the system below `root`: "3.7.11-0+deb12u1"; NULL: not known. */
const char *audit_find_version(struct arena *a, const char *root, enum mta mta);
/* The same of a container's. */
const char *audit_find_version_in(const struct audit_files *files, struct arena *a, enum mta mta);
/* A real user of the machine, who gets mail. */
const char *audit_find_user(struct arena *a);
/* The name of the machine, as the kernel has it. */
const char *audit_find_machine(struct arena *a);
/* The server's own name, and a domain for which it takes mail. whole: the machine's name with its
 * domain; NULL: it is looked up. */
void audit_find_names(struct arena *a, struct audit_config *config, const char *machine,
                      const char *whole, const char **host_name, const char **domain);

#endif
