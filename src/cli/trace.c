/* SPDX-License-Identifier: ISC
 *
 * `portreeve trace`: where did this message come from? Reads messages, mboxes,
 * Maildirs and the messages attached to messages; answers for people, for programs
 * (--json, --batch) or as a picture (--svg). It sends nothing, and asks the DNS only with
 * --dns: for the names of addresses that the trace has found, never to find any.
 */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/nominating.h"
#include "cli/reverse.h"

#include "base/file.h"
#include "base/mem.h"
#include "mail/mbox.h"
#include "trace/batch.h"
#include "trace/json.h"
#include "trace/learn.h"
#include "trace/picture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 1 << 30, NOMINEES_MAX = 256, NAMES_MAX = 2 };

struct nominee {
	struct ip relay, handover;
	struct str message;
};

struct trace_command {
	struct cli cli;
	struct cli_values own_hosts, own_nets, border_hosts;
	const char *svg, *by;
	bool batch, nominate, learning, dns;
	struct border_set set;
	struct trace_border border;
	struct trace trace;
	struct learn learn;
	struct buf out;
	struct nominee nominees[NOMINEES_MAX];
	size_t nominee_count;
	char who[WHO_MAX];
	unsigned messages;
	struct reverse reverse;
	struct reverse_name names[NAMES_MAX];    /* of the message at hand, with --dns */
	size_t name_count;
};

typedef int adder(struct border_set *set, struct str s, struct parse_error *pe);

/* ---- what is ours ------------------------------------------------------------ */

static int add_values(struct trace_command *c, const char *const *v, size_t n, adder *add)
{
	for (size_t i = 0; i < n; i++) {
		struct parse_error pe;
		if (add(&c->set, str_of(v[i]), &pe) != ERR_OK)
			return cli_bad_value(&c->cli, v[i], pe.expected);
	}
	return CLI_GO;
}

/* The options, else the configuration. */
static int read_border(struct trace_command *c)
{
	const struct trace_config *f = &c->cli.settings.trace;
	bool given = c->own_hosts.n || c->own_nets.n || c->border_hosts.n;
	int code = add_values(c, c->own_hosts.v, c->own_hosts.n, border_add_own_host);
	if (code == CLI_GO)
		code = add_values(c, c->own_nets.v, c->own_nets.n, border_add_own_net);
	if (code == CLI_GO)
		code = add_values(c, c->border_hosts.v, c->border_hosts.n, border_add_border_host);
	if (code != CLI_GO || given)
		return code;
	code = cli_settings(&c->cli);
	if (code == CLI_GO)
		code = add_values(c, (const char *const *)f->own_hosts.v, f->own_hosts.n,
		                  border_add_own_host);
	if (code == CLI_GO)
		code = add_values(c, (const char *const *)f->own_nets.v, f->own_nets.n,
		                  border_add_own_net);
	if (code == CLI_GO)
		code = add_values(c, (const char *const *)f->border_hosts.v, f->border_hosts.n,
		                  border_add_border_host);
	return code;
}

/* ---- nominations --------------------------------------------------------------- */

/* Keeps what to nominate until all is read: opening the store gives up root, which
 * may be needed for the files. */
static void remember(struct trace_command *c, struct str message)
{
	if (c->trace.relay.family == 0 || c->nominee_count == NOMINEES_MAX)
		return;
	if (message.n > NOMINATING_MESSAGE_MAX_BYTES)
		message.n = NOMINATING_MESSAGE_MAX_BYTES;
	c->nominees[c->nominee_count++] = (struct nominee){
		c->trace.relay, c->trace.handover, arena_str(&c->cli.arena, message) };
}

/* The relay becomes a nomination with the message as its evidence; never a listing. */
static int nominate(struct trace_command *c, const struct nominee *who)
{
	char address[IP_TEXT_MAX];
	const char *reason = arena_printf(&c->cli.arena, "trace: took spam from a stranger without "
	                                  "login; handed to us by %s",
	                                  ip_format(&who->handover, address));
	return nominating_relay(&c->cli, &who->relay, c->who, reason, who->message);
}

