/* SPDX-License-Identifier: ISC
 *
 * The sections of the configuration: a row each, with the room's parameters and its check.
 */
#include "settings/settings-private.h"

/* A check of a section takes its struct. */
#define CHECK_OF(section, check) \
	static int section##_##check(const struct settings *s, struct buf *message) \
	{ \
		return section##_config_##check(&s->section, message); \
	}

CHECK_OF(general, check)
CHECK_OF(general, check_for_roles)
CHECK_OF(tester, check)
CHECK_OF(collector, check)
CHECK_OF(dnsbl, check)
CHECK_OF(trace, check)
CHECK_OF(report, check)
CHECK_OF(list, check)
CHECK_OF(gateway, check)
CHECK_OF(gate, check)

#define ROWS_OF(section) \
	section##_config_rows, &section##_config_row_count, offsetof(struct settings, section)

const struct settings_section settings_sections[SETTINGS_SECTIONS] = {
	{ "", "What all roles and commands share.", ROWS_OF(general),
	  .check = general_check, .check_for_roles = general_check_for_roles },
	{ "tester", "How hosts are tested.", ROWS_OF(tester), .check = tester_check },
	{ "collector", "The SMTP server at which what was relayed comes back.",
	  ROWS_OF(collector), .check = collector_check },
	{ "dnsbl", "The list in DNS.", ROWS_OF(dnsbl), .check_for_roles = dnsbl_check },
	{ "trace", "What is ours, when a message is traced.", ROWS_OF(trace),
	  .check_for_roles = trace_check },
	{ "report", "How abuse desks are found and written to.", ROWS_OF(report),
	  .check_for_roles = report_check },
	{ "gateway", "The mail server.", ROWS_OF(gateway), .check = gateway_check },
	{ "witness", "A witness of one's own, from outside.", ROWS_OF(witness) },
	{ "gate", "When the mail server of this machine may be reached.", ROWS_OF(gate),
	  .check = gate_check },
	{ "store", "How long is kept what nothing rests on any more; the clock.",
	  ROWS_OF(store) },
	{ "list", "What may be published.", ROWS_OF(list), .check = list_check },
};

void settings_sections_of(struct settings *s, struct config_section out[static SETTINGS_SECTIONS])
{
	for (size_t i = 0; i < SETTINGS_SECTIONS; i++) {
		const struct settings_section *section = &settings_sections[i];
		out[i] = (struct config_section){
			.name = section->name, .prose = section->prose, .rows = section->rows,
			.row_count = *section->row_count, .into = (char *)s + section->offset };
	}
}
