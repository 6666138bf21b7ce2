/* SPDX-License-Identifier: ISC
 *
 * The rows of the section "trace".
 */
#include "trace/config.h"

#include "trace/border.h"

#define TRACE(type, field) CONFIG_MEMBER(type, struct trace_config, field)

const struct config_row trace_config_rows[] = {
	{ "own_hosts", TRACE(CONFIG_STRINGS, own_hosts), 0, 256, "",
	  "Names of our own mail hosts as they stand in Received lines; patterns such as "
	  "*.example.org. Without any of this section a trace cannot tell the border." },
	{ "own_nets", TRACE(CONFIG_STRINGS, own_nets), 0, 256, "",
	  "Our own networks, such as 192.0.2.0/24." },
	{ "border_hosts", TRACE(CONFIG_STRINGS, border_hosts), 0, 256, "",
	  "Names of our MX hosts. If set, only a line that one of them wrote records the "
	  "handover." },
};

const size_t trace_config_row_count = sizeof(trace_config_rows) / sizeof(*trace_config_rows);

int trace_config_check(const struct trace_config *config, struct buf *message)
{
	typedef int adder(struct border_set *set, struct str text, struct parse_error *pe);
	const struct {
		const char *name;
		const struct config_strings *list;
		adder *add;
	} rows[] = {
		{ "own_hosts", &config->own_hosts, border_add_own_host },
		{ "own_nets", &config->own_nets, border_add_own_net },
		{ "border_hosts", &config->border_hosts, border_add_border_host },
	};
	struct border_set set = { 0 };
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t j = 0; e == ERR_OK && j < rows[i].list->n; j++) {
			struct parse_error pe;
			struct str text = str_of(rows[i].list->v[j]);
			e = rows[i].add(&set, text, &pe);
			if (e == ERR_OK)
				continue;
			buf_printf(message, "trace.%s: \"", rows[i].name);
			buf_add_escaped(message, text);
			buf_printf(message, "\": expected %s", pe.expected);
		}
	border_set_fini(&set);
	return e;
}
