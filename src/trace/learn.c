/* SPDX-License-Identifier: ISC */
#include "trace/learn.h"

#include "mail/header.h"
#include "trace/json.h"
#include "trace/names.h"

/* The bare address in "Name <a@b>". */
static struct str address_of(struct str s)
{
	size_t open = str_find(s, '<');
	if (open != SIZE_MAX) {
		s = str_from(s, open + 1);
		size_t close = str_find(s, '>');
		if (close != SIZE_MAX)
			s.n = close;
	}
	s = str_trim(s);
	return str_find(s, '@') == SIZE_MAX ? STR("") : s;
}

static void add_host(struct learn *l, struct str host)
{
	struct ip ip;
	host = name_trim(host);
	if (host.n == 0 || host.n > 255 || name_is_localhost(host) || received_address(host, &ip))
		return;
	for (size_t i = 0; i < host.n; i++)
		if (!ascii_isalnum((unsigned char)host.p[i]) && !strchr("-._", host.p[i]))
			return;
	for (size_t i = 0; i < l->host_count; i++)
		if (str_caseeq(l->host[i], host)) {
			l->host_seen[i]++;
			return;
		}
	if (l->host_count == LEARN_HOSTS_MAX)
		return;
	l->host_seen[l->host_count] = 1;
	l->host[l->host_count++] = arena_str(&l->arena, host);
}

static void add_net(struct learn *l, const struct ip *ip)
{
	if (!ip_is_public(ip))
		return;
	for (size_t i = 0; i < l->net_count; i++)
		if (ip_eq(&l->net[i], ip)) {
			l->net_seen[i]++;
			return;
		}
	if (l->net_count == LEARN_NETS_MAX)
		return;
	l->net_seen[l->net_count] = 1;
	l->net[l->net_count++] = *ip;
}

void learn_message(struct learn *l, struct str message)
{
	struct header_cursor c;
	struct header_field f;
	struct str from = STR(""), to = STR(""), delivered = STR("");
	struct received line, deeper = { 0 };
	unsigned lines = 0;
	header_begin(&c, message);
	while (header_next(&c, &f)) {
		if (header_is(&f, STR("From")))
			from = address_of(f.value);
		else if (header_is(&f, STR("To")))
			to = address_of(f.value);
		else if (header_is(&f, STR("Delivered-To")) && delivered.n == 0)
			delivered = address_of(f.value);
	}
	if (from.n == 0 || (!str_caseeq(from, to) && !str_caseeq(from, delivered))) {
		l->skipped++;
		return;
	}
	/* The last line's peer is the user's own machine, wherever it was that day. */
	header_begin(&c, message);
	while (header_next(&c, &f) && lines < TRACE_HOPS_MAX) {
		if (!header_is(&f, STR("Received")))
			continue;
		received_parse(f.value, &line);
		add_host(l, line.by);
		if (lines++)
			add_net(l, &deeper.ip);
		deeper = line;
	}
	l->used++;
}

static void add_hosts(const struct learn *l, struct buf *out)
{
	bool first = true;
	for (size_t i = 0; i < l->host_count; i++) {
		if (l->host_seen[i] * 2 < l->used)
			continue;
		buf_add_cstr(out, first ? "" : ", ");
		trace_json_bytes(l->host[i], out);
		first = false;
	}
}

static void add_nets(const struct learn *l, struct buf *out)
{
	char text[IP_TEXT_MAX];
	bool first = true;
	for (size_t i = 0; i < l->net_count; i++) {
		if (l->net_seen[i] * 2 < l->used)
			continue;
		buf_printf(out, "%s\"%s\"", first ? "" : ", ", ip_format(&l->net[i], text));
		first = false;
	}
}

void learn_config(const struct learn *l, struct buf *out)
{
	buf_printf(out, "# From %u messages to yourself (%u others were left out).\n"
	           "# Look at it before you use it: what is listed here is trusted.\n"
	           "trace {\n\town_hosts = {", l->used, l->skipped);
	add_hosts(l, out);
	buf_add_cstr(out, "}\n\town_nets = {");
	add_nets(l, out);
	buf_add_cstr(out, "}\n}\n");
}

void learn_json(const struct learn *l, struct buf *out)
{
	buf_add_cstr(out, "{\"own_hosts\":[");
	add_hosts(l, out);
	buf_add_cstr(out, "],\"own_nets\":[");
	add_nets(l, out);
	buf_printf(out, "],\"messages\":%u,\"skipped\":%u}", l->used, l->skipped);
}

void learn_fini(struct learn *l)
{
	arena_fini(&l->arena);
	*l = (struct learn){ 0 };
}
