/* SPDX-License-Identifier: ISC
 *
 * Sessions of a witness, in steps: handshake, question, addresses, visits, answer. See service.h.
 */
#include "witness/service.h"

#include "base/mem.h"
#include "base/stream.h"
#include "witness/knock.h"
#include "witness/message.h"
#include "witness/tls.h"

#include <assert.h>
#include <stdlib.h>

/* TLS_PORT: TLS from the first byte. */
enum {
	NEW_PER_SECOND = 4, TLS_PORT = 465,
	CONNECT_MS = 10000, COMMAND_MS = 15000, VISIT_MS = 40000,
};

struct asking;
struct visit {
	struct asking *asking;
	struct witness_knock *knock;     /* NULL: it is done, or never was */
};

struct asking {                          /* a session */
	struct witness_service *service;
	struct wire_session *place;
	struct stream *stream;
	struct endpoint peer;
	const struct witness_key *key;   /* NULL: none was proved yet */
	int64_t began_ms;
	struct buf in;
	struct witness_request request;
	bool taken, answered;            /* the question was; so was it */
	bool counts;                     /* as the one question of its key */
	struct dns_query *queries[2];    /* A, AAAA */
	bool unsure;                     /* one of them was not answered */
	struct ip ips[WITNESS_ADDRESSES_MAX + 1];
	size_t ip_count;
	struct visit visits[WITNESS_SIGHTS_MAX];         /* as the answer's rows */
	size_t pending;                  /* visits that are not done */
	size_t refused;                  /* of the answer's rows: forbidden to this key */
	struct witness_answer answer;
	struct asking *prev, *next;
};

struct witness_service {
	struct witness_service_setup setup;
	struct wire_listener *listener;
	SSL_CTX *tls, *visit_tls;
	struct asking *sessions;
	struct witness_rate rates[WITNESS_KEYS_MAX];     /* by the key's place in the file */
	bool busy[WITNESS_KEYS_MAX];
};

/* ---- the end of a session ----------------------------------------------------------------- */

static size_t place_of(const struct asking *a)
{
	return (size_t)(a->key - a->service->setup.keys->v);
}

static void let_go(struct asking *a)
{
	for (size_t i = 0; i < 2; i++) {
		dns_query_cancel(a->queries[i]);
		a->queries[i] = NULL;
	}
	for (size_t i = 0; i < a->answer.n; i++) {
		witness_knock_destroy(a->visits[i].knock);
		a->visits[i].knock = NULL;
	}
	if (a->counts)
		a->service->busy[place_of(a)] = false;
	a->counts = false;
}

static void asking_free(struct asking *a)
{
	struct witness_service *w = a->service;
	let_go(a);
	w->setup.counters->keyless += a->key == NULL;
	stream_destroy(a->stream);
	wire_listener_ended(w->listener, a->place);
	if (a->prev)
		a->prev->next = a->next;
	else
		w->sessions = a->next;
	if (a->next)
		a->next->prev = a->prev;
	buf_fini(&a->in);
	free(a);
}

/* ---- the answer --------------------------------------------------------------------------- */

static void give_answer(struct asking *a)
{
	struct buf text = { 0 };
	struct witness_counters *c = a->service->setup.counters;
	bool yes = a->answer.no == WITNESS_YES, refused = yes && a->refused == a->answer.n;
	let_go(a);
	a->answered = true;
	*(yes && !refused ? &c->answered : &c->denied) += 1;
	LOG(LOG_INFO, "asked", LOG_S("key", a->key->name), LOG_IP("peer", &a->peer.ip),
	    LOG_S("host", a->request.host),
	    LOG_S("answer", refused ? "refused" : yes ? "given" : witness_no_name(a->answer.no)),
	    LOG_I("addresses", (int64_t)a->answer.n), LOG_I("refused", (int64_t)a->refused));
	witness_answer_format(&a->answer, &text);
	stream_deadline(a->stream, WITNESS_ASK_MS);
	stream_write(a->stream, buf_str(&text));
	stream_finish(a->stream);
	buf_fini(&text);
}

static void say_no(struct asking *a, enum witness_no no)
{
	a->answer.no = no;
	a->answer.n = 0;
	give_answer(a);
}

/* ---- visits ------------------------------------------------------------------------------- */

static enum witness_result result_of(const struct witness_knocked *knocked)
{
	switch (knocked->end == WITNESS_NOBODY ? knocked->why : STREAM_RESET) {
	case STREAM_REFUSED: return WITNESS_REFUSED;
	case STREAM_TIMEOUT: return WITNESS_TIMEOUT;
	case STREAM_UNREACHABLE: return WITNESS_UNREACHABLE;
	default: return WITNESS_FAILED;
	}
}

