/* SPDX-License-Identifier: ISC
 *
 * `portreeve nominate`: a reason to look at an address. It is always written down; a
 * test is queued only where somebody consented, nobody excluded the address and it was
 * not tested lately. A refusal names the rule.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>

enum { MESSAGE_MAX_BYTES = 1 << 20 };

struct nominate {
	struct cli cli;
	struct nomination nom;
	struct buf message;
	struct consent_answer consent;
	int64_t now_s;
	unsigned queued, pending, refused;   /* ports */
};

/* What happened to one port. */
struct queueing {
	struct test test;
	const char *outcome;                 /* "queued", "pending", "refused" */
	const char *rule;                    /* why it was refused, or "" */
};

static int read_message(struct nominate *n, const char *path)
{
	int e = file_read(path, MESSAGE_MAX_BYTES, &n->message);
	if (e == ERR_LIMIT)
		return cli_fail(&n->cli, EX_DATAERR, "%s: expected a message of at most %d bytes",
		                path, MESSAGE_MAX_BYTES);
	if (e != ERR_OK)
		return cli_fail(&n->cli, cli_exit_code(e), "%s: expected a mail message: %s", path,
		                err_text(e));
	if (n->message.n == 0)
		return cli_fail(&n->cli, EX_DATAERR, "%s: expected a mail message, found nothing",
		                path);
	n->nom.message = buf_str(&n->message);
	return CLI_GO;
}

/* RFC 6471 3.4: no second test within a day, unless the owner asks. */
static int check_interval(struct nominate *n, const struct endpoint *target,
                          struct queueing *q)
{
	struct test last;
	char when[CLOCK_TEXT_MAX];
	int64_t interval_s = n->cli.settings.tester.interval_s;
	if (n->consent.consent == CONSENT_OWNER)
		return CLI_GO;
	int e = store_test_last(n->cli.store, target, &last);
	if (e == ERR_NOT_FOUND)
		return CLI_GO;
	if (e != ERR_OK)
		return cli_store_fail(&n->cli, e, "last test");
	if (last.state != TEST_DONE || last.finished_s + interval_s <= n->now_s)
		return CLI_GO;
	q->outcome = "refused";
	q->rule = arena_printf(&n->cli.arena, "tested at %s; tester.interval asks for %lld s "
	                       "between two tests unless the owner asks",
	                       clock_format(last.finished_s, when), (long long)interval_s);
	n->refused++;
	return CLI_GO;
}

static int queue_port(struct nominate *n, uint16_t port, struct queueing *q)
{
	*q = (struct queueing){ .rule = "", .test = {
		.target = { n->nom.address, port }, .consent = n->consent.consent,
		.reason = TEST_NOMINATED, .created_s = n->now_s, .not_before_s = n->now_s,
	} };
	str_copy(q->test.who, sizeof(q->test.who), str_of(n->nom.by));
	int code = check_interval(n, &q->test.target, q);
	if (code != CLI_GO || q->outcome)
		return code;
	int e = store_test_add(n->cli.store, &q->test);
	if (e != ERR_OK && e != ERR_EXISTS)
		return cli_store_fail(&n->cli, e, "queue a test");
	q->outcome = e == ERR_OK ? "queued" : "pending";
	if (e == ERR_OK)
		n->queued++;
	else
		n->pending++;
	return CLI_GO;
}

static int queue_ports(struct nominate *n, struct queueing *queue)
{
	int code = CLI_GO;
	const struct config_ports *ports = &n->cli.settings.tester.ports;
	for (size_t i = 0; code == CLI_GO && i < ports->n; i++)
		code = queue_port(n, ports->v[i], &queue[i]);
	return code;
}

static void print_json(const struct nominate *n, const struct queueing *queue, size_t count)
{
	char rule[PREFIX_TEXT_MAX];
	json_t *tests = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(tests, json_pack("{s:i, s:s, s:s, s:s}",
			"port", queue[i].test.target.port, "id", queue[i].test.id,
			"outcome", queue[i].outcome, "rule", queue[i].rule));
	bool decided = n->consent.rule.ip.family != 0;
	cli_json(json_pack("{s:o, s:I, s:s, s:b, s:o, s:o}",
		"address", cli_json_ip(&n->nom.address), "nomination", (json_int_t)n->nom.id,
		"consent", consent_name(n->consent.consent), "excluded", n->consent.excluded,
		"rule", decided ? json_string(prefix_format(&n->consent.rule, rule)) : json_null(),
		"tests", tests));
}

