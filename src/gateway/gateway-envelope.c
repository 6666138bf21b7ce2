/* SPDX-License-Identifier: ISC
 *
 * MAIL and RCPT: the facts are gathered, the policy decides, and what it accepts is written down.
 * What goes into the envelope is what was decided on: the address as gateway_address_of() has it,
 * never the text that the client sent.
 */
#include "gateway/gateway-private.h"

#include "base/mem.h"

#include <assert.h>

static const struct gateway_decision
	queue_full = { .code = 452, .enhanced = "4.3.1",
	               .text = "There is no room for more mail now, try again later" },
	memory_full = { .code = 452, .enhanced = "4.3.1",
	                .text = "Too many large messages are coming in, try again later" },
	/* RFC 6531 3.5, RFC 1870 6.1. */
	ascii_recipient = { .code = 553, .enhanced = "5.6.7",
	                    .text = "The host of this mailbox takes ASCII addresses only" },
	ascii_sender = { .code = 550, .enhanced = "5.6.7",
	                 .text = "The host of this mailbox takes ASCII senders only" },
	not_asked = { .code = 451, .enhanced = "4.3.0",
	              .text = "What the host of this mailbox takes cannot be found out now" },
	too_large = { .code = 552, .enhanced = "5.3.4",
	              .text = "The message is larger than the host of this mailbox takes" };

/* Without brackets and route: "a@b.example", "" for <>, "postmaster". */
static struct str address_text(struct arena *a, const struct gateway_address *address)
{
	switch (address->kind) {
	case GATEWAY_ADDRESS_NULL:
		return STR("");
	case GATEWAY_ADDRESS_POSTMASTER:
		return STR("postmaster");
	case GATEWAY_ADDRESS_PLAIN:
	case GATEWAY_ADDRESS_ODD:
		return str_of(arena_printf(a, "%.*s@%s", STR_ARG(address->local),
		                           address->domain));
	case GATEWAY_ADDRESS_ROUTED:
		break;
	}
	return STR("");
}

/* A stranger's may be routed: nobody's mailbox, and where a bounce would go. */
static struct str sender_text(struct arena *a, const struct mail_path *path,
                              const struct gateway_address *sender)
{
	if (sender->kind != GATEWAY_ADDRESS_ROUTED)
		return address_text(a, sender);
	return str_of(arena_printf(a, "%.*s@%.*s", STR_ARG(path->local), STR_ARG(path->domain)));
}

/* *unsure: about the recipient alone. */
static struct gateway_decision decide(struct gateway_session *s,
                                      const struct gateway_address *sender,
                                      const struct gateway_address *recipient, bool *unsure)
{
	struct gateway_facts facts;
	s->client.tls = wire_server_state(s->wire).tls;
	s->client.refuses_ours = s->rules->refuses_ours;
	gateway_facts_gather(&s->client, &s->gateway->setup.directory, sender, recipient, &facts);
	*unsure = facts.recipient == GATEWAY_RECIPIENT_UNSURE;
	return gateway_policy(&facts);
}

/* ---- MAIL ---------------------------------------------------------------------------- */

static struct gateway_mail *mail_create(struct gateway_session *s,
                                        const struct smtp_server_event *ev)
{
	struct gateway_mail *m = mem_zalloc(sizeof(*m));
	*m = (struct gateway_mail){ .gateway = s->gateway, .session = s,
	                            .announced = ev->mail->size };
	struct mail_path path = *ev->path;
	/* A route would hide whose domain a stranger says; nobody follows it (RFC 5321 C). */
	if (s->client.name.n == 0 && path.domain.n > 0)
		path.route = STR("");
	gateway_address_of(&path, &m->sender);
	/* The event's path goes with the event. */
	m->sender.local = arena_str(&m->arena, m->sender.local.n ? m->sender.local : STR(""));
	m->envelope = (struct gateway_envelope){
		.from = sender_text(&m->arena, ev->path, &m->sender), .client = s->peer,
		.listener = s->client.listener, .utf8 = ev->mail->smtputf8,
		.body = ev->mail->body, .ret = ev->mail->ret,
	};
	if (ev->mail->envid.n)
		m->envelope.envid = arena_str(&m->arena, ev->mail->envid);
	return m;
}

