/* SPDX-License-Identifier: ISC
 *
 * SCRAM against GNU SASL's own client: who gets in, and what each is told who does not.
 */
#include "gateway/scram.h"

#include "certificate.h"
#include "test.h"

#include "gateway/password.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <stdlib.h>

static struct buf keys;
static enum gateway_known all_known;

/* "ann" is an account with keys, "bob" one without, "later" nobody knows just now. */
static enum gateway_known keys_of(void *arg, struct str name, struct buf *scram)
{
	(void)arg;
	assert_true(name.n > 0 && name.n <= 255);
	if (str_eq(name, STR("later")))
		return GATEWAY_NOT_NOW;
	if (str_eq(name, STR("bob")))
		return GATEWAY_YES;
	if (!str_eq(name, STR("ann")))
		return all_known;
	buf_add_str(scram, buf_str(&keys));
	return GATEWAY_YES;
}

static int setup(void **unused)
{
	(void)unused;
	return password_scram(STR("pencil"), &keys);
}

static int teardown(void **unused)
{
	(void)unused;
	buf_fini(&keys);
	return 0;
}

struct client {
	const char *name, *as, *password;
	bool plus;
	const char *exporter, *unique;       /* in base64; NULL: it does not know the channel */
};

static int client_asked(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	const struct client *c = gsasl_callback_hook_get(library);
	const char *value = NULL;
	switch (property) {
	case GSASL_AUTHID: value = c->name; break;
	case GSASL_AUTHZID: value = c->as; break;
	case GSASL_PASSWORD: value = c->password; break;
	case GSASL_CB_TLS_EXPORTER: value = c->exporter; break;
	case GSASL_CB_TLS_UNIQUE: value = c->unique; break;
	default: break;
	}
	return value ? gsasl_property_set(session, property, value) : GSASL_NO_CALLBACK;
}

static const struct scram_binding exporter = {
	.exporter_n = 32, .exporter = "0123456789abcdef0123456789abcdef",
};
#define EXPORTER "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

/* The exchange up to its end; *salt gets what the server said first. */
static enum scram_state talk(const struct client *c, bool plus,
                             const struct scram_binding *binding, struct buf *first)
{
	struct scram_setup setup_ = { .plus = plus, .binding = binding, .keys = keys_of,
	                              .secret = "a secret that stays" };
	struct scram *server = scram_create(&setup_);
	Gsasl *library;
	Gsasl_session *client;
	assert_int_equal(gsasl_init(&library), GSASL_OK);
	gsasl_callback_set(library, client_asked);
	gsasl_callback_hook_set(library, (void *)c);
	const char *mechanism = c->plus ? SCRAM_NAME_PLUS : SCRAM_NAME;
	assert_int_equal(gsasl_client_start(library, mechanism, &client), GSASL_OK);
	struct buf said = { 0 };
	enum scram_state state = SCRAM_MORE;
	int rc = GSASL_NEEDS_MORE;
	for (unsigned turn = 0; state == SCRAM_MORE && turn < 10; turn++) {
		char *text = NULL;
		size_t n = 0;
		if (rc == GSASL_NEEDS_MORE)
			rc = gsasl_step(client, said.p, said.n, &text, &n);
		if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
			break;
		buf_clear(&said);
		state = scram_step(server, (struct str){ text, n }, &said);
		assert_true(state == SCRAM_MORE || said.n == 0);
		gsasl_free(text);
		if (first && turn == 0)
			buf_add_str(first, buf_str(&said));
	}
	assert_true(state != SCRAM_DONE || rc == GSASL_OK);      /* it knows us, too */
	if (state == SCRAM_DONE)
		assert_string_equal(scram_name(server).p, "ann");
	if (state != SCRAM_MORE)                                 /* it is over */
		assert_int_equal(scram_step(server, STR("n,,n=ann,r=x"), &said), state);
	scram_destroy(server);
	gsasl_finish(client);
	gsasl_done(library);
	buf_fini(&said);
	return state;
}

