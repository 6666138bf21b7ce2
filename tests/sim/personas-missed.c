/* SPDX-License-Identifier: ISC
 *
 * Relays that are found only by asking on: forms whose local part passes 64 octets, hosts that
 * limit connections, that greylist and then relay, that want a PROXY header or hang up.
 */
#include "persona.h"

#define OPEN    VERDICT_OPEN
#define CLOSED  VERDICT_CLOSED
#define READS(id, flags)  { .name = id, .truth = OPEN, .copies = 10, .reads = flags }

#define FEW_CONNECTIONS .guard = { .connections = 3, .within_ms = 900 }

static const struct persona rows[] = {
	/* ---- what a host name of real length makes long ---- */
	READS("long-quoted-double-at", READ_QUOTED_DOUBLE_AT),                    /* E20 */
	READS("long-own-bang", READ_OWN_BANG),                                    /* E27 */
	READS("long-nested-percent", READ_NESTED_PERCENT),                        /* E28 */
	READS("long-x400", READ_X400),                                            /* E34a */
	READS("long-decnet", READ_DECNET),                                        /* E34b */
	READS("long-host-comment", READ_HOST_COMMENT),                            /* E37a */
	/* It says 501 for the length alone: that is no relay policy, and these forms are closed. */
	{ .name = "long-is-501", .truth = CLOSED, .copies = 10, .local_max = 64 },
	{ .name = "long-is-501-percent", .truth = OPEN, .copies = 5, .local_max = 64,
	  .reads = READ_PERCENT },

	/* ---- asked behind a PROXY header ---- */
	{ .name = "proxy-or-hangs-up", .truth = OPEN, .copies = 5, .trusts = TRUST_PROXY,
	  .offers = NEEDS_PROXY | HANGS_UP_UNPROXIED },

	/* ---- asked on later ---- */
	{ .name = "few-connections", .truth = CLOSED, .copies = 5, FEW_CONNECTIONS },
	{ .name = "few-connections-percent", .truth = OPEN, .copies = 5, FEW_CONNECTIONS,
	  .reads = READ_PERCENT },
	{ .name = "few-connections-srs", .truth = OPEN, .copies = 5, FEW_CONNECTIONS,
	  .reads = READ_SRS },
	{ .name = "few-connections-helo", .truth = OPEN, .copies = 5, FEW_CONNECTIONS,
	  .trusts = TRUST_HELO_LITERAL },
	{ .name = "banned-srs", .truth = OPEN, .copies = 5, .reads = READ_SRS,
	  .guard = { .refusals = 5, .ban_ms = 800, .ban = BAN_RESETS } },
	{ .name = "greylisting-then-open", .truth = OPEN, .copies = 5, .trusts = TRUST_ALL,
	  .guard = { .grey = { 450, "4.2.0", "{rcpt}: Recipient address rejected: Greylisted" },
	             .yields_ms = 1500 } },
	{ .name = "greylisting-then-percent", .truth = OPEN, .copies = 5, .reads = READ_PERCENT,
	  .guard = { .grey = { 451, "4.7.1", "Greylisting in action, please come back" },
	             .yields_ms = 1500, .spares_postmaster = true } },

	/* ---- its owner chooses how long its name takes ---- */
	{ .name = "slow-name", .truth = OPEN, .copies = 0, .trusts = TRUST_ALL,
	  .relay_delay_ms = 2500, .ptr_delay_ms = 4000 },
};

const struct personas personas_missed = { rows, sizeof(rows) / sizeof(*rows) };
