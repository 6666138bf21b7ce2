/* SPDX-License-Identifier: ISC
 *
 * `portreeve evidence` among its files: where bundles and keys come from, and how one is shown.
 */
#ifndef PORTREEVE_CLI_EVIDENCE_H
#define PORTREEVE_CLI_EVIDENCE_H

#include "cli/cli.h"

/* ---- evidence-bundle.c ------------------------------------------------------------ */

/* A file of the caller's, of what is expected there; before the state directory is entered.
 * CLI_GO or an exit code. */
enum { EVIDENCE_BUNDLE_MAX_BYTES = 16 << 20, EVIDENCE_KEY_MAX_BYTES = 1 << 16 };
int evidence_read_file(struct cli *cli, const char *path, size_t max_bytes, const char *expected,
                       struct buf *out);
/* The public key of the state directory. */
int evidence_own_key(struct cli *cli, struct buf *pem);

/* The newest bundle of an address, or that of an id; the store is open afterwards. */
struct evidence_found {
	struct ip address;                   /* family 0: it was asked for by its id */
	char id[48];
	struct str bundle;                   /* of cli->arena */
};
int evidence_find(struct cli *cli, const char *what, struct evidence_found *found);

/* ---- evidence-show.c ---------------------------------------------------------------- */

struct evidence_show {
	const char *what;                    /* ADDRESS, ID or FILE */
	const char *key;                     /* a file; NULL: of the state directory */
	const char *html;                    /* a file, "-"; NULL: as text */
	bool force;                          /* the file may be replaced */
};
/* CLI_GO if the signature is good, or an exit code. */
int evidence_show(struct cli *cli, const struct evidence_show *show);

#endif
