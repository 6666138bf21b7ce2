/* SPDX-License-Identifier: ISC
 *
 * Each network namespace is looked at by one of its processes: has it the address to which the
 * entrance leads, and does a mail server listen there? Of a program that does not say where it
 * leads the namespaces of its own children are.
 */
#include "audit/published.h"

#include "audit/facts-private.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROCESSES_MAX = 20000, DESCRIPTORS_MAX = 200000, SMALL_MAX_BYTES = 64 << 10 };

struct process {
	unsigned pid, parent;
	ino_t network;
	bool seen;                       /* its network was looked at */
};

struct finding {
	struct arena *a;
	const struct audit_entrance *entrance;
	struct process *v;
	size_t n, descriptors;
	ino_t ours;
	bool listens;                    /* somebody does, who is no known server */
	struct audit_published *found;
	size_t found_n;
};

/* ---- processes ---------- */

static ino_t network_of(const char *process)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%.40s/ns/net", process);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* The field behind the state, which stands behind the last parenthesis. */
unsigned audit_parent_of(unsigned pid)
{
	char path[40];
	struct buf text = { 0 };
	struct str word, rest;
	uint64_t parent = 0;
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file_read_plain(path, SMALL_MAX_BYTES, &text);
	rest = buf_str(&text);
	while (str_find(rest, ')') != SIZE_MAX)
		rest = str_from(rest, str_find(rest, ')') + 1);
	if (str_word(&rest, &word) && str_word(&rest, &word) &&
	    str_u64(word, UINT32_MAX, &parent) != ERR_OK)
		parent = 0;
	buf_fini(&text);
	return (unsigned)parent;
}

static void list_processes(struct finding *g)
{
	DIR *d = opendir("/proc");
	g->v = arena_alloc(g->a, PROCESSES_MAX * sizeof(*g->v));
	g->ours = network_of("self");
	for (const struct dirent *e; d && g->n < PROCESSES_MAX && (e = readdir(d)) != NULL;) {
		uint64_t pid;
		if (str_u64(str_of(e->d_name), UINT32_MAX, &pid) != ERR_OK || pid == 0)
			continue;
		ino_t network = network_of(e->d_name);
		if (network && network != g->ours)
			g->v[g->n++] = (struct process){ (unsigned)pid, 0, network, false };
	}
	if (d)
		closedir(d);
}

static void read_process(unsigned pid, const char *name, size_t max_bytes, struct buf *text)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	file_read_plain(path, max_bytes, text);
}

/* ---- one network ---------- */

static void parse_of(struct facts *f, unsigned pid, const char *name,
                     int (*parse)(struct facts *, struct str))
{
	struct buf text = { 0 };
	read_process(pid, name, FACTS_TEXT_MAX_BYTES, &text);
	parse(f, buf_str(&text));
	buf_fini(&text);
}

static int parse_tcp4(struct facts *f, struct str text) { return facts_parse_tcp(f, 4, text); }
static int parse_tcp6(struct facts *f, struct str text) { return facts_parse_tcp(f, 6, text); }

static void add_sockets(struct finding *g, struct facts *f, unsigned pid)
{
	char path[64], target[64];
	struct buf comm = { 0 };
	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	read_process(pid, "comm", SMALL_MAX_BYTES, &comm);
	DIR *d = opendir(path);
	for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
		uint64_t inode;
		if (g->descriptors++ > DESCRIPTORS_MAX)
			break;
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		struct str link = { target, n > 0 ? (size_t)n : 0 };
		if (str_prefix(link, STR("socket:[")) && link.p[link.n - 1] == ']' &&
		    str_u64((struct str){ link.p + 8, link.n - 9 }, UINT64_MAX, &inode) == ERR_OK)
			facts_add_holder(f, inode, pid, buf_str(&comm));
	}
	if (d)
		closedir(d);
	buf_fini(&comm);
}

static void look_at_network(struct finding *g, struct facts *f, const struct process *p)
{
	facts_begin(f, g->a);
	parse_of(f, p->pid, "net/tcp", parse_tcp4);
	parse_of(f, p->pid, "net/tcp6", parse_tcp6);
	parse_of(f, p->pid, "net/route", facts_parse_route);
	parse_of(f, p->pid, "net/fib_trie", facts_parse_fib_trie);
	parse_of(f, p->pid, "net/if_inet6", facts_parse_if_inet6);
}

/* Where the entrance leads in this network; of one that is not known the usual ports count, the
 * one at which strangers knock first. */
