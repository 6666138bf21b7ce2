/* SPDX-License-Identifier: ISC
 *
 * `portreeve check`: asks blocklists about an address as a mail server does.
 */
#include "cli/commands.h"

#include "cli/cli.h"
#include "base/mem.h"
#include "cli/hosts.h"
#include "lookup/lookup.h"

#include <stdio.h>
#include <stdlib.h>

enum { ZONES_MAX = 32, RESOLVERS_MAX = 8, LISTED = 1, SICK = 2 };

struct check {
	struct cli *cli;
	struct loop *loop;
	struct hosts hosts;
	struct str zones[ZONES_MAX];
	size_t zone_count, answered;
	unsigned listed, sick;
};

static void print_people(struct check *c, const struct lookup_report *r)
{
	static const enum cli_colour colours[] = {
		[LOOKUP_NOT_LISTED] = CLI_GREEN, [LOOKUP_LISTED] = CLI_RED,
		[LOOKUP_SICK] = CLI_YELLOW,
	};
	char ip[IP_TEXT_MAX];
	printf("%s %s: %s%s%s", ip_format(&r->address, ip), r->zone.p,
	       cli_colour(colours[r->verdict]),
	       r->verdict == LOOKUP_SICK ? "list is sick" : lookup_verdict_name(r->verdict),
	       cli_colour(CLI_PLAIN));
	if (r->verdict == LOOKUP_SICK)
		printf(": %s", r->problem);
	for (size_t i = 0; r->verdict == LOOKUP_LISTED && i < r->code_count; i++)
		printf("%s %s", i == 0 ? " with" : ",", ip_format(&r->codes[i], ip));
	putchar('\n');
	for (size_t i = 0; i < r->text_count; i++) {
		const char *text = arena_strdup(&c->cli->arena, r->texts[i]);
		printf("  %s\n", cli_safe(c->cli, text));
	}
}

static void came(void *arg, const struct lookup_report *r)
{
	struct check *c = arg;
	if (c->cli->json) {
		lookup_report_json(r, cli_json_begin(c->cli));
		cli_json_end(c->cli);
	} else {
		print_people(c, r);
	}
	c->listed += r->verdict == LOOKUP_LISTED;
	c->sick += r->verdict == LOOKUP_SICK;
	if (++c->answered == c->zone_count * c->hosts.n)
		loop_stop(c->loop);
}

/* Each may be a list with commas. */
static int read_zones(struct check *c, const char *const *lists, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str rest = str_of(lists[i]), zone;
		size_t before = c->zone_count;
		while (str_token(&rest, ",", &zone)) {
			if (c->zone_count == ZONES_MAX)
				return cli_fail(c->cli, EX_USAGE,
				                "--zone: expected at most %d zones",
				                ZONES_MAX);
			c->zones[c->zone_count++] = zone;
		}
		if (c->zone_count == before)
			return cli_bad_value(c->cli, lists[i], "a zone, or several with commas");
	}
	return CLI_GO;
}

/* A server that listens on all addresses is asked at the loopback one. */
static struct endpoint reachable(struct endpoint at)
{
	static const uint8_t any[16];
	if (memcmp(at.ip.b, any, sizeof(any)) != 0)
		return at;
	if (at.ip.family == 4)
		at.ip = ip_from_v4(127, 0, 0, 1);
	else
		at.ip.b[15] = 1;
	return at;
}

/* Without a resolver our own zone is asked at our own server: it may not be delegated. */
static int find_servers(struct check *c, const char *resolver, bool own_zone,
                        struct endpoint *servers, size_t *n)
{
	const struct settings *s = &c->cli->settings;
	struct parse_error pe;
	*n = 0;
	if (resolver) {
		if (endpoint_parse(str_of(resolver), 53, &servers[0], &pe) != ERR_OK)
			return cli_bad_value(c->cli, resolver, pe.expected);
		*n = 1;
	} else if (own_zone) {
		servers[(*n)++] = reachable(s->dnsbl.listen.v[0]);
	} else {
		for (; *n < s->general.resolver.n && *n < RESOLVERS_MAX; ++*n)
			servers[*n] = s->general.resolver.v[*n];
	}
	return CLI_GO;
}

static const struct dns_resolver_options patience = { 1500, 2, 5000 };

