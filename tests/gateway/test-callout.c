/* SPDX-License-Identifier: ISC
 *
 * Inner hosts asked about a recipient: what they say, what is kept of it, and that no message is
 * ever begun.
 */
#include "test.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "gateway/callout.h"
#include "wire/smtp-server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLIENTS_MAX = 200 };

/* ---- an inner host -------------------------------------------------------------------------- */

struct inner {
	struct loop *loop;
	int fd;
	struct endpoint at;
	struct loop_watch *watch;
	struct wire_server *client[CLIENTS_MAX];
	unsigned connections, mails, rcpts, datas;
	int mail_code, rcpt_code;
	bool silent, lmtp, utf8;
	size_t message_bytes;
	char from[64];
};
static struct inner inner;

static void inner_event(void *arg, const struct smtp_server_event *ev)
{
	struct wire_server *w = *(struct wire_server **)arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: wire_server_reply(w, 220, NULL, NULL); break;
	case SMTP_SERVER_MAIL:
		inner.mails++;
		str_copy(inner.from, sizeof(inner.from), ev->path->text);
		wire_server_reply(w, inner.mail_code, NULL, "M");
		break;
	case SMTP_SERVER_RCPT:
		inner.rcpts++;
		if (!inner.silent)
			wire_server_reply(w, inner.rcpt_code, NULL, "R");
		break;
	case SMTP_SERVER_DATA:
		inner.datas++;
		wire_server_reply(w, 354, NULL, "D");
		break;
	case SMTP_SERVER_HELO: wire_server_reply(w, 250, NULL, ""); break;
	default: break;
	}
}

static void inner_ended(void *arg, enum stream_end why)
{
	struct wire_server **at = arg;
	(void)why;
	wire_server_destroy(*at);
	*at = NULL;
}

static const struct wire_server_hooks inner_hooks = { .event = inner_event,
                                                      .ended = inner_ended };

static void inner_ready(void *arg, unsigned events)
{
	struct endpoint peer;
	(void)arg;
	(void)events;
	int fd = stream_accept(inner.fd, &peer);
	if (fd < 0)
		return;
	assert_true(inner.connections < CLIENTS_MAX);
	struct wire_server **at = &inner.client[inner.connections++];
	const struct smtp_server_options options = { .hostname = "inner.example",
	                                             .lmtp = inner.lmtp,
	                                             .limits.message_bytes = inner.message_bytes,
	                                             .offer_smtputf8 = inner.utf8 };
	const struct wire_server_setup setup = { .loop = inner.loop, .fd = fd,
	                                         .options = &options, .hooks = &inner_hooks,
	                                         .arg = at };
	*at = wire_server_create(&setup);
	wire_server_begin(*at);
}

/* ---- the callouts --------------------------------------------------------------------------- */

static struct dns_resolver *resolver;
static struct gateway_callouts *callouts;
static struct gateway_config config;
static char *transports[3];
static unsigned done;

static void note_done(void *arg)
{
	(void)arg;
	done++;
}

static struct gateway_offer offered;
static char offered_by[64];

static void note_offer(void *arg, const char *domain, const struct gateway_offer *offer)
{
	assert_ptr_equal(arg, &inner);
	str_copy(offered_by, sizeof(offered_by), str_of(domain));
	offered = *offer;
}

static void create(void)
{
	const struct gateway_callouts_setup setup = { .loop = inner.loop, .resolver = resolver,
	                                              .config = &config,
	                                              .hostname = "mx.ours.example",
	                                              .offered = note_offer, .arg = &inner };
	callouts = gateway_callouts_create(&setup);
}

static int begin(void **state)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	(void)state;
	inner = (struct inner){ .loop = loop_create(), .mail_code = 250, .rcpt_code = 250 };
	inner.at.ip = ip_from_v4(127, 0, 0, 1);
	inner.fd = stream_listen(&inner.at);
	assert_true(inner.fd >= 0);
	getsockname(inner.fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &inner.at);
	inner.watch = loop_watch_create(inner.loop, inner.fd, inner_ready, NULL);
	loop_watch_set(inner.watch, LOOP_READ);
	transports[0] = mem_printf("inner.example smtp:127.0.0.1:%u", inner.at.port);
	transports[1] = mem_printf("lmtp.example lmtp:127.0.0.1:%u", inner.at.port);
	transports[2] = mem_strdup("dead.example smtp:127.0.0.1:1");
	static char none[] = "";
	config = (struct gateway_config){ .transports = { transports, 3 }, .smarthost = none };
	assert_int_equal(dns_resolver_create(inner.loop, &inner.at, 1, NULL, &resolver), ERR_OK);
	create();
	done = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	gateway_callouts_destroy(callouts);
	dns_resolver_destroy(resolver);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		wire_server_destroy(inner.client[i]);
	loop_watch_destroy(inner.watch);
	close(inner.fd);
	loop_destroy(inner.loop);
	for (size_t i = 0; i < 3; i++)
		free(transports[i]);
	return 0;
}

static struct gateway_address address(const char *local, const char *domain)
{
	struct gateway_address a = { .kind = GATEWAY_ADDRESS_PLAIN, .local = str_of(local) };
	str_copy(a.domain, sizeof(a.domain), str_of(domain));
	return a;
}

static void turn_until(unsigned times)
{
	for (int i = 0; i < 4000 && done < times; i++)
		loop_run_once(inner.loop, 5);
	assert_int_equal(done, times);
}