static bool takes(const struct finding *g, const struct facts *f, const struct facts_listener *l,
                  bool any_port, struct endpoint *at)
{
	const struct audit_entrance *e = g->entrance;
	*at = e->to;
	if (e->to.ip.family)
		return facts_is_own(f, &e->to.ip) && facts_listens_at(&l->at, 1, &e->to);
	*at = l->at;
	return any_port ? facts_is_for_mail(l->at.port)
	                : l->at.port == (e->to.port ? e->to.port : e->at.port);
}

static bool find_server(struct finding *g, struct facts *f, ino_t network, bool any_port,
                        struct audit_published *found)
{
	bool listed = false;
	for (size_t i = 0; i < f->listener_n; i++) {
		struct endpoint at;
		if (!takes(g, f, &f->listeners[i], any_port, &at))
			continue;
		for (size_t k = 0; k < g->n && !listed; k++)
			if (g->v[k].network == network)
				add_sockets(g, f, g->v[k].pid);
		listed = true;
		const struct facts_listener *l = &f->listeners[i];
		*found = (struct audit_published){ .pid = l->pid, .at = at,
		                                   .mta = audit_mta_of_process(l->program) };
		if (found->pid && found->mta != MTA_UNKNOWN)
			return true;
		g->listens = true;
	}
	return false;
}

/* A program that does not say where it leads leads into the network of its children. */
static bool may_lead_to(const struct finding *g, ino_t network)
{
	if (g->entrance->to.ip.family)
		return true;
	for (size_t i = 0; i < g->n && g->entrance->proxy; i++)
		if (g->v[i].network == network &&
		    audit_parent_of(g->v[i].pid) == g->entrance->proxy->pid)
			return true;
	return false;
}

/* All that may take it, one of each network: `anywhere` those of which it is not known, either. */
static void find_elsewhere(struct finding *g, bool anywhere)
{
	for (size_t i = 0; i < g->n; i++)
		g->v[i].seen = false;
	for (size_t i = 0; i < g->n && g->found_n < AUDIT_PUBLISHED_MAX; i++) {
		struct facts f;
		struct audit_published *found = &g->found[g->found_n];
		ino_t network = g->v[i].network;
		bool known = false;
		for (size_t k = 0; k < i && !known; k++)
			known = g->v[k].seen && g->v[k].network == network;
		if (known)
			continue;
		g->v[i].seen = true;
		if (!anywhere && !may_lead_to(g, network))
			continue;
		const bool before = g->listens;
		look_at_network(g, &f, &g->v[i]);
		if (find_server(g, &f, network, false, found) ||
		    (!g->entrance->to.ip.family && find_server(g, &f, network, true, found))) {
			g->listens = before;
			g->found_n++;
		}
	}
}

/* ---- all that listen ---------- */

static bool is_mail_server(const struct process *p)
{
	struct buf comm = { 0 };
	read_process(p->pid, "comm", SMALL_MAX_BYTES, &comm);
	if (comm.n && comm.p[comm.n - 1] == '\n')
		comm.p[comm.n - 1] = '\0';
	const bool is = audit_mta_of_process(buf_cstr(&comm)) != MTA_UNKNOWN;
	buf_fini(&comm);
	return is;
}

/* Of one network: who else listens in it is of no interest. */
static void find_ports(struct finding *g, ino_t network, struct facts_ports *ports)
{
	struct facts f;
	bool looked = false;
	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].network != network || !is_mail_server(&g->v[i]))
			continue;
		if (!looked)
			look_at_network(g, &f, &g->v[i]);
		looked = true;
		add_sockets(g, &f, g->v[i].pid);
	}
	for (size_t i = 0; looked && i < f.listener_n; i++)
		if (f.listeners[i].pid)
			facts_ports_add(ports, f.listeners[i].at.port);
}

void audit_published_ports(struct facts *f)
{
	struct finding g = { .a = f->arena };
	struct facts_ports *ports = arena_alloc(f->arena, sizeof(*ports));
	*ports = (struct facts_ports){ 0 };
	list_processes(&g);
	for (size_t i = 0; i < g.n; i++) {
		bool known = false;
		for (size_t k = 0; k < i && !known; k++)
			known = g.v[k].network == g.v[i].network;
		if (!known)
			find_ports(&g, g.v[i].network, ports);
	}
	f->inner_ports = ports->v;
	f->inner_port_n = ports->n;
	f->inner_cut = ports->cut || g.n == PROCESSES_MAX || g.descriptors > DESCRIPTORS_MAX;
}

/* ---- its name ---------- */

static bool is_id(struct str s)
{
	enum { ID_CHARS = 64 };
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isdigit((unsigned char)s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.n == ID_CHARS;
}

static bool is_name(struct str s)
{
	enum { NAME_CHARS = 64 };
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_isalnum((unsigned char)s.p[i]) && s.p[i] != '.' && s.p[i] != '-' &&
		    s.p[i] != '_')
			return false;
	return s.n > 0 && s.n <= NAME_CHARS;
}

