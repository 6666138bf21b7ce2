/* SPDX-License-Identifier: ISC
 *
 * How a form reads on the wire: its tokens, the domains it goes between, and its two commands.
 */
#include "relaytest/session-private.h"

/* A confirmation goes to the domain that its form's message did not go to. */
static bool goes_to_second(const struct session *s, const struct item *it)
{
	return it->result.attempt == 1 ? it->second : s->swapped;
}

const char *wording_destination(const struct session *s, const struct item *it)
{
	return goes_to_second(s, it) ? s->setup.domain2 : s->setup.domain;
}

const char *wording_sender_domain(const struct session *s, const struct item *it)
{
	return goes_to_second(s, it) ? s->setup.domain : s->setup.domain2;
}

static void make_tokens(struct session *s, struct item *it)
{
	if (it->has_tokens)
		return;
	unsigned flags = (it->starttls ? TOKEN_STARTTLS : 0u) |
	                 (it->result.attempt ? TOKEN_CONFIRM : 0u);
	token_make(s->setup.signer, s->setup.test->id, it->form->number, flags,
	           &s->setup.test->target, &it->tokens);
	it->has_tokens = true;
}

/* The recipient that must exist (RFC 5321 4.5.1), or one that cannot. */
static bool control_commands(struct session *s, struct item *it, const char **mail,
                             const char **rcpt)
{
	const char *host = *s->host.name ? s->host.name : s->literal;
	*mail = arena_printf(&s->arena, "MAIL FROM:<%s@%s>", it->tokens.sender,
	                     s->setup.domain2);
	if (it->kind == ITEM_POSTMASTER)
		*rcpt = arena_printf(&s->arena, "RCPT TO:<postmaster@%s>", host);
	else if (it->kind == ITEM_POSTMASTER_ALONE)
		*rcpt = "RCPT TO:<postmaster>";
	else
		*rcpt = arena_printf(&s->arena, "RCPT TO:<%s@%s>",
		                     it->tokens.sender + TOKEN_LEN - 12, host);
	return true;
}

static struct str or_empty(const char *s)
{
	return str_of(s ? s : "");
}

bool wording_commands(struct session *s, struct item *it, const char **mail, const char **rcpt)
{
	make_tokens(s, it);
	if (it->kind >= ITEM_POSTMASTER && it->kind <= ITEM_NOBODY)
		return control_commands(s, it, mail, rcpt);
	const char *missing = NULL;
	bool has_name = *s->host.name;
	struct relay_names names = {
		.u = str_of(it->tokens.recipient), .s = str_of(it->tokens.sender),
		.d = str_of(wording_destination(s, it)), .t = str_of(wording_sender_domain(s, it)),
		.r = str_of(has_name ? s->host.name : s->literal),
		.m = or_empty(s->host.mail_domain), .i = str_of(s->literal),
		.c = str_of(s->collector), .cl = str_of(s->collector_literal),
	};
	struct buf *b = &s->scratch;
	buf_clear(b);
	buf_add_cstr(b, "MAIL FROM:");
	int e = relay_render(it->form->mail, &names, b, &missing);
	if (it->form->session == RELAY_UTF8)
		buf_add_cstr(b, " SMTPUTF8");
	buf_add_byte(b, '\0');
	size_t rcpt_at = b->n;
	buf_add_cstr(b, "RCPT TO:");
	if (e == ERR_OK)
		e = relay_render(it->form->rcpt, &names, b, &missing);
	if (e != ERR_OK) {
		plan_skip(it, arena_printf(&s->arena, "needs %s, which is not known", missing));
		return false;
	}
	*mail = b->p;
	*rcpt = b->p + rcpt_at;
	return true;
}
