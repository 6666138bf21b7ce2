/* SPDX-License-Identifier: ISC
 *
 * A test in the foreground: tester and collector in this process, and their results in print.
 */
#include "cli/testing.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/stream.h"
#include "relaytest/verdict.h"
#include "store/admission.h"
#include "store/json.h"
#include "store/tests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOP_TURN_MS = 200, ACCOUNT_BYTES_MAX = 4096 };

/* ---- options ------------------------------------------------------------------ */

/* The parameter that the option stands for is set; an error speaks of the option. */
static int set_by_option(struct testing *t, const char *option, const char *name, const char *value)
{
	buf_clear(&t->scratch);
	if (!value || settings_set(&t->cli->settings, name, value, &t->scratch) == ERR_OK)
		return CLI_GO;
	const char *said = strstr(buf_cstr(&t->scratch), ": ");
	return cli_fail(t->cli, EX_USAGE, "--%s%s", option, said ? said : ": wrong value");
}

static int apply_options(struct testing *t)
{
	const struct testing_options *o = t->options;
	const struct { const char *option, *name, *value; } rows[] = {
		{ "port", "tester.ports", o->port },
		{ "collector", "tester.collector", o->collector },
		{ "collector", "collector.listen", o->collector },
		{ "domain", "tester.domain", o->domain },
		{ "domain2", "tester.domain2", o->domain2 },
		{ "source", "tester.source", o->source },
		{ "resolver", "resolver", o->resolver },
		{ "wait", "tester.wait", o->wait },
		{ "patience", "tester.patience", o->patience },
		{ "rate", "tester.rate", o->rate },
		{ "retries", "tester.retries", o->retries },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int code = set_by_option(t, rows[i].option, rows[i].name, rows[i].value);
		if (code != CLI_GO)
			return code;
	}
	buf_clear(&t->scratch);
	if (settings_check(&t->cli->settings, &t->scratch) != ERR_OK)
		return cli_fail(t->cli, EX_CONFIG, "%s", buf_cstr(&t->scratch));
	return CLI_GO;
}

/* A password must not stand among a process's arguments: it comes from a file. */
static int read_account(struct testing *t)
{
	struct buf text = { 0 };
	struct str rest, user, password;
	const char *path = t->options->account;
	if (!path)
		return CLI_GO;
	int e = file_read(path, ACCOUNT_BYTES_MAX, &text);
	if (e != ERR_OK) {
		buf_fini(&text);
		return cli_fail(t->cli, cli_exit_code(e), "%s: expected a user name and a "
		                "password: %s", path, err_text(e));
	}
	rest = buf_str(&text);
	bool ok = str_token(&rest, "\r\n", &user) && str_token(&rest, "\r\n", &password) &&
	          str_copy(t->user, sizeof(t->user), user) &&
	          str_copy(t->password, sizeof(t->password), password);
	OPENSSL_cleanse(text.p, text.n);
	buf_fini(&text);
	return ok ? CLI_GO : cli_fail(t->cli, EX_DATAERR,
	                              "%s: expected a user name and a password, a line each", path);
}

/* ---- open and close -------------------------------------------------------------- */

/* Before root is given up, because the port may be privileged. A port in use is taken for
 * the collector role's. */
static int bind_collector(struct testing *t)
{
	const struct config_endpoints *at = &t->cli->settings.collector.listen;
	char text[ENDPOINT_TEXT_MAX];
	for (size_t i = 0; i < at->n && t->listen_count < 16; i++) {
		int fd = stream_listen(&at->v[i]);
		endpoint_format(&at->v[i], text);
		if (fd == ERR_EXISTS) {
			if (t->options->collector)
				cli_note(t->cli, "%s is in use: taken for the running collector",
				         text);
			continue;
		}
		if (fd < 0)
			return cli_fail(t->cli, fd == ERR_DENIED ? EX_NOPERM : EX_UNAVAILABLE,
			                "collector %s: expected an address of this machine and a "
			                "port we may use: %s", text, strerror(errno));
		t->listen_fds[t->listen_count] = fd;
		t->listen_at[t->listen_count++] = at->v[i];
	}
	return CLI_GO;
}

