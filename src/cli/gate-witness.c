/* SPDX-License-Identifier: ISC
 *
 * The witness is resolved, then its addresses are asked one after the other until one answers. What
 * was heard meanwhile is put beside what it says.
 */
#include "cli/gate-witness.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "cli/gate-listen.h"
#include "cli/maillogs.h"
#include "dns/resolver.h"
#include "witness/ask.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <sys/stat.h>

enum {
	WITNESS_PORT = 4025, ALL_MS = 120000, TURN_MS = 200, SECRET_FILE_BYTES = 4096,
	DAY_S = 86400, LOG_TRIES = 10, LOG_WAIT_MS = 500, ADDRESSES = 8,
};

struct look {
	struct cli *cli;
	struct gate_known *known;
	struct loop *loop;
	struct dns_resolver *resolver;
	struct witness_secret secret;
	char word[WITNESS_WORD_SIZE];
	struct gate_listen *listen;              /* NULL: a server runs, and its log is read */
	struct witness_request request;
	struct ip ips[ADDRESSES];
	uint16_t port;
	size_t ip_n, next;
	struct witness_ask *ask;
	const char *why;
	bool done, answered;
	struct witness_answer answer;
	const struct gate_heard *heard;
	size_t heard_n;
};

static void blind(struct look *l, const char *why)
{
	l->known->witness = GATE_WITNESS_BLIND;
	l->known->witness_why = why;
}

/* ---- asking ------------------------------------------------------------------------ */

static void ask_next(struct look *l);

static void look_answered(void *arg, const struct witness_answer *answer, const char *why)
{
	struct look *l = arg;
	witness_ask_destroy(l->ask);
	l->ask = NULL;
	l->why = why;
	if (!answer) {
		ask_next(l);
		return;
	}
	l->answer = *answer;
	l->done = l->answered = true;
}

static void ask_next(struct look *l)
{
	if (l->next == l->ip_n) {
		l->done = true;
		return;
	}
	const struct witness_ask_setup setup = {
		.loop = l->loop, .to = { l->ips[l->next++], l->port }, .secret = &l->secret,
		.request = l->request, .done = look_answered, .arg = l,
	};
	l->ask = witness_ask_create(&setup);
}

static void witness_resolved(void *arg, const struct dns_result *r)
{
	struct look *l = arg;
	for (size_t i = 0; i < r->ip_count && l->ip_n < ADDRESSES; i++)
		l->ips[l->ip_n++] = r->ips[i];
	l->why = "its name has no address that is known";
	ask_next(l);
}

/* An address, or a name. */
static bool find_witness(struct look *l)
{
	struct str at = str_of(l->cli->settings.gate.witness), name = at;
	struct endpoint endpoint;
	uint64_t port = WITNESS_PORT;
	size_t colon = str_find(at, ':');
	if (endpoint_parse(at, WITNESS_PORT, &endpoint, NULL) == ERR_OK) {
		l->ips[l->ip_n++] = endpoint.ip;
		l->port = endpoint.port;
		ask_next(l);
		return true;
	}
	if (colon != SIZE_MAX) {
		name.n = colon;
		if (str_u64(str_from(at, colon + 1), UINT16_MAX, &port) != ERR_OK || port == 0)
			return false;
	}
	if (!witness_host_ok(name))
		return false;
	l->port = (uint16_t)port;
	dns_resolve_ips(l->resolver, name, witness_resolved, l);
	return true;
}

/* What it did not do, and who mends that. */
static const char *no_words(enum witness_no no)
{
	static const char *const words[] = {
		[WITNESS_YES] = "",
		[WITNESS_NO_REQUEST] = "does not understand the question: expected the same "
			"version of Portreeve there",
		[WITNESS_NO_HOST] = "may not visit gate.host: expected it in host= of the key's "
			"row there",
		[WITNESS_NO_PORT] = "may not visit these ports: expected them in port= of the "
			"key's row there",
		[WITNESS_NO_RATE] = "was asked too often: ask again in a minute, or raise "
			"witness.rate there",
		[WITNESS_NO_BUSY] = "is at another question by this key: ask again later",
		[WITNESS_NO_NAME] = "finds no address of gate.host: expected one in DNS, and an "
			"answer for both A and AAAA",
		[WITNESS_NO_MANY] = "finds too many addresses of gate.host: expected at most 8",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == WITNESS_NOS, "all of them");
	return words[no];
}

static const char *result_words(enum witness_result result)
{
	return result == WITNESS_FORBIDDEN
	       ? "forbidden: expected that address in network= of the key's row there"
	       : witness_result_name(result);
}

/* ---- by what address it came ------------------------------------------------------- */

/* Somebody whose address is not the one that the witness says it used, if there is any: that is
 * what is looked for. */
static struct ip seen_at(const struct look *l, const struct witness_sight *s)
{
	struct ip seen = { 0 };
	for (size_t i = 0; i < l->heard_n; i++) {
		const struct gate_heard *h = &l->heard[i];
		if (h->said.family != s->to.ip.family || h->said.port != s->to.port)
			continue;
		seen = h->as;
		if (!ip_eq(&h->as, &s->source))
			break;
	}
	return seen;
}

static void fill_sights(struct look *l)
{
	struct gate_sight *sights = arena_alloc(&l->cli->arena,
	                                        (l->answer.n + 1) * sizeof(*sights));
	for (size_t i = 0; i < l->answer.n; i++) {
		const struct witness_sight *s = &l->answer.v[i];
		sights[i] = (struct gate_sight){
			.to = s->to, .connected = s->result == WITNESS_CONNECTED,
			.result = result_words(s->result), .source = s->source,
			.seen = seen_at(l, s),
		};
	}
	l->known->witness = GATE_WITNESS_ASKED;
	l->known->sights = sights;
	l->known->sight_n = l->answer.n;
}

