/* SPDX-License-Identifier: ISC
 *
 * A machine of the tests, by the texts that its kernel and tools would write.
 */
#ifndef PORTREEVE_TESTS_AUDIT_HOST_H
#define PORTREEVE_TESTS_AUDIT_HOST_H

#include "audit/facts.h"

/* A machine in words, a line each:
 *   "eth0 ethernet 203.0.113.5/24"      an interface with its addresses
 *   "default eth0 203.0.113.1"          a default gateway
 *   "route 10.42.1.0/24 cni0"           a route on the link
 *   "run docker-proxy -proto tcp …"     a process
 *   "listen 0.0.0.0:25 master 100"      who listens, and its process; "elsewhere" behind it: in a container;
 *                                       "of /x": by that program, not the one that is installed;
 *                                       "by -C /x": by these options; "by" alone: they are not known
 *   "inner 2600"                        a mail server of a container listens there
 *   "in docker"                         we are inside such a container */
static inline struct ip host_ip(struct str s)
{
	struct ip ip = { 0 };
	assert_int_equal(ip_parse(s, &ip, NULL), ERR_OK);
	return ip;
}

static inline void host_route(struct facts *f, struct str line)
{
	struct facts_route r = { 0 };
	struct str to, at, via;
	str_word(&line, &to);
	str_word(&line, &at);
	if (str_word(&line, &via))
		r.via = host_ip(via);
	if (prefix_parse(to, &r.to, NULL) != ERR_OK)
		r.to = (struct prefix){ { r.via.family, { 0 } }, 0 };
	r.interface = facts_interface_of(f, at)->name;
	struct facts_route *more = arena_alloc(f->arena, (f->route_n + 1) * sizeof(*more));
	if (f->route_n)
		memcpy(more, f->routes, f->route_n * sizeof(*more));
	more[f->route_n++] = r;
	f->routes = more;
}

static inline void host_process(struct facts *f, struct str line)
{
	struct str environ_ = { "", 0 };
	size_t bar = str_find(line, '|');       /* behind it, the environment */
	if (bar != SIZE_MAX) {
		environ_ = str_from(line, bar + 1);
		line.n = bar;
	}
	char *command = arena_strdup(f->arena, line);
	char *variables = arena_strdup(f->arena, environ_);
	for (size_t i = 0; i < line.n; i++)
		if (command[i] == ' ')
			command[i] = '\0';
	for (size_t i = 0; i < environ_.n; i++)
		if (variables[i] == ' ')
			variables[i] = '\0';
	assert_true(facts_add_process(f, 321, (struct str){ command, line.n },
	                              (struct str){ variables, environ_.n }));
}

static inline void host_interface(struct facts *f, struct str name, struct str line)
{
	struct str kind, text;
	struct facts_interface *i = facts_interface_of(f, name);
	assert_non_null(i);
	str_word(&line, &kind);
	for (enum facts_kind k = 0; k <= FACTS_OTHER; k++)
		if (str_eq(kind, str_of(facts_kind_name(k))))
			i->kind = k;
	while (str_word(&line, &text)) {
		size_t slash = str_find(text, '/');
		uint64_t len = 0;
		struct ip ip = host_ip((struct str){ text.p, slash });
		assert_int_equal(str_u64(str_from(text, slash + 1), 128, &len), ERR_OK);
		assert_int_equal(facts_add_address(f, name, &ip, (unsigned)len), ERR_OK);
	}
}

static inline void host_listener(struct facts *f, struct str line)
{
	struct str at, program, number, place;
	struct facts_listener l = { 0 };
	uint64_t pid = 0;
	str_word(&line, &at);
	str_word(&line, &program);
	str_word(&line, &number);
	assert_int_equal(endpoint_parse(at, 0, &l.at, NULL), ERR_OK);
	assert_int_equal(str_u64(number, UINT32_MAX, &pid), ERR_OK);
	l.pid = (unsigned)pid;
	l.program = str_eq(program, STR("-")) ? "" : arena_strdup(f->arena, program);
	l.started = "";
	while (str_word(&line, &place)) {
		l.elsewhere |= str_eq(place, STR("elsewhere"));
		if (str_eq(place, STR("of")) && str_word(&line, &place))
			l.other_program = arena_strdup(f->arena, place);
		line = str_trim(line);
		if (str_eq(place, STR("by"))) {
			l.started = line.n ? arena_strdup(f->arena, line) : NULL;
			break;
		}
	}
	struct facts_listener *more = arena_alloc(f->arena, (f->listener_n + 1) * sizeof(*more));
	if (f->listener_n)
		memcpy(more, f->listeners, f->listener_n * sizeof(*more));
	more[f->listener_n++] = l;
	f->listeners = more;
}

static inline void host_inner(struct facts *f, struct str line)
{
	uint16_t *port = arena_alloc(f->arena, sizeof(*port));
	uint64_t n;
	assert_int_equal(str_u64(line, UINT16_MAX, &n), ERR_OK);
	*port = (uint16_t)n;
	f->inner_ports = port;
	f->inner_port_n = 1;
}

static inline void host_build(struct facts *f, struct arena *a, const char *words)
{
	struct str rest = str_of(words), line, first;
	facts_begin(f, a);
	while (str_token(&rest, "\n", &line)) {
		struct str whole = line;
		if (!str_word(&line, &first))
			continue;
		if (str_eq(first, STR("default")))
			host_route(f, whole);
		else if (str_eq(first, STR("route")))
			host_route(f, line);
		else if (str_eq(first, STR("run")))
			host_process(f, str_trim(line));
		else if (str_eq(first, STR("listen")))
			host_listener(f, line);
		else if (str_eq(first, STR("inner")))
			host_inner(f, str_trim(line));
		else if (str_eq(first, STR("in")))
			f->container = str_eq(str_trim(line), STR("docker")) ? FACTS_DOCKER
			             : str_eq(str_trim(line), STR("lxc")) ? FACTS_LXC
			             : str_eq(str_trim(line), STR("kubernetes")) ? FACTS_KUBERNETES
			             : FACTS_PODMAN;
		else
			host_interface(f, first, line);
	}
}

#endif
