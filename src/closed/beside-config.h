/* SPDX-License-Identifier: ISC
 *
 * The configuration of a Postfix that runs beside the one that is there: the same rules, at ports
 * of loopback, with directories of its own, without anybody that it asks and without anybody who
 * delivers. Pure.
 *
 * Hostile input: both files. They are Postfix's to understand; here only services, call-outs
 * and what refuses by names are looked for, and what stands behind them wins.
 */
#ifndef PORTREEVE_CLOSED_BESIDE_CONFIG_H
#define PORTREEVE_CLOSED_BESIDE_CONFIG_H

#include "closed/beside.h"

/* main.cf: what is below `directory` takes the place of the other's. */
void beside_main(struct str original, const char *directory, struct buf *out);
/* master.cf: each service that takes mail by SMTP, in its order, at the next of the ports. Gives
 * their number, at most `n`. */
size_t beside_master(struct str original, const uint16_t *ports, size_t n,
                     struct beside_service *services, struct buf *out);
/* Whether it refuses by DNS or by a trial delivery: those restrictions say nothing in what the two
 * above write, as neither is the server's own here. */
bool beside_asks_names(struct str original);
/* Whether XCLIENT would not show what the configuration decides by. */
bool beside_hides(struct str original);

#endif
