/* SPDX-License-Identifier: ISC
 *
 * The evidence bundle: what was sent, what came back, the verdict and the
 * command to replay it, as one JSON object signed with Ed25519. It is verified
 * elsewhere with the public key alone.
 *
 * Form: {"portreeve_evidence":1,"key_id":"…","signature":"base64","payload":"…"}: `payload`
 * is the JSON text that was signed, carried as a string so that no re-formatting can break
 * the signature. Local parts of third persons in the returned message are masked before signing.
 */
#ifndef PORTREEVE_STORE_EVIDENCE_H
#define PORTREEVE_STORE_EVIDENCE_H

#include "base/arena.h"
#include "store/types.h"

#include <jansson.h>
#include <openssl/evp.h>

struct evidence_input {
	const struct test *test;
	enum verdict verdict;
	const struct case_result *results;
	size_t result_count;
	const struct test_return *returns;    /* with messages */
	size_t return_count;
	struct str transcript;                /* "> " and "< " lines, times in ms */
	struct str operator_name, contact;
	struct str replay;                    /* the command line */
	const char *const *own_domains;       /* NULL-terminated: addresses there are not masked */
	int64_t now_s;
};

/* Builds and signs. `evidence_id` is derived from the payload's hash. *bundle is
 * appended to. */
int evidence_sign(const struct evidence_input *in, EVP_PKEY *pair, char evidence_id[static 48],
                  struct buf *bundle);
/* Checks form and signature; *payload (may be NULL) gets the signed object, json_decref() by
 * the caller. `pem` is the public key. ERR_INVALID (not a bundle), ERR_CORRUPT (signature
 * or id does not match), with one line in *message. */
int evidence_verify(struct str bundle, struct str pem, json_t **payload, struct buf *message);
/* Appends text with the local parts of all addresses outside own_domains cut to
 * "x…@". Pure. */
void evidence_mask(struct str text, const char *const *own_domains, struct buf *out);

#endif
