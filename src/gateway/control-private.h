/* SPDX-License-Identifier: ISC
 *
 * The control socket from within: requests as they were read, and messages as JSON.
 */
#ifndef PORTREEVE_GATEWAY_CONTROL_PRIVATE_H
#define PORTREEVE_GATEWAY_CONTROL_PRIVATE_H

#include "gateway/control.h"

enum control_do {
	CONTROL_LIST, CONTROL_SHOW, CONTROL_TEXT, CONTROL_HEADERS, CONTROL_HOLD, CONTROL_RELEASE,
	CONTROL_FLUSH, CONTROL_DROP, CONTROL_STATE,
};

struct control_request {
	enum control_do what;
	/* Slices of what jansson has read; p NULL: not given. */
	struct str id, sender, recipient, domain, account;
	bool has_held, held, all;
	uint64_t after, at;
};

/* What the request asks for; *parsed owns the slices, to be freed with json_decref(). NULL, or what
 * is wrong with it, static. */
const char *control_request_read(struct str line, struct control_request *r, json_t **parsed);
/* Whether a filter is set. */
bool control_request_filters(const struct control_request *r);
bool control_request_matches(const struct control_request *r, const struct gateway_message *m);

/* Members of the open object. `all`: every recipient; else the first few. */
void control_message_form(const struct gateway_message *m, bool all, struct json *j);
void control_state_form(const struct gateway_queue_state *state, struct json *j);

#endif
