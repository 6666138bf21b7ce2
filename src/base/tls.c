/* SPDX-License-Identifier: ISC
 *
 * A TLS server's certificate chain and key out of PEM text, and what is wrong with them in words.
 */
#include "base/tls.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WARN_DAYS = 14, DAY_S = 86400, PEM_BYTES_MAX = 1 << 20 };

static int complain(struct buf *message, const char *section, const char *parameter,
                    const char *expected, const char *path, const char *why)
{
	buf_printf(message, "%s.%s: expected %s, found \"", section, parameter, expected);
	buf_add_escaped(message, str_of(path));
	buf_printf(message, "\": %s", why);
	return ERR_INVALID;
}

/* OpenSSL's reason, or a plain one where it has none. */
static const char *reason(const char *otherwise)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return text ? text : otherwise;
}

static const char a_chain[] = "a PEM chain that can be read";
static const char a_key[] = "a PEM key without a passphrase that can be read";

/* A file that we may read: a FIFO, say, would hold us. */
static int read_pem(const char *section, const char *parameter, const char *expected,
                    const char *path, struct buf *out, struct buf *message)
{
	struct stat st;
	char chunk[4096];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), e = ERR_OK;
	ssize_t n = 0;
	if (fd < 0) {
		e = file_err(errno);
		complain(message, section, parameter, expected, path, strerror(errno));
		return e;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		e = complain(message, section, parameter, expected, path, "not a regular file");
	while (e == ERR_OK && out->n <= PEM_BYTES_MAX && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	OPENSSL_cleanse(chunk, sizeof(chunk));
	close(fd);
	if (e == ERR_OK && n < 0)
		e = complain(message, section, parameter, expected, path, "cannot be read");
	else if (e == ERR_OK && out->n > PEM_BYTES_MAX)
		e = complain(message, section, parameter, expected, path, "too long");
	return e;
}

static int no_passphrase(char *dst, int size, int writing, void *arg)
{
	(void)dst, (void)size, (void)writing, (void)arg;
	return -1;
}

/* The server's own certificate, then those that vouch for it. */
static bool use_chain(SSL_CTX *ctx, struct str text)
{
	BIO *in = BIO_new_mem_buf(text.n ? text.p : "", (int)text.n);
	X509 *own = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL);
	bool ok = own && SSL_CTX_use_certificate(ctx, own) == 1;
	X509_free(own);
	while (ok) {
		X509 *next = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
		if (!next) {
			ok = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
			break;
		}
		ok = SSL_CTX_add0_chain_cert(ctx, next) == 1;
		if (!ok)
			X509_free(next);
	}
	if (ok)
		ERR_clear_error();      /* the end of the text */
	BIO_free(in);
	return ok;
}

static int use_key(SSL_CTX *ctx, const char *section, const struct tls_pem *pem,
                   struct buf *message)
{
	BIO *in = BIO_new_mem_buf(pem->key_text.n ? pem->key_text.p : "", (int)pem->key_text.n);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);
	int e = ERR_OK;
	BIO_free(in);
	if (!key)
		return complain(message, section, "key", a_key, pem->key,
		                reason("no key in it"));
	if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		e = complain(message, section, "key", "the key of the certificate", pem->key,
		             reason("another one's"));
	EVP_PKEY_free(key);
	return e;
}

int tls_server_create_from(const char *section, const struct tls_pem *pem, SSL_CTX **ctx,
                           struct buf *message)
{
	ERR_clear_error();
	SSL_CTX *made = SSL_CTX_new(TLS_server_method());
	if (!made) {
		buf_printf(message, "%s.certificate: TLS cannot be set up: %s", section,
		           reason("no reason given"));
		return ERR_IO;
	}
	int e = use_chain(made, pem->certificate_text) ? use_key(made, section, pem, message)
		: complain(message, section, "certificate", a_chain, pem->certificate,
		           reason("no certificate in it"));
	if (e != ERR_OK) {
		SSL_CTX_free(made);
		return e;
	}
	*ctx = made;
	return ERR_OK;
}