/* Whether a message of the size that is announced would find room. */
static const struct gateway_decision *no_room(const struct gateway_session *s, uint64_t bytes)
{
	const struct gateway *g = s->gateway;
	uint64_t budget = (uint64_t)s->rules->config->memory_bytes;
	if (gateway_queue_room(g->setup.queue, bytes) != ERR_OK)
		return &queue_full;
	if (bytes > GATEWAY_SMALL_MESSAGE && g->held_bytes + bytes > budget)
		return &memory_full;
	return NULL;
}

void gateway_on_mail(struct gateway_session *s, const struct smtp_server_event *ev)
{
	gateway_forget_mail(s);          /* RSET is the engine's alone */
	gateway_look_trusted(s);
	s->mail = mail_create(s, ev);
	bool unsure;
	struct gateway_decision d = decide(s, &s->mail->sender, NULL, &unsure);
	const struct gateway_decision *full = NULL;
	if (d.answer == GATEWAY_ACCEPT_SENDER)
		full = no_room(s, ev->mail->size);
	if (d.answer == GATEWAY_ACCEPT_SENDER && !full) {
		gateway_say(s, 250, "2.1.0", "Ok");
		return;
	}
	struct gateway_mail *m = s->mail;
	s->mail = NULL;
	gateway_say_refused(s, full ? full : &d, m->envelope.from, STR(""));
	gateway_mail_free(m);
}

/* ---- RCPT ---------------------------------------------------------------------------- */

static struct gateway_to *next_to(struct gateway_mail *m)
{
	struct gateway_envelope *e = &m->envelope;
	assert(e->to_count < GATEWAY_RECIPIENTS_MAX);
	if (e->to_count == m->to_room) {
		m->to_room = m->to_room ? 2 * m->to_room : 4;
		e->to = mem_realloc(e->to, m->to_room, sizeof(*e->to));
	}
	return &e->to[e->to_count];
}

static void keep_recipient(struct gateway_mail *m, struct str address, bool local,
                           const struct smtp_rcpt_params *params)
{
	struct gateway_to *to = next_to(m);
	*to = (struct gateway_to){ .address = address, .notify = params->notify, .local = local };
	if (params->orcpt.n)
		to->orcpt = str_of(arena_printf(&m->arena, "%.*s;%.*s",
		                                STR_ARG(params->orcpt_type),
		                                STR_ARG(params->orcpt)));
	m->envelope.to_count++;
}

static struct gateway_offer offer_of(const struct gateway_session *s,
                                     const struct gateway_address *recipient)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	if (!setup->offer || recipient->kind != GATEWAY_ADDRESS_PLAIN)
		return (struct gateway_offer){ 0 };
	return setup->offer(setup->arg, recipient->domain, loop_now_ms(setup->loop));
}

/* Whether RFC 6531 3.2 asks for SMTPUTF8 by what is known at RCPT. */
static bool is_wide(const struct gateway_mail *m, const struct gateway_address *recipient)
{
	return !str_is_ascii(m->envelope.from) || !str_is_ascii(recipient->local);
}

/* Mail like that is rare, and so few hosts take it that it is not hoped for. */
static bool is_to_be_asked(const struct gateway_session *s,
                           const struct gateway_address *recipient)
{
	const struct gateway_offer offer = offer_of(s, recipient);
	return offer.has_host && !offer.known && is_wide(s->mail, recipient);
}

/* NULL: as far as is known, the inner host would take it. */
static const struct gateway_decision *host_refuses(const struct gateway_session *s,
                                                   const struct gateway_address *recipient)
{
	const struct gateway_mail *m = s->mail;
	const struct gateway_offer offer = offer_of(s, recipient);
	switch (gateway_offer_lacks(&offer, is_wide(m, recipient), m->announced)) {
	case GATEWAY_LACKS_UTF8:
		return str_is_ascii(recipient->local) ? &ascii_sender : &ascii_recipient;
	case GATEWAY_LACKS_ROOM:
		return &too_large;
	case GATEWAY_LACKS_NOTHING:
		break;
	}
	return is_to_be_asked(s, recipient) ? &not_asked : NULL;
}