/* The server's log, a few times: it may be written late. */
static void read_log(struct look *l)
{
	for (int tries = 0; tries < LOG_TRIES; tries++) {
		struct maillogs logs = { 0 };
		struct witness_log *log = witness_log_create(l->word);
		size_t n;
		maillogs_read_usual(l->cli, clock_now_s(), &logs, log);
		const struct witness_sighting *seen = witness_log_sightings(log, &n);
		struct gate_heard *heard = arena_alloc(&l->cli->arena, (n + 1) * sizeof(*heard));
		for (size_t i = 0; i < n; i++)
			heard[i] = (struct gate_heard){ seen[i].said, seen[i].as };
		l->heard = heard;
		l->heard_n = n;
		witness_log_destroy(log);
		if (n >= l->answer.n)
			return;
		poll(NULL, 0, LOG_WAIT_MS);
	}
}

static void judge_answer(struct look *l)
{
	if (!l->answered) {
		blind(l, arena_printf(&l->cli->arena, "gate.witness %s: %s",
		                      l->cli->settings.gate.witness,
		                      l->why ? l->why : "it did not answer in time"));
		return;
	}
	if (l->answer.no != WITNESS_YES) {
		blind(l, arena_printf(&l->cli->arena, "it %s", no_words(l->answer.no)));
		return;
	}
	if (l->listen)
		l->heard = gate_listen_heard(l->listen, &l->heard_n);
	else
		read_log(l);
	fill_sights(l);
}

/* ---- all of it --------------------------------------------------------------------- */

static bool read_secret(struct look *l)
{
	const char *path = l->cli->settings.gate.key;
	struct buf text = { 0 }, message = { 0 };
	struct stat st;
	if (stat(path, &st) == 0 && st.st_mode & 077)
		cli_note(l->cli, "gate.key: %s is open to others than its owner: expected mode "
		         "0600", path);
	int e = file_read(path, SECRET_FILE_BYTES, &text);
	if (e == ERR_OK)
		e = witness_secret_parse(path, buf_str(&text), &l->secret, &message);
	else
		buf_printf(&message, "gate.key: %s: expected the file that \"portreeve keys "
		           "witness\" made: %s", path, err_text(e));
	if (e != ERR_OK)
		blind(l, arena_strdup(&l->cli->arena, buf_str(&message)));
	if (text.n)
		OPENSSL_cleanse(text.p, text.n);
	buf_fini(&text);
	buf_fini(&message);
	return e == ERR_OK;
}

static bool make_request(struct look *l, const uint16_t *ports, size_t n)
{
	const struct settings *s = &l->cli->settings;
	const char *host = s->gate.host[0] ? s->gate.host : s->general.hostname;
	uint8_t random[WITNESS_RANDOM_BYTES];
	random_bytes(random, sizeof(random));
	witness_word_make((unsigned)(clock_now_s() / DAY_S), random, l->word);
	if (!witness_host_ok(str_of(host)) || n > WITNESS_PORTS_MAX) {
		blind(l, n > WITNESS_PORTS_MAX ? "there are more ports than one question may have"
		                               : "gate.host: expected the name of this server");
		return false;
	}
	str_copy(l->request.word, sizeof(l->request.word), str_of(l->word));
	str_copy(l->request.host, sizeof(l->request.host), str_of(host));
	memcpy(l->request.ports, ports, n * sizeof(*ports));
	l->request.port_count = n;
	return true;
}

/* Where a server runs already, its log is read. */
static bool listen_first(struct look *l)
{
	struct buf message = { 0 };
	int e = gate_listen_create(l->loop, l->request.ports, l->request.port_count,
	                           l->cli->settings.general.hostname, l->word, &l->listen,
	                           &message);
	if (e != ERR_OK && e != ERR_EXISTS)
		blind(l, arena_strdup(&l->cli->arena, buf_str(&message)));
	buf_fini(&message);
	return e == ERR_OK || e == ERR_EXISTS;
}

static void look_outside(struct look *l)
{
	int64_t until_ms = clock_mono_ms() + ALL_MS;
	if (!find_witness(l)) {
		blind(l, arena_printf(&l->cli->arena, "gate.witness: expected HOST:PORT, found "
		                      "%s", l->cli->settings.gate.witness));
		return;
	}
	while (!l->done && clock_mono_ms() < until_ms)
		loop_run_once(l->loop, TURN_MS);
	judge_answer(l);
}

void gate_witness_look(struct cli *cli, const uint16_t *ports, size_t n, struct gate_known *known)
{
	const struct settings *s = &cli->settings;
	struct look l = { .cli = cli, .known = known };
	known->real = s->gate.seen_as.v;
	known->real_n = s->gate.seen_as.n;
	if (!read_secret(&l) || !make_request(&l, ports, n))
		return;
	l.loop = loop_create();
	if (dns_resolver_create(l.loop, s->general.resolver.v, s->general.resolver.n, NULL,
	                        &l.resolver) != ERR_OK)
		blind(&l, "the resolver cannot be set up");
	else if (listen_first(&l))
		look_outside(&l);
	witness_ask_destroy(l.ask);
	gate_listen_destroy(l.listen);
	dns_resolver_destroy(l.resolver);
	loop_destroy(l.loop);
	OPENSSL_cleanse(&l.secret, sizeof(l.secret));
}
