/* SPDX-License-Identifier: ISC
 *
 * `portreeve trace`: where did this message come from? Reads messages, mboxes,
 * Maildirs and the messages attached to messages; answers for people, for programs
 * (--json, --batch) or as a picture (--svg). It sends nothing, and asks the DNS only with
 * --dns: for the names of addresses that the trace has found, never to find any.
 */
#include "cli/border.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/nominating.h"
#include "cli/reverse.h"
#include "cli/shown.h"

#include "base/file.h"
#include "base/mem.h"
#include "mail/header.h"
#include "mail/mbox.h"
#include "trace/batch.h"
#include "trace/json.h"
#include "trace/learn.h"
#include "trace/picture.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 1 << 30, NOMINEES_MAX = 256, NAMES_MAX = 2, PICTURES_MAX = 1000 };

struct nominee {
	struct ip relay, handover;
	struct str message;
};

struct trace_command {
	struct cli cli;
	struct border_options ours;
	const char *svg, *by;
	bool batch, nominate, learning, dns;
	struct border_set set;
	struct trace_border border;
	struct trace trace;
	struct learn learn;
	struct str file;                         /* that the message at hand stands in */
	struct buf out;
	unsigned columns;                        /* of the terminal; 0: there is none */
	struct nominee nominees[NOMINEES_MAX];
	size_t nominee_count, nominees_left;
	char who[WHO_MAX];
	unsigned messages, pictures;
	struct reverse reverse;
	struct reverse_name names[NAMES_MAX];    /* of the message at hand, with --dns */
	size_t name_count;
};

static bool has_border(const struct trace_command *c)
{
	const struct trace_border *b = &c->border;
	return b->own_host_count + b->own_net_count + b->border_host_count != 0;
}

/* ---- nominations --------------------------------------------------------------- */

/* Keeps what to nominate until all is read: opening the store gives up root, which
 * may be needed for the files. */
static void remember_nominee(struct trace_command *c, struct str message)
{
	if (c->trace.relay.family == 0)
		return;
	if (c->nominee_count == NOMINEES_MAX) {
		c->nominees_left++;
		return;
	}
	if (message.n > NOMINATING_MESSAGE_MAX_BYTES)
		message.n = NOMINATING_MESSAGE_MAX_BYTES;
	c->nominees[c->nominee_count++] = (struct nominee){
		c->trace.relay, c->trace.handover, arena_str(&c->cli.arena, message) };
}

/* The relay becomes a nomination with the message as its evidence; never a listing. */
static int nominate_relay(struct trace_command *c, const struct nominee *who)
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
		cli_note(&c->cli, "no relay to nominate: %s",
		         has_border(c) ? "none was found in the believed chain; the answer says why"
		                       : "without a border no chain can be believed");
		return CLI_GO;
	}
	if (c->nominees_left)
		cli_note(&c->cli, "%zu relays are not nominated: at most %d at once",
		         c->nominees_left, NOMINEES_MAX);
	int code = cli_open(&c->cli, CLI_CHANGE);
	for (size_t i = 0; code == CLI_GO && i < c->nominee_count; i++)
		code = nominate_relay(c, &c->nominees[i]);
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

