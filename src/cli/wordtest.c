/* SPDX-License-Identifier: ISC
 *
 * One gentle session for each target, all at once, under the consent that a test needs.
 */
#include "cli/wordtest.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/hosts.h"
#include "relaytest/seen.h"
#include "store/admission.h"
#include "witness/knock.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 15000, COMMAND_MS = 30000, SESSION_MS = 90000, PORT_TLS = 465,
       SAID_NOWHERE = 2, TARGETS_MAX = 64, SEEN_MAX = 8 };

struct wordtest;
struct target {
	struct wordtest *w;
	struct endpoint at;
	struct witness_knock *knock;
};
struct wordtest {
	struct cli *cli;
	char word[WITNESS_WORD_SIZE];
	struct loop *loop;
	struct dns_resolver *resolver;
	SSL_CTX *tls;
	struct target targets[TARGETS_MAX];
	size_t n, left, said;
	struct ip seen_as[SEEN_MAX];             /* by which others see us */
	size_t seen_n;
};

/* ---- results ---------- */

static void print_object(struct wordtest *w, const struct endpoint *at,
                         const struct witness_knocked *k)
{
	struct json *j = cli_json_begin(w->cli);
	json_add_ip(j, "address", &at->ip);
	json_add_int(j, "port", at->port);
	json_add_cstr(j, "word", w->word);
	json_add_bool(j, "said", k->told);
	json_add_cstr(j, "end", witness_knock_end_text(k->end));
	json_add_ip(j, "from", &k->from.ip);
	json_open_array(j, "lines");
	for (size_t i = 0; i < k->n; i++) {
		json_open_object(j, NULL);
		json_add_cstr(j, "said", k->lines[i].said);
		if (k->lines[i].code)
			json_add_int(j, "code", k->lines[i].code);
		json_add_shown(j, "reply", str_of(k->lines[i].reply));
		json_close(j);
	}
	json_close(j);
	cli_json_end(w->cli);
}

static void print_result(struct wordtest *w, const struct endpoint *at,
                         const struct witness_knocked *k)
{
	char target[ENDPOINT_TEXT_MAX], from[IP_TEXT_MAX];
	printf("%s  %s%s%s", endpoint_format(at, target),
	       cli_colour(k->told ? CLI_GREEN : CLI_YELLOW), witness_knock_end_text(k->end),
	       cli_colour(CLI_PLAIN));
	if (k->from.ip.family)
		printf(", from %s", ip_format(&k->from.ip, from));
	putchar('\n');
	for (size_t i = 0; i < k->n; i++) {
		const struct witness_line *line = &k->lines[i];
		printf("  %s", line->said);
		if (line->code)
			printf("  -> %d %s", line->code, cli_safe(w->cli, line->reply));
		putchar('\n');
	}
}

/* What the settings say of us, or where the connection left us. */
static void note_seen(struct wordtest *w, const struct endpoint *at, const struct ip *from)
{
	const struct tester_config *config = &w->cli->settings.tester;
	const struct seen_from known = {
		.hello = str_of(w->cli->settings.general.hostname), .host = at->ip,
		.came_from = *from, .set = &config->seen_as, .own = &config->source,
		.more_own = &config->trusted_source,
	};
	struct ip ip = seen_known(&known);
	for (size_t i = 0; i < w->seen_n; i++)
		if (ip_eq(&w->seen_as[i], &ip))
			return;
	if (ip.family && w->seen_n < SEEN_MAX)
		w->seen_as[w->seen_n++] = ip;
}

static void target_ended(void *arg, const struct witness_knocked *knocked)
{
	struct target *target = arg;
	struct wordtest *w = target->w;
	if (w->cli->json)
		print_object(w, &target->at, knocked);
	else
		print_result(w, &target->at, knocked);
	fflush(stdout);
	w->said += knocked->told;
	if (knocked->told)
		note_seen(w, &target->at, &knocked->from.ip);
	witness_knock_destroy(target->knock);
	target->knock = NULL;
	if (--w->left == 0)
		loop_stop(w->loop);
}

static void print_next(const struct wordtest *w)
{
	char ip[IP_TEXT_MAX];
	if (w->cli->json || !w->said)
		return;
	printf("\nNow on the server, as root:\n  portreeve witness --read --word %s", w->word);
	for (size_t i = 0; i < w->seen_n; i++)
		printf(" --seen-as %s", ip_format(&w->seen_as[i], ip));
	putchar('\n');
}

/* ---- targets ---------- */

