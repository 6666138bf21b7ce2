/* SPDX-License-Identifier: ISC
 *
 * What the files of the desk share.
 */
#ifndef PORTREEVE_REPORT_DESK_PRIVATE_H
#define PORTREEVE_REPORT_DESK_PRIVATE_H

#include "report/desk.h"

/* Returns the store's error, its words in *problem behind `what`. */
int desk_store_refuses(const struct desk *desk, int err, const char *what, struct buf *problem);

#endif