static enum gateway_known ask(const char *local, const char *domain)
{
	struct gateway_address a = address(local, domain);
	unsigned before = done;
	assert_non_null(gateway_callouts_ask(callouts, &a, note_done, NULL));
	assert_int_equal(done, before);          /* never from within */
	turn_until(before + 1);
	return gateway_callouts_known(callouts, &a);
}

static void test_answers(void **state)
{
	(void)state;
	static const struct {
		const char *local;
		int mail, rcpt;
		enum gateway_known known;
	} rows[] = {
		{ "carol", 250, 250, GATEWAY_YES }, { "nobody", 250, 550, GATEWAY_NO },
		{ "grey", 250, 450, GATEWAY_NOT_NOW }, { "full", 250, 552, GATEWAY_NOT_NOW },
		/* A host that takes no null sender says nothing of the recipient. */
		{ "other", 550, 250, GATEWAY_NOT_NOW }, { "off", 451, 250, GATEWAY_NOT_NOW },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		inner.mail_code = rows[i].mail;
		inner.rcpt_code = rows[i].rcpt;
		CHECK_ROW(rows[i].local, ask(rows[i].local, "inner.example") == rows[i].known);
	}
	assert_string_equal(inner.from, "<>");
	assert_int_equal(inner.datas, 0);
}

/* Its offer is noted before it answers; an address that it cannot be told is no answer. */
static void test_offer(void **state)
{
	(void)state;
	inner.message_bytes = 4000;
	assert_int_equal(ask("\xc3\xa4nn", "inner.example"), GATEWAY_NOT_NOW);
	assert_int_equal(inner.rcpts, 0);
	assert_string_equal(offered_by, "inner.example");
	assert_true(offered.known && !offered.utf8 && offered.size_max == 4000);
	inner.utf8 = inner.lmtp = true;
	assert_int_equal(ask("\xc3\xb6nn", "lmtp.example"), GATEWAY_YES);
	assert_string_equal(offered_by, "lmtp.example");
	assert_true(offered.utf8);
	offered_by[0] = '\0';
	assert_int_equal(ask("carol", "dead.example"), GATEWAY_NOT_NOW);
	assert_string_equal(offered_by, "");
}

static void test_lmtp(void **state)
{
	(void)state;
	inner.lmtp = true;
	assert_int_equal(ask("carol", "lmtp.example"), GATEWAY_YES);
	inner.rcpt_code = 550;
	assert_int_equal(ask("nobody", "lmtp.example"), GATEWAY_NO);
	assert_int_equal(inner.datas, 0);
}

static void test_dead(void **state)
{
	(void)state;
	struct gateway_address again = address("carol", "dead.example");
	struct gateway_address other = address("carol", "no-transport.example");
	assert_int_equal(ask("carol", "dead.example"), GATEWAY_NOT_NOW);
	/* It is left in peace for a moment. */
	assert_null(gateway_callouts_ask(callouts, &again, note_done, NULL));
	assert_null(gateway_callouts_ask(callouts, &other, note_done, NULL));
}

/* Whoever asks meanwhile waits for the same answer; who asks later has it. */
static void test_once(void **state)
{
	(void)state;
	struct gateway_address a = address("carol", "inner.example"),
	                       b = address("CAROL", "inner.example");
	assert_int_equal(gateway_callouts_known(callouts, &a), GATEWAY_NOT_NOW);
	struct gateway_callout *one = gateway_callouts_ask(callouts, &a, note_done, NULL);
	assert_non_null(gateway_callouts_ask(callouts, &b, note_done, NULL));
	assert_non_null(gateway_callouts_ask(callouts, &a, note_done, NULL));
	gateway_callout_cancel(one);
	turn_until(2);
	assert_int_equal(inner.connections, 1);
	assert_int_equal(gateway_callouts_known(callouts, &b), GATEWAY_YES);
	/* New settings: it is asked anew. */
	const struct gateway_callouts_setup setup = { .loop = inner.loop, .resolver = resolver,
	                                              .config = &config, .hostname = "new.example" };
	gateway_callouts_reload(callouts, &setup);
	assert_int_equal(gateway_callouts_known(callouts, &a), GATEWAY_NOT_NOW);
	assert_int_equal(ask("carol", "inner.example"), GATEWAY_YES);
	assert_int_equal(inner.connections, 2);
}

static void test_bounds(void **state)
{
	(void)state;
	char local[16];
	unsigned asked = 0;
	inner.silent = true;
	for (unsigned i = 0; i < 2 * GATEWAY_CALLOUTS_MAX; i++) {
		struct gateway_address a;
		snprintf(local, sizeof(local), "u%u", i);
		a = address(local, "inner.example");
		asked += gateway_callouts_ask(callouts, &a, note_done, NULL) != NULL;
	}
	assert_int_equal(asked, GATEWAY_CALLOUTS_MAX);
	/* Those who wait leave first, as sessions do. */
	for (int i = 0; i < 4000 && inner.rcpts < GATEWAY_CALLOUTS_MAX; i++)
		loop_run_once(inner.loop, 5);
	assert_int_equal(inner.rcpts, GATEWAY_CALLOUTS_MAX);
	inner.silent = false;
	for (unsigned i = 0; i < inner.connections; i++)
		if (inner.client[i])
			wire_server_reply(inner.client[i], 250, NULL, "at last");
	turn_until(GATEWAY_CALLOUTS_MAX);
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_answers), WITH(test_offer), WITH(test_lmtp), WITH(test_dead),
		WITH(test_once), WITH(test_bounds),
	};
	log_init("test", LOG_WARN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
