/* SPDX-License-Identifier: ISC
 *
 * The zone of a date, apart from its other parts: date-zone.c knows the names, date.c where a
 * zone may stand.
 */
#ifndef PORTREEVE_MAIL_DATE_PRIVATE_H
#define PORTREEVE_MAIL_DATE_PRIVATE_H

#include "base/str.h"

enum date_zone {
	DATE_ZONE_NONE,          /* no zone, or one whose meaning is not known for sure */
	DATE_ZONE_NAME,          /* "CET" */
	DATE_ZONE_NUMBER,        /* "+0530", "+03", "GMT+01:00" */
	DATE_ZONE_UNTOLD,        /* "-0000" */
	DATE_ZONE_BAD,           /* a number that no zone can be: "+2500" */
};

/* *minutes east of UTC is set for a name and for numbers. */
enum date_zone date_zone_read(struct str word, int16_t *minutes);

#endif
