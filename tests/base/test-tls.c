/* SPDX-License-Identifier: ISC
 *
 * Certificate and key of a server, from files and from what stood in them: whole chains are taken,
 * and each mistake names its parameter.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/tls.h"
#include "certificate.h"

#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/portreeve-tls-XXXXXX";

struct pair {
	struct buf certificate, key, locked;
};
static struct pair own, other;

static void take(BIO *from, struct buf *out)
{
	char *bytes;
	long n = BIO_get_mem_data(from, &bytes);
	buf_add(out, bytes, (size_t)n);
	BIO_free(from);
}

static void make_pair(const char *name, struct pair *p)
{
	static char secret[] = "secret";
	SSL_CTX *ctx = certificate_server(name);
	EVP_PKEY *key = SSL_CTX_get0_privatekey(ctx);
	BIO *certificate = BIO_new(BIO_s_mem()), *plain = BIO_new(BIO_s_mem()),
	    *locked = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(certificate, SSL_CTX_get0_certificate(ctx)), 1);
	assert_int_equal(PEM_write_bio_PrivateKey(plain, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_bio_PrivateKey(locked, key, EVP_aes_128_cbc(), NULL, 0, NULL,
	                                          secret), 1);
	take(certificate, &p->certificate);
	take(plain, &p->key);
	take(locked, &p->locked);
	SSL_CTX_free(ctx);
}

static int make(void **state)
{
	(void)state;
	make_pair("own.test", &own);
	make_pair("other.test", &other);
	return mkdtemp(directory) ? 0 : -1;
}

static void free_pair(struct pair *p)
{
	buf_fini(&p->certificate);
	buf_fini(&p->key);
	buf_fini(&p->locked);
}

static int clean(void **state)
{
	(void)state;
	free_pair(&own);
	free_pair(&other);
	return directory_remove(directory);
}

static int load(struct str certificate, struct str key, SSL_CTX **ctx, struct buf *message)
{
	const struct tls_pem pem = { .certificate = "/c", .certificate_text = certificate,
	                             .key = "/k", .key_text = key };
	return tls_server_create_from("x", &pem, ctx, message);
}

static void test_mistakes(void **state)
{
	(void)state;
	struct str half = { own.certificate.p, 200 }, good = buf_str(&own.certificate);
	struct buf half_chain = { 0 };
	buf_add_str(&half_chain, good);
	buf_add_str(&half_chain, half);
	const struct { const char *name; struct str certificate, key; const char *said; } rows[] = {
		{ "no certificate", STR(""), buf_str(&own.key),
		  "x.certificate: expected a PEM chain that can be read, found \"/c\": " },
		{ "half of it", half, buf_str(&own.key), "x.certificate: expected a PEM chain" },
		{ "half a chain", buf_str(&half_chain), buf_str(&own.key),
		  "x.certificate: expected a PEM chain" },
		{ "a key for it", buf_str(&own.key), buf_str(&own.key), "x.certificate: expected " },
		{ "no key", good, STR(""), "x.key: expected a PEM key without a passphrase that can "
		  "be read, found \"/k\": " },
		{ "text", good, STR("no PEM\n"), "x.key: expected a PEM key" },
		{ "locked", good, buf_str(&own.locked), "x.key: expected a PEM key without a " },
		{ "another's", good, buf_str(&other.key),
		  "x.key: expected the key of the certificate, found \"/k\": " },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf message = { 0 };
		SSL_CTX *ctx = NULL;
		CHECK_ROW(rows[i].name, load(rows[i].certificate, rows[i].key, &ctx, &message) ==
		          ERR_INVALID);
		CHECK_ROW(rows[i].name, ctx == NULL);
		CHECK_ROW(rows[i].name, str_prefix(buf_str(&message), str_of(rows[i].said)));
		buf_fini(&message);
	}
	buf_fini(&half_chain);
}

static void test_chain(void **state)
{
	(void)state;
	struct buf chain = { 0 }, message = { 0 }, remarks = { 0 };
	STACK_OF(X509) *rest = NULL;
	SSL_CTX *ctx;
	buf_add_cstr(&chain, "what people write above it\n");
	buf_add_str(&chain, buf_str(&own.certificate));
	buf_add_str(&chain, buf_str(&other.certificate));
	assert_int_equal(load(buf_str(&chain), buf_str(&own.key), &ctx, &message), ERR_OK);
	assert_int_equal(SSL_CTX_get0_chain_certs(ctx, &rest), 1);
	assert_int_equal(sk_X509_num(rest), 1);
	tls_server_remark("x", ctx, NULL, time(NULL), &remarks);
	assert_string_equal(buf_cstr(&remarks), "x.certificate: expires within 14 days\n");
	buf_clear(&remarks);
	tls_server_remark("x", ctx, NULL, time(NULL) + 2 * 86400, &remarks);
	assert_string_equal(buf_cstr(&remarks), "x.certificate: has expired\n");
	buf_clear(&remarks);
	tls_server_remark("x", ctx, NULL, time(NULL) - 2 * 86400, &remarks);
	assert_string_equal(buf_cstr(&remarks), "x.certificate: is not valid yet\n");
	buf_clear(&remarks);
	tls_server_remark("x", ctx, "mx.test", time(NULL) - 2 * 86400, &remarks);
	assert_string_equal(buf_cstr(&remarks), "x.certificate: is not valid yet\n"
	                    "x.certificate: is not for the name \"mx.test\"\n");
	buf_clear(&remarks);
	tls_server_remark("x", ctx, "OWN.test", time(NULL) - 2 * 86400, &remarks);
	assert_string_equal(buf_cstr(&remarks), "x.certificate: is not valid yet\n");
	SSL_CTX_free(ctx);
	buf_fini(&chain);
	buf_fini(&message);
	buf_fini(&remarks);
}

static void test_files(void **state)
{
	(void)state;
	char *certificate = mem_printf("%s/c", directory), *key = mem_printf("%s/k", directory),
	     *fifo = mem_printf("%s/fifo", directory), *none = mem_printf("%s/none", directory);
	assert_int_equal(file_write(certificate, buf_str(&own.certificate), 0600), ERR_OK);
	assert_int_equal(file_write(key, buf_str(&own.key), 0600), ERR_OK);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	const struct { const char *certificate, *key; int err; const char *said; } rows[] = {
		{ certificate, key, ERR_OK, "" },
		{ none, key, ERR_NOT_FOUND, "x.certificate: expected a PEM chain" },
		{ certificate, none, ERR_NOT_FOUND, "x.key: expected a PEM key" },
		{ fifo, key, ERR_INVALID, "x.certificate: expected a PEM chain" },
		{ certificate, directory, ERR_INVALID, "x.key: expected a PEM key" },
		{ certificate, "/dev/zero", ERR_INVALID, "x.key: expected a PEM key" },
		{ key, certificate, ERR_INVALID, "x.certificate: expected a PEM chain" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf message = { 0 };
		SSL_CTX *ctx = NULL;
		CHECK_ROW(rows[i].key, tls_server_create("x", rows[i].certificate, rows[i].key,
		                                         &ctx, &message) == rows[i].err);
		CHECK_ROW(rows[i].key, str_prefix(buf_str(&message), str_of(rows[i].said)));
		CHECK_ROW(rows[i].key, (ctx != NULL) == (rows[i].err == ERR_OK));
		SSL_CTX_free(ctx);
		buf_fini(&message);
	}
	free(certificate);
	free(key);
	free(fifo);
	free(none);
}

/* ---- names ----------------------------------------------------------------------------- */