static void logged_in(void **unused)
{
	(void)unused;
	static const struct { struct client c; bool plus, tls; enum scram_state state; } rows[] = {
		{ { "ann", NULL, "pencil" }, false, false, SCRAM_DONE },
		{ { "Ann", NULL, "pencil" }, false, false, SCRAM_DONE },
		{ { "ann", "ann", "pencil" }, false, false, SCRAM_DONE },
		{ { "ann", NULL, "pencil" }, false, true, SCRAM_DONE },
		{ { "ann", NULL, "pencil", true, EXPORTER, NULL }, true, true, SCRAM_DONE },
		{ { "ann", "bob", "pencil" }, false, false, SCRAM_FAILED },
		{ { "ann", NULL, "pencils" }, false, false, SCRAM_FAILED },
		{ { "bob", NULL, "pencil" }, false, false, SCRAM_FAILED },
		{ { "eve", NULL, "pencil" }, false, false, SCRAM_FAILED },
		{ { "later", NULL, "pencil" }, false, false, SCRAM_LATER },
		/* Another channel. */
		{ { "ann", NULL, "pencil", true, "QUJD", NULL }, true, true, SCRAM_FAILED },
		{ { "ann", NULL, "pencil", true, EXPORTER, NULL }, false, true, SCRAM_FAILED },
		{ { "ann", NULL, "pencil" }, true, true, SCRAM_FAILED },
	};
	all_known = GATEWAY_NO;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum scram_state state = talk(&rows[i].c, rows[i].plus,
		                              rows[i].tls ? &exporter : NULL, NULL);
		if (state != rows[i].state)
			fail_msg("row %zu: %d", i, state);
	}
}

/* One that could bind to the channel, and was told that we cannot, goes no further. */
static void cut_off(void **unused)
{
	(void)unused;
	static const struct { const char *first; const struct scram_binding *binding;
	                      enum scram_state state; } rows[] = {
		{ "y,,n=ann,r=abcdefgh", &exporter, SCRAM_FAILED },
		{ "y,,n=ann,r=abcdefgh", NULL, SCRAM_MORE },
		{ "n,,n=ann,r=abcdefgh", &exporter, SCRAM_MORE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scram_setup setup_ = { .binding = rows[i].binding, .keys = keys_of };
		struct scram *server = scram_create(&setup_);
		struct buf out = { 0 };
		assert_int_equal(scram_step(server, str_of(rows[i].first), &out), rows[i].state);
		scram_destroy(server);
		buf_fini(&out);
	}
}

static void tls_unique(void **unused)
{
	(void)unused;
	static const struct scram_binding unique = { .unique_n = 12, .unique = "0123456789ab" };
	const struct client c = { "ann", NULL, "pencil", true, NULL, "MDEyMzQ1Njc4OWFi" };
	const struct client other = { "ann", NULL, "pencil", true, NULL, "MTIzNDU2Nzg5YWIw" };
	assert_int_equal(talk(&c, true, &unique, NULL), SCRAM_DONE);
	assert_int_equal(talk(&other, true, &unique, NULL), SCRAM_FAILED);
	assert_int_equal(talk(&c, true, &exporter, NULL), SCRAM_FAILED);
}

static struct str salt_in(const struct buf *first)
{
	struct str rest = buf_str(first), word;
	while (str_token(&rest, ",", &word))
		if (str_prefix(word, STR("s=")))
			return str_from(word, 2);
	return STR("");
}

/* Who is nobody has a salt as everybody, the same each time, and another one than others. */
static void nobody(void **unused)
{
	(void)unused;
	struct buf said[5] = { 0 };
	const struct client c[5] = {
		{ "eve", NULL, "x" }, { "EVE", NULL, "y" }, { "mallory", NULL, "x" }, { "bob", NULL, "x" },
		{ "ann", NULL, "x" },
	};
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(talk(&c[i], false, NULL, &said[i]), SCRAM_FAILED);
		assert_int_equal(salt_in(&said[i]).n, 24);
		assert_true(str_search(buf_str(&said[i]), STR(",i=20000")) != SIZE_MAX);
	}
	assert_true(str_eq(salt_in(&said[0]), salt_in(&said[1])));
	assert_false(str_eq(salt_in(&said[0]), salt_in(&said[2])));
	assert_false(str_eq(salt_in(&said[0]), salt_in(&said[3])));
	for (size_t i = 0; i < 5; i++)
		buf_fini(&said[i]);
}

static enum scram_state step(struct str message, bool plus)
{
	struct scram_setup setup_ = { .plus = plus, .binding = &exporter, .keys = keys_of };
	struct scram *server = scram_create(&setup_);
	struct buf out = { 0 };
	enum scram_state state = scram_step(server, message, &out);
	if (state == SCRAM_MORE)
		state = scram_step(server, STR("c=biws,r=wrong,p=AAAA"), &out);
	assert_int_not_equal(state, SCRAM_DONE);
	scram_destroy(server);
	buf_fini(&out);
	return state;
}

