/* SPDX-License-Identifier: ISC
 *
 * A main file that is there, read or not, is a configuration; Postfix's first one names the
 * directories of its instances (postconf(5), multi_instance_directories), and Debian's Exim is a
 * directory of parts.
 */
#include "audit/installed.h"

#include "audit/config-private.h"

#include <assert.h>

struct finding_all {
	const struct audit_files *files;
	struct arena *a;
	struct audit_found *found;
	size_t n;
	bool all;
};

/* Also if it may not be read, is too long to be, or its disk does not answer. */
static bool is_file(const struct audit_files *files, const char *name)
{
	struct arena scratch = { 0 };
	struct str text;
	const int err = files->read(files->arg, name, &scratch, &text);
	arena_fini(&scratch);
	return err == ERR_OK || err == ERR_LIMIT || err == ERR_DENIED || err == ERR_TIMEOUT;
}

static bool has_program(const struct audit_files *files, enum mta mta)
{
	const char *const *programs = config_places_of(mta)->programs;
	for (size_t i = 0; programs[i]; i++)
		if (is_file(files, programs[i]))
			return true;
	return false;
}

static struct audit_found *found_add(struct finding_all *f, enum mta mta, const char *directory,
                                     const char *file)
{
	static struct audit_found beyond;
	if (f->n == AUDIT_FOUND_MAX) {
		f->all = false;
		return &beyond;
	}
	struct audit_found *added = &f->found[f->n++];
	*added = (struct audit_found){ .mta = mta, .directory = directory, .file = file,
	                               .kind = "", .instance = "", .enabled = true };
	return added;
}

/* The first of the files that is there, as a configuration of its own; false: none is. */
static bool find_usual(struct finding_all *f, enum mta mta)
{
	const char *const *usual = config_places_of(mta)->usual;
	for (size_t i = 0; usual[i]; i++)
		if (is_file(f->files, usual[i])) {
			found_add(f, mta, usual[i], usual[i]);
			return true;
		}
	return false;
}

/* ---- Postfix --------------------------------------------------------------------- */

static const char *value_of(struct audit_config *config, const char *name)
{
	const struct audit_setting *s = audit_config_setting(config, "", name);
	return s ? s->value : "";
}

static struct audit_config *read_postfix(struct finding_all *f, const char *directory,
                                         struct arena *scratch)
{
	const struct audit_config_given given = { .mta = MTA_POSTFIX, .directory = directory };
	struct audit_config *config;
	(void)audit_config_read(f->files, &given, scratch, &config);
	return config;
}

static bool is_found(const struct finding_all *f, const char *directory)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->found[i].mta == MTA_POSTFIX && !strcmp(f->found[i].directory, directory))
			return true;
	return false;
}

static void find_instance(struct finding_all *f, struct str name)
{
	while (name.n > 1 && name.p[name.n - 1] == '/')
		name.n--;
	const char *directory = arena_strdup(f->a, name);
	const char *file = arena_printf(f->a, "%s/main.cf", directory);
	if (name.p[0] != '/' || is_found(f, directory) || !is_file(f->files, file))
		return;
	struct arena scratch = { 0 };
	struct audit_config *config = read_postfix(f, directory, &scratch);
	const char *called = value_of(config, "multi_instance_name");
	struct audit_found *instance = found_add(f, MTA_POSTFIX, directory, file);
	instance->enabled = str_caseeq(str_of(value_of(config, "multi_instance_enable")),
	                               STR("yes"));
	instance->instance = *called ? arena_strdup(f->a, str_of(called)) : directory;
	arena_fini(&scratch);
}

static void find_postfix(struct finding_all *f)
{
	if (!find_usual(f, MTA_POSTFIX))
		return;
	struct audit_found *first = &f->found[f->n - 1];
	const struct str file = str_of(first->file);
	first->directory = arena_strdup(f->a, (struct str){ file.p,
	                                                    file.n - strlen("/main.cf") });
	struct arena scratch = { 0 };
	struct audit_config *config = read_postfix(f, first->directory, &scratch);
	struct str rest = str_of(value_of(config, "multi_instance_directories")), word;
	while (f->all && str_token(&rest, ", \t\n", &word))
		if (word.n)
			find_instance(f, word);
	arena_fini(&scratch);
}

/* ---- Exim ----------------------------------------------------------------------- */

static bool is_split(const struct audit_files *files, const char *file)
{
	struct arena scratch = { 0 };
	struct str text, line;
	bool split = false;
	if (files->read(files->arg, file, &scratch, &text) != ERR_OK)
		text = STR("");
	while (str_token(&text, "\n", &line)) {
		line = str_trim(line);
		if (str_prefix(line, STR("dc_use_split_config=")))
			split = str_search(line, STR("true")) != SIZE_MAX;
	}
	arena_fini(&scratch);
	return split;
}

