/* SPDX-License-Identifier: ISC
 *
 * The gate asks its witness: a new word, the witness's connections to this server, and by what
 * address each was seen here: by the gate itself at the ports where no server runs yet, else in the
 * server's log. It blocks, for two minutes at most.
 */
#ifndef PORTREEVE_CLI_GATE_WITNESS_H
#define PORTREEVE_CLI_GATE_WITNESS_H

#include "audit/gate.h"
#include "cli/cli.h"

/* Fills witness, witness_why, sights and real of *known; all of it in the arena of `cli`. The
 * settings have a gate.witness. */
void gate_witness_look(struct cli *cli, const uint16_t *ports, size_t n, struct gate_known *known);

#endif