static void odd(void **unused)
{
	(void)unused;
	static char endless[SCRAM_MESSAGE_MAX + 10] = "n,,n=";
	memset(endless + 5, 'a', sizeof(endless) - 5);
	struct str rows[] = {
		STR(""), STR("x"), STR("n,,"), STR("n,,n=,r=abc"), STR("n,,n=ann,r="),
		STR("n,,m=ext,n=ann,r=abc"), STR("y,,n=ann,r=abc"), STR("p=tls-exporter,,n=ann,r=abc"),
		STR("p=other,,n=ann,r=abc"), STR("n,a=bob,n=ann,r=abc"), STR("n,,n=a=2Cb,r=abc"),
		STR("n,,n=a=zz,r=abc"), STR("n,,n=\xff,r=abc"), { "n,,n=a\0n,r=abc", 14 },
		{ endless, 400 }, { endless, sizeof(endless) }, STR("n,,n=ann,r=abc"),
	};
	all_known = GATEWAY_NO;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned plus = 0; plus < 2; plus++)
			assert_int_equal(step(rows[i], plus), SCRAM_FAILED);
}

/* Keys that are none, as a hand in the database may have left them, are nobody's. */
static void bad_keys(void **unused)
{
	(void)unused;
	static const char *const rows[] = {
		"x", "SCRAM-SHA-1$20000:AAAA$AAAA:AAAA", "SCRAM-SHA-256$", "SCRAM-SHA-256$0:AAAA$AAAA:AAAA",
		"SCRAM-SHA-256$20000:AAAA$AAAA", "SCRAM-SHA-256$20000:!!$??:AAAA",
		"SCRAM-SHA-256$20000:AAAA$AAAA:AAAA:x", "SCRAM-SHA-256$20000:AAAA$AAAA:AAAA",
	};
	struct buf good = keys;
	const struct client c = { "ann", NULL, "pencil" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		keys = (struct buf){ 0 };
		buf_add_cstr(&keys, rows[i]);
		assert_int_not_equal(talk(&c, false, NULL, NULL), SCRAM_DONE);
		buf_fini(&keys);
	}
	keys = good;
}

/* Two ends of one connection, through memory. */
static SSL *connected(SSL_CTX *server, SSL_CTX *client, SSL_SESSION *session, SSL **peer)
{
	SSL *ours = SSL_new(server);
	BIO *left, *right;
	*peer = SSL_new(client);
	assert_int_equal(BIO_new_bio_pair(&left, 0, &right, 0), 1);
	SSL_set_bio(ours, left, left);
	SSL_set_bio(*peer, right, right);
	if (session)
		SSL_set_session(*peer, session);
	int a = 0, b = 0;
	for (unsigned i = 0; i < 20 && (a != 1 || b != 1); i++) {
		b = SSL_connect(*peer);
		a = SSL_accept(ours);
	}
	assert_true(a == 1 && b == 1);
	return ours;
}

/* By what the client's side of TLS knows: the exporter, or the first Finished (RFC 5929 3.1). */
static void channel(void **unused)
{
	(void)unused;
	SSL_CTX *server = certificate_server("mail.test"), *client = SSL_CTX_new(TLS_client_method());
	struct scram_binding binding;
	unsigned char seen[64];
	SSL *peer, *ours = connected(server, client, NULL, &peer);
	scram_binding_of(ours, &binding);
	assert_true(binding.exporter_n == 32 && binding.unique_n == 0);
	assert_int_equal(SSL_export_keying_material(peer, seen, 32, "EXPORTER-Channel-Binding", 24,
	                                            NULL, 0, 0), 1);
	assert_memory_equal(seen, binding.exporter, 32);
	SSL_free(ours);
	SSL_free(peer);
	SSL_CTX_set_max_proto_version(client, TLS1_2_VERSION);
	ours = connected(server, client, NULL, &peer);
	scram_binding_of(ours, &binding);
	assert_true(binding.exporter_n == 0 && binding.unique_n == 12);
	assert_int_equal(SSL_get_finished(peer, seen, sizeof(seen)), 12);
	assert_memory_equal(seen, binding.unique, 12);
	SSL_SESSION *session = SSL_get1_session(peer);
	SSL_shutdown(peer);            /* it is not used again otherwise */
	SSL_shutdown(ours);
	SSL_free(ours);
	SSL_free(peer);
	ours = connected(server, client, session, &peer);
	assert_true(SSL_session_reused(ours));
	scram_binding_of(ours, &binding);
	assert_int_equal(SSL_get_peer_finished(peer, seen, sizeof(seen)), 12);
	assert_true(binding.unique_n == 12);
	assert_memory_equal(seen, binding.unique, 12);
	SSL_SESSION_free(session);
	SSL_free(ours);
	SSL_free(peer);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logged_in), cmocka_unit_test(cut_off), cmocka_unit_test(channel),
		cmocka_unit_test(tls_unique), cmocka_unit_test(nobody),
		cmocka_unit_test(odd), cmocka_unit_test(bad_keys),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