static int nominate_all(struct trace_command *c)
{
	if (c->nominee_count == 0) {
		cli_note(&c->cli, "no relay to nominate");
		return CLI_GO;
	}
	int code = cli_open(&c->cli, CLI_CHANGE);
	for (size_t i = 0; code == CLI_GO && i < c->nominee_count; i++)
		code = nominate(c, &c->nominees[i]);
	return code;
}

/* ---- the DNS ------------------------------------------------------------------- */

/* Of the accused addresses only, and after they were found. */
static int look_up_names(struct trace_command *c)
{
	const struct ip *ips[NAMES_MAX] = { &c->trace.handover, &c->trace.origin };
	c->name_count = 0;
	for (size_t i = 0; i < NAMES_MAX; i++)
		if (ips[i]->family && (i == 0 || !ip_eq(ips[i], ips[0])))
			c->names[c->name_count++].address = *ips[i];
	return reverse_look_up(&c->reverse, &c->cli, c->names, c->name_count);
}

/* One more field of the object that `out` ends with. */
static void add_names_json(struct trace_command *c)
{
	char address[IP_TEXT_MAX];
	c->out.n--;
	buf_add_cstr(&c->out, ",\"dns\":{");
	for (size_t i = 0; i < c->name_count; i++) {
		const struct reverse_name *name = &c->names[i];
		buf_printf(&c->out, "%s\"%s\":{\"name\":", i ? "," : "",
		           ip_format(&name->address, address));
		trace_json_bytes(str_of(name->name), &c->out);
		buf_printf(&c->out, ",\"confirmed\":%s,\"status\":\"%s\"}",
		           name->confirmed ? "true" : "false", dns_status_name(name->status));
	}
	buf_add_cstr(&c->out, "}}");
}

static void add_names_text(struct trace_command *c)
{
	char address[IP_TEXT_MAX];
	for (size_t i = 0; i < c->name_count; i++) {
		const struct reverse_name *name = &c->names[i];
		buf_printf(&c->out, "%-16s %s: ", "In the DNS", ip_format(&name->address, address));
		if (name->name[0])
			buf_printf(&c->out, "%s, %s\n", cli_safe(&c->cli, name->name),
			           name->confirmed ? "which leads back to it"
			                           : "which does not lead back to it");
		else
			buf_printf(&c->out, "no name (%s)\n", dns_status_name(name->status));
	}
}

/* ---- one message ------------------------------------------------------------- */

static int write_svg(struct trace_command *c, const char *title)
{
	struct buf svg = { 0 };
	trace_svg(&c->trace, str_of(title), &svg);
	int e = file_write(c->svg, buf_str(&svg), 0644);
	buf_fini(&svg);
	if (e != ERR_OK)
		return cli_fail(&c->cli, cli_exit_code(e), "%s: %s", c->svg, err_text(e));
	return CLI_GO;
}

static int one_message(struct trace_command *c, const char *title, struct str message)
{
	c->messages++;
	if (c->learning) {
		learn_message(&c->learn, message);
		return CLI_GO;
	}
	buf_clear(&c->out);
	trace_message(&c->trace, message, &c->border);
	int code = c->dns ? look_up_names(c) : CLI_GO;
	if (code != CLI_GO)
		return code;
	if (c->cli.json) {
		struct buf id = { 0 };
		trace_json_bytes(str_of(title), &id);
		trace_json(&c->trace, buf_str(&id), &c->out);
		if (c->dns)
			add_names_json(c);
		buf_add_byte(&c->out, '\n');
		buf_fini(&id);
	} else {
		bool colour = cli_colour(CLI_BOLD)[0] != '\0';
		trace_picture(&c->trace, str_of(title), colour, &c->out);
		if (c->dns)
			add_names_text(c);
	}
	fwrite(c->out.p, 1, c->out.n, stdout);
	code = c->svg ? write_svg(c, title) : CLI_GO;
	if (c->nominate)
		remember(c, message);
	return code;
}

