/* SPDX-License-Identifier: ISC
 *
 * What is written of one recipient after a try: a line of JSON, as the envelope is.
 */
#include "gateway/queue-private.h"

#include "base/json.h"

#include <assert.h>
#include <limits.h>

static const char *const state_names[] = {
	[GATEWAY_WAITING] = "waiting", [GATEWAY_DELIVERED] = "delivered",
	[GATEWAY_FAILED] = "failed",
};

void queue_progress_write(const struct queue_progress *p, struct buf *out)
{
	struct json j = { .out = out };
	assert(p->state != GATEWAY_TRYING && p->rcpt < GATEWAY_RECIPIENTS_MAX);
	json_open_object(&j, NULL);
	json_add_int(&j, "rcpt", (int64_t)p->rcpt);
	json_add_cstr(&j, "state", state_names[p->state]);
	json_add_int(&j, "tries", p->tries);
	json_add_int(&j, "due", p->due_s);
	if (p->warned)
		json_add_bool(&j, "warned", true);
	if (p->why.n > 0)
		json_add_str(&j, "why", p->why);
	json_close(&j);
	buf_add_byte(out, '\n');
}

static bool number_of(const json_t *object, const char *key, int64_t max, int64_t *out)
{
	const json_t *value = json_object_get(object, key);
	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= max;
}

static bool state_of(const json_t *object, enum gateway_state *out)
{
	const json_t *value = json_object_get(object, "state");
	if (!json_is_string(value))
		return false;
	for (unsigned i = 0; i < sizeof(state_names) / sizeof(*state_names); i++)
		if (state_names[i] && strcmp(state_names[i], json_string_value(value)) == 0) {
			*out = (enum gateway_state)i;
			return true;
		}
	return false;
}

/* Longer than what we wrote is none of ours: a byte is four at most in the text. */
static bool why_of(const json_t *object, struct arena *a, struct str *out)
{
	const json_t *value = json_object_get(object, "why");
	if (!value)
		return true;
	if (!json_is_string(value) || json_string_length(value) > 4 * GATEWAY_WHY_MAX)
		return false;
	*out = arena_str(a, (struct str){ json_string_value(value), json_string_length(value) });
	return true;
}

int queue_progress_read(struct str payload, struct arena *a, struct queue_progress *p)
{
	int64_t rcpt, tries, due_s;
	json_t *object = json_loadb(payload.p ? payload.p : "", payload.n,
	                            JSON_REJECT_DUPLICATES, NULL);
	*p = (struct queue_progress){ 0 };
	const bool right = json_is_object(object) && state_of(object, &p->state) &&
	                   number_of(object, "rcpt", GATEWAY_RECIPIENTS_MAX - 1, &rcpt) &&
	                   number_of(object, "tries", INT_MAX, &tries) &&
	                   number_of(object, "due", INT64_MAX, &due_s) &&
	                   why_of(object, a, &p->why);
	if (right) {
		p->rcpt = (uint64_t)rcpt;
		p->tries = (unsigned)tries;
		p->due_s = due_s;
		p->warned = json_is_true(json_object_get(object, "warned"));
	}
	json_decref(object);
	return right ? ERR_OK : ERR_CORRUPT;
}