static void add_names_json(struct trace_command *c, struct json *j)
{
	char address[IP_TEXT_MAX];
	json_open_object(j, "dns");
	for (size_t i = 0; i < c->name_count; i++) {
		const struct reverse_name *name = &c->names[i];
		json_open_object(j, ip_format(&name->address, address));
		json_add_bytes(j, "name", str_of(name->name));
		json_add_bool(j, "confirmed", name->confirmed);
		json_add_cstr(j, "status", dns_status_name(name->status));
		json_close(j);
	}
	json_close(j);
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

/* FILE for the first message; "chain-2.svg" of "chain.svg" for the second, and so on. */
static const char *picture_path(struct trace_command *c)
{
	struct str path = str_of(c->svg), tail = path;
	size_t dot = path.n;
	if (c->pictures == 1)
		return c->svg;
	for (size_t i = path.n; i-- > 0 && path.p[i] != '/';)
		if (path.p[i] == '.' && i && path.p[i - 1] != '/') {
			dot = i;
			break;
		}
	tail = str_from(path, dot);
	return arena_printf(&c->cli.arena, "%.*s-%u%.*s", (int)dot, path.p, c->pictures,
	                    STR_ARG(tail));
}

static int write_svg(struct trace_command *c, const char *title)
{
	struct buf svg = { 0 };
	if (c->pictures++ == PICTURES_MAX)
		cli_note(&c->cli, "--svg: no more than %d pictures are drawn", PICTURES_MAX);
	if (c->pictures > PICTURES_MAX)
		return CLI_GO;
	const char *path = picture_path(c);
	trace_svg(&c->trace, str_of(title), &svg);
	int e = file_write(path, buf_str(&svg), 0644);
	buf_fini(&svg);
	if (e != ERR_OK)
		return cli_fail(&c->cli, EX_CANTCREAT, "%s: expected a place to draw into: %s",
		                path, err_text(e));
	return CLI_GO;
}

/* Where the message begins in its file, so that the byte ranges can be found there; a
 * message that was decoded stands nowhere as it is. */
static void add_place_json(struct trace_command *c, struct str message, struct json *j)
{
	if (message.p >= c->file.p && message.p <= c->file.p + c->file.n)
		json_add_int(j, "message_offset", message.p - c->file.p);
	else
		json_add_null(j, "message_offset");
}

static void trace_print_json(struct trace_command *c, const char *title, struct str message)
{
	struct json *j = cli_json_begin(&c->cli);
	json_add_bytes(j, "id", str_of(title));
	trace_json(&c->trace, j);
	add_place_json(c, message, j);
	if (c->dns)
		add_names_json(c, j);
	cli_json_end(&c->cli);
}

/* JSON is UTF-8 by its standard, whatever the terminal speaks. */
static void print_as_shown(const struct trace_command *c)
{
	struct buf narrow = { 0 };
	if (c->cli.json || shown_utf8()) {
		cli_print(buf_str(&c->out));
		return;
	}
	shown_narrow(&narrow, buf_str(&c->out));
	cli_print(buf_str(&narrow));
	buf_fini(&narrow);
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
		trace_print_json(c, title, message);
	} else {
		bool colour = cli_colour(CLI_BOLD)[0] != '\0';
		trace_picture(&c->trace, str_of(title), colour, c->columns, &c->out);
		if (c->dns)
			add_names_text(c);
	}
	print_as_shown(c);
	code = c->svg ? write_svg(c, title) : CLI_GO;
	if (c->nominate)
		remember_nominee(c, message);
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

/* A message that a file holds: it must look like one, since a file may be anything. */
static int filed_message(struct trace_command *c, const char *title, struct str message)
{
	if (header_is_message(message))
		return message_and_attached(c, title, message);
	return cli_fail(&c->cli, EX_DATAERR, "%s: expected a message or mbox, found %s", title,
	                message.n ? "no header field" : "nothing");
}

/* What went wrong first is the exit code; the other messages and files get their turn. */
static int first_failure(int before, int now)
{
	return before == CLI_GO ? now : before;
}

static int messages_of(struct trace_command *c, const char *path)
{
	struct mbox_cursor cursor;
	struct str message;
	unsigned n = 0;
	int code = CLI_GO;
	if (!mbox_is(c->file))
		return filed_message(c, path, mbox_text(c->file));
	mbox_begin(&cursor, c->file);
	while (mbox_next(&cursor, &message)) {
		char *title = mem_printf("%s:%u", path, ++n);
		code = first_failure(code, filed_message(c, title, message));
		free(title);
	}
	return n ? code : filed_message(c, path, STR(""));
}

static int one_file(struct trace_command *c, const char *path)
{
	struct buf bytes = { 0 };
	int e = file_read(path, FILE_MAX_BYTES, &bytes);
	int code;
	c->file = buf_str(&bytes);
	if (e == ERR_OK)
		code = messages_of(c, path);
	else if (e == ERR_LIMIT)
		code = cli_fail(&c->cli, EX_DATAERR, "%s: expected at most %d bytes", path,
		                FILE_MAX_BYTES);
	else
		code = cli_fail(&c->cli, cli_exit_code(e), "%s: expected a message or mbox: %s",
		                path, err_text(e));
	buf_fini(&bytes);
	return code;
}

static int one_folder(struct trace_command *c, const char *path)
{
	struct dirent **entries;
	int code = CLI_GO;
	int n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		return cli_fail(&c->cli, cli_exit_code(file_err(errno)),
		                "%s: expected a folder of a Maildir: %s", path,
		                err_text(file_err(errno)));
	for (int i = 0; i < n; i++) {
		char *file = mem_printf("%s/%s", path, entries[i]->d_name);
		struct stat st;
		if (entries[i]->d_name[0] != '.' && stat(file, &st) == 0 && S_ISREG(st.st_mode))
			code = first_failure(code, one_file(c, file));
		free(file);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static int maildir(struct trace_command *c, const char *path)
{
	static const char *const folders[] = { "cur", "new" };
	int code = CLI_GO;
	bool any = false;
	for (size_t i = 0; i < 2; i++) {
		char *folder = mem_printf("%s/%s", path, folders[i]);
		struct stat st;
		if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode)) {
			any = true;
			code = first_failure(code, one_folder(c, folder));
		}
		free(folder);
	}
	if (!any)
		return cli_fail(&c->cli, EX_NOINPUT,
		                "%s: expected a message, an mbox or a Maildir, "
		                "found a directory without cur/ and new/", path);
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

/* The next line of standard input, its end left out; of a longer one than is taken, only
 * so much that this shows. */
static bool read_line(struct buf *line)
{
	char piece[8192];
	size_t n = 0;
	bool ended;
	int ch;
	buf_clear(line);
	do {
		ch = getc_unlocked(stdin);
		ended = ch == EOF || ch == '\n';
		if (!ended)
			piece[n++] = (char)ch;
		if (!ended && n < sizeof(piece))
			continue;
		if (line->n <= BATCH_LINE_MAX_BYTES)
			buf_add(line, piece, n);
		n = 0;
	} while (!ended);
	return ch != EOF || line->n != 0;
}

/* An answer for every line, at once, so that a program can keep count and wait for it. */
static int run_batch(struct trace_command *c)
{
	struct batch batch = { 0 };
	struct buf line = { 0 }, problem = { 0 };
	int code = CLI_GO;
	while (!ferror(stdout) && read_line(&line)) {
		buf_clear(&c->out);
		buf_clear(&problem);
		if (batch_line(&batch, buf_str(&line), &c->border, &c->out, &problem) != ERR_OK)
			code = cli_fail(&c->cli, EX_DATAERR, "line %zu: %s", batch.lines,
			                buf_cstr(&problem));
		buf_add_byte(&c->out, '\n');
		cli_print(buf_str(&c->out));
		fflush(stdout);
	}
	if (ferror(stdin))
		code = cli_fail(&c->cli, EX_IOERR,
		                "standard input: expected lines, cannot be read");
	buf_fini(&line);
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
	if (!learn_any(&c->learn))
		return cli_fail(&c->cli, EX_DATAERR,
		                "expected Received lines that most messages to "
		                "yourself share, found none in %u", c->learn.used);
	if (c->cli.json) {
		learn_json(&c->learn, cli_json_begin(&c->cli));
		cli_json_end(&c->cli);
	} else {
		learn_config(&c->learn, &c->out);
	}
	cli_print(buf_str(&c->out));
	return CLI_GO;
}

/* What does not go together is told, and not passed over in silence. */
static int check_options(const struct trace_command *c)
{
	const struct {
		const char *name;
		bool given, batch, learn;        /* does it go with these? */
	} rows[] = {
		{ "--dns", c->dns, false, false }, { "--svg", c->svg != NULL, false, false },
		{ "--nominate", c->nominate, false, false },
		{ "--by", c->by != NULL, false, false },
		{ "--batch", c->batch, true, false },
		{ "--own-host", c->ours.own_hosts.n, true, false },
		{ "--own-net", c->ours.own_nets.n, true, false },
		{ "--border-host", c->ours.border_hosts.n, true, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].given && c->learning && !rows[i].learn)
			return cli_bad_value(&c->cli, rows[i].name,
			                     "no such option with \"learn\"");
		if (rows[i].given && c->batch && !rows[i].batch)
			return cli_bad_value(&c->cli, rows[i].name,
			                     "no such option with --batch, which only answers");
	}
	if (c->batch && c->cli.operand_count)
		return cli_bad_value(&c->cli, c->cli.operands[0],
		                     "no file: --batch reads standard input");
	if (c->by && !c->nominate)
		return cli_bad_value(&c->cli, "--by", "--nominate with it");
	return CLI_GO;
}

/* All that is needed before the first byte is read. */
static int prepare_trace(struct trace_command *c)
{
	struct winsize ws;
	int code = check_options(c);
	if (code == CLI_GO && !c->learning)
		code = cli_border(&c->cli, &c->ours, &c->set);
	c->border = border_view(&c->set);
	if (code == CLI_GO && c->dns)
		code = cli_settings(&c->cli);
	if (code == CLI_GO && c->nominate)
		code = cli_who(&c->cli, c->by, c->who);
	if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0)
		c->columns = ws.ws_col;
	if (code == CLI_GO && !c->learning && !c->batch && !has_border(c))
		cli_note(&c->cli, "no own host or network is configured, so the border cannot be "
		         "told; see --own-host, and \"portreeve trace learn\"");
	return code;
}