/* Of a name, asked where names are asked; our own server knows none. */
static int find_addresses(struct check *c, const char *resolver)
{
	const char *host = c->cli->operands[0];
	struct endpoint servers[RESOLVERS_MAX];
	struct dns_resolver *names = NULL;
	size_t n;
	if (cli_hosts_is_address(host, &c->hosts.ips[0])) {
		c->hosts.n = 1;
		return CLI_GO;
	}
	int code = find_servers(c, resolver, false, servers, &n);
	if (code != CLI_GO)
		return code;
	if (dns_resolver_create(c->loop, servers, n, &patience, &names) != ERR_OK)
		return cli_fail(c->cli, EX_OSERR, "the resolver cannot be set up");
	code = cli_hosts(c->cli, c->loop, names, host, &c->hosts);
	dns_resolver_destroy(names);
	return code;
}

/* Every address at every list. */
static int start_lookups(struct check *c, struct dns_resolver *resolver)
{
	size_t n = 0, all = c->zone_count * c->hosts.n;
	struct lookup **asked = mem_array(all, sizeof(struct lookup *));
	int code = CLI_GO;
	for (; n < all; n++) {
		struct str zone = c->zones[n % c->zone_count];
		if (lookup_start(resolver, zone, &c->hosts.ips[n / c->zone_count], came, c,
		                 &asked[n]) == ERR_OK)
			continue;
		code = cli_bad_value(c->cli, arena_strdup(&c->cli->arena, zone),
		                     "the domain name of a blocklist");
		break;
	}
	while (code != CLI_GO && n > 0)
		lookup_cancel(asked[--n]);
	free(asked);
	return code;
}

static int ask_lists(struct check *c, const struct endpoint *servers, size_t n)
{
	struct dns_resolver *resolver;
	if (dns_resolver_create(c->loop, servers, n, &patience, &resolver) != ERR_OK)
		return cli_fail(c->cli, EX_OSERR, "the resolver cannot be set up");
	int code = start_lookups(c, resolver);
	if (code == CLI_GO) {
		loop_run(c->loop);
		code = c->listed ? LISTED : c->sick ? SICK : EX_OK;
	}
	dns_resolver_destroy(resolver);
	return code;
}

/* What can be wrong in the arguments is found before any name server is asked. */
static int check_run(struct check *c, const char *resolver, const struct cli_values *zones)
{
	struct endpoint servers[RESOLVERS_MAX];
	size_t n = 0;
	int code = cli_settings(c->cli);
	if (code == CLI_GO && zones->n == 0)
		c->zones[c->zone_count++] = str_of(c->cli->settings.dnsbl.zone);
	if (code == CLI_GO)
		code = read_zones(c, zones->v, zones->n);
	if (code == CLI_GO)
		code = find_servers(c, resolver, zones->n == 0, servers, &n);
	if (code != CLI_GO)
		return code;
	c->loop = loop_create();
	code = find_addresses(c, resolver);
	if (code == CLI_GO)
		code = ask_lists(c, servers, n);
	loop_destroy(c->loop);
	return code;
}

int cli_check(int argc, char **argv)
{
	const char *resolver = NULL;
	struct cli_values zones = { .n = 0 };
	const struct cli_option options[] = {
		{ .name = "zone", .argument = "ZONE[,ZONE…]", .values = &zones,
		  .help = "blocklists to ask; again for more (default: our own)" },
		{ .name = "resolver", .argument = "ADDR[:PORT]", .value = &resolver,
		  .help = "name server to ask" },
	};
	const struct cli_spec spec = {
		.name = "check",
		.synopsis = "ADDRESS|NAME [--zone ZONE[,ZONE…]]… [--resolver ADDR[:PORT]]",
		.description =
		"Asks blocklists about an address, or each address of a host name, as a mail\n"
		"server does. Exits with 0 if no list has one, 1 if one has, 2 if none has but\n"
		"one is sick.",
		.options = options, .option_count = 2,
		.operands_min = 1, .operands_max = 1, .operands_expected = "one ADDRESS or NAME",
	};
	struct cli cli;
	struct check c = { .cli = &cli };
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = check_run(&c, resolver, &zones);
	return cli_end(&cli, code);
}
