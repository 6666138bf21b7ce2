/* SPDX-License-Identifier: ISC */
#ifndef PORTREEVE_SETTINGS_SETTINGS_PRIVATE_H
#define PORTREEVE_SETTINGS_SETTINGS_PRIVATE_H

#include "settings/settings.h"

/* The part of settings_check() that rooms know, or that spans rooms. Pure. */
int settings_check_rooms(const struct settings *s, struct buf *message);

#endif