static int trace_run(struct trace_command *c)
{
	size_t first = c->cli.operand_count && strcmp(c->cli.operands[0], "learn") == 0;
	c->learning = first != 0;
	int code = prepare_trace(c);
	if (code != CLI_GO)
		return code;
	if (c->batch)
		return run_batch(c);
	if (c->cli.operand_count == first)
		code = one_path(c, "-");
	for (size_t i = first; i < c->cli.operand_count; i++)
		code = first_failure(code, one_path(c, c->cli.operands[i]));
	if (c->nominate)
		code = first_failure(code, nominate_all(c));
	if (c->learning)
		code = first_failure(code, print_learned(c));
	return code;
}

int cli_trace(int argc, char **argv)
{
	struct trace_command *c = mem_zalloc(sizeof(*c));
	const struct cli_option options[] = {
		BORDER_OPTIONS(c->ours),
		{ .name = "svg", .argument = "FILE", .value = &c->svg,
		  .help = "draw the chain into FILE as well" },
		{ .name = "nominate", .flag = &c->nominate,
		  .help = "nominate the relay that was abused, the message as evidence" },
		{ .name = "by", .argument = "WHO", .value = &c->by,
		  .help = "who nominates (default: the calling user)" },
		{ .name = "dns", .flag = &c->dns,
		  .help = "look up the names of the handover and the origin" },
		{ .name = "batch", .flag = &c->batch,
		  .help = "read JSON objects with a message each, a line an object" },
	};
	const struct cli_spec spec = {
		.name = "trace",
		.synopsis =
		"[--own-host GLOB]... [--own-net CIDR]... [--border-host GLOB]... [FILE...|-]\n"
		"learn FILE...\n"
		"--batch",
		.description =
		"Tells where a message really came from: who handed it to us, how deep its\n"
		"Received lines can be believed, what is only claimed, and which relay was\n"
		"abused. FILE is a message, an mbox or a Maildir. \"learn\" proposes the\n"
		"configuration from messages that you sent to yourself.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = CLI_OPERANDS_MAX, .operands_expected = "files",
	};
	int code = cli_begin(&c->cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = trace_run(c);
	code = cli_end(&c->cli, code);
	reverse_fini(&c->reverse);
	border_set_fini(&c->set);
	trace_fini(&c->trace);
	learn_fini(&c->learn);
	buf_fini(&c->out);
	free(c);
	return code;
}
