/* SPDX-License-Identifier: ISC
 *
 * An authority that signs client certificates for the room, in the place of the public ones: a
 * server that lets in who has a certificate of any of these lets in whoever asks one of them for
 * it. In the room alone it is added to bundles, and covers one authority of a directory, whose
 * name it takes. Authorities that an owner made for himself are left as they are: nobody else gets
 * a certificate of those. Shown at Postfix, Exim and Sendmail (tests/lab/layouts.py): Debian 12's
 * OpenSMTPD finishes no handshake, with or without one.
 *
 * Who uses it: run.c. Hostile input: the files of authorities, by OpenSSL, and their names.
 */
#ifndef PORTREEVE_CLOSED_AUTHORITY_H
#define PORTREEVE_CLOSED_AUTHORITY_H

#include "closed/closed.h"

enum { CLOSED_AUTHORITY_FILES_MAX = 12, CLOSED_AUTHORITY_BYTES_MAX = 4 << 20 };

struct closed_authority {
	struct buf own;                  /* a client's certificate with its key, PEM */
	struct buf authority;            /* that of its signer */
	struct buf bundles[CLOSED_AUTHORITY_FILES_MAX];
	struct closed_bind binds[CLOSED_AUTHORITY_FILES_MAX];
	char *paths[CLOSED_AUTHORITY_FILES_MAX];
	size_t n;                        /* binds; 0: no public authority is trusted here */
};

/* Where a system keeps public authorities: a bundle and a directory. NULL: the usual places. */
struct closed_authority_system {
	const char *bundle, *directory;
};

/* Covers the system's, and of those that the configuration trusts, files and directories, what
 * holds a public one. Nothing, where no system's bundle is there. ERR_IO: OpenSSL makes none. */
int closed_authority_make(const struct closed_authority_system *system,
                          const char *const *trusted, size_t n, struct closed_authority *out);
void closed_authority_fini(struct closed_authority *authority);

#endif
