/* SPDX-License-Identifier: ISC
 *
 * Who may ask a witness, and about what. The operator of the witness makes a key of 256 bits for
 * each who may ask (`portreeve keys witness`): the asker has the secret in a file, the witness
 * a row in the file `witness.keys`, which names the hosts and ports that it may connect to for that
 * key. The row holds a hash of the secret; from it alone the secret cannot be had, but who can read
 * the row can ask.
 *
 *   witness.keys, a row each; "#" begins a comment:
 *	NAME HASH host=mail.example.org[,HOST…] [port=25[,PORT…]] [network=10.0.0.0/8[,…]]
 *   the asker's file, one row:
 *	NAME SECRET
 *
 * HASH and SECRET are 64 hexadecimal digits. Without `port` it is 25. `network` names ranges that
 * are not on the Internet (private ones, say) in which the hosts may be all the same.
 *
 * Who uses it: the role witness, `keys witness`, and who asks (witness/ask.h). Both files are their
 * operators'; their mistakes are told with the line, but nothing that stands in a secret's place is
 * shown. Pure.
 */
#ifndef PORTREEVE_WITNESS_KEY_H
#define PORTREEVE_WITNESS_KEY_H

#include "base/ip.h"
#include "base/str.h"

enum {
	WITNESS_NAME_MAX = 32, WITNESS_HOST_MAX = 253, WITNESS_SECRET_BYTES = 32,
	WITNESS_KEYS_MAX = 64,           /* rows of a file */
	WITNESS_HOSTS_MAX = 16, WITNESS_PORTS_MAX = 4, WITNESS_NETWORKS_MAX = 8,   /* of a row */
	WITNESS_KEYS_BYTES = 262144,     /* of the file */
};

struct witness_key {
	char name[WITNESS_NAME_MAX + 1];
	uint8_t hash[WITNESS_SECRET_BYTES];
	char hosts[WITNESS_HOSTS_MAX][WITNESS_HOST_MAX + 1];     /* lower case */
	size_t host_count;
	uint16_t ports[WITNESS_PORTS_MAX];
	size_t port_count;
	struct prefix networks[WITNESS_NETWORKS_MAX];
	size_t network_count;
};

/* Zero-initialised there is none. */
struct witness_keys {
	struct witness_key *v;
	size_t n;
};

struct witness_secret {
	char name[WITNESS_NAME_MAX + 1];
	uint8_t secret[WITNESS_SECRET_BYTES];
};

/* Reads the text of a file of keys, which `path` names in the error line
 * ("/etc/portreeve/witness.keys:3: expected …"). ERR_INVALID, ERR_LIMIT: *out is zeroed. */
int witness_keys_parse(const char *path, struct str text, struct witness_keys *out,
                       struct buf *message);
/* Wipes the hashes. */
void witness_keys_fini(struct witness_keys *keys);
/* NULL: there is none of that name. */
const struct witness_key *witness_keys_find(const struct witness_keys *keys, struct str name);

/* Whether the key names that host (whatever the case, with or without a trailing dot), and that
 * port. */
bool witness_key_has_host(const struct witness_key *key, struct str host);
bool witness_key_has_port(const struct witness_key *key, uint16_t port);
/* NULL: the witness may connect to that address for this key; else why not, in words. Static. */
const char *witness_key_refuses(const struct witness_key *key, const struct ip *address);

/* A name is of letters, digits, "-", "_" and ".", and begins with a letter or digit. */
bool witness_name_ok(struct str name);
/* A host is a name of two labels or more, of letters, digits and "-" (no address). */
bool witness_host_ok(struct str host);

/* What the witness keeps of a secret. */
void witness_secret_hash(const struct witness_secret *secret,
                         uint8_t hash[static WITNESS_SECRET_BYTES]);
/* The asker's file; errors as above. */
int witness_secret_parse(const char *path, struct str text, struct witness_secret *out,
                         struct buf *message);
/* Both rows, with a line end each. The hash of `key` is the one of the secret. */
void witness_secret_format(const struct witness_secret *secret, struct buf *out);
void witness_key_format(const struct witness_key *key, struct buf *out);

#endif
