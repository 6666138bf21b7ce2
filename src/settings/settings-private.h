/* SPDX-License-Identifier: ISC
 *
 * The sections of the configuration as one table, and the top level, which is this room's own.
 */
#ifndef PORTREEVE_SETTINGS_SETTINGS_PRIVATE_H
#define PORTREEVE_SETTINGS_SETTINGS_PRIVATE_H

#include "settings/settings.h"

struct settings_section {
	const char *name, *prose;
	const struct config_row *rows;
	const size_t *row_count;
	size_t offset;               /* of its struct in struct settings */
	/* What no row can say; NULL: the rows say all. ERR_INVALID with one line that names the
	 * parameter. `check` is asked by every command, the other one besides by whoever runs
	 * roles. Pure. */
	int (*check)(const struct settings *s, struct buf *message);
	int (*check_for_roles)(const struct settings *s, struct buf *message);
};

enum { SETTINGS_SECTIONS = 11 };
extern const struct settings_section settings_sections[SETTINGS_SECTIONS];

/* For base/config.h. */
void settings_sections_of(struct settings *s, struct config_section out[static SETTINGS_SECTIONS]);

/* No value is of the example file: ERR_INVALID with one line that names all parameters that have
 * one. Pure. */
int settings_check_examples(const struct settings *s, struct buf *message);
/* The files of the commands are there for who reads them; what this user cannot find out is a
 * remark. Blocks; as root it forks. ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID, ERR_IO. */
int settings_check_files(const struct settings *s, struct buf *message, struct buf *remarks);

extern const struct config_row general_config_rows[];
extern const size_t general_config_row_count;
int general_config_check(const struct general_config *g, struct buf *message);
int general_config_check_for_roles(const struct general_config *g, struct buf *message);
/* Fills in what depends on the machine. `state_directory` (NULL: none) wins over the file's. */
void general_config_fill(struct general_config *g, const char *state_directory);

#endif
