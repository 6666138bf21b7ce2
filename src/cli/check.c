/* SPDX-License-Identifier: ISC
 *
 * `portreeve check`: asks blocklists about an address as a mail server does.
 */
#include "cli/commands.h"

#include "cli/cli.h"
#include "lookup/lookup.h"

#include <stdio.h>

enum { ZONES_MAX = 32, RESOLVERS_MAX = 8, LISTED = 1, SICK = 2 };

struct check {
	struct cli *cli;
	struct loop *loop;
	struct ip address;
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
	if (++c->answered == c->zone_count)
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

static int ask_lists(struct check *c, const struct endpoint *servers, size_t n)
{
	static const struct dns_resolver_options patience = { 1500, 2, 5000 };
	struct dns_resolver *resolver;
	c->loop = loop_create();
	if (dns_resolver_create(c->loop, servers, n, &patience, &resolver) != ERR_OK) {
		loop_destroy(c->loop);
		return cli_fail(c->cli, EX_OSERR, "the resolver cannot be set up");
	}
	int code = CLI_GO;
	struct lookup *asked[ZONES_MAX];
	size_t asked_count = 0;
	for (; asked_count < c->zone_count && code == CLI_GO; asked_count++) {
		struct str zone = c->zones[asked_count];
		if (lookup_start(resolver, zone, &c->address, came, c,
		                 &asked[asked_count]) == ERR_OK)
			continue;
		asked[asked_count] = NULL;
		code = cli_bad_value(c->cli, arena_strdup(&c->cli->arena, zone),
		                     "the domain name of a blocklist");
	}
	if (code != CLI_GO) {
		while (asked_count-- > 0)
			lookup_cancel(asked[asked_count]);
	} else {
		loop_run(c->loop);
		code = c->listed ? LISTED : c->sick ? SICK : EX_OK;
	}
	dns_resolver_destroy(resolver);
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
		.synopsis = "ADDRESS [--zone ZONE[,ZONE…]]… [--resolver ADDR[:PORT]]",
		.description =
		"Asks blocklists about an address as a mail server does. Exits with 0 if no list\n"
		"has it, 1 if one has, 2 if none has but one is sick.",
		.options = options, .option_count = 2,
		.operands_min = 1, .operands_max = 1, .operands_expected = "one ADDRESS",
	};
	struct cli cli;
	struct check c = { .cli = &cli };
	struct endpoint servers[RESOLVERS_MAX];
	size_t n = 0;
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = cli_ip(&cli, cli.operands[0], &c.address);
	if (code == CLI_GO)
		code = cli_settings(&cli);
	if (code == CLI_GO && zones.n == 0)
		c.zones[c.zone_count++] = str_of(cli.settings.dnsbl.zone);
	if (code == CLI_GO)
		code = read_zones(&c, zones.v, zones.n);
	if (code == CLI_GO)
		code = find_servers(&c, resolver, zones.n == 0, servers, &n);
	if (code == CLI_GO)
		code = ask_lists(&c, servers, n);
	return cli_end(&cli, code);
}
