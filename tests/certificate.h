/* SPDX-License-Identifier: ISC
 *
 * TLS for the servers of tests, with a certificate made on the spot.
 */
#ifndef PORTREEVE_TESTS_CERTIFICATE_H
#define PORTREEVE_TESTS_CERTIFICATE_H

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* Signed by itself, for a day to either side; the caller frees it. */
static inline SSL_CTX *certificate_server(const char *name)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -86400);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
	                           -1, 0);
	X509_set_issuer_name(cert, subject);
	X509_set_pubkey(cert, key);
	if (X509_sign(cert, key, EVP_sha256()) == 0 || SSL_CTX_use_certificate(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		abort();
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

#endif
