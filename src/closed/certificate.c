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

static bool extension_add(X509 *certificate, int which, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, which, value);
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

/* Signed by `signer`; NULL: by itself. */
static bool make(struct made *m, const char *name, const struct made *signer, bool authority)
{
	m->certificate = X509_new();
	m->key = EVP_EC_gen("P-256");
	if (!m->certificate || !m->key || !serial_set(m->certificate))
		return false;
	X509_NAME *subject = X509_get_subject_name(m->certificate);
	X509_NAME *issuer = signer ? X509_get_subject_name(signer->certificate) : subject;
	return X509_set_version(m->certificate, X509_VERSION_3) &&
	       X509_gmtime_adj(X509_getm_notBefore(m->certificate), -DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(m->certificate), DAY_S) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	                                  (const unsigned char *)name, -1, -1, 0) &&
	       X509_set_issuer_name(m->certificate, issuer) &&
	       X509_set_pubkey(m->certificate, m->key) &&
	       extension_add(m->certificate, NID_basic_constraints,
	                     authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       (authority || extension_add(m->certificate, NID_ext_key_usage, "clientAuth")) &&
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

int closed_certificate_make(const char *name, struct buf *authority, struct buf *own)
{
	struct made ca = { 0 }, client = { 0 };
	bool done = (!authority || make(&ca, "Portreeve asks", NULL, true)) &&
	            make(&client, name, authority ? &ca : NULL, false) &&
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