/* Who the server says that it is, to a client that asks for that name. */
static void server_of(SSL_CTX *server, const char *name, char found[static 64])
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ends[2] = { SSL_new(ctx), SSL_new(server) };
	BIO *one, *two;
	assert_int_equal(BIO_new_bio_pair(&one, 0, &two, 0), 1);
	SSL_set_bio(ends[0], one, one);
	SSL_set_bio(ends[1], two, two);
	if (name)
		SSL_set_tlsext_host_name(ends[0], name);
	SSL_set_connect_state(ends[0]);
	SSL_set_accept_state(ends[1]);
	for (int i = 0; i < 10 && SSL_do_handshake(ends[0]) != 1; i++)
		SSL_do_handshake(ends[1]);
	X509 *certificate = SSL_get0_peer_certificate(ends[0]);
	assert_non_null(certificate);
	X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, found, 64);
	SSL_free(ends[0]);
	SSL_free(ends[1]);
	SSL_CTX_free(ctx);
}

static void test_names(void **state)
{
	(void)state;
	static const struct { const char *asked, *found; } rows[] = {
		{ NULL, "own.test" }, { "own.test", "own.test" }, { "elsewhere.test", "own.test" },
		{ "other.test", "other.test" }, { "OTHER.test", "other.test" },
		{ "third.test", "third.test" }, { "x.other.test", "own.test" },
	};
	SSL_CTX *ctx = certificate_server("own.test"), *second = certificate_server("other.test"),
	        *third = certificate_server("third.test");
	tls_server_add_name(ctx, "other.test", second);
	tls_server_add_name(ctx, "third.test", third);
	SSL_CTX_free(second);            /* it has references of its own */
	SSL_CTX_free(third);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char found[64];
		server_of(ctx, rows[i].asked, found);
		CHECK_ROW(rows[i].asked ? rows[i].asked : "none",
		          strcmp(found, rows[i].found) == 0);
	}
	SSL_CTX_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
