/* SPDX-License-Identifier: ISC
 *
 * Which reader reads which files, and the answers by rules (who.h) as lines; Postfix answers in
 * config-postfix.c.
 */
#include "audit/config-private.h"

#include "audit/read-exim.h"
#include "audit/read-opensmtpd.h"
#include "audit/read-sendmail.h"

#include <assert.h>

struct audit_config {
	struct arena *arena;
	enum mta mta;
	struct postfix *postfix;         /* else NULL: rules */
	struct audit_reading reading;
};

typedef int reader_fn(const struct audit_files *files, const char *file, struct arena *a,
                      struct audit_reading *out);

enum { CANDIDATES_MAX = 6 };
static const struct server_files {
	enum mta mta;
	reader_fn *read;
	const char *usual[CANDIDATES_MAX];      /* NULL behind the last */
	const char *inside[CANDIDATES_MAX];     /* of a directory */
} servers[] = {
	{ MTA_EXIM, audit_read_exim,
	  { "/etc/exim/exim.conf", "/etc/mail/exim.conf", "/usr/local/etc/exim/configure",
	    "/usr/exim/configure" },
	  { "exim4.conf", "exim.conf", "configure" } },
	{ MTA_SENDMAIL, audit_read_sendmail,
	  { "/etc/mail/sendmail.cf", "/etc/sendmail.cf", "/etc/mail/sendmail.mc" },
	  { "sendmail.cf", "sendmail.mc" } },
	{ MTA_OPENSMTPD, audit_read_opensmtpd,
	  { "/etc/smtpd.conf", "/etc/mail/smtpd.conf", "/etc/smtpd/smtpd.conf",
	    "/etc/opensmtpd/smtpd.conf", "/usr/local/etc/mail/smtpd.conf" },
	  { "smtpd.conf" } },
};

static bool is_elsewhere(int err)
{
	return err == ERR_NOT_FOUND || err == ERR_INVALID;
}

/* Without the slashes at its end. */
static const char *directory_name(struct arena *a, const char *directory)
{
	struct str s = str_of(directory);
	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	return arena_strdup(a, s);
}

/* The first of the files that is there; if none is, what reading the first one says. */
static int read_first(const struct audit_files *files, const struct server_files *server,
                      const char *directory, struct arena *a, struct audit_reading *out)
{
	const char *const *names = directory ? server->inside : server->usual;
	const char *first = directory ? arena_printf(a, "%s/%s", directory, names[0]) : names[0];
	for (size_t i = 0; i < CANDIDATES_MAX && names[i]; i++) {
		const char *file = directory ? arena_printf(a, "%s/%s", directory, names[i])
		                             : names[i];
		const int err = server->read(files, file, a, out);
		if (!is_elsewhere(err))
			return err;
	}
	return server->read(files, first, a, out);
}

static int read_rules(const struct audit_files *files, const struct server_files *server,
                      const char *given, struct arena *a, struct audit_reading *out)
{
	const char *directory = given ? directory_name(a, given) : NULL;
	int err = directory ? server->read(files, directory, a, out) : ERR_NOT_FOUND;
	if (is_elsewhere(err) && server->mta == MTA_EXIM)
		err = audit_read_exim_debian(files, directory ? directory : "/etc/exim4", a, out);
	return is_elsewhere(err) ? read_first(files, server, directory, a, out) : err;
}

int audit_config_read(const struct audit_files *files, const struct audit_config_given *given,
                      struct arena *a, struct audit_config **config)
{
	struct audit_config *c = arena_alloc(a, sizeof(*c));
	*c = (struct audit_config){ .arena = a, .mta = given->mta };
	*config = c;
	if (given->mta == MTA_POSTFIX)
		return config_postfix_read(files, given, a, &c->postfix);
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++)
		if (servers[i].mta == given->mta)
			return read_rules(files, &servers[i], given->directory, a, &c->reading);
	assert(!"one of the four");
	return ERR_INVALID;
}

const struct audit_reading *audit_config_reading(const struct audit_config *config)
{
	return config->postfix ? postfix_reading(config->postfix) : &config->reading;
}

/* ---- answers by rules -------------------------------------------------------------- */

static void explain_by_rules(struct audit_config *c, const struct audit_client *client,
                             struct audit_why *why)
{
	const struct audit_rule *rule;
	const struct audit_port *port = client->port;
	why->answer = audit_may_relay(&c->reading, client, &rule);
	if (!rule && port && port->for_login && !(client->shows & AUDIT_BY_LOGIN))
		audit_why_add(why, c->arena, "", &port->place);
	if (!rule)
		return;
	if (rule->list_name)
		audit_why_add(why, c->arena, rule->list_name, &rule->list);
	audit_why_add(why, c->arena, rule->name, &rule->place);
	if (why->answer == AUDIT_NO)
		return;
	why->some = rule->by & (AUDIT_BY_RECIPIENT | AUDIT_BY_MX);
	/* Of a table that cannot be read nobody knows how wide it is. */
	if (why->answer == AUDIT_YES || !rule->in_ranges)
		why->cause = rule->cause;
}

void audit_config_explain(struct audit_config *config, const struct audit_client *client,
                          struct audit_why *why)
{
	*why = (struct audit_why){ .cause = "" };
	if (config->postfix)
		config_postfix_explain(config->postfix, client, config->arena, why);
	else
		explain_by_rules(config, client, why);
}

/* ---- settings --------------------------------------------------------------------- */

/* The last one: of the service, else of all. */
static const struct audit_setting *last_setting(const struct audit_reading *r, const char *service,
                                                const char *name)
{
	for (size_t i = r->setting_n; i > 0; i--) {
		const struct audit_setting *s = &r->settings[i - 1];
		if (!strcmp(s->name, name) && !strcmp(s->service ? s->service : "", service))
			return s;
	}
	return NULL;
}

const struct audit_setting *audit_config_setting(struct audit_config *config, const char *service,
                                                 const char *name)
{
	if (config->postfix)
		return postfix_setting(config->postfix, service, name);
	const struct audit_setting *own = last_setting(&config->reading, service, name);
	return own || !*service ? own : last_setting(&config->reading, "", name);
}
