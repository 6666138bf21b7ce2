/* SPDX-License-Identifier: ISC
 *
 * What the parts of the configuration share: config-types.c knows the types, config.c turns a file
 * into values, config-print.c values into text.
 */
#ifndef PORTREEVE_BASE_CONFIG_PRIVATE_H
#define PORTREEVE_BASE_CONFIG_PRIVATE_H

#include "base/config.h"

/* All that is done with a value of one type. A list's functions take one of its values. */
struct config_kind {
	size_t size;             /* of the struct member */
	size_t item_size;        /* of one value of a list; 0: no list */
	/* Makes *value, which is zeroed or an older value. ERR_INVALID: it is untouched. */
	int (*parse)(const struct config_row *row, struct str text, void *value);
	/* As it stands in the file. */
	void (*print)(const void *value, struct buf *out);
	/* `name`: its member; NULL in an array. */
	void (*json)(const void *value, const char *name, struct json *j);
	/* "a number from 1 to 10": what the row takes, for messages and the manual. */
	void (*describe)(const struct config_row *row, struct buf *out);
	bool (*equal)(const void *a, const void *b);
	void (*release)(void *value);    /* NULL: it owns nothing */
};

const struct config_kind *config_kind(enum config_type type);
bool config_is_list(enum config_type type);

/* As the kind's describe(), or the row's choices. */
void config_describe(const struct config_row *row, struct buf *out);

/* `field` is the struct member that the row fills. */
void *config_field(const struct config_row *row, void *into);
size_t config_list_count(const void *field);
const void *config_list_item(const struct config_row *row, const void *field, size_t i);
/* One more value. ERR_INVALID: the list is as it was. */
int config_list_add(const struct config_row *row, void *field, struct str text);
/* Frees what it owns and zeroes it. */
void config_field_clear(const struct config_row *row, void *field);
bool config_field_equal(const struct config_row *row, const void *a, const void *b);
void config_field_swap(const struct config_row *row, void *a, void *b);

#endif
