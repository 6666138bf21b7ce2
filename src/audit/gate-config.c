/* SPDX-License-Identifier: ISC
 *
 * The rows of the section "gate", and what they must be together.
 */
#include "audit/gate.h"

#define GATE(type, field) CONFIG_MEMBER(type, struct gate_config, field)

enum { KEEP_MAX_S = 30 * 86400 };

const struct config_row gate_config_rows[] = {
	{ "allow", GATE(CONFIG_STRINGS, allow), 0, 64, "",
	  "Who may relay besides: rows as the gate and \"audit --json\" name them, CLIENT NETWORK "
	  "PORT, as in \"range 172.18.0.0/16 25\"; without a port at any. A server that is open to "
	  "the whole Internet is allowed by none." },
	{ "witness", GATE(CONFIG_STRING, witness), 0, 0, "",
	  "A witness of yours outside, HOST:PORT, that is asked where rows are not allowed." },
	{ "key", GATE(CONFIG_STRING, key), 0, 0, "",
	  "The file with the secret for it, which \"portreeve keys witness\" made there." },
	{ "host", GATE(CONFIG_DOMAIN, host), 0, 0, "",
	  "The name by which the witness comes to this mail server. Unset: hostname." },
	{ "seen_as", GATE(CONFIG_IPS, seen_as), 0, 16, "",
	  "Addresses by which others see the witness, where that is behind a translator of "
	  "addresses." },
	{ "families", GATE(CONFIG_STRINGS, families), 0, 2, "",
	  "Over which families strangers reach this server: the witness must come over each. "
	  "Unset: those of which the machine has an address; in a container both, as its host may "
	  "lead either to it.", .choices = "ipv4, ipv6" },
	{ "kept", GATE(CONFIG_STRING, kept), 0, 0, "/run/portreeve-gate",
	  "Where the answer is kept; it counts only if it is of the user who asks, and nobody else "
	  "can write it. Empty: it is not kept." },
	{ "keep", GATE(CONFIG_DURATION, keep_s), 0, KEEP_MAX_S, "24h",
	  "How long an answer counts if nothing has changed." },
};
const size_t gate_config_row_count = sizeof(gate_config_rows) / sizeof(*gate_config_rows);

int gate_config_check(const struct gate_config *config, struct buf *message)
{
	for (size_t i = 0; i < config->allow.n; i++) {
		struct gate_row row;
		if (gate_row_parse(str_of(config->allow.v[i]), &row) == ERR_OK)
			continue;
		buf_add_cstr(message, "gate.allow: expected CLIENT NETWORK PORT, as in "
		             "\"range 172.18.0.0/16 25\", found \"");
		buf_add_escaped(message, str_of(config->allow.v[i]));
		buf_add_cstr(message, "\"");
		return ERR_INVALID;
	}
	if (!config->witness[0] == !config->key[0])
		return ERR_OK;
	buf_add_cstr(message, "gate.key: expected together with gate.witness, found one alone");
	return ERR_INVALID;
}
