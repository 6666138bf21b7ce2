/* SPDX-License-Identifier: ISC
 *
 * The rows of the section "witness".
 */
#include "witness/config.h"

#define WITNESS(type, field) CONFIG_MEMBER(type, struct witness_config, field)

const struct config_row witness_config_rows[] = {
	{ "listen", WITNESS(CONFIG_ENDPOINTS, listen), 1, 16, "0.0.0.0:4025",
	  "Addresses and ports of the role witness; who has no key hears nothing there.",
	  .default_port = 4025, .restart = CONFIG_NEXT_RUN, .role = "witness" },
	{ "keys", WITNESS(CONFIG_STRING, keys), 0, 0, "/etc/portreeve/witness.keys",
	  "The file that says who may ask, and which hosts and ports the witness connects to for "
	  "them; \"portreeve keys witness\" makes its rows. Read again on HUP." },
	{ "rate", WITNESS(CONFIG_INT, rate), 1, 600, "12", "Questions answered to one key.",
	  "questions a minute" },
	{ "sessions", WITNESS(CONFIG_INT, sessions), 1, 1000, "32",
	  "Connections at the same time." },
	{ "sessions_per_host", WITNESS(CONFIG_INT, sessions_per_host), 1, 1000, "4",
	  "Connections at the same time from one IPv4 address or IPv6 /64." },
};
const size_t witness_config_row_count = sizeof(witness_config_rows) / sizeof(*witness_config_rows);
