/* SPDX-License-Identifier: ISC */
#include "settings/settings.h"

#include "base/mem.h"
#include "settings/own.h"

#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_USER "portreeve"
#define GENERAL(field) offsetof(struct general_config, field)

static const struct config_row general_rows[] = {
	{ "state_directory", CONFIG_STRING, 0, 0, "",
	  "Where the databases and keys are kept. Unset: $STATE_DIRECTORY, else "
	  "/var/lib/portreeve for root and ~/.local/state/portreeve for others.",
	  GENERAL(state_directory) },
	{ "user", CONFIG_STRING, 0, 0, DEFAULT_USER,
	  "The user that roles become when root starts them. Where there is no user \"portreeve\", "
	  "it is \"nobody\".", GENERAL(user) },
	{ "roles", CONFIG_STRINGS, 1, 3, "tester,collector,dnsbl",
	  "The roles that \"portreeve run\" starts.", GENERAL(roles),
	  .choices = "tester, collector, dnsbl" },
	{ "hostname", CONFIG_DOMAIN, 0, 0, "",
	  "Name of this machine in HELO and banners. Unset: the system's.", GENERAL(hostname) },
	{ "contact", CONFIG_STRING, 0, 0, "",
	  "Mail address of a person; every probe names it. Unset: postmaster at the host name.",
	  GENERAL(contact) },
	{ "operator", CONFIG_STRING, 0, 0, "",
	  "Who runs this; probes and evidence name it. Unset: the host name.",
	  GENERAL(operator_name) },
	{ "objection_url", CONFIG_STRING, 0, 0, "",
	  "A web page that tells how to object to tests; probes name it.",
	  GENERAL(objection_url) },
	{ "resolver", CONFIG_ENDPOINTS, 0, 8, "",
	  "DNS resolvers that are asked. Unset: those of /etc/resolv.conf.", GENERAL(resolver),
	  .default_port = 53 },
	{ "role_watchdog", CONFIG_DURATION, 0, 3600, "30s",
	  "A role that has not turned its loop for this time is ended and started again; one that "
	  "is not ready yet, after ten times as long. Below 10s a role that waits for a locked "
	  "database may be taken for one that hangs. 0: never.", GENERAL(role_watchdog_s) },
	{ "log_level", CONFIG_STRING, 0, 0, "info", "The least important events that are logged.",
	  GENERAL(log_level), .choices = "error, warn, info, debug" },
};

enum { SECTIONS = 8 };

static void sections_of(struct settings *s, struct config_section out[static SECTIONS])
{
	out[0] = (struct config_section){
		"", "What all roles and commands share.", general_rows,
		sizeof(general_rows) / sizeof(*general_rows), &s->general };
	out[1] = (struct config_section){
		"tester", "How hosts are tested.", tester_config_rows, tester_config_row_count,
		&s->tester };
	out[2] = (struct config_section){
		"collector", "The SMTP server at which what was relayed comes back.",
		collector_config_rows, collector_config_row_count, &s->collector };
	out[3] = (struct config_section){
		"dnsbl", "The list in DNS.", dnsbl_config_rows, dnsbl_config_row_count,
		&s->dnsbl };
	out[4] = (struct config_section){
		"trace", "What is ours, when a message is traced.", trace_config_rows,
		trace_config_row_count, &s->trace };
	out[5] = (struct config_section){
		"report", "How abuse desks are found and written to.", report_config_rows,
		report_config_row_count, &s->report };
	out[6] = (struct config_section){
		"store", "How long is kept what nothing rests on any more; the clock.",
		store_config_rows, store_config_row_count, &s->store };
	out[7] = (struct config_section){
		"list", "What may be published.", list_config_rows, list_config_row_count,
		&s->list };
}

static void replace(char **field, char *owned)
{
	free(*field);
	*field = owned;
}

/* ---- what depends on the machine ------------------------------------------ */

static const char *home_directory(void)
{
	const char *home = getenv("HOME");
	if (home && home[0] == '/')
		return home;
	const struct passwd *pw = getpwuid(geteuid());
	return pw ? pw->pw_dir : "/";
}

static char *default_state_directory(void)
{
	const char *given = getenv("STATE_DIRECTORY");      /* systemd.exec(5) */
	if (given && given[0] == '/')
		return mem_strdup(given);
	if (geteuid() == 0)
		return mem_strdup("/var/lib/portreeve");
	return mem_printf("%s/.local/state/portreeve", home_directory());
}

/* On a machine where nothing was installed there is no user of ours. */
static void fill_user(struct general_config *g)
{
	if (geteuid() == 0 && strcmp(g->user, DEFAULT_USER) == 0 && !getpwnam(g->user))
		replace(&g->user, mem_strdup("nobody"));
}

