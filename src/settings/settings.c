/* SPDX-License-Identifier: ISC
 *
 * The whole configuration: loaded, checked, shown, and what the rooms ask of it.
 */
#include "settings/settings-private.h"

#include "base/mem.h"
#include "settings/own.h"
#include "store/fuse.h"

#include <stdlib.h>
#include <unistd.h>

/* %% stays % in the template. */
#define DNSBL_TEXT_RETEST \
	"%%a is listed as an open relay (%%z). When it is closed, a mail from it to retest@%s " \
	"has it tested again and delisted"

#define DNSBL_TEXT_WORD_RETEST \
	"%%a is listed by its operator's word: %%r. A mail from it to retest@%s has it tested " \
	"and, when it is closed, delisted"

#define DNSBL_TEXT_RANGE_ASK \
	"%%a is in %%n, which is listed by its operator's word: %%r. No test ends that; write to " \
	"postmaster@%s"

/* Whoever reads the bounce should know how to get off the list, if there is room. */
static void fill_texts(struct dnsbl_config *dnsbl, const char *domain)
{
	if (strcmp(dnsbl->text, DNSBL_TEXT) == 0) {
		free(dnsbl->text);
		dnsbl->text = mem_printf(DNSBL_TEXT_RETEST, domain);
	}
	if (strcmp(dnsbl->text_word, DNSBL_TEXT_WORD) == 0 && strlen(domain) <= 64) {
		free(dnsbl->text_word);
		dnsbl->text_word = mem_printf(DNSBL_TEXT_WORD_RETEST, domain);
	}
	if (strcmp(dnsbl->text_range, DNSBL_TEXT_RANGE) == 0 && strlen(domain) <= 50) {
		free(dnsbl->text_range);
		dnsbl->text_range = mem_printf(DNSBL_TEXT_RANGE_ASK, domain);
	}
}

/* ---- loading --------------------------------------------------------------- */

int settings_load(struct settings *s, const char *path, const char *state_directory,
                  struct buf *message)
{
	struct config_section sections[SETTINGS_SECTIONS];
	*s = (struct settings){ 0 };
	settings_sections_of(s, sections);
	if (!path && access(SETTINGS_FILE, F_OK) == 0)
		path = SETTINGS_FILE;
	int e = config_load(path, sections, SETTINGS_SECTIONS, message);
	if (e != ERR_OK)
		return e;
	general_config_fill(&s->general, state_directory);
	fill_texts(&s->dnsbl, s->tester.domain);
	struct buf found = { 0 };
	e = settings_check(s, &found);
	if (e != ERR_OK) {
		if (path)
			buf_printf(message, "%s: ", path);
		buf_add_str(message, buf_str(&found));
		settings_fini(s);
	}
	buf_fini(&found);
	return e;
}

int settings_load_text(struct settings *s, struct str text, struct buf *message)
{
	struct config_section sections[SETTINGS_SECTIONS];
	*s = (struct settings){ 0 };
	settings_sections_of(s, sections);
	return config_load_text("settings", text, sections, SETTINGS_SECTIONS, message);
}

int settings_set(struct settings *s, const char *name, const char *value, struct buf *message)
{
	struct config_section sections[SETTINGS_SECTIONS];
	settings_sections_of(s, sections);
	return config_set(sections, SETTINGS_SECTIONS, name, value, message);
}

void settings_fini(struct settings *s)
{
	struct config_section sections[SETTINGS_SECTIONS];
	settings_sections_of(s, sections);
	config_fini(sections, SETTINGS_SECTIONS);
}

int settings_check(const struct settings *s, struct buf *message)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < SETTINGS_SECTIONS; i++)
		if (settings_sections[i].check)
			e = settings_sections[i].check(s, message);
	return e;
}

struct listener {
	bool (*waits)(void *arg, const char *role, const char *parameter);
	void *arg;
};

static bool row_waits(void *arg, const struct config_row *row)
{
	const struct listener *l = arg;
	return l->waits(l->arg, row->role, row->name);
}

void settings_keep(struct settings *old, struct settings *fresh,
                   bool (*waits)(void *arg, const char *role, const char *parameter), void *arg)
{
	struct config_section was[SETTINGS_SECTIONS], is[SETTINGS_SECTIONS];
	struct listener listener = { waits, arg };
	settings_sections_of(old, was);
	settings_sections_of(fresh, is);
	config_keep(was, is, SETTINGS_SECTIONS, row_waits, &listener);
}

enum log_level settings_log_level(const struct settings *s)
{
	static const struct { const char *name; enum log_level level; } levels[] = {
		{ "error", LOG_ERROR }, { "warn", LOG_WARN }, { "info", LOG_INFO },
		{ "debug", LOG_DEBUG },
	};
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (strcmp(s->general.log_level, levels[i].name) == 0)
			return levels[i].level;
	return LOG_INFO;
}

static bool contains(const struct config_strings *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], text) == 0)
			return true;
	return false;
}

bool settings_has_role(const struct settings *s, const char *role)
{
	return contains(&s->general.roles, role);
}

static void own_ips(struct fuse *fuse, const struct config_ips *list)
{
	for (size_t i = 0; i < list->n; i++)
		list_config_own(fuse, &list->v[i]);
}

static void own_endpoints(struct fuse *fuse, const struct config_endpoints *list)
{
	for (size_t i = 0; i < list->n; i++)
		list_config_own(fuse, &list->v[i].ip);
}

void settings_fuse(const struct settings *s, struct fuse *fuse)
{
	list_config_fuse(&s->list, fuse);
	own_endpoints(fuse, &s->tester.collector);
	own_endpoints(fuse, &s->collector.listen);
	own_endpoints(fuse, &s->dnsbl.listen);
	own_ips(fuse, &s->dnsbl.nameserver_address);
	own_ips(fuse, &s->tester.source);
	own_ips(fuse, &s->tester.trusted_source);
	own_interfaces(s, fuse);
}

void settings_rules(const struct settings *s, struct store *st)
{
	struct fuse fuse;
	settings_fuse(s, &fuse);
	store_set_rules(st, &fuse, s->store.clock_jump_max_s);
}

bool settings_trusts(const struct settings *s, const char *who)
{
	return contains(&s->tester.trusted_submitters, who);
}

void settings_print(struct settings *s, bool with_prose, struct buf *out)
{
	struct config_section sections[SETTINGS_SECTIONS];
	settings_sections_of(s, sections);
	config_print(sections, SETTINGS_SECTIONS, with_prose, out);
}

void settings_json(struct settings *s, struct json *j)
{
	struct config_section sections[SETTINGS_SECTIONS];
	settings_sections_of(s, sections);
	config_json(sections, SETTINGS_SECTIONS, j);
}

void settings_print_manual(struct buf *out)
{
	struct settings none = { 0 };
	struct config_section sections[SETTINGS_SECTIONS];
	settings_sections_of(&none, sections);
	config_print_manual(sections, SETTINGS_SECTIONS, out);
}