int tls_server_create(const char *section, const char *certificate, const char *key,
                      SSL_CTX **ctx, struct buf *message)
{
	struct buf chain_text = { 0 }, key_text = { 0 };
	int e = read_pem(section, "certificate", a_chain, certificate, &chain_text, message);
	if (e == ERR_OK)
		e = read_pem(section, "key", a_key, key, &key_text, message);
	if (e == ERR_OK) {
		const struct tls_pem pem = {
			.certificate = certificate, .certificate_text = buf_str(&chain_text),
			.key = key, .key_text = buf_str(&key_text) };
		e = tls_server_create_from(section, &pem, ctx, message);
		OPENSSL_cleanse(key_text.p, key_text.n);
	}
	buf_fini(&chain_text);
	buf_fini(&key_text);
	return e;
}

/* ---- certificates by name ------------------------------------------------------- */

/* Of one context, the last first. */
struct tls_name {
	struct tls_name *next;
	char *name;
	SSL_CTX *ctx;
};

static void free_names(void *parent, void *names, CRYPTO_EX_DATA *data, int index, long argl,
                       void *argp)
{
	(void)parent, (void)data, (void)index, (void)argl, (void)argp;
	for (struct tls_name *n = names, *next; n; n = next) {
		next = n->next;
		SSL_CTX_free(n->ctx);
		free(n->name);
		free(n);
	}
}

static int names_index(void)
{
	static int index = -1;
	if (index < 0)
		index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_names);
	assert(index >= 0);
	return index;
}

static int choose_name(SSL *ssl, int *alert, void *arg)
{
	const char *asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert;
	for (const struct tls_name *n = SSL_CTX_get_ex_data(arg, names_index()); asked && n;
	     n = n->next)
		if (str_caseeq(str_of(asked), str_of(n->name))) {
			SSL_set_SSL_CTX(ssl, n->ctx);
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_NOACK;
}

void tls_server_add_name(SSL_CTX *ctx, const char *name, SSL_CTX *other)
{
	struct tls_name *n = mem_zalloc(sizeof(*n));
	assert(ctx != other);
	SSL_CTX_up_ref(other);
	*n = (struct tls_name){ SSL_CTX_get_ex_data(ctx, names_index()), mem_strdup(name), other };
	SSL_CTX_set_ex_data(ctx, names_index(), n);
	SSL_CTX_set_tlsext_servername_callback(ctx, choose_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, ctx);
}

void tls_server_remark(const char *section, const SSL_CTX *ctx, const char *host, int64_t now_s,
                       struct buf *remarks)
{
	X509 *certificate = SSL_CTX_get0_certificate(ctx);
	time_t now = (time_t)now_s, soon = now + WARN_DAYS * DAY_S;
	if (!certificate)
		return;
	if (X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0)
		buf_printf(remarks, "%s.certificate: is not valid yet\n", section);
	else if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0)
		buf_printf(remarks, "%s.certificate: has expired\n", section);
	else if (X509_cmp_time(X509_get0_notAfter(certificate), &soon) < 0)
		buf_printf(remarks, "%s.certificate: expires within %d days\n", section, WARN_DAYS);
	if (host && X509_check_host(certificate, host, 0, 0, NULL) != 1)
		buf_printf(remarks, "%s.certificate: is not for the name \"%s\"\n", section, host);
}

int tls_certificate_end(struct str pem, int64_t *end_s)
{
	BIO *in = BIO_new_mem_buf(pem.n ? pem.p : "", (int)pem.n);
	X509 *own = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL);
	struct tm tm;
	bool ok = own && ASN1_TIME_to_tm(X509_get0_notAfter(own), &tm) == 1;
	X509_free(own);
	BIO_free(in);
	ERR_clear_error();
	if (ok)
		*end_s = timegm(&tm);
	return ok ? ERR_OK : ERR_INVALID;
}
