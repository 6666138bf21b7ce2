/* SPDX-License-Identifier: ISC
 *
 * Making and checking evidence bundles.
 *
 * Hostile input that reaches it: to evidence_verify() any file that claims to be a
 * bundle; to evidence_sign() texts of the tested host and the returned message.
 */
#include "store/evidence.h"

#include "store/json.h"

#include "base/clock.h"
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
	assert(strlen(text) == 32);
	memcpy(id, "ev-", 3);
	memcpy(id + 3, text, 33);
}

/* ---- the payload ----------------------------------------------------------- */

/* The form is signed: what is not there stays "" in it, whatever other forms do. */

static void add_masked(struct json *j, const char *key, struct str text, const char *const *own)
{
	struct buf masked = { 0 };
	evidence_mask(text, own, &masked);
	json_add_shown(j, key, buf_str(&masked));
	buf_fini(&masked);
}

static void add_hash(struct json *j, const char *key, struct str bytes)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];
	SHA256((const unsigned char *)bytes.p, bytes.n, hash);
	hex_encode(hash, sizeof(hash), hex);
	json_add_cstr(j, key, hex);
}

static void add_address(struct json *j, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX] = "";
	json_add_cstr(j, key, ip->family ? ip_format(ip, text) : text);
}

static void add_date(struct json *j, const char *key, int64_t time_s)
{
	char text[CLOCK_TEXT_MAX] = "";
	json_add_cstr(j, key, time_s ? clock_format(time_s, text) : text);
}

static void add_return(struct json *j, const struct test_return *r, const char *const *own)
{
	assert(r->kind == RETURN_RECIPIENT || r->kind == RETURN_SENDER);
	json_open_object(j, NULL);
	json_add_cstr(j, "kind", r->kind == RETURN_RECIPIENT ? "recipient" : "sender");
	json_add_shown(j, "case", str_of(r->case_id));
	json_add_int(j, "attempt", r->attempt);
	json_add_bool(j, "marked", r->marked);
	add_address(j, "peer", &r->peer.ip);
	add_date(j, "time", r->time_s);
	json_add_shown(j, "token", str_of(r->token));
	json_add_shown(j, "helo", str_of(r->helo));
	add_masked(j, "mail_from", str_of(r->mail_from), own);
	add_masked(j, "rcpt_to", str_of(r->rcpt_to), own);
	add_hash(j, "message_sha256", r->message);
	add_masked(j, "message", r->message, own);
	json_close(j);
}

static void add_case(struct json *j, const struct case_result *r)
{
	json_open_object(j, NULL);
	case_result_json(r, j);
	json_add_int(j, "attempt", r->attempt);
	json_add_bool(j, "bounced", r->bounced > 0);
	add_address(j, "output", &r->output);
	json_close(j);
}

