/* SPDX-License-Identifier: ISC
 *
 * Where the gateway's sockets and files are, and its TLS; see assembly-gateway.h.
 */
#include "settings/assembly-gateway.h"

#include "base/mem.h"
#include "base/tls.h"

#include <assert.h>

/* ---- paths ---------------------------------------------------------------------------------- */

static char *path_of(const struct settings *s, const char *set, const char *name, bool any_user,
                     bool *inside)
{
	*inside = false;
	if (strcmp(set, "none") == 0)
		return NULL;
	if (set[0])
		return mem_strdup(set);
	*inside = !any_user || strcmp(s->general.state_directory, SETTINGS_STATE) != 0;
	return mem_printf("%s/%s", *inside ? s->general.state_directory : GATEWAY_RUN, name);
}

char *assembly_gateway_local_path(const struct settings *s, bool *inside)
{
	return path_of(s, s->gateway.local_socket, GATEWAY_LOCAL_NAME, true, inside);
}

char *assembly_gateway_control_path(const struct settings *s, bool *inside)
{
	return path_of(s, s->gateway.control_socket, GATEWAY_CONTROL_NAME, false, inside);
}

const char *assembly_gateway_mailboxes(const struct settings *s)
{
	return s->gateway.mailboxes[0] ? s->gateway.mailboxes : GATEWAY_MAILBOXES;
}

/* ---- files ---------------------------------------------------------------------------------- */

size_t assembly_gateway_files(const struct settings *s, struct arena *a,
                              const char *paths[static GATEWAY_FILES_MAX])
{
	const struct gateway_config *c = &s->gateway;
	size_t n = GATEWAY_FILE_SNI;
	paths[GATEWAY_FILE_CERTIFICATE] = c->certificate;
	paths[GATEWAY_FILE_KEY] = c->key;
	paths[GATEWAY_FILE_PASSWORD] = c->smarthost_password_file;
	for (size_t i = 0; i < c->sni.n; i++) {
		struct gateway_sni sni;
		int e = gateway_sni_parse(str_of(c->sni.v[i]), &sni);
		assert(e == ERR_OK && n + 2 <= GATEWAY_FILES_MAX);
		paths[n++] = arena_strdup(a, sni.certificate);
		paths[n++] = arena_strdup(a, sni.key);
	}
	return n;
}

const char *assembly_gateway_file_parameter(size_t i)
{
	static const char *const names[] = {
		[GATEWAY_FILE_CERTIFICATE] = "certificate", [GATEWAY_FILE_KEY] = "key",
		[GATEWAY_FILE_PASSWORD] = "smarthost_password_file", [GATEWAY_FILE_SNI] = "sni",
	};
	return names[i < GATEWAY_FILE_SNI ? i : GATEWAY_FILE_SNI];
}

/* Tickets let clients come back; a cache of ours besides would be memory for nothing. */
static void settle(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
}

static int one_tls(const char *const *paths, const struct str *contents, size_t at, SSL_CTX **out,
                   struct buf *message)
{
	const struct tls_pem pem = {
		.certificate = paths[at], .certificate_text = contents[at],
		.key = paths[at + 1], .key_text = contents[at + 1] };
	int e = tls_server_create_from("gateway", &pem, out, message);
	if (e == ERR_OK)
		settle(*out);
	return e;
}

int assembly_gateway_tls(const struct settings *s, const struct str *contents, SSL_CTX **out,
                         struct buf *message)
{
	const char *paths[GATEWAY_FILES_MAX];
	struct arena a = { 0 };
	SSL_CTX *ctx = NULL;
	*out = NULL;
	if (!s->gateway.certificate[0])
		return ERR_OK;
	size_t n = assembly_gateway_files(s, &a, paths);
	int e = one_tls(paths, contents, GATEWAY_FILE_CERTIFICATE, &ctx, message);
	for (size_t i = GATEWAY_FILE_SNI; e == ERR_OK && i < n; i += 2) {
		SSL_CTX *other;
		struct gateway_sni sni;
		char name[256];
		gateway_sni_parse(str_of(s->gateway.sni.v[(i - GATEWAY_FILE_SNI) / 2]), &sni);
		e = one_tls(paths, contents, i, &other, message);
		if (e != ERR_OK)
			break;
		str_copy(name, sizeof(name), sni.name);
		tls_server_add_name(ctx, name, other);
		SSL_CTX_free(other);
	}
	arena_fini(&a);
	if (e != ERR_OK) {
		SSL_CTX_free(ctx);
		return e;
	}
	*out = ctx;
	return ERR_OK;
}
