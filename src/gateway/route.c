/* SPDX-License-Identifier: ISC
 *
 * Transports are read when they are asked for; what cannot be read was refused by the check.
 */
#include "gateway/route.h"

#include "base/mem.h"
#include "gateway/bydomain-private.h"
#include "mail/address.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/un.h>

enum { SMTP_PORT = 25 };

struct route_entry {
	char *host;                   /* of the route, if it has one: NUL-terminated */
	struct gateway_route route;
};

struct gateway_routes {
	struct by_domain transports, domains;
	struct route_entry *entries;  /* of the transports, in their order */
	struct route_entry smarthost; /* host NULL: there is none */
};

/* ---- one entry ------------------------------------------------------------------------------ */

static const char expected_host[] = "a host name, an IPv4 address, or an IPv6 address in brackets";
static const char expected_port[] = "a port from 1 to 65535";

static bool host_valid(struct str host)
{
	struct ip ip;
	return ip_parse(host, &ip, NULL) == ERR_OK || mail_domain_valid(host);
}

/* "HOST", "HOST:PORT", "[ADDRESS]", "[ADDRESS]:PORT"; a port of 0 must be given. */
static int host_parse(struct str text, uint16_t default_port, struct gateway_route *out,
                      struct parse_error *pe)
{
	uint64_t port = default_port;
	bool bracket = text.n > 0 && text.p[0] == '[';
	size_t end = str_find(text, bracket ? ']' : ':');
	struct str rest = { 0 };
	if (bracket && end == SIZE_MAX)
		return err_parse(pe, expected_host, 0);
	out->host = bracket ? (struct str){ text.p + 1, end - 1 }
	          : end == SIZE_MAX ? text : (struct str){ text.p, end };
	if (end != SIZE_MAX)
		rest = str_from(text, bracket ? end + 1 : end);
	if (!host_valid(out->host))
		return err_parse(pe, expected_host, 0);
	if (rest.n > 0 && (rest.p[0] != ':' ||
	                   str_u64(str_from(rest, 1), UINT16_MAX, &port) != ERR_OK))
		return err_parse(pe, expected_port, text.n - rest.n);
	if (port == 0)
		return err_parse(pe, expected_port, text.n - rest.n);
	out->port = (uint16_t)port;
	return ERR_OK;
}

