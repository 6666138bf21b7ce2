/* SPDX-License-Identifier: ISC
 *
 * Invariants that are seen on the network.
 */
#include "law.h"

#include "base/mem.h"
#include "mail/address.h"
#include "names.h"
#include "net.h"
#include "relaytest/token.h"
#include "roles.h"
#include "store/admission.h"

#include <assert.h>
#include <stdlib.h>

enum { UNDISTURBED_MS = 180 * 1000 };

/* A probe that left. */
struct sent {
	char test_id[TEST_ID_LEN + 1], case_id[CASE_ID_MAX], mark[MARK_LEN + 1];
	const struct process *by;
	unsigned life;
	struct ip to;
};

static struct sent *sent;
static size_t sent_n;
static char (*confirmed)[TEST_ID_LEN + 1];
static size_t confirmed_n;
static int64_t disturbed_ms = -UNDISTURBED_MS;
struct came_back *came_back;
size_t came_back_n;
struct ip *asked;
size_t asked_n;

void law_disturbed(void)
{
	disturbed_ms = world.now_ms;
}

/* ---- connections --------------------------------------------------------------------- */

static bool is_collector(const struct ip *ip)
{
	return ip_eq(ip, &names_collector.ip);
}

void law_connects(const struct process *p, const struct endpoint *to)
{
	char address[IP_TEXT_MAX];
	if (p->kind == PROCESS_OUTSIDE || p->kind == PROCESS_OBSERVER)
		return;
	ip_format(&to->ip, address);
	trace("connects to %s", address);
	if (p->kind != PROCESS_TESTER)
		world_broken("never-relays", "%s connects to %s", p->name, address);
	if (is_collector(&to->ip))
		return;
	if (!host_of(&to->ip))
		world_broken("nobody-else", "%s connects to %s", p->name, address);
	if (net_connections(p, &to->ip, 32) > 0)
		world_broken("polite", "%s has a connection to %s, and makes another", p->name,
		             address);
	unsigned most = (unsigned)roles_settings.tester.sessions_per_net;
	if (net_connections(p, &to->ip, 24) >= most)
		world_broken("polite", "%s has %u connections into the network of %s, and makes "
		             "another", p->name, most, address);
}

/* ---- probes ----------------------------------------------------------------------------- */

static void word_behind(struct str text, const char *key, char *dst, size_t size)
{
	struct str word = STR("");
	size_t at = str_search(text, str_of(key));
	if (at != SIZE_MAX) {
		struct str rest = str_from(text, at + strlen(key));
		str_token(&rest, " \r\n", &word);
	}
	str_copy(dst, size, word);
}

static void check_consent(const struct sent *s, const char *address)
{
	const struct test *t = law_test(s->test_id);
	struct consent_answer answer;
	if (!seen.known)
		return;
	if (law_is_excluded(&s->to))
		world_broken("consent", "%s is excluded, and is sent %s of test %s", address,
		             s->case_id, s->test_id);
	if (!t || t->consent != CONSENT_RANGE)
		return;
	consent_decide(seen.permits, seen.permit_n, NULL, 0, &s->to, world_wall_s(), &answer);
	if (answer.consent == CONSENT_NONE)
		world_broken("consent", "no permit holds for %s, which is sent %s of test %s",
		             address, s->case_id, s->test_id);
}

static void check_others(const struct sent *s)
{
	for (size_t i = 0; i < sent_n; i++) {
		const struct sent *o = &sent[i];
		if (strcmp(o->test_id, s->test_id) != 0)
			continue;
		if (strcmp(o->mark, s->mark) == 0)
			world_broken("once", "%s of test %s, mark %s, leaves again", s->case_id,
			             s->test_id, s->mark);
		if (o->by != s->by && o->by->alive && o->life == o->by->life &&
		    net_connections(o->by, &s->to, 32) > 0 &&
		    world.now_ms - disturbed_ms > UNDISTURBED_MS)
			world_broken("one-tester", "%s sends for test %s, and %s still talks",
			             s->by->name, s->test_id, o->by->name);
	}
}

void law_sends(const struct process *p, const struct endpoint *to, struct str bytes)
{
	static const char header[] = "X-Relay-Test: test=";
	char address[IP_TEXT_MAX];
	if (p->kind != PROCESS_TESTER || str_search(bytes, STR(header)) == SIZE_MAX)
		return;
	struct sent s = { .by = p, .life = p->life, .to = to->ip };
	word_behind(bytes, header, s.test_id, sizeof(s.test_id));
	word_behind(bytes, " case=", s.case_id, sizeof(s.case_id));
	/* "Subject: … case E01" comes before it. */
	struct str rest = str_from(bytes, str_search(bytes, STR(header)));
	word_behind(rest, " case=", s.case_id, sizeof(s.case_id));
	word_behind(rest, " mark=", s.mark, sizeof(s.mark));
	ip_format(&to->ip, address);
	trace("probe %s of test %s to %s, mark %s", s.case_id, s.test_id, address, s.mark);
	check_consent(&s, address);
	check_others(&s);
	if ((sent_n & (sent_n - 1)) == 0)
		sent = mem_realloc(sent, sent_n ? sent_n * 2 : 1, sizeof(*sent));
	sent[sent_n++] = s;
}

