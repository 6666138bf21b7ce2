/* SPDX-License-Identifier: ISC
 *
 * The parameters of the file's top level, which belong to no room, and what of them depends on the
 * machine.
 */
#include "settings/settings-private.h"

#include "base/mem.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_USER "portreeve"
#define GENERAL(type, field) CONFIG_MEMBER(type, struct general_config, field)
/* It makes its sessions and its resolver of these once. */
#define OF_TESTER .restart = CONFIG_NEXT_START, .role = "tester"

const struct config_row general_config_rows[] = {
	{ "state_directory", GENERAL(CONFIG_STRING, state_directory), 0, 0, "",
	  "Where the databases and keys are kept. Unset: $STATE_DIRECTORY, else /var/lib/portreeve "
	  "for root and ~/.local/state/portreeve for others.",
	  .restart = CONFIG_NEXT_RUN },
	{ "user", GENERAL(CONFIG_STRING, user), 0, 0, DEFAULT_USER,
	  "The user that roles become when root starts them. Where there is no user \"portreeve\", "
	  "it is \"nobody\".", .restart = CONFIG_NEXT_RUN },
	{ "roles", GENERAL(CONFIG_STRINGS, roles), 1, 5, "tester,collector,dnsbl",
	  "The roles that \"portreeve run\" starts.",
	  .choices = "tester, collector, dnsbl, witness, gateway", .restart = CONFIG_NEXT_RUN },
	{ "hostname", GENERAL(CONFIG_DOMAIN, hostname), 0, 0, "",
	  "Name of this machine in HELO and banners. Unset: the system's.", OF_TESTER },
	{ "contact", GENERAL(CONFIG_STRING, contact), 0, 0, "",
	  "Mail address of a person; every probe names it. Unset: postmaster at the host name.",
	  OF_TESTER },
	{ "operator", GENERAL(CONFIG_STRING, operator_name), 0, 0, "",
	  "Who runs this; probes and evidence name it. Unset: the host name.", OF_TESTER },
	{ "objection_url", GENERAL(CONFIG_STRING, objection_url), 0, 0, "",
	  "A web page that tells how to object to tests; probes name it.", OF_TESTER },
	{ "resolver", GENERAL(CONFIG_ENDPOINTS, resolver), 0, 8, "",
	  "DNS resolvers that are asked. Unset: those of /etc/resolv.conf, as it is when a role "
	  "starts.", .default_port = 53, OF_TESTER },
	{ "role_watchdog", GENERAL(CONFIG_DURATION, role_watchdog_s), 0, 3600, "30s",
	  "A role that has not turned its loop for this time is ended and started again; one that "
	  "is not ready yet, after ten times as long. Below 10s a role that waits for a locked "
	  "database may be taken for one that hangs. The second thread of a role, which reads the "
	  "list for DNS or writes mail, is only reported when it hangs for this time. "
	  "0: never." },
	{ "log_level", GENERAL(CONFIG_STRING, log_level), 0, 0, "info",
	  "The least important events that are logged.", .choices = "error, warn, info, debug" },
};
const size_t general_config_row_count =
	sizeof(general_config_rows) / sizeof(*general_config_rows);

int general_config_check(const struct general_config *g, struct buf *message)
{
	size_t at = str_find(str_of(g->contact), '@');
	if (at != 0 && at != SIZE_MAX && at + 1 != strlen(g->contact))
		return ERR_OK;
	buf_printf(message, "contact: expected a mail address, found \"%s\"", g->contact);
	return ERR_INVALID;
}

int general_config_check_for_roles(const struct general_config *g, struct buf *message)
{
	const struct config_strings *roles = &g->roles;
	for (size_t i = 0; i < roles->n; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(roles->v[i], roles->v[j]) == 0) {
				buf_printf(message, "roles: expected each role once, found \"%s\" "
				           "twice", roles->v[i]);
				return ERR_INVALID;
			}
	return ERR_OK;
}

/* ---- what depends on the machine ------------------------------------------ */

static void replace(char **field, char *owned)
{
	free(*field);
	*field = owned;
}

static const char *home_directory(void)
{
	const char *home = getenv("HOME");
	if (home && home[0] == '/')
		return home;
	const struct passwd *pw = getpwuid(geteuid());
	return pw ? pw->pw_dir : "/";
}

static char *default_state_directory(bool *is_callers)
{
	const char *given = getenv("STATE_DIRECTORY");      /* systemd.exec(5) */
	if (given && given[0] == '/')
		return mem_strdup(given);
	if (geteuid() == 0)
		return mem_strdup(SETTINGS_STATE);
	*is_callers = true;
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

static void fill_hostname(struct general_config *g)
{
	const struct config_section general = {
		.name = "", .rows = general_config_rows, .row_count = general_config_row_count,
		.into = g };
	struct buf ignored = { 0 };
	char name[256] = "";
	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0' ||
	    config_set(&general, 1, "hostname", name, &ignored) != ERR_OK)
		replace(&g->hostname, mem_strdup("localhost"));
	buf_fini(&ignored);
}

void general_config_fill(struct general_config *g, const char *state_directory)
{
	if (state_directory)
		replace(&g->state_directory, absolute(state_directory));
	else if (g->state_directory[0])
		replace(&g->state_directory, absolute(g->state_directory));
	else
		replace(&g->state_directory, default_state_directory(&g->state_is_callers));
	fill_user(g);
	g->hostname_given = g->hostname[0] != '\0';
	g->contact_given = g->contact[0] != '\0';
	if (!g->hostname[0])
		fill_hostname(g);
	if (!g->contact[0])
		replace(&g->contact, mem_printf("postmaster@%s", g->hostname));
	if (!g->operator_name[0])
		replace(&g->operator_name, mem_strdup(g->hostname));
}
