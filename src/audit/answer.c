/* SPDX-License-Identifier: ISC
 *
 * What a server's replies to an envelope say of relaying. A refusal counts if it is the relay
 * rule's, or one of the address whoever asks; one by who asks or when says nothing.
 */
#include "audit/plan.h"

#include "smtp/policy.h"

static enum audit_said said_of(const struct audit_try *t, enum refusal refusal, int code, bool mail)
{
	const struct relay_case *form = audit_form_case(t->form);
	if (code == 0)
		return AUDIT_UNSAID;
	switch (refusal) {
	case REFUSAL_NONE:
		return AUDIT_TAKEN;
	case REFUSAL_RELAY:
		return AUDIT_REFUSED;
	case REFUSAL_RECIPIENT:
		/* An address that could not be looked up now says nothing. */
		return code / 100 == 5 ? AUDIT_REFUSED : AUDIT_REFUSED_ELSE;
	case REFUSAL_UNKNOWN:
		return code / 100 == 5 && !mail ? AUDIT_REFUSED : AUDIT_REFUSED_ELSE;
	case REFUSAL_SENDER:
		/* The form is its sender: whoever comes with that one is refused. */
		return code / 100 == 5 && form && relay_forges_sender(form) ? AUDIT_REFUSED
		                                                          : AUDIT_REFUSED_ELSE;
	case REFUSAL_HELO:
		return code / 100 == 5 && form && relay_forges_helo(form) ? AUDIT_REFUSED
		                                                        : AUDIT_REFUSED_ELSE;
	default:
		/* By its name: the plain form of the same client says what its address is worth. */
		return code / 100 == 5 && form && relay_claims_client(form) ? AUDIT_REFUSED
		                                                          : AUDIT_REFUSED_ELSE;
	}
}

void audit_answer(struct audit_plan *plan, const struct audit_question *question,
                  struct audit_try *try_, const struct audit_heard *mail,
                  const struct audit_heard *rcpt)
{
	char client[IP_TEXT_MAX];
	const bool at_mail = rcpt->code == 0;
	const struct audit_heard *last = at_mail ? mail : rcpt;
	const struct smtp_asked asked = {
		.sender = str_of(try_->mail), .recipient = str_of(try_->rcpt),
		.helo = str_of(question->helo),
		.client = str_of(ip_format(&question->from, client)),
		.port = question->at.port,
	};
	struct smtp_reply reply = { .code = last->code, .text = str_of(last->text) };
	str_copy(reply.enhanced, sizeof(reply.enhanced), str_of(last->enhanced));
	try_->code = last->code;
	try_->text = arena_strdup(plan->arena, reply.text);
	/* MAIL alone decides nothing. */
	if (at_mail && mail->code / 100 == 2) {
		try_->said = AUDIT_UNSAID;
		return;
	}
	try_->refusal = smtp_refusal(&reply, &asked);
	try_->said = said_of(try_, try_->refusal, last->code, at_mail);
}