/* ---- what hosts are given ---------------------------------------------------------------- */

static bool find_token(struct str text, struct token *token)
{
	size_t start = 0;
	for (size_t i = 0; i <= text.n; i++) {
		if (i < text.n && ascii_isalnum((unsigned char)text.p[i]))
			continue;
		struct str run = { text.p + start, i - start };
		if (run.n == TOKEN_LEN && token_parse(run, token) == ERR_OK)
			return true;
		start = i + 1;
	}
	return false;
}

static bool is_own_user(const struct host *h, const char *recipient)
{
	char mailbox[MAILBOX_MAX];
	return reading_of(str_of(recipient), 0, &h->own, mailbox) == READING_LOCAL;
}

void law_host_is_asked(struct str recipient)
{
	struct token token;
	if (!find_token(recipient, &token) || !(token.flags & TOKEN_CONFIRM) ||
	    law_confirmed(token.test_id))
		return;
	confirmed = mem_realloc(confirmed, confirmed_n + 1, sizeof(*confirmed));
	memcpy(confirmed[confirmed_n++], token.test_id, sizeof(*confirmed));
}

bool law_confirmed(const char *test_id)
{
	for (size_t i = 0; i < confirmed_n; i++)
		if (strcmp(confirmed[i], test_id) == 0)
			return true;
	return false;
}

void law_host_took(const struct host *h, const struct ip *from, const char *recipient)
{
	struct token token;
	bool ours = ip_eq(from, &roles_settings.tester.source.v[0]) ||
	            ip_eq(from, &roles_settings.tester.source.v[1]);
	if (ours && !find_token(str_of(recipient), &token) && !is_own_user(h, recipient))
		world_broken("nobody-else", "host %u is given a message for %s", h->n, recipient);
}

/* ---- what comes back --------------------------------------------------------------------- */

void law_collector_took(enum delivery_kind kind, const char *recipient)
{
	if (kind == DELIVER_STRANGER)
		world_broken("never-relays", "the collector takes %s", recipient);
}

bool law_proved(const char *test_id, const char *case_id)
{
	bool first = false, second = false;
	for (size_t i = 0; i < came_back_n; i++) {
		const struct came_back *c = &came_back[i];
		if (c->sender || strcmp(c->test_id, test_id) != 0 ||
		    strcmp(c->case_id, case_id) != 0)
			continue;
		first |= !c->confirm;
		second |= c->confirm;
	}
	return first && second;
}

static struct came_back *record(struct host *h, const char *recipient)
{
	struct token token;
	if (!find_token(str_of(recipient), &token))
		return NULL;
	for (size_t i = 0; i < came_back_n; i++)
		if (strcmp(came_back[i].token, token.text) == 0)
			return &came_back[i];
	if ((came_back_n & (came_back_n - 1)) == 0)
		came_back = mem_realloc(came_back, came_back_n ? came_back_n * 2 : 1,
		                        sizeof(*came_back));
	struct came_back *c = &came_back[came_back_n++];
	*c = (struct came_back){ .host = h, .confirm = token.flags & TOKEN_CONFIRM,
	                         .sender = token.flags & TOKEN_SENDER };
	str_copy(c->test_id, sizeof(c->test_id), str_of(token.test_id));
	str_copy(c->token, sizeof(c->token), str_of(token.text));
	token_case_id(&token, c->case_id);
	return c;
}

void law_comes_back(struct host *h, enum delivery_kind kind, const char *recipient)
{
	if (kind == DELIVER_RELAYED || kind == DELIVER_BOUNCE)
		record(h, recipient);
}

void law_collector_answered(struct host *h, enum delivery_kind kind, const struct ip *from,
                            const char *recipient, int code, struct str message)
{
	(void)message;
	if (code / 100 != 2)
		return;
	if (kind == DELIVER_RETEST) {
		asked = mem_realloc(asked, asked_n + 1, sizeof(*asked));
		asked[asked_n++] = *from;
		h->asked_ms = world.now_ms;
	} else if (kind != DELIVER_STRANGER) {
		struct came_back *c = record(h, recipient);
		if (c)
			c->acknowledged = true;
	}
}
