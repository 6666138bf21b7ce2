/* SPDX-License-Identifier: ISC
 *
 * `portreeve doctor`: the DNS records that the configuration needs, and whether these, port 25, the
 * clock and the files are as they must be. It changes nothing. What root alone may see is looked
 * at first; then root is given up, and the network is asked.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "cli/hosts.h"
#include "cli/progress.h"
#include "doctor/certificates.h"
#include "doctor/dns-ask.h"
#include "doctor/durability.h"
#include "doctor/machine.h"
#include "doctor/mailboxes.h"
#include "doctor/port.h"
#include "settings/check.h"
#include "settings/network.h"
#include "settings/open.h"
#include "settings/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TURN_MS = 100, ASK_MS = 10 * 1000, SMTP_PORT = 25 };

static const struct dns_resolver_options patience = { 1500, 2, 4000 };

struct doctor {
	struct cli *cli;
	struct loop *loop;
	const char *to;                      /* NULL: nobody is called */
	struct doctor_plan plan;
	struct doctor_findings findings;
	struct doctor_dns dns;
	struct doctor_certificates certificates;
	struct doctor_collector collector;
	struct doctor_call calls[DOCTOR_CALLS_MAX];
	size_t call_count;
};

/* ---- what is printed ------------------------------------------------------------------ */

struct record_printer {
	struct cli *cli;
	const char *title;
};

static void print_record(void *arg, const struct doctor_record *r)
{
	struct record_printer *p = arg;
	struct buf line = { 0 };
	doctor_record_line(r, &line);
	if (p->cli->json) {
		struct json *j = cli_json_begin(p->cli);
		json_add_cstr(j, "record", buf_cstr(&line));
		json_add_cstr(j, "name", r->name);
		json_add_cstr(j, "type", r->type);
		json_add_cstr(j, "value", r->value);
		json_add_cstr(j, "where", r->title);
		cli_json_end(p->cli);
	} else {
		if (!p->title || strcmp(p->title, r->title) != 0)
			printf("%s; %s\n", p->title ? "\n" : "", r->title);
		puts(buf_cstr(&line));
	}
	p->title = r->title;
	buf_fini(&line);
}

static void print_left_out(void *arg, const struct ip *ip, const char *why)
{
	char text[IP_TEXT_MAX];
	(void)arg;
	printf("; no record of %s: %s\n", ip_format(ip, text), why);
}

static void print_records(struct doctor *d)
{
	struct record_printer printer = { .cli = d->cli };
	doctor_plan_records(&d->plan, print_record, &printer);
	if (!d->cli->json)
		doctor_plan_left_out(&d->plan, print_left_out, NULL);
}

static void print_finding(struct cli *cli, const struct doctor_finding *f)
{
	static const enum cli_colour colours[] = {
		[DOCTOR_OK] = CLI_GREEN, [DOCTOR_MISSING] = CLI_RED, [DOCTOR_DIFFERS] = CLI_RED,
		[DOCTOR_WRONG] = CLI_RED, [DOCTOR_BETTER] = CLI_YELLOW,
		[DOCTOR_UNKNOWN] = CLI_YELLOW,
	};
	if (cli->json) {
		doctor_finding_json(f, cli_json_begin(cli));
		cli_json_end(cli);
		return;
	}
	printf("%s%-8s%s %s: %s\n", cli_colour(colours[f->status]), doctor_status_name(f->status),
	       cli_colour(CLI_PLAIN), f->about, f->text);
	if (f->todo[0])
		printf("%-8s %s %s\n", "", strstr(f->todo, " IN ") ? "expected:" : "to do:",
		       f->todo);
}

static bool has_findings(const struct doctor *d, const char *part)
{
	for (size_t i = 0; i < d->findings.n; i++)
		if (strcmp(d->findings.v[i].part, part) == 0)
			return true;
	return false;
}

static void print_findings(const struct doctor *d)
{
	static const struct { const char *part, *title; } parts[] = {
		{ "owner", "files and user" }, { "port", "ports" }, { "clock", "clock" },
		{ "mail", "mailboxes" }, { "dns", "DNS" },
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!d->cli->json && has_findings(d, parts[i].part))
			printf("%s; %s\n", i ? "\n" : "", parts[i].title);
		for (size_t j = 0; j < d->findings.n; j++)
			if (strcmp(d->findings.v[j].part, parts[i].part) == 0)
				print_finding(d->cli, &d->findings.v[j]);
	}
}

