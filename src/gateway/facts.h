/* SPDX-License-Identifier: ISC
 *
 * From a session's addresses to the facts that the policy decides on (policy.h). Whose an address
 * is, is the directory's word, which may also be that it does not know: then the fact says so, and
 * what rests on it is put off. Pure, but for the directory that the caller brings.
 */
#ifndef PORTREEVE_GATEWAY_FACTS_H
#define PORTREEVE_GATEWAY_FACTS_H

#include "gateway/address.h"
#include "gateway/policy.h"

enum gateway_known { GATEWAY_NO, GATEWAY_YES, GATEWAY_NOT_NOW };

/* Each is asked for plain addresses only (a domain: for any that is a name), so that no quote,
 * percent or slash reaches a key of a database. */
struct gateway_directory {
	void *arg;
	/* Whether we are the domain's server. From memory: there is no "not now". */
	bool (*has_domain)(void *arg, const char *domain);
	enum gateway_known (*has_mailbox)(void *arg, const struct gateway_address *address);
	/* Whether the account may send as that address. */
	enum gateway_known (*owns)(void *arg, struct str account,
	                           const struct gateway_address *address);
};

/* What of a session decides. */
struct gateway_client {
	enum gateway_listener listener;
	bool tls;
	enum gateway_account account;
	struct str name;              /* of the account; empty for nobody */
	enum gateway_listed listed;
	bool refuses_ours;            /* as a stranger's sender: gateway.own_senders */
};

/* `recipient` is NULL at MAIL. Of who is refused whether there is a mailbox or not, nobody asks
 * whether there is: GATEWAY_RECIPIENT_UNSURE. */
void gateway_facts_gather(const struct gateway_client *client,
                          const struct gateway_directory *directory,
                          const struct gateway_address *sender,
                          const struct gateway_address *recipient, struct gateway_facts *out);

#endif