/* Tests that a killed run left behind are taken up at once. */
static int inherit(struct testing *t)
{
	struct store *st = t->cli->store;
	struct alive_id self;
	size_t freed;
	alive_self(&self);
	store_hold_as(st, &self);
	int e = store_leases_of_dead(st, &self, alive_look, clock_now_s(), &freed);
	return e == ERR_OK ? CLI_GO : cli_store_fail(t->cli, e, "tests left behind");
}

static int read_keys(struct testing *t)
{
	buf_clear(&t->scratch);
	int e = assembly_keys_load(&t->keys, true, &t->scratch);
	return e == ERR_OK ? CLI_GO : cli_state_fail(t->cli, e, &t->scratch);
}

static int create_collector(struct testing *t)
{
	enum { MAILS_WAITING_MAX = 100 };
	if (!t->listen_count)
		return CLI_GO;
	t->syncer = syncer_create(t->loop, MAILS_WAITING_MAX);
	if (!t->syncer || syncer_start(t->syncer) != ERR_OK)
		return cli_fail(t->cli, EX_OSERR, "no thread can be started for the collector");
	struct collector_setup setup = {
		.loop = t->loop, .syncer = t->syncer, .store = t->cli->store,
		.listen_fds = t->listen_fds, .listen_at = t->listen_at,
		.listen_count = t->listen_count,
	};
	t->collector = assembly_collector_create(&t->cli->settings, &t->keys, &setup);
	return CLI_GO;
}

static bool explain_result(const struct tester_result *r, struct explanation *e)
{
	if (r->verdict != VERDICT_OPEN ||
	    verdict_explain(r->results, r->n, r->transcript, r->server, e) != ERR_OK)
		return false;
	explain_seen(e, &r->seen, &r->test->target.ip);
	return true;
}

static void print_why_open(const struct tester_result *r)
{
	struct explanation e;
	struct buf text = { 0 };
	if (!explain_result(r, &e))
		return;
	explain_short(&e, 4, &text);
	cli_print(buf_str(&text));
	buf_fini(&text);
}

static void print_result_object(struct cli *cli, const struct tester_result *r)
{
	struct explanation e;
	struct json *j = cli_json_begin(cli);
	test_json(r->test, r->verdict, r->reason, r->results, r->n, j);
	if (r->effects.set & LIFE_WITHHOLD)
		json_add_cstr(j, "not_published", r->effects.why);
	json_add_time(j, "again", r->again_s);
	if (explain_result(r, &e))
		explanation_json(&e, j);
	seen_json(&r->seen, j);
	cli_json_end(cli);
	fflush(stdout);          /* what is stored is told, whatever dies next */
}

static void print_result(struct testing *t, const struct tester_result *r)
{
	char address[IP_TEXT_MAX], endpoint[ENDPOINT_TEXT_MAX], again[CLI_TIME_MAX];
	struct cli *cli = t->cli;
	if (cli->json) {
		print_result_object(cli, r);
		return;
	}
	endpoint_format(&r->test->target, endpoint);
	printf("%s  %s%s%s", endpoint, cli_colour(cli_verdict_colour(r->verdict)),
	       verdict_name(r->verdict), cli_colour(CLI_PLAIN));
	for (size_t i = 0; i < r->n; i++) {
		const struct case_result *c = &r->results[i];
		if (c->attempt != 0 || !c->returned)
			continue;
		printf("  by %s", c->id);
		if (!ip_eq(&c->output, &r->test->target.ip))
			printf(", out through %s", ip_format(&c->output, address));
	}
	if (r->finding)
		printf("  (%s)", r->finding);
	if (r->effects.set & LIFE_WITHHOLD)
		printf("  (not published: %s)", r->effects.why);
	if (*r->evidence_id)
		printf("  evidence %s", r->evidence_id);
	if (*r->reason)
		printf("  (%s)", cli_safe(cli, r->reason));
	if (r->again_s)
		printf("  goes on at %s", cli_time(r->again_s, again));
	putchar('\n');
	print_why_open(r);
}

