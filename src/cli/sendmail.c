/* SPDX-License-Identifier: ISC
 *
 * portreeve sendmail: the command by which programs of this machine send mail, with the options of
 * the old /usr/sbin/sendmail. A message on the standard input is handed to the gateway by its unix
 * socket, where the kernel says whose it is. Called by the name of "sendmail", "mailq" or
 * "newaliases" it is that program.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/sendmail-through.h"
#include "cli/submission.h"
#include "settings/assembly-gateway.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char description[] =
	"Hands a message from the standard input to the gateway of this machine, for\n"
	"programs that send mail by /usr/sbin/sendmail. Its options:\n\n"
	"  -t                         to those in To, Cc and Bcc as well\n"
	"  -i                         a line with a dot alone does not end the message\n"
	"  -f ADDRESS                 the envelope's sender (default: user@gateway)\n"
	"  -F NAME                    the name in a From that is missing\n"
	"  -N WHEN                    notices: never, or some of success,failure,delay\n"
	"  -R WHAT                    what a notice returns: full or hdrs\n"
	"  -V ID                      an id for the notices\n"
	"  -bs                        SMTP on standard input and output\n"
	"  -bp                        the queue, as \"portreeve queue list\" shows it\n"
	"  -v                         the dialogue is shown";

static const char synopsis[] =
	"[-t] [-i] [-f ADDRESS] [-F NAME] [-N WHEN] [-R WHAT] [-V ID] [-v] [RECIPIENT…]\n"
	"-bs\n"
	"-bp";

struct sendmail {
	struct cli cli;
	char *config, *state;
	const char *socket, *sender, *name;
	bool from_header, no_dot, verbose, through, show_queue, nothing_to_do;
	unsigned notify;
	enum smtp_return ret;
	char *path;                   /* of the gateway's socket */
	char *user;
	struct buf full_name, envid_text;
};

/* ---- options ------------------------------------------------------------------------------ */

/* As Postfix and Sendmail take them: those with ":" have an argument. What is of no use here is
 * taken and ignored, so that programs that know the old one go on. */
static const char letters[] = "+:A:B:C:F:GIL:N:O:R:UV:X:b:cd::e:f:h:imno:p::q::r:stv";
/* By its own name -c is the configuration, as of each command. */
static const char own_letters[] = "+:A:B:C:F:GIL:N:O:R:UV:X:b:c:d::e:f:h:imno:p::q::r:stv";

static int take_notify(struct sendmail *s, const char *value)
{
	static const struct { const char *name; unsigned bit; } words[] = {
		{ "never", SMTP_NOTIFY_NEVER }, { "success", SMTP_NOTIFY_SUCCESS },
		{ "failure", SMTP_NOTIFY_FAILURE }, { "delay", SMTP_NOTIFY_DELAY },
	};
	struct str rest = str_of(value), word;
	s->notify = 0;
	while (str_token(&rest, ",", &word)) {
		unsigned bit = 0;
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (str_caseeq(word, str_of(words[i].name)))
				bit = words[i].bit;
		s->notify |= bit;
		if (!bit)
			s->notify = 0;
		if (!bit)
			break;
	}
	if (s->notify == 0 || ((s->notify & SMTP_NOTIFY_NEVER) && s->notify != SMTP_NOTIFY_NEVER))
		return cli_bad_value(&s->cli, value, "never, or some of success,failure,delay");
	return CLI_GO;
}

static int take_return(struct sendmail *s, const char *value)
{
	const struct str word = str_of(value);
	s->ret = str_caseeq(word, STR("full")) ? SMTP_RETURN_FULL
	       : str_caseeq(word, STR("hdrs")) ? SMTP_RETURN_HEADERS : SMTP_RETURN_UNSAID;
	return s->ret ? CLI_GO : cli_bad_value(&s->cli, value, "full or hdrs");
}

