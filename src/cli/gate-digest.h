/* SPDX-License-Identifier: ISC
 *
 * A digest of all that the gate's answer depends on: the mail servers' configurations and programs,
 * the network, and what the gate was told. As long as it is the same, so is the answer. And where
 * that answer is kept. All of it blocks, for less than a second.
 *
 * Hostile input: contents and names of files below the servers' directories; names of files in
 * them, which are only opened if they are regular, up to a size. The file of the answer counts only
 * if it is the caller's own and nobody else can write it.
 */
#ifndef PORTREEVE_CLI_GATE_DIGEST_H
#define PORTREEVE_CLI_GATE_DIGEST_H

#include "audit/gate.h"
#include "cli/cli.h"

/* `config`: the directory or file of another configuration; NULL: none. `told`: whatever else
 * counts. Hexadecimal. False: there was more than is read, so that the digest says nothing. */
bool gate_digest(const char *config, const struct facts *facts, struct str told,
                 char digest[static GATE_DIGEST_CHARS + 1]);

/* ERR_NOT_FOUND; ERR_DENIED: it may be somebody else's; ERR_INVALID, ERR_IO. */
int gate_kept_read(const char *path, struct gate_kept *out);
/* As file_write(); also ERR_EXISTS: something else is there. */
int gate_kept_write(const char *path, const struct gate_kept *kept);

#endif
