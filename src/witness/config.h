/* SPDX-License-Identifier: ISC
 *
 * The section "witness" of the configuration: where the role listens, whom it answers, how often.
 */
#ifndef PORTREEVE_WITNESS_CONFIG_H
#define PORTREEVE_WITNESS_CONFIG_H

#include "base/config.h"

struct witness_config {
	struct config_endpoints listen;
	char *keys;                          /* path of the file of witness/key.h */
	int64_t rate;                        /* questions a minute of one key */
	int64_t sessions, sessions_per_host;
};
extern const struct config_row witness_config_rows[];
extern const size_t witness_config_row_count;

#endif