static void print_text(const struct nominate *n, const struct queueing *queue, size_t count)
{
	char address[IP_TEXT_MAX];
	ip_format(&n->nom.address, address);
	if (n->consent.excluded || n->consent.consent == CONSENT_NONE) {
		printf("%s: nominated; no test runs: %s\n", address, n->consent.excluded
		       ? "it is excluded" : "nobody has consented (see portreeve-permit(1))");
		return;
	}
	printf("%s: nominated, consent \"%s\" by %s\n", address,
	       consent_name(n->consent.consent), n->consent.by);
	for (size_t i = 0; i < count; i++)
		if (queue[i].rule[0])
			printf("  port %u: %s: %s\n", queue[i].test.target.port, queue[i].outcome,
			       queue[i].rule);
		else
			printf("  port %u: test %s is %s\n", queue[i].test.target.port,
			       queue[i].test.id, queue[i].outcome);
}

/* What was refused by a rule ends with its code and one line; all else is success. */
static int refusal(const struct nominate *n)
{
	char address[IP_TEXT_MAX], rule[PREFIX_TEXT_MAX];
	ip_format(&n->nom.address, address);
	if (n->consent.excluded)
		return cli_fail(&n->cli, EX_NOPERM, "%s: not tested: %s is excluded by %s", address,
		                prefix_format(&n->consent.rule, rule), n->consent.by);
	if (n->refused && !n->queued && !n->pending)
		return cli_fail(&n->cli, EX_TEMPFAIL, "%s: not tested: every port was tested "
		                "within tester.interval (%lld s)", address,
		                (long long)n->cli.settings.tester.interval_s);
	return EX_OK;
}

static int nominate(struct nominate *n)
{
	struct queueing queue[64];
	size_t count = 0;
	n->now_s = clock_now_s();
	int e = store_consent(n->cli.store, &n->nom.address, n->now_s, &n->consent);
	if (e != ERR_OK)
		return cli_store_fail(&n->cli, e, "consent");
	n->nom.created_s = n->now_s;
	n->nom.consent = n->consent.excluded ? CONSENT_NONE : n->consent.consent;
	e = store_nominate(n->cli.store, &n->nom);
	if (e != ERR_OK)
		return cli_store_fail(&n->cli, e, "nomination");
	if (n->nom.consent != CONSENT_NONE) {
		count = n->cli.settings.tester.ports.n;
		int code = queue_ports(n, queue);
		if (code != CLI_GO)
			return code;
	}
	if (n->cli.json)
		print_json(n, queue, count);
	else
		print_text(n, queue, count);
	return refusal(n);
}

int cli_nominate(int argc, char **argv)
{
	const char *reason = NULL, *by = NULL, *message = NULL;
	const struct cli_option options[] = {
		{ "reason", "TEXT", "why this address (required)", &reason, NULL },
		{ "by", "WHO", "who nominates (default: the calling user)", &by, NULL },
		{ "message", "FILE",
		  "the spam message, kept with the nomination; - is standard input", &message, NULL },
	};
	const struct cli_spec spec = {
		"nominate", "ADDRESS --reason TEXT [--by WHO] [--message FILE]",
		"Writes down a reason to look at an address, and queues a test of each port of\n"
		"the configuration if somebody consented to it (portreeve-permit(1)).",
		options, sizeof(options) / sizeof(*options), 1, 1, "one ADDRESS",
	};
	struct nominate n = { 0 };
	int code = cli_begin(&n.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_ip(&n.cli, n.cli.operands[0], &n.nom.address);
	if (code == CLI_GO)
		code = cli_text(&n.cli, "--reason", reason, n.nom.reason, sizeof(n.nom.reason));
	if (code == CLI_GO)
		code = cli_who(&n.cli, by, n.nom.by);
	if (code == CLI_GO && message)
		code = read_message(&n, message);
	if (code == CLI_GO)
		code = cli_open(&n.cli, CLI_CHANGE);
	if (code == CLI_GO)
		code = nominate(&n);
	buf_fini(&n.message);
	return cli_end(&n.cli, code);
}
