/* SPDX-License-Identifier: ISC
 *
 * The tables of hooks, a file for each server, joined in server.c.
 */
#ifndef PORTREEVE_CLOSED_SERVER_PRIVATE_H
#define PORTREEVE_CLOSED_SERVER_PRIVATE_H

#include "closed/server.h"

/* Recipients that nearly all take. */
extern const char *const closed_postmasters[];

extern const struct closed_server closed_postfix, closed_exim, closed_sendmail, closed_opensmtpd;

#endif
