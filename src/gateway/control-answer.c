/* SPDX-License-Identifier: ISC
 *
 * A request is answered at once, and looks at so many messages at most.
 */
#include "gateway/control-private.h"

enum { LOOKS = 20000, ORDERS = 1000, HEADERS_MAX = 256 << 10 };

struct answering {
	const struct gateway_control_setup *setup;
	struct gateway_queue *queue;
	const struct control_request *request;
	struct buf *out;
	uint64_t done, busy;
	int err;                      /* of an order */
};

/* ---- lines ------------------------------------------------------------------------------ */

static struct json line_begin(struct answering *a)
{
	struct json j = { .out = a->out };
	json_open_object(&j, NULL);
	return j;
}

static void line_end(struct answering *a, struct json *j)
{
	json_close(j);
	buf_add_byte(a->out, '\n');
}

static void say_error(struct answering *a, const char *why)
{
	struct json j = line_begin(a);
	json_add_cstr(&j, "error", why);
	line_end(a, &j);
}

/* next 0: there is no more. */
static void say_end(struct answering *a, uint64_t next)
{
	struct json j = line_begin(a);
	json_add_bool(&j, "end", true);
	if (next > 0)
		json_add_int(&j, "next", (int64_t)next);
	if (a->request->what >= CONTROL_HOLD && a->request->what <= CONTROL_DROP) {
		json_add_int(&j, "done", (int64_t)a->done);
		json_add_int(&j, "busy", (int64_t)a->busy);
	}
	line_end(a, &j);
}

static void say_message(struct answering *a, const struct gateway_message *m, bool all)
{
	struct json j = line_begin(a);
	control_message_form(m, all, &j);
	line_end(a, &j);
}

/* ---- one message ------------------------------------------------------------------------ */

/* Up to the empty line. */
static struct str headers_of(struct str text)
{
	const size_t end = str_search(text, STR("\r\n\r\n"));
	if (end != SIZE_MAX)
		text.n = end + 2;
	if (text.n > HEADERS_MAX)
		text.n = HEADERS_MAX;
	return text;
}

static void say_text(struct answering *a, const struct gateway_message *m)
{
	struct buf text = { 0 };
	uint64_t next = 0;
	int e = gateway_queue_text(a->queue, m, &text);
	if (e != ERR_OK) {
		say_error(a, err_text(e));
		buf_fini(&text);
		return;
	}
	struct str piece = headers_of(buf_str(&text));
	if (a->request->what == CONTROL_TEXT) {
		piece = a->request->at < text.n ? str_from(buf_str(&text), (size_t)a->request->at)
		                                : (struct str){ 0 };
		if (piece.n > GATEWAY_CONTROL_TEXT) {
			piece.n = GATEWAY_CONTROL_TEXT;
			next = a->request->at + piece.n;
		}
	}
	struct json j = line_begin(a);
	json_add_bytes(&j, "text", piece);
	line_end(a, &j);
	say_end(a, next);
	buf_fini(&text);
}

static void answer_one(struct answering *a)
{
	struct gateway_message *m = gateway_queue_find(a->queue, a->request->id);
	if (!m) {
		say_error(a, "there is no message of that id");
	} else if (a->request->what == CONTROL_SHOW) {
		say_message(a, m, true);
		say_end(a, 0);
	} else {
		say_text(a, m);
	}
}

/* ---- orders ----------------------------------------------------------------------------- */

static void order(struct answering *a, struct gateway_message *m)
{
	int e = ERR_OK;
	if (a->request->what == CONTROL_FLUSH)
		gateway_queue_flush(a->queue, m);
	else if (a->request->what == CONTROL_DROP)
		e = gateway_queue_drop(a->queue, m);
	else
		e = gateway_queue_hold(a->queue, m, a->request->what == CONTROL_HOLD);
	a->done += e == ERR_OK;
	a->busy += e == ERR_BUSY;
	if (e != ERR_OK && e != ERR_BUSY)
		a->err = e;
}

static void answer_order_of_one(struct answering *a)
{
	struct gateway_message *m = gateway_queue_find(a->queue, a->request->id);
	if (!m) {
		say_error(a, "there is no message of that id");
		return;
	}
	order(a, m);
	if (a->err != ERR_OK)
		say_error(a, err_text(a->err));
	else
		say_end(a, 0);
}

/* ---- many ------------------------------------------------------------------------------- */

static void answer_many(struct answering *a, unsigned most,
                        void (*each)(struct answering *a, struct gateway_message *m))
{
	uint64_t after = a->request->after;
	struct gateway_message *m = gateway_queue_after(a->queue, after);
	for (unsigned looks = 0, n = 0; m && looks < LOOKS && n < most; looks++) {
		after = m->number;
		if (control_request_matches(a->request, m)) {
			each(a, m);
			n++;
		}
		if (a->err != ERR_OK) {
			say_error(a, err_text(a->err));
			return;
		}
		m = gateway_queue_after(a->queue, after);
	}
	say_end(a, m ? after : 0);
}

static void list_one(struct answering *a, struct gateway_message *m)
{
	say_message(a, m, false);
}

static void answer_state(struct answering *a)
{
	const struct gateway_queue_state state = gateway_queue_state(a->queue);
	struct json j = line_begin(a);
	control_state_form(&state, &j);
	if (a->setup->state)
		a->setup->state(a->setup->arg, &j);
	line_end(a, &j);
	say_end(a, 0);
}

static void answer(struct answering *a)
{
	switch (a->request->what) {
	case CONTROL_LIST:
		answer_many(a, GATEWAY_CONTROL_PAGE, list_one);
		return;
	case CONTROL_SHOW: case CONTROL_TEXT: case CONTROL_HEADERS:
		answer_one(a);
		return;
	case CONTROL_HOLD: case CONTROL_RELEASE: case CONTROL_FLUSH: case CONTROL_DROP:
		if (a->request->id.n > 0)
			answer_order_of_one(a);
		else
			answer_many(a, ORDERS, order);
		return;
	case CONTROL_STATE:
		answer_state(a);
	}
}

void gateway_control_answer(const struct gateway_control_setup *setup, struct str line,
                            struct buf *out)
{
	struct control_request request;
	struct answering a = { .setup = setup, .queue = setup->queue, .request = &request,
	                       .out = out };
	json_t *parsed;
	const char *why = control_request_read(line, &request, &parsed);
	if (why)
		say_error(&a, why);
	else
		answer(&a);
	json_decref(parsed);
}
