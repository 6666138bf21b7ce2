/* SPDX-License-Identifier: ISC
 *
 * Postfix in the closed room. `postfix start` makes what its spool lacks, and its master comes up
 * by itself; an instance is a directory of its own.
 */
#include "closed/server-private.h"

#include <string.h>

static const char *const postfix_programs[] = { "/usr/sbin/postfix", "/usr/local/sbin/postfix",
                                                NULL };
/* Files of the chroot stay, and the maps that Plesk has there; the queue, pid/ and the sockets do
 * not. */
static const char *const postfix_chroot[] = { "etc", "lib", "lib64", "usr", "bin", "plesk", NULL };
static const struct closed_tree postfix_trees[] = {
	{ "/var/spool/postfix", postfix_chroot, false },
	{ "/var/lib/postfix", NULL, false },            /* data_directory: locks and caches */
};

static const char *const postfix_places[] = { "/etc/postfix", "/usr/local/etc/postfix", NULL };

static void postfix_start(const char *program, const char *config, const char **words)
{
	const char *const start[] = { program, "-c", config, "start", NULL };
	for (size_t i = 0; i < sizeof(start) / sizeof(start[0]); i++)
		words[i] = start[i];
}

static void postfix_networks(const char *program, const char *config, const char **words)
{
	/* It stands beside the program. Warnings are no networks. */
	const char *postconf = strncmp(program, "/usr/local/", 11) == 0 ? "/usr/local/sbin/postconf"
	                                                                : "/usr/sbin/postconf";
	const char *const ask[] = { "/bin/sh", "-c",
	                            "exec \"$0\" -c \"$1\" -xh mynetworks 2>/dev/null",
	                            postconf, config, NULL };
	for (size_t i = 0; i < sizeof(ask) / sizeof(ask[0]); i++)
		words[i] = ask[i];
}

const struct closed_server closed_postfix = {
	.mta = MTA_POSTFIX, .programs = postfix_programs, .config = "/etc/postfix",
	.places = postfix_places, .kept = postfix_chroot,
	.trees = postfix_trees, .tree_n = sizeof(postfix_trees) / sizeof(postfix_trees[0]),
	.controls = closed_postmasters, .start = postfix_start, .networks = postfix_networks,
};
