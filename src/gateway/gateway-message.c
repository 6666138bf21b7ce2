/* SPDX-License-Identifier: ISC
 *
 * The text of a message, behind a Received field of ours, until the queue has it. It is held in
 * memory, all messages together within a budget: beyond it large ones are put off, so that a few
 * of them cannot keep out the many small ones.
 */
#include "gateway/gateway-private.h"

#include "base/clock.h"
#include "base/mem.h"
#include "gateway/author.h"
#include "mail/received-write.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEADER_BYTES_MAX = 256 << 10 };

struct answer {
	int code;
	const char *enhanced, *text;
};

static const struct answer
	no_memory = { 452, "4.3.1", "Too many large messages are coming in, try again later" },
	no_room = { 452, "4.3.1", "There is no room for more mail now, try again later" },
	not_kept = { 451, "4.3.0", "The message could not be stored, try again later" },
	long_header = { 552, "5.3.4", "The header of the message is too long" },
	no_header = { 550, "5.6.0", "The message begins in the middle of a header field" },
	too_large = { 552, "5.3.4", "The message is larger than the host of a recipient takes" },
	/* RFC 6531 3.5 */
	wide_header = { 554, "5.6.9", "The host of a recipient takes no header that needs "
	                "SMTPUTF8" },
	too_many_hops = { 554, "5.4.6", "The message goes in a circle: too many Received fields" };

/* ---- a transaction's memory ---------------------------------------------------------- */

static void let_go_of_text(struct gateway_mail *m)
{
	assert(m->gateway->held_bytes >= m->held_bytes);
	m->gateway->held_bytes -= m->held_bytes;
	m->held_bytes = 0;
	buf_fini(&m->text);
}

void gateway_mail_free(struct gateway_mail *m)
{
	assert(!m->waiting);
	let_go_of_text(m);
	gateway_callout_cancel(m->callout);
	free(m->envelope.to);
	arena_fini(&m->arena);
	free(m);
}

void gateway_forget_mail(struct gateway_session *s)
{
	struct gateway_mail *m = s->mail;
	if (!m)
		return;
	s->mail = NULL;
	m->session = NULL;
	if (!m->waiting)
		gateway_mail_free(m);
	if (s->gateway->draining)
		loop_timer_arm(s->gateway->sweep, 0);
}

void gateway_on_abort(struct gateway_session *s)
{
	if (s->mail && s->mail->id[0] && !s->mail->waiting)
		gateway_log_message(s->mail, 0, "given up, or no text of a message");
	gateway_forget_mail(s);
}

/* ---- the text ------------------------------------------------------------------------ */

static void add_mark(const struct gateway_session *s, struct buf *out)
{
	if (s->listed)
		buf_printf(out, "X-Portreeve-Listed: %s\r\n", s->listed->lists);
}

/* What the client said before is in the envelope from here on. */
void gateway_on_data(struct gateway_session *s)
{
	struct gateway_mail *m = s->mail;
	struct gateway_envelope *e = &m->envelope;
	struct smtp_server_state state = wire_server_state(s->wire);
	assert(m && e->to_count > 0 && m->text.n == 0);
	gateway_queue_id(s->gateway->setup.queue, m->id);
	e->id = str_of(m->id);
	e->came_s = clock_now_s();
	e->tls = state.tls;
	e->helo = arena_str(&m->arena, str_of(s->helo ? s->helo : ""));
	e->account = arena_str(&m->arena, s->client.name);
	const struct received_written received = {
		.helo = e->helo, .peer = e->client.ip, .by = s->rules->hostname,
		.with = state.protocol, .id = m->id, .time_s = e->came_s,
		/* Of several, none is told of the others. */
		.recipient = e->to_count == 1 ? e->to[0].address : STR(""),
	};
	received_write(&received, &m->text);
	add_mark(s, &m->text);
	m->head_bytes = m->text.n;
	gateway_say(s, 354, NULL, "End data with <CR><LF>.<CR><LF>");
}

void gateway_on_text(struct gateway_session *s, struct str text)
{
	struct gateway *g = s->gateway;
	struct gateway_mail *m = s->mail;
	assert(m && !m->waiting && m->id[0]);
	s->bytes += text.n;
	if (m->no_memory)
		return;
	if (m->held_bytes + text.n > GATEWAY_SMALL_MESSAGE &&
	    g->held_bytes + text.n > (uint64_t)s->rules->config->memory_bytes) {
		m->no_memory = true;
		let_go_of_text(m);
		return;
	}
	buf_add_str(&m->text, text);
	m->held_bytes += text.n;
	g->held_bytes += text.n;
}

/* ---- its end ------------------------------------------------------------------------- */

static struct str message_of(const struct gateway_mail *m)
{
	return str_from(buf_str(&m->text), m->head_bytes);
}