static void show_finished(void *arg, const struct tester_result *r)
{
	struct testing *t = arg;
	struct test test = *r->test;
	struct tester_result result = *r;
	str_copy(test.evidence_id, sizeof(test.evidence_id), str_of(r->evidence_id));
	test.seconds = r->seconds;
	test.cause = r->cause;
	result.test = &test;
	if (r->err != ERR_OK) {
		t->failed++;
		cli_store_fail(t->cli, r->err, "the verdict could not be stored");
	}
	if (t->finished)
		t->finished(t->arg, &result);
	print_result(t, &result);
	t->open += r->verdict == VERDICT_OPEN;
	t->closed += r->verdict == VERDICT_CLOSED;
	t->other += r->verdict != VERDICT_OPEN && r->verdict != VERDICT_CLOSED;
}

static void show_remark(void *arg, const char *text)
{
	struct testing *t = arg;
	if (t->remark)
		t->remark(t->arg);
	cli_note(t->cli, "warning: %s", text);
}

static int create_tester(struct testing *t)
{
	const struct settings *s = &t->cli->settings;
	struct tester_setup setup = {
		.loop = t->loop, .store = t->cli->store,
		.us = { .user = *t->user ? t->user : NULL,
		        .password = *t->user ? t->password : NULL },
		.patience_s = s->tester.patience_s,
		.remark = show_remark, .finished = show_finished, .arg = t,
	};
	buf_clear(&t->scratch);
	if (assembly_tester_create(s, &t->keys, &setup, &t->assembled, &t->scratch) != ERR_OK)
		return cli_fail(t->cli, EX_OSERR, "%s", buf_cstr(&t->scratch));
	t->resolver = t->assembled.resolver;
	t->tester = t->assembled.tester;
	tester_follow(t->tester, false);
	return CLI_GO;
}

int testing_settings(struct testing *t)
{
	log_init("portreeve", LOG_WARN);
	int code = cli_settings(t->cli);
	return code == CLI_GO ? apply_options(t) : code;
}

int testing_open(struct testing *t, struct cli *cli, const struct testing_options *options)
{
	int code = CLI_GO;
	*t = (struct testing){ .cli = cli, .options = options };
	if ((code = testing_settings(t)) != CLI_GO || (code = read_account(t)) != CLI_GO ||
	    (code = bind_collector(t)) != CLI_GO ||
	    (code = cli_open(cli, CLI_TEST)) != CLI_GO || (code = inherit(t)) != CLI_GO ||
	    (code = read_keys(t)) != CLI_GO)
		return code;
	t->loop = loop_create();
	code = create_collector(t);
	return code == CLI_GO ? create_tester(t) : code;
}

/* A disk that hangs does not hold up the command: what the thread may touch stays until the end of
 * the process. */
static void close_collector(struct testing *t)
{
	enum { STOP_LIMIT_MS = 10000 };
	int e = t->syncer ? syncer_stop(t->syncer, STOP_LIMIT_MS) : ERR_OK;
	collector_destroy(t->collector);
	if (e == ERR_OK)
		syncer_destroy(t->syncer);
	else
		LOG(LOG_ERROR, "stop-timeout", LOG_I("after-ms", STOP_LIMIT_MS),
		    LOG_S("why", "mail for people waits for the disk"));
}

void testing_close(struct testing *t)
{
	assembly_tester_destroy(&t->assembled);
	close_collector(t);
	for (size_t i = 0; i < t->listen_count; i++)
		close(t->listen_fds[i]);
	loop_destroy(t->loop);
	assembly_keys_fini(&t->keys);
	OPENSSL_cleanse(t->password, sizeof(t->password));
	buf_fini(&t->scratch);
}

