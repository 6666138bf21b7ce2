/* SPDX-License-Identifier: ISC
 *
 * Words of a command line, of which those are kept that a table names.
 */
#include "audit/daemon.h"

#include "audit/unit.h"

#include <assert.h>

/* An option that is kept. */
static const struct option {
	enum mta mta;
	const char *start;
	enum { WHOLE, ATTACHED, ANY } argument;      /* ANY: attached, or the next word */
	enum { PASSED, CONFIG, LISTEN, TLS } meaning;
} options[] = {
	{ MTA_EXIM, "-C", ANY, CONFIG }, { MTA_EXIM, "-D", ATTACHED, PASSED },
	{ MTA_EXIM, "-oX", ANY, LISTEN }, { MTA_EXIM, "-tls-on-connect", WHOLE, TLS },
	{ MTA_SENDMAIL, "-C", ANY, CONFIG }, { MTA_SENDMAIL, "-O", ANY, PASSED },
	{ MTA_SENDMAIL, "-o", ANY, PASSED }, { MTA_SENDMAIL, "-M", ANY, PASSED },
	{ MTA_OPENSMTPD, "-f", ANY, CONFIG }, { MTA_OPENSMTPD, "-D", ANY, PASSED },
	{ MTA_POSTFIX, "-c", ANY, CONFIG },
};

/* Programs, as the first word of a command line ends; a title has none of these. */
static const struct { enum mta mta; const char *name; } programs[] = {
	{ MTA_EXIM, "exim4" }, { MTA_EXIM, "exim" }, { MTA_SENDMAIL, "sendmail" },
	{ MTA_SENDMAIL, "sendmail-mta" }, { MTA_OPENSMTPD, "smtpd" }, { MTA_POSTFIX, "master" },
};

static const struct option *option_of(enum mta mta, struct str word)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const struct option *o = &options[i];
		const struct str start = str_of(o->start);
		if (o->mta == mta && (o->argument == WHOLE ? str_eq(word, start)
		                                           : str_prefix(word, start)))
			return o;
	}
	return NULL;
}

/* Takes "-x value" as one: the program does so in both spellings. */
static void add(struct daemon_options *out, struct arena *a, const struct option *o,
                struct str word, struct str value)
{
	const char *text = arena_strdup(a, value);
	const size_t needed = o->meaning == PASSED || o->meaning == TLS ? 1 : 2;
	if (out->n + needed > DAEMON_WORDS_MAX) {
		out->unknown = "there are more of them than are taken over";
		return;
	}
	if (o->meaning == CONFIG)
		out->config = text;
	if (o->meaning == LISTEN)
		out->listen = text;
	out->tls_first = out->tls_first || o->meaning == TLS;
	if (o->mta == MTA_POSTFIX)
		return;
	if (needed == 2) {
		out->words[out->n++] = o->start;
		out->words[out->n++] = text;
	} else {
		out->words[out->n++] = o->argument == ANY
			? arena_printf(a, "%s%.*s", o->start, STR_ARG(value))
			: arena_strdup(a, word);
	}
	assert(out->n <= DAEMON_WORDS_MAX && !out->words[out->n]);
}

/* The next word; false at the end. */
typedef bool next_fn(struct str *rest, struct str *word);

static void take_words(enum mta mta, struct str rest, next_fn *next, struct arena *a,
                       struct daemon_options *out)
{
	struct str word, value;
	while (next(&rest, &word)) {
		const struct option *o = option_of(mta, word);
		if (!o)
			continue;
		value = str_from(word, strlen(o->start));
		if (o->argument == ANY && !value.n && !next(&rest, &value))
			return;
		add(out, a, o, word, value);
	}
}

/* Each ends with NUL, the last one, too. */
static bool next_string(struct str *rest, struct str *word)
{
	if (!rest->n)
		return false;
	const size_t end = str_find(*rest, '\0');
	*word = (struct str){ rest->p, end == SIZE_MAX ? rest->n : end };
	*rest = str_from(*rest, end == SIZE_MAX ? rest->n : end + 1);
	return true;
}

static bool is_program(enum mta mta, struct str word)
{
	for (size_t at; (at = str_find(word, '/')) != SIZE_MAX;)
		word = str_from(word, at + 1);
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (programs[i].mta == mta && str_eq(word, str_of(programs[i].name)))
			return true;
	return false;
}

