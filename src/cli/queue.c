/* SPDX-License-Identifier: ISC
 *
 * `portreeve queue`: what waits in the gateway's queue, and what an operator does about it.
 */
#include "cli/commands.h"
#include "cli/control-ask.h"
#include "cli/table.h"

#include "base/shown.h"

#include <stdio.h>
#include <unistd.h>

struct queue {
	struct cli cli;
	struct control_ask ask;
	const char *sender, *recipient, *domain, *account;
	bool held, all, headers, text;
	const char *verb;
	struct table table;
	uint64_t done, busy;
};

/* ---- requests --------------------------------------------------------------------------- */

static void add_if(struct json *j, const char *key, const char *value)
{
	if (value)
		json_add_cstr(j, key, value);
}

static bool has_filters(const struct queue *q)
{
	return q->sender || q->recipient || q->domain || q->account || q->held;
}

/* Of a piece of the text `at` counts bytes, else messages. */
static int request_send(struct queue *q, const char *what, const char *id, uint64_t at)
{
	struct buf line = { 0 };
	struct json j = { .out = &line };
	json_open_object(&j, NULL);
	json_add_cstr(&j, "do", what);
	add_if(&j, "id", id);
	add_if(&j, "sender", q->sender);
	add_if(&j, "recipient", q->recipient);
	add_if(&j, "domain", q->domain);
	add_if(&j, "account", q->account);
	if (q->held)
		json_add_bool(&j, "held", true);
	if (q->all)
		json_add_bool(&j, "all", true);
	if (at > 0)
		json_add_int(&j, strcmp(what, "text") == 0 ? "at" : "after", (int64_t)at);
	json_close(&j);
	int code = control_send(&q->ask, buf_str(&line));
	buf_fini(&line);
	return code;
}

/* Asks until there is no more; `each` gets all lines, the last ones of each answer, too. */
static int request(struct queue *q, const char *what, const char *id,
                   void (*each)(struct queue *q, const json_t *line))
{
	uint64_t next = 0;
	do {
		int code = request_send(q, what, id, next);
		for (bool end = false; code == CLI_GO && !end;) {
			json_t *line;
			code = control_next(&q->ask, &line);
			if (code != CLI_GO)
				break;
			const uint64_t before = next;
			end = control_is_end(line, &next);
			if (end && next > 0 && next <= before)
				next = 0;
			if (!end)
				next = before;
			each(q, line);
			json_decref(line);
		}
		if (code != CLI_GO)
			return code;
	} while (next > 0);
	return CLI_GO;
}

/* ---- what is shown ---------------------------------------------------------------------- */

static const char *text_of(struct queue *q, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return cli_safe(&q->cli, json_is_string(value) ? json_string_value(value) : "");
}

static long long number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *const message_keys[] = {
	"id", "number", "came", "from", "account", "client", "helo", "listener", "tls", "size",
	"held", "recipients", "left",
};
static const char *const rcpt_keys[] = { "address", "state", "tries", "due", "why" };

static void add_members(struct json *j, const json_t *object, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(object, keys[i]);
		if (json_is_string(value))
			json_add_shown(j, keys[i], str_of(json_string_value(value)));
		else if (json_is_integer(value) || json_is_boolean(value))
			json_add_value(j, keys[i], value);
	}
}

static void print_json(struct queue *q, const json_t *m)
{
	struct json *j = cli_json_begin(&q->cli);
	size_t i;
	const json_t *rcpt;
	add_members(j, m, message_keys, sizeof(message_keys) / sizeof(*message_keys));
	json_open_array(j, "to");
	json_array_foreach(json_object_get(m, "to"), i, rcpt) {
		json_open_object(j, NULL);
		add_members(j, rcpt, rcpt_keys, sizeof(rcpt_keys) / sizeof(*rcpt_keys));
		json_close(j);
	}
	json_close(j);
	cli_json_end(&q->cli);
}

static const char *due_of(struct queue *q, const json_t *m, const json_t *rcpt)
{
	if (json_is_true(json_object_get(m, "held")))
		return "held";
	const char *due = text_of(q, rcpt, "due");
	return due[0] ? due : text_of(q, rcpt, "state");
}

