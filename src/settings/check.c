/* SPDX-License-Identifier: ISC
 *
 * What is asked of settings besides, before roles run by them: each section's check for roles, what
 * sections know together, and what the machine says.
 */
#include "settings/check.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "base/stream.h"
#include "base/tls.h"
#include "settings/assembly-gateway.h"
#include "settings/network.h"
#include "settings/settings-private.h"
#include "store/types.h"
#include "trace/names.h"
#include "witness/key.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- pure ------------------------------------------------------------------ */

/* Whether the second socket could not be bound beside the first. */
static bool collide(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && a->ip.family == b->ip.family &&
	       (ip_eq(&a->ip, &b->ip) || ip_is_unspecified(&a->ip) || ip_is_unspecified(&b->ip));
}

/* Both lists are listened on by TCP. `same`: they are one list. */
static int check_apart(const char *name, const struct config_endpoints *list,
                       const char *other_name, const struct config_endpoints *other, bool same,
                       struct buf *message)
{
	char one[ENDPOINT_TEXT_MAX], two[ENDPOINT_TEXT_MAX];
	for (size_t i = 0; i < list->n; i++)
		for (size_t j = same ? i + 1 : 0; j < other->n; j++) {
			if (!collide(&list->v[i], &other->v[j]))
				continue;
			buf_printf(message, "%s: expected an address and port that is not taken, "
			           "found %s beside %s of %s", other_name,
			           endpoint_format(&other->v[j], two),
			           endpoint_format(&list->v[i], one), name);
			return ERR_INVALID;
		}
	return ERR_OK;
}

static int check_listen(const struct settings *s, struct buf *message)
{
	const struct { const char *name; const struct config_endpoints *at; } lists[] = {
		{ "collector.listen", &s->collector.listen }, { "dnsbl.listen", &s->dnsbl.listen },
		{ "witness.listen", &s->witness.listen },
		{ "gateway.listen", &s->gateway.listen },
		{ "gateway.submission", &s->gateway.submission },
		{ "gateway.submissions", &s->gateway.submissions },
	};
	int e = ERR_OK;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (size_t j = 0; e == ERR_OK && j <= i; j++)
			e = check_apart(lists[j].name, lists[j].at, lists[i].name, lists[i].at,
			                i == j, message);
	return e;
}

/* Whoever relays for one of them as a customer's domain may do so for both. */
static void remark_related(const struct settings *s, struct buf *remarks)
{
	char one[NAME_ORG_MAX], two[NAME_ORG_MAX];
	struct str org = name_org(str_of(s->tester.domain), one);
	if (org.n && str_caseeq(org, name_org(str_of(s->tester.domain2), two)))
		buf_printf(remarks, "tester.domain2: is under %.*s, as tester.domain is: expected "
		           "a domain registered apart from it\n", STR_ARG(org));
}

/* Our name server has no other names in the zone than those of the list: a collector's domain
 * there has no MX, and what is relayed never comes back. */
static int check_zone(const struct settings *s, const char *name, const char *zone,
                      struct buf *message)
{
	const struct { const char *name, *domain; } domains[] = {
		{ "tester.domain", s->tester.domain }, { "tester.domain2", s->tester.domain2 },
	};
	for (size_t i = 0; zone[0] && i < sizeof(domains) / sizeof(*domains); i++) {
		if (!str_in_domain(str_of(domains[i].domain), str_of(zone)))
			continue;
		buf_printf(message, "%s: expected a domain outside %s (%s), which has no MX "
		           "records, found \"%s\"", domains[i].name, name, zone,
		           domains[i].domain);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static int check_zones(const struct settings *s, struct buf *message)
{
	int e = check_zone(s, "dnsbl.zone", s->dnsbl.zone, message);
	return e == ERR_OK ? check_zone(s, "dnsbl.output_zone", s->dnsbl.output_zone, message) : e;
}

static int check_sections(const struct settings *s, struct buf *message)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < SETTINGS_SECTIONS; i++)
		if (settings_sections[i].check_for_roles)
			e = settings_sections[i].check_for_roles(s, message);
	if (e == ERR_OK)
		e = check_listen(s, message);
	if (e == ERR_OK)
		e = check_zones(s, message);
	return e == ERR_OK ? settings_check_examples(s, message) : e;
}

