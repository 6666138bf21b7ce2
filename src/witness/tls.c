/* SPDX-License-Identifier: ISC
 *
 * External pre-shared keys as OpenSSL has them: a session that was never made stands for the key.
 */
#include "witness/tls.h"

#include "base/random.h"

#include <openssl/crypto.h>

/* The hash of the suite is the key's: SHA-256. */
static const char suites[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
static const unsigned char suite_id[] = { 0x13, 0x01 };          /* the first of these */

static SSL_SESSION *make_session(SSL *ssl, const uint8_t hash[static WITNESS_SECRET_BYTES])
{
	const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, suite_id);
	SSL_SESSION *s = cipher ? SSL_SESSION_new() : NULL;
	if (s && SSL_SESSION_set1_master_key(s, hash, WITNESS_SECRET_BYTES) == 1 &&
	    SSL_SESSION_set_cipher(s, cipher) == 1 &&
	    SSL_SESSION_set_protocol_version(s, TLS1_3_VERSION) == 1)
		return s;
	SSL_SESSION_free(s);
	return NULL;
}

static SSL_CTX *make_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	if (!ctx)
		return NULL;
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	/* Without a key the other side would need a certificate that somebody vouches for, and
	 * nobody is trusted. */
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_ciphersuites(ctx, suites) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* ---- the witness ------------------------------------------------------------------------ */

/* A name that there is not goes on with a key that nobody has. All rows are looked at. */
static int find_session(SSL *ssl, const unsigned char *identity, size_t n, SSL_SESSION **out)
{
	const struct witness_keys *keys = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct str name = { (const char *)identity, n };
	const struct witness_key *found = NULL;
	uint8_t hash[WITNESS_SECRET_BYTES];
	random_bytes(hash, sizeof(hash));
	for (size_t i = 0; i < keys->n; i++)
		if (str_eq(str_of(keys->v[i].name), name))
			found = &keys->v[i];
	SSL_set_app_data(ssl, (void *)found);
	*out = make_session(ssl, found ? found->hash : hash);
	OPENSSL_cleanse(hash, sizeof(hash));
	return *out != NULL;
}

SSL_CTX *witness_tls_server(const struct witness_keys *keys)
{
	SSL_CTX *ctx = make_context(TLS_server_method());
	if (!ctx)
		return NULL;
	SSL_CTX_set_app_data(ctx, (void *)keys);
	SSL_CTX_set_num_tickets(ctx, 0);
	/* OpenSSL wants one where a certificate would be asked for. */
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"witness", 7);
	SSL_CTX_set_psk_find_session_callback(ctx, find_session);
	return ctx;
}

const struct witness_key *witness_tls_key(SSL *ssl)
{
	return witness_tls_proved(ssl) ? SSL_get_app_data(ssl) : NULL;
}

/* ---- who asks ------------------------------------------------------------------------------ */

/* OpenSSL asks a second time if the suite changes the hash, which ours do not. */
static int use_session(SSL *ssl, const EVP_MD *md, const unsigned char **identity, size_t *n,
                       SSL_SESSION **out)
{
	const struct witness_secret *secret = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	uint8_t hash[WITNESS_SECRET_BYTES];
	*out = NULL;
	if (md && EVP_MD_get_size(md) != WITNESS_SECRET_BYTES)
		return 0;
	witness_secret_hash(secret, hash);
	*out = make_session(ssl, hash);
	OPENSSL_cleanse(hash, sizeof(hash));
	*identity = (const unsigned char *)secret->name;
	*n = strlen(secret->name);
	return *out != NULL;
}

SSL_CTX *witness_tls_client(const struct witness_secret *secret)
{
	SSL_CTX *ctx = make_context(TLS_client_method());
	if (!ctx)
		return NULL;
	SSL_CTX_set_app_data(ctx, (void *)secret);
	SSL_CTX_set_psk_use_session_callback(ctx, use_session);
	return ctx;
}

bool witness_tls_proved(SSL *ssl)
{
	return ssl && SSL_is_init_finished(ssl) && SSL_version(ssl) == TLS1_3_VERSION &&
	       SSL_session_reused(ssl) == 1;
}
