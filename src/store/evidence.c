/* SPDX-License-Identifier: ISC
 *
 * Making and checking evidence bundles.
 *
 * Hostile input that reaches it: to evidence_verify() any file that claims to be a
 * bundle; to evidence_sign() texts of the tested host and the returned message.
 */
#include "store/evidence.h"

#include "store/json-private.h"

#include "base/mem.h"
#include "base/random.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdlib.h>

enum {
	SIGNATURE_BYTES = 64, SIGNATURE_TEXT = 88,
	KEY_ID_TEXT = 16,
	BUNDLE_MAX_BYTES = 32 << 20,
	PEM_MAX_BYTES = 4096,
};

/* ---- identities ------------------------------------------------------------ */

/* Half of a SHA-256 of the public key: names a key, proves nothing. */
static int key_id(EVP_PKEY *key, char id[static KEY_ID_TEXT + 1])
{
	unsigned char raw[32], hash[SHA256_DIGEST_LENGTH];
	size_t n = sizeof(raw);
	if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_public_key(key, raw, &n) != 1 || n != sizeof(raw))
		return ERR_UNSUPPORTED;
	SHA256(raw, n, hash);
	hex_encode(hash, KEY_ID_TEXT / 2, id);
	return ERR_OK;
}

static void id_of_payload(struct str payload, char id[static 48])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char text[SHA256_DIGEST_LENGTH * 2];
	SHA256((const unsigned char *)payload.p, payload.n, hash);
	base32_encode(hash, 20, text);
	memcpy(id, "ev-", 3);
	memcpy(id + 3, text, 33);
}

/* ---- the payload ----------------------------------------------------------- */

static json_t *masked_json(struct str text, const char *const *own)
{
	struct buf masked = { 0 };
	evidence_mask(text, own, &masked);
	json_t *value = json_shown(buf_str(&masked));
	buf_fini(&masked);
	return value;
}

static json_t *hash_json(struct str bytes)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];
	SHA256((const unsigned char *)bytes.p, bytes.n, hash);
	hex_encode(hash, sizeof(hash), hex);
	return json_string(hex);
}

static json_t *return_json(const struct test_return *r, const char *const *own)
{
	json_t *o = json_pack("{s:s, s:o, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	                      "kind", r->kind == RETURN_RECIPIENT ? "recipient" : "sender",
	                      "case", json_shown(str_of(r->case_id)), "attempt", (int)r->attempt,
	                      "marked", r->marked, "peer", json_ip(&r->peer.ip),
	                      "time", json_time(r->time_s), "token", json_shown(str_of(r->token)),
	                      "helo", json_shown(str_of(r->helo)),
	                      "mail_from", masked_json(str_of(r->mail_from), own),
	                      "rcpt_to", masked_json(str_of(r->rcpt_to), own),
	                      "message_sha256", hash_json(r->message),
	                      "message", masked_json(r->message, own));
	assert(o);
	return o;
}

static json_t *case_json(const struct case_result *r)
{
	json_t *o = case_result_json(r);
	json_object_set_new(o, "attempt", json_integer(r->attempt));
	json_object_set_new(o, "bounced", json_boolean(r->bounced > 0));
	json_object_set_new(o, "output", json_ip(&r->output));
	return o;
}

static json_t *payload_json(const struct evidence_input *in)
{
	const struct test *t = in->test;
	json_t *cases = json_array(), *returns = json_array();
	for (size_t i = 0; i < in->result_count; i++)
		json_array_append_new(cases, case_json(&in->results[i]));
	for (size_t i = 0; i < in->return_count; i++)
		json_array_append_new(returns, return_json(&in->returns[i], in->own_domains));
	json_t *o = json_pack("{s:i, s:o, s:o, s:o, s:o, s:i, s:s, s:o, s:s, s:o, s:f, s:o, s:o,"
	                      " s:o, s:o}",
	                      "version", 1, "created", json_time(in->now_s),
	                      "operator", json_shown(in->operator_name),
	                      "contact", json_shown(in->contact),
	                      "address", json_ip(&t->target.ip), "port", (int)t->target.port,
	                      "verdict", verdict_name(in->verdict),
	                      "test", json_shown(str_of(t->id)),
	                      "consent", consent_name(t->consent),
	                      "started", json_time(t->started_s), "seconds", t->seconds,
	                      "replay", json_shown(in->replay), "cases", cases,
	                      "transcript", json_shown(in->transcript), "returns", returns);
	assert(o);
	return o;
}

/* ---- signing --------------------------------------------------------------- */

static bool sign(EVP_PKEY *pair, struct str text, unsigned char signature[static SIGNATURE_BYTES])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = SIGNATURE_BYTES;
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pair) == 1 &&
	          EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text.p, text.n) == 1 &&
	          n == SIGNATURE_BYTES;
	EVP_MD_CTX_free(ctx);
	return ok;
}

int evidence_sign(const struct evidence_input *in, EVP_PKEY *pair, char evidence_id[static 48],
                  struct buf *bundle)
{
	char id[KEY_ID_TEXT + 1], base64[SIGNATURE_TEXT + 1];
	unsigned char signature[SIGNATURE_BYTES];
	int e = key_id(pair, id);
	if (e != ERR_OK)
		return e;