/* A list below the collector's domain works; but hosts that are tested learn that domain, and who
 * refuses or ends it takes the list with it. And names in the zone do not exist for others. */
static void remark_zone(const struct settings *s, const char *name, const char *zone,
                        struct buf *remarks)
{
	const struct { const char *name, *domain; } above[] = {
		{ "tester.domain", s->tester.domain }, { "tester.domain2", s->tester.domain2 },
	}, within[] = {
		{ "hostname", s->general.hostname_given ? s->general.hostname : "" },
		{ "contact", s->general.contact_given ? s->general.contact : "" },
		{ "report.from", s->report.from }, { "report.return_path", s->report.return_path },
	};
	if (!zone[0])
		return;
	for (size_t i = 0; i < sizeof(above) / sizeof(*above); i++)
		if (str_in_domain(str_of(zone), str_of(above[i].domain)))
			buf_printf(remarks, "%s: %s is under %s: expected a zone apart from the "
			           "collector's domains\n", name, zone, above[i].name);
	for (size_t i = 0; i < sizeof(within) / sizeof(*within); i++) {
		const char *at = strrchr(within[i].domain, '@');
		if (str_in_domain(str_of(at ? at + 1 : within[i].domain), str_of(zone)))
			buf_printf(remarks, "%s: %s is in %s, where nothing but the list is "
			           "found\n", within[i].name, within[i].domain, name);
	}
}

/* ---- what the machine says ---------------------------------------------------- */

static int check_user(const struct settings *s, struct buf *message)
{
	unsigned uid, gid;
	/* Who is not root stays who he is. */
	if (geteuid() != 0 || sandbox_user(s->general.user, &uid, &gid) == ERR_OK)
		return ERR_OK;
	buf_add_cstr(message, "user: expected an existing user, found \"");
	buf_add_escaped(message, str_of(s->general.user));
	buf_add_cstr(message, "\"");
	return ERR_NOT_FOUND;
}

static int check_state_directory(const struct settings *s, struct buf *message)
{
	struct stat st;
	const char *path = s->general.state_directory;
	if (stat(path, &st) == 0 ? S_ISDIR(st.st_mode) : errno != ENOTDIR)
		return ERR_OK;
	buf_add_cstr(message, "state directory ");
	buf_add_escaped(message, str_of(path));
	buf_add_cstr(message, ": expected a directory");
	return ERR_INVALID;
}

/* Roles get the settings as text: what could not be read back would stop them all. */
static int check_text(const struct settings *s, struct buf *message)
{
	struct settings copy;
	struct buf text = { 0 }, found = { 0 };
	settings_print((struct settings *)s, false, &text);
	int e = settings_load_text(&copy, buf_str(&text), &found);
	if (e == ERR_OK)
		settings_fini(&copy);
	else
		buf_printf(message, "expected what roles can read, found %s", buf_cstr(&found));
	buf_fini(&text);
	buf_fini(&found);
	return e;
}

static int check_tls(const struct settings *s, struct buf *message, struct buf *remarks)
{
	const struct collector_config *c = &s->collector;
	SSL_CTX *ctx;
	if (!c->certificate[0])
		return ERR_OK;
	int e = tls_server_create("collector", c->certificate, c->key, &ctx, message);
	if (e != ERR_OK)
		return e;
	/* The name in the banner is the one that its MX record should have. */
	tls_server_remark("collector", ctx,
	                  s->general.hostname_given ? s->general.hostname : NULL,
	                  clock_now_s(), remarks);
	SSL_CTX_free(ctx);
	return ERR_OK;
}

