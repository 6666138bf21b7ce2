/* SPDX-License-Identifier: ISC
 *
 * The mail gateway put together from the settings: sessions, directory, queue, delivery,
 * blocklists, and what the machine's network says of whom may be trusted. The state directory is
 * the current one (settings/state.h).
 *
 * Who uses it: the role gateway. What it is given outlives it.
 */
#ifndef PORTREEVE_SETTINGS_ASSEMBLY_GATEWAY_H
#define PORTREEVE_SETTINGS_ASSEMBLY_GATEWAY_H

#include "gateway/delivery.h"
#include "gateway/gateway.h"
#include "gateway/trust.h"
#include "settings/settings.h"

/* Names in the state directory. */
#define GATEWAY_SPOOL "spool"
#define GATEWAY_MAILBOXES "mailboxes"
#define GATEWAY_LOCAL_NAME "gateway.sock"
#define GATEWAY_CONTROL_NAME "gateway-control.sock"
#define GATEWAY_SCRAM_SECRET "gateway-scram"
#define GATEWAY_KNOWN GATEWAY_SPOOL "/known"
/* Where any user comes to it; for the state directory that nothing names. */
#define GATEWAY_RUN "/run/portreeve"

/* Where the programs of this machine find the gateway; NULL: nowhere. The caller's, to be freed.
 * *inside: in the state directory. */
char *assembly_gateway_local_path(const struct settings *s, bool *inside);
char *assembly_gateway_control_path(const struct settings *s, bool *inside);
/* The directory of the Maildirs, from within the state directory. */
const char *assembly_gateway_mailboxes(const struct settings *s);

/* ---- files that the role's user need not be able to read ------------------------------------ */

enum {
	GATEWAY_FILE_CERTIFICATE, GATEWAY_FILE_KEY, GATEWAY_FILE_PASSWORD, GATEWAY_FILE_SNI,
	GATEWAY_FILES_MAX = GATEWAY_FILE_SNI + 2 * 64,
	GATEWAY_FILE_BYTES_MAX = 1 << 20,
};
/* Their paths, "" where none is set, in that order, certificate and key of each `sni` last; they
 * are the arena's or the settings'. Returns the count. */
size_t assembly_gateway_files(const struct settings *s, struct arena *a,
                              const char *paths[static GATEWAY_FILES_MAX]);
/* Which parameter names the file i: "sni". */
const char *assembly_gateway_file_parameter(size_t i);
/* TLS from what stood in them: certificates by name, TLS 1.2 or later, and as little memory as
 * can be for a session that is idle. *out is NULL where none is set. Errors as
 * tls_server_create_from(). */
int assembly_gateway_tls(const struct settings *s, const struct str *contents, SSL_CTX **out,
                         struct buf *message);

/* ---- the gateway ---------------------------------------------------------------------------- */

struct assembly_gateway;

struct assembly_gateway_setup {
	struct loop *loop;
	struct syncer *syncer;        /* of the queue */
	struct syncer *mails;         /* of Maildirs; NULL: the same */
	struct store *store;          /* NULL: there is none now */
	struct gateway_login *login;
	const struct gateway_listening *listening;
	size_t listening_count;
	int control_fd;               /* of the control socket; -1: none */
	SSL_CTX *tls;                 /* NULL: none. A reference is taken */
	struct str smarthost_password;
	const struct gateway_network *network;   /* of now */
	struct gateway_counters *counters;       /* over all reloads */
	struct gateway_delivery_counters *delivered;
};

/* Opens the queue, which blocks; nothing is delivered before the loop turns. One line in *message
 * on error: ERR_INVALID, ERR_DENIED, ERR_IO, ERR_FULL. */
int assembly_gateway_create(const struct settings *s, const struct assembly_gateway_setup *setup,
                            struct assembly_gateway **out, struct buf *message);
/* New settings, certificates and password; the rest of `setup` is as it was. What cannot be taken
 * over stays as it was, and is logged. */
void assembly_gateway_reload(struct assembly_gateway *g, const struct settings *s,
                             const struct assembly_gateway_setup *setup);
/* Now and then: the machine's addresses and routes may have changed, and who logs in by SCRAM; who
 * is known where is kept. */
void assembly_gateway_look(struct assembly_gateway *g, const struct gateway_network *network);
/* The store was replaced: until the role is started again whose an address is can't be told. */
void assembly_gateway_without_store(struct assembly_gateway *g);

struct gateway *assembly_gateway_sessions(struct assembly_gateway *g);
struct gateway_queue *assembly_gateway_queue(struct assembly_gateway *g);
struct gateway_delivery *assembly_gateway_delivery(struct assembly_gateway *g);

/* After syncer_stop(). NULL is fine. */
void assembly_gateway_destroy(struct assembly_gateway *g);

#endif