static void visited(void *arg, const struct witness_knocked *knocked)
{
	struct visit *v = arg;
	struct asking *a = v->asking;
	struct witness_sight *s = &a->answer.v[v - a->visits];
	if (knocked->from.ip.family) {
		s->result = WITNESS_CONNECTED;
		s->source = knocked->from.ip;
		s->greeted = knocked->n > 0 && str_prefix(str_of(knocked->lines[0].said),
		                                          STR("EHLO"));
		s->said = s->greeted && knocked->end == WITNESS_KNOCKED;
	} else {
		s->result = result_of(knocked);
	}
	witness_knock_destroy(v->knock);
	v->knock = NULL;
	if (--a->pending == 0)
		give_answer(a);
}

static void visit(struct asking *a, const struct ip *ip, uint16_t port)
{
	struct witness_service *w = a->service;
	size_t i = a->answer.n++;
	a->answer.v[i] = (struct witness_sight){ .to = { *ip, port }, .result = WITNESS_FORBIDDEN };
	const char *why = witness_key_refuses(a->key, ip);
	if (why) {
		if (a->refused++ == 0 || !ip_eq(ip, &a->answer.v[i - 1].to.ip))
			LOG(LOG_WARN, "visit-refused", LOG_S("key", a->key->name),
			    LOG_S("host", a->request.host), LOG_IP("address", ip),
			    LOG_S("why", why),
			    LOG_S("expected", "a network of the key's row that has it"));
		return;
	}
	a->visits[i].asking = a;
	const struct witness_knock_setup setup = {
		.loop = w->setup.loop, .to = a->answer.v[i].to, .tls = w->visit_tls,
		.tls_at_once = port == TLS_PORT, .name = w->setup.name, .word = a->request.word,
		.connect_ms = CONNECT_MS, .command_ms = COMMAND_MS, .session_ms = VISIT_MS,
		.ended = visited, .arg = &a->visits[i],
	};
	a->visits[i].knock = witness_knock_create(&setup);
	a->pending++;
	w->setup.counters->visits++;
}

/* Each address once, whatever DNS says. */
static void add_addresses(struct asking *a, const struct dns_result *r)
{
	for (size_t i = 0; i < r->ip_count && a->ip_count <= WITNESS_ADDRESSES_MAX; i++) {
		bool known = false;
		for (size_t j = 0; j < a->ip_count; j++)
			known = known || ip_eq(&a->ips[j], &r->ips[i]);
		if (!known)
			a->ips[a->ip_count++] = r->ips[i];
	}
}

static void visit_all(struct asking *a)
{
	for (size_t i = 0; i < a->ip_count; i++)
		for (size_t j = 0; j < a->request.port_count; j++)
			visit(a, &a->ips[i], a->request.ports[j]);
	if (a->pending == 0)
		give_answer(a);
}

/* A family that could not be asked for is not one without addresses: then there is no answer. */
static void resolved(struct asking *a, size_t family, const struct dns_result *r)
{
	a->queries[family] = NULL;
	a->unsure = a->unsure || !dns_status_final(r->status);
	if (r->status == DNS_FOUND)
		add_addresses(a, r);
	if (a->queries[0] || a->queries[1])
		return;
	if (a->unsure || a->ip_count == 0)
		say_no(a, WITNESS_NO_NAME);
	else if (a->ip_count > WITNESS_ADDRESSES_MAX)
		say_no(a, WITNESS_NO_MANY);
	else
		visit_all(a);
}

static void resolved_a(void *arg, const struct dns_result *r)
{
	resolved(arg, 0, r);
}

static void resolved_aaaa(void *arg, const struct dns_result *r)
{
	resolved(arg, 1, r);
}

/* ---- the question --------------------------------------------------------------------------- */

static enum witness_no judge(struct asking *a)
{
	struct witness_service *w = a->service;
	enum witness_no no = witness_request_judge(&a->request, a->key);
	if (no != WITNESS_YES)
		return no;
	if (w->busy[place_of(a)])
		return WITNESS_NO_BUSY;
	if (!witness_rate_take(&w->rates[place_of(a)], (unsigned)w->setup.config->rate,
	                       loop_now_ms(w->setup.loop)))
		return WITNESS_NO_RATE;
	return WITNESS_YES;
}