/* Roles and the reader of a message must mean the same directory. */
static char *absolute(const char *path)
{
	char here[4096];
	if (path[0] == '/' || !getcwd(here, sizeof(here)))
		return mem_strdup(path);
	return mem_printf("%s/%s", here, path);
}

/* %% stays % in the template. */
#define DNSBL_TEXT_RETEST \
	"%%a is listed as an open relay (%%z). When it is closed, a mail from it to retest@%s " \
	"has it tested again and delisted"

#define DNSBL_TEXT_WORD_RETEST \
	"%%a is listed by its operator's word: %%r. A mail from it to retest@%s has it tested " \
	"and, when it is closed, delisted"

static void fill_machine(struct settings *s, const struct config_section *sections,
                         const char *state_directory)
{
	struct general_config *g = &s->general;
	struct buf ignored = { 0 };
	if (state_directory)
		replace(&g->state_directory, absolute(state_directory));
	else if (g->state_directory[0])
		replace(&g->state_directory, absolute(g->state_directory));
	else
		replace(&g->state_directory, default_state_directory());
	fill_user(g);
	char name[256] = "";
	if (!g->hostname[0] &&
	    (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0' ||
	     config_set(sections, SECTIONS, "hostname", name, &ignored) != ERR_OK))
		replace(&g->hostname, mem_strdup("localhost"));
	if (!g->contact[0])
		replace(&g->contact, mem_printf("postmaster@%s", g->hostname));
	if (!g->operator_name[0])
		replace(&g->operator_name, mem_strdup(g->hostname));
	/* Whoever reads the bounce should know how to get off the list, if there is room. */
	if (strcmp(s->dnsbl.text, DNSBL_TEXT) == 0)
		replace(&s->dnsbl.text, mem_printf(DNSBL_TEXT_RETEST, s->tester.domain));
	if (strcmp(s->dnsbl.text_word, DNSBL_TEXT_WORD) == 0 &&
	    strlen(s->tester.domain) <= 64)
		replace(&s->dnsbl.text_word, mem_printf(DNSBL_TEXT_WORD_RETEST, s->tester.domain));
	buf_fini(&ignored);
}

/* ---- loading --------------------------------------------------------------- */

int settings_load(struct settings *s, const char *path, const char *state_directory,
                  struct buf *message)
{
	struct config_section sections[SECTIONS];
	*s = (struct settings){ 0 };
	sections_of(s, sections);
	if (!path && access(SETTINGS_FILE, F_OK) == 0)
		path = SETTINGS_FILE;
	int e = config_load(path, sections, SECTIONS, message);
	if (e != ERR_OK)
		return e;
	fill_machine(s, sections, state_directory);
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
	struct config_section sections[SECTIONS];
	*s = (struct settings){ 0 };
	sections_of(s, sections);
	return config_load_text("settings", text, sections, SECTIONS, message);
}

int settings_set(struct settings *s, const char *name, const char *value, struct buf *message)
{
	struct config_section sections[SECTIONS];
	sections_of(s, sections);
	return config_set(sections, SECTIONS, name, value, message);
}

void settings_fini(struct settings *s)
{
	struct config_section sections[SECTIONS];
	sections_of(s, sections);
	config_fini(sections, SECTIONS);
}

int settings_check(const struct settings *s, struct buf *message)
{
	struct str one = str_of(s->tester.domain), two = str_of(s->tester.domain2);
	if (str_in_domain(one, two) || str_in_domain(two, one)) {
		buf_printf(message, "tester.domain2: expected a domain unrelated to tester.domain "
		           "(%s), found \"%s\"", s->tester.domain, s->tester.domain2);
		return ERR_INVALID;
	}
	size_t at = str_find(str_of(s->general.contact), '@');
	if (at == 0 || at == SIZE_MAX || at + 1 == strlen(s->general.contact)) {
		buf_printf(message, "contact: expected a mail address, found \"%s\"",
		           s->general.contact);
		return ERR_INVALID;
	}
	if (!s->collector.certificate[0] != !s->collector.key[0]) {
		buf_add_cstr(message, "collector.key: expected together with "
		             "collector.certificate, found one alone");
		return ERR_INVALID;
	}
	return list_config_check(&s->list, message);
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

static void settings_fuse(const struct settings *s, struct fuse *fuse)
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
	struct config_section sections[SECTIONS];
	sections_of(s, sections);
	config_print(sections, SECTIONS, with_prose, out);
}

void settings_json(struct settings *s, struct json *j)
{
	struct config_section sections[SECTIONS];
	sections_of(s, sections);
	config_json(sections, SECTIONS, j);
}

void settings_print_manual(struct buf *out)
{
	struct settings none = { 0 };
	struct config_section sections[SECTIONS];
	sections_of(&none, sections);
	config_print_manual(sections, SECTIONS, out);
}
