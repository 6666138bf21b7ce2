/* SPDX-License-Identifier: ISC
 *
 * The end of a try: told to the queue, which counts and logs it.
 */
#include "gateway/delivery-private.h"

#include "base/clock.h"

#include <assert.h>

void delivery_settle(struct gateway_delivery *d, struct gateway_rcpt *rcpt,
                     const struct gateway_outcome *outcome)
{
	/* Owed once: whoever settles it takes the mark away. */
	assert(rcpt->state == GATEWAY_TRYING && rcpt->owner);
	rcpt->owner = NULL;
	rcpt->next = NULL;
	gateway_queue_settle(d->queue, rcpt, outcome);
}

void delivery_give_back(struct gateway_delivery *d, struct gateway_rcpt *rcpt)
{
	assert(rcpt->state == GATEWAY_TRYING && rcpt->owner);
	rcpt->owner = NULL;
	rcpt->next = NULL;
	gateway_queue_give_back(d->queue, rcpt, clock_now_s());
}

void delivery_settle_unreadable(struct gateway_delivery *d, struct gateway_rcpt *rcpt, int err)
{
	bool gone = err == ERR_CORRUPT;
	const struct gateway_outcome outcome = {
		.fate = gone ? GATEWAY_FATE_FAILED : GATEWAY_FATE_DEFERRED,
		.enhanced = { gone ? '5' : '4', '.', '3', '.', '0' },
		.said = gone ? STR("the message's text is damaged on this server's disk")
		             : STR("the message's text cannot be read from this server's disk"),
	};
	delivery_settle(d, rcpt, &outcome);
}

bool delivery_has_room(const struct gateway_delivery *d, const struct gateway_message *m)
{
	return d->text_bytes == 0 ||
	       d->text_bytes + m->envelope.size_bytes <= (uint64_t)d->setup.config->memory_bytes;
}