bool daemon_of_process(enum mta mta, struct str command, struct str environment, struct arena *a,
                       struct daemon_options *out)
{
	struct str word;
	*out = (struct daemon_options){ .place = { "", 0, "" } };
	if (!next_string(&command, &word) || !is_program(mta, word))
		return false;
	while (mta == MTA_POSTFIX && next_string(&environment, &word))
		if (str_prefix(word, STR("MAIL_CONFIG=")) && word.n > 12)
			out->config = arena_strdup(a, str_from(word, 12));
	take_words(mta, command, next_string, a, out);
	return true;
}

/* A value that ends with a comma went on behind a space, which is not told from one between
 * words. */
bool daemon_of_pid_file(struct str text, unsigned pid, struct arena *a, struct daemon_options *out)
{
	struct str number, command, word;
	uint64_t n;
	*out = (struct daemon_options){ .place = { "", 0, "" } };
	if (!str_token(&text, "\n", &number) || !str_token(&text, "\n", &command) ||
	    str_u64(str_trim(number), UINT32_MAX, &n) != ERR_OK || n != pid ||
	    !str_word(&command, &word) || !is_program(MTA_SENDMAIL, word))
		return false;
	take_words(MTA_SENDMAIL, command, str_word, a, out);
	for (size_t i = 0; i < out->n; i++)
		if (str_casesuffix(str_of(out->words[i]), STR(",")))
			out->unknown = "an option has a space in it";
	return true;
}

const char *daemon_text(enum mta mta, const struct daemon_options *daemon, struct arena *a)
{
	struct str directory = str_of(daemon->config ? daemon->config : "");
	struct buf words = { 0 };
	while (directory.n > 1 && directory.p[directory.n - 1] == '/')
		directory.n--;
	if (mta == MTA_POSTFIX)
		return str_eq(directory, STR("/etc/postfix")) ? "" : arena_strdup(a, directory);
	for (size_t i = 0; i < daemon->n; i++)
		buf_printf(&words, "%s%s", i ? " " : "", daemon->words[i]);
	const char *text = arena_strdup(a, buf_str(&words));
	buf_fini(&words);
	return text;
}

void daemon_drop_config(struct daemon_options *daemon)
{
	size_t kept = 0;
	for (size_t i = 0; i < daemon->n; i++) {
		if (daemon->config && daemon->words[i + 1] == daemon->config) {
			i++;
			continue;
		}
		daemon->words[kept++] = daemon->words[i];
	}
	daemon->n = kept;
	daemon->words[kept] = daemon->config = NULL;
}

/* ---- the file by which it is started ---------------------------------------------- */

static const struct { enum mta mta; const char *file, *names[3]; } files_of[] = {
	{ MTA_EXIM, "/etc/default/exim4",
	  { "COMMONOPTIONS", "QUEUERUNNEROPTIONS", "SMTPLISTENEROPTIONS" } },
	{ MTA_SENDMAIL, "/etc/mail/sendmail.conf",
	  { "DAEMON_PARMS", "QUEUE_PARMS", "MISC_PARMS" } },
	{ MTA_OPENSMTPD, "/etc/default/opensmtpd", { "CONFIG" } },
};

/* Whether the daemon that listens gets it. Exim's runner of the queue may be one of its own, and so
 * may Sendmail's. */
static bool is_of_listener(enum mta mta, const struct shell_values *values, const char *name)
{
	const struct shell_value *mode =
		shell_value_of(values, mta == MTA_EXIM ? "QUEUERUNNER" : "SPLIT_DAEMON");
	if (mta == MTA_EXIM && !strcmp(name, "QUEUERUNNEROPTIONS"))
		return !mode || !strcmp(mode->text, "combined");
	if (mta == MTA_SENDMAIL && !strcmp(name, "QUEUE_PARMS"))
		return !mode || !strcmp(mode->text, "0");
	return true;
}

