/* SPDX-License-Identifier: ISC
 *
 * The JSON form of the gateway as it works, for `portreeve top`: what the control socket's answer
 * to "state" has beside the queue's numbers (control.h).
 *
 * Who uses it: the role, in the loop; it costs as much as GATEWAY_LIVE_ROWS rows do, however many
 * sessions there are. Hostile input: names of clients, destinations and accounts, and what servers
 * said; all of it is text here (base/json.h), without control characters.
 */
#ifndef PORTREEVE_GATEWAY_LIVE_H
#define PORTREEVE_GATEWAY_LIVE_H

#include "base/json.h"
#include "gateway/delivery.h"
#include "gateway/gateway.h"

/* Sessions, and destinations, that are named; how many there are is said as well. */
enum { GATEWAY_LIVE_ROWS = 200 };

struct gateway_live {
	const char *hostname;
	const struct gateway *gateway;
	const struct gateway_queue *queue;
	const struct gateway_delivery *delivery;
	const struct gateway_blocklists *blocklists;
	const struct gateway_counters *counters;
	const struct gateway_delivery_counters *delivered;
	int64_t now_s;
};

/* Adds the members to the object that is open. */
void gateway_live_form(const struct gateway_live *live, struct json *j);

#endif
