/* SPDX-License-Identifier: ISC
 *
 * main.cf as it stands: parameters with file and line, the last of a name wins; and the built-in
 * defaults that matter for relaying (postconf(5); those by compatibility_level as they have been
 * since Postfix 3.6). Also what the other files of the reader need: files within limits, and the
 * list of what could not be read.
 */
#include "audit/postfix-private.h"

#include <stdlib.h>

#define LEVEL(level, below, from) \
	"${{$compatibility_level} <level {" level "} ? {" below "} : {" from "}}"

static const struct { const char *name, *value; } defaults[] = {
	{ "alias_maps", "hash:/etc/aliases" },
	{ "allow_percent_hack", "yes" },
	{ "allow_untrusted_routing", "no" },
	{ "compatibility_level", "0" },
	{ "daemon_directory", "/usr/lib/postfix/sbin" },
	{ "data_directory", "/var/lib/postfix" },
	{ "default_database_type", "hash" },
	{ "default_transport", "smtp" },
	{ "inet_interfaces", "all" },
	{ "inet_protocols", "all" },
	{ "local_recipient_maps", "proxy:unix:passwd.byname $alias_maps" },
	{ "mail_name", "Postfix" },
	{ "multi_instance_directories", "" },
	{ "multi_instance_enable", "no" },
	{ "mydestination", "$myhostname, localhost.$mydomain, localhost" },
	{ "mynetworks_style", LEVEL("2", "subnet", "host") },
	{ "myorigin", "$myhostname" },
	{ "parent_domain_matches_subdomains",
	  "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,"
	  "qmqpd_authorized_clients,relay_domains,smtpd_access_maps" },
	{ "permit_mx_backup_networks", "" },
	{ "postscreen_access_list", "permit_mynetworks" },
	{ "postscreen_upstream_proxy_protocol", "" },
	{ "proxy_interfaces", "" },
	{ "queue_directory", "/var/spool/postfix" },
	{ "relay_clientcerts", "" },
	{ "relay_domains", LEVEL("2", "$mydestination", "") },
	{ "relayhost", "" },
	{ "smtpd_authorized_xclient_hosts", "" },
	{ "smtpd_authorized_xforward_hosts", "" },
	{ "smtpd_client_restrictions", "" },
	{ "smtpd_data_restrictions", "" },
	{ "smtpd_end_of_data_restrictions", "" },
	{ "smtpd_forbid_bare_newline_exclusions", "$mynetworks" },
	{ "smtpd_helo_restrictions", "" },
	{ "smtpd_recipient_restrictions", "" },
	{ "smtpd_relay_restrictions", LEVEL("1", "",
	  "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination") },
	{ "smtpd_restriction_classes", "" },
	{ "smtpd_sasl_auth_enable", "no" },
	{ "smtpd_sasl_path", "smtpd" },
	{ "smtpd_sasl_security_options", "noanonymous" },
	{ "smtpd_sasl_type", "cyrus" },
	{ "smtpd_sender_login_maps", "" },
	{ "smtpd_sender_restrictions", "" },
	{ "smtpd_service_name", "smtpd" },
	{ "smtpd_tls_CAfile", "" },
	{ "smtpd_tls_CApath", "" },
	{ "smtpd_tls_ask_ccert", "no" },
	{ "smtpd_tls_req_ccert", "no" },
	{ "smtpd_tls_security_level", "" },
	{ "smtpd_tls_wrappermode", "no" },
	{ "smtpd_upstream_proxy_protocol", "" },
	{ "swap_bangpath", "yes" },
	{ "virtual_alias_domains", "$virtual_alias_maps" },
	{ "virtual_alias_maps", "$virtual_maps" },
	{ "virtual_mailbox_domains", "$virtual_mailbox_maps" },
	{ "virtual_mailbox_maps", "" },
};

void postfix_unread(struct postfix *p, const char *what, const char *why)
{
	struct audit_reading *r = &p->reading;
	for (size_t i = 0; i < r->unread_n; i++)
		if (!strcmp(r->unread[i].what, what) && !strcmp(r->unread[i].why, why))
			return;
	if (r->unread_n >= POSTFIX_UNREAD_MAX)
		return;
	r->unread = postfix_grown(p->arena, r->unread, r->unread_n, sizeof(*r->unread));
	r->unread[r->unread_n++] = (struct audit_unread){ what, why };
}

void postfix_cut(struct postfix *p, const char *what, const char *why)
{
	p->reading.cut = true;
	postfix_unread(p, what, why);
}

static int file_ask(struct postfix *p, const char *name, struct str *text)
{
	if (p->files_read >= AUDIT_FILES_MAX || p->bytes_read >= POSTFIX_BYTES_MAX)
		return ERR_LIMIT;
	p->files_read++;
	const int err = p->files->read(p->files->arg, name, p->arena, text);
	if (err != ERR_OK)
		return err;
	p->bytes_read += text->n;
	return text->n > AUDIT_FILE_MAX_BYTES ? ERR_LIMIT : ERR_OK;
}

