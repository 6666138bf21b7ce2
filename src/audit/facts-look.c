/* SPDX-License-Identifier: ISC
 *
 * Gathers the texts that the parsers of facts read: the kernel's files, and what nft and
 * iptables-save say. Nothing is changed; files are opened for reading, without waiting for what
 * a pipe's other end might write; a tool gets no input, no environment and its time.
 */
#include "audit/facts-private.h"

#include "base/child.h"
#include "base/file.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL_MAX_BYTES = 64 << 10, PROCESSES_MAX = 50000, DESCRIPTORS_MAX = 200000,
       PATH_MAX_BYTES = 600, TOOL_WORDS_MAX = 4 };

struct looking {
	struct facts *f;
	size_t descriptors;
	int worst;
};

static void note(struct looking *l, int err, const char *what)
{
	if (err == ERR_OK || err == ERR_NOT_FOUND)
		return;
	facts_unread(l->f, arena_strdup(l->f->arena, str_of(what)), err_text(err));
	if (err == ERR_LIMIT)
		l->worst = err;
	l->f->cut |= err == ERR_LIMIT || err == ERR_TIMEOUT;
}

/* The kernel's own files are regular ones that give their size as 0. */
static int read_text(struct looking *l, const char *path, size_t max_bytes, struct buf *text)
{
	int err = file_read_plain(path, max_bytes, text);
	note(l, err, path);
	return err;
}

static void parse_file(struct looking *l, const char *name,
                       int (*parse)(struct facts *, struct str))
{
	char path[40];
	struct buf text = { 0 };
	snprintf(path, sizeof(path), "/proc/self/net/%.16s", name);
	if (read_text(l, path, FACTS_TEXT_MAX_BYTES, &text) == ERR_OK)
		note(l, parse(l->f, buf_str(&text)), path);
	buf_fini(&text);
}

static int parse_tcp4(struct facts *f, struct str text) { return facts_parse_tcp(f, 4, text); }
static int parse_tcp6(struct facts *f, struct str text) { return facts_parse_tcp(f, 6, text); }

static void look_at_tables(struct looking *l)
{
	parse_file(l, "route", facts_parse_route);
	parse_file(l, "ipv6_route", facts_parse_ipv6_route);
	parse_file(l, "if_inet6", facts_parse_if_inet6);
	parse_file(l, "tcp", parse_tcp4);
	parse_file(l, "tcp6", parse_tcp6);
}

/* ---- interfaces ---------- */

static unsigned prefix_length(const struct sockaddr *mask)
{
	struct endpoint e;
	unsigned n = 0;
	struct sockaddr_storage ss = { 0 };
	if (!mask)
		return 0;
	memcpy(&ss, mask, mask->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                              : sizeof(struct sockaddr_in));
	if (endpoint_from_sockaddr((const struct sockaddr *)&ss, &e) != ERR_OK)
		return 0;
	for (size_t i = 0; i < sizeof(e.ip.b); i++)
		n += (unsigned)__builtin_popcount(e.ip.b[i]);
	return n;
}

static void look_at_addresses(struct looking *l)
{
	struct ifaddrs *list = NULL;
	if (getifaddrs(&list) != 0) {
		note(l, ERR_IO, "the addresses of interfaces");
		return;
	}
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct endpoint e;
		if (!i->ifa_addr || (i->ifa_addr->sa_family != AF_INET &&
		                     i->ifa_addr->sa_family != AF_INET6) ||
		    endpoint_from_sockaddr(i->ifa_addr, &e) != ERR_OK)
			continue;
		int err = facts_add_address(l->f, str_of(i->ifa_name), &e.ip,
		                            prefix_length(i->ifa_netmask));
		if (err == ERR_LIMIT)
			note(l, err, "the addresses of interfaces");
	}
	freeifaddrs(list);
}

static unsigned long number_of(const char *directory, const char *name)
{
	char path[PATH_MAX_BYTES + 300];
	struct buf text = { 0 };
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file_read_plain(path, SMALL_MAX_BYTES, &text);
	unsigned long n = strtoul(buf_cstr(&text), NULL, 0);
	buf_fini(&text);
	return n;
}