/* Debian's parts count unless the one file in their directory is there. */
static void find_exim(struct finding_all *f)
{
	static const char conf[] = CONFIG_EXIM_DEBIAN "/update-exim4.conf.conf";
	static const char generated[] = "/var/lib/exim4/config.autogenerated";
	const char *one = config_places_of(MTA_EXIM)->usual[0];
	const bool by_parts = is_file(f->files, conf);
	if (is_file(f->files, one) || !(by_parts || is_file(f->files, generated))) {
		find_usual(f, MTA_EXIM);
		return;
	}
	struct audit_found *found = found_add(f, MTA_EXIM, CONFIG_EXIM_DEBIAN,
	                                      by_parts ? conf : generated);
	found->kind = !by_parts ? "Debian's, as it was generated"
	            : is_split(f->files, conf) ? "Debian's, split into parts"
	                                       : "Debian's, of one template";
}

/* ---- the whole ------------------------------------------------------------------ */

static void find_one(struct finding_all *f, enum mta mta)
{
	const size_t before = f->n;
	if (mta == MTA_POSTFIX)
		find_postfix(f);
	else if (mta == MTA_EXIM)
		find_exim(f);
	else
		find_usual(f, mta);
	if (f->n == before)
		return;
	const bool there = has_program(f->files, mta);
	for (size_t i = before; i < f->n; i++)
		f->found[i].has_program = there;
}

bool audit_installed(const struct audit_files *files, struct arena *a,
                     struct audit_found **found, size_t *n)
{
	struct finding_all f = { .files = files, .a = a, .all = true };
	f.found = arena_alloc(a, AUDIT_FOUND_MAX * sizeof(*f.found));
	for (enum mta mta = MTA_FIRST; mta <= MTA_LAST_WHOLE; mta++)
		find_one(&f, mta);
	*found = arena_alloc(a, (f.n + 1) * sizeof(**found));
	*n = 0;
	for (int there = 1; there >= 0; there--)
		for (size_t i = 0; i < f.n; i++)
			if (f.found[i].has_program == there)
				(*found)[(*n)++] = f.found[i];
	assert(*n == f.n);
	return f.all;
}

/* ---- one that is given ------------------------------------------------------------ */

static bool is_named(const char *name, enum mta mta)
{
	const char *slash = strrchr(name, '/');
	const struct str base = str_of(slash ? slash + 1 : name);
	const char *const *inside = config_places_of(mta)->inside;
	for (size_t i = 0; inside[i]; i++)
		if (str_eq(base, str_of(inside[i])))
			return true;
	if (mta == MTA_SENDMAIL)
		return str_casesuffix(base, STR(".mc"));
	return (mta == MTA_POSTFIX && str_eq(base, STR("master.cf")))
	       || (mta == MTA_EXIM && str_prefix(base, STR("exim")));
}

static bool is_inside(const struct audit_files *files, const char *directory, enum mta mta)
{
	struct arena scratch = { 0 };
	const char *const *inside = config_places_of(mta)->inside;
	bool there = false;
	for (size_t i = 0; inside[i] && !there; i++)
		there = is_file(files, arena_printf(&scratch, "%s/%s", directory, inside[i]));
	if (mta == MTA_EXIM && !there)
		there = is_file(files, arena_printf(&scratch, "%s/update-exim4.conf.conf",
		                                    directory));
	arena_fini(&scratch);
	return there;
}

int audit_recognise(const struct audit_files *files, const char *name, enum mta *mta)
{
	const bool file = is_file(files, name);
	const enum mta first = *mta ? *mta : MTA_FIRST, last = *mta ? *mta : MTA_LAST_WHOLE;
	for (enum mta m = first; m <= last; m++) {
		if (file ? !(*mta || is_named(name, m)) : !is_inside(files, name, m))
			continue;
		*mta = m;
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

const char *audit_usual_directory(enum mta mta)
{
	switch (mta) {
	case MTA_POSTFIX: return "/etc/postfix";
	case MTA_EXIM: return CONFIG_EXIM_DEBIAN;
	case MTA_SENDMAIL: return "/etc/mail";
	default: return NULL;
	}
}

size_t audit_instance_directories(struct str value, struct arena *a, const char **directories,
                                  size_t max, const char **beyond)
{
	struct str word;
	size_t n = 0;
	*beyond = NULL;
	while (str_token(&value, " \t,", &word)) {
		if (!word.n || word.p[0] != '/')
			continue;
		if (n < max)
			directories[n] = arena_strdup(a, word);
		else if (n == max)
			*beyond = arena_strdup(a, word);
		n++;
	}
	return n;
}