/* ---- the machine ---------------------------------------------------------------------- */

/* Root became the state directory's owner with it. Where that is root, or it cannot be entered, he
 * becomes the roles' user before he hears the network. */
static int give_up_root(const struct doctor *d)
{
	unsigned uid, gid;
	if (geteuid() != 0 ||
	    sandbox_user(d->cli->settings.general.user, &uid, &gid) != ERR_OK || uid == 0 ||
	    sandbox_become(uid, gid, 0) == ERR_OK)
		return CLI_GO;
	return cli_fail(d->cli, EX_NOPERM, "cannot become user \"%s\"",
	                d->cli->settings.general.user);
}

static void look_at_store(struct doctor *d, int entered, struct buf *message,
                          struct doctor_clock *c, struct doctor_mailboxes *mailboxes)
{
	struct store *st = NULL;
	int e = entered;
	if (e == ERR_NOT_FOUND || (e == ERR_OK && !settings_store_exists(&d->cli->settings))) {
		c->first_start = true;
		c->why = "there is no database yet: the first start makes it";
		return;
	}
	if (e == ERR_OK)
		e = settings_store_open_to_read(&d->cli->settings, &st, message);
	if (e == ERR_OK)
		e = store_clock_look(st, c->now_s, &c->store);
	if (e == ERR_OK)
		doctor_mailboxes_look(&d->cli->settings, st, &d->cli->arena, mailboxes);
	c->has_store = e == ERR_OK;
	if (e != ERR_OK)
		c->why = arena_printf(&d->cli->arena, "the database cannot be read: %s",
		                      message->n ? buf_cstr(message) : err_text(e));
	store_close(st);
}

static int look_at_machine(struct doctor *d)
{
	const struct settings *s = &d->cli->settings;
	struct doctor_socket sockets[DOCTOR_SOCKETS_MAX];
	struct doctor_owner owner;
	struct doctor_clock clock;
	struct doctor_mailboxes mailboxes = { 0 };
	struct buf message = { 0 };
	doctor_owner_look(s, &owner);
	doctor_certificates_look(s, &d->cli->arena, &d->certificates);
	size_t n = doctor_sockets_look(s, sockets);
	doctor_clock_look(s, &clock);
	int entered = state_enter_to_read(s, &message);
	look_at_store(d, entered, &message, &clock, &mailboxes);
	int code = give_up_root(d);
	if (code == CLI_GO) {
		doctor_owner_judge(&owner, &d->findings);
		doctor_sockets_judge(sockets, n, &d->findings);
		if (settings_has_role(s, "gateway"))
			doctor_ports_judge(&s->gateway, &d->findings);
		doctor_clock_judge(&clock, &d->findings);
		doctor_mailboxes_judge(&mailboxes, &d->findings);
	}
	buf_fini(&message);
	return code;
}

/* ---- whom to call ------------------------------------------------------------------------ */

/* From each address of ours that is of its family. */
static void add_calls(struct doctor *d, const struct endpoint *to)
{
	const struct config_ips *sources = &d->cli->settings.tester.source;
	bool any = false;
	for (size_t i = 0; i < sources->n && d->call_count < DOCTOR_CALLS_MAX; i++) {
		if (sources->v[i].family != to->ip.family)
			continue;
		d->calls[d->call_count++] = (struct doctor_call){ .to = *to,
		                                                  .source = sources->v[i] };
		any = true;
	}
	if (!any && d->call_count < DOCTOR_CALLS_MAX)
		d->calls[d->call_count++] = (struct doctor_call){ .to = *to };
}

/* One address of each family. */
static int call_name(struct doctor *d, struct str name, uint16_t port)
{
	const struct config_endpoints *resolvers = &d->cli->settings.general.resolver;
	struct dns_resolver *resolver;
	struct hosts hosts;
	bool had[7] = { false };
	if (dns_resolver_create(d->loop, resolvers->v, resolvers->n, &patience, &resolver) !=
	    ERR_OK)
		return cli_fail(d->cli, EX_OSERR, "the resolver cannot be set up");
	int code = cli_hosts(d->cli, d->loop, resolver, arena_strdup(&d->cli->arena, name),
	                     &hosts);
	dns_resolver_destroy(resolver);
	for (size_t i = 0; code == CLI_GO && i < hosts.n; i++) {
		const struct endpoint to = { hosts.ips[i], port };
		if (!had[to.ip.family])
			add_calls(d, &to);
		had[to.ip.family] = true;
	}
	return code;
}

