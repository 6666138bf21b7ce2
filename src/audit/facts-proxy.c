/* SPDX-License-Identifier: ISC
 *
 * Programs that take connections and make new ones to a server, by their command lines. Behind
 * most of them the server sees the machine's address in place of the client's.
 */
#include "audit/facts-private.h"

enum { WORDS_MAX = 256 };

struct process {
	struct facts *f;
	unsigned pid;
	struct str words[WORDS_MAX];
	size_t n;
	struct str environ_;
	struct facts_proxy row;          /* as far as it is known for all */
};

static struct str base_name(struct str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return str_from(path, i);
	return path;
}

static void add_row(struct process *p, const struct endpoint *from, const struct endpoint *to,
                    unsigned ports)
{
	struct facts *f = p->f;
	f->cut |= f->proxy_n >= FACTS_PROXIES_MAX;
	if (f->proxy_n >= FACTS_PROXIES_MAX)
		return;
	FACTS_GROW(f->arena, f->proxies, f->proxy_n);
	struct facts_proxy *row = &f->proxies[f->proxy_n++];
	*row = p->row;
	if (from)
		row->from = *from;
	if (to)
		row->to = *to;
	row->ports = (uint16_t)(ports ? ports : 1);
}

/* The value of "--name value" or "--name=value", from *at on; *at is moved behind it. */
static bool option(const struct process *p, const char *name, size_t *at, struct str *value)
{
	struct str want = str_of(name);
	for (size_t i = *at; i < p->n; i++) {
		struct str w = p->words[i];
		if (str_eq(w, want) && i + 1 < p->n) {
			*value = p->words[i + 1];
			*at = i + 2;
			return true;
		}
		if (w.n > want.n && str_prefix(w, want) && w.p[want.n] == '=') {
			*value = str_from(w, want.n + 1);
			*at = i + 1;
			return true;
		}
	}
	return false;
}

static bool option_is(const struct process *p, const char *name, const char *want)
{
	size_t at = 0;
	struct str value;
	return option(p, name, &at, &value) && str_eq(value, str_of(want));
}

/* "localhost" and the empty name of one's own machine; other names are not looked up. */
static struct ip address_of(struct str s)
{
	struct ip ip = { 0 };
	if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct str){ s.p + 1, s.n - 2 };
	if (str_caseeq(s, STR("localhost")))
		return ip_from_v4(127, 0, 0, 1);
	ip_parse(s, &ip, NULL);
	return ip;
}

static uint16_t port_of(struct str s)
{
	struct facts_span span;
	if (str_eq(s, STR("smtp")))
		return 25;
	return facts_parse_ports(s, &span) ? (uint16_t)span.low : 0;
}

/* The part behind the last colon that stands in no brackets is a port. */
static struct endpoint endpoint_of(struct str s)
{
	struct endpoint e = { .ip = address_of(s) };
	size_t colon = s.n;
	if (e.ip.family)
		return e;
	while (colon > 0 && s.p[colon - 1] != ':' && s.p[colon - 1] != ']')
		colon--;
	if (colon == 0 || s.p[colon - 1] == ']') {
		e.port = port_of(s);
		return e;
	}
	e.ip = address_of((struct str){ s.p, colon - 1 });
	e.port = port_of(str_from(s, colon));
	return e;
}

/* ---- a function each ---------- */

static void read_docker_proxy(struct process *p)
{
	struct endpoint from = { 0 }, to = { 0 };
	struct str value;
	size_t at = 0;
	if (option(p, "-proto", &at, &value) && !str_eq(value, STR("tcp")))
		return;
	at = 0;
	if (option(p, "-host-ip", &at, &value))
		from.ip = address_of(value);
	at = 0;
	if (option(p, "-host-port", &at, &value))
		from.port = port_of(value);
	at = 0;
	if (option(p, "-container-ip", &at, &value))
		to.ip = address_of(value);
	at = 0;
	if (option(p, "-container-port", &at, &value))
		to.port = port_of(value);
	add_row(p, &from, &to, 1);
}

