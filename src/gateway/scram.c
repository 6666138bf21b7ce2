/* SPDX-License-Identifier: ISC
 *
 * GNU SASL asks for what it needs by a callback: the keys of the name that the client gave, found
 * once, or keys of nobody.
 */
#include "gateway/scram.h"

#include "base/mem.h"
#include "base/random.h"
#include "gateway/login.h"
#include "gateway/password.h"

#include <assert.h>
#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_BYTES = 32, SALT_BYTES = 16, BASE64_MAX = 128 };

struct scram {
	struct scram_setup setup;
	struct scram_binding binding;
	Gsasl *library;
	Gsasl_session *session;
	char name[GATEWAY_LOGIN_NAME_MAX + 1];
	char iterations[16], salt[BASE64_MAX], stored[BASE64_MAX], server[BASE64_MAX];
	bool looked_up, known, not_now;
	bool proved;                   /* the client has; the server's last words are out */
	enum scram_state state;
};

/* ---- the channel ----------------------------------------------------------------------- */

void scram_binding_of(SSL *tls, struct scram_binding *out)
{
	static const char label[] = "EXPORTER-Channel-Binding";
	enum { EXPORTER_BYTES = 32 };
	*out = (struct scram_binding){ 0 };
	if (SSL_version(tls) >= TLS1_3_VERSION) {
		if (SSL_export_keying_material(tls, out->exporter, EXPORTER_BYTES, label,
		                               sizeof(label) - 1, NULL, 0, 0) == 1)
			out->exporter_n = EXPORTER_BYTES;
		return;
	}
	/* Without it two connections can be made to have the same (RFC 7627 1). */
	if (SSL_get_extms_support(tls) != 1)
		return;
	/* The first Finished of the handshake: the client's, but the server's where it was resumed
	 * (RFC 5929 3.1). */
	out->unique_n = SSL_session_reused(tls) ?
	                SSL_get_finished(tls, out->unique, sizeof(out->unique)) :
	                SSL_get_peer_finished(tls, out->unique, sizeof(out->unique));
	if (out->unique_n > sizeof(out->unique))
		out->unique_n = 0;
}

/* ---- keys ------------------------------------------------------------------------------ */

static void base64(const void *bytes, size_t n, char out[static BASE64_MAX])
{
	assert((n + 2) / 3 * 4 < BASE64_MAX);
	EVP_EncodeBlock((unsigned char *)out, bytes, (int)n);
}

/* "SCRAM-SHA-256$ITERATIONS:SALT$STORED:SERVER" into its parts. */
static bool split(struct str text, struct scram *s)
{
	struct str rest = text, word;
	uint64_t iterations;
	struct { char *to; size_t size; } parts[] = {
		{ s->iterations, sizeof(s->iterations) }, { s->salt, sizeof(s->salt) },
		{ s->stored, sizeof(s->stored) }, { s->server, sizeof(s->server) },
	};
	if (!str_token(&rest, "$", &word) || !str_eq(word, STR(SCRAM_NAME)))
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!str_token(&rest, "$:", &word) || !str_copy(parts[i].to, parts[i].size, word))
			return false;
	return rest.n == 0 && str_u64(str_of(s->iterations), INT32_MAX, &iterations) == ERR_OK &&
	       iterations > 0;
}

/* Of nobody: no password leads to keys that are drawn. */
static void make_up(struct scram *s)
{
	unsigned char bytes[KEY_BYTES];
	unsigned n = 0;
	HMAC(EVP_sha256(), s->setup.secret, SCRAM_SECRET_BYTES, (const unsigned char *)s->name,
	     strlen(s->name), bytes, &n);
	assert(n == sizeof(bytes));
	base64(bytes, SALT_BYTES, s->salt);
	random_bytes(bytes, sizeof(bytes));
	base64(bytes, sizeof(bytes), s->stored);
	random_bytes(bytes, sizeof(bytes));
	base64(bytes, sizeof(bytes), s->server);
	int length = snprintf(s->iterations, sizeof(s->iterations), "%d",
	                      PASSWORD_SCRAM_ITERATIONS);
	assert(length > 0 && (size_t)length < sizeof(s->iterations));
}

/* The name is as SASLprep has it; in small letters it is an account's. */
static void take_name(struct scram *s, Gsasl_session *session)
{
	const char *given = gsasl_property_fast(session, GSASL_AUTHID);
	const char *as = gsasl_property_fast(session, GSASL_AUTHZID);
	bool fits = given && str_copy(s->name, sizeof(s->name), str_of(given));
	if (!fits || (as && *as && strcmp(as, given) != 0))      /* nobody is somebody else */
		s->name[0] = '\0';
	for (char *c = s->name; *c; c++)
		*c = ascii_lower(*c);
}

