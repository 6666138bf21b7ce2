/* SPDX-License-Identifier: ISC
 *
 * Who it is comes first, then as whom it sends, then to whom. Every path that is not an
 * acceptance in so many words ends in a refusal.
 */
#include "gateway/policy.h"

static const struct gateway_decision
	accept_local = { .answer = GATEWAY_ACCEPT_LOCAL },
	accept_submission = { .answer = GATEWAY_ACCEPT_SUBMISSION },
	accept_sender = { .answer = GATEWAY_ACCEPT_SENDER },
	want_tls = { .code = 530, .enhanced = "5.7.0",
	             .text = "Issue STARTTLS first" },               /* RFC 3207 4 */
	want_login = { .code = 530, .enhanced = "5.7.0",
	               .text = "Authentication required" },          /* RFC 4954 6 */
	later = { .code = 451, .enhanced = "4.3.0",
	          .text = "Who you are or whose address this is cannot be looked up now" },
	not_yours = { .code = 553, .enhanced = "5.7.1",
	              .text = "Sender address is not one of this account's" },
	claimed = { .code = 553, .enhanced = "5.7.1",
	            .text = "The sender's domain is ours: log in at the submission port to send "
	                    "in its name" },
	denied = { .code = 550, .enhanced = "5.7.1",
	           .text = "Relaying denied: log in at the submission port to send elsewhere" },
	not_plain = { .code = 550, .enhanced = "5.7.1",
	              .text = "Relaying denied: no plain address, and no route is followed" },
	unknown = { .code = 550, .enhanced = "5.1.1",
	            .text = "No such mailbox here" },                /* RFC 3463 3.2 */
	listed = { .code = 550, .enhanced = "5.7.1", .for_listed = true,
	           .text = "Refused: this host is on a blocklist" };

/* Whether it is known to be an account of ours in the one way that its listener allows. No login
 * at port 25, and none without TLS; what came by another way than it can is nobody's. */
static bool is_account(const struct gateway_facts *f)
{
	switch (f->listener) {
	case GATEWAY_INBOUND:
		return f->account == GATEWAY_BY_HOST;
	case GATEWAY_SUBMISSION:
		return f->account == GATEWAY_BY_LOGIN && f->tls;
	case GATEWAY_LOCAL:
		return f->account == GATEWAY_BY_UID;
	}
	return false;
}

/* To whom a stranger may write: mailboxes of ours. */
static struct gateway_decision stranger_writes(const struct gateway_facts *f)
{
	bool is_listed = f->listed != GATEWAY_UNLISTED && !f->is_role;
	bool is_claimed = f->sender == GATEWAY_SENDER_CLAIMED && !f->is_role;
	switch (f->recipient) {
	case GATEWAY_RECIPIENT_POSTMASTER:
		return accept_local;
	case GATEWAY_RECIPIENT_MAILBOX:
		return is_listed ? listed : is_claimed ? claimed : accept_local;
	case GATEWAY_RECIPIENT_UNKNOWN:
		return is_listed ? listed : is_claimed ? claimed : unknown;
	case GATEWAY_RECIPIENT_UNSURE:
		return is_listed ? listed : is_claimed ? claimed : later;
	case GATEWAY_RECIPIENT_ODD:
	case GATEWAY_RECIPIENT_ROUTED:
		return not_plain;
	case GATEWAY_RECIPIENT_ELSEWHERE:
	case GATEWAY_RECIPIENT_NONE:
		break;
	}
	return denied;
}

/* To whom an account may write: the same mailboxes, and every domain's. */
static struct gateway_decision account_writes(const struct gateway_facts *f)
{
	switch (f->recipient) {
	case GATEWAY_RECIPIENT_POSTMASTER:
	case GATEWAY_RECIPIENT_MAILBOX:
		return accept_local;
	case GATEWAY_RECIPIENT_UNKNOWN:
		return unknown;
	case GATEWAY_RECIPIENT_UNSURE:
		return later;
	case GATEWAY_RECIPIENT_ELSEWHERE:
		return accept_submission;
	case GATEWAY_RECIPIENT_ODD:
	case GATEWAY_RECIPIENT_ROUTED:
	case GATEWAY_RECIPIENT_NONE:
		break;
	}
	return not_plain;
}

/* An account sends as itself, or a bounce. */
static struct gateway_decision account(const struct gateway_facts *f)
{
	if (f->sender == GATEWAY_SENDER_UNSURE)
		return later;
	if (f->sender != GATEWAY_SENDER_OWNED && f->sender != GATEWAY_SENDER_NULL)
		return not_yours;
	return f->recipient == GATEWAY_RECIPIENT_NONE ? accept_sender : account_writes(f);
}

struct gateway_decision gateway_policy(const struct gateway_facts *f)
{
	if (f->listener == GATEWAY_SUBMISSION && !f->tls)
		return want_tls;
	if (is_account(f))
		return account(f);
	if (f->account == GATEWAY_UNSURE && f->listener != GATEWAY_INBOUND)
		return later;
	if (f->listener != GATEWAY_INBOUND)
		return want_login;
	return f->recipient == GATEWAY_RECIPIENT_NONE ? accept_sender : stranger_writes(f);
}
