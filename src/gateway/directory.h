/* SPDX-License-Identifier: ISC
 *
 * The directory: which domains are ours, which addresses have a mailbox, where that is, and which
 * account may send as which address. It asks the accounts of the store, and what the
 * configuration says of inner hosts.
 *
 * An address is somebody's by the first of these that has it:
 *
 *   an account     that has the address, the address without its "+detail" (RFC 5233 4), or
 *                  "@" and the domain: account_address_step()
 *   a file         of gateway.recipients, by the same three steps
 *   an inner host  of a domain without a file, by what the caller found when he asked it
 *   all            postmaster@ and abuse@ of every domain of ours (RFC 5321 4.5.1, RFC 2142 4):
 *                  abuse@ is whose postmaster@ is, that is the account named "postmaster", and
 *                  where there is none, the Maildir DOMAIN/postmaster keeps it until somebody
 *                  reads it: an account that gets that address later finds it there
 *
 * Who uses it: the sessions (facts.h, gateway.h), the delivery. It reads the store, which takes
 * microseconds; with a store that is missing or in trouble the answer is "not now".
 *
 * Hostile input: addresses of any client, checked to be plain by facts.h; names at logins.
 */
#ifndef PORTREEVE_GATEWAY_DIRECTORY_H
#define PORTREEVE_GATEWAY_DIRECTORY_H

#include "gateway/config.h"
#include "gateway/facts.h"
#include "gateway/offer.h"

/* What an inner host offered counts so long. */
enum { DIRECTORY_OFFER_MS = 3600 * 1000 };

struct directory;
struct store;

struct directory_setup {
	const struct gateway_config *config;     /* read now, and not kept */
	struct store *store;          /* the caller's; NULL: just now there is none */
	/* What the inner host of a domain without a file says of an address, as far as it has been
	 * asked: GATEWAY_NOT_NOW until then. NULL: always that. */
	enum gateway_known (*inner)(void *arg, const struct gateway_address *address);
	void *arg;
};

/* Reads the files of gateway.recipients; blocks. ERR_INVALID, ERR_NOT_FOUND, ERR_DENIED, ERR_IO,
 * ERR_LIMIT, with one line in *message; who has a directory goes on with that. */
int directory_create(const struct directory_setup *setup, struct directory **out,
                     struct buf *message);
void directory_destroy(struct directory *d);             /* NULL is fine */
/* Another store, because the old one was replaced; NULL: there is none. */
void directory_use(struct directory *d, struct store *st);

/* For the policy. */
struct gateway_directory directory_facts(struct directory *d);
/* For gateway_setup, whose arg is the directory. A locked account is nobody's. Who logs in gives
 * the name of his account, or an address of it. A hash is a secret: wipe it. */
enum gateway_known directory_account_of_uid(void *directory, unsigned uid, struct buf *account);
enum gateway_known directory_account_of_login(void *directory, struct str login,
                                              struct buf *account);
enum gateway_known directory_credentials(void *directory, struct str name, struct buf *hash,
                                         struct buf *scram);

/* For the delivery: the Maildir of an address that has a mailbox here, below the directory of the
 * Maildirs ("example.org/ann"), appended to *path. "postmaster" alone is that of the first domain.
 * GATEWAY_NO: it is nobody's any more. */
enum gateway_known directory_mailbox(struct directory *d, struct str address, struct buf *path);

/* For the sessions, before RCPT is answered: whether the domain is one of ours whose mail goes to
 * an inner host that has to be asked, as there is no file. */
bool directory_asks(const struct directory *d, const char *domain);
/* What the inner host of a domain of ours offered when it was last spoken to, which whoever speaks
 * to it notes here; unknown if that is not known or long ago. Of all other domains nothing is. */
struct gateway_offer directory_offer(const struct directory *d, const char *domain,
                                     int64_t now_ms);
void directory_note_offer(struct directory *d, const char *domain,
                          const struct gateway_offer *offer, int64_t now_ms);
/* For the doctor: the next domain of ours whose postmaster@ is no account's and in no file,
 * from *at on, which is moved. NULL: no more. With a store that is in trouble there is none. */
const char *directory_unread(struct directory *d, size_t *at);

/* Whether domains and recipients are as they should be; ERR_INVALID with one line that names the
 * parameter. The files are not read. */
int directory_check(const struct gateway_config *config, struct buf *message);
/* The file that an entry of gateway.recipients names, within it. */
const char *directory_file(const char *entry);

#endif
