/* SPDX-License-Identifier: ISC
 *
 * `portreeve gate`: yes only if the mail server of this machine may be reached by strangers. What
 * it cannot look at is a no, and said so.
 */
#include "cli/audit-daemon.h"
#include "cli/audit-run.h"
#include "cli/commands.h"
#include "cli/gate-digest.h"
#include "cli/gate-witness.h"

#include "base/clock.h"
#include "base/shown.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOOL_MS = 2000, EXIT_SHUT = 1, PORTS = 8 };

struct gate_run {
	struct cli *cli;
	struct audit_options options;
	struct facts facts;
	char digest[GATE_DIGEST_CHARS + 1];
	bool can_keep;                   /* the digest says all */
	struct gate_known known;
	struct gate_row *rows;
	size_t row_cap;
	enum gate_answer answer;
	struct buf why;
	bool kept;
	int64_t time_s;                  /* of the answer */
};

/* ---- whether anything has changed -------------------------------------------------- */

/* What the gate was told. */
static void describe_orders(const struct gate_run *g, struct buf *out)
{
	const struct gate_config *c = &g->cli->settings.gate;
	char text[IP_TEXT_MAX];
	buf_printf(out, "%s\n%s\n%s\n%s\n%s\n%s\n", g->options.mta ? g->options.mta : "",
	           g->options.config ? g->options.config : "", c->witness, c->key,
	           c->host, g->cli->settings.general.hostname);
	for (size_t i = 0; g->options.sockets && i < g->options.sockets->n; i++)
		buf_printf(out, "socket %s\n", g->options.sockets->v[i]);
	for (size_t i = 0; i < c->allow.n; i++)
		buf_printf(out, "allow %s\n", c->allow.v[i]);
	for (size_t i = 0; i < c->seen_as.n; i++)
		buf_printf(out, "seen %s\n", ip_format(&c->seen_as.v[i], text));
	for (size_t i = 0; i < c->families.n; i++)
		buf_printf(out, "over %s\n", c->families.v[i]);
}

static bool answered_before(struct gate_run *g)
{
	const struct gate_config *c = &g->cli->settings.gate;
	struct buf told = { 0 };
	struct gate_kept kept;
	describe_orders(g, &told);
	g->can_keep = gate_digest(g->options.config, &g->facts, buf_str(&told), g->digest);
	buf_fini(&told);
	/* What is behind a socket may answer otherwise the next time. */
	g->can_keep = g->can_keep && !(g->options.sockets && g->options.sockets->n);
	if (!g->can_keep || !c->kept[0] || gate_kept_read(c->kept, &kept) != ERR_OK ||
	    !gate_kept_holds(&kept, g->digest, clock_now_s(), c->keep_s))
		return false;
	g->kept = true;
	g->answer = kept.answer;
	g->time_s = kept.time_s;
	buf_add_cstr(&g->why, kept.why);
	return true;
}

/* As a line of printable ASCII. */
static const char *plain_why(const struct gate_run *g)
{
	struct buf line = { 0 };
	shown_add_plain(&line, buf_str(&g->why), false);
	const char *text = arena_strdup(&g->cli->arena, buf_str(&line));
	buf_fini(&line);
	return text;
}

/* What is wrong outside of this machine is mended there: that no is not kept. */
static void keep_answer(struct gate_run *g)
{
	const struct gate_config *c = &g->cli->settings.gate;
	struct gate_kept kept = { .answer = g->answer, .time_s = g->time_s,
	                          .outside = g->known.witness == GATE_WITNESS_ASKED };
	if (g->answer == GATE_BLIND || (g->answer == GATE_NO && kept.outside) || !g->can_keep ||
	    !c->kept[0] || c->keep_s == 0)
		return;
	str_copy(kept.digest, sizeof(kept.digest), str_of(g->digest));
	str_copy(kept.why, sizeof(kept.why), str_of(plain_why(g)));
	int e = gate_kept_write(c->kept, &kept);
	if (e != ERR_OK)
		cli_note(g->cli, "the answer is not kept: gate.kept: %s: %s", c->kept,
		         e == ERR_EXISTS ? "expected an answer that was kept, or no file"
		                         : err_text(e));
}

/* ---- what others say while it looks ------------------------------------------------ */

enum { SAID_BYTES = 4096 };

/* The audit and the settings say on standard error why they cannot go on. That belongs into the
 * one line. */
struct overheard {
	int real, memory;                /* descriptors; -1: standard error stays as it is */
};

