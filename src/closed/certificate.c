/* SPDX-License-Identifier: ISC
 *
 * By OpenSSL: keys on the curve that all servers know, X.509 version 3.
 */
#include "closed/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY_S = 86400, SERIAL_BITS = 63 };

/* A certificate and its key, or half of both while they are made. */
struct made {
	X509 *certificate;
	EVP_PKEY *key;
};

static void made_fini(struct made *m)
{
	X509_free(m->certificate);
	EVP_PKEY_free(m->key);
}

static bool extension_add(X509 *certificate, X509 *signer, int which, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, signer, certificate, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, which, value);
	bool added = e && X509_add_ext(certificate, e, -1) == 1;
	X509_EXTENSION_free(e);
	return added;
}

static bool serial_set(X509 *certificate)
{
	BIGNUM *serial = BN_new();
	bool set = serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
	           BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));
	BN_free(serial);
	return set;
}

static bool extensions_add(X509 *certificate, X509 *signer, bool authority)
{
	return extension_add(certificate, signer, NID_basic_constraints,
	                     authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       (authority || extension_add(certificate, signer, NID_ext_key_usage, "clientAuth")) &&
	       extension_add(certificate, signer, NID_subject_key_identifier, "hash") &&
	       (signer == certificate ||
	        extension_add(certificate, signer, NID_authority_key_identifier, "keyid:always"));
}

static bool subject_set(X509 *certificate, const char *name, const X509 *like)
{
	if (like)
		return X509_set_subject_name(certificate, X509_get_subject_name(like)) == 1;
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
	                                  (const unsigned char *)name, -1, -1, 0) == 1;
}

/* Signed by `signer`; NULL: by itself. The subject is that of `like`, if there is one. By the keys'
 * identifiers an authority is told from another one of that name. */
static bool make(struct made *m, const char *name, const X509 *like, const struct made *signer,
                 bool authority)
{
	m->certificate = X509_new();
	m->key = EVP_EC_gen("P-256");
	if (!m->certificate || !m->key || !serial_set(m->certificate) ||
	    !subject_set(m->certificate, name, like))
		return false;
	const X509 *issuer = signer ? signer->certificate : m->certificate;
	return X509_set_version(m->certificate, X509_VERSION_3) &&
	       X509_gmtime_adj(X509_getm_notBefore(m->certificate), -DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(m->certificate), DAY_S) &&
	       X509_set_issuer_name(m->certificate, X509_get_subject_name(issuer)) &&
	       X509_set_pubkey(m->certificate, m->key) &&
	       extensions_add(m->certificate, signer ? signer->certificate : m->certificate,
	                      authority) &&
	       X509_sign(m->certificate, signer ? signer->key : m->key, EVP_sha256()) != 0;
}

/* What of the three there is; NULL: not that. */
static bool pem_add(const X509 *certificate, const X509 *signer, const EVP_PKEY *key,
                    struct buf *out)
{
	char *bytes = NULL;
	BIO *text = BIO_new(BIO_s_mem());
	bool whole = text && PEM_write_bio_X509(text, certificate) == 1 &&
	             (!signer || PEM_write_bio_X509(text, signer) == 1) &&
	             (!key || PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0, NULL, NULL) == 1);
	long n = whole ? BIO_get_mem_data(text, &bytes) : 0;
	if (n > 0)
		buf_add(out, bytes, (size_t)n);
	BIO_free(text);
	return n > 0;
}

int closed_certificate_make(const char *name, const X509 *like, struct buf *authority,
                            struct buf *own)
{
	struct made ca = { 0 }, client = { 0 };
	bool done = (!authority || make(&ca, "Portreeve asks", like, NULL, true)) &&
	            make(&client, name, NULL, authority ? &ca : NULL, false) &&
	            (!authority || pem_add(ca.certificate, NULL, NULL, authority)) &&
	            pem_add(client.certificate, ca.certificate, client.key, own);
	made_fini(&ca);
	made_fini(&client);
	return done ? ERR_OK : ERR_IO;
}

int closed_certificate_use(SSL *ssl, struct str pem)
{
	BIO *text = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *own = text ? PEM_read_bio_X509(text, NULL, NULL, NULL) : NULL, *next;
	bool used = own && SSL_use_certificate(ssl, own) == 1;
	while (used && (next = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
		used = SSL_add1_chain_cert(ssl, next) == 1;
		X509_free(next);
	}
	/* From the start again: what is no certificate was read past. */
	BIO *again = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *key = again ? PEM_read_bio_PrivateKey(again, NULL, NULL, NULL) : NULL;
	used = used && key && SSL_use_PrivateKey(ssl, key) == 1;
	EVP_PKEY_free(key);
	BIO_free(again);
	X509_free(own);
	BIO_free(text);
	return used ? ERR_OK : ERR_INVALID;
}
