/* SPDX-License-Identifier: ISC
 *
 * The sessions' counters as a line of the log.
 */
#include "gateway/counters.h"

size_t gateway_counters_fields(const struct gateway_counters *c,
                               struct log_field fields[static GATEWAY_COUNTERS_FIELDS])
{
	const struct log_field all[] = {
		LOG_I("connections", c->wire.connections), LOG_I("refused", c->wire.refused),
		LOG_I("messages", c->messages), LOG_I("recipients", c->recipients),
		LOG_I("relay-refused", c->relay_refused),
		LOG_I("unknown-refused", c->unknown_refused),
		LOG_I("listed-refused", c->listed_refused),
		LOG_I("listed-warned", c->listed_warned),
		LOG_I("sender-refused", c->sender_refused), LOG_I("put-off", c->put_off),
		LOG_I("too-big", c->too_big), LOG_I("early-refused", c->early_refused),
		LOG_I("logins", c->logins), LOG_I("logins-failed", c->logins_failed),
	};
	_Static_assert(sizeof(all) / sizeof(*all) == GATEWAY_COUNTERS_FIELDS, "room for all");
	memcpy(fields, all, sizeof(all));
	return GATEWAY_COUNTERS_FIELDS;
}
