/* SPDX-License-Identifier: ISC
 *
 * What a session answers, and what of it stands in the log and in the counters.
 */
#include "gateway/gateway-private.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const listener_names[] = {
	[GATEWAY_INBOUND] = "inbound", [GATEWAY_SUBMISSION] = "submission",
	[GATEWAY_LOCAL] = "local",
};

/* A local one by its user: without an account nothing else says whose program it was. */
static const char *who_text(const struct gateway_session *s, char text[static IP_TEXT_MAX])
{
	if (s->peer.ip.family)
		return ip_format(&s->peer.ip, text);
	snprintf(text, IP_TEXT_MAX, "local:%u", s->uid);
	return text;
}

static const char *peer_text(const struct ip *ip, char text[static IP_TEXT_MAX])
{
	return ip->family ? ip_format(ip, text) : "local";
}

void gateway_say(struct gateway_session *s, int code, const char *enhanced, const char *text)
{
	wire_server_reply(s->wire, code, enhanced, text);
}

void gateway_set_text(char **field, struct str text)
{
	free(*field);
	*field = text.n ? mem_strndup(text.p, text.n) : NULL;
}

void gateway_set_account(struct gateway_session *s, enum gateway_account account, struct str name)
{
	gateway_set_text(&s->account, name);
	s->client.account = account;
	s->client.name = s->account ? str_of(s->account) : STR("");
}

static void count_refused(struct gateway_counters *c, const struct gateway_decision *d)
{
	const struct str enhanced = str_of(d->enhanced);
	if (d->for_listed)
		c->listed_refused++;
	else if (d->code / 100 == 4)
		c->put_off++;
	else if (d->code == 552)
		c->too_big++;
	else if (str_eq(enhanced, STR("5.1.1")) || str_eq(enhanced, STR("5.6.7")))
		c->unknown_refused++;
	else if (d->code == 553)
		c->sender_refused++;
	else
		c->relay_refused++;
}

void gateway_say_refused(struct gateway_session *s, const struct gateway_decision *d,
                         struct str from, struct str to)
{
	char peer[IP_TEXT_MAX];
	const struct gateway_listed_words *listed = d->for_listed ? s->listed : NULL;
	const char *text = listed && listed->text[0] ? listed->text : d->text;
	count_refused(s->gateway->counters, d);
	LOG(LOG_INFO, "refused", LOG_S("peer", who_text(s, peer)),
	    LOG_S("listener", listener_names[s->client.listener]),
	    LOG_S("helo", s->helo ? s->helo : ""), LOG_S("account", s->account ? s->account : ""),
	    LOG_STR("from", from), LOG_STR("to", to), LOG_I("code", d->code),
	    LOG_S("lists", listed ? listed->lists : ""), LOG_S("why", d->text));
	gateway_say(s, d->code, d->enhanced, text);
}

void gateway_log_message(const struct gateway_mail *m, int code, const char *result)
{
	char peer[IP_TEXT_MAX];
	const struct gateway_envelope *e = &m->envelope;
	LOG(LOG_INFO, code == 250 ? "queued" : "not-queued", LOG_S("id", m->id),
	    LOG_S("peer", peer_text(&e->client.ip, peer)),
	    LOG_S("listener", listener_names[e->listener]), LOG_STR("helo", e->helo),
	    LOG_STR("account", e->account), LOG_STR("from", e->from),
	    LOG_STR("to", e->to[0].address), LOG_I("recipients", e->to_count),
	    LOG_I("bytes", e->size_bytes), LOG_I("code", code), LOG_S("result", result));
}