/* "" is none. A FIFO, say, would hold us. */
static int read_regular(const char *path, size_t max_bytes, struct buf *text)
{
	struct stat st;
	if (!path[0])
		return ERR_OK;
	if (stat(path, &st) != 0)
		return file_err(errno);
	return S_ISREG(st.st_mode) ? file_read(path, max_bytes, text) : ERR_INVALID;
}

/* What the role gets: the files' texts, read as whoever starts it. */
static int check_gateway_tls(const struct settings *s, struct buf *message, struct buf *remarks)
{
	const char *paths[GATEWAY_FILES_MAX];
	struct buf texts[GATEWAY_FILES_MAX] = { 0 };
	struct str contents[GATEWAY_FILES_MAX];
	struct arena a = { 0 };
	SSL_CTX *ctx = NULL;
	size_t n = assembly_gateway_files(s, &a, paths);
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		e = read_regular(paths[i], GATEWAY_FILE_BYTES_MAX, &texts[i]);
		contents[i] = texts[i].n ? buf_str(&texts[i]) : STR("");
		if (e == ERR_OK)
			continue;
		buf_printf(message, "gateway.%s: expected a file that can be read, found \"",
		           assembly_gateway_file_parameter(i));
		buf_add_escaped(message, str_of(paths[i]));
		buf_printf(message, "\": %s", err_text(e));
	}
	if (e == ERR_OK)
		e = assembly_gateway_tls(s, contents, &ctx, message);
	if (e == ERR_OK && ctx)
		tls_server_remark("gateway", ctx, s->general.hostname_given ? s->general.hostname
		                  : NULL, clock_now_s(), remarks);
	for (size_t i = 0; i < n; i++) {
		if (texts[i].n)
			OPENSSL_cleanse(texts[i].p, texts[i].n);
		buf_fini(&texts[i]);
	}
	SSL_CTX_free(ctx);
	arena_fini(&a);
	return e;
}

/* The witness's keys; who can read them can ask it. */
static int check_witness(const struct settings *s, struct buf *message, struct buf *remarks)
{
	const char *path = s->witness.keys;
	struct witness_keys keys;
	struct buf text = { 0 };
	struct stat st;
	if (!settings_has_role(s, "witness"))
		return ERR_OK;
	int e = stat(path, &st) == 0 ? ERR_OK : file_err(errno);
	if (e == ERR_OK)
		e = read_regular(path, WITNESS_KEYS_BYTES, &text);
	if (e != ERR_OK) {
		buf_add_cstr(message, "witness.keys: expected a file that can be read, found \"");
		buf_add_escaped(message, str_of(path));
		buf_printf(message, "\": %s", err_text(e));
	} else {
		e = witness_keys_parse(path, buf_str(&text), &keys, message);
	}
	if (e == ERR_OK) {
		if (st.st_mode & 077)
			buf_printf(remarks, "witness.keys: %s is open to others than its owner: "
			           "expected mode 0600\n", path);
		if (keys.n == 0)
			buf_printf(remarks, "witness.keys: %s has no key, so that nobody is "
			           "answered\n", path);
		witness_keys_fini(&keys);
	}
	if (text.n)
		OPENSSL_cleanse(text.p, text.n);
	buf_fini(&text);
	return e;
}

/* The secret of whoever asks a witness. The gate says itself what else is wrong with it. */
static void remark_gate_key(const char *path, struct buf *remarks)
{
	struct stat st;
	if (path[0] && stat(path, &st) == 0 && st.st_mode & 077)
		buf_printf(remarks, "gate.key: %s is open to others than its owner: expected mode "
		           "0600\n", path);
}

/* An address that comes and goes (of a pair of machines, say) is no mistake. */
static void remark_foreign(const char *name, const struct ip *ip, struct buf *remarks)
{
	struct endpoint at = { .ip = *ip };
	char text[IP_TEXT_MAX];
	int fd = stream_bind_udp(&at);
	if (fd >= 0)
		close(fd);
	else
		buf_printf(remarks, "%s: %s is no address of this machine now\n", name,
		           ip_format(ip, text));
}