/* Consent and exclusions as for a test. There is no interval: nothing is asked. */
static int check_consent(struct wordtest *w, const struct ip *ip)
{
	struct consent_answer answer;
	char address[IP_TEXT_MAX], rule[PREFIX_TEXT_MAX];
	int e = store_consent(w->cli->store, ip, clock_now_s(), &answer);
	if (e != ERR_OK)
		return cli_store_fail(w->cli, e, "test");
	ip_format(ip, address);
	if (answer.excluded)
		return cli_fail(w->cli, EX_NOPERM, "%s: refused: excluded by %s (%s): it is never "
		                "tested", address, prefix_format(&answer.rule, rule), answer.by);
	if (answer.consent == CONSENT_NONE)
		return cli_fail(w->cli, EX_NOPERM, "%s: refused: no consent: no test without a "
		                "permit (portreeve permit add)", address);
	return CLI_GO;
}

static int add_host(struct wordtest *w, const char *name)
{
	const struct config_ports *ports = &w->cli->settings.tester.ports;
	struct hosts found = { .n = 0 };
	int code = cli_hosts(w->cli, w->loop, w->resolver, name, &found);
	for (size_t i = 0; i < found.n && code == CLI_GO; i++) {
		code = check_consent(w, &found.ips[i]);
		for (size_t p = 0; p < ports->n && code == CLI_GO; p++) {
			if (w->n == TARGETS_MAX)
				return cli_fail(w->cli, EX_USAGE, "expected at most %d addresses "
				                "and ports", TARGETS_MAX);
			w->targets[w->n++] = (struct target){
				.w = w, .at = { found.ips[i], ports->v[p] } };
		}
	}
	return code;
}

static struct ip source_for(const struct wordtest *w, unsigned family)
{
	const struct config_ips *source = &w->cli->settings.tester.source;
	for (size_t i = 0; i < source->n; i++)
		if (source->v[i].family == family)
			return source->v[i];
	return (struct ip){ 0 };
}

static void knock_all(struct wordtest *w)
{
	w->left = w->n;
	for (size_t i = 0; i < w->n; i++) {
		const struct witness_knock_setup setup = {
			.loop = w->loop, .to = w->targets[i].at, .word = w->word, .tls = w->tls,
			.tls_at_once = w->targets[i].at.port == PORT_TLS,
			.from = source_for(w, w->targets[i].at.ip.family),
			.name = w->cli->settings.general.hostname, .connect_ms = CONNECT_MS,
			.command_ms = COMMAND_MS, .session_ms = SESSION_MS,
			.ended = target_ended, .arg = &w->targets[i],
		};
		w->targets[i].knock = witness_knock_create(&setup);
	}
	loop_run(w->loop);
}

/* Nothing secret is said, so that any certificate and any TLS will do. */
static SSL_CTX *create_tls(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	if (tls) {
		SSL_CTX_set_security_level(tls, 0);
		SSL_CTX_set_min_proto_version(tls, TLS1_VERSION);
		SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
	}
	return tls;
}

/* All names and consents first, so that a wrong one leaves nothing half done. */
static int say_word(struct wordtest *w)
{
	const struct config_endpoints *servers = &w->cli->settings.general.resolver;
	if (dns_resolver_create(w->loop, servers->v, servers->n, NULL, &w->resolver) != ERR_OK)
		return cli_fail(w->cli, EX_OSERR, "the resolver cannot be set up");
	int code = CLI_GO;
	for (size_t i = 0; i < w->cli->operand_count && code == CLI_GO; i++)
		code = add_host(w, w->cli->operands[i]);
	if (code == CLI_GO) {
		knock_all(w);
		print_next(w);
		code = w->said ? EX_OK : SAID_NOWHERE;
	}
	dns_resolver_destroy(w->resolver);
	return code;
}

int wordtest_run(struct testing *t, const char *word)
{
	struct wordtest w = { .cli = t->cli };
	struct parse_error pe;
	unsigned day;
	if (witness_word_parse(str_of(word), w.word, &day, &pe) != ERR_OK)
		return cli_bad_value(t->cli, word, pe.expected);
	int code = testing_settings(t);
	if (code == CLI_GO)
		code = cli_open(t->cli, CLI_CHANGE);
	if (code != CLI_GO)
		return code;
	w.loop = loop_create();
	w.tls = create_tls();
	code = w.tls ? say_word(&w) : cli_fail(t->cli, EX_OSERR, "no TLS can be set up");
	SSL_CTX_free(w.tls);
	loop_destroy(w.loop);
	return code;
}