static int read_to(struct doctor *d)
{
	struct str name = str_of(d->to);
	size_t colon = str_find(name, ':');
	struct endpoint to;
	uint64_t port = SMTP_PORT;
	if (endpoint_parse(name, SMTP_PORT, &to, NULL) == ERR_OK ||
	    endpoint_parse(cli_bare(d->to), SMTP_PORT, &to, NULL) == ERR_OK) {
		add_calls(d, &to);
		return CLI_GO;
	}
	if (colon != SIZE_MAX) {
		if (str_u64(str_from(name, colon + 1), UINT16_MAX, &port) != ERR_OK || port == 0)
			return cli_bad_value(d->cli, d->to, "a host name or address, and "
			                     "perhaps a port");
		name.n = colon;
	}
	return call_name(d, name, (uint16_t)port);
}

/* ---- the network ---------------------------------------------------------------------- */

static int ask_network(struct doctor *d)
{
	struct doctor_dns_ask *ask = NULL;
	struct progress p;
	int64_t begun_ms = clock_mono_ms(), now_ms = begun_ms;
	bool own = settings_has_role(&d->cli->settings, "dnsbl");
	if (doctor_dns_ask_create(d->loop, &d->plan, own, &d->dns, &ask) != ERR_OK)
		return cli_fail(d->cli, EX_OSERR, "the resolver cannot be set up");
	struct doctor_port *port = doctor_port_create(d->loop, &d->plan, &d->collector, d->calls,
	                                              d->call_count);
	size_t left = 1, most = 0;
	progress_init(&p, "asking", 0, now_ms);
	while (left > 0 && now_ms - begun_ms < ASK_MS) {
		loop_run_once(d->loop, TURN_MS);
		now_ms = clock_mono_ms();
		left = doctor_dns_ask_pending(ask) + doctor_port_pending(port);
		most = left > most ? left : most;
		p.total = most;
		progress_update(&p, most - left, NULL, now_ms);
	}
	progress_wipe(&p);
	doctor_port_destroy(port);
	doctor_dns_ask_destroy(ask);
	return CLI_GO;
}

static void judge_network(struct doctor *d)
{
	doctor_collector_judge(&d->collector, &d->findings);
	for (size_t i = 0; i < d->call_count; i++)
		doctor_call_judge(&d->calls[i], d->to, &d->findings);
	if (!d->to)
		doctor_call_none(&d->findings);
	doctor_certificates_judge(&d->plan, &d->dns, &d->certificates, &d->findings);
	doctor_dns_judge(&d->plan, &d->dns, &d->findings);
	doctor_mail_judge(&d->plan, &d->dns, &d->findings);
}

/* What can be wrong in the arguments is found before anything is printed. */
static int examine(struct doctor *d)
{
	int code = look_at_machine(d);
	if (code == CLI_GO && d->to)
		code = read_to(d);
	if (code != CLI_GO)
		return code;
	print_records(d);
	if (!d->cli->json)
		putchar('\n');
	fflush(stdout);
	code = ask_network(d);
	if (code != CLI_GO)
		return code;
	judge_network(d);
	print_findings(d);
	return doctor_exit_code(&d->findings);
}

/* ---- the command ------------------------------------------------------------------------ */

/* As `config check` does, and in its words. */
static int load_settings(struct cli *cli)
{
	struct buf message = { 0 }, remarks = { 0 };
	struct str line;
	int code = CLI_GO;
	if (settings_load_for_roles(&cli->settings, cli->config_path, cli->state_directory,
	                            &message, &remarks) == ERR_OK)
		cli->has_settings = true;
	else
		code = cli_fail(cli, EX_CONFIG, "%s", buf_cstr(&message));
	for (struct str rest = buf_str(&remarks); code == CLI_GO && str_token(&rest, "\n", &line);)
		cli_note(cli, "%.*s", STR_ARG(line));
	buf_fini(&message);
	buf_fini(&remarks);
	return code;
}

