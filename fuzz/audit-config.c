/* SPDX-License-Identifier: ISC
 *
 * The one door to a configuration: whichever server it is, every client gets an answer with whole
 * lines, and what is installed is found. The first byte chooses the server, the second what the
 * client shows; then come the main file and one text for all others, a NUL between them.
 */
#include "fuzz.h"

#include "audit/diff.h"
#include "audit/installed.h"

#include <stdlib.h>

struct texts {
	struct str main, other;
};

/* Exim's one file is not there half the time, so that Debian's order goes on. */
static int give(void *arg, const char *name, struct arena *a, struct str *text)
{
	const struct texts *t = arg;
	(void)a;
	if (strstr(name, "exim4.conf") && !strstr(name, "update") && (t->main.n & 1))
		return ERR_NOT_FOUND;
	*text = strstr(name, "main.cf") || strstr(name, ".conf") || strstr(name, "sendmail")
	        ? t->main : t->other;
	return ERR_OK;
}

static int list(void *arg, const char *pattern, struct arena *a, const char ***names, size_t *n)
{
	(void)arg;
	*names = arena_alloc(a, sizeof(**names));
	(*names)[0] = arena_printf(a, "%s/10_a", pattern);
	*n = 1;
	return ERR_OK;
}

static void check(const struct audit_why *why)
{
	if (!why->cause || why->by_n > AUDIT_BECAUSE_MAX || why->answer > AUDIT_PERHAPS)
		abort();
	for (size_t i = 0; i < why->by_n; i++)
		if (!why->by[i].parameter || !why->by[i].place.file || !why->by[i].place.text)
			abort();
}

static void ask(struct audit_config *config, const struct audit_client *client)
{
	struct audit_why why;
	audit_config_explain(config, client, &why);
	check(&why);
	audit_config_explain_claim(config, client->own, client->port, &why);
	check(&why);
	const char *service = client->port && client->port->service ? client->port->service : "";
	const struct audit_setting *s = audit_config_setting(config, service, "mynetworks");
	if (s && (!s->value || !s->place.file))
		abort();
}

static void ask_all(struct audit_config *config, unsigned shows)
{
	const struct audit_reading *r = audit_config_reading(config);
	const struct ip ips[] = { ip_from_v4(127, 0, 0, 1), ip_from_v4(10, 1, 1, 1),
	                          { .family = 6, .b = { 0x20, 1 } } };
	for (size_t i = 0; i < 3; i++) {
		struct audit_client client = { .ip = ips[i], .shows = shows, .own = i == 0 };
		ask(config, &client);
		for (size_t k = 0; k < r->port_n && k < 3; k++) {
			client.port = &r->ports[k];
			ask(config, &client);
		}
	}
}

/* Against the one of the texts exchanged; against itself there is no difference. */
static void compare(struct audit_config *config, const struct audit_config_given *given,
                    const struct texts *texts, struct arena *a)
{
	struct texts turned = { texts->other, texts->main };
	const struct audit_files files = { give, list, &turned };
	struct audit_config *other;
	struct audit_diff diff;
	struct facts facts;
	facts_begin(&facts, a);
	(void)audit_config_read(&files, given, a, &other);
	(void)audit_diff(config, other, &facts, a, &diff);
	for (size_t i = 0; i < diff.row_n; i++) {
		const struct audit_diff_row *row = &diff.rows[i];
		if (!row->client.network.ip.family || !row->was.cause || !row->is.cause
		    || (i > 0 && row->widens && !diff.rows[i - 1].widens))
			abort();
	}
	(void)audit_diff(config, config, &facts, a, &diff);
	if (diff.row_n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct audit_config *config;
	struct audit_found *found;
	size_t n;
	if (size < 2 || size > 65536)
		return 0;
	struct str rest = { (const char *)data + 2, size - 2 };
	const size_t end = str_find(rest, '\0');
	struct texts texts = { rest, STR("") };
	if (end != SIZE_MAX)
		texts = (struct texts){ { rest.p, end }, str_from(rest, end + 1) };
	const struct audit_files files = { give, list, &texts };
	const enum mta mta = MTA_FIRST + data[0] % 4;
	const char *const directories[] = { NULL, "/etc/mail/", "/etc/postfix/main.cf" };
	const struct audit_config_given given = { mta, directories[data[0] / 4 % 3],
	                                          "mx.example.org", "3.7.11", NULL };
	(void)audit_config_read(&files, &given, &a, &config);
	ask_all(config, 0);
	ask_all(config, data[1]);
	ask_all(config, data[1] | AUDIT_BY_ROUTES);
	if (size < 2000)
		compare(config, &given, &texts, &a);
	audit_installed(&files, &a, &found, &n);
	arena_fini(&a);
	return 0;
}
