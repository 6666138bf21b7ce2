/* SPDX-License-Identifier: ISC
 *
 * The kinds of tested hosts.
 */
#include "host.h"

#define OPEN .relays = true, .sure = true, .trusts = TRUST_ANYBODY, .fate = FATE_RELAY

const struct host_kind host_kinds[] = {
	{ .name = "closed", .share = 4 },
	{ .name = "open", .share = 4, OPEN },
	{ .name = "percent", .share = 2, .relays = true, .sure = true, .reads = READ_PERCENT,
	  .fate = FATE_RELAY },
	{ .name = "null-sender", .share = 1, .relays = true, .sure = true,
	  .trusts = TRUST_NOBODYS_SENDER, .fate = FATE_RELAY },
	{ .name = "hops", .share = 2, OPEN, .hops = true },
	{ .name = "twice", .share = 1, OPEN, .copies = 2 },
	{ .name = "late", .share = 3, OPEN, .delay_least_s = 60, .delay_most_s = 3600 },
	{ .name = "slow", .share = 1, OPEN, .reply_ms = 250 },
	{ .name = "slow-name", .share = 2, OPEN, .slow_name = true, .delay_least_s = 1,
	  .delay_most_s = 60 },
	/* What comes back comes while a later round looks its name up. */
	{ .name = "puts-off", .share = 3, .relays = true, .sure = true, .reads = READ_PERCENT,
	  .fate = FATE_RELAY, .refusal = 450, .refusal_text = "Try again later",
	  .slow_name = true, .delay_least_s = 20, .delay_most_s = 60 },
	{ .name = "grey-open", .share = 1, OPEN, .grey_ms = 20 * 1000 },
	{ .name = "grey-closed", .share = 1, .grey_ms = 20 * 1000 },
	{ .name = "hole", .share = 1, .takes_all = true, .takes_local = true,
	  .fate = FATE_DISCARD },
	{ .name = "catch-all", .share = 1, .takes_local = true, .fate = FATE_DISCARD },
	{ .name = "bounces", .share = 1, .takes_all = true, .fate = FATE_BOUNCE },
	{ .name = "honeypot", .share = 1, .takes_all = true, .fate = FATE_FIRST_ONLY },
	{ .name = "mx", .share = 1, .trusts = TRUST_FIRST_MX, .fate = FATE_RELAY },
	{ .name = "busy", .share = 1, .refusal = 451, .refusal_text = "Try again later" },
	{ .name = "hangs-up", .share = 1, .relays = true, .trusts = TRUST_ANYBODY,
	  .fate = FATE_RELAY, .hangs_up = 120 },
	{ .name = "absent", .share = 1, .absent = true },
};
const unsigned host_kind_n = sizeof(host_kinds) / sizeof(*host_kinds);
