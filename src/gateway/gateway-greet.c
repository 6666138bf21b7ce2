/* SPDX-License-Identifier: ISC
 *
 * Who connects, and when the greeting is given: at once to who will log in or is an account by its
 * address, to others when the blocklists have answered.
 *
 * XCLIENT (Postfix, XCLIENT_README) is taken from named proxies alone, and only for the client's
 * address and port: the name that it looked up and the login that it saw are its own affair.
 */
#include "gateway/gateway-private.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

void gateway_look_trusted(struct gateway_session *s)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	if (s->client.listener != GATEWAY_INBOUND)
		return;
	for (size_t i = 0; i < setup->trusted_count; i++)
		if (ip_eq(&setup->trusted[i].host, &s->peer.ip)) {
			gateway_set_account(s, GATEWAY_BY_HOST, setup->trusted[i].account);
			return;
		}
	gateway_set_account(s, GATEWAY_NOBODY, STR(""));
}

/* ---- the greeting -------------------------------------------------------------------- */

static void keep_listing(struct gateway_session *s, const struct gateway_listing *l)
{
	struct gateway_listed_words *words = mem_zalloc(sizeof(*words));
	assert(l->listed && !s->listed);
	words->warn = l->warn;
	words->lists = mem_strndup(l->lists.n ? l->lists.p : "", l->lists.n);
	words->text = mem_strdup(l->text);
	s->listed = words;
	s->client.listed = l->warn ? GATEWAY_UNLISTED : GATEWAY_LISTED;
	s->gateway->counters->listed_warned += l->warn;
	LOG(LOG_INFO, "listed", LOG_IP("peer", &s->peer.ip), LOG_STR("lists", l->lists),
	    LOG_I("weight", l->weight), LOG_S("action", l->warn ? "warn" : "refuse"));
}

/* Who does not wait for the greeting is no mail server. */
static void welcome(struct gateway_session *s)
{
	if (s->client.listener == GATEWAY_INBOUND && wire_server_state(s->wire).early) {
		LOG(LOG_INFO, "early-talker", LOG_IP("peer", &s->peer.ip));
		s->gateway->counters->early_refused++;
		gateway_say(s, 554, "5.5.1", "Wait for the greeting");
	} else {
		gateway_say(s, 220, NULL, NULL);
	}
}

static void lists_answered(void *arg, const struct gateway_listing *l)
{
	struct gateway_session *s = arg;
	s->asked = NULL;
	if (l->listed)
		keep_listing(s, l);
	welcome(s);
}

/* False: nothing is to be asked; what is known already counts. */
static bool ask_lists(struct gateway_session *s)
{
	const struct gateway_setup *setup = &s->gateway->setup;
	if (s->client.listener != GATEWAY_INBOUND || s->client.account == GATEWAY_BY_HOST ||
	    !setup->blocklists)
		return false;
	const struct gateway_listing *known =
		gateway_blocklists_known(setup->blocklists, &s->peer.ip);
	if (known && known->listed)
		keep_listing(s, known);
	if (known)
		return false;
	s->asked = gateway_blocklists_ask(setup->blocklists, &s->peer.ip, lists_answered, s);
	return s->asked != NULL;
}

void gateway_greet(struct gateway_session *s)
{
	assert(!s->asked);
	gateway_look_trusted(s);
	if (!ask_lists(s))
		welcome(s);
}

void gateway_greet_again(struct gateway_session *s)
{
	if (!s->asked)
		return;
	gateway_blocklists_cancel(s->asked);
	s->asked = NULL;
	gateway_greet(s);
}

void gateway_forget_listing(struct gateway_session *s)
{
	if (s->listed) {
		free(s->listed->lists);
		free(s->listed->text);
		free(s->listed);
	}
	s->listed = NULL;
	s->client.listed = GATEWAY_UNLISTED;
}

/* ---- XCLIENT ------------------------------------------------------------------------- */

static bool read_address(struct str value, struct ip *ip)
{
	if (str_caseprefix(value, STR("IPV6:")))
		value = str_from(value, 5);
	return ip_parse(value, ip, NULL) == ERR_OK;
}

/* One "NAME=value"; false if it cannot be, or names an address that is not known. */
static bool read_attribute(struct str attribute, struct endpoint *peer)
{
	struct buf value = { 0 };
	uint64_t port = 0;
	size_t equals = str_find(attribute, '=');
	bool ok = equals != SIZE_MAX &&
	          smtp_xtext_decode(str_from(attribute, equals + 1), &value);
	struct str name = { attribute.p, ok ? equals : 0 };
	if (ok && str_caseeq(name, STR("ADDR")))
		ok = read_address(buf_str(&value), &peer->ip);
	else if (ok && str_caseeq(name, STR("PORT")) &&
	         str_u64(buf_str(&value), UINT16_MAX, &port) == ERR_OK)
		peer->port = (uint16_t)port;
	buf_fini(&value);
	return ok;
}

void gateway_on_xclient(struct gateway_session *s, struct str attributes)
{
	struct endpoint peer = s->peer;
	struct str attribute;
	assert(s->may_xclient);
	while (str_word(&attributes, &attribute))
		if (!read_attribute(attribute, &peer)) {
			gateway_say(s, 501, "5.5.4", "Bad attributes, or no address");
			return;
		}
	LOG(LOG_DEBUG, "xclient", LOG_IP("proxy", &s->peer.ip), LOG_IP("peer", &peer.ip));
	s->peer = peer;
	gateway_set_text(&s->helo, STR(""));
	gateway_set_account(s, GATEWAY_NOBODY, STR(""));
	gateway_forget_listing(s);
	gateway_greet(s);
}
