/* SPDX-License-Identifier: ISC
 *
 * What the rooms offer, put together from the settings: the keys, the tester and the collector.
 * Roles and commands both build them here, so that a test by hand is the test that a role runs.
 * The state directory is the current one (settings/state.h). The files are our own.
 */
#ifndef PORTREEVE_SETTINGS_ASSEMBLY_H
#define PORTREEVE_SETTINGS_ASSEMBLY_H

#include "relaytest/collector.h"
#include "relaytest/tester.h"
#include "report/desk.h"
#include "settings/settings.h"

/* Zero-initialised there are none. */
struct assembly_keys {
	struct token_signer signer;
	bool has_signer;
	EVP_PKEY *evidence;          /* NULL unless asked for */
};

/* Reads the token keys, anew at each call; `evidence`: and the pair that signs evidence, once. On
 * an error what was loaded before stays, with one line in *message. Errors as keys_token_load()
 * and keys_evidence_load(). Blocks. */
int assembly_keys_load(struct assembly_keys *keys, bool evidence, struct buf *message);
void assembly_keys_fini(struct assembly_keys *keys);
/* Makes a new token key; an old one verifies for as long as something made with it may come
 * back. Errors as keys_token_rotate(). */
int assembly_keys_rotate(const struct settings *s, int64_t now_s, struct buf *message);

/* A tester and the resolver that it asks. Zero-initialised there is none. */
struct assembly_tester {
	struct dns_resolver *resolver;
	struct tester *tester;
};

/* `setup` has what the settings do not say: loop, store and callbacks, a login, the patience. The
 * rest of it is filled in. The settings and the keys outlive the tester. ERR_IO with one line. */
int assembly_tester_create(const struct settings *s, const struct assembly_keys *keys,
                           struct tester_setup *setup, struct assembly_tester *out,
                           struct buf *message);
void assembly_tester_destroy(struct assembly_tester *t);

/* The same for the collector: `setup` has loop, store, sockets, callback and TLS. The caller owns
 * the result, collector_destroy(). */
struct collector *assembly_collector_create(const struct settings *s,
                                            const struct assembly_keys *keys,
                                            struct collector_setup *setup);

/* The report desk, over an open store; `now_s` is the time of what is done with it. */
struct desk assembly_desk(const struct settings *s, struct store *st, int64_t now_s);

#endif
