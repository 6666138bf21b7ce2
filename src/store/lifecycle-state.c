/* SPDX-License-Identifier: ISC
 *
 * What lifecycle_step() is asked with, read from the store: how an address stands.
 */
#include "store/admission.h"

#include "store/fuse.h"
#include "store/steps-private.h"

#include <assert.h>

struct open_ports {
	struct lifecycle_state *state;
	uint16_t asked, last;
};

/* Proofs come in order of the port. */
static int count_port(void *context, const void *row)
{
	struct open_ports *ports = context;
	uint16_t port = ((const struct proof_row *)row)->p.port;
	struct lifecycle_state *state = ports->state;
	if (state->open_ports == 0 || port != ports->last)
		state->open_ports++;
	state->this_port_open |= port == ports->asked;
	assert(!state->this_port_open || ports->asked <= port);
	ports->last = port;
	return 0;
}

int lifecycle_load(struct store *st, const struct endpoint *target, int64_t now_s,
                   struct lifecycle_state *state, struct listing *l)
{
	struct consent_answer answer;
	struct open_ports ports = { .state = state, .asked = target->port };
	struct proof_row of = { .address = target->ip };
	struct row_range range = { .row = &of, .equal = 1 };
	*state = (struct lifecycle_state){ 0 };
	*l = (struct listing){ .address = target->ip };
	int e = row_get(st, ROW_LISTING, BY_KEY, l, NULL);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	assert(ip_eq(&l->address, &target->ip));
	state->listed = e == ERR_OK;
	state->by_operator = state->listed && l->by_operator;
	e = store_consent(st, &target->ip, now_s, &answer);
	if (e != ERR_OK)
		return e;
	state->excluded = answer.excluded;
	state->withheld = fuse_refuses_ip(&st->fuse, &target->ip);
	e = row_each(st, ROW_PROOF, &range, NULL, count_port, &ports);
	assert(!state->this_port_open || state->open_ports > 0);
	return e;
}
