/* SPDX-License-Identifier: ISC
 *
 * The names of refusals, and which of them are about us.
 */
#include "mail/refusal.h"

#include <stddef.h>

bool refusal_is_identity(enum refusal r)
{
	return r >= REFUSAL_SENDER && r <= REFUSAL_TIME;
}

const char *refusal_name(enum refusal r)
{
	static const char *const names[] = {
		[REFUSAL_NONE] = "", [REFUSAL_UNKNOWN] = "unknown", [REFUSAL_RELAY] = "relay",
		[REFUSAL_RECIPIENT] = "recipient", [REFUSAL_SENDER] = "sender",
		[REFUSAL_HELO] = "helo", [REFUSAL_CLIENT] = "client", [REFUSAL_TIME] = "time",
		[REFUSAL_TURNED_AWAY] = "turned-away",
	};
	size_t i = (size_t)r;
	return i < sizeof(names) / sizeof(*names) ? names[i] : "unknown";
}
