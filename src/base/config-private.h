/* SPDX-License-Identifier: ISC
 *
 * What the two halves of the configuration share: config.c turns text into values,
 * config-print.c values into text.
 */
#ifndef PORTREEVE_BASE_CONFIG_PRIVATE_H
#define PORTREEVE_BASE_CONFIG_PRIVATE_H

#include "base/config.h"

struct config_unit {
	const char *name;
	int64_t factor;
};

/* Of CONFIG_DURATION and CONFIG_SIZE, greatest first; a NULL name ends them. */
const struct config_unit *config_units(enum config_type type);
/* 86400 as "1d", 65536 as "64K": the greatest unit that divides it. */
void config_add_number(struct buf *out, enum config_type type, int64_t value);
/* "a number from 1 to 10": what the row takes, for messages and the manual. */
void config_add_expected(struct buf *out, const struct config_row *row);

bool config_is_list(enum config_type type);
/* Values in the list at `field`. */
size_t config_list_count(const struct config_row *row, const void *field);
/* Bytes of the struct member that a row of that type fills. */
size_t config_size(enum config_type type);

#endif
