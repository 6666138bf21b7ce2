/* SPDX-License-Identifier: ISC
 *
 * Reading a request: a member that is not known is an error, so that no filter is overlooked.
 */
#include "gateway/control-private.h"

static const char *const words[] = {
	[CONTROL_LIST] = "list", [CONTROL_SHOW] = "show", [CONTROL_TEXT] = "text",
	[CONTROL_HEADERS] = "headers", [CONTROL_HOLD] = "hold", [CONTROL_RELEASE] = "release",
	[CONTROL_FLUSH] = "flush", [CONTROL_DROP] = "drop", [CONTROL_STATE] = "state",
};

static bool text_of(const json_t *value, struct str *out)
{
	*out = (struct str){ json_string_value(value), json_string_length(value) };
	return json_is_string(value);
}

static bool number_of(const json_t *value, uint64_t *out)
{
	*out = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool flag_of(const json_t *value, bool *out)
{
	*out = json_is_true(value);
	return json_is_boolean(value);
}

static bool do_of(const json_t *value, enum control_do *out)
{
	for (unsigned i = 0; json_is_string(value) && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], json_string_value(value)) == 0) {
			*out = (enum control_do)i;
			return true;
		}
	return false;
}

static bool member_read(struct control_request *r, const char *key, const json_t *value)
{
	const struct { const char *key; struct str *out; } texts[] = {
		{ "id", &r->id }, { "sender", &r->sender }, { "recipient", &r->recipient },
		{ "domain", &r->domain }, { "account", &r->account } };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(key, texts[i].key) == 0)
			return text_of(value, texts[i].out);
	if (strcmp(key, "do") == 0)
		return do_of(value, &r->what);
	if (strcmp(key, "after") == 0)
		return number_of(value, &r->after);
	if (strcmp(key, "at") == 0)
		return number_of(value, &r->at);
	if (strcmp(key, "all") == 0)
		return flag_of(value, &r->all);
	r->has_held = true;
	return strcmp(key, "held") == 0 && flag_of(value, &r->held);
}

static const char *request_check(const struct control_request *r)
{
	const bool one = r->what == CONTROL_SHOW || r->what == CONTROL_TEXT ||
	                 r->what == CONTROL_HEADERS;
	const bool order = r->what >= CONTROL_HOLD && r->what <= CONTROL_DROP;
	if (one && r->id.n == 0)
		return "expected an \"id\"";
	if (order && (r->id.n > 0) + r->all + control_request_filters(r) != 1)
		return "expected either \"id\", filters, or \"all\"";
	return NULL;
}

const char *control_request_read(struct str line, struct control_request *r, json_t **parsed)
{
	const char *key, *why = NULL;
	json_t *value;
	*r = (struct control_request){ 0 };
	*parsed = line.n <= GATEWAY_CONTROL_LINE_MAX
	                ? json_loadb(line.p ? line.p : "", line.n, JSON_REJECT_DUPLICATES, NULL)
	                : NULL;
	if (!json_is_object(*parsed) || !json_object_get(*parsed, "do"))
		return "expected an object of JSON with \"do\"";
	json_object_foreach(*parsed, key, value)
		if (!member_read(r, key, value))
			why = "expected members that are known, of the right type";
	return why ? why : request_check(r);
}

/* ---- filters ---------------------------------------------------------------------------- */

bool control_request_filters(const struct control_request *r)
{
	return r->sender.p || r->recipient.p || r->domain.p || r->account.p || r->has_held;
}

static struct str domain_of(struct str address)
{
	for (size_t i = address.n; i > 0; i--)
		if (address.p[i - 1] == '@')
			return str_from(address, i);
	return (struct str){ 0 };
}

static bool any_rcpt(const struct control_request *r, const struct gateway_message *m)
{
	if (!r->recipient.p && !r->domain.p)
		return true;
	for (size_t i = 0; i < m->rcpt_count; i++) {
		const struct str address = m->rcpt[i].to.address;
		if ((!r->recipient.p || str_caseeq(address, r->recipient)) &&
		    (!r->domain.p || str_caseeq(domain_of(address), r->domain)))
			return true;
	}
	return false;
}

bool control_request_matches(const struct control_request *r, const struct gateway_message *m)
{
	return (!r->sender.p || str_caseeq(m->envelope.from, r->sender)) &&
	       (!r->account.p || str_caseeq(m->envelope.account, r->account)) &&
	       (!r->has_held || m->held == r->held) && any_rcpt(r, m);
}