static void take_value(enum mta mta, const struct shell_value *v, struct arena *a,
                       struct daemon_options *out)
{
	/* The shell parts it at spaces; quotes within are bytes as others are. */
	if (mta == MTA_OPENSMTPD)
		add(out, a, option_of(mta, STR("-f")), STR("-f"), str_of(v->text));
	else
		take_words(mta, str_of(v->text), str_word, a, out);
	if (v->unknown)
		out->unknown = arena_printf(a, "%s hangs on what a command says", v->name);
}

/* The file that the script reads which starts it; what that does not set comes from outside. */
static void take_shell_file(enum mta mta, const struct audit_files *files,
                            const struct shell_values *outside, struct arena *a,
                            struct daemon_options *out)
{
	struct shell_values *values = arena_alloc(a, sizeof(*values));
	struct str text;
	for (size_t i = 0; i < sizeof(files_of) / sizeof(*files_of); i++) {
		if (files_of[i].mta != mta)
			continue;
		if (files->read(files->arg, files_of[i].file, a, &text) != ERR_OK)
			text = STR("");
		shell_values_read(text, a, values);
		for (size_t k = 0; k < 3 && files_of[i].names[k]; k++) {
			const struct shell_value *v = shell_value_of(values, files_of[i].names[k]);
			const size_t before = out->n;
			if (!v)
				v = shell_value_of(outside, files_of[i].names[k]);
			if (!v || !v->text[0] || !is_of_listener(mta, values, v->name))
				continue;
			take_value(mta, v, a, out);
			if (out->n > before)
				out->place = (struct audit_place){ files_of[i].file, v->line,
					arena_printf(a, "%s='%s'", v->name, v->text) };
		}
	}
}

/* ---- systemd --------------------------------------------------------------------- */

static const struct { enum mta mta; const char *units[3]; } units_of[] = {
	{ MTA_EXIM, { "exim4.service", "exim.service" } },
	{ MTA_SENDMAIL, { "sendmail.service" } },
	{ MTA_OPENSMTPD, { "opensmtpd.service", "smtpd.service" } },
};

/* A script that reads the file of before. */
static bool is_script(const char *program)
{
	return str_prefix(str_of(program), STR("/etc/init.d/")) ||
	       str_prefix(str_of(program), STR("/usr/share/sendmail/"));
}

static void take_unit(enum mta mta, const struct unit *unit, struct arena *a,
                      struct daemon_options *out)
{
	struct buf words = { 0 };
	for (size_t i = 1; i < unit->n; i++)
		buf_add(&words, unit->words[i], strlen(unit->words[i]) + 1);
	take_words(mta, buf_str(&words), next_string, a, out);
	out->place = unit->place;
	buf_fini(&words);
}

/* Where systemd does not run now, as in an image, the script may be what starts it. */
static bool is_of_systemd(const struct audit_files *files, struct arena *a)
{
	const char **names;
	size_t n;
	return files->list(files->arg, "/run/systemd/system", a, &names, &n) == ERR_OK;
}

bool daemon_of_files(enum mta mta, const struct audit_files *files, struct arena *a,
                     struct daemon_options *out)
{
	struct unit *unit = arena_alloc(a, sizeof(*unit));
	*unit = (struct unit){ .n = 0 };
	*out = (struct daemon_options){ .place = { "", 0, "" } };
	for (size_t i = 0; i < sizeof(units_of) / sizeof(*units_of); i++)
		if (units_of[i].mta == mta)
			unit_read(files, units_of[i].units, a, unit);
	take_shell_file(mta, files, &unit->environment, a, out);
	if (!unit->n || is_script(unit->words[0]))
		return out->n > 0 || out->unknown;
	const struct daemon_options by_script = *out;
	*out = (struct daemon_options){ .place = unit->place };
	if (is_program(mta, str_of(unit->words[0])))
		take_unit(mta, unit, a, out);
	else
		out->unknown = arena_printf(a, "%s starts it by %s", unit->place.file,
		                            unit->words[0]);
	if (unit->unknown)
		out->unknown = arena_printf(a, "%s has what is known to systemd alone",
		                            unit->place.file);
	if (by_script.n && !is_of_systemd(files, a) &&
	    strcmp(daemon_text(mta, &by_script, a), daemon_text(mta, out, a)))
		out->unknown = arena_printf(a, "%s and %s differ: which of them starts it?",
		                            unit->place.file, by_script.place.file);
	return out->n > 0 || out->unknown;
}