/* One part of a path: with its prefix and ".scope" or ".service" taken away. */
static bool part_name(struct str part, const char *prefix, struct str *rest)
{
	if (!str_prefix(part, str_of(prefix)))
		return false;
	*rest = str_from(part, strlen(prefix));
	if (str_casesuffix(*rest, STR(".scope")))
		rest->n -= 6;
	else if (str_casesuffix(*rest, STR(".service")))
		rest->n -= 8;
	return true;
}

enum { SHORT_ID = 12 };

static const char *name_of_part(struct arena *a, struct str part, struct str before)
{
	static const struct { const char *prefix, *title; bool id; } parts[] = {
		{ "docker-", "Docker container", true }, { "libpod-", "Podman container", true },
		{ "cri-containerd-", "container", true }, { "crio-", "container", true },
		{ "lxc.payload.", "LXC container", false }, { "machine-", "machine", false },
		{ "systemd-nspawn@", "machine", false },
	};
	struct str rest;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		bool id = parts[i].id;
		if (part_name(part, parts[i].prefix, &rest) && (id ? is_id(rest) : is_name(rest)))
			return arena_printf(a, "%s %.*s", parts[i].title,
			                    id ? SHORT_ID : (int)rest.n, rest.p);
	}
	if (str_eq(before, STR("docker")) && is_id(part))
		return arena_printf(a, "Docker container %.*s", SHORT_ID, part.p);
	if (str_eq(before, STR("lxc")) && is_name(part))
		return arena_printf(a, "LXC container %.*s", STR_ARG(part));
	return NULL;
}

const char *audit_container_name(struct arena *a, struct str cgroup)
{
	struct str line, part, before = { "", 0 };
	while (str_token(&cgroup, "\n", &line))
		while (str_token(&line, "/", &part)) {
			const char *name = name_of_part(a, part, before);
			if (name)
				return name;
			before = part;
		}
	return "";
}

/* ---- all of it ---------- */

static void name(struct finding *g, struct audit_published *found)
{
	struct buf cgroup = { 0 };
	read_process(found->pid, "cgroup", SMALL_MAX_BYTES, &cgroup);
	found->name = audit_container_name(g->a, buf_str(&cgroup));
	if (!found->name[0])
		found->name = "a container";
	buf_fini(&cgroup);
}

const char *audit_published_words(struct arena *a, const struct audit_published *found)
{
	return arena_printf(a, "%s in %s (process %u)", mta_title(found->mta), found->name,
	                    found->pid);
}

/* Where it leads is not known: none of them is guessed. */
static const char *perhaps(struct finding *g)
{
	const char *all = "";
	find_elsewhere(g, true);
	for (size_t i = 0; i < g->found_n; i++) {
		name(g, &g->found[i]);
		all = arena_printf(g->a, "%s%s%s", all, i ? " or " : "",
		                   audit_published_words(g->a, &g->found[i]));
	}
	g->found_n = 0;
	return all[0] ? arena_printf(g->a, "it may be %s; an audit inside of each says more", all)
	              : "no mail server of a container is seen to which it may lead";
}

int audit_published_find(struct arena *a, const struct audit_entrance *entrance,
                         struct audit_published found[AUDIT_PUBLISHED_MAX], size_t *n,
                         const char **why)
{
	struct finding g = { .a = a, .entrance = entrance, .found = found };
	const struct facts_listener *l = entrance->listener;
	*why = "";
	*n = 0;
	if (l && l->elsewhere && audit_mta_of_process(l->program) != MTA_UNKNOWN) {
		found[g.found_n++] = (struct audit_published){ .pid = l->pid,
			.mta = audit_mta_of_process(l->program), .at = entrance->to,
			.own_network = true };
	} else if (!l) {
		list_processes(&g);
		find_elsewhere(&g, false);
		if (g.found_n == AUDIT_PUBLISHED_MAX)
			*why = "there may be more of them";
		else if (g.listens)
			*why = g.found_n ? "another one who listens there is no mail server that "
			                   "is known"
			                 : "who listens there is no mail server that is known";
		else if (!g.found_n && entrance->to.ip.family)
			*why = "nobody of this machine listens there";
		else if (!g.found_n)
			*why = perhaps(&g);
	}
	for (size_t i = 0; i < g.found_n; i++)
		name(&g, &found[i]);
	*n = g.found_n;
	return *n ? ERR_OK : ERR_NOT_FOUND;
}