/* [address:]port:[address:]port/tcp */
static void add_published(struct process *p, struct str s)
{
	struct endpoint from, to = { 0 };
	size_t slash = str_find(s, '/');
	if (slash != SIZE_MAX) {
		if (!str_prefix(str_from(s, slash + 1), STR("tcp")))
			return;
		s.n = slash;
	}
	size_t colon = s.n;
	while (colon > 0 && s.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return;
	to.port = port_of(str_from(s, colon));
	s.n = colon - 1;
	from = endpoint_of(s);
	if (from.port == 0) {                   /* port:address:port */
		struct str left = s;
		size_t first = str_find(s, ':');
		if (first != SIZE_MAX) {
			to.ip = address_of(str_from(s, first + 1));
			left.n = first;
		}
		from = endpoint_of(left);
	}
	add_row(p, &from, &to, 1);
}

static void read_rootlesskit(struct process *p)
{
	struct str value;
	size_t before = p->f->proxy_n;
	p->row.keeps_source = option_is(p, "--port-driver", "slirp4netns") ||
	                      option_is(p, "--port-driver", "implicit");
	for (size_t at = 0; option(p, "--publish", &at, &value);)
		add_published(p, value);
	for (size_t at = 0; option(p, "-p", &at, &value);)
		add_published(p, value);
	if (p->f->proxy_n == before)
		add_row(p, NULL, NULL, 1);
}

static void read_plain(struct process *p)
{
	add_row(p, NULL, NULL, 1);
}

/* -t [address[%interface]/]port[-port][:port[-port]][,…] */
static void add_pasta_ports(struct process *p, struct str spec)
{
	struct endpoint from = { 0 }, to = { 0 };
	struct str part;
	struct facts_span span;
	size_t slash = str_find(spec, '/');
	if (slash != SIZE_MAX) {
		struct str address = { spec.p, slash };
		size_t percent = str_find(address, '%');
		if (percent != SIZE_MAX)
			address.n = percent;
		from.ip = address_of(address);
		spec = str_from(spec, slash + 1);
	}
	while (str_token(&spec, ",", &part)) {
		size_t colon = str_find(part, ':');
		struct str here = colon == SIZE_MAX ? part : (struct str){ part.p, colon };
		if (!facts_parse_ports(here, &span) || span.low == 0)
			continue;
		from.port = to.port = (uint16_t)span.low;
		if (colon != SIZE_MAX)
			to.port = port_of(str_from(part, colon + 1));
		add_row(p, &from, &to, span.high - span.low + 1);
	}
}

static void read_pasta(struct process *p)
{
	size_t before = p->f->proxy_n;
	struct str value;
	p->row.keeps_source = true;
	for (size_t at = 0; option(p, "-t", &at, &value);)
		add_pasta_ports(p, value);
	for (size_t at = 0; option(p, "--tcp-ports", &at, &value);)
		add_pasta_ports(p, value);
	if (p->f->proxy_n == before)
		add_row(p, NULL, NULL, 1);
}

/* TYPE:first[:second][,option…] */
static bool socat_address(struct str word, struct str *type, struct str *where, struct str *bind)
{
	struct str rest = word, part;
	*bind = (struct str){ "", 0 };
	size_t comma = str_find(word, ',');
	if (comma != SIZE_MAX) {
		rest = str_from(word, comma + 1);
		word.n = comma;
		while (str_token(&rest, ",", &part))
			if (str_caseprefix(part, STR("bind=")))
				*bind = str_from(part, 5);
	}
	size_t colon = str_find(word, ':');
	if (colon == SIZE_MAX)
		return false;
	*type = (struct str){ word.p, colon };
	*where = str_from(word, colon + 1);
	return true;
}

static bool is_listen(struct str type)
{
	static const char *const types[] = {
		"TCP-LISTEN", "TCP-L", "TCP4-LISTEN", "TCP4-L", "TCP6-LISTEN", "TCP6-L",
		"OPENSSL-LISTEN", "SSL-LISTEN", "SSL-L",
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (str_caseeq(type, str_of(types[i])))
			return true;
	return false;
}

static void read_socat(struct process *p)
{
	struct str type, where, bind;
	struct endpoint from = { 0 }, to = { 0 };
	bool listens = false;
	for (size_t i = 1; i < p->n; i++) {
		if (p->words[i].n == 0 || p->words[i].p[0] == '-' ||
		    !socat_address(p->words[i], &type, &where, &bind))
			continue;
		if (is_listen(type)) {
			from.port = port_of(where);
			if (bind.n)
				from.ip = address_of(bind);
			else
				from.ip.family = str_search(type, STR("6")) != SIZE_MAX ? 6 : 4;
			listens = true;
		} else if (str_caseprefix(type, STR("TCP")) ||
		           str_caseprefix(type, STR("OPENSSL")) ||
		           str_caseprefix(type, STR("SSL"))) {
			to = endpoint_of(where);
		}
	}
	if (listens)
		add_row(p, &from, &to, 1);
}

/* systemd-socket-proxyd [options] HOST:PORT; who listens is systemd. */
static void read_socket_proxyd(struct process *p)
{
	for (size_t i = p->n; i > 1; i--)
		if (p->words[i - 1].n && p->words[i - 1].p[0] != '-') {
			struct endpoint to = endpoint_of(p->words[i - 1]);
			add_row(p, NULL, &to, 1);
			return;
		}
}

/* k3s: a pod whose script "entry" translates SRC_PORT to DEST_IPS:DEST_PORT, and masquerades. */
static void read_klipper(struct process *p)
{
	struct str value, word;
	struct endpoint from = { 0 }, to = { 0 };
	if (!facts_variable(p->environ_, "SRC_PORT", &value))
		return;
	from.port = port_of(value);
	if (facts_variable(p->environ_, "DEST_PROTO", &value) && !str_caseeq(value, STR("TCP")))
		return;
	if (facts_variable(p->environ_, "DEST_PORT", &value))
		to.port = port_of(value);
	if ((facts_variable(p->environ_, "DEST_IPS", &value) ||
	     facts_variable(p->environ_, "DEST_IP", &value)) && str_token(&value, ", +", &word))
		to.ip = address_of(word);
	add_row(p, &from, &to, 1);
}

/* lxd forkproxy -- PID FD tcp:0.0.0.0:25 PID FD tcp:127.0.0.1:25 … */
enum { FORKPROXY_TARGET = 4 };           /* words from "--" to the process where it connects */

static void read_forkproxy(struct process *p)
{
	struct endpoint ends[2] = { 0 };
	size_t n = 0;
	for (size_t i = 1; i < p->n && n < 2; i++)
		if (str_prefix(p->words[i], STR("tcp:")))
			ends[n++] = endpoint_of(str_from(p->words[i], 4));
	if (n == 2)
		add_row(p, &ends[0], &ends[1], 1);
}

/* ---- which it is ---------- */

static const struct {
	const char *name;
	enum facts_proxy_kind kind;
	void (*read)(struct process *p);
} programs[] = {
	{ "docker-proxy", FACTS_DOCKER_PROXY, read_docker_proxy },
	{ "rootlesskit-docker-proxy", FACTS_DOCKER_PROXY, read_docker_proxy },
	{ "rootlesskit", FACTS_ROOTLESSKIT, read_rootlesskit },
	{ "rootlessport", FACTS_ROOTLESSPORT, read_plain },
	{ "rootlessport-child", FACTS_ROOTLESSPORT, read_plain },
	{ "containers-rootlessport", FACTS_ROOTLESSPORT, read_plain },
	{ "containers-rootlessport-child", FACTS_ROOTLESSPORT, read_plain },
	{ "slirp4netns", FACTS_SLIRP4NETNS, read_plain },
	{ "pasta", FACTS_PASTA, read_pasta }, { "pasta.avx2", FACTS_PASTA, read_pasta },
	{ "passt", FACTS_PASTA, read_pasta },
	{ "socat", FACTS_SOCAT, read_socat }, { "socat1", FACTS_SOCAT, read_socat },
	{ "haproxy", FACTS_HAPROXY, read_plain },
	{ "systemd-socket-proxyd", FACTS_SOCKET_PROXYD, read_socket_proxyd },
	{ "entry", FACTS_KLIPPER, read_klipper }, { "klipper-lb", FACTS_KLIPPER, read_klipper },
	{ "forkproxy", FACTS_FORKPROXY, read_forkproxy },
};

static void split_command(struct process *p, struct str cmdline)
{
	while (cmdline.n && p->n < WORDS_MAX) {
		size_t end = str_find(cmdline, '\0');
		p->words[p->n++] = (struct str){ cmdline.p, end == SIZE_MAX ? cmdline.n : end };
		cmdline = str_from(cmdline, end == SIZE_MAX ? cmdline.n : end + 1);
	}
}

unsigned facts_forkproxy_target(struct str cmdline)
{
	struct process p = { 0 };
	uint64_t pid;
	split_command(&p, cmdline);
	for (size_t i = 0; i + FORKPROXY_TARGET < p.n; i++)
		if (i >= 1 && str_eq(base_name(p.words[i - 1]), STR("forkproxy")) &&
		    str_eq(p.words[i], STR("--")) &&
		    str_u64(p.words[i + FORKPROXY_TARGET], INT32_MAX, &pid) == ERR_OK)
			return (unsigned)pid;
	return 0;
}

static const char *shown_command(const struct process *p)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < p->n && b.n < 1000; i++) {
		if (i)
			buf_add_byte(&b, ' ');
		buf_add_str(&b, p->words[i]);
	}
	const char *text = facts_shown(p->f, buf_str(&b));
	buf_fini(&b);
	return text;
}