static void add_payload(struct json *j, const struct evidence_input *in)
{
	const struct test *t = in->test;
	assert(in->verdict != VERDICT_NONE && in->now_s > 0);
	json_open_object(j, NULL);
	json_add_int(j, "version", 1);
	add_date(j, "created", in->now_s);
	json_add_shown(j, "operator", in->operator_name);
	json_add_shown(j, "contact", in->contact);
	add_address(j, "address", &t->target.ip);
	json_add_int(j, "port", t->target.port);
	json_add_cstr(j, "verdict", verdict_name(in->verdict));
	json_add_shown(j, "test", str_of(t->id));
	json_add_cstr(j, "consent", consent_name(t->consent));
	add_date(j, "started", t->started_s);
	json_add_real(j, "seconds", t->seconds);
	json_add_shown(j, "replay", in->replay);
	json_open_array(j, "cases");
	for (size_t i = 0; i < in->result_count; i++)
		add_case(j, &in->results[i]);
	json_close(j);
	json_add_shown(j, "transcript", in->transcript);
	json_add_cstr(j, "mta", in->mta ? in->mta : "");
	add_address(j, "seen_as", &in->seen_as);
	add_address(j, "known_as", &in->known_as);
	json_open_array(j, "returns");
	for (size_t i = 0; i < in->return_count; i++)
		add_return(j, &in->returns[i], in->own_domains);
	json_close(j);
	json_close(j);
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

/* The payload goes in as a text: what was signed is exactly what comes out of it again. */
static void add_bundle(struct buf *bundle, const char *key, const char *signature,
                       struct str payload)
{
	struct json j = { .out = bundle };
	assert(strlen(key) == KEY_ID_TEXT && strlen(signature) == SIGNATURE_TEXT);
	json_open_object(&j, NULL);
	json_add_int(&j, "portreeve_evidence", 1);
	json_add_cstr(&j, "key_id", key);
	json_add_cstr(&j, "signature", signature);
	json_add_str(&j, "payload", payload);
	json_close(&j);
}

int evidence_sign(const struct evidence_input *in, EVP_PKEY *pair, char evidence_id[static 48],
                  struct buf *bundle)
{
	char id[KEY_ID_TEXT + 1], base64[SIGNATURE_TEXT + 1];
	unsigned char signature[SIGNATURE_BYTES];
	struct buf payload = { 0 };
	struct json j = { .out = &payload };
	int e = key_id(pair, id);
	if (e != ERR_OK)
		return e;
	add_payload(&j, in);
	assert(str_is_utf8(buf_str(&payload)));
	if (sign(pair, buf_str(&payload), signature)) {
		EVP_EncodeBlock((unsigned char *)base64, signature, SIGNATURE_BYTES);
		id_of_payload(buf_str(&payload), evidence_id);
		add_bundle(bundle, id, base64, buf_str(&payload));
	} else {
		e = ERR_IO;
	}
	buf_fini(&payload);
	return e;
}

/* ---- checking -------------------------------------------------------------- */

static int fail(struct buf *message, int err, const char *what)
{
	assert(err < 0);
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

/* NULL: not a bundle. */
static json_t *load_bundle(struct str bundle, struct buf *message)
{
	if (bundle.n == 0 || bundle.n > BUNDLE_MAX_BYTES) {
		fail(message, ERR_INVALID, "not an evidence bundle: empty or too long");
		return NULL;
	}
	json_t *outer = json_loadb(bundle.p, bundle.n, JSON_REJECT_DUPLICATES, NULL);
	if (is_bundle(outer))
		return outer;
	json_decref(outer);
	fail(message, ERR_INVALID, "not an evidence bundle: expected one JSON object with"
	     " portreeve_evidence 1, key_id, signature and payload");
	return NULL;
}

static struct str member_of(json_t *outer, const char *key, struct arena *a)
{
	json_t *text = json_object_get(outer, key);
	assert(json_is_string(text));
	return arena_str(a, (struct str){ json_string_value(text), json_string_length(text) });
}

int evidence_open(struct str bundle, struct arena *a, struct evidence_parts *parts,
                  struct buf *message)
{
	json_t *outer = load_bundle(bundle, message);
	*parts = (struct evidence_parts){ 0 };
	if (!outer)
		return ERR_INVALID;
	parts->key_id = member_of(outer, "key_id", a);
	parts->payload = member_of(outer, "payload", a);
	id_of_payload(parts->payload, parts->id);
	json_decref(outer);
	return ERR_OK;
}

int evidence_key_id(struct str pem, char id[static EVIDENCE_KEY_ID_MAX])
{
	EVP_PKEY *key = public_key(pem);
	static_assert(EVIDENCE_KEY_ID_MAX == KEY_ID_TEXT + 1, "with its NUL");
	int e = key && key_id(key, id) == ERR_OK ? ERR_OK : ERR_INVALID;
	EVP_PKEY_free(key);
	return e;
}

int evidence_verify(struct str bundle, struct str pem, json_t **payload, struct buf *message)
{
	if (payload)
		*payload = NULL;
	json_t *outer = load_bundle(bundle, message);
	if (!outer)
		return ERR_INVALID;
	EVP_PKEY *key = public_key(pem);
	int e = key ? check(outer, key, message) :
	              fail(message, ERR_INVALID, "the public key is not an Ed25519 key in PEM");
	if (e == ERR_OK)
		e = open_payload(outer, payload, message);
	EVP_PKEY_free(key);
	json_decref(outer);
	return e;
}
