/* SPDX-License-Identifier: ISC
 *
 * The entries of the section that the sessions read: who is trusted, which certificate is for
 * which name; and the check of them and of all that says who may speak for others.
 */
#include "gateway/config.h"

#include "gateway/trust.h"
#include "mail/address.h"
#include "wire/proxy.h"

int gateway_trusted_parse(struct str entry, struct gateway_trusted_entry *out)
{
	struct str host;
	*out = (struct gateway_trusted_entry){ 0 };
	if (!str_word(&entry, &host) || !str_word(&entry, &out->account) ||
	    str_trim(entry).n > 0)
		return ERR_INVALID;
	return ip_parse(host, &out->host, NULL);
}

int gateway_sni_parse(struct str entry, struct gateway_sni *out)
{
	*out = (struct gateway_sni){ 0 };
	if (!str_word(&entry, &out->name) || !str_word(&entry, &out->certificate) ||
	    !str_word(&entry, &out->key) || str_trim(entry).n > 0)
		return ERR_INVALID;
	return mail_domain_valid(out->name) ? ERR_OK : ERR_INVALID;
}

static int complain(struct buf *message, const char *parameter, const char *expected,
                    const char *found)
{
	buf_printf(message, "gateway.%s: expected %s, found \"", parameter, expected);
	buf_add_escaped(message, str_of(found));
	buf_add_cstr(message, "\"");
	return ERR_INVALID;
}

/* Whoever is in it can be anybody. */
static int check_peers(const char *parameter, const struct config_prefixes *peers,
                       struct buf *message)
{
	char text[PREFIX_TEXT_MAX];
	for (size_t i = 0; i < peers->n; i++)
		if (wire_proxy_peer_check(&peers->v[i]) != ERR_OK)
			return complain(message, parameter, "single hosts or networks, at most "
			                "an IPv4 /16 or an IPv6 /32",
			                prefix_format(&peers->v[i], text));
	return ERR_OK;
}

static bool is_proxy(const struct config_prefixes *peers, const struct ip *host)
{
	for (size_t i = 0; i < peers->n; i++)
		if (prefix_contains(&peers->v[i], host))
			return true;
	return false;
}

static int check_trusted(const struct gateway_config *config, struct buf *message)
{
	for (size_t i = 0; i < config->trusted_hosts.n; i++) {
		const char *entry = config->trusted_hosts.v[i];
		struct gateway_trusted_entry trusted;
		if (gateway_trusted_parse(str_of(entry), &trusted) != ERR_OK)
			return complain(message, "trusted_hosts", "an address and an account, such "
			                "as \"192.0.2.7 printer\"", entry);
		if (is_proxy(&config->proxy_peers, &trusted.host) ||
		    is_proxy(&config->xclient_peers, &trusted.host))
			return complain(message, "trusted_hosts", "a host that is no proxy of "
			                "gateway.proxy_peers or gateway.xclient_peers", entry);
		/* Addresses and routes change: what they say is no error here. */
		const char *why = gateway_trust_refuses(&trusted.host, NULL);
		if (why) {
			complain(message, "trusted_hosts", "a host that can be trusted", entry);
			buf_printf(message, ": it %s", why);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

static int check_sni(const struct gateway_config *config, struct buf *message)
{
	struct gateway_sni sni;
	for (size_t i = 0; i < config->sni.n; i++)
		if (gateway_sni_parse(str_of(config->sni.v[i]), &sni) != ERR_OK)
			return complain(message, "sni", "a host name and the paths of its "
			                "certificate and key", config->sni.v[i]);
	if (config->sni.n == 0 || config->certificate[0])
		return ERR_OK;
	return complain(message, "certificate", "one for who asks for no name, where gateway.sni "
	                "is set", "");
}

static int check_path(const char *parameter, const char *path, struct buf *message)
{
	if (!path[0] || path[0] == '/' || strcmp(path, "none") == 0)
		return ERR_OK;
	return complain(message, parameter, "an absolute path or \"none\"", path);
}

int gateway_config_check_entries(const struct gateway_config *config, struct buf *message)
{
	int e = check_peers("proxy_peers", &config->proxy_peers, message);
	if (e == ERR_OK)
		e = check_peers("xclient_peers", &config->xclient_peers, message);
	if (e == ERR_OK)
		e = check_trusted(config, message);
	if (e == ERR_OK)
		e = check_sni(config, message);
	if (e == ERR_OK)
		e = check_path("local_socket", config->local_socket, message);
	if (e == ERR_OK)
		e = check_path("control_socket", config->control_socket, message);
	if (e == ERR_OK && config->mailboxes[0] && config->mailboxes[0] != '/')
		e = complain(message, "mailboxes", "an absolute path", config->mailboxes);
	if (e == ERR_OK && config->memory_bytes < config->message_bytes) {
		buf_add_cstr(message, "gateway.memory: expected gateway.message_size or more: no "
		             "message of that size would ever be taken");
		e = ERR_INVALID;
	}
	if (e == ERR_OK && config->listen.n > 0 && config->domains.n == 0)
		e = complain(message, "domains", "one or more where gateway.listen is set: from "
		             "strangers it takes no other mail", "");
	return e;
}