/* ---- one target ------------------------------------------------------------------- */

/* What admission said, as a refusal and why. */
static enum testing_refusal refuse(const struct testing *t, const struct admission_answer *answer,
                                   char *why, size_t why_size)
{
	const struct consent_answer *consent = &answer->consent;
	char rule[PREFIX_TEXT_MAX], when[CLI_TIME_MAX];
	switch (answer->said) {
	case ADMISSION_EXCLUDED:
		snprintf(why, why_size, "excluded by %s (%s): it is never tested",
		         prefix_format(&consent->rule, rule), consent->by);
		return TESTING_EXCLUDED;
	case ADMISSION_NO_CONSENT:
		snprintf(why, why_size, "no consent: no test without a permit "
		         "(portreeve permit add)");
		return TESTING_NO_CONSENT;
	case ADMISSION_OWNER_ONLY:
		snprintf(why, why_size, "--all needs the consent \"owner\", this is \"%s\"",
		         consent_name(consent->consent));
		return TESTING_NO_CONSENT;
	case ADMISSION_TOO_SOON:
		snprintf(why, why_size, "tested %s; one test in %lld h unless its owner asks "
		         "(tester.interval)", cli_time(answer->last_s, when),
		         (long long)t->cli->settings.tester.interval_s / 3600);
		return TESTING_TOO_SOON;
	case ADMITTED: case ADMISSION_PENDING:
		break;
	}
	return TESTING_STARTED;
}

static enum testing_refusal lease_and_run(struct testing *t, const char *id)
{
	struct test leased;
	int e = store_test_lease_one(t->cli->store, id, clock_now_s(), TESTER_LEASE_S, &leased);
	if (e == ERR_BUSY || e == ERR_NOT_FOUND)
		return TESTING_BUSY;
	if (e != ERR_OK) {
		cli_store_fail(t->cli, e, "test");
		return TESTING_FAILED;
	}
	tester_run(t->tester, &leased);
	return TESTING_STARTED;
}

enum testing_refusal testing_start(struct testing *t, const struct endpoint *target, char *why,
                                   size_t why_size)
{
	struct admission_answer answer;
	struct test test = { .target = *target, .reason = TEST_OPERATOR, .all = t->options->all,
	                     .created_s = clock_now_s() };
	why[0] = '\0';
	/* Not for a tester role that looks for work: it is leased here at once. */
	test.not_before_s = test.created_s + TESTER_LEASE_S;
	if (cli_who(t->cli, NULL, test.who) != CLI_GO)
		return TESTING_FAILED;
	int e = store_test_ask(t->cli->store, &test, GROUND_NONE, "",
	                       t->cli->settings.tester.interval_s, &answer);
	if (e != ERR_OK) {
		cli_store_fail(t->cli, e, "test");
		return TESTING_FAILED;
	}
	enum testing_refusal r = refuse(t, &answer, why, why_size);
	return r == TESTING_STARTED ? lease_and_run(t, test.id) : r;
}

bool testing_is_busy(const struct testing *t)
{
	return tester_has_notices(t->tester) ||
	       (tester_active(t->tester) > 0 && !tester_hopeless(t->tester));
}

void testing_run(struct testing *t)
{
	while (testing_is_busy(t))
		loop_run_once(t->loop, LOOP_TURN_MS);
}

int testing_check_collector(struct testing *t, size_t left)
{
	const char *why = tester_hopeless(t->tester);
	if (!why || left == 0)
		return CLI_GO;
	return cli_fail(t->cli, EX_UNAVAILABLE, "%s; nothing %swas sent", why,
	                tester_sent(t->tester) ? "more " : "");
}

int testing_exit_code(const struct testing *t)
{
	if (t->failed)
		return EX_IOERR;
	if (t->open)
		return 1;
	return t->other ? 2 : 0;
}