static void look_up(struct scram *s, Gsasl_session *session)
{
	struct buf keys = { 0 };
	if (s->looked_up)
		return;
	s->looked_up = true;
	take_name(s, session);
	enum gateway_known known = s->name[0] ?
		s->setup.keys(s->setup.arg, str_of(s->name), &keys) : GATEWAY_NO;
	s->not_now = known == GATEWAY_NOT_NOW;
	s->known = known == GATEWAY_YES && split(buf_str(&keys), s);
	if (!s->known)
		make_up(s);
	if (keys.p)
		explicit_bzero(keys.p, keys.cap);
	buf_fini(&keys);
}

/* ---- what the library asks -------------------------------------------------------------- */

static int set(Gsasl_session *session, Gsasl_property property, const char *value)
{
	return gsasl_property_set(session, property, value);
}

static int set_binding(Gsasl_session *session, Gsasl_property property,
                       const unsigned char *bytes, size_t n)
{
	char text[BASE64_MAX];
	if (n == 0)
		return GSASL_NO_CALLBACK;
	base64(bytes, n, text);
	return set(session, property, text);
}

static int asked(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	struct scram *s = gsasl_callback_hook_get(library);
	switch (property) {
	case GSASL_CB_TLS_EXPORTER:
		return set_binding(session, property, s->binding.exporter, s->binding.exporter_n);
	case GSASL_CB_TLS_UNIQUE:
		return set_binding(session, property, s->binding.unique, s->binding.unique_n);
	case GSASL_SCRAM_ITER:
		look_up(s, session);
		return set(session, property, s->iterations);
	case GSASL_SCRAM_SALT:
		look_up(s, session);
		return set(session, property, s->salt);
	case GSASL_SCRAM_STOREDKEY:
		look_up(s, session);
		return set(session, property, s->stored);
	case GSASL_SCRAM_SERVERKEY:
		look_up(s, session);
		return set(session, property, s->server);
	default:
		return GSASL_NO_CALLBACK;
	}
}

/* ---- the exchange ------------------------------------------------------------------------ */

struct scram *scram_create(const struct scram_setup *setup)
{
	struct scram *s = mem_zalloc(sizeof(*s));
	s->setup = *setup;
	if (setup->binding)
		s->binding = *setup->binding;
	s->setup.binding = NULL;
	int rc = gsasl_init(&s->library);
	assert(rc == GSASL_OK);
	gsasl_callback_set(s->library, asked);
	gsasl_callback_hook_set(s->library, s);
	return s;
}

void scram_destroy(struct scram *s)
{
	if (!s)
		return;
	if (s->session)
		gsasl_finish(s->session);
	gsasl_done(s->library);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static bool begin(struct scram *s)
{
	const char *mechanism = s->setup.plus ? SCRAM_NAME_PLUS : SCRAM_NAME;
	if (s->session)
		return true;
	if (gsasl_server_start(s->library, mechanism, &s->session) != GSASL_OK) {
		s->session = NULL;
		return false;
	}
	return true;
}

static enum scram_state over(struct scram *s, enum scram_state state)
{
	assert(state != SCRAM_DONE || (s->known && s->proved && s->name[0] && !s->not_now));
	s->state = state;
	return state;
}

/* The first message says "y": the client could bind to the channel, and was told that we cannot. */
static bool is_cut_off(const struct scram *s, struct str in)
{
	bool offered = s->binding.exporter_n + s->binding.unique_n > 0;
	return !s->session && offered && in.p[0] == 'y';
}

enum scram_state scram_step(struct scram *s, struct str in, struct buf *out)
{
	char *said = NULL;
	size_t said_n = 0;
	if (s->state != SCRAM_MORE)
		return s->state;
	if (s->proved)                         /* to our last words there is nothing to be said */
		return over(s, in.n == 0 ? SCRAM_DONE : SCRAM_FAILED);
	if (in.n == 0 || in.n > SCRAM_MESSAGE_MAX || is_cut_off(s, in) || !begin(s))
		return over(s, SCRAM_FAILED);
	int rc = gsasl_step(s->session, in.p, in.n, &said, &said_n);
	if (s->not_now)
		rc = GSASL_NO_CALLBACK;
	bool well = rc == GSASL_NEEDS_MORE || (rc == GSASL_OK && s->known && s->name[0]);
	if (well)
		buf_add(out, said, said_n);
	gsasl_free(said);
	if (!well)
		return over(s, s->not_now ? SCRAM_LATER : SCRAM_FAILED);
	s->proved = rc == GSASL_OK;
	return SCRAM_MORE;
}

struct str scram_name(const struct scram *s)
{
	return str_of(s->name);
}