static int take_envid(struct sendmail *s, const char *value)
{
	enum { ENVID_MAX = 100 };             /* RFC 3461 4.4 */
	const struct str id = str_of(value);
	bool printable = id.n > 0;
	for (size_t i = 0; i < id.n; i++)
		printable &= ascii_isprint((unsigned char)id.p[i]);
	buf_clear(&s->envid_text);
	smtp_xtext_encode(id, &s->envid_text);
	if (!printable || s->envid_text.n > ENVID_MAX)
		return cli_bad_value(&s->cli, value, "an id of 1 to 100 printable characters");
	return CLI_GO;
}

/* -bm, -bs, …: what it is to be. */
static int take_mode(struct sendmail *s, const char *mode)
{
	if (strcmp(mode, "s") == 0)
		s->through = true;
	else if (strcmp(mode, "p") == 0)
		s->show_queue = true;
	else if (strcmp(mode, "i") == 0 || strcmp(mode, "h") == 0 || strcmp(mode, "H") == 0)
		s->nothing_to_do = true;
	else if (strcmp(mode, "d") == 0 || strcmp(mode, "D") == 0 || strcmp(mode, "l") == 0)
		return cli_fail(&s->cli, EX_USAGE, "-b%s: expected no server to be started here; "
		                "the gateway is a role of \"portreeve run\"", mode);
	else if (strcmp(mode, "v") == 0)
		return cli_fail(&s->cli, EX_USAGE, "-bv: expected a message to be sent: what "
		                "becomes of an address is told by \"portreeve user list\"");
	else if (strcmp(mode, "m") != 0)
		return cli_bad_value(&s->cli, mode, "-bm, -bs or -bp");
	return CLI_GO;
}

/* -oi and -O…: the old program's settings; one of them counts. */
static void take_setting(struct sendmail *s, const char *setting)
{
	if (strcmp(setting, "i") == 0 || strncmp(setting, "IgnoreDots", 10) == 0)
		s->no_dot = true;
}

static int take_letter(struct sendmail *s, int letter)
{
	switch (letter) {
	case 't': s->from_header = true; break;
	case 'i': s->no_dot = true; break;
	case 'v': s->verbose = true; break;
	case 'f': case 'r': s->sender = optarg; break;
	case 'F': s->name = optarg; break;
	case 'C': case 'c': s->config = optarg ? optarg : s->config; break;
	case 'I': s->nothing_to_do = true; break;
	case 'o': case 'O': take_setting(s, optarg); break;
	case 'N': return take_notify(s, optarg);
	case 'R': return take_return(s, optarg);
	case 'V': return take_envid(s, optarg);
	case 'b': return take_mode(s, optarg);
	case 'q':
		return cli_fail(&s->cli, EX_USAGE, "-q: expected a message; what waits is tried at "
		                "once by \"portreeve queue flush\"");
	default: break;
	}
	return CLI_GO;
}

/* What getopt(3) could not take: a letter, or the word before where it stands now. */
static int not_taken(struct sendmail *s, char **argv, bool lacks_argument)
{
	const bool is_letter = optopt > 0 && optopt < 256;
	const char letter[] = { '-', (char)optopt, '\0' };
	const char *option = is_letter ? letter : argv[optind - 1];
	if (lacks_argument)
		return cli_fail(&s->cli, EX_USAGE, "%s: expected an argument after it", option);
	return cli_bad_value(&s->cli, option, "an option of this command; see --help");
}

static int take_options(struct sendmail *s, int argc, char **argv, bool own_name)
{
	enum { STATE = 256, SOCKET, JSON };
	static const struct option longs[] = {
		{ "state", required_argument, NULL, STATE },
		{ "socket", required_argument, NULL, SOCKET },
		{ "json", no_argument, NULL, JSON }, { 0 },
	};
	int letter, code = CLI_GO;
	opterr = 0;
	while (code == CLI_GO && (letter = getopt_long(argc, argv, own_name ? own_letters : letters,
	                                               longs, NULL)) != -1) {
		if (letter == STATE)
			s->state = optarg;
		else if (letter == SOCKET)
			s->socket = optarg;
		else if (letter == '?' || letter == ':')
			code = not_taken(s, argv, letter == ':');
		else if (letter != JSON)
			code = take_letter(s, letter);
	}
	return code;
}

