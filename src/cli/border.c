/* SPDX-License-Identifier: ISC
 *
 * The border of a trace, put together from options and settings.
 */
#include "cli/border.h"

typedef int adder(struct border_set *set, struct str s, struct parse_error *pe);

static int add_given(struct cli *cli, const struct cli_values *values, adder *add,
                     struct border_set *set)
{
	for (size_t i = 0; i < values->n; i++) {
		struct parse_error pe;
		if (add(set, str_of(values->v[i]), &pe) != ERR_OK)
			return cli_bad_value(cli, values->v[i], pe.expected);
	}
	return CLI_GO;
}

static int add_configured(struct cli *cli, const char *key, const struct config_strings *list,
                          adder *add, struct border_set *set)
{
	for (size_t i = 0; i < list->n; i++) {
		struct parse_error pe;
		if (add(set, str_of(list->v[i]), &pe) != ERR_OK)
			return cli_fail(cli, EX_CONFIG, "%s: trace.%s: \"%s\": expected %s",
			                cli->config_path ? cli->config_path : SETTINGS_FILE, key,
			                cli_safe(cli, list->v[i]), pe.expected);
	}
	return CLI_GO;
}

int cli_border(struct cli *cli, const struct border_options *o, struct border_set *set)
{
	const struct trace_config *c = &cli->settings.trace;
	const struct {
		const char *key;
		const struct cli_values *given;
		const struct config_strings *configured;
		adder *add;
	} rows[] = {
		{ "own_hosts", &o->own_hosts, &c->own_hosts, border_add_own_host },
		{ "own_nets", &o->own_nets, &c->own_nets, border_add_own_net },
		{ "border_hosts", &o->border_hosts, &c->border_hosts, border_add_border_host },
	};
	bool given = o->own_hosts.n || o->own_nets.n || o->border_hosts.n;
	int code = given ? CLI_GO : cli_settings(cli);
	for (size_t i = 0; code == CLI_GO && i < sizeof(rows) / sizeof(*rows); i++)
		code = given ? add_given(cli, rows[i].given, rows[i].add, set)
		             : add_configured(cli, rows[i].key, rows[i].configured,
		                              rows[i].add, set);
	return code;
}
