/* SPDX-License-Identifier: ISC
 *
 * How a fix is written: for Postfix as one command to paste, by postconf(1), for the others as the
 * lines that go into a file and the command behind them; and the catalogue's fix for a cause.
 */
#include "audit/findings-private.h"

#include <assert.h>

/* ---- where ---------------------------------------------------------------------- */

/* In a container nothing lasts but what it is made of. */
static void say_container(struct findings *fs, struct finding_draft *d)
{
	const enum facts_container in = fs->known->ground->facts->container;
	const char *line = "# And in the image or the settings of the container, or the next one "
	                   "is as before:";
	if (fs->report->container && fs->report->container[0])
		line = arena_printf(fs->a, "# Inside of %s; and in its image or settings, or the "
		                    "next one is as before:", fs->report->container);
	else if (in == FACTS_NO_CONTAINER || in == FACTS_LXC)
		return;
	for (size_t i = 0; i < d->fix_n; i++)
		if (!strcmp(d->fix[i], line))
			return;
	finding_fix(fs, d, "%s", line);
}

void finding_fix_place(struct findings *fs, struct finding_draft *d,
                       const struct audit_place *place)
{
	say_container(fs, d);
	if (place->file[0] && place->line)
		finding_fix(fs, d, "# In %s, in place of line %u:", place->file, place->line);
	else if (place->file[0])
		finding_fix(fs, d, "# In %s:", place->file);
}

/* ---- Postfix: commands ------------------------------------------------------------ */

