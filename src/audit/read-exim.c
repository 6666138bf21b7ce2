/* SPDX-License-Identifier: ISC
 *
 * Exim's options, named lists and sections, and the ports of its daemon; see exim-private.h for
 * the steps.
 */
#include "audit/read-exim.h"

#include "audit/exim-private.h"
#include "audit/who.h"

#include <stdio.h>

/* ---- lines ------------------------------------------------------------------- */

/* The place of a value that is one macro's: there it has to be changed. */
static struct audit_place place_of(const struct exim *x, const struct audit_place *place)
{
	struct str text = str_of(place->text);
	size_t equals = str_find(text, '=');
	const struct exim_macro *macro = equals == SIZE_MAX ? NULL
		: exim_macro_find(x, str_trim(str_from(text, equals + 1)));
	return macro ? macro->place : *place;
}

static bool take_list(struct exim *x, struct str kind, struct str rest,
                      const struct audit_place *place)
{
	bool hosts = str_prefix(kind, STR("hostlist"));
	size_t equals = str_find(rest, '=');
	if ((!hosts && !str_prefix(kind, STR("domainlist"))) || equals == SIZE_MAX)
		return false;
	if (x->list_n == EXIM_LISTS_MAX) {
		gather_cut_at(x->g, place, "more lists than we take");
		return true;
	}
	struct exim_list *list = &x->lists[x->list_n++];
	struct str name = str_trim((struct str){ rest.p, equals });
	*list = (struct exim_list){ hosts, arena_str(x->g->a, name),
	                            str_trim(str_from(rest, equals + 1)), place_of(x, place) };
	gather_setting(x->g, list->name, list->value, "", &list->place);
	return true;
}

static void take_option(struct exim *x, struct str text, const char *service,
                        const struct audit_place *place)
{
	struct audit_place at = place_of(x, place);
	size_t equals = str_find(text, '=');
	struct str value = equals == SIZE_MAX ? STR("true") : str_trim(str_from(text, equals + 1));
	struct str name = str_trim(equals == SIZE_MAX ? text : (struct str){ text.p, equals });
	if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = (struct str){ value.p + 1, value.n - 2 };
	gather_setting(x->g, name, value, service, &at);
}

static void take_main(struct exim *x, struct str text, const struct audit_place *place)
{
	struct str rest = text, word;
	if (!str_word(&rest, &word))
		return;
	if (str_eq(word, STR("hide"))) {
		text = str_trim(rest);
		if (!str_word(&rest, &word))
			return;
	}
	if (!take_list(x, word, rest, place))
		take_option(x, text, "", place);
}

/* What the findings ask of all ACLs, whatever their conditions: it is kept as a setting. */
static void note_acl_line(struct exim *x, struct str text, const struct audit_place *place)
{
	const size_t verify = str_search(text, STR("verify"));
	if (str_search(text, STR("authenticated_id")) != SIZE_MAX)
		gather_setting(x->g, STR("acl $authenticated_id"), text, "", place);
	if (verify != SIZE_MAX && str_search(str_from(text, verify), STR("recipient")) != SIZE_MAX)
		gather_setting(x->g, STR("acl verify = recipient"), text, "", place);
}

static void keep_line(struct exim *x, struct exim_lines *kept, struct str text,
                      const struct audit_place *place)
{
	if (kept->n == AUDIT_SETTINGS_MAX) {
		if (!kept->cut)
			gather_cut_at(x->g, place, "more lines than we take");
		kept->cut = true;
		return;
	}
	if (kept->n == kept->cap) {
		size_t cap = kept->cap ? kept->cap * 2 : 64;
		struct exim_line *larger = arena_alloc(x->g->a, cap * sizeof(*larger));
		if (kept->n)
			memcpy(larger, kept->p, kept->n * sizeof(*larger));
		kept->p = larger;
		kept->cap = cap;
	}
	kept->p[kept->n++] = (struct exim_line){ text, *place };
}

static void take_line(struct exim *x, struct str text, const struct audit_place *place)
{
	struct str rest = text, word;
	str_word(&rest, &word);
	if (str_eq(word, STR("begin"))) {
		str_copy(x->section, sizeof(x->section), str_trim(rest));
		x->driver[0] = '\0';
	} else if (!x->section[0]) {
		take_main(x, text, place);
	} else if (!strcmp(x->section, "acl")) {
		note_acl_line(x, text, place);
		keep_line(x, &x->acl, text, place);
	} else if (!strcmp(x->section, "routers")) {
		keep_line(x, &x->routers, text, place);
	} else if (!strcmp(x->section, "rewrite")) {
		keep_line(x, &x->rewrites, text, place);
	} else if (!strcmp(x->section, "authenticators")) {
		/* "plain:"; an option's value may end so, too. */
		if (text.p[text.n - 1] == ':' && str_find(text, '=') == SIZE_MAX)
			str_copy(x->driver, sizeof(x->driver), (struct str){ text.p, text.n - 1 });
		else
			take_option(x, text, arena_strdup(x->g->a, str_of(x->driver)), place);
	}
}

/* ---- ports -------------------------------------------------------------------- */