/* The directory's own, or of the nearest one above that is there. */
static char *directory_of(const struct cli *cli)
{
	char *path = cli->operand_count > 0 ? mem_strdup(cli->operands[0])
	                                    : mem_strdup(cli->settings.general.state_directory);
	for (char *slash; cli->operand_count == 0 && access(path, F_OK) != 0 &&
	     (slash = strrchr(path, '/')) && slash > path;)
		*slash = '\0';
	return path;
}

/* A disk alone is looked at, before root is given up: the directory may be nobody else's. */
static int durability_run(struct cli *cli)
{
	struct doctor_findings findings = { .arena = &cli->arena };
	struct doctor_durability facts;
	int code = cli->operand_count > 0 ? CLI_GO : cli_settings(cli);
	if (code != CLI_GO)
		return code;
	char *directory = directory_of(cli);
	struct stat st;
	if (stat(directory, &st) != 0 || !S_ISDIR(st.st_mode)) {
		code = cli_not_found(cli, directory, "a directory");
		free(directory);
		return code;
	}
	doctor_durability_look(directory, &facts);
	doctor_durability_judge(&facts, &findings);
	for (size_t i = 0; i < findings.n; i++)
		print_finding(cli, &findings.v[i]);
	code = doctor_exit_code(&findings);
	doctor_findings_fini(&findings);
	free(directory);
	return code;
}

static void look_at_network(struct doctor *d)
{
	struct gateway_network now = { 0 };
	struct network network;
	network_open(&network);
	network_look(&network, &d->cli->arena, &now);
	network_close(&network);
	d->plan.machine = now.own;
	d->plan.machine_count = now.own_count;
}

static int doctor_run(struct cli *cli, const char *to, bool records_only)
{
	struct doctor *d = mem_zalloc(sizeof(*d));
	struct ip found[2];
	int code = load_settings(cli);
	if (code == CLI_GO && !records_only)
		cli_note_own_list(cli);
	if (code == CLI_GO) {
		*d = (struct doctor){ .cli = cli, .to = to, .findings.arena = &cli->arena };
		doctor_plan_make(&cli->settings, found, doctor_sources_look(found), &d->plan);
		look_at_network(d);
	}
	if (code == CLI_GO && records_only) {
		print_records(d);
	} else if (code == CLI_GO) {
		d->loop = loop_create();
		code = examine(d);
		loop_destroy(d->loop);
	}
	doctor_certificates_fini(&d->certificates);
	doctor_findings_fini(&d->findings);
	free(d);
	return code;
}

int cli_doctor(int argc, char **argv)
{
	const char *to = NULL;
	bool records_only = false, durability = false;
	const struct cli_option options[] = {
		{ .name = "to", .argument = "HOST[:PORT]", .value = &to,
		  .help = "call this mail server, to see whether port 25 is open outwards" },
		{ .name = "records", .flag = &records_only,
		  .help = "only print the DNS records to create; ask nobody" },
		{ .name = "durability", .flag = &durability,
		  .help = "only whether the disk below DIR (default: the state directory) keeps "
		          "what it acknowledges; writes there for ten seconds" },
	};
	const struct cli_spec spec = {
		.name = "doctor",
		.synopsis = "[--to HOST[:PORT]] [--records]\n--durability [DIR]",
		.description =
		"Prints the DNS records that the configuration needs, as lines of zone files.\n"
		"Then looks whether they are there, whether the collector and the list can be\n"
		"reached, whether mail of the gateway's domains comes here and its certificates\n"
		"are for its names, and whether the clock and the owner of the state directory\n"
		"are right, with a line to run or to paste for what is not. It changes nothing,\n"
		"and asks only the resolver, our own addresses and HOST. Exit: 0 nothing must be\n"
		"done, 1 something must be, 2 nothing, but not all could be found out.",
		.options = options, .option_count = 3,
		.operands_min = 0, .operands_max = 1,
		.operands_expected = "nothing, or --durability and one DIR",
	};
	struct cli cli;
	int code = cli_begin(&cli, &spec, argc, argv);
	const bool wrong = durability ? to || records_only : cli.operand_count > 0;
	if (code == CLI_GO && wrong)
		code = cli_fail(&cli, EX_USAGE, "expected --durability [DIR] alone; see --help");
	if (code == CLI_GO)
		code = durability ? durability_run(&cli) : doctor_run(&cli, to, records_only);
	return cli_end(&cli, code);
}
