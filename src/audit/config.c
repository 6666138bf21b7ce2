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

static reader_fn *reader_of(enum mta mta)
{
	switch (mta) {
	case MTA_EXIM: return audit_read_exim;
	case MTA_SENDMAIL: return audit_read_sendmail;
	case MTA_OPENSMTPD: return audit_read_opensmtpd;
	default: return NULL;
	}
}

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

/* What the readers of rules get. */
struct rules_of {
	const struct audit_files *files;
	enum mta mta;
	const struct daemon_options *daemon;
	struct arena *a;
	struct audit_reading *out;
};

static int read_file(const struct rules_of *by, const char *file)
{
	if (by->mta == MTA_EXIM)
		return audit_read_exim_started(by->files, file, NULL, by->daemon, by->a, by->out);
	return reader_of(by->mta)(by->files, file, by->a, by->out);
}

/* The first of the files that is there; if none is, what reading the first one says. */
static int read_first(const struct rules_of *by, const char *directory)
{
	const struct config_places *places = config_places_of(by->mta);
	const char *const *names = directory ? places->inside : places->usual;
	const char *first = directory ? arena_printf(by->a, "%s/%s", directory, names[0])
	                              : names[0];
	for (size_t i = 0; names[i]; i++) {
		const int err = read_file(by, directory
			? arena_printf(by->a, "%s/%s", directory, names[i]) : names[i]);
		if (!is_elsewhere(err))
			return err;
	}
	return read_file(by, first);
}

static int read_rules(const struct rules_of *by, const char *given)
{
	const char *directory = given ? directory_name(by->a, given) : NULL;
	int err = directory ? read_file(by, directory) : ERR_NOT_FOUND;
	if (is_elsewhere(err) && by->mta == MTA_EXIM)
		err = audit_read_exim_started(by->files, NULL, directory ? directory
		                                                        : CONFIG_EXIM_DEBIAN,
		                              by->daemon, by->a, by->out);
	return is_elsewhere(err) ? read_first(by, directory) : err;
}

int audit_config_read(const struct audit_files *files, const struct audit_config_given *given,
                      struct arena *a, struct audit_config **config)
{
	struct audit_config *c = arena_alloc(a, sizeof(*c));
	*c = (struct audit_config){ .arena = a, .mta = given->mta };
	*config = c;
	if (given->mta == MTA_POSTFIX)
		return config_postfix_read(files, given, a, &c->postfix);
	assert(reader_of(given->mta));
	struct daemon_options *started = arena_alloc(a, sizeof(*started));
	if (!given->daemon)
		daemon_of_files(given->mta, files, a, started);
	const struct rules_of by = { files, given->mta, given->daemon ? given->daemon : started, a,
	                             &c->reading };
	return read_rules(&by, given->directory ? given->directory : by.daemon->config);
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
	const bool routed = rule->by & AUDIT_BY_ROUTES && rule->through.parameter;
	if (routed)
		audit_why_add(why, c->arena, rule->through.parameter, &rule->through.place);
	if (rule->list_name)
		audit_why_add(why, c->arena, rule->list_name, &rule->list);
	audit_why_add(why, c->arena, rule->name, &rule->place);
	if (why->answer == AUDIT_NO)
		return;
	if (!routed && rule->through.parameter)
		audit_why_add(why, c->arena, rule->through.parameter, &rule->through.place);
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

/* ---- ranges --------------------------------------------------------------------- */

bool audit_config_ranges(struct audit_config *config, size_t max, struct arena *a,
                         struct prefix **ranges, size_t *n)
{
	struct config_ranges all = { .arena = a, .max = max };
	if (config->postfix)
		config_ranges_of_postfix(config->postfix, &all);
	else
		config_ranges_of_rules(&config->reading, &all);
	config_ranges_sort(&all);
	*ranges = all.p;
	*n = all.n;
	return !all.cut;
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

/* ---- claims ------------------------------------------------------------------------ */

static bool is_off(const char *value)
{
	return !value[0] || !strcmp(value, "no") || !strcmp(value, "false");
}

/* The settings of each server by which a client is believed. */
static const struct claim_setting {
	enum mta mta;
	bool proxy;
	const char *name;
} claim_settings[] = {
	{ MTA_POSTFIX, true, "smtpd_upstream_proxy_protocol" },
	{ MTA_POSTFIX, true, "postscreen_upstream_proxy_protocol" },
	{ MTA_POSTFIX, false, "smtpd_authorized_xclient_hosts" },
	{ MTA_EXIM, true, "hosts_proxy" }, { MTA_EXIM, false, "hosts_xclient" },
	{ MTA_OPENSMTPD, true, "proxy-v2" },
};

void audit_config_explain_claim(struct audit_config *config, bool proxy,
                                const struct audit_port *port, struct audit_why *why)
{
	const struct audit_client machine = { .ip = ip_from_v4(127, 0, 0, 1), .own = true,
	                                      .port = port };
	const char *service = port && port->service ? port->service : "";
	struct audit_why then;
	*why = (struct audit_why){ .cause = "" };
	for (size_t i = 0; i < sizeof(claim_settings) / sizeof(*claim_settings); i++) {
		const struct claim_setting *row = &claim_settings[i];
		const struct audit_setting *s = row->mta != config->mta || row->proxy != proxy
			? NULL : audit_config_setting(config, service, row->name);
		if (s && !is_off(s->value))
			audit_why_add(why, config->arena, row->name, &s->place);
	}
	if (!why->by_n)
		return;
	audit_config_explain(config, &machine, &then);
	why->answer = then.answer;
	why->cause = "C7";
	for (size_t i = 0; i < then.by_n && why->by_n < AUDIT_BECAUSE_MAX; i++)
		audit_why_add(why, config->arena, then.by[i].parameter, &then.by[i].place);
}
