/* SPDX-License-Identifier: ISC
 *
 * One message over a session that is ready: MAIL, RCPT and DATA, all at once where the server
 * offers PIPELINING (RFC 2920 3.1), and what each reply says of whom.
 */
#include "gateway/carrier-private.h"

#include "base/mem.h"

#include <assert.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdlib.h>

void gateway_load_fini(struct gateway_load *load)
{
	for (size_t i = 0; i < load->count; i++)
		free(load->cargo[i].said);
	free(load->cargo);
	load->cargo = NULL;
	load->count = 0;
}

void carrier_say(struct gateway_carrier *c, enum smtp_verb verb, uint32_t tag, struct buf *line)
{
	int e = smtp_client_command(c->client, verb, tag, buf_str(line));
	assert(e == ERR_OK);
	OPENSSL_cleanse(line->p, line->n);
	buf_fini(line);
}

void carrier_add_reply(struct buf *text, const struct smtp_reply *r)
{
	buf_printf(text, "%d %s%s", r->code, r->enhanced, r->enhanced[0] ? " " : "");
	for (size_t i = 0; i < r->text.n && text->n < GATEWAY_SAID_MAX; i++)
		buf_add_byte(text, r->text.p[i] == '\n' ? ' ' : r->text.p[i]);
}

/* ---- fates ----------------------------------------------------------------------------------- */

static void decide(struct gateway_cargo *cargo, enum gateway_fate fate, const char *enhanced,
                   struct str said, bool replied)
{
	assert(!cargo->known);
	cargo->known = true;
	cargo->fate = fate;
	cargo->replied = replied;
	str_copy(cargo->enhanced, sizeof(cargo->enhanced), str_of(enhanced));
	cargo->said = mem_strndup(said.n ? said.p : "", said.n);
}

static enum gateway_fate fate_of(enum smtp_verb verb, const struct smtp_reply *r)
{
	/* RFC 5321 4.5.3.1.10: 552 to RCPT is one recipient too many for now, as 452 is; but not
	 * where the message is too large (RFC 3463 3.4). */
	if (verb == SMTP_RCPT && r->code == 552 && strcmp(r->enhanced, "5.3.4") != 0)
		return GATEWAY_FATE_DEFERRED;
	if (smtp_reply_ok(r))
		return GATEWAY_FATE_DELIVERED;
	return r->code / 100 == 5 ? GATEWAY_FATE_FAILED : GATEWAY_FATE_DEFERRED;
}

static void decide_by_reply(struct gateway_cargo *cargo, enum smtp_verb verb,
                            const struct smtp_reply *r)
{
	static const char *const plain[] = {
		[GATEWAY_FATE_DELIVERED] = "2.0.0", [GATEWAY_FATE_DEFERRED] = "4.0.0",
		[GATEWAY_FATE_FAILED] = "5.0.0",
	};
	enum gateway_fate fate = fate_of(verb, r);
	struct buf said = { 0 };
	char enhanced[sizeof(r->enhanced)];
	str_copy(enhanced, sizeof(enhanced), str_of(r->enhanced[0] ? r->enhanced : plain[fate]));
	/* The code of three digits is the one that counts. */
	enhanced[0] = plain[fate][0];
	carrier_add_reply(&said, r);
	decide(cargo, fate, enhanced, buf_str(&said), true);
	buf_fini(&said);
}

/* Of all that have none; `accepted`: only of who was taken at RCPT. */
static void decide_all(struct gateway_carrier *c, enum smtp_verb verb, const struct smtp_reply *r,
                       bool accepted)
{
	for (size_t i = 0; i < c->load->count; i++) {
		struct gateway_cargo *cargo = &c->load->cargo[i];
		if (!cargo->known && (cargo->accepted || !accepted))
			decide_by_reply(cargo, verb, r);
	}
}

void carrier_load_tell(struct gateway_carrier *c)
{
	c->load = NULL;
	c->loads++;
	loop_timer_arm(c->idle, c->setup.idle_ms);
	c->setup.hooks->carried(c->setup.arg);
}

