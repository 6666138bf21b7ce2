/* SPDX-License-Identifier: ISC
 *
 * Asking the collector, from where the tester stands and over the network: does it greet,
 * and take a token of ours at each of its domains, but not one that is forged? No message is
 * sent. The token is one of a test that the store knows, as the collector looks it up there;
 * a collector whose store is another would refuse it, and does not get our mail either.
 *
 * The recipient's token shows nothing that could prove anything: that takes the mark, which
 * only messages hold.
 *
 * Hostile input: what the server at the collector's address answers, by way of mailing.h, and
 * answers of name servers.
 */
#include "relaytest/tester-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "relaytest/courier.h"

#include <stdio.h>
#include <stdlib.h>

enum { SESSION_MS = 20 * 1000, CASE_NUMBER = 1, PATH_MAX_BYTES = 320 };

struct reach_check {
	struct tester *tester;
	struct courier *courier;             /* NULL between questions */
	size_t endpoint;                     /* which of them is asked */
	int64_t asked_ms;
	char paths[2][PATH_MAX_BYTES], stranger[PATH_MAX_BYTES];
	const char *recipients[2];
	struct reach_mx *mx;                 /* looked up once */
};

struct reach_check *reach_check_create(struct tester *t)
{
	struct reach_check *c = mem_zalloc(sizeof(*c));
	c->tester = t;
	c->recipients[0] = c->paths[0];
	c->recipients[1] = c->paths[1];
	return c;
}

void reach_check_abandon(struct reach_check *c)
{
	courier_destroy(c->courier);
	c->courier = NULL;
}

void reach_check_destroy(struct reach_check *c)
{
	reach_check_abandon(c);
	reach_mx_destroy(c->mx);
	free(c);
}

/* ---- what is said ------------------------------------------------------------ */

/* A command that never reached its collector fails, and says so itself. */
static void say_reach(struct tester *t)
{
	if (t->reach.state == REACH_GOOD && !t->setup.remark)
		LOG(LOG_INFO, "collector-answers", LOG_S("tests", "go on"));
	else if (t->reach.state == REACH_BAD && (t->reach.was_good || !t->setup.remark))
		tester_remark(t, "tests-held", t->reach.why);
}

/* ---- the question --------------------------------------------------------------- */

static void check_finished(struct reach_check *c, const char *why)
{
	struct tester *t = c->tester;
	bool news = reach_told(&t->reach, c->asked_ms, clock_mono_ms(), why);
	reach_check_abandon(c);
	if (news)
		say_reach(t);
	t->hooks->reach_told(t);
}

static void ask_collector(struct reach_check *c);

static void check_over(void *arg, const struct mailing_result *result, bool tls_failed)
{
	struct reach_check *c = arg;
	const struct config_endpoints *all = &c->tester->setup.config->collector;
	char where[ENDPOINT_TEXT_MAX];
	struct buf text = { 0 };
	(void)tls_failed;
	if (result->taken && c->endpoint + 1 < all->n) {
		courier_destroy(c->courier);
		c->endpoint++;
		ask_collector(c);
		return;
	}
	if (result->taken) {
		check_finished(c, NULL);
		return;
	}
	buf_printf(&text, "collector %s: expected it to greet and take a token: %s",
	           endpoint_format(&all->v[c->endpoint], where), result->why);
	check_finished(c, buf_cstr(&text));
	buf_fini(&text);
}

static void ask_collector(struct reach_check *c)
{
	const struct tester_setup *s = &c->tester->setup;
	const struct tester_config *config = s->config;
	int64_t command_ms = config->command_timeout_s * 1000;
	int64_t connect_ms = config->connect_timeout_s * 1000;
	struct courier_setup setup = {
		.loop = s->loop, .to = config->collector.v[c->endpoint],
		.connect_ms = connect_ms < SESSION_MS ? connect_ms : SESSION_MS,
		.command_ms = command_ms < SESSION_MS ? command_ms : SESSION_MS,
		.session_ms = SESSION_MS, .over = check_over, .arg = c,
		.mailing = {
			.helo = s->us.hostname, .from = "<>", .recipients = c->recipients, .n = 2,
			.stranger = c->stranger,
		},
	};
	c->courier = courier_create(&setup);
}

/* A server that takes any recipient is somebody else's: a token whose last character is
 * another must be refused. */
static void write_paths(struct reach_check *c, const struct test *test)
{
	const struct tester_setup *s = &c->tester->setup;
	struct token_set set;
	token_make(s->signer, test->id, CASE_NUMBER, 0, &test->target, &set);
	const char *token = set.recipient;
	char last = token[TOKEN_LEN - 1] == 'a' ? 'b' : 'a';
	snprintf(c->paths[0], PATH_MAX_BYTES, "<%s@%s>", token, s->config->domain);
	snprintf(c->paths[1], PATH_MAX_BYTES, "<%s@%s>", token, s->config->domain2);
	snprintf(c->stranger, PATH_MAX_BYTES, "<%.*s%c@%s>", TOKEN_LEN - 1, token, last,
	         s->config->domain);
}

/* One that has not ended: the collector takes no tokens of those that ended long ago. */
static const struct test *any_test(const struct tester *t)
{
	for (const struct run *r = t->runs; r; r = r->next)
		if (!r->test.finished_s)
			return &r->test;
	return NULL;
}

bool reach_check_has_token(const struct tester *t)
{
	return any_test(t);
}

void reach_check_poll(struct reach_check *c)
{
	struct tester *t = c->tester;
	const struct test *test = any_test(t);
	if (!test || c->courier || reach_due_ms(&t->reach, clock_mono_ms()) != 0)
		return;
	if (!c->mx)
		c->mx = reach_mx_create(t);
	c->asked_ms = clock_mono_ms();
	c->endpoint = 0;
	if (t->setup.config->collector.n == 0) {
		check_finished(c, "tester.collector: expected the address and port at which the "
		               "collector answers");
		return;
	}
	write_paths(c, test);
	ask_collector(c);
}
