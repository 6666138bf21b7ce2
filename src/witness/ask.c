/* SPDX-License-Identifier: ISC
 *
 * The asker's side of a session: connect, handshake, question, answer. See ask.h.
 */
#include "witness/ask.h"

#include "base/mem.h"
#include "base/stream.h"
#include "witness/tls.h"

#include <assert.h>
#include <stdlib.h>

struct witness_ask {
	struct witness_ask_setup setup;
	struct stream *stream;
	SSL_CTX *tls;
	bool proved, told;
	struct buf in;
};

/* The last call: it may be gone after it. */
static void ask_done(struct witness_ask *a, const struct witness_answer *answer, const char *why)
{
	if (a->told)
		return;
	a->told = true;
	a->setup.done(a->setup.arg, answer, why);
}

static void ask_connected(void *arg)
{
	struct witness_ask *a = arg;
	stream_start_tls(a->stream, a->tls, false, NULL);
}

static void ask_secured(void *arg)
{
	struct witness_ask *a = arg;
	struct buf line = { 0 };
	a->proved = witness_tls_proved(stream_tls(a->stream));
	if (!a->proved) {
		ask_done(a, NULL, "it has not the key");
		return;
	}
	witness_request_format(&a->setup.request, &line);
	stream_write(a->stream, buf_str(&line));
	stream_deadline(a->stream, WITNESS_ANSWER_MS);
	buf_fini(&line);
}

static void ask_received(void *arg, struct str bytes)
{
	struct witness_ask *a = arg;
	struct witness_answer answer;
	if (!a->proved)
		return;
	buf_add_str(&a->in, bytes);
	int e = witness_answer_parse(buf_str(&a->in), &answer);
	if (e != ERR_AGAIN)
		ask_done(a, e == ERR_OK ? &answer : NULL,
		         e == ERR_OK ? NULL : "its answer is not understood");
}

static void ask_ended(void *arg, enum stream_end why)
{
	struct witness_ask *a = arg;
	static const char *const words[] = {
		[STREAM_CLOSED] = "it has closed the connection",
		[STREAM_RESET] = "the connection was reset",
		[STREAM_REFUSED] = "nobody listens there: expected a Portreeve with the role "
		                   "witness",
		[STREAM_UNREACHABLE] = "there is no way to it from here",
		[STREAM_TIMEOUT] = "it did not answer in time: a firewall may be between",
		[STREAM_TLS_FAILED] = "it does not take the key: expected its row in witness.keys "
		                      "there, by that name, and a reload",
		[STREAM_NO_SOURCE] = "no address of ours can reach it",
	};
	ask_done(a, NULL, words[why]);
}

static const struct stream_events ask_events = {
	.connected = ask_connected, .secured = ask_secured, .received = ask_received,
	.ended = ask_ended,
};

struct witness_ask *witness_ask_create(const struct witness_ask_setup *setup)
{
	struct witness_ask *a = mem_zalloc(sizeof(*a));
	a->setup = *setup;
	a->tls = witness_tls_client(setup->secret);
	assert(a->tls && "OpenSSL has TLS 1.3");
	a->stream = stream_connect(setup->loop, &setup->to, NULL, &ask_events, a);
	stream_deadline(a->stream, WITNESS_REACH_MS);
	return a;
}

void witness_ask_destroy(struct witness_ask *a)
{
	if (!a)
		return;
	stream_destroy(a->stream);
	SSL_CTX_free(a->tls);
	buf_fini(&a->in);
	free(a);
}