static void take_question(struct asking *a)
{
	struct witness_service *w = a->service;
	int e = witness_request_parse(buf_str(&a->in), &a->request);
	if (e == ERR_AGAIN)
		return;
	a->taken = true;
	w->setup.counters->asked++;
	enum witness_no no = e == ERR_OK ? judge(a) : WITNESS_NO_REQUEST;
	if (no != WITNESS_YES) {
		say_no(a, no);
		return;
	}
	w->busy[place_of(a)] = a->counts = true;
	wire_listener_active(w->listener, a->place, true);
	stream_deadline(a->stream, WITNESS_SESSION_MS);
	struct str host = str_of(a->request.host);
	a->queries[0] = dns_resolve_a(w->setup.resolver, host, resolved_a, a);
	a->queries[1] = dns_resolve_aaaa(w->setup.resolver, host, resolved_aaaa, a);
}

/* ---- the stream --------------------------------------------------------------------------- */

static void asking_connected(void *arg)
{
	(void)arg;
}

static void asking_secured(void *arg)
{
	struct asking *a = arg;
	a->key = witness_tls_key(stream_tls(a->stream));
	if (!a->key)
		asking_free(a);          /* it cannot be: there is no certificate */
}

static void asking_received(void *arg, struct str bytes)
{
	struct asking *a = arg;
	if (a->taken || !a->key)
		return;                  /* who has asked has nothing more to say */
	buf_add_str(&a->in, bytes);
	take_question(a);
}

static void asking_ended(void *arg, enum stream_end why)
{
	struct asking *a = arg;
	LOG(LOG_DEBUG, "session-ended", LOG_IP("peer", &a->peer.ip),
	    LOG_S("why", stream_end_word(why)));
	asking_free(a);
}

static const struct stream_events asking_events = {
	.connected = asking_connected, .secured = asking_secured, .received = asking_received,
	.ended = asking_ended,
};

static void *asking_opened(void *arg, struct wire_session *place, int fd,
                           const struct endpoint *peer)
{
	struct witness_service *w = arg;
	struct asking *a = mem_zalloc(sizeof(*a));
	*a = (struct asking){ .service = w, .place = place, .peer = *peer, .next = w->sessions };
	if (w->sessions)
		w->sessions->prev = a;
	w->sessions = a;
	a->stream = stream_adopt(w->setup.loop, fd, &asking_events, a);
	stream_start_tls(a->stream, w->tls, true, NULL);
	stream_deadline(a->stream, WITNESS_ASK_MS);
	return a;
}

static void asking_unwanted(void *owner)
{
	asking_free(owner);
}

/* ---- create and destroy ---------------------------------------------------------------------- */

static void listen_for_questions(struct witness_service *w)
{
	const struct witness_config *config = w->setup.config;
	const struct wire_listener_setup setup = {
		.loop = w->setup.loop, .name = "witness",
		.limits = { .sessions = (unsigned)config->sessions,
		            .per_host = (unsigned)config->sessions_per_host,
		            .per_second = NEW_PER_SECOND, .idle_ms = WITNESS_SESSION_MS },
		.opened = asking_opened, .unwanted = asking_unwanted, .arg = w,
		.counters = &w->setup.counters->wire,
	};
	w->listener = wire_listener_create(&setup);
	for (size_t i = 0; i < w->setup.listen_count; i++)
		wire_listener_add(w->listener, w->setup.listen_fds[i]);
}

int witness_service_create(const struct witness_service_setup *setup, struct witness_service **out,
                           struct buf *message)
{
	struct witness_service *w = mem_zalloc(sizeof(*w));
	assert(setup->keys->n <= WITNESS_KEYS_MAX);
	w->setup = *setup;
	w->tls = witness_tls_server(setup->keys);
	w->visit_tls = SSL_CTX_new(TLS_client_method());
	if (!w->tls || !w->visit_tls) {
		buf_add_cstr(message, "TLS cannot be set up");
		witness_service_destroy(w);
		return ERR_IO;
	}
	listen_for_questions(w);
	*out = w;
	return ERR_OK;
}

void witness_service_destroy(struct witness_service *w)
{
	if (!w)
		return;
	while (w->sessions)
		asking_free(w->sessions);
	wire_listener_destroy(w->listener);
	SSL_CTX_free(w->tls);
	SSL_CTX_free(w->visit_tls);
	free(w);
}

size_t witness_counters_fields(const struct witness_counters *c, struct log_field *fields)
{
	const struct log_field all[] = {
		LOG_I("connections", (int64_t)c->wire.connections),
		LOG_I("refused", (int64_t)c->wire.refused), LOG_I("asked", (int64_t)c->asked),
		LOG_I("answered", (int64_t)c->answered), LOG_I("denied", (int64_t)c->denied),
		LOG_I("keyless", (int64_t)c->keyless), LOG_I("visits", (int64_t)c->visits),
	};
	_Static_assert(sizeof(all) / sizeof(*all) == WITNESS_COUNTERS_FIELDS, "all of them");
	memcpy(fields, all, sizeof(all));
	return WITNESS_COUNTERS_FIELDS;
}
