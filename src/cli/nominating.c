/* SPDX-License-Identifier: ISC
 *
 * One nomination: written down, then admitted as a test or refused by a named rule.
 */
#include "cli/nominating.h"

#include "base/clock.h"
#include "base/mem.h"
#include "store/tests.h"

#include <stdlib.h>

/* What this nomination brings besides what is permitted. */
static enum admission_ground ground_of(const struct cli *cli, const struct nominating *n)
{
	return n->traced && settings_trusts(&cli->settings, n->nom.by) ? GROUND_TRACE
	                                                               : GROUND_NONE;
}

static int find_consent(struct cli *cli, struct nominating *n)
{
	int e = store_consent_on(cli->store, &n->nom.address, ground_of(cli, n), n->nom.by,
	                         n->nom.created_s, &n->consent);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, "consent");
	n->nom.consent = n->consent.consent;
	return CLI_GO;
}

/* What admission said of a port that is not queued. */
static const char *rule_of(struct cli *cli, const struct admission_answer *answer)
{
	char when[CLOCK_TEXT_MAX];
	if (answer->said != ADMISSION_TOO_SOON)
		return "its consent was taken back meanwhile";
	return arena_printf(&cli->arena, "tested at %s; tester.interval asks for %lld s "
	                    "between two tests unless the owner asks",
	                    clock_format(answer->last_s, when),
	                    (long long)cli->settings.tester.interval_s);
}

static int queue_port(struct cli *cli, struct nominating *n, uint16_t port)
{
	struct admission_answer answer;
	struct nominating_port *p = &n->ports[n->port_count++];
	*p = (struct nominating_port){ .rule = "", .test = {
		.target = { n->nom.address, port }, .reason = TEST_NOMINATED,
		.created_s = n->nom.created_s, .not_before_s = n->nom.created_s,
	} };
	str_copy(p->test.who, sizeof(p->test.who), str_of(n->nom.by));
	int e = store_test_ask(cli->store, &p->test, ground_of(cli, n), n->nom.by,
	                       cli->settings.tester.interval_s, &answer);
	if (e != ERR_OK)
		return cli_store_fail(cli, e, "queue a test");
	switch (answer.said) {
	case ADMITTED:
		p->outcome = "queued";
		n->queued++;
		break;
	case ADMISSION_PENDING:
		p->outcome = "pending";
		n->pending++;
		break;
	default:
		p->outcome = "refused";
		p->rule = rule_of(cli, &answer);
		n->refused++;
	}
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
	         n->consent.excluded ? "none, it is excluded" :
	         n->nom.consent == CONSENT_NONE ? "none (see portreeve-permit(1))" :
	         consent_name(n->nom.consent));
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
