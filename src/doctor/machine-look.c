/* SPDX-License-Identifier: ISC
 *
 * What the machine says of files, sockets, clock and addresses. Nothing is changed: files are
 * looked at and not opened, sockets are bound and closed at once.
 */
#include "doctor/machine.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

/* ---- files ------------------------------------------------------------------------- */

static void look_at_file(const char *parameter, const char *path, bool secret,
                         struct doctor_file *file)
{
	struct stat st;
	*file = (struct doctor_file){ .parameter = parameter, .secret = secret };
	if (!path[0] || stat(path, &st) != 0)
		return;
	file->path = path;
	file->owner = ownership_user_of(st.st_uid);
	file->gid = st.st_gid;
	file->mode = st.st_mode;
}

static void look_into_state(struct doctor_owner *o)
{
	struct stat st;
	int fd = open(o->facts.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	o->there = true;
	o->mode = st.st_mode;
	o->facts.owner = ownership_user_of(st.st_uid);
	ownership_look(fd, st.st_uid, &o->facts);
	if (fstatat(fd, "keys", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		o->keys_mode = st.st_mode;
	close(fd);
}

void doctor_owner_look(const struct settings *s, struct doctor_owner *o)
{
	unsigned uid = geteuid(), gid;
	*o = (struct doctor_owner){ .root = uid == 0, .facts.path = s->general.state_directory };
	if (o->root && sandbox_user(s->general.user, &uid, &gid) != ERR_OK)
		uid = 0;
	o->nobody = o->root && strcmp(s->general.user, "nobody") == 0;
	o->facts.wanted = ownership_user_of(uid);
	look_into_state(o);
	look_at_file("collector.certificate", s->collector.certificate, false, &o->files[0]);
	look_at_file("collector.key", s->collector.key, true, &o->files[1]);
}

/* ---- sockets ----------------------------------------------------------------------- */

/* As a server that starts again binds; nobody can connect to what does not listen. */
static enum doctor_bound try_to_bind(const struct endpoint *at)
{
	struct sockaddr_storage ss;
	socklen_t n = endpoint_to_sockaddr(at, &ss);
	const int yes = 1;
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), errnum = 0;
	if (fd < 0)
		return DOCTOR_DENIED;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, (const struct sockaddr *)&ss, n) != 0)
		errnum = errno;
	close(fd);
	if (errnum == EADDRINUSE)
		return DOCTOR_TAKEN;
	if (errnum == EADDRNOTAVAIL)
		return DOCTOR_NO_ADDRESS;
	return errnum ? DOCTOR_DENIED : DOCTOR_FREE;
}

/* The kernel's table has an address as words in the machine's order, in hexadecimal. */
static bool is_line_of(const struct endpoint *at, struct str local)
{
	char want[40] = "";
	size_t bytes = at->ip.family == 4 ? 4 : 16;
	for (size_t i = 0; i < bytes; i += 4) {
		uint32_t word;
		memcpy(&word, at->ip.b + i, sizeof(word));
		snprintf(want + 2 * i, sizeof(want) - 2 * i, "%08X", (unsigned)word);
	}
	struct str address = { local.p, 2 * bytes };
	if (local.n != 2 * bytes + 5 || !str_caseeq(address, str_of(want)))
		return false;
	return strtoul(local.p + local.n - 4, NULL, 16) == at->port;
}

/* The number of the socket that listens there; 0: not found. */
static uint64_t inode_of(const struct endpoint *at)
{
	enum { LOCAL = 1, STATE = 3, INODE = 9, TABLE_MAX = 8 << 20 };
	struct buf table = { 0 };
	struct str rest, line;
	uint64_t inode = 0;
	file_read(at->ip.family == 4 ? "/proc/net/tcp" : "/proc/net/tcp6", TABLE_MAX, &table);
	rest = buf_str(&table);
	while (inode == 0 && str_token(&rest, "\n", &line)) {
		struct str fields[INODE + 1] = { 0 };
		for (size_t i = 0; i <= INODE && str_token(&line, " ", &fields[i]); i++)
			;
		if (is_line_of(at, fields[LOCAL]) && str_eq(fields[STATE], STR("0A")))
			str_u64(fields[INODE], UINT64_MAX, &inode);
	}
	buf_fini(&table);
	return inode;
}