void carrier_load_lost(struct gateway_carrier *c, const char *enhanced, const char *why)
{
	struct gateway_load *load = c->load;
	load->untouched = !c->answered && c->loads > 0;
	for (size_t i = 0; i < load->count && !load->untouched; i++)
		if (!load->cargo[i].known)
			decide(&load->cargo[i], GATEWAY_FATE_DEFERRED, enhanced, str_of(why),
			       false);
	carrier_load_tell(c);
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* What comes from the spool is taken for nothing but text until it is looked at. */
static struct str printable_xtext(struct str s)
{
	return smtp_xtext_printable(s) ? s : STR("");
}

/* MAIL for what the server offers; false: no server can be told that sender. */
static bool write_mail(const struct gateway_carrier *c, struct buf *line)
{
	const struct gateway_envelope *e = c->load->envelope;
	const struct smtp_offer offer = smtp_client_offer(c->client);
	const struct smtp_mail_params params = {
		.has_size = !c->load->asks, .size = c->load->text.n, .body = e->body,
		.smtputf8 = e->utf8, .ret = e->ret, .envid = printable_xtext(e->envid),
	};
	return smtp_mail_write(e->from, &params, &offer, line) == ERR_OK;
}

static bool write_rcpt(const struct gateway_carrier *c, const struct gateway_to *to,
                       struct buf *line)
{
	const struct smtp_offer offer = smtp_client_offer(c->client);
	struct smtp_rcpt_params params = { 0 };
	if (to->orcpt.n > 0)
		smtp_orcpt_parse(to->orcpt, &params);
	params.notify = to->notify;
	return smtp_rcpt_write(to->address, c->load->envelope->utf8, &params, &offer,
	                       line) == ERR_OK;
}

/* The next recipient that has no fate yet, its number as the tag; false: there is none. */
static bool say_rcpt(struct gateway_carrier *c)
{
	struct gateway_load *load = c->load;
	for (; c->said < load->count; c->said++) {
		struct gateway_cargo *cargo = &load->cargo[c->said];
		struct buf line = { 0 };
		if (cargo->known)
			continue;
		if (write_rcpt(c, &cargo->rcpt->to, &line)) {
			carrier_say(c, SMTP_RCPT, (uint32_t)c->said++, &line);
			return true;
		}
		buf_fini(&line);
		decide(cargo, GATEWAY_FATE_FAILED, "5.1.3",
		       STR("this address cannot be said to a server"), false);
	}
	return false;
}

static void say_data(struct gateway_carrier *c)
{
	struct buf line = { 0 };
	assert(!c->data_said);
	buf_add_cstr(&line, "DATA");
	c->data_said = true;
	carrier_say(c, SMTP_DATA, 0, &line);
}

static bool is_pipelining(const struct gateway_carrier *c)
{
	return smtp_client_extensions(c->client) & SMTP_EXT_PIPELINING;
}

static void fail(struct gateway_cargo *cargo, const char *enhanced, struct str said)
{
	if (!cargo->known)
		decide(cargo, GATEWAY_FATE_FAILED, enhanced, said, false);
}

/* What is known before anything is said (offer.h). */
static void refuse_ourselves(struct gateway_carrier *c)
{
	const struct gateway_load *load = c->load;
	const struct gateway_envelope *e = load->envelope;
	const struct gateway_offer offer = gateway_carrier_offer(c);
	const bool all = e->utf8 && !(str_is_ascii(e->from) &&
	                              str_is_ascii(gateway_header_of(load->text)));
	for (size_t i = 0; i < load->count; i++) {
		struct gateway_cargo *cargo = &load->cargo[i];
		const bool wide = all || (e->utf8 && !str_is_ascii(cargo->rcpt->to.address));
		switch (gateway_offer_lacks(&offer, wide, load->text.n)) {
		case GATEWAY_LACKS_NOTHING:
			break;
		case GATEWAY_LACKS_UTF8:
			fail(cargo, "5.6.7", STR("the message needs SMTPUTF8, which its server "
			                         "does not offer"));
			break;
		case GATEWAY_LACKS_ROOM:
			fail(cargo, "5.3.4", STR("the message is larger than its server takes"));
			break;
		}
	}
}

static bool has_open(const struct gateway_carrier *c)
{
	for (size_t i = 0; i < c->load->count; i++)
		if (!c->load->cargo[i].known)
			return true;
	return false;
}

bool gateway_carrier_takes(const struct gateway_carrier *c)
{
	return c->ready && !c->load && !c->over;
}

void gateway_carrier_carry(struct gateway_carrier *c, struct gateway_load *load)
{
	assert(gateway_carrier_takes(c) && load->count > 0);
	struct buf reset = { 0 }, mail = { 0 };
	c->load = load;
	c->answered = c->mail_ok = c->data_said = c->text_said = false;
	c->said = c->accepted = 0;
	loop_timer_disarm(c->idle);
	refuse_ourselves(c);
	if (has_open(c) && !write_mail(c, &mail))
		for (size_t i = 0; i < load->count; i++)
			fail(&load->cargo[i], "5.1.7",
			     STR("this sender cannot be said to a server"));
	if (!has_open(c)) {
		buf_fini(&mail);
		/* Nothing needs to be said; it is told from the loop. */
		loop_timer_arm(c->idle, 0);
		return;
	}
	if (c->unclean) {
		buf_add_cstr(&reset, "RSET");
		carrier_say(c, SMTP_RSET, 0, &reset);
	}
	c->unclean = true;
	carrier_say(c, SMTP_MAIL, 0, &mail);
	if (is_pipelining(c)) {
		while (say_rcpt(c))
			;
		if (has_open(c) && !load->asks)
			say_data(c);
	}
	wire_client_flush(c->wire);
}

/* ---- what is answered ------------------------------------------------------------------------ */

static void say_text(struct gateway_carrier *c)
{
	c->left = c->load->text;
	c->text_said = true;
	const struct smtp_source source = { smtp_text_pull, &c->left };
	smtp_client_message_from(c->client, 0, &source);
}

/* What may be said next where the server wants one command at a time. */
static void go_on(struct gateway_carrier *c)
{
	if (is_pipelining(c) || !c->mail_ok || c->data_said || say_rcpt(c))
		return;
	if (c->accepted > 0 && !c->load->asks)
		say_data(c);
}

static const char *on_data(struct gateway_carrier *c, const struct smtp_reply *r)
{
	if (r->code / 100 == 3) {
		if (c->accepted > 0) {
			say_text(c);
			return NULL;
		}
		/* RFC 2920 3.1: DATA was said before it was known that nobody is taken. */
		if (c->setup.lmtp)
			return "it wants a text for nobody";
		c->text_said = true;
		smtp_client_message(c->client, 0, STR(""));
		return NULL;
	}
	if (smtp_reply_ok(r))
		return "it took DATA without a text";
	decide_all(c, SMTP_DATA, r, true);
	return NULL;
}

static void on_rcpt(struct gateway_carrier *c, uint32_t tag, const struct smtp_reply *r)
{
	assert(tag < c->load->count);
	struct gateway_cargo *cargo = &c->load->cargo[tag];
	if (cargo->known)
		return;
	if (!smtp_reply_ok(r) || c->load->asks) {
		decide_by_reply(cargo, SMTP_RCPT, r);
		return;
	}
	cargo->accepted = true;
	c->accepted++;
}

static void on_message(struct gateway_carrier *c, uint32_t tag, const struct smtp_reply *r)
{
	c->unclean = false;
	c->load->relayed = !(smtp_client_extensions(c->client) & SMTP_EXT_DSN);
	if (!c->setup.lmtp) {
		decide_all(c, SMTP_MESSAGE, r, true);
		return;
	}
	assert(tag < c->load->count && c->load->cargo[tag].accepted);
	decide_by_reply(&c->load->cargo[tag], SMTP_MESSAGE, r);
}

static bool is_done(const struct gateway_carrier *c)
{
	return smtp_client_outstanding(c->client) == 0 && !has_open(c);
}

const char *carrier_load_reply(struct gateway_carrier *c, enum smtp_verb verb, uint32_t tag,
                               const struct smtp_reply *r)
{
	const char *broken = NULL;
	if (verb == SMTP_RSET)
		return smtp_reply_ok(r) ? NULL : "it refuses RSET";
	c->answered = true;
	if (verb == SMTP_MAIL && smtp_reply_ok(r))
		c->mail_ok = true;
	else if (verb == SMTP_MAIL && c->load->asks)
		broken = "it refuses the sender of a question";
	else if (verb == SMTP_MAIL)
		decide_all(c, SMTP_MAIL, r, false);
	else if (verb == SMTP_RCPT)
		on_rcpt(c, tag, r);
	else if (verb == SMTP_DATA)
		broken = on_data(c, r);
	else if (verb == SMTP_MESSAGE)
		on_message(c, tag, r);
	if (broken)
		return broken;
	go_on(c);
	if (is_done(c))
		carrier_load_tell(c);
	return NULL;
}

struct gateway_offer gateway_carrier_offer(const struct gateway_carrier *c)
{
	const struct smtp_offer offer = smtp_client_offer(c->client);
	return (struct gateway_offer){ .known = true, .size_max = offer.size_max,
	                               .utf8 = offer.extensions & SMTP_EXT_SMTPUTF8 };
}

unsigned gateway_carrier_recipients_max(const struct gateway_carrier *c)
{
	const unsigned most = smtp_client_offer(c->client).recipients_max;
	return most > 0 ? most : UINT_MAX;
}

bool gateway_carrier_is_spent(const struct gateway_carrier *c)
{
	const unsigned most = smtp_client_offer(c->client).mails_max;
	return most > 0 && c->loads >= most;
}
