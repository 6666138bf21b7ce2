/* SPDX-License-Identifier: ISC
 *
 * Exim in the closed room. It finds its own configuration; no queue runner is started beside the
 * daemon.
 */
#include "closed/server-private.h"

static const char *const exim_programs[] = { "/usr/sbin/exim4", "/usr/sbin/exim", NULL };

static void exim_start(const char *program, const char *config, const char **words)
{
	size_t n = 0;
	words[n++] = program;
	words[n++] = "-bd";
	if (config) {
		words[n++] = "-C";
		words[n++] = config;
	}
	words[n] = NULL;
}

const struct closed_server closed_exim = {
	.mta = MTA_EXIM, .programs = exim_programs, .controls = closed_postmasters,
	.start = exim_start,
};
