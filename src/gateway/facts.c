/* SPDX-License-Identifier: ISC
 *
 * One question to the directory for each fact, and none where the form of the address has
 * answered already, or where the answer would decide nothing.
 */
#include "gateway/facts.h"

/* Of a stranger, whoever's the address is. */
static bool is_claimed(const struct gateway_client *client,
                       const struct gateway_directory *directory,
                       const struct gateway_address *sender)
{
	return client->refuses_ours && client->name.n == 0 &&
	       (sender->kind == GATEWAY_ADDRESS_PLAIN || sender->kind == GATEWAY_ADDRESS_ODD) &&
	       directory->has_domain(directory->arg, sender->domain);
}

static enum gateway_sender sender_fact(const struct gateway_client *client,
                                       const struct gateway_directory *directory,
                                       const struct gateway_address *sender)
{
	if (sender->kind == GATEWAY_ADDRESS_NULL)
		return GATEWAY_SENDER_NULL;
	if (is_claimed(client, directory, sender))
		return GATEWAY_SENDER_CLAIMED;
	if (sender->kind != GATEWAY_ADDRESS_PLAIN || client->name.n == 0)
		return GATEWAY_SENDER_OTHER;
	switch (directory->owns(directory->arg, client->name, sender)) {
	case GATEWAY_YES:
		return GATEWAY_SENDER_OWNED;
	case GATEWAY_NOT_NOW:
		return GATEWAY_SENDER_UNSURE;
	case GATEWAY_NO:
		break;
	}
	return GATEWAY_SENDER_OTHER;
}

static enum gateway_recipient mailbox_fact(const struct gateway_directory *directory,
                                           const struct gateway_address *recipient)
{
	switch (directory->has_mailbox(directory->arg, recipient)) {
	case GATEWAY_YES:
		return GATEWAY_RECIPIENT_MAILBOX;
	case GATEWAY_NO:
		return GATEWAY_RECIPIENT_UNKNOWN;
	case GATEWAY_NOT_NOW:
		break;
	}
	return GATEWAY_RECIPIENT_UNSURE;
}

/* Whether a mailbox of ours is refused to the client, be it there or not (policy.c). */
static bool is_shut_out(const struct gateway_facts *f)
{
	return f->listener == GATEWAY_INBOUND && f->account == GATEWAY_NOBODY && !f->is_role &&
	       (f->listed == GATEWAY_LISTED || f->sender == GATEWAY_SENDER_CLAIMED);
}

static enum gateway_recipient recipient_fact(const struct gateway_directory *directory,
                                             const struct gateway_address *recipient,
                                             bool shut_out)
{
	switch (recipient->kind) {
	case GATEWAY_ADDRESS_POSTMASTER:
		return GATEWAY_RECIPIENT_POSTMASTER;
	case GATEWAY_ADDRESS_PLAIN:
		if (!directory->has_domain(directory->arg, recipient->domain))
			return GATEWAY_RECIPIENT_ELSEWHERE;
		return shut_out ? GATEWAY_RECIPIENT_UNSURE : mailbox_fact(directory, recipient);
	case GATEWAY_ADDRESS_ODD:
		if (!directory->has_domain(directory->arg, recipient->domain))
			return GATEWAY_RECIPIENT_ELSEWHERE;
		return GATEWAY_RECIPIENT_ODD;
	case GATEWAY_ADDRESS_NULL:
	case GATEWAY_ADDRESS_ROUTED:
		break;
	}
	return GATEWAY_RECIPIENT_ROUTED;
}

void gateway_facts_gather(const struct gateway_client *client,
                          const struct gateway_directory *directory,
                          const struct gateway_address *sender,
                          const struct gateway_address *recipient, struct gateway_facts *out)
{
	*out = (struct gateway_facts){ .listener = client->listener, .tls = client->tls,
	                               .account = client->account, .listed = client->listed,
	                               .sender = sender_fact(client, directory, sender) };
	if (!recipient)
		return;
	out->is_role = gateway_address_is_role(recipient);
	out->recipient = recipient_fact(directory, recipient, is_shut_out(out));
}
