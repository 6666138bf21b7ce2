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
	struct ip seen_as, known_as;          /* by which address the host saw us, and others do;
	                                         family 0: not told */
	const char *mta;                      /* the kind of server by its Received line; or NULL */
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
/* What a bundle says of itself. Nothing of it is checked. */
struct evidence_parts {
	char id[48];                 /* the evidence's, of what was signed */
	struct str key_id;           /* of the key that is said to have signed */
	struct str payload;          /* what was signed, as it stands */
};
/* Texts are the arena's. ERR_INVALID, with one line in *message: not a bundle. */
int evidence_open(struct str bundle, struct arena *a, struct evidence_parts *parts,
                  struct buf *message);
/* The id of a public key, as a bundle names it; ERR_INVALID: not an Ed25519 key in PEM. */
enum { EVIDENCE_KEY_ID_MAX = 17 };
int evidence_key_id(struct str pem, char id[static EVIDENCE_KEY_ID_MAX]);
/* Appends text with the local parts of all addresses outside own_domains cut to
 * "x…@". Pure. */
void evidence_mask(struct str text, const char *const *own_domains, struct buf *out);

#endif