int postfix_file(struct postfix *p, const char *name, struct str *text)
{
	struct postfix_text *t = p->texts;
	while (t && strcmp(t->name, name) != 0)
		t = t->next;
	if (!t) {
		t = arena_alloc(p->arena, sizeof(*t));
		*t = (struct postfix_text){ .next = p->texts, .name = name };
		t->err = file_ask(p, name, &t->text);
		if (t->err != ERR_OK) {
			t->text = STR("");
			postfix_unread(p, name, err_text(t->err));
		}
		p->texts = t;
	}
	*text = t->text;
	return t->err;
}

/* From 3.9 on, and in what is newer than we know, a bare newline is not taken for an end. */
static const char *bare_newline(const struct postfix *p)
{
	const char *v = p->given->version;
	if (!v || v[0] != '3' || v[1] != '.')
		return v && v[0] >= '1' && v[0] <= '2' && v[1] == '.' ? "no" : "normalize";
	return ascii_isdigit((unsigned char)v[2]) && !ascii_isdigit((unsigned char)v[3])
	       && v[2] < '9' ? "no" : "normalize";
}

static const char *machine_default(struct postfix *p, struct str name)
{
	const char *host = p->given->hostname ? p->given->hostname : "localhost";
	const char *dot = strchr(host, '.');
	if (str_eq(name, STR("myhostname")))
		return dot ? host : arena_printf(p->arena, "%s.$mydomain", host);
	if (str_eq(name, STR("mydomain")))
		return dot ? dot + 1 : "localdomain";
	if (str_eq(name, STR("mynetworks")))
		return p->mynetworks;
	if (str_eq(name, STR("config_directory")))
		return p->given->directory;
	if (str_eq(name, STR("mail_version")))
		return p->given->version;
	if (str_eq(name, STR("smtpd_forbid_bare_newline")))
		return bare_newline(p);
	return NULL;
}

static const char *default_of(struct postfix *p, struct str name)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		if (str_eq(name, str_of(defaults[i].name)))
			return defaults[i].value;
	return machine_default(p, name);
}

static int by_name(struct str a, struct str b)
{
	const int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int assign_order(const void *a, const void *b)
{
	const struct postfix_assign *x = a, *y = b;
	const int order = by_name(x->name, y->name);
	return order ? order : (x->place.line > y->place.line) - (x->place.line < y->place.line);
}

static const struct postfix_assign *assigned(const struct postfix *p, struct str name)
{
	size_t low = 0, high = p->main_n;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = by_name(p->main[middle].name, name);
		if (order == 0)
			return &p->main[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool postfix_raw(struct postfix *p, const struct postfix_service *service, struct str name,
                 struct postfix_assign *found)
{
	for (size_t i = service ? service->own_n : 0; i > 0; i--) {
		if (!str_eq(service->own[i - 1].name, name))
			continue;
		*found = service->own[i - 1];
		return true;
	}
	const struct postfix_assign *in_main = assigned(p, name);
	if (in_main) {
		*found = *in_main;
		return true;
	}
	const char *value = default_of(p, name);
	*found = (struct postfix_assign){ .name = name, .value = str_of(value ? value : ""),
	                                  .place = { "", 0, "" } };
	return value != NULL;
}

struct postfix_service *postfix_service_of(struct postfix *p, const char *name)
{
	for (size_t i = 0; name && *name && i < p->service_n; i++)
		if (!strcmp(p->services[i].name, name))
			return &p->services[i];
	return &p->all;
}

static void line_assign(struct postfix *p, const char *file, const struct postfix_line *line)
{
	const size_t equals = str_find(line->text, '=');
	if (line->cut)
		postfix_unread(p, arena_printf(p->arena, "%s, line %u", file, line->number),
		               "the line is too long");
	if (equals == SIZE_MAX) {
		postfix_unread(p, arena_printf(p->arena, "%s, line %u", file, line->number),
		               "it has no =: Postfix does not start with it");
		return;
	}
	const struct str name = str_trim((struct str){ line->text.p, equals });
	if (name.n == 0)
		return;
	p->main = postfix_grown(p->arena, p->main, p->main_n, sizeof(*p->main));
	p->main[p->main_n++] = (struct postfix_assign){
		.name = name, .value = str_trim(str_from(line->text, equals + 1)),
		.place = { file, line->number, line->text.p },
	};
}

static void keep_last(struct postfix *p)
{
	size_t kept = 0;
	if (p->main_n > 0)
		qsort(p->main, p->main_n, sizeof(*p->main), assign_order);
	for (size_t i = 0; i < p->main_n; i++)
		if (i + 1 == p->main_n || !str_eq(p->main[i].name, p->main[i + 1].name))
			p->main[kept++] = p->main[i];
	p->main_n = kept;
}

int postfix_main_read(struct postfix *p)
{
	const char *file = arena_printf(p->arena, "%s/main.cf", p->given->directory);
	struct str text;
	struct postfix_line line;
	int err = postfix_file(p, file, &text);
	struct postfix_lines lines = { .rest = text, .arena = p->arena };
	while (postfix_line_next(&lines, &line)) {
		if (p->main_n >= AUDIT_SETTINGS_MAX) {
			postfix_cut(p, file, "it has too many parameters");
			err = ERR_LIMIT;
			break;
		}
		line_assign(p, file, &line);
	}
	keep_last(p);
	return err;
}
