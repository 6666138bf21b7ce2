/* SPDX-License-Identifier: ISC
 *
 * The line of JSON and its reader, a table for the words of each enum. The reader wants every
 * member of its kind and within its limits; what it does not know it leaves alone, so that a newer
 * program may say more.
 */
#include "gateway/envelope.h"

#include "base/json.h"

#include <assert.h>

static const char *const listener_names[] = { "inbound", "submission", "local" };
static const char *const body_names[] = { "", "7bit", "8bitmime" };
static const char *const return_names[] = { "", "full", "headers" };

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

/* ---- writing --------------------------------------------------------------------------- */

static void add_str_if(struct json *j, const char *key, struct str s)
{
	if (s.n > 0)
		json_add_str(j, key, s);
}

static void add_to(struct json *j, const struct gateway_to *to)
{
	json_open_object(j, NULL);
	json_add_str(j, "address", to->address);
	if (to->notify)
		json_add_int(j, "notify", to->notify);
	add_str_if(j, "orcpt", to->orcpt);
	if (to->local)
		json_add_bool(j, "local", true);
	json_close(j);
}

static void add_client(struct json *j, const struct gateway_envelope *e)
{
	json_add_ip(j, "client", &e->client.ip);
	if (e->client.ip.family)
		json_add_int(j, "port", e->client.port);
	add_str_if(j, "helo", e->helo);
	json_add_cstr(j, "listener", listener_names[e->listener]);
	json_add_bool(j, "tls", e->tls);
}

void gateway_envelope_write(const struct gateway_envelope *e, struct buf *out)
{
	struct json j = { .out = out };
	assert(e->to_count > 0 && e->to_count <= GATEWAY_RECIPIENTS_MAX);
	json_open_object(&j, NULL);
	json_add_str(&j, "id", e->id);
	json_add_int(&j, "came", e->came_s);
	json_add_str(&j, "from", e->from);
	add_str_if(&j, "account", e->account);
	add_client(&j, e);
	json_add_bool(&j, "utf8", e->utf8);
	json_add_cstr_if(&j, "body", body_names[e->body]);
	json_add_cstr_if(&j, "ret", return_names[e->ret]);
	add_str_if(&j, "envid", e->envid);
	json_add_int(&j, "size", (int64_t)e->size_bytes);
	json_open_array(&j, "to");
	for (size_t i = 0; i < e->to_count; i++)
		add_to(&j, &e->to[i]);
	json_close(&j);
	json_close(&j);
	buf_add_byte(out, '\n');
}

/* ---- reading --------------------------------------------------------------------------- */

struct reading {
	struct arena *a;
	const char *why;              /* the first member that is wrong */
};

static void wrong(struct reading *r, const char *key)
{
	if (!r->why)
		r->why = key;
}

/* What is not there is "", which is wrong for one that must be. */
static struct str text_of(struct reading *r, const json_t *object, const char *key, bool must)
{
	const json_t *value = json_object_get(object, key);
	const size_t n = json_string_length(value);
	if ((must || value) && (!json_is_string(value) || n > GATEWAY_TEXT_MAX ||
	                        memchr(json_string_value(value), '\0', n)))
		wrong(r, key);
	else if (value)
		return arena_str(r->a, (struct str){ json_string_value(value), n });
	return (struct str){ "", 0 };
}

static int64_t number_of(struct reading *r, const json_t *object, const char *key, int64_t max,
                         bool must)
{
	const json_t *value = json_object_get(object, key);
	const int64_t n = json_integer_value(value);
	if ((must || value) && (!json_is_integer(value) || n < 0 || n > max)) {
		wrong(r, key);
		return 0;
	}
	return n;
}

static bool flag_of(struct reading *r, const json_t *object, const char *key, bool must)
{
	const json_t *value = json_object_get(object, key);
	if ((must || value) && !json_is_boolean(value))
		wrong(r, key);
	return json_is_true(value);
}

static unsigned word_of(struct reading *r, const json_t *object, const char *key,
                        const char *const *names, unsigned count, bool must)
{
	struct str word = text_of(r, object, key, must);
	for (unsigned i = 0; i < count; i++)
		if (str_eq(word, str_of(names[i])))
			return i;
	wrong(r, key);
	return 0;
}

static struct endpoint client_of(struct reading *r, const json_t *object)
{
	struct endpoint client = { .ip = { 0 } };
	struct str text = text_of(r, object, "client", false);
	if (text.n == 0)
		return client;
	if (ip_parse(text, &client.ip, NULL) != ERR_OK)
		wrong(r, "client");
	client.port = (uint16_t)number_of(r, object, "port", UINT16_MAX, true);
	return client;
}

static void to_read(struct reading *r, const json_t *object, struct gateway_to *to)
{
	const unsigned every = SMTP_NOTIFY_NEVER | SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE |
	                       SMTP_NOTIFY_DELAY;
	*to = (struct gateway_to){
		.address = text_of(r, object, "address", true),
		.notify = (unsigned)number_of(r, object, "notify", every, false),
		.orcpt = text_of(r, object, "orcpt", false),
		.local = flag_of(r, object, "local", false),
	};
	if (to->address.n == 0)
		wrong(r, "address");
}

static void all_to_read(struct reading *r, const json_t *object, struct gateway_envelope *e)
{
	const json_t *list = json_object_get(object, "to");
	const size_t n = json_array_size(list);
	if (n == 0 || n > GATEWAY_RECIPIENTS_MAX) {
		wrong(r, "to");
		return;
	}
	e->to = arena_alloc(r->a, n * sizeof(*e->to));
	e->to_count = n;
	for (size_t i = 0; i < n; i++)
		to_read(r, json_array_get(list, i), &e->to[i]);
}

static void envelope_read(struct reading *r, const json_t *object, struct gateway_envelope *e)
{
	*e = (struct gateway_envelope){
		.id = text_of(r, object, "id", true), .from = text_of(r, object, "from", true),
		.account = text_of(r, object, "account", false),
		.helo = text_of(r, object, "helo", false), .client = client_of(r, object),
		.tls = flag_of(r, object, "tls", true), .utf8 = flag_of(r, object, "utf8", true),
		.envid = text_of(r, object, "envid", false),
		.came_s = number_of(r, object, "came", INT64_MAX, true),
		.size_bytes = (uint64_t)number_of(r, object, "size", INT64_MAX, true),
	};
	e->listener = (enum gateway_listener)word_of(r, object, "listener", listener_names,
	                                             COUNT(listener_names), true);
	e->body = (enum smtp_body)word_of(r, object, "body", body_names, COUNT(body_names), false);
	e->ret = (enum smtp_return)word_of(r, object, "ret", return_names, COUNT(return_names),
	                                   false);
	all_to_read(r, object, e);
	if (e->id.n == 0)
		wrong(r, "id");
}

int gateway_envelope_read(struct str payload, struct arena *a, struct gateway_envelope *e,
                          struct str *text, const char **why)
{
	struct reading r = { .a = a };
	const size_t end = str_find(payload, '\n');
	json_t *object = NULL;
	if (end != SIZE_MAX && end <= GATEWAY_ENVELOPE_BYTES_MAX)
		object = json_loadb(payload.p, end, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object))
		wrong(&r, "the line of JSON");
	else
		envelope_read(&r, object, e);
	json_decref(object);
	if (r.why) {
		*why = r.why;
		return ERR_CORRUPT;
	}
	*text = str_from(payload, end + 1);
	if (text->n != e->size_bytes) {
		*why = "size";
		return ERR_CORRUPT;
	}
	return ERR_OK;
}
