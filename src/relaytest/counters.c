/* SPDX-License-Identifier: ISC
 *
 * The counters of collector and tester as lines of the log.
 */
#include "relaytest/counters.h"

#include <assert.h>

size_t collector_counters_fields(const struct collector_counters *c,
                                 struct log_field fields[static COLLECTOR_COUNTERS_FIELDS])
{
	const struct log_field all[] = {
		LOG_I("connections", c->wire.connections), LOG_I("refused", c->wire.refused),
		LOG_I("messages", c->messages), LOG_I("not-taken", c->not_taken),
		LOG_I("tokens", c->tokens), LOG_I("retests", c->retests),
		LOG_I("people", c->people), LOG_I("recipients-refused", c->recipients_refused),
	};
	_Static_assert(sizeof(all) / sizeof(*all) == COLLECTOR_COUNTERS_FIELDS, "room for all");
	memcpy(fields, all, sizeof(all));
	return COLLECTOR_COUNTERS_FIELDS;
}

size_t tester_counters_fields(const struct tester_counters *c, const struct tester_load *load,
                              struct log_field fields[static TESTER_COUNTERS_FIELDS])
{
	size_t n = 0;
	fields[n++] = LOG_I("running", load->running);
	fields[n++] = LOG_I("waiting", load->waiting);
	fields[n++] = LOG_I("queued", load->queued);
	fields[n++] = LOG_I("started", c->started);
	for (unsigned v = VERDICT_OPEN; v < VERDICTS; v++)
		fields[n++] = LOG_I(verdict_name((enum verdict)v), c->done[v]);
	fields[n++] = LOG_I("put-off", c->put_off);
	fields[n++] = LOG_I("messages", c->messages);
	assert(n == TESTER_COUNTERS_FIELDS);
	return n;
}
