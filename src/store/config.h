/* SPDX-License-Identifier: ISC
 *
 * The section "store" of the configuration: how long is kept what nothing rests on any more,
 * and how far the clock may jump.
 */
#ifndef PORTREEVE_STORE_CONFIG_H
#define PORTREEVE_STORE_CONFIG_H

#include "base/config.h"

struct store_config {
	int64_t keep_tests_s;        /* after they ended */
	int64_t keep_returns_s;      /* after they came */
	int64_t keep_evidence_s;     /* after the test, or the delisting if that was later */
	int64_t clock_jump_max_s;
};
extern const struct config_row store_config_rows[];
extern const size_t store_config_row_count;

#endif