	json_t *object = payload_json(in);
	char *payload = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	assert(payload);
	struct str text = str_of(payload);
	if (sign(pair, text, signature)) {
		EVP_EncodeBlock((unsigned char *)base64, signature, SIGNATURE_BYTES);
		id_of_payload(text, evidence_id);
		json_t *outer = json_pack("{s:i, s:s, s:s, s:s}", "portreeve_evidence", 1,
		                          "key_id", id, "signature", base64, "payload", payload);
		assert(outer);
		char *outer_text = json_dumps(outer, JSON_COMPACT);
		buf_add_cstr(bundle, outer_text);
		free(outer_text);
		json_decref(outer);
	} else {
		e = ERR_IO;
	}
	free(payload);
	return e;
}

/* ---- checking -------------------------------------------------------------- */

static int fail(struct buf *message, int err, const char *what)
{
	if (message)
		buf_add_cstr(message, what);
	return err;
}

/* Exactly one text for each signature: base64 leaves bits that no decoder reads. */
static bool decode_signature(const char *base64, unsigned char out[static SIGNATURE_BYTES])
{
	unsigned char bytes[SIGNATURE_BYTES + 2];
	char again[SIGNATURE_TEXT + 1];
	if (strlen(base64) != SIGNATURE_TEXT ||
	    EVP_DecodeBlock(bytes, (const unsigned char *)base64, SIGNATURE_TEXT) !=
	    (int)sizeof(bytes))
		return false;
	EVP_EncodeBlock((unsigned char *)again, bytes, SIGNATURE_BYTES);
	memcpy(out, bytes, SIGNATURE_BYTES);
	return strcmp(again, base64) == 0;
}

/* An Ed25519 key in PEM has one form (RFC 8410): 12 fixed bytes, then the key. */
static EVP_PKEY *public_key(struct str pem)
{
	static const unsigned char head[] = {
		0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
	};
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long n = 0;
	EVP_PKEY *key = NULL;
	if (pem.n == 0 || pem.n > PEM_MAX_BYTES)
		return NULL;
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (bio && PEM_read_bio(bio, &name, &header, &der, &n) == 1 &&
	    strcmp(name, "PUBLIC KEY") == 0 && n == (long)sizeof(head) + 32 &&
	    memcmp(der, head, sizeof(head)) == 0)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, der + sizeof(head), 32);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static int check(json_t *outer, EVP_PKEY *key, struct buf *message)
{
	char id[KEY_ID_TEXT + 1];
	unsigned char signature[SIGNATURE_BYTES];
	const char *named = json_string_value(json_object_get(outer, "key_id"));
	const char *base64 = json_string_value(json_object_get(outer, "signature"));
	json_t *payload = json_object_get(outer, "payload");
	if (key_id(key, id) != ERR_OK)
		return fail(message, ERR_INVALID, "the public key cannot be read");
	if (strcmp(named, id) != 0)
		return fail(message, ERR_CORRUPT, "signed with another key than the one given");
	if (!decode_signature(base64, signature))
		return fail(message, ERR_CORRUPT, "the signature is not 64 bytes in base64");

	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	          EVP_DigestVerify(ctx, signature, SIGNATURE_BYTES,
	                           (const unsigned char *)json_string_value(payload),
	                           json_string_length(payload)) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return fail(message, ERR_CORRUPT, "the signature does not match: it was changed");
	return ERR_OK;
}

/* Our four members and no other. */
static bool is_bundle(json_t *outer)
{
	return json_object_size(outer) == 4 &&
	       json_integer_value(json_object_get(outer, "portreeve_evidence")) == 1 &&
	       json_is_string(json_object_get(outer, "key_id")) &&
	       json_is_string(json_object_get(outer, "signature")) &&
	       json_is_string(json_object_get(outer, "payload"));
}

static int open_payload(json_t *outer, json_t **payload, struct buf *message)
{
	json_t *text = json_object_get(outer, "payload");
	json_t *object = json_loadb(json_string_value(text), json_string_length(text),
	                            JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return fail(message, ERR_INVALID, "what was signed is not a JSON object");
	}
	if (payload)
		*payload = object;
	else
		json_decref(object);
	return ERR_OK;
}

int evidence_verify(struct str bundle, struct str pem, json_t **payload, struct buf *message)
{
	if (payload)
		*payload = NULL;
	if (bundle.n == 0 || bundle.n > BUNDLE_MAX_BYTES)
		return fail(message, ERR_INVALID, "not an evidence bundle: empty or too long");
	json_t *outer = json_loadb(bundle.p, bundle.n, JSON_REJECT_DUPLICATES, NULL);
	if (!is_bundle(outer)) {
		json_decref(outer);
		return fail(message, ERR_INVALID,
		            "not an evidence bundle: expected one JSON object with"
		            " portreeve_evidence 1, key_id, signature and payload");
	}
	EVP_PKEY *key = public_key(pem);
	int e = key ? check(outer, key, message) :
	              fail(message, ERR_INVALID, "the public key is not an Ed25519 key in PEM");
	if (e == ERR_OK)
		e = open_payload(outer, payload, message);
	EVP_PKEY_free(key);
	json_decref(outer);
	return e;
}
