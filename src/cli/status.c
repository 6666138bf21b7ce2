/* SPDX-License-Identifier: ISC
 *
 * `portreeve status`: what runs and how it stands, what is wrong first. It gathers the facts from
 * the supervisor's file, the store, the disk and the certificate; each that cannot be had is said
 * to be so, and the rest is shown. What is wrong is judged in settings/health.h.
 */
#include "cli/cli.h"
#include "cli/commands.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/tls.h"
#include "settings/health.h"
#include "settings/open.h"
#include "settings/state.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* As systemctl status(1) has it: 3 is "not running". */
enum { EXIT_WRONG = 1, EXIT_STOPPED = 3 };
enum { CERTIFICATE_BYTES_MAX = 1024 * 1024 };

/* ---- the facts ------------------------------------------------------------------------ */

/* Before root is given up: the file need not be readable by the roles' user. */
static void look_at_certificate(const struct cli *cli, struct health *h)
{
	const char *path = cli->settings.collector.certificate;
	struct buf text = { 0 };
	struct stat st;
	h->wants_certificate = path[0] && settings_has_role(&cli->settings, "collector");
	if (!h->wants_certificate)
		return;
	/* A FIFO would wait for its writer. */
	int e = stat(path, &st) != 0 ? file_err(errno) :
	        !S_ISREG(st.st_mode) ? ERR_INVALID : file_read(path, CERTIFICATE_BYTES_MAX, &text);
	if (e == ERR_OK)
		e = tls_certificate_end(buf_str(&text), &h->certificate_ends_s);
	if (e != ERR_OK)
		snprintf(h->why_certificate, sizeof(h->why_certificate), "%s: %s", path,
		         err_text(e));
	buf_fini(&text);
}

static void look_at_running(struct health *h)
{
	struct alive_id self;
	int e = running_read(&h->running);
	h->has_running = e == ERR_OK;
	if (e != ERR_OK) {
		str_copy(h->why_running, sizeof(h->why_running),
		         str_of(e == ERR_NOT_FOUND ? "" : err_text(e)));
		return;
	}
	struct alive_sight sight = alive_look(h->running.supervisor.pid);
	alive_self(&self);
	h->sight = running_look(&h->running, &self, &sight);
	for (size_t i = 0; h->sight == RUNNING_LIVES && i < h->running.count; i++) {
		int64_t pid = h->running.roles[i].pid;
		h->role_gone[i] = pid && alive_look(pid).what == ALIVE_GONE;
	}
}

static void look_at_store(struct cli *cli, struct health *h)
{
	struct buf message = { 0 };
	if (!settings_store_exists(&cli->settings))
		return;
	int e = settings_store_open_to_read(&cli->settings, &cli->store, &message);
	if (e == ERR_OK) {
		e = store_summary(cli->store, &cli->settings.store, h->now_s, &h->sum);
		if (e == ERR_OK)
			e = store_clock_look(cli->store, h->now_s, &h->clock);
		if (e != ERR_OK)
			buf_add_cstr(&message, store_message(cli->store));
	}
	h->has_store = e == ERR_OK;
	if (e != ERR_OK)
		str_copy(h->why_store, sizeof(h->why_store),
		         message.n ? buf_str(&message) : str_of(err_text(e)));
	buf_fini(&message);
}

static void look_at_disk(struct health *h)
{
	struct statvfs fs;
	if (statvfs(STATE_HERE, &fs) != 0)
		return;
	h->has_disk = true;
	h->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	h->size_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
	h->counts_files = fs.f_files > 0;
	h->free_files = fs.f_favail;
}

static int look(struct cli *cli, struct health *h)
{
	struct stat st;
	h->now_s = clock_now_s();
	int code = cli_settings(cli);
	if (code != CLI_GO)
		return code;
	look_at_certificate(cli, h);
	/* No state directory: nothing ever ran. */
	if (stat(cli->settings.general.state_directory, &st) != 0 && errno == ENOENT) {
		cli_note_own_list(cli);
		return CLI_GO;
	}
	code = cli_enter(cli, CLI_READ);
	if (code != CLI_GO)
		return code;
	look_at_running(h);
	look_at_store(cli, h);
	look_at_disk(h);
	h->now_boot_ms = clock_boot_ms();
	return CLI_GO;
}

/* ---- for people ------------------------------------------------------------------------ */

static void print_head(const struct health *h, enum health_state state, const struct buf *warnings)
{
	static const struct {
		const char *text;
		enum cli_colour colour;
	} heads[] = {
		[HEALTH_WELL] = { "all is well", CLI_GREEN },
		[HEALTH_WRONG] = { "something is wrong", CLI_RED },
		[HEALTH_STOPPED] = { "not running", CLI_YELLOW },
	};
	struct str rest = buf_str(warnings), line;
	printf("%s%s%s", cli_colour(heads[state].colour), heads[state].text,
	       cli_colour(CLI_PLAIN));
	if (state == HEALTH_STOPPED && h->has_running && h->running.stopping) {
		char when[CLI_TIME_MAX];
		printf(": it was stopped; it had run since %s",
		       cli_time(h->running.since_s, when));
	}
	printf("\n");
	while (str_token(&rest, "\n", &line))
		printf("  ! %.*s\n", STR_ARG(line));
	printf("\n");
}