int gateway_route_parse(struct str how, struct gateway_route *out, struct parse_error *pe)
{
	*out = (struct gateway_route){ 0 };
	if (str_eq(how, STR("maildir"))) {
		out->way = GATEWAY_WAY_MAILDIR;
		return ERR_OK;
	}
	if (str_prefix(how, STR("lmtp:/"))) {
		out->way = GATEWAY_WAY_LMTP;
		out->path = str_from(how, sizeof("lmtp:") - 1);
		if (out->path.n >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return err_parse(pe, "a path of at most 107 bytes", sizeof("lmtp:") - 1);
		return ERR_OK;
	}
	if (str_prefix(how, STR("lmtp:unix:")))
		return err_parse(pe, "lmtp:/PATH, without unix:", sizeof("lmtp:") - 1);
	if (str_prefix(how, STR("lmtp:"))) {
		out->way = GATEWAY_WAY_LMTP;
		return host_parse(str_from(how, sizeof("lmtp:") - 1), 0, out, pe);
	}
	if (str_prefix(how, STR("smtp:"))) {
		out->way = GATEWAY_WAY_HOST;
		return host_parse(str_from(how, sizeof("smtp:") - 1), SMTP_PORT, out, pe);
	}
	return err_parse(pe, "maildir, lmtp:/PATH, lmtp:HOST:PORT or smtp:HOST[:PORT]", 0);
}

/* ---- the check ------------------------------------------------------------------------------- */

static int refuse(const char *parameter, const char *expected, const char *found,
                  struct buf *message)
{
	buf_printf(message, "gateway.%s: expected %s, found \"", parameter, expected);
	buf_add_escaped(message, str_of(found));
	buf_add_cstr(message, "\"");
	return ERR_INVALID;
}

static int check_transport(const struct by_domain *domains, const char *entry,
                           struct buf *message)
{
	struct str domain, how;
	struct gateway_route route;
	struct parse_error pe = { 0 };
	if (!by_domain_split(str_of(entry), true, &domain, &how))
		return refuse("transports", "a domain or \"*\", and a way", entry, message);
	if (gateway_route_parse(how, &route, &pe) != ERR_OK)
		return refuse("transports", pe.expected, entry, message);
	if (route.way == GATEWAY_WAY_MAILDIR && !str_eq(domain, STR("*")) &&
	    !by_domain_find(domains, domain))
		return refuse("transports", "maildir for a domain of gateway.domains only", entry,
		              message);
	return ERR_OK;
}

static int check_smarthost(const struct gateway_config *config, struct buf *message)
{
	struct gateway_route route;
	struct parse_error pe = { 0 };
	const char *login = config->smarthost_login, *file = config->smarthost_password_file;
	if (!login[0] != !file[0])
		return refuse(login[0] ? "smarthost_password_file" : "smarthost_login",
		              "together with the other of the two", "", message);
	if (login[0] && !config->smarthost[0])
		return refuse("smarthost", "where gateway.smarthost_login is set", "", message);
	if (!config->smarthost[0])
		return ERR_OK;
	if (host_parse(str_of(config->smarthost), SMTP_PORT, &route, &pe) != ERR_OK)
		return refuse("smarthost", pe.expected, config->smarthost, message);
	return ERR_OK;
}

/* Domains stand alone in their list: a second word makes them entries of a table. */
static void domains_init(struct by_domain *t, const struct config_strings *domains)
{
	struct config_strings entries = { mem_array(domains->n + 1, sizeof(char *)), domains->n };
	for (size_t i = 0; i < domains->n; i++)
		entries.v[i] = mem_printf("%s ours", domains->v[i]);
	by_domain_init(t, &entries);
	for (size_t i = 0; i < domains->n; i++)
		free(entries.v[i]);
	free(entries.v);
}

static int check_domains(const struct gateway_config *config, struct buf *message)
{
	for (size_t i = 0; i < config->domains.n; i++)
		if (!mail_domain_valid(str_of(config->domains.v[i])))
			return refuse("domains", "a domain name, in ASCII (xn--...)",
			              config->domains.v[i], message);
	return ERR_OK;
}

int gateway_routes_check(const struct gateway_config *config, struct buf *message)
{
	struct by_domain domains, transports;
	int e = check_domains(config, message);
	if (e != ERR_OK)
		return e;
	domains_init(&domains, &config->domains);
	for (size_t i = 0; i < config->transports.n && e == ERR_OK; i++)
		e = check_transport(&domains, config->transports.v[i], message);
	by_domain_init(&transports, &config->transports);
	const char *twice = by_domain_twice(&transports);
	if (e == ERR_OK && twice) {
		buf_printf(message, "gateway.transports: expected one entry for %s, found two",
		           twice);
		e = ERR_INVALID;
	}
	by_domain_fini(&transports);
	by_domain_fini(&domains);
	return e == ERR_OK ? check_smarthost(config, message) : e;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A host of its own, ended by a NUL. */
static void entry_own(struct route_entry *e)
{
	if (e->route.host.n == 0)
		return;
	e->host = mem_strndup(e->route.host.p, e->route.host.n);
	e->route.host = str_of(e->host);
}

struct gateway_routes *gateway_routes_create(const struct gateway_config *config)
{
	struct gateway_routes *r = mem_zalloc(sizeof(*r));
	by_domain_init(&r->transports, &config->transports);
	domains_init(&r->domains, &config->domains);
	r->entries = mem_array(r->transports.n + 1, sizeof(*r->entries));
	for (size_t i = 0; i < r->transports.n; i++) {
		struct route_entry *e = &r->entries[i];
		int err = gateway_route_parse(str_of(r->transports.v[i].rest), &e->route, NULL);
		assert(err == ERR_OK);
		entry_own(e);
	}
	if (config->smarthost[0]) {
		struct route_entry *e = &r->smarthost;
		int err = host_parse(str_of(config->smarthost), SMTP_PORT, &e->route, NULL);
		assert(err == ERR_OK);
		e->route.way = GATEWAY_WAY_SMARTHOST;
		entry_own(e);
	}
	return r;
}

void gateway_routes_destroy(struct gateway_routes *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->transports.n; i++)
		free(r->entries[i].host);
	free(r->smarthost.host);
	free(r->entries);
	by_domain_fini(&r->transports);
	by_domain_fini(&r->domains);
	free(r);
}

bool gateway_route_is_ours(const struct gateway_routes *r, struct str domain)
{
	return by_domain_find(&r->domains, domain) != NULL;
}

static bool transport_of(const struct gateway_routes *r, struct str domain,
                         struct gateway_route *out)
{
	const struct by_domain_entry *e = by_domain_find(&r->transports, domain);
	if (e)
		*out = r->entries[e - r->transports.v].route;
	return e != NULL;
}

void gateway_route_of(const struct gateway_routes *r, struct str domain, bool local,
                      struct gateway_route *out)
{
	assert(!str_eq(domain, STR("*")));
	bool ours = local || gateway_route_is_ours(r, domain);
	*out = (struct gateway_route){ .way = GATEWAY_WAY_MAILDIR };
	if (transport_of(r, domain, out) || (ours && transport_of(r, STR("*"), out)) || ours)
		return;
	if (r->smarthost.host)
		*out = r->smarthost.route;
	else
		out->way = GATEWAY_WAY_MX;
}