static void overhear(struct overheard *o)
{
	fflush(stderr);
	o->real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	o->memory = memfd_create("said", MFD_CLOEXEC);
	if (o->real >= 0 && o->memory >= 0)
		dup2(o->memory, STDERR_FILENO);
}

/* What was said last, without who says it; the rest goes where it was meant to go. */
static void stop_overhearing(struct overheard *o, bool failed, struct buf *last)
{
	char said[SAID_BYTES];
	fflush(stderr);
	if (o->real >= 0 && o->memory >= 0)
		dup2(o->real, STDERR_FILENO);
	ssize_t n = o->memory >= 0 ? pread(o->memory, said, sizeof(said), 0) : 0;
	struct str text = str_trim((struct str){ said, n > 0 ? (size_t)n : 0 }), line = text;
	for (size_t end; (end = str_find(line, '\n')) != SIZE_MAX; )
		line = str_from(line, end + 1);
	if (failed) {
		buf_add_str(last, str_prefix(line, STR("portreeve: gate: "))
		                      ? str_from(line, 17) : line);
		text.n = (size_t)(line.p - text.p);
	}
	if (text.n)
		fprintf(stderr, "%.*s\n", STR_ARG(str_trim(text)));
	if (o->real >= 0)
		close(o->real);
	if (o->memory >= 0)
		close(o->memory);
}

/* ---- the audit --------------------------------------------------------------------- */

static void add_rows(struct gate_run *g, const struct audit_report *report)
{
	struct gate_row *rows = arena_alloc(&g->cli->arena,
	                                    (g->known.row_n + report->who_n + 1) * sizeof(*rows));
	if (g->known.row_n)
		memcpy(rows, g->known.rows, g->known.row_n * sizeof(*rows));
	for (size_t i = 0; i < report->who_n; i++)
		if (!report->who[i].sound)
			rows[g->known.row_n++] = gate_row_of(&report->who[i]);
	g->known.rows = rows;
}

/* Of more than one instance the worst counts; and one that could not be looked at is worse here
 * than one that is wide. */
static void add_report(void *arg, const struct audit_report *report)
{
	struct gate_run *g = arg;
	static const int badness[] = { [AUDIT_CLOSED] = 0, [AUDIT_WIDE] = 1, [AUDIT_UNKNOWN] = 2,
	                               [AUDIT_WORLD] = 3 };
	add_rows(g, report);
	/* Its files are not in the digest. */
	if (report->container)
		g->can_keep = false;
	g->known.cut |= report->cut;
	g->known.forms_planned += report->forms_planned;
	g->known.forms_asked += report->forms_asked;
	for (size_t i = 0; i < report->unasked_n; i++)
		g->known.unasked_n += !report->unasked[i].weighs;
	if (report->doubt[0] && !g->known.doubt)
		g->known.doubt = report->doubt;
	if (g->known.summary && badness[report->verdict] <= badness[g->known.verdict])
		return;
	g->known.verdict = report->verdict;
	g->known.summary = report->summary;
}

static bool audit_every_instance(struct gate_run *g)
{
	enum audit_verdict worst;
	return audit_run_all(g->cli, &g->options, add_report, g, &worst) == CLI_GO;
}

static void read_allowed(struct gate_run *g)
{
	const struct config_strings *allow = &g->cli->settings.gate.allow;
	struct gate_row *rows = arena_alloc(&g->cli->arena, (allow->n + 1) * sizeof(*rows));
	for (size_t i = 0; i < allow->n; i++)
		if (gate_row_parse(str_of(allow->v[i]), &rows[g->known.allowed_n]) == ERR_OK)
			g->known.allowed_n++;
	g->known.allowed = rows;
}

static void look_from_outside(struct gate_run *g)
{
	uint16_t ports[PORTS];
	size_t n;
	if (!g->cli->settings.gate.witness[0])
		return;
	if (gate_wants_witness(&g->known, ports, PORTS, &n) == ERR_OK && n == 0)
		return;
	gate_witness_look(g->cli, ports, n, &g->known);
}

static void decide(struct gate_run *g)
{
	g->time_s = clock_now_s();
	if (geteuid() != 0) {
		buf_add_cstr(&g->why, "could not look: expected to run as root, who alone may "
		             "start a second mail server in a closed room (ExecStartPre=+ of a "
		             "unit, user 0 of a container)");
		g->answer = GATE_BLIND;
		return;
	}
	struct overheard said;
	buf_add_cstr(&g->why, "could not look: ");
	overhear(&said);
	bool looked = audit_every_instance(g);
	stop_overhearing(&said, !looked, &g->why);
	g->answer = GATE_BLIND;
	if (!looked)
		return;
	buf_clear(&g->why);
	read_allowed(g);
	gate_find_families(&g->facts, &g->cli->settings.gate, &g->known);
	look_from_outside(g);
	g->answer = gate_decide(&g->known, &g->why);
	keep_answer(g);
}