static bool header_is_long(struct str message)
{
	struct str begin = { message.p, HEADER_BYTES_MAX };
	return message.n > begin.n && !str_prefix(message, STR("\r\n")) &&
	       str_search(begin, STR("\r\n\r\n")) == SIZE_MAX;
}

/* Our fields, then those that it lacks, then the message as it came. */
static void complete(const struct gateway_session *s, struct gateway_mail *m,
                     const struct gateway_author *author)
{
	struct buf whole = { 0 };
	const struct gateway_envelope *e = &m->envelope;
	buf_add(&whole, m->text.p, m->head_bytes);
	gateway_author_complete(author, e->from, m->id, s->rules->hostname, e->came_s,
	                        &whole);
	buf_add_str(&whole, message_of(m));
	buf_fini(&m->text);
	m->text = whole;
}

/* What an account sends is in its own name, and whole. */
static struct answer judge_author(const struct gateway_session *s, struct gateway_mail *m)
{
	struct gateway_author author;
	const struct gateway_envelope *e = &m->envelope;
	gateway_author_check(message_of(m), e->utf8, e->from, e->account,
	                     &s->gateway->setup.directory, &author);
	if (author.code == 0 &&
	    (author.lacks_from || author.lacks_date || author.lacks_message_id))
		complete(s, m, &author);
	s->gateway->counters->sender_refused += author.code / 100 == 5;
	return (struct answer){ author.code, author.enhanced, author.text };
}

/* White space in front would make its first line a part of the field that we put there. */
static bool goes_on_from_ours(struct str message)
{
	return message.n > 0 && (message.p[0] == ' ' || message.p[0] == '\t');
}

/* Whether the inner hosts of its recipients would take it, now that it is there. */
static struct answer judge_by_hosts(const struct gateway_mail *m)
{
	const struct str text = buf_str(&m->text);
	const bool wide = m->envelope.utf8 && !str_is_ascii(gateway_header_of(text));
	switch (gateway_offer_lacks(&m->offer, wide, text.n)) {
	case GATEWAY_LACKS_UTF8:
		return wide_header;
	case GATEWAY_LACKS_ROOM:
		return too_large;
	case GATEWAY_LACKS_NOTHING:
		break;
	}
	return (struct answer){ 0 };
}

/* Its code is 0 if nothing is wrong. */
static struct answer judge(const struct gateway_session *s, struct gateway_mail *m)
{
	if (m->no_memory)
		return no_memory;
	if (header_is_long(message_of(m)))
		return long_header;
	if (goes_on_from_ours(message_of(m)))
		return no_header;
	if (gateway_hops(message_of(m)) > s->rules->config->hops_max)
		return too_many_hops;
	if (m->envelope.account.n > 0) {
		const struct answer refusal = judge_author(s, m);
		if (refusal.code != 0)
			return refusal;
	}
	return judge_by_hosts(m);
}

static const struct answer *answer_of(int err)
{
	return err == ERR_FULL || err == ERR_LIMIT ? &no_room : &not_kept;
}

/* Its transaction is over, whoever hears that first. The mail is freed. */
static void answer(struct gateway_mail *m, int code, const char *enhanced, const char *text)
{
	struct gateway_session *s = m->session;
	struct gateway_counters *counters = m->gateway->counters;
	gateway_log_message(m, code, text);
	counters->messages += code == 250;
	counters->recipients += code == 250 ? m->envelope.to_count : 0;
	counters->put_off += code / 100 == 4;
	counters->too_big += code == 552;
	assert(!m->waiting);
	if (!s) {
		gateway_mail_free(m);
		return;
	}
	gateway_forget_mail(s);
	s->stage = "HELO";
	wire_listener_active(s->gateway->listener, s->place, false);
	gateway_say(s, code, enhanced, text);
}

static void queue_done(void *arg, int err)
{
	struct gateway_mail *m = arg;
	char text[GATEWAY_ID_MAX + 16];
	assert(m->waiting);
	m->waiting = false;
	if (err == ERR_OK) {
		snprintf(text, sizeof(text), "Queued as %s", m->id);
		answer(m, 250, "2.0.0", text);
	} else {
		const struct answer *a = answer_of(err);
		answer(m, a->code, a->enhanced, a->text);
	}
}

void gateway_on_message(struct gateway_session *s)
{
	struct gateway_mail *m = s->mail;
	struct answer refusal = judge(s, m);
	s->stage = "QUEUE";
	if (refusal.code == 0) {
		m->envelope.size_bytes = m->text.n;
		m->waiting = true;
		int e = gateway_queue_add(s->gateway->setup.queue, &m->envelope,
		                          buf_str(&m->text), queue_done, m);
		let_go_of_text(m);
		if (e == ERR_OK)
			return;
		m->waiting = false;
		refusal = *answer_of(e);
	}
	answer(m, refusal.code, refusal.enhanced, refusal.text);
}
