/* SPDX-License-Identifier: ISC
 *
 * `portreeve keys witness`: makes a key for who may ask a witness of ours. The secret goes into a
 * file of the caller, and nowhere else; the row for the witness is printed.
 */
#ifndef PORTREEVE_CLI_KEYS_WITNESS_H
#define PORTREEVE_CLI_KEYS_WITNESS_H

#include "cli/cli.h"

struct keys_witness {
	struct cli_values hosts, ports, networks;        /* as given */
	bool force;
};

/* The operands are "witness", NAME and FILE. The exit code. It opens no state directory. */
int keys_witness(struct cli *cli, const struct keys_witness *given);

#endif