/* ---- telling ----------------------------------------------------------------------- */

/* What a health check says goes to nobody's log: in a container that log is what its first process
 * writes. */
static void tell_first_process(const struct gate_run *g, struct str line)
{
	struct stat ours, its;
	if (g->facts.container == FACTS_NO_CONTAINER || getpid() == 1)
		return;
	int fd = open("/proc/1/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Of a file it would be root's right that is used: whose it is nobody knows. */
	if (fstat(STDERR_FILENO, &ours) != 0 || fstat(fd, &its) != 0 || S_ISREG(its.st_mode) ||
	    ours.st_dev != its.st_dev || ours.st_ino != its.st_ino)
		(void)!write(fd, line.p, line.n);
	close(fd);
}

static void tell_answer(struct gate_run *g)
{
	struct buf line = { 0 };
	const char *why = plain_why(g);
	if (g->cli->json) {
		struct json *j = cli_json_begin(g->cli);
		json_add_cstr(j, "answer", gate_answer_name(g->answer));
		json_add_cstr(j, "why", buf_cstr(&g->why));
		json_add_bool(j, "kept", g->kept);
		json_add_time(j, "since", g->time_s);
		cli_json_end(g->cli);
	}
	if (g->answer == GATE_YES) {
		if (!g->cli->json)
			printf("yes: %s\n", why);
		return;
	}
	buf_printf(&line, "portreeve: gate: SHUT: %s\n", why);
	fputs(buf_cstr(&line), stderr);
	tell_first_process(g, buf_str(&line));
	buf_fini(&line);
}

static int pass_gate(struct cli *cli, const struct audit_options *options)
{
	struct gate_run g = { .cli = cli, .options = *options, .answer = GATE_BLIND };
	struct overheard said;
	buf_add_cstr(&g.why, "could not look: ");
	overhear(&said);
	int code = cli_settings(cli);
	stop_overhearing(&said, code != CLI_GO, &g.why);
	g.time_s = clock_now_s();
	facts_begin(&g.facts, &cli->arena);
	if (code == CLI_GO) {
		buf_clear(&g.why);
		/* What could not be read of the network is among the digest. */
		facts_look(&g.facts, TOOL_MS);
		audit_daemon_mark(&g.facts, NULL, &cli->arena);
		if (!answered_before(&g))
			decide(&g);
	}
	tell_answer(&g);
	buf_fini(&g.why);
	return g.answer == GATE_YES ? EX_OK : EXIT_SHUT;
}

int cli_gate(int argc, char **argv)
{
	struct audit_options asked = { 0 };
	struct cli_values sockets = { 0 };
	const struct cli_option options[] = {
		{ .name = "mta", .argument = "NAME", .value = &asked.mta,
		  .words = "postfix exim sendmail opensmtpd",
		  .help = "postfix, exim, sendmail or opensmtpd, where more are installed" },
		{ .name = "config", .argument = "DIR", .value = &asked.config,
		  .help = "another configuration of it: a directory, or its main file" },
		{ .name = "with-socket", .argument = "PATH", .values = &sockets,
		  .help = "let this socket of the machine into the room, as of a directory" },
	};
	const struct cli_spec spec = {
		.name = "gate",
		.synopsis = "[--mta NAME] [--config DIR] [--with-socket PATH]",
		.description =
		"For a container's entrypoint or health check, or before a service starts: may\n"
		"the mail server of this machine be reached by strangers? Yes (0) only if an\n"
		"audit says closed, or the configuration allows each row by name, or a witness\n"
		"from outside was seen by its own address. Else 1, and one line that says why;\n"
		"also where it could not look. An answer is kept until something changes.",
		.options = options, .option_count = sizeof(options) / sizeof(*options),
		.operands_min = 0, .operands_max = 0, .operands_expected = "nothing",
	};
	struct cli cli;
	int code = cli_begin(&cli, &spec, argc, argv);
	asked.sockets = &sockets;
	if (code == CLI_GO)
		code = pass_gate(&cli, &asked);
	return cli_end(&cli, code);
}