bool facts_add_process(struct facts *f, unsigned pid, struct str cmdline, struct str environ_)
{
	struct process p = { .f = f, .pid = pid, .environ_ = environ_ };
	size_t before = f->proxy_n;
	split_command(&p, cmdline);
	/* "/bin/sh /usr/bin/entry", "lxd forkproxy": the second word may be the program. */
	for (size_t w = 0; w < 2 && w < p.n && f->proxy_n == before; w++)
		for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
			if (!str_eq(base_name(p.words[w]), str_of(programs[i].name)))
				continue;
			p.row = (struct facts_proxy){ .kind = programs[i].kind, .pid = pid,
			                              .program = programs[i].name, .ports = 1,
			                              .text = shown_command(&p) };
			programs[i].read(&p);
			f->cut |= p.n == WORDS_MAX;
			break;
		}
	return f->proxy_n > before;
}

/* Sockets that the proxy itself holds say where it listens if its command line does not. */
void facts_settle_proxies(struct facts *f)
{
	size_t n = f->proxy_n;
	for (size_t i = 0; i < n; i++) {
		struct facts_proxy unset = f->proxies[i];
		bool first = true;
		for (size_t k = 0; unset.from.port == 0 && k < f->listener_n; k++) {
			struct process p = { .f = f, .row = unset };
			if (f->listeners[k].pid != unset.pid || unset.pid == 0)
				continue;
			if (first)
				f->proxies[i].from = f->listeners[k].at;
			else
				add_row(&p, &f->listeners[k].at, NULL, 1);
			first = false;
		}
	}
}