/* "2026-11-21 21:09:19 (3 h)" */
static void print_since(int64_t time_s, int64_t now_s)
{
	char when[CLI_TIME_MAX];
	struct buf span = { 0 };
	health_span(now_s - time_s, &span);
	printf("%s (%s)", cli_time(time_s, when), buf_cstr(&span));
	buf_fini(&span);
}

static void print_role(struct cli *cli, const struct health *h, size_t i)
{
	const struct running_role *role = &h->running.roles[i];
	bool gone = h->role_gone[i] && role->state != RUNNING_WAITS;
	printf("  %-11s%s", cli_safe(cli, role->name),
	       gone ? "gone" : running_state_name(role->state));
	if (role->pid)
		printf(", pid %lld", (long long)role->pid);
	printf(", since ");
	print_since(role->since_s, h->now_s);
	if (role->restarts)
		printf(", %llu restart%s", (unsigned long long)role->restarts,
		       role->restarts == 1 ? "" : "s");
	if (role->end[0]) {
		char when[CLI_TIME_MAX];
		printf(", last end: %s at %s", cli_safe(cli, role->end),
		       cli_time(role->ended_s, when));
	}
	printf("\n");
}

static void print_running(struct cli *cli, const struct health *h)
{
	static const char *const reaches[] = {
		[RUNNING_REACH_UNKNOWN] = "not known; it is asked when there is something to test",
		[RUNNING_REACH_GOOD] = "it answers", [RUNNING_REACH_BAD] = "it does not answer",
	};
	struct running_word word;
	if (!health_runs(h))
		return;
	printf("supervisor   pid %lld, since ", (long long)h->running.supervisor.pid);
	print_since(h->running.since_s, h->now_s);
	printf("\n");
	for (size_t i = 0; i < h->running.count; i++)
		print_role(cli, h, i);
	health_word(h, &word);
	if (word.has_list)
		printf("DNS          serves %llu listed, serial %llu\n",
		       (unsigned long long)word.listed, (unsigned long long)word.serial);
	printf("collector    %s\n", reaches[word.reach]);
}

static void print_store(const struct health *h)
{
	const struct store_summary *sum = &h->sum;
	char when[CLI_TIME_MAX];
	if (!h->has_store) {
		printf("database     %s\n", h->why_store[0] ? "cannot be read"
		                                            : "there is none yet");
		return;
	}
	printf("list         %zu listed, %zu of them by the operator's word; ranges: %zu; %zu "
	       "withheld; serial %llu; last change %s\n", sum->listed, sum->by_operator,
	       sum->ranges, sum->withheld, (unsigned long long)sum->serial,
	       cli_time(sum->changed_s, when));
	printf("tests        %zu queued, %zu of them due; %zu running, %zu wait for returns",
	       sum->queued, sum->due, sum->running, sum->waiting);
	if (sum->oldest_s)
		printf("; the oldest queued one is of %s", cli_time(sum->oldest_s, when));
	putchar('\n');
	if (sum->evidence_over_s)
		printf("evidence     the next that may be removed: %s\n",
		       cli_time(sum->evidence_over_s, when));
	printf("clock        %s\n", clock_state_name(h->clock.state));
}

static void print_rest(const struct health *h)
{
	if (h->has_disk)
		printf("disk         %.1f GB free of %.1f GB\n", (double)h->free_bytes / 1e9,
		       (double)h->size_bytes / 1e9);
	if (h->certificate_ends_s) {
		char when[CLI_TIME_MAX];
		printf("certificate  ends %s\n", cli_time(h->certificate_ends_s, when));
	}
}

/* ---- for machines ------------------------------------------------------------------------ */

static void print_json(struct cli *cli, const struct health *h, enum health_state state,
                       const struct buf *warnings)
{
	struct json *j = cli_json_begin(cli);
	struct str rest = buf_str(warnings), line;
	json_add_cstr(j, "state", health_state_name(state));
	json_open_array(j, "warnings");
	while (str_token(&rest, "\n", &line))
		json_add_str(j, NULL, line);
	json_close(j);
	health_json(h, j);
	cli_json_end(cli);
}

static int status_show(struct cli *cli)
{
	static const int codes[] = {
		[HEALTH_WELL] = EX_OK, [HEALTH_WRONG] = EXIT_WRONG,
		[HEALTH_STOPPED] = EXIT_STOPPED,
	};
	struct health h = { 0 };
	struct buf warnings = { 0 };
	int code = look(cli, &h);
	if (code != CLI_GO)
		return code;
	enum health_state state = health_judge(&h, &warnings);
	if (cli->json) {
		print_json(cli, &h, state, &warnings);
	} else {
		print_head(&h, state, &warnings);
		print_running(cli, &h);
		print_store(&h);
		print_rest(&h);
	}
	buf_fini(&warnings);
	return codes[state];
}

int cli_status(int argc, char **argv)
{
	struct cli cli;
	const struct cli_spec spec = {
		.name = "status",
		.synopsis = "[--json]",
		.description =
		"Shows what runs and how it stands: what is wrong first, then the roles, the\n"
		"list, the tests that wait, the clock, the disk and the certificate. Exit: 0 all\n"
		"is well, 1 something is wrong, 3 not running.",
		.operands_min = 0, .operands_max = 0, .operands_expected = "no arguments",
	};
	int code = cli_begin(&cli, &spec, argc, argv);
	if (code == CLI_GO)
		code = status_show(&cli);
	return cli_end(&cli, code);
}