/* "[::1]:26", "127.0.0.1.26", "192.0.2.1": of an item of local_interfaces its port, or 0. */
static uint16_t cut_port(struct str *item)
{
	struct ip ip;
	size_t end = str_find(*item, ']');
	uint16_t port = 0;
	if (end != SIZE_MAX && end + 2 < item->n) {
		port = gather_port_number(str_from(*item, end + 2));
		item->n = end + 1;
		return port;
	}
	if (end != SIZE_MAX || ip_parse(*item, &ip, NULL) == ERR_OK)
		return 0;
	for (size_t i = item->n; i-- > 0 && !port;)
		if (item->p[i] == '.') {
			port = gather_port_number(str_from(*item, i + 1));
			item->n = i;
			return port;
		}
	return 0;
}

static bool holds_port(struct exim *x, struct str list, uint16_t port)
{
	char separator = 0;
	struct str item;
	while (exim_item(x->g, &list, &separator, &item))
		if (item.n && gather_port_number(item) == port)
			return true;
	return false;
}

static void add_port(struct exim *x, struct audit_port *port)
{
	struct str tls = gather_value(x->g, "tls_on_connect_ports", NULL);
	port->tls_first = holds_port(x, tls, port->port);
	port->service = "";
	gather_port(x->g, port);
}

static void add_ports_of(struct exim *x, struct str item, struct str ports,
                         const struct audit_place *place)
{
	struct audit_port port = { .place = *place };
	struct prefix address = { 0 };
	struct str number;
	char separator = 0;
	port.port = cut_port(&item);
	if (item.n && gather_prefix(item, &address) && !ip_is_unspecified(&address.ip))
		port.address = address.ip;
	if (port.port) {
		add_port(x, &port);
		return;
	}
	while (exim_item(x->g, &ports, &separator, &number)) {
		port.port = gather_port_number(number);
		if (port.port)
			add_port(x, &port);
		else if (number.n) {
			gather_unread_at(x->g, place, "the port's name is not known");
			x->g->out->port_unread = true;
		}
	}
}

/* By options of the daemon, which go before the configuration: of ports alone they are ports, else
 * they are interfaces. */
static void take_listen(const struct daemon_options *daemon, struct str *interfaces,
                        struct str *ports, struct audit_place *place)
{
	struct str listen = str_of(daemon->listen ? daemon->listen : "");
	if (!listen.n)
		return;
	bool addresses = listen.p[0] == '<' || listen.p[0] == '[';
	for (size_t i = 0; i < listen.n; i++)
		addresses |= listen.p[i] == '.';
	*(addresses ? interfaces : ports) = listen;
	*place = daemon->place;
}

static void add_ports(struct exim *x, const struct daemon_options *daemon)
{
	struct audit_place place = { "", 0, "" };
	struct str ports = gather_value(x->g, "daemon_smtp_ports", &place), item;
	struct str interfaces = gather_value(x->g, "local_interfaces", &place);
	char separator = 0;
	take_listen(daemon, &interfaces, &ports, &place);
	if (!ports.n)
		ports = STR("smtp");
	if (!interfaces.n)
		add_ports_of(x, STR(""), ports, &place);
	for (int i = 0; i < 100 && exim_item(x->g, &interfaces, &separator, &item); i++)
		if (item.n)
			add_ports_of(x, item, ports, &place);
	for (size_t i = 0; daemon->tls_first && i < x->g->out->port_n; i++)
		x->g->out->ports[i].tls_first = true;
}

/* "-DNAME=value", "-DNAME": they go before what the file says. */
static void take_macros(struct exim *x, const struct daemon_options *daemon)
{
	for (size_t i = 0; i < daemon->n; i++) {
		struct str word = str_of(daemon->words[i]);
		if (!str_prefix(word, STR("-D")))
			continue;
		word = str_trim(str_from(word, 2));
		const size_t equals = str_find(word, '=');
		const bool bare = equals == SIZE_MAX;
		exim_define(x, str_trim((struct str){ word.p, bare ? word.n : equals }),
		            str_trim(str_from(word, bare ? word.n : equals + 1)), &daemon->place);
	}
	for (size_t i = 0; i < x->macro_n; i++)
		x->macros[i].fixed = true;
}

/* ---- the whole ---------------------------------------------------------------- */

int audit_read_exim_started(const struct audit_files *files, const char *file,
                            const char *directory, const struct daemon_options *daemon,
                            struct arena *a, struct audit_reading *out)
{
	*out = (struct audit_reading){ .mta = MTA_EXIM };
	struct gather g = { .a = a, .files = files, .out = out };
	struct exim *x = arena_alloc(a, sizeof(*x));
	x->g = &g;
	x->line = take_line;
	take_macros(x, daemon);
	if (daemon->unknown)
		gather_unread_at(&g, &daemon->place, daemon->unknown);
	int err = exim_read_file(x, file ? arena_strdup(a, str_of(file))
	                                 : arena_printf(a, "%s/exim4.conf", directory), !file, 0);
	if (err == ERR_NOT_FOUND && directory)
		err = exim_debian_read(x, arena_strdup(a, str_of(directory)));
	if (err == ERR_OK)
		add_ports(x, daemon);
	if (err == ERR_OK)
		exim_acl(x);
	audit_conclude(out, a);
	return err;
}

int audit_read_exim(const struct audit_files *files, const char *file, struct arena *a,
                    struct audit_reading *out)
{
	struct daemon_options daemon = { .place = { "", 0, "" } };
	if (!file)
		daemon_of_files(MTA_EXIM, files, a, &daemon);
	return audit_read_exim_started(files, file, file ? NULL : "/etc/exim4", &daemon, a, out);
}