/* For a shell. What a file says stands between single quotes. */
static const char *quoted(struct findings *fs, const char *text)
{
	struct buf b = { 0 };
	buf_add_byte(&b, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_add_cstr(&b, "'\\''");
		else
			buf_add_byte(&b, *text);
	buf_add_byte(&b, '\'');
	const char *word = arena_strdup(fs->a, buf_str(&b));
	buf_fini(&b);
	return word;
}

/* The directory of main.cf, as a shell has it; "/etc/postfix" if no file is known. */
static struct str directory_of(const struct findings *fs)
{
	const struct audit_reading *r = fs->reading;
	for (size_t i = 0; i < r->port_n; i++) {
		const char *name = r->ports[i].place.file;
		const struct str file = str_of(name ? name : "");
		if (str_casesuffix(file, STR("/master.cf")))
			return (struct str){ file.p, file.n - strlen("/master.cf") };
	}
	return STR("/etc/postfix");
}

/* " -c DIR" for an instance that is not the usual one, and for an image; "". */
static const char *option_of(struct findings *fs)
{
	const struct str directory = directory_of(fs);
	const char *root = fs->report->root ? fs->report->root : "";
	if (!root[0] && str_eq(directory, STR("/etc/postfix")))
		return "";
	const char *whole = arena_printf(fs->a, "%s%.*s", root, STR_ARG(directory));
	return arena_printf(fs->a, " -c %s", finding_is_plain(str_of(whole)) ? whole
	                                                                      : quoted(fs, whole));
}

const char *finding_postconf(struct findings *fs)
{
	return arena_printf(fs->a, "postconf%s", option_of(fs));
}

static bool is_command(const struct finding_draft *d)
{
	const struct str last = str_of(d->fix_n ? d->fix[d->fix_n - 1] : "");
	return str_prefix(last, STR("postconf ")) || str_prefix(last, STR("postmap "));
}

static const char *reload_of(struct findings *fs)
{
	return arena_printf(fs->a, "postfix%s reload", option_of(fs));
}

/* Behind the command before it, as one: taken over at the end. */
void finding_fix_command(struct findings *fs, struct finding_draft *d, const char *command)
{
	if (!is_command(d)) {
		say_container(fs, d);
		finding_fix(fs, d, "%s", command);
		return;
	}
	const char *edit = arena_printf(fs->a, "%s -e ", finding_postconf(fs));
	const struct str before = str_of(d->fix[d->fix_n - 1]);
	const struct str reload = str_of(arena_printf(fs->a, " && %s", reload_of(fs)));
	const bool taken_over = str_casesuffix(before, reload);
	const struct str kept = { before.p, before.n - (taken_over ? reload.n : 0) };
	if (str_search(before, str_of(command)) != SIZE_MAX)
		return;
	d->fix_n--;
	if (str_prefix(str_of(command), str_of(edit)) && str_prefix(kept, str_of(edit))
	    && str_search(kept, STR(" && ")) == SIZE_MAX)
		finding_fix(fs, d, "%.*s %s", STR_ARG(kept), command + strlen(edit));
	else
		finding_fix(fs, d, "%.*s && %s", STR_ARG(kept), command);
}

/* "smtp/inet", of the line of master.cf in which the setting stands. */
static const char *entry_of(struct findings *fs, const struct audit_setting *s)
{
	struct str rest = str_of(s->place.text), name, type = STR("inet");
	if (str_word(&rest, &name))
		str_word(&rest, &type);
	return arena_printf(fs->a, "%s/%.*s", s->service, STR_ARG(type));
}

/* Lists part by commas as well: postconf -P takes no spaces. NULL: within braces they must stay. */
static const char *unspaced(struct findings *fs, const char *value)
{
	struct buf b = { 0 };
	struct str rest = str_of(value), word;
	if (strpbrk(value, "{}"))
		return strpbrk(value, " \t") ? NULL : value;
	while (str_token(&rest, ", \t", &word))
		buf_printf(&b, "%s%.*s", b.n ? "," : "", STR_ARG(word));
	const char *text = arena_strdup(fs->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

/* A name for the value in main.cf, to which the service then refers. */
static const char *name_of_own(struct findings *fs, const char *service, const char *name)
{
	char *own = arena_printf(fs->a, "%s_of_%s", name, service);
	for (char *c = own; *c; c++)
		if (!ascii_isalnum((unsigned char)*c))
			*c = '_';
	return own;
}

const char *finding_postfix_command(struct findings *fs, const char *service, const char *name,
                                    const char *value)
{
	const struct audit_setting *s = finding_set(fs, service, name);
	const char *postconf = finding_postconf(fs);
	if (!s || !s->service || !s->service[0])
		return arena_printf(fs->a, "%s -e %s", postconf, quoted(fs, arena_printf(
			fs->a, "%s =%s%s", name, value[0] ? " " : "", value)));
	const char *entry = entry_of(fs, s), *flat = unspaced(fs, value);
	if (flat)
		return arena_printf(fs->a, "%s -P %s", postconf, quoted(fs, arena_printf(
			fs->a, "%s/%s=%s", entry, name, flat)));
	const char *own = name_of_own(fs, s->service, name);
	return arena_printf(fs->a, "%s -e %s && %s -P %s", postconf,
	                    quoted(fs, arena_printf(fs->a, "%s = %s", own, value)), postconf,
	                    quoted(fs, arena_printf(fs->a, "%s/%s=$%s", entry, name, own)));
}

void finding_fix_postfix(struct findings *fs, struct finding_draft *d, const char *service,
                         const char *name, const char *value)
{
	finding_fix_command(fs, d, finding_postfix_command(fs, service, name, value));
}

const char *finding_unexpanded(struct findings *fs, const char *value)
{
	struct buf b = { 0 };
	for (; *value; value++)
		buf_add_cstr(&b, *value == '$' ? "$$" : (char[]){ *value, '\0' });
	const char *text = arena_strdup(fs->a, buf_str(&b));
	buf_fini(&b);
	return text;
}

/* ---- taking it over --------------------------------------------------------------- */

bool finding_is_debian_exim(const struct findings *fs)
{
	for (size_t i = 0; i < fs->reading->setting_n; i++)
		if (str_casesuffix(str_of(fs->reading->settings[i].place.file),
		                   STR("/update-exim4.conf.conf")))
			return true;
	return false;
}

void finding_fix_reload(struct findings *fs, struct finding_draft *d)
{
	if (fs->report->mta == MTA_POSTFIX) {
		if (!fs->report->root || !fs->report->root[0])
			finding_fix_command(fs, d, reload_of(fs));
		return;
	}
	finding_fix(fs, d, "# Then:");
	switch (fs->report->mta) {
	case MTA_EXIM:
		finding_fix(fs, d, finding_is_debian_exim(fs)
		            ? "update-exim4.conf && systemctl restart exim4"
		            : "exim4 -bV && systemctl restart exim4");
		return;
	case MTA_SENDMAIL:
		finding_fix(fs, d, "systemctl restart sendmail");
		return;
	case MTA_OPENSMTPD:
		finding_fix(fs, d, "smtpd -n && systemctl restart opensmtpd");
		return;
	default:
		return;
	}
}

const char *finding_macro_file(const struct findings *fs)
{
	for (size_t i = 0; i < fs->reading->setting_n; i++)
		if (str_casesuffix(str_of(fs->reading->settings[i].place.file), STR(".mc")))
			return fs->reading->settings[i].place.file;
	return "/etc/mail/sendmail.mc";
}

void finding_fix_remake(struct findings *fs, struct finding_draft *d, const char *mc)
{
	const struct str file = str_of(mc);
	if (d->fix_n && !str_prefix(str_of(d->fix[d->fix_n - 1]), STR("# ")))
		finding_fix(fs, d, "# Then:");
	if (!str_eq(file, STR("/etc/mail/sendmail.mc")) && finding_is_plain(file)
	    && str_casesuffix(file, STR(".mc")))
		finding_fix(fs, d, "m4 %s > %.*scf && systemctl restart sendmail", mc,
		            (int)(file.n - 2), mc);
	else
		finding_fix(fs, d, "sendmailconfig");
}

/* ---- the catalogue ------------------------------------------------------------- */

static const struct cause_words *words_of(const struct findings *fs, const struct finding_draft *d)
{
	const struct cause *cause = cause_by_id(str_of(d->cause));
	return cause ? cause_words_of(cause, fs->report->mta) : NULL;
}

/* A parameter of the catalogue's, and the services that have it otherwise. */
static void fix_everywhere(struct findings *fs, struct finding_draft *d, struct str line)
{
	const size_t equals = str_find(line, '=');
	const char *name = arena_strdup(fs->a, str_trim((struct str){ line.p, equals }));
	const char *value = arena_strdup(fs->a, str_trim(str_from(line, equals + 1)));
	finding_fix_postfix(fs, d, "", name, value);
	for (size_t i = 0; i < fs->reading->setting_n; i++) {
		const struct audit_setting *s = &fs->reading->settings[i];
		const struct audit_setting *own = s->service && s->service[0]
			&& !strcmp(s->name, name) ? finding_set(fs, s->service, name) : NULL;
		if (own && own->service && own->service[0] && strcmp(own->value, value) != 0)
			finding_fix_postfix(fs, d, s->service, name, value);
	}
}

static void fix_by_commands(struct findings *fs, struct finding_draft *d, const char *lines)
{
	struct str rest = str_of(lines), line;
	struct buf b = { 0 };
	while (str_token(&rest, "\n", &line)) {
		const bool first = !ascii_isspace(line.p[0]);
		if (first && b.n)
			fix_everywhere(fs, d, buf_str(&b));
		if (first)
			buf_clear(&b);
		buf_printf(&b, "%s%.*s", b.n ? " " : "", STR_ARG(str_trim(line)));
	}
	if (b.n)
		fix_everywhere(fs, d, buf_str(&b));
	buf_fini(&b);
	finding_fix_reload(fs, d);
}

/* The setting whose line the catalogue's has in mind: "name = value", "dnl NAME(`x')dnl",
 * "dnl FEATURE(`name')dnl"; NULL: it is not set in a file. */
static const struct audit_setting *meant(const struct findings *fs, struct str line)
{
	struct str rest = line, name, arg;
	const bool macro = fs->report->mta == MTA_SENDMAIL && str_prefix(line, STR("dnl "));
	if (macro)
		rest = str_from(rest, 4);
	if (!str_token(&rest, macro ? "(" : " =", &name))
		return NULL;
	if (str_eq(name, STR("hostlist")) && !str_word(&rest, &name))
		return NULL;
	if (macro && str_eq(name, STR("FEATURE")) && str_token(&rest, "`'", &arg))
		name = arg;
	for (size_t i = 0; i < fs->reading->setting_n; i++) {
		const struct audit_setting *s = &fs->reading->settings[i];
		if (str_eq(name, str_of(s->name)) && s->place.line
		    && (!macro || str_casesuffix(str_of(s->place.file), STR(".mc"))))
			return s;
	}
	return NULL;
}

/* Where each of the lines stands for one that is there. */
static bool fix_in_place(struct findings *fs, struct finding_draft *d, const struct cause_words *w)
{
	const bool exim = fs->report->mta == MTA_EXIM;
	struct str rest = str_of(w->fix && w->file ? w->fix : ""), line;
	const char *file = "";
	if (!rest.n || (!exim && fs->report->mta != MTA_SENDMAIL))
		return false;
	for (struct str all = rest; str_token(&all, "\n", &line);)
		if (!meant(fs, line) || (exim && finding_is_debian_exim(fs)))
			return false;
	while (str_token(&rest, "\n", &line)) {
		const struct audit_setting *s = meant(fs, line);
		file = s->place.file;
		finding_fix_place(fs, d, &s->place);
		if (exim)
			finding_fix(fs, d, "%.*s", STR_ARG(line));
		else
			finding_fix(fs, d, "dnl %s", s->place.text);
	}
	if (exim)
		finding_fix_reload(fs, d);
	else
		finding_fix_remake(fs, d, file);
	return true;
}

/* Debian's own Exim has no such file: its parts have the same lines. */
static const char *file_of(struct findings *fs, const char *file)
{
	static const struct str usual = { "/etc/exim4/exim4.conf", 21 };
	if (fs->report->mta != MTA_EXIM || !finding_is_debian_exim(fs)
	    || !str_prefix(str_of(file), usual))
		return file;
	return arena_printf(fs->a, "/etc/exim4/exim4.conf.template (split: the files of "
	                    "/etc/exim4/conf.d)%s", file + usual.n);
}

static void fix_by_lines(struct findings *fs, struct finding_draft *d, const struct cause_words *w)
{
	struct str rest = str_of(w->fix ? w->fix : ""), line;
	if (w->fix && w->file) {
		const bool main = fs->report->mta == MTA_EXIM && !strchr(w->file, ',')
		                  && str_find(rest, '=') != SIZE_MAX;
		say_container(fs, d);
		finding_fix(fs, d, "# In %s%s:", file_of(fs, w->file),
		            main ? ", above its first \"begin\"" : "");
	}
	while (str_token(&rest, "\n", &line))
		finding_fix(fs, d, "%.*s", STR_ARG(line));
}

void finding_catalogue_check(struct findings *fs, struct finding_draft *d,
                             const struct cause_words *w)
{
	const char *done = "postfix reload; ";           /* by the command of the fix */
	if (w->check)
		finding_check(fs, d, "%s", w->check + (str_prefix(str_of(w->check), str_of(done))
		                                       ? strlen(done) : 0));
}

void finding_catalogue_fix(struct findings *fs, struct finding_draft *d)
{
	const struct cause_words *w = words_of(fs, d);
	const struct cause *cause = cause_by_id(str_of(d->cause));
	if (cause && cause->remedy)
		finding_fix(fs, d, "# %s", cause->remedy);
	if (!w || !w->parameter)
		return;
	if (fs->report->mta == MTA_POSTFIX && w->fix && w->file)
		fix_by_commands(fs, d, w->fix);
	else if (!fix_in_place(fs, d, w))
		fix_by_lines(fs, d, w);
	finding_catalogue_check(fs, d, w);
}

void finding_catalogue_lines(struct findings *fs, struct finding_draft *d, const char *service)
{
	const struct cause_words *w = words_of(fs, d);
	struct str rest = str_of(w && w->parameter ? w->parameter : ""), word;
	while (str_token(&rest, " ,;()", &word)) {
		char name[64];
		if (str_copy(name, sizeof(name), word))
			finding_setting(d, finding_set(fs, service, name));
	}
}