static bool is_there(const char *directory, const char *name)
{
	char path[PATH_MAX_BYTES + 300];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

static void look_at_interface(struct looking *l, const char *classes, const char *name)
{
	char directory[PATH_MAX_BYTES + 270], path[PATH_MAX_BYTES + 300], target[PATH_MAX_BYTES];
	struct buf uevent = { 0 };
	snprintf(directory, sizeof(directory), "%s/%s", classes, name);
	struct facts_sys sys = {
		.name = name, .type = (unsigned)number_of(directory, "type"),
		.flags = (uint32_t)number_of(directory, "flags"),
		.is_bridge = is_there(directory, "bridge"),
		.is_tun = is_there(directory, "tun_flags"),
		.index = (unsigned)number_of(directory, "ifindex"),
		.link = (unsigned)number_of(directory, "iflink"),
	};
	ssize_t n = readlink(directory, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	sys.is_virtual = strstr(target, "/virtual/") != NULL;
	snprintf(path, sizeof(path), "%s/master", directory);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(target, '/');
	sys.master = n > 0 ? (slash ? slash + 1 : target) : NULL;
	snprintf(path, sizeof(path), "%s/uevent", directory);
	file_read_plain(path, SMALL_MAX_BYTES, &uevent);
	sys.uevent = buf_cstr(&uevent);
	int err = facts_add_sys(l->f, &sys);
	if (err != ERR_OK)
		note(l, err, "an interface");
	buf_fini(&uevent);
}

static void look_at_interfaces(struct looking *l)
{
	static const char classes[] = "/sys/class/net";
	DIR *d = opendir(classes);
	for (const struct dirent *e; d && (e = readdir(d)) != NULL;)
		if (e->d_name[0] != '.' && is_there(classes, e->d_name) &&
		    l->f->interface_n < FACTS_INTERFACES_MAX)
			look_at_interface(l, classes, e->d_name);
	if (d)
		closedir(d);
	else
		facts_unread(l->f, "/sys/class/net", "it can't be read: kinds of interfaces are "
		             "not known");
}

/* ---- processes ---------- */

static void look_at_descriptors(struct looking *l, const char *process, unsigned pid,
                                struct str comm)
{
	char path[80], target[64];
	snprintf(path, sizeof(path), "%s/fd", process);
	DIR *d = opendir(path);
	for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
		uint64_t inode;
		if (l->descriptors++ > DESCRIPTORS_MAX)
			break;
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		struct str link = { target, n > 0 ? (size_t)n : 0 };
		if (str_prefix(link, STR("socket:[")) && link.p[link.n - 1] == ']' &&
		    str_u64((struct str){ link.p + 8, link.n - 9 }, UINT64_MAX, &inode) == ERR_OK)
			facts_add_holder(l->f, inode, pid, comm);
	}
	if (d)
		closedir(d);
}

static bool is_of_our_network(const char *process)
{
	char path[80], theirs[64], ours[64];
	snprintf(path, sizeof(path), "%.60s/ns/net", process);
	ssize_t n = readlink(path, theirs, sizeof(theirs));
	ssize_t own = readlink("/proc/self/ns/net", ours, sizeof(ours));
	if (n <= 0 || own <= 0)
		return true;
	return n == own && memcmp(theirs, ours, (size_t)n) == 0;
}

/* What listens in the network of a container is not at this machine's ports. The load balancer
 * of k3s is looked at for its pod's sake. LXD's proxy changes its network as it works: its command
 * names the process in whose network it connects. */
static bool is_for_us(const char *process, struct str command)
{
	char path[40];
	unsigned pid = facts_forkproxy_target(command);
	if (is_of_our_network(process) || str_search(command, STR("/entry")) != SIZE_MAX)
		return true;
	snprintf(path, sizeof(path), "/proc/%u", pid);
	return pid != 0 && is_of_our_network(path);
}

static void look_at_process(struct looking *l, unsigned pid)
{
	char process[40], path[80];
	struct buf command = { 0 }, comm = { 0 }, variables = { 0 };
	snprintf(process, sizeof(process), "/proc/%u", pid);
	snprintf(path, sizeof(path), "%s/cmdline", process);
	file_read_plain(path, SMALL_MAX_BYTES, &command);
	snprintf(path, sizeof(path), "%s/comm", process);
	file_read_plain(path, SMALL_MAX_BYTES, &comm);
	if (str_search(buf_str(&command), STR("entry")) != SIZE_MAX) {
		snprintf(path, sizeof(path), "%s/environ", process);
		file_read_plain(path, SMALL_MAX_BYTES, &variables);
	}
	if (command.n && is_for_us(process, buf_str(&command)))
		facts_add_process(l->f, pid, buf_str(&command), buf_str(&variables));
	look_at_descriptors(l, process, pid, buf_str(&comm));
	buf_fini(&command);
	buf_fini(&comm);
	buf_fini(&variables);
}

static void look_at_processes(struct looking *l)
{
	DIR *d = opendir("/proc");
	size_t n = 0;
	for (const struct dirent *e; d && n < PROCESSES_MAX && (e = readdir(d)) != NULL;) {
		uint64_t pid;
		if (str_u64(str_of(e->d_name), UINT32_MAX, &pid) != ERR_OK || pid == 0)
			continue;
		n++;
		look_at_process(l, (unsigned)pid);
	}
	if (d)
		closedir(d);
	if (n >= PROCESSES_MAX || l->descriptors > DESCRIPTORS_MAX)
		note(l, ERR_LIMIT, "the processes of the machine");
	facts_settle_proxies(l->f);
	facts_find_elsewhere(l->f);
}

/* ---- signs of a container ---------- */

static void look_for_container(struct looking *l)
{
	struct buf cgroup = { 0 }, mounts = { 0 }, variables = { 0 }, systemd = { 0 };
	file_read_plain("/proc/1/cgroup", SMALL_MAX_BYTES, &cgroup);
	file_read_plain("/proc/1/environ", SMALL_MAX_BYTES, &variables);
	file_read_plain("/proc/self/mountinfo", FACTS_TEXT_MAX_BYTES, &mounts);
	file_read_plain("/run/systemd/container", SMALL_MAX_BYTES, &systemd);
	struct facts_signs signs = {
		.cgroup = buf_str(&cgroup), .mountinfo = buf_str(&mounts),
		.environ1 = buf_str(&variables), .systemd = buf_str(&systemd),
		.dockerenv = is_there("", ".dockerenv"),
		.containerenv = is_there("", "run/.containerenv"),
		.serviceaccount = is_there("", "var/run/secrets/kubernetes.io"),
	};
	facts_judge_container(l->f, &signs);
	buf_fini(&cgroup);
	buf_fini(&mounts);
	buf_fini(&variables);
	buf_fini(&systemd);
}

/* ---- tools ---------- */

static int parse_four(struct facts *f, struct str s) { return facts_parse_iptables(f, 4, s); }
static int parse_six(struct facts *f, struct str s) { return facts_parse_iptables(f, 6, s); }
static int parse_old_four(struct facts *f, struct str s)
{
	return facts_parse_iptables_legacy(f, 4, s);
}
static int parse_old_six(struct facts *f, struct str s)
{
	return facts_parse_iptables_legacy(f, 6, s);
}

static bool find_tool(const char *name, char path[static 80])
{
	static const char *const places[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin" };
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, 80, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* Whether the kernel has tables of the legacy kind: to ask for others would load modules. The
 * plain command may be the legacy one itself; then they were shown already. */
static bool has_legacy(const char *names, const char *plain)
{
	char path[80], real[PATH_MAX];
	struct buf text = { 0 };
	file_read_plain(names, SMALL_MAX_BYTES, &text);
	bool any = text.n > 0;
	buf_fini(&text);
	return any && !(find_tool(plain, path) && realpath(path, real) && strstr(real, "legacy"));
}

static bool ask_tool(struct looking *l, const char *name, const char *const *arguments,
                     int tool_ms, int (*parse)(struct facts *, struct str))
{
	char path[80];
	const char *words[TOOL_WORDS_MAX + 2] = { path };
	struct buf out = { 0 };
	int status = 0;
	if (!find_tool(name, path))
		return false;
	for (size_t i = 0; arguments && arguments[i]; i++) {
		assert(i < TOOL_WORDS_MAX);
		words[i + 1] = arguments[i];
	}
	const struct child_order order = { .words = words, .time_ms = tool_ms,
	                                   .max_bytes = FACTS_TEXT_MAX_BYTES };
	int err = child_run(&order, &out, &status);
	if (err == ERR_OK)
		err = status == 0 ? parse(l->f, buf_str(&out)) : ERR_DENIED;
	note(l, err, name);
	buf_fini(&out);
	return err == ERR_OK;
}

/* All tables are asked for, not "-t nat": that would load the table's module. */
static void look_at_rules(struct looking *l, int tool_ms)
{
	static const char four[] = "iptables-save", six[] = "ip6tables-save";
	static const char *const ruleset[] = { "-j", "list", "ruleset", NULL };
	bool by_nft = ask_tool(l, "nft", ruleset, tool_ms, facts_parse_nft);
	bool by_four = ask_tool(l, four, NULL, tool_ms, parse_four);
	bool by_six = ask_tool(l, six, NULL, tool_ms, parse_six);
	if (has_legacy("/proc/net/ip_tables_names", four))
		ask_tool(l, "iptables-legacy-save", NULL, tool_ms, parse_old_four);
	if (has_legacy("/proc/net/ip6_tables_names", six))
		ask_tool(l, "ip6tables-legacy-save", NULL, tool_ms, parse_old_six);
	if (!by_nft && !by_four && !by_six)
		facts_unread(l->f, "rules of the firewall",
		             "neither nft (package nftables) nor iptables-save answers here");
	else if (l->f->has_xt && (!by_four || !by_six))
		facts_unread(l->f, "rules that iptables made", "iptables-save could not be asked");
}

/* ---- all of it ---------- */

int facts_look(struct facts *f, int tool_ms)
{
	struct looking l = { .f = f, .worst = ERR_OK };
	look_at_interfaces(&l);
	look_at_tables(&l);
	look_at_addresses(&l);
	look_at_rules(&l, tool_ms);
	look_at_processes(&l);
	look_for_container(&l);
	return l.worst;
}

/* ---- of another network ---------- */

/* The kernel's own words: what a container has at /sys is the container's. */
static void look_at_device(struct looking *l, int fd, const char *name)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ask = { 0 };
	char uevent[64];
	struct facts_sys sys = { .name = name, .uevent = uevent };
	if (!str_copy(ask.ifr_name, sizeof(ask.ifr_name), str_of(name)))
		return;
	if (ioctl(fd, SIOCGIFHWADDR, &ask) == 0)
		sys.type = ask.ifr_hwaddr.sa_family;
	if (ioctl(fd, SIOCGIFFLAGS, &ask) == 0)
		sys.flags = (uint16_t)ask.ifr_flags;
	ask.ifr_data = (char *)&driver;
	if (ioctl(fd, SIOCETHTOOL, &ask) != 0)
		driver.driver[0] = '\0';
	snprintf(uevent, sizeof(uevent), "DEVTYPE=%.31s\n", driver.driver);
	sys.is_bridge = strcmp(driver.driver, "bridge") == 0;
	sys.is_tun = strcmp(driver.driver, "tun") == 0;
	note(l, facts_add_sys(l->f, &sys), "an interface");
}

static void look_at_devices(struct looking *l)
{
	struct if_nameindex *all = if_nameindex();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (size_t i = 0; all && fd >= 0 && all[i].if_name; i++)
		if (l->f->interface_n < FACTS_INTERFACES_MAX)
			look_at_device(l, fd, all[i].if_name);
	if (!all || fd < 0)
		facts_unread(l->f, "interfaces", "they cannot be listed");
	if (fd >= 0)
		close(fd);
	if_freenameindex(all);
}

int facts_look_into(struct facts *f, int network, int tool_ms)
{
	struct looking l = { .f = f, .worst = ERR_OK };
	int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ours < 0)
		return ERR_IO;
	if (setns(network, CLONE_NEWNET) != 0) {
		close(ours);
		return ERR_DENIED;
	}
	look_at_devices(&l);
	look_at_tables(&l);
	look_at_addresses(&l);
	look_at_rules(&l, tool_ms);
	/* All that follows would be of another network than it is meant for. */
	int back = setns(ours, CLONE_NEWNET);
	assert(back == 0);
	close(ours);
	return l.worst;
}