/* A message and the messages attached to it. */
static int message_and_attached(struct trace_command *c, const char *title, struct str message)
{
	struct attached found;
	struct arena arena = { 0 };
	int code = one_message(c, title, message);
	if (c->learning)
		return code;
	attached_find(message, &arena, &found);
	for (size_t i = 0; code == CLI_GO && i < found.n; i++)
		code = one_message(c, arena_printf(&arena, "%s#attached%zu", title, i + 1),
		                   found.message[i]);
	if (found.truncated)
		cli_note(&c->cli, "%s: more attached messages than are looked at", title);
	arena_fini(&arena);
	return code;
}

/* ---- files -------------------------------------------------------------------- */

static int one_file(struct trace_command *c, const char *path)
{
	struct buf bytes = { 0 };
	struct mbox_cursor cursor;
	struct str message;
	unsigned n = 0;
	int code = CLI_GO;
	int e = file_read(path, FILE_MAX_BYTES, &bytes);
	if (e != ERR_OK) {
		buf_fini(&bytes);
		return cli_fail(&c->cli, cli_exit_code(e), "%s: expected a message or mbox: %s",
		                path, err_text(e));
	}
	if (!mbox_is(buf_str(&bytes))) {
		code = message_and_attached(c, path, buf_str(&bytes));
	} else {
		mbox_begin(&cursor, buf_str(&bytes));
		while (code == CLI_GO && mbox_next(&cursor, &message)) {
			char *title = mem_printf("%s:%u", path, ++n);
			code = message_and_attached(c, title, message);
			free(title);
		}
	}
	buf_fini(&bytes);
	return code;
}

static int one_folder(struct trace_command *c, const char *path)
{
	struct dirent **entries;
	int code = CLI_GO;
	int n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *file = mem_printf("%s/%s", path, entries[i]->d_name);
		struct stat st;
		if (code == CLI_GO && entries[i]->d_name[0] != '.' && stat(file, &st) == 0 &&
		    S_ISREG(st.st_mode))
			code = one_file(c, file);
		free(file);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return code;
}

static int maildir(struct trace_command *c, const char *path)
{
	static const char *const folders[] = { "cur", "new" };
	int code = CLI_GO;
	bool any = false;
	for (size_t i = 0; i < 2 && code == CLI_GO; i++) {
		char *folder = mem_printf("%s/%s", path, folders[i]);
		struct stat st;
		if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode)) {
			any = true;
			code = one_folder(c, folder);
		}
		free(folder);
	}
	if (!any)
		return cli_fail(&c->cli, EX_NOINPUT,
		                "%s: expected a message, an mbox or a Maildir", path);
	return code;
}

static int one_path(struct trace_command *c, const char *path)
{
	struct stat st;
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return maildir(c, path);
	return one_file(c, path);
}

/* ---- batch ---------------------------------------------------------------------- */

/* An answer for every line, so that a program can keep count. */
static int run_batch(struct trace_command *c)
{
	struct batch batch = { 0 };
	struct buf problem = { 0 };
	char *line = NULL;
	size_t cap = 0, number = 0;
	ssize_t n;
	int code = CLI_GO;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		buf_clear(&c->out);
		buf_clear(&problem);
		number++;
		if (batch_line(&batch, (struct str){ line, (size_t)n }, &c->out, &problem) != 0) {
			code = cli_fail(&c->cli, EX_DATAERR, "line %zu: %s", number,
			                buf_cstr(&problem));
			buf_add_cstr(&c->out, "{\"error\":");
			trace_json_bytes(buf_str(&problem), &c->out);
			buf_add_byte(&c->out, '}');
		}
		buf_add_byte(&c->out, '\n');
		fwrite(c->out.p, 1, c->out.n, stdout);
	}
	free(line);
	buf_fini(&problem);
	batch_fini(&batch);
	return code;
}