static void list_each(struct queue *q, const json_t *m)
{
	char size[24], more[24] = "";
	const json_t *rcpt = json_array_get(json_object_get(m, "to"), 0);
	if (!json_object_get(m, "id"))
		return;
	if (q->cli.json) {
		print_json(q, m);
		return;
	}
	const char *from = text_of(q, m, "from");
	snprintf(size, sizeof(size), "%lld", number_of(m, "size"));
	if (number_of(m, "left") > 1)
		snprintf(more, sizeof(more), " +%lld", number_of(m, "left") - 1);
	table_row(&q->table, (const char *[]){
		text_of(q, m, "id"), text_of(q, m, "came"), size, from[0] ? from : "<>",
		arena_printf(&q->cli.arena, "%s%s", text_of(q, rcpt, "address"), more),
		due_of(q, m, rcpt), text_of(q, rcpt, "why") });
}

static int queue_list(struct queue *q)
{
	table_init(&q->table, &q->cli.arena,
	           (const char *[]){ "ID", "CAME", "BYTES", "FROM", "TO", "NEXT", "WHY", NULL });
	int code = request(q, "list", NULL, list_each);
	table_finish(&q->table, q->cli.json || code != CLI_GO,
	             has_filters(q) ? "no message of those" : "the queue is empty");
	return code;
}

static void show_each(struct queue *q, const json_t *m)
{
	size_t i;
	const json_t *rcpt;
	if (!json_object_get(m, "id"))
		return;
	if (q->cli.json) {
		print_json(q, m);
		return;
	}
	for (i = 0; i < sizeof(message_keys) / sizeof(*message_keys); i++) {
		const json_t *value = json_object_get(m, message_keys[i]);
		if (json_is_string(value))
			printf("%s: %s\n", message_keys[i], text_of(q, m, message_keys[i]));
		else if (json_is_integer(value))
			printf("%s: %lld\n", message_keys[i], number_of(m, message_keys[i]));
		else if (json_is_boolean(value))
			printf("%s: %s\n", message_keys[i], json_is_true(value) ? "yes" : "no");
	}
	json_array_foreach(json_object_get(m, "to"), i, rcpt) {
		const char *due = text_of(q, rcpt, "due"), *why = text_of(q, rcpt, "why");
		printf("to: %s: %s, tries: %lld%s%s%s%s\n", text_of(q, rcpt, "address"),
		       text_of(q, rcpt, "state"), number_of(rcpt, "tries"),
		       due[0] ? ", next: " : "", due, why[0] ? "; " : "", why);
	}
}

/* A character of the answer is a byte of the text. */
static void bytes_of(const json_t *value, struct buf *out)
{
	struct str s = { json_string_value(value), json_string_length(value) };
	for (size_t n; s.n > 0 && (n = str_utf8(s)) > 0; s = str_from(s, n))
		buf_add_byte(out, (char)str_utf8_value(s, n));
}

/* To a terminal it goes by the line, escaped; to a file or a pipe as it is. */
static void text_each(struct queue *q, const json_t *line)
{
	struct buf bytes = { 0 }, safe = { 0 };
	(void)q;
	bytes_of(json_object_get(line, "text"), &bytes);
	struct str rest = buf_str(&bytes);
	while (isatty(STDOUT_FILENO) && rest.n > 0) {
		const size_t end = str_find(rest, '\n');
		struct str one = { rest.p, end == SIZE_MAX ? rest.n : end };
		rest = end == SIZE_MAX ? (struct str){ 0 } : str_from(rest, end + 1);
		if (one.n > 0 && one.p[one.n - 1] == '\r')
			one.n--;
		shown_add_plain(&safe, one, true);
		buf_add_byte(&safe, '\n');
	}
	cli_print(isatty(STDOUT_FILENO) ? buf_str(&safe) : buf_str(&bytes));
	buf_fini(&bytes);
	buf_fini(&safe);
}

static int queue_show(struct queue *q)
{
	const char *id = q->cli.operands[1];
	if (q->headers || q->text)
		return request(q, q->text ? "text" : "headers", id, text_each);
	return request(q, "show", id, show_each);
}

/* ---- orders ----------------------------------------------------------------------------- */

static void order_each(struct queue *q, const json_t *line)
{
	q->done += (uint64_t)number_of(line, "done");
	q->busy += (uint64_t)number_of(line, "busy");
}

static const char *did(const struct queue *q)
{
	static const char *const words[][2] = {
		{ "hold", "held" }, { "release", "released" }, { "flush", "due now" },
		{ "drop", "dropped, without a notice" } };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(q->verb, words[i][0]) == 0)
			return words[i][1];
	return q->verb;
}

