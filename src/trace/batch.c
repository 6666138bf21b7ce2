/* SPDX-License-Identifier: ISC
 *
 * A line of --batch: JSON in, a trace, JSON out; and an error is an object, too.
 */
#include "trace/batch.h"

#include "mail/mbox.h"
#include "trace/json.h"

void batch_fini(struct batch *batch)
{
	trace_fini(&batch->trace);
	border_set_fini(&batch->border);
	buf_fini(&batch->message);
}

/* From UTF-8, whose characters up to U+00FF are the bytes meant. */
static bool to_bytes(struct str s, struct buf *out)
{
	size_t i = 0;
	while (i < s.n) {
		size_t plain = i;
		while (plain < s.n && (unsigned char)s.p[plain] < 0x80)
			plain++;
		buf_add(out, s.p + i, plain - i);
		i = plain;
		if (i == s.n)
			break;
		unsigned char c = (unsigned char)s.p[i];
		if ((c != 0xc2 && c != 0xc3) || i + 1 >= s.n)
			return false;
		buf_add_byte(out, (char)((c & 3) << 6 | (s.p[i + 1] & 0x3f)));
		i += 2;
	}
	return true;
}

typedef int adder(struct border_set *set, struct str s, struct parse_error *pe);

static int read_hosts(const json_t *object, const char *key, adder *add, struct border_set *set,
                      struct buf *problem)
{
	const json_t *list = json_object_get(object, key);
	if (!list || json_is_null(list))
		return ERR_OK;
	if (!json_is_array(list)) {
		buf_printf(problem, "\"%s\": expected a list of strings", key);
		return ERR_INVALID;
	}
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item) {
		struct parse_error pe;
		struct str s = { json_string_value(item), json_string_length(item) };
		if (s.p && add(set, s, &pe) == ERR_OK)
			continue;
		buf_printf(problem, "\"%s\": expected %s", key, s.p ? pe.expected : "strings");
		return ERR_INVALID;
	}
	return ERR_OK;
}

/* The line's border, else the one of all lines. */
static int read_border(struct batch *batch, const json_t *object,
                       const struct trace_border *otherwise, struct trace_border *border,
                       struct buf *problem)
{
	static const struct {
		const char *key;
		adder *add;
	} lists[] = {
		{ "own_hosts", border_add_own_host }, { "own_nets", border_add_own_net },
		{ "border_hosts", border_add_border_host },
	};
	bool given = false;
	border_set_clear(&batch->border);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const json_t *list = json_object_get(object, lists[i].key);
		given |= list && !json_is_null(list);
		int e = read_hosts(object, lists[i].key, lists[i].add, &batch->border, problem);
		if (e != ERR_OK)
			return e;
	}
	*border = given ? border_view(&batch->border) : *otherwise;
	return ERR_OK;
}

static int read_message_bytes(struct batch *batch, const json_t *object, struct buf *problem)
{
	const json_t *message = json_object_get(object, "message");
	buf_clear(&batch->message);
	if (!json_is_string(message)) {
		buf_add_cstr(problem, "expected an object with the string \"message\"");
		return ERR_INVALID;
	}
	struct str text = { json_string_value(message), json_string_length(message) };
	if (!to_bytes(text, &batch->message)) {
		buf_add_cstr(problem, "\"message\": expected characters up to U+00FF, one a byte");
		return ERR_INVALID;
	}
	return ERR_OK;
}

static json_t *load_line(struct str line, struct buf *problem)
{
	json_error_t error;
	if (line.n > BATCH_LINE_MAX_BYTES) {
		buf_printf(problem, "expected at most %d bytes", BATCH_LINE_MAX_BYTES);
		return NULL;
	}
	json_t *object = json_loadb(line.p ? line.p : "", line.n, JSON_ALLOW_NUL, &error);
	if (!object)
		buf_printf(problem, "expected a JSON object: %s", error.text);
	return object;
}

static void add_id(struct json *j, const json_t *id)
{
	if (id)
		json_add_value(j, "id", id);
	else
		json_add_cstr(j, "id", "");
}

static void add_refusal(const struct batch *batch, const json_t *id, struct str problem,
                        struct buf *out)
{
	struct json j = { .out = out };
	json_open_object(&j, NULL);
	add_id(&j, id);
	json_add_int(&j, "line", (int64_t)batch->lines);
	json_add_bytes(&j, "error", problem);
	json_close(&j);
}

static void batch_add_answer(const struct batch *batch, const json_t *id, struct buf *out)
{
	struct json j = { .out = out };
	json_open_object(&j, NULL);
	add_id(&j, id);
	trace_json(&batch->trace, &j);
	json_close(&j);
}

int batch_line(struct batch *batch, struct str line, const struct trace_border *otherwise,
               struct buf *out, struct buf *problem)
{
	struct trace_border border;
	size_t said = problem->n;
	int e = ERR_INVALID;
	batch->lines++;
	json_t *object = load_line(line, problem);
	const json_t *id = json_object_get(object, "id");
	if (object)
		e = read_message_bytes(batch, object, problem);
	if (e == ERR_OK)
		e = read_border(batch, object, otherwise, &border, problem);
	if (e == ERR_OK) {
		/* As a file is read: without a mark and blank lines in front. */
		trace_message(&batch->trace, mbox_text(buf_str(&batch->message)), &border);
		batch_add_answer(batch, id, out);
	} else {
		add_refusal(batch, id, str_from(buf_str(problem), said), out);
	}
	json_decref(object);
	return e;
}
