/* SPDX-License-Identifier: ISC
 *
 * One nomination: written down, then admitted as a test or refused by a named rule.
 */
#include "cli/nominating.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

static int find_consent(struct cli *cli, struct nominating *n)
{
	struct consent_answer *c = &n->consent;
	int e = store_consent(cli->store, &n->nom.address, n->nom.created_s, c);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, "consent");
	if (n->traced && !c->excluded && c->consent == CONSENT_NONE &&
	    settings_trusts(&cli->settings, n->nom.by)) {
		c->consent = CONSENT_EVIDENCE;
		str_copy(c->by, sizeof(c->by), str_of(n->nom.by));
	}
	n->nom.consent = c->excluded ? CONSENT_NONE : c->consent;
	return CLI_GO;
}

static int check_interval(struct cli *cli, struct nominating *n, struct nominating_port *p)
{
	char when[CLOCK_TEXT_MAX];
	int64_t last_s;
	int code = cli_tested_lately(cli, &p->test.target, n->nom.consent, n->nom.created_s,
	                             &last_s);
	if (code != CLI_GO || last_s == 0)
		return code;
	p->outcome = "refused";
	p->rule = arena_printf(&cli->arena, "tested at %s; tester.interval asks for %lld s "
	                       "between two tests unless the owner asks",
	                       clock_format(last_s, when),
	                       (long long)cli->settings.tester.interval_s);
	n->refused++;
	return CLI_GO;
}

static int queue_port(struct cli *cli, struct nominating *n, uint16_t port)
{
	struct nominating_port *p = &n->ports[n->port_count++];
	*p = (struct nominating_port){ .rule = "", .test = {
		.target = { n->nom.address, port }, .consent = n->nom.consent,
		.reason = TEST_NOMINATED, .created_s = n->nom.created_s,
		.not_before_s = n->nom.created_s,
	} };
	str_copy(p->test.who, sizeof(p->test.who), str_of(n->nom.by));
	int code = check_interval(cli, n, p);
	if (code != CLI_GO || p->outcome)
		return code;
	int e = store_test_add(cli->store, &p->test);
	if (e != ERR_OK && e != ERR_EXISTS)
		return cli_store_fail(cli, e, "queue a test");
	p->outcome = e == ERR_OK ? "queued" : "pending";
	if (e == ERR_OK)
		n->queued++;
	else
		n->pending++;
	return CLI_GO;
}

int nominating_run(struct cli *cli, struct nominating *n)
{
	const struct config_ports *ports = &cli->settings.tester.ports;
	n->nom.created_s = clock_now_s();
	int code = find_consent(cli, n);
	if (code != CLI_GO)
		return code;
	int e = store_nominate(cli->store, &n->nom);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, "nomination");
	if (n->nom.consent == CONSENT_NONE)
		return CLI_GO;
	for (size_t i = 0; code == CLI_GO && i < ports->n && i < NOMINATING_PORTS_MAX; i++)
		code = queue_port(cli, n, ports->v[i]);
	return code;
}

static void tell_nomination(const struct cli *cli, const struct nominating *n)
{
	char address[IP_TEXT_MAX];
	ip_format(&n->nom.address, address);
	cli_note(cli, "%s: nominated as a relay; consent to a test: %s", address,
	         n->consent.excluded ? "none, it is excluded" : consent_name(n->nom.consent));
	for (size_t i = 0; i < n->port_count; i++) {
		const struct nominating_port *p = &n->ports[i];
		if (p->rule[0])
			cli_note(cli, "%s port %u: %s: %s", address, p->test.target.port,
			         p->outcome, p->rule);
		else
			cli_note(cli, "%s port %u: test %s is %s", address, p->test.target.port,
			         p->test.id, p->outcome);
	}
}

int nominating_relay(struct cli *cli, const struct ip *relay, const char *by, const char *reason,
                     struct str message)
{
	struct nominating *n = mem_zalloc(sizeof(*n));
	if (message.n > NOMINATING_MESSAGE_MAX_BYTES)
		message.n = NOMINATING_MESSAGE_MAX_BYTES;
	n->nom = (struct nomination){ .address = *relay, .message = message };
	n->traced = true;
	str_copy(n->nom.by, sizeof(n->nom.by), str_of(by));
	str_copy(n->nom.reason, sizeof(n->nom.reason), str_of(reason));
	int code = nominating_run(cli, n);
	if (code == CLI_GO)
		tell_nomination(cli, n);
	free(n);
	return code;
}
