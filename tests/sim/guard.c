/* SPDX-License-Identifier: ISC
 *
 * What a host remembers of its clients, and holds against them: blocks, greylisting, bans,
 * limits of connections. Time is the loop's.
 */
#include "session.h"

#include "base/mem.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { CONNECTIONS_MAX = 8 };

struct client {
	struct client *next;
	struct ip ip;
	unsigned refusals;
	int64_t banned_until_ms;
	int64_t came_ms[CONNECTIONS_MAX];    /* the last ones, in a circle */
	size_t came;
};

/* Client, sender and recipient of an envelope that was put off. */
struct triplet {
	struct triplet *next;
	int64_t first_ms;
	char text[];
};

struct memory {
	struct client *clients;
	struct triplet *triplets;
};

static const struct guard *guard_of(const struct session *s)
{
	return &s->host->persona->guard;
}

static struct memory *memory_of(struct host *h)
{
	if (!h->memory)
		h->memory = mem_zalloc(sizeof(*h->memory));
	return h->memory;
}

static struct client *client_of(const struct session *s)
{
	struct memory *m = memory_of(s->host);
	for (struct client *c = m->clients; c; c = c->next)
		if (ip_eq(&c->ip, &s->peer.ip))
			return c;
	struct client *c = mem_zalloc(sizeof(*c));
	*c = (struct client){ .next = m->clients, .ip = s->peer.ip };
	m->clients = c;
	return c;
}

void guard_forget(struct host *h)
{
	if (!h->memory)
		return;
	for (struct client *c = h->memory->clients, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	for (struct triplet *t = h->memory->triplets, *next; t; t = next) {
		next = t->next;
		free(t);
	}
	free(h->memory);
	h->memory = NULL;
}

/* ---- connections --------------------------------------------------------------- */

/* Whether so many came within a while before this one, which is counted if not. */
static bool too_many(const struct guard *g, struct client *c, int64_t now_ms)
{
	size_t recent = 0, known = c->came < CONNECTIONS_MAX ? c->came : CONNECTIONS_MAX;
	for (size_t i = 0; i < known; i++)
		recent += now_ms - c->came_ms[i] < g->within_ms;
	if (g->connections && recent >= g->connections)
		return true;
	c->came_ms[c->came++ % CONNECTIONS_MAX] = now_ms;
	return false;
}

static void reset(const struct session *s)
{
	struct linger at_once = { .l_onoff = 1 };
	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

bool guard_admits(struct session *s)
{
	static const struct words limit = {
		421, "4.7.0", "mx.example too many connections from your IP, {client}",
	};
	const struct guard *g = guard_of(s);
	struct client *c = client_of(s);
	int64_t now_ms = loop_now_ms(s->host->sim->loop);
	if (now_ms < c->banned_until_ms && g->ban != BAN_SAYS) {
		reset(s);
		return false;
	}
	if (now_ms < c->banned_until_ms)
		s->unwelcome = &g->ban_words;
	else if (too_many(g, c, now_ms))
		s->unwelcome = &limit;
	return true;
}

bool guard_counts(struct session *s)
{
	const struct guard *g = guard_of(s);
	struct client *c = client_of(s);
	if (!g->refusals || s->unwelcome || ++c->refusals < g->refusals)
		return false;
	c->refusals = 0;
	c->banned_until_ms = loop_now_ms(s->host->sim->loop) + g->ban_ms;
	if (g->ban == BAN_SHUTS)
		host_shut(s->host, g->ban_ms);
	return true;
}

/* ---- envelopes ------------------------------------------------------------------- */

/* Whether the envelope has waited for long enough. */
static bool has_waited(const struct session *s, struct str rcpt)
{
	struct memory *m = memory_of(s->host);
	int64_t now_ms = loop_now_ms(s->host->sim->loop);
	char client[IP_TEXT_MAX];
	struct buf text = { 0 };
	buf_printf(&text, "%s %s %.*s", ip_format(&s->peer.ip, client), s->sender,
	           STR_ARG(rcpt));
	struct triplet *t = m->triplets;
	while (t && strcmp(t->text, buf_cstr(&text)) != 0)
		t = t->next;
	if (!t) {
		t = mem_zalloc(sizeof(*t) + text.n + 1);
		t->next = m->triplets;
		t->first_ms = now_ms;
		memcpy(t->text, buf_cstr(&text), text.n + 1);
		m->triplets = t;
	}
	buf_fini(&text);
	unsigned yields_ms = guard_of(s)->yields_ms;
	return yields_ms && now_ms - t->first_ms >= yields_ms;
}

static bool is_spared(const struct session *s, enum case_stage stage, struct str path)
{
	return guard_of(s)->spares_postmaster && stage == STAGE_RCPT &&
	       str_caseprefix(path, STR("<postmaster"));
}

/* Whether it is none of its business, in this persona's way to look at it. */
static bool is_spared_form(const struct session *s, struct str path)
{
	const struct persona *p = s->host->persona;
	char mailbox[MAILBOX_MAX];
	return p->guard.led_on_only &&
	       reading_of(path, p->reads, &s->host->own, mailbox) != READING_LED_ON;
}

static bool is_blocked(const struct session *s, enum case_stage stage)
{
	const struct guard *g = guard_of(s);
	const struct ip *unknown = &s->host->sim->unknown_clients[s->peer.ip.family == 6];
	if (!g->block.code || stage != (g->at == STAGE_NONE ? STAGE_RCPT : g->at))
		return false;
	return !g->spares_unknown || !ip_eq(&s->peer.ip, unknown);
}

static enum case_stage stage_of(const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: return STAGE_CONNECT;
	case SMTP_SERVER_HELO: return STAGE_HELO;
	case SMTP_SERVER_MAIL: return STAGE_MAIL;
	case SMTP_SERVER_RCPT: return STAGE_RCPT;
	default: return STAGE_NONE;
	}
}

bool guard_answers(struct session *s, const struct smtp_server_event *ev)
{
	const struct guard *g = guard_of(s);
	enum case_stage stage = stage_of(ev);
	struct str path = ev->path ? ev->path->text : STR("");
	if (stage == STAGE_HELO)
		str_copy(s->helo, sizeof(s->helo), ev->text);
	if (stage == STAGE_MAIL)
		str_copy(s->sender, sizeof(s->sender), path);
	if (stage == STAGE_CONNECT && s->unwelcome) {
		words_reply(s, s->unwelcome, path);
	} else if (stage == STAGE_NONE || is_spared(s, stage, path) || is_spared_form(s, path)) {
		return false;
	} else if (is_blocked(s, stage)) {
		words_reply(s, &g->block, path);
	} else if (stage == STAGE_RCPT && g->grey.code && !has_waited(s, path)) {
		words_reply(s, &g->grey, path);
	} else {
		return false;
	}
	return true;
}