/* ---- where the gateway is ----------------------------------------------------------------- */

/* A user who may not read the configuration, or has none, finds the socket at the place that the
 * package gives it. */
#define COMMON_SOCKET GATEWAY_RUN "/" GATEWAY_LOCAL_NAME

static char *socket_of(const struct settings *settings)
{
	bool inside;
	if (settings->general.state_is_callers && !settings->gateway.local_socket[0])
		return mem_strdup(COMMON_SOCKET);
	return assembly_gateway_local_path(settings, &inside);
}

static int find_socket(struct sendmail *s)
{
	struct buf message = { 0 };
	struct settings settings;
	int code = CLI_GO;
	if (s->socket) {
		s->path = mem_strdup(s->socket);
		return CLI_GO;
	}
	const bool readable = s->config || access(SETTINGS_FILE, R_OK) == 0 || errno != EACCES;
	if (!readable) {
		s->path = mem_strdup(COMMON_SOCKET);
		return CLI_GO;
	}
	/* That of a service that calls us is its own (systemd.exec(5)). */
	unsetenv("STATE_DIRECTORY");
	const int e = settings_load(&settings, s->config, s->state, &message);
	if (e != ERR_OK) {
		code = cli_fail(&s->cli, EX_CONFIG, "%s", buf_cstr(&message));
	} else {
		s->path = socket_of(&settings);
		settings_fini(&settings);
	}
	buf_fini(&message);
	if (code == CLI_GO && !s->path)
		return cli_fail(&s->cli, EX_UNAVAILABLE, "gateway.local_socket: expected a socket, "
		                "found \"none\"");
	return code;
}

/* What keeps a program from the socket is told by name, as a connection would not tell it. */
static int look_at_socket(const struct sendmail *s)
{
	if (access(s->path, W_OK) == 0)
		return CLI_GO;
	if (errno == EACCES || errno == EPERM)
		return cli_fail(&s->cli, EX_NOPERM, "%s: expected the right to write to it",
		                s->path);
	return cli_fail(&s->cli, EX_TEMPFAIL, "%s: expected the gateway's socket: %s; does the "
	                "role gateway run?", s->path, strerror(errno));
}

/* ---- a message ---------------------------------------------------------------------------- */

static void know_user(struct sendmail *s)
{
	const struct passwd *pw = getpwuid(getuid());
	s->user = pw && pw->pw_name[0] ? mem_strdup(pw->pw_name)
	                               : mem_printf("uid%u", (unsigned)getuid());
	if (s->name) {
		buf_add_cstr(&s->full_name, s->name);
	} else if (pw && pw->pw_gecos) {
		const struct str gecos = str_of(pw->pw_gecos);
		const size_t comma = str_find(gecos, ',');
		buf_add_str(&s->full_name, (struct str){ gecos.p, comma == SIZE_MAX ? gecos.n
		                                                                    : comma });
	}
}

static int read_message(const struct sendmail *s, struct letter_input *in)
{
	char piece[65536];
	ssize_t n;
	in->no_dot = s->no_dot;
	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno != EINTR)
			return cli_fail(&s->cli, EX_IOERR, "standard input: %s", strerror(errno));
		if (n > 0 && !letter_take(in, (struct str){ piece, (size_t)n }))
			break;
	}
	letter_finish(in);
	if (in->too_long)
		return cli_fail(&s->cli, EX_DATAERR, "standard input: expected a message of at "
		                "most 128 MiB");
	return CLI_GO;
}

static void trace(const char *arrow, struct str line)
{
	printf("%s %.*s\n", arrow, STR_ARG(line));
}

static void tell(const struct sendmail *s, struct str why)
{
	struct str line;
	while (str_token(&why, "\n", &line))
		cli_note(&s->cli, "%.*s", STR_ARG(line));
}