static void remark_addresses(const struct settings *s, struct buf *remarks)
{
	const struct { const char *name; const struct config_ips *list; } ips[] = {
		{ "tester.source", &s->tester.source },
		{ "tester.trusted_source", &s->tester.trusted_source },
		{ "gateway.source", &s->gateway.source },
	};
	const struct { const char *name; const struct config_endpoints *list; } endpoints[] = {
		{ "collector.listen", &s->collector.listen }, { "dnsbl.listen", &s->dnsbl.listen },
		{ "witness.listen", &s->witness.listen },
		{ "gateway.listen", &s->gateway.listen },
		{ "gateway.submission", &s->gateway.submission },
		{ "gateway.submissions", &s->gateway.submissions },
	};
	for (size_t i = 0; i < sizeof(ips) / sizeof(*ips); i++)
		for (size_t j = 0; j < ips[i].list->n; j++)
			remark_foreign(ips[i].name, &ips[i].list->v[j], remarks);
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(*endpoints); i++)
		for (size_t j = 0; j < endpoints[i].list->n; j++)
			remark_foreign(endpoints[i].name, &endpoints[i].list->v[j].ip, remarks);
}

/* As the gateway does at its start and whenever the network changes. */
static void remark_trusted(const struct config_strings *hosts, struct buf *remarks)
{
	struct network network;
	struct gateway_network now = { 0 };
	struct arena a = { 0 };
	if (hosts->n == 0)
		return;
	network_open(&network);
	network_look(&network, &a, &now);
	for (size_t i = 0; i < hosts->n; i++) {
		struct gateway_trusted_entry entry;
		char text[IP_TEXT_MAX];
		int e = gateway_trusted_parse(str_of(hosts->v[i]), &entry);
		assert(e == ERR_OK && "the section's check has read it");
		const char *why = gateway_trust_refuses(&entry.host, &now);
		if (why)
			buf_printf(remarks, "gateway.trusted_hosts: %s %s; it is nobody's account "
			           "as long as that is so\n", ip_format(&entry.host, text), why);
	}
	network_close(&network);
	arena_fini(&a);
}

int settings_check_for_roles(const struct settings *s, struct buf *message, struct buf *remarks)
{
	int e = check_sections(s, message);
	if (e == ERR_OK)
		e = check_user(s, message);
	if (e == ERR_OK)
		e = check_state_directory(s, message);
	if (e == ERR_OK)
		e = check_text(s, message);
	if (e == ERR_OK)
		e = check_tls(s, message, remarks);
	if (e == ERR_OK)
		e = check_gateway_tls(s, message, remarks);
	if (e == ERR_OK)
		e = check_witness(s, message, remarks);
	if (e == ERR_OK)
		e = settings_check_files(s, message, remarks);
	if (e == ERR_OK) {
		remark_related(s, remarks);
		remark_zone(s, "dnsbl.zone", s->dnsbl.zone, remarks);
		remark_zone(s, "dnsbl.output_zone", s->dnsbl.output_zone, remarks);
		remark_addresses(s, remarks);
		remark_trusted(&s->gateway.trusted_hosts, remarks);
		remark_gate_key(s->gate.key, remarks);
	}
	return e;
}

int settings_load_for_roles(struct settings *s, const char *path, const char *state_directory,
                            struct buf *message, struct buf *remarks)
{
	struct buf found = { 0 };
	int e = settings_load(s, path, state_directory, message);
	if (e != ERR_OK)
		return e;
	e = settings_check_for_roles(s, &found, remarks);
	if (e != ERR_OK) {
		if (path || access(SETTINGS_FILE, F_OK) == 0)
			buf_printf(message, "%s: ", path ? path : SETTINGS_FILE);
		buf_add_str(message, buf_str(&found));
		settings_fini(s);
	}
	buf_fini(&found);
	return e;
}