/* What the policy says; and where that is yes or not yet, whether its host could take it. *unsure:
 * its host may know more. */
static struct gateway_decision decide_rcpt(struct gateway_session *s,
                                           const struct gateway_address *recipient,
                                           bool *unsure)
{
	const struct gateway_decision d = decide(s, &s->mail->sender, recipient, unsure);
	const struct gateway_decision *no =
		d.answer == GATEWAY_ACCEPT_LOCAL || (*unsure && d.code / 100 == 4) ?
		host_refuses(s, recipient) : NULL;
	*unsure |= no == &not_asked;
	return no ? *no : d;
}

/* As it was asked for, routes and all, it stands in the log. */
static void answer_rcpt(struct gateway_session *s, const struct gateway_decision *d,
                        const struct gateway_address *recipient, struct str path,
                        const struct smtp_rcpt_params *params)
{
	struct gateway_mail *m = s->mail;
	if (d->answer == GATEWAY_ACCEPT_LOCAL || d->answer == GATEWAY_ACCEPT_SUBMISSION) {
		struct str address = address_text(&m->arena, recipient);
		const struct gateway_offer offer = offer_of(s, recipient);
		gateway_offer_join(&m->offer, &offer);
		keep_recipient(m, address, d->answer == GATEWAY_ACCEPT_LOCAL, params);
		gateway_say(s, 250, "2.1.5", "Ok");
	} else {
		gateway_say_refused(s, d, m->envelope.from, path);
	}
}

static void inner_host_answered(void *arg)
{
	struct gateway_mail *m = arg;
	const struct gateway_asked *asked = m->asked;
	bool unsure;
	assert(m->session && m->session->mail == m);
	m->callout = NULL;
	struct gateway_decision d = decide_rcpt(m->session, &asked->address, &unsure);
	answer_rcpt(m->session, &d, &asked->address, asked->path, &asked->params);
}

/* The event goes with its call: what is still needed is copied. */
static bool ask_inner_host(struct gateway_session *s, const struct gateway_address *recipient,
                           const struct smtp_server_event *ev)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	struct gateway_mail *m = s->mail;
	if (!setup->callouts || recipient->kind != GATEWAY_ADDRESS_PLAIN ||
	    !(setup->asks(setup->arg, recipient->domain) || is_to_be_asked(s, recipient)))
		return false;
	m->callout = gateway_callouts_ask(setup->callouts, recipient, inner_host_answered, m);
	if (!m->callout)
		return false;
	struct gateway_asked *asked = arena_alloc(&m->arena, sizeof(*asked));
	*asked = (struct gateway_asked){ *recipient, arena_str(&m->arena, ev->path->text),
	                                 *ev->rcpt };
	asked->address.local = arena_str(&m->arena, recipient->local);
	if (ev->rcpt->orcpt.n) {
		asked->params.orcpt = arena_str(&m->arena, ev->rcpt->orcpt);
		asked->params.orcpt_type = arena_str(&m->arena, ev->rcpt->orcpt_type);
	}
	m->asked = asked;
	return true;
}

void gateway_on_rcpt(struct gateway_session *s, const struct smtp_server_event *ev)
{
	struct gateway_address recipient;
	struct gateway_mail *m = s->mail;
	bool unsure;
	assert(m && !m->waiting && !m->callout);
	gateway_address_of(ev->path, &recipient);
	struct gateway_decision d = decide_rcpt(s, &recipient, &unsure);
	if (d.code / 100 == 4 && unsure && ask_inner_host(s, &recipient, ev))
		return;
	answer_rcpt(s, &d, &recipient, ev->path->text, ev->rcpt);
}