/* ---- the command ----------------------------------------------------------------- */

static int print_learned(struct trace_command *c)
{
	buf_clear(&c->out);
	if (c->learn.used == 0)
		return cli_fail(&c->cli, EX_DATAERR, "expected messages that you sent to yourself, "
		                "found none among %u", c->messages);
	if (c->cli.json) {
		learn_json(&c->learn, &c->out);
		buf_add_byte(&c->out, '\n');
	} else {
		learn_config(&c->learn, &c->out);
	}
	fwrite(c->out.p, 1, c->out.n, stdout);
	return CLI_GO;
}

static int run(struct trace_command *c)
{
	size_t first = c->cli.operand_count && strcmp(c->cli.operands[0], "learn") == 0;
	int code = CLI_GO;
	if (c->batch && c->dns)
		return cli_bad_value(&c->cli, "--dns", "no --dns with --batch, which asks nobody");
	if (c->batch)
		return c->cli.operand_count ? cli_bad_value(&c->cli, c->cli.operands[0],
			"no file: --batch reads standard input") : run_batch(c);
	c->learning = first != 0;
	c->dns = c->dns && !c->learning;
	if (!c->learning)
		code = read_border(c);
	if (code == CLI_GO && c->dns)
		code = cli_settings(&c->cli);
	if (code == CLI_GO && c->nominate)
		code = cli_who(&c->cli, c->by, c->who);
	c->border = border_view(&c->set);
	if (code == CLI_GO && !c->learning && c->set.own_host_count + c->set.own_net_count +
	    c->set.border_host_count == 0)
		cli_note(&c->cli, "no own host or network is configured, so the border cannot be "
		         "told; see --own-host, and \"portreeve trace learn\"");
	if (code == CLI_GO && c->cli.operand_count == first)
		code = one_path(c, "-");
	for (size_t i = first; code == CLI_GO && i < c->cli.operand_count; i++)
		code = one_path(c, c->cli.operands[i]);
	if (code == CLI_GO && c->nominate)
		code = nominate_all(c);
	return code == CLI_GO && c->learning ? print_learned(c) : code;
}

int cli_trace(int argc, char **argv)
{
	struct trace_command *c = mem_zalloc(sizeof(*c));
	const struct cli_option options[] = {
		{ "own-host", "GLOB", "a mail host of ours, such as *.example.org; again for more",
		  .values = &c->own_hosts },
		{ "own-net", "CIDR", "a network of ours; again for more", .values = &c->own_nets },
		{ "border-host", "GLOB", "one of our MX hosts; again for more",
		  .values = &c->border_hosts },
		{ "svg", "FILE", "draw the chain into FILE as well", .value = &c->svg },
		{ "nominate", NULL, "nominate the relay that was abused, the message as evidence",
		  .flag = &c->nominate },
		{ "by", "WHO", "who nominates (default: the calling user)", .value = &c->by },
		{ "dns", NULL, "look up the names of the handover and the origin", .flag = &c->dns },
		{ "batch", NULL, "read JSON objects with a message each, a line an object",
		  .flag = &c->batch },
	};
	const struct cli_spec spec = {
		"trace",
		"[--own-host GLOB]... [--own-net CIDR]... [--border-host GLOB]... [FILE...|-]\n"
		"learn FILE...\n"
		"--batch",
		"Tells where a message really came from: who handed it to us, how deep its\n"
		"Received lines can be believed, what is only claimed, and which relay was\n"
		"abused. FILE is a message, an mbox or a Maildir. \"learn\" proposes the\n"
		"configuration from messages that you sent to yourself.",
		options, sizeof(options) / sizeof(*options), 0, CLI_OPERANDS_MAX, "files",
	};
	int code = cli_begin(&c->cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = run(c);
	code = cli_end(&c->cli, code);
	reverse_fini(&c->reverse);
	border_set_fini(&c->set);
	trace_fini(&c->trace);
	learn_fini(&c->learn);
	buf_fini(&c->out);
	free(c);
	return code;
}