static int send_message(struct sendmail *s, char **to, size_t to_count)
{
	struct letter_input in = { 0 };
	struct buf why = { 0 };
	char helo[256] = "";
	if (gethostname(helo, sizeof(helo) - 1) != 0 || !helo[0] || !str_is_ascii(str_of(helo)))
		memcpy(helo, "localhost", sizeof("localhost"));
	know_user(s);
	int code = read_message(s, &in);
	const struct submission job = {
		.path = s->path, .helo = helo, .text = buf_str(&in.text),
		.sender = s->sender ? s->sender : s->user, .user = s->user,
		.name = buf_cstr(&s->full_name), .to = (const char *const *)to,
		.to_count = to_count, .from_header = s->from_header, .notify = s->notify,
		.ret = s->ret, .envid = buf_str(&s->envid_text), .now_s = clock_now_s(),
		.trace = s->verbose ? trace : NULL,
	};
	if (code == CLI_GO) {
		code = submission_send(&job, &why);
		tell(s, buf_str(&why));
	}
	buf_fini(&in.text);
	buf_fini(&why);
	return code;
}

/* ---- the command -------------------------------------------------------------------------- */

/* As "portreeve queue list" does. */
static int show_queue(const struct sendmail *s)
{
	static char queue[] = "queue", list[] = "list", c[] = "-c", state[] = "--state";
	char *words[8] = { queue, list };
	int n = 2;
	if (s->config) {
		words[n++] = c;
		words[n++] = s->config;
	}
	if (s->state) {
		words[n++] = state;
		words[n++] = s->state;
	}
	return cli_queue(n, words);
}

static int run(struct sendmail *s, char **to, size_t to_count)
{
	if (s->nothing_to_do)
		return EX_OK;
	if (s->show_queue)
		return show_queue(s);
	int code = find_socket(s);
	if (code == CLI_GO)
		code = look_at_socket(s);
	if (code != CLI_GO)
		return code;
	if (!s->through)
		return send_message(s, to, to_count);
	const int e = sendmail_through(s->path);
	return e == ERR_OK ? EX_OK : cli_fail(&s->cli, EX_TEMPFAIL, "%s: expected the gateway to "
	                                      "answer: %s", s->path, strerror(errno));
}

/* Help, completion and the beginning of each command are cli_begin()'s; it knows no old options. */
static int begin(struct sendmail *s, int argc, char **argv)
{
	const struct cli_option options[] = {
		{ .name = "socket", .argument = "PATH", .value = &s->socket,
		  .help = "the gateway's socket (default: as gateway.local_socket says)" },
	};
	const struct cli_spec spec = {
		.name = "sendmail", .synopsis = synopsis, .description = description,
		.options = options, .option_count = 1, .operands_max = CLI_OPERANDS_MAX,
	};
	static char name[] = "sendmail";
	char *alone[] = { name, NULL };
	const bool asks = argc > 1 && (strcmp(argv[1], "--complete") == 0 ||
	                               strcmp(argv[1], "--help") == 0);
	return cli_begin(&s->cli, &spec, asks ? argc : 1, asks ? argv : alone);
}

static int sendmail(struct sendmail s, int argc, char **argv, bool own_name)
{
	int code = begin(&s, argc, argv);
	if (code == CLI_GO)
		code = take_options(&s, argc, argv, own_name);
	if (code == CLI_GO)
		code = run(&s, argv + optind, (size_t)(argc - optind));
	free(s.path);
	free(s.user);
	buf_fini(&s.full_name);
	buf_fini(&s.envid_text);
	return cli_end(&s.cli, code);
}

int cli_sendmail(int argc, char **argv)
{
	return sendmail((struct sendmail){ 0 }, argc, argv, true);
}

int cli_as_sendmail(int argc, char **argv)
{
	return sendmail((struct sendmail){ 0 }, argc, argv, false);
}

int cli_as_mailq(int argc, char **argv)
{
	return sendmail((struct sendmail){ .show_queue = true }, argc, argv, false);
}

/* There is no file of aliases to be read anew. */
int cli_as_newaliases(int argc, char **argv)
{
	return sendmail((struct sendmail){ .nothing_to_do = true }, argc, argv, false);
}
