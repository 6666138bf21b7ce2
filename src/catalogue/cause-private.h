/* SPDX-License-Identifier: ISC
 *
 * The causes in the words of each kind of server: a table per file, joined in cause.c.
 */
#ifndef PORTREEVE_CATALOGUE_CAUSE_PRIVATE_H
#define PORTREEVE_CATALOGUE_CAUSE_PRIVATE_H

#include "catalogue/cause.h"

extern const struct cause_words cause_postfix[], cause_exim[], cause_sendmail[], cause_opensmtpd[],
                                cause_qmail[], cause_courier[], cause_exchange[];
extern const size_t cause_postfix_count, cause_exim_count, cause_sendmail_count,
                    cause_opensmtpd_count, cause_qmail_count, cause_courier_count,
                    cause_exchange_count;

#endif
