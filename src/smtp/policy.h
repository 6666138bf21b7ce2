/* SPDX-License-Identifier: ISC
 *
 * What a server's "no" is about: relaying, who we are or when we come, the recipient
 * itself, or nothing that it says. Pure; reads what any server may write.
 */
#ifndef PORTREEVE_SMTP_POLICY_H
#define PORTREEVE_SMTP_POLICY_H

#include "mail/refusal.h"
#include "smtp/client.h"

/* What was asked. Servers repeat it in their answers: echoes are cut out before the words
 * count. All may be empty. */
struct smtp_asked {
	struct str sender, recipient;    /* as they stood behind "MAIL FROM:" and "RCPT TO:" */
	struct str helo;
	struct str client;               /* our address as text */
	uint16_t port;                   /* of the server */
	bool login_offered;              /* AUTH, or STARTTLS before it */
};

/* REFUSAL_NONE for 2xx, 3xx and code 0. A 4xx is REFUSAL_RELAY only if its words deny
 * relaying; any other 4xx is never the server's last word. */
enum refusal smtp_refusal(const struct smtp_reply *reply, const struct smtp_asked *asked);

#endif
