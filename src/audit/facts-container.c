/* SPDX-License-Identifier: ISC
 *
 * Whether we are inside a container, by the signs that each runtime leaves there; the surest come
 * first: what the runtime itself wrote for the purpose, then names in paths.
 */
#include "audit/facts-private.h"

struct sign {
	const char *needle;
	enum facts_container kind;
};

static void found(struct facts *f, enum facts_container kind, const char *why)
{
	if (f->container != FACTS_NO_CONTAINER)
		return;
	f->container = kind;
	f->container_why = why;
}

/* The names that systemd's container interface knows. */
static void by_name(struct facts *f, struct str name, const char *where)
{
	static const struct sign names[] = {
		{ "lxc", FACTS_LXC }, { "lxc-libvirt", FACTS_LXC }, { "docker", FACTS_DOCKER },
		{ "podman", FACTS_PODMAN }, { "systemd-nspawn", FACTS_NSPAWN },
		{ "oci", FACTS_SOME_CONTAINER }, { "rkt", FACTS_SOME_CONTAINER },
		{ "openvz", FACTS_SOME_CONTAINER }, { "container-other", FACTS_SOME_CONTAINER },
	};
	name = str_trim(name);
	if (name.n == 0)
		return;
	const char *why = arena_printf(f->arena, "%s says %s", where, facts_shown(f, name));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq(name, str_of(names[i].needle)))
			found(f, names[i].kind, why);
	found(f, FACTS_SOME_CONTAINER, why);
}

static void by_lines(struct facts *f, struct str text, const char *where,
                     const struct sign *signs, size_t n)
{
	struct str line;
	if (text.n > FACTS_TEXT_MAX_BYTES)
		text.n = FACTS_TEXT_MAX_BYTES;
	while (str_token(&text, "\n", &line))
		for (size_t i = 0; i < n; i++)
			if (str_search(line, str_of(signs[i].needle)) != SIZE_MAX) {
				found(f, signs[i].kind,
				      arena_printf(f->arena, "%s has \"%s\"", where,
				                   facts_shown(f, line)));
				return;
			}
}

/* Of the mounts only the root and what the runtime puts at these places; on a container host the
 * paths of its containers are among the others. */
static void by_mounts(struct facts *f, struct str text)
{
	static const struct sign root[] = {
		{ "/docker/overlay2/", FACTS_DOCKER }, { "/docker/", FACTS_DOCKER },
		{ "/containers/storage/", FACTS_PODMAN },
		{ "/io.containerd.snapshotter", FACTS_SOME_CONTAINER },
		{ "/lxc/", FACTS_LXC }, { "lxcfs", FACTS_LXC },
	};
	enum { SOURCE = 3, PLACE = 4, FIELDS = 5 };
	struct str line, v[FIELDS];
	if (text.n > FACTS_TEXT_MAX_BYTES)
		text.n = FACTS_TEXT_MAX_BYTES;
	while (str_token(&text, "\n", &line)) {
		struct str rest = line;
		size_t n = 0;
		while (n < FIELDS && str_word(&rest, &v[n]))
			n++;
		if (n < FIELDS)
			continue;
		if (str_eq(v[PLACE], STR("/etc/hostname")) ||
		    str_eq(v[PLACE], STR("/etc/resolv.conf")))
			by_lines(f, v[SOURCE], "/proc/self/mountinfo", root, 3);
		else if (str_eq(v[PLACE], STR("/")))
			by_lines(f, rest, "/proc/self/mountinfo", root, 5);
		else if (str_eq(v[PLACE], STR("/proc/cpuinfo")) ||
		         str_eq(v[PLACE], STR("/proc/meminfo")))
			by_lines(f, rest, "/proc/self/mountinfo", root + 5, 1);
	}
}

/* A machine made of an image may have kept the runtime's file. The runtimes mount files of their
 * own over these; where the mounts are known and none is such, the file says nothing. */
static bool is_kept(struct str mountinfo)
{
	static const char *const places[] = {
		" /etc/resolv.conf ", " /etc/hostname ", " /etc/hosts ", " /run/.containerenv ",
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (str_search(mountinfo, str_of(places[i])) != SIZE_MAX)
			return false;
	return mountinfo.n > 0;
}

void facts_judge_container(struct facts *f, const struct facts_signs *signs)
{
	static const struct sign cgroups[] = {
		{ "/kubepods", FACTS_KUBERNETES }, { "kubepods.slice", FACTS_KUBERNETES },
		{ "/docker/", FACTS_DOCKER }, { "/docker-", FACTS_DOCKER },
		{ "/libpod-", FACTS_PODMAN }, { "/lxc/", FACTS_LXC }, { "/lxc.payload", FACTS_LXC },
		{ "machine-", FACTS_NSPAWN },
	};
	struct str value;
	if (signs->serviceaccount)
		found(f, FACTS_KUBERNETES, "/var/run/secrets/kubernetes.io is there");
	if (facts_variable(signs->environ1, "KUBERNETES_SERVICE_HOST", &value))
		found(f, FACTS_KUBERNETES, "KUBERNETES_SERVICE_HOST is set for process 1");
	if (f->container == FACTS_NO_CONTAINER)
		by_lines(f, signs->cgroup, "/proc/1/cgroup", cgroups, 2);
	bool kept = is_kept(signs->mountinfo);
	if (signs->containerenv && !kept)
		found(f, FACTS_PODMAN, "/run/.containerenv is there");
	if (signs->dockerenv && !kept)
		found(f, FACTS_DOCKER, "/.dockerenv is there");
	if (facts_variable(signs->environ1, "container", &value))
		by_name(f, value, "\"container\" in the environment of process 1");
	by_name(f, signs->systemd, "/run/systemd/container");
	if (f->container == FACTS_NO_CONTAINER)
		by_lines(f, signs->cgroup, "/proc/1/cgroup", cgroups,
		         sizeof(cgroups) / sizeof(*cgroups));
	if (f->container == FACTS_NO_CONTAINER)
		by_mounts(f, signs->mountinfo);
}