static bool process_has(const char *pid, const char *link)
{
	char path[300], target[64];
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *d = opendir(path);
	bool has = false;
	for (const struct dirent *e; d && !has && (e = readdir(d)) != NULL;) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		has = strcmp(target, link) == 0;
	}
	if (d)
		closedir(d);
	return has;
}

static void name_process(const char *pid, char *dst, size_t size)
{
	char path[300];
	struct buf name = { 0 }, shown = { 0 };
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file_read(path, 4096, &name);
	buf_add_escaped(&shown, str_trim(buf_str(&name)));
	str_copy(dst, size, buf_str(&shown));
	buf_fini(&name);
	buf_fini(&shown);
}

static void find_holder(struct doctor_socket *s)
{
	char link[64];
	uint64_t inode = inode_of(&s->at);
	DIR *d = inode ? opendir("/proc") : NULL;
	snprintf(link, sizeof(link), "socket:[%llu]", (unsigned long long)inode);
	for (const struct dirent *e; d && !s->holder[0] && (e = readdir(d)) != NULL;)
		if (ascii_isdigit((unsigned char)e->d_name[0]) && process_has(e->d_name, link))
			name_process(e->d_name, s->holder, sizeof(s->holder));
	if (d)
		closedir(d);
}

static void look_at_sockets(const struct config_endpoints *list, const char *parameter,
                            const char *role, struct doctor_socket *v, size_t *n)
{
	for (size_t i = 0; i < list->n && *n < DOCTOR_SOCKETS_MAX; i++) {
		struct doctor_socket *s = &v[(*n)++];
		*s = (struct doctor_socket){ .parameter = parameter, .role = role,
		                             .at = list->v[i] };
		s->state = try_to_bind(&s->at);
		if (s->state == DOCTOR_TAKEN)
			find_holder(s);
	}
}

size_t doctor_sockets_look(const struct settings *s, struct doctor_socket v[DOCTOR_SOCKETS_MAX])
{
	size_t n = 0;
	if (settings_has_role(s, "collector"))
		look_at_sockets(&s->collector.listen, "collector.listen", "collector", v, &n);
	if (settings_has_role(s, "dnsbl"))
		look_at_sockets(&s->dnsbl.listen, "dnsbl.listen", "dnsbl", v, &n);
	if (settings_has_role(s, "witness"))
		look_at_sockets(&s->witness.listen, "witness.listen", "witness", v, &n);
	if (settings_has_role(s, "gateway")) {
		const struct gateway_config *g = &s->gateway;
		look_at_sockets(&g->listen, "gateway.listen", "gateway", v, &n);
		look_at_sockets(&g->submission, "gateway.submission", "gateway", v, &n);
		look_at_sockets(&g->submissions, "gateway.submissions", "gateway", v, &n);
	}
	return n;
}

/* ---- clock and addresses -------------------------------------------------------------- */

void doctor_clock_look(const struct settings *s, struct doctor_clock *c)
{
	struct timex t = { .modes = 0 };
	int state = adjtimex(&t);
	*c = (struct doctor_clock){
		.now_s = clock_now_s(), .jump_max_s = s->store.clock_jump_max_s,
		.kernel_known = state >= 0, .why = "",
		.synchronised = state != TIME_ERROR && !(t.status & STA_UNSYNC),
	};
}

/* A datagram socket that is connected knows its end; nothing leaves. The addresses are those of
 * documentation (RFC 5737), which take the way of all that is not near. */
size_t doctor_sources_look(struct ip found[2])
{
	static const struct endpoint far[] = {
		{ { 4, { 192, 0, 2, 1 } }, 25 },
		{ { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } }, 25 },
	};
	size_t n = 0;
	for (size_t i = 0; i < sizeof(far) / sizeof(*far); i++) {
		struct sockaddr_storage ss;
		struct endpoint local;
		socklen_t size = endpoint_to_sockaddr(&far[i], &ss);
		int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		socklen_t local_size = sizeof(ss);
		if (fd < 0)
			continue;
		if (connect(fd, (const struct sockaddr *)&ss, size) == 0 &&
		    getsockname(fd, (struct sockaddr *)&ss, &local_size) == 0 &&
		    endpoint_from_sockaddr((const struct sockaddr *)&ss, &local) == ERR_OK)
			found[n++] = local.ip;
		close(fd);
	}
	return n;
}
