/* SPDX-License-Identifier: ISC */
#include "trace/config.h"

#define TRACE(field) offsetof(struct trace_config, field)

const struct config_row trace_config_rows[] = {
	{ "own_hosts", CONFIG_STRINGS, 0, 256, "",
	  "Names of our own mail hosts as they stand in Received lines; patterns such as "
	  "*.example.org. Without any of this section a trace cannot tell the border.",
	  TRACE(own_hosts) },
	{ "own_nets", CONFIG_STRINGS, 0, 256, "",
	  "Our own networks, such as 192.0.2.0/24.", TRACE(own_nets) },
	{ "border_hosts", CONFIG_STRINGS, 0, 256, "",
	  "Names of our MX hosts. If set, only a line that one of them wrote records the handover.",
	  TRACE(border_hosts) },
};

const size_t trace_config_row_count = sizeof(trace_config_rows) / sizeof(*trace_config_rows);