static int queue_order(struct queue *q)
{
	int code = CLI_GO;
	if (q->cli.operand_count == 1)
		code = request(q, q->verb, NULL, order_each);
	for (size_t i = 1; code == CLI_GO && i < q->cli.operand_count; i++)
		code = request(q, q->verb, q->cli.operands[i], order_each);
	if (q->cli.json) {
		struct json *j = cli_json_begin(&q->cli);
		json_add_int(j, "done", (int64_t)q->done);
		json_add_int(j, "busy", (int64_t)q->busy);
		cli_json_end(&q->cli);
	} else if (code == CLI_GO || q->done > 0) {
		printf("%llu %s %s\n", (unsigned long long)q->done,
		       q->done == 1 ? "message is" : "messages are", did(q));
	}
	if (q->busy > 0)
		cli_note(&q->cli, "%llu just being tried; ask again, or hold first",
		         (unsigned long long)q->busy);
	return code == CLI_GO && q->busy > 0 ? EX_TEMPFAIL : code;
}

/* ---- the command ------------------------------------------------------------------------ */

static const struct verb {
	const char *name;
	int (*run)(struct queue *q);
	bool orders;
} verbs[] = {
	{ "list", queue_list, false }, { "show", queue_show, false },
	{ "hold", queue_order, true }, { "release", queue_order, true },
	{ "flush", queue_order, true }, { "drop", queue_order, true },
};

#define VERBS "list, show, hold, release, flush or drop"

static int check(struct queue *q, const struct verb *verb)
{
	const size_t ids = q->cli.operand_count - 1;
	if (strcmp(verb->name, "show") == 0 && ids != 1)
		return cli_fail(&q->cli, EX_USAGE, "show: expected one ID; see --help");
	if (verb->run == queue_list && ids > 0)
		return cli_fail(&q->cli, EX_USAGE, "list: expected options behind it; see --help");
	if (verb->orders && (ids > 0) + q->all + has_filters(q) != 1)
		return cli_fail(&q->cli, EX_USAGE, "%s: expected either IDs, filters, or --all; "
		                "see --help", verb->name);
	if (verb->run == queue_show && q->headers + q->text + q->cli.json > 1)
		return cli_fail(&q->cli, EX_USAGE, "show: expected one of --headers, --text and "
		                "--json; see --help");
	if (((q->headers || q->text) && verb->run != queue_show) ||
	    (q->all && !verb->orders) || (has_filters(q) && verb->run == queue_show))
		return cli_fail(&q->cli, EX_USAGE, "%s: an option of another word; see --help",
		                verb->name);
	return CLI_GO;
}

static int run(struct queue *q)
{
	const struct verb *verb = NULL;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(q->cli.operands[0], verbs[i].name) == 0)
			verb = &verbs[i];
	if (!verb)
		return cli_bad_value(&q->cli, q->cli.operands[0], VERBS);
	q->verb = verb->name;
	int code = check(q, verb);
	if (code == CLI_GO)
		code = control_open(&q->ask, &q->cli);
	return code == CLI_GO ? verb->run(q) : code;
}

int cli_queue(int argc, char **argv)
{
	struct queue q = { .ask.fd = -1 };
	const struct cli_option options[] = {
		{ .name = "sender", .argument = "ADDRESS", .value = &q.sender,
		  .help = "messages of that envelope sender; \"\" is the null sender" },
		{ .name = "recipient", .argument = "ADDRESS", .value = &q.recipient,
		  .help = "messages that have that recipient" },
		{ .name = "domain", .argument = "DOMAIN", .value = &q.domain,
		  .help = "messages that have a recipient there" },
		{ .name = "account", .argument = "NAME", .value = &q.account,
		  .help = "messages that the account sent; \"\": those of nobody's" },
		{ .name = "held", .flag = &q.held, .help = "messages that are held" },
		{ .name = "all", .flag = &q.all,
		  .help = "all messages (hold, release, flush, drop)" },
		{ .name = "headers", .flag = &q.headers, .help = "the message's header (show)" },
		{ .name = "text", .flag = &q.text, .help = "the message itself (show)" },
	};
	const struct cli_spec spec = {
		.name = "queue",
		.synopsis =
		"list [FILTER...]\nshow ID [--headers | --text]\n"
		"hold|release|flush|drop ID...\nhold|release|flush|drop FILTER...|--all",
		.description =
		"The queue of the gateway that runs. What is held stays and is not tried; flush\n"
		"makes what waits due now; drop removes a message and tells nobody. Of more than\n"
		"one filter all must hold.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 1, .operands_max = CLI_OPERANDS_MAX, .operands_expected = VERBS,
	};
	int code = cli_begin(&q.cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = run(&q);
	control_close(&q.ask);
	return cli_end(&q.cli, code);
}
