/* SPDX-License-Identifier: ISC
 *
 * The simulator: many mail hosts and their name server in one process, for tests of the
 * tester.
 *
 *   simulator --personas
 *   simulator --hosts FILE --collector ADDR:PORT… --dns ADDR:PORT --log FILE
 *             [--first-domain D] [--trusted-client ADDR…] [--unknown-client ADDR…]
 *
 * FILE has a line "ADDRESS PORT PERSONA [LATER]" for each host. "ready" on standard output says
 * that all of them listen. SIGUSR1 makes each host with a LATER that persona, which "switched"
 * confirms: nobody should be talking to it then. The log has a line "TIME EVENT ADDRESS PORT
 * PERSONA TEXT", its time in monotonic milliseconds, for what a test wants to count: begin, end
 * and taken (a message, with its envelope), delivered, refused and undelivered (what was sent
 * on), parallel (a second connection at the same time).
 */
#include "certificate.h"
#include "session.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HOSTS_BYTES_MAX = 16 << 20, NO_LIMIT = 1000000, IDLE_MS = 3600000 };

struct arguments {
	const char *hosts, *dns, *log, *first_domain;
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "simulator: %s: %s\n", what, which);
	exit(EXIT_FAILURE);
}

void sim_log(const struct host *h, const char *event, struct str text)
{
	char address[IP_TEXT_MAX];
	struct buf line = { 0 };
	buf_printf(&line, "%lld %s %s %u %s ", (long long)clock_mono_ms(), event,
	           ip_format(&h->at.ip, address), h->at.port, h->persona->name);
	buf_add_escaped(&line, text);
	fprintf(h->sim->log, "%s\n", buf_cstr(&line));
	buf_fini(&line);
}

/* ---- hosts ------------------------------------------------------------------------ */

static void name_host(struct host *h)
{
	/* 30 to 60 characters, as names have them. */
	static const char *const companies[] = {
		"mail.example.test", "customers.some-provider.test",
		"customer-mail.north.example-hosting.test",
	};
	snprintf(h->domain, sizeof(h->domain), "h%zu.%s", h->index, companies[h->index % 3]);
	snprintf(h->name, sizeof(h->name), "mail-in-%zu.%s", h->index % 10, h->domain);
	ip_format_literal(&h->at.ip, h->literal);
	if (h->persona->naming == NAMELESS) {
		snprintf(h->name, sizeof(h->name), "localhost.localdomain");
		snprintf(h->domain, sizeof(h->domain), "localdomain");
	} else if (h->persona->naming == NAMED_AFTER_ANOTHER) {
		snprintf(h->name, sizeof(h->name), "m.victim.test");
		snprintf(h->domain, sizeof(h->domain), "victim.test");
	}
	h->own = (struct own_names){ h->name, h->domain, h->literal };
}

static void read_host(struct sim *sim, struct str line)
{
	struct str address, port, persona, later = STR("");
	uint64_t number = 0;
	struct host *h = &sim->hosts[sim->host_count];
	*h = (struct host){ .sim = sim, .index = sim->host_count, .listen_fd = -1 };
	if (!str_token(&line, " ", &address) || !str_token(&line, " ", &port) ||
	    !str_token(&line, " ", &persona) || ip_parse(address, &h->at.ip, NULL) != ERR_OK ||
	    str_u64(port, 65535, &number) != ERR_OK || !(h->persona = persona_by_name(persona)))
		die("a line of the hosts", "expected ADDRESS PORT PERSONA [LATER]");
	if (str_token(&line, " ", &later) && !(h->later = persona_by_name(later)))
		die("a line of the hosts", "expected a persona as LATER");
	h->at.port = (uint16_t)number;
	name_host(h);
	sim->host_count++;
}

static void read_hosts(struct sim *sim, const char *path)
{
	struct buf text = { 0 };
	struct str rest, line;
	size_t lines = 0;
	int e = file_read(path, HOSTS_BYTES_MAX, &text);
	if (e != ERR_OK)
		die(path, err_text(e));
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	sim->hosts = mem_array(lines + 1, sizeof(*sim->hosts));
	for (rest = buf_str(&text); str_token(&rest, "\n", &line);)
		read_host(sim, line);
	buf_fini(&text);
}

void host_open(struct host *h)
{
	char text[ENDPOINT_TEXT_MAX];
	h->listen_fd = stream_listen(&h->at);
	if (h->listen_fd < 0)
		die(endpoint_format(&h->at, text), err_text(h->listen_fd));
	wire_listener_add_for(h->sim->listener, h->listen_fd, h);
}

static void reopen(void *arg)
{
	host_open(arg);
}

void host_shut(struct host *h, unsigned for_ms)
{
	if (h->listen_fd < 0)
		return;
	wire_listener_remove(h->sim->listener, h->listen_fd);
	close(h->listen_fd);
	h->listen_fd = -1;
	if (for_ms == 0)
		return;
	if (!h->reopens)
		h->reopens = loop_timer_create(h->sim->loop, reopen, h);
	loop_timer_arm(h->reopens, for_ms);
}

static void open_all(struct sim *sim)
{
	const struct wire_listener_setup setup = {
		.loop = sim->loop, .name = "simulator",
		.limits = { .sessions = NO_LIMIT, .per_host = NO_LIMIT, .per_second = NO_LIMIT,
		            .idle_ms = IDLE_MS },
		.opened = session_accept, .unwanted = session_unwanted,
	};
	sim->listener = wire_listener_create(&setup);
	for (size_t i = 0; i < sim->host_count; i++)
		if (!sim->hosts[i].persona->absent)
			host_open(&sim->hosts[i]);
}

static void close_all(struct sim *sim)
{
	for (size_t i = 0; i < sim->host_count; i++) {
		sessions_close(&sim->hosts[i]);
		host_shut(&sim->hosts[i], 0);
		loop_timer_destroy(sim->hosts[i].reopens);
		guard_forget(&sim->hosts[i]);
	}
	wire_listener_destroy(sim->listener);
	free(sim->hosts);
}

static void switch_all(void *arg, int signum)
{
	struct sim *sim = arg;
	(void)signum;
	for (size_t i = 0; i < sim->host_count; i++) {
		struct host *h = &sim->hosts[i];
		if (!h->later)
			continue;
		h->persona = h->later;
		h->relayed = 0;
		guard_forget(h);
		if (h->persona->absent)
			host_shut(h, 0);
	}
	puts("switched");
	fflush(stdout);
}

/* ---- command line --------------------------------------------------------------------- */

/* "NAME TRUTH COPIES PORT WAS AFTERWARDS", a line each; port 0 is the scan's usual one. WAS is
 * what it was when it was proved open, "-" for those without a past; AFTERWARDS is "stays" or
 * "leaves": what its retest must do to its listing. */
static void print_personas(void)
{
	const struct persona *p;
	for (size_t i = 0; (p = persona_at(i)); i++)
		printf("%s %s %u %u %s %s\n", p->name, verdict_name(p->truth), p->copies, p->port,
		       p->was ? p->was : "-",
		       p->truth == VERDICT_CLOSED && !p->stays ? "leaves" : "stays");
}

static void parse_endpoint(const char *text, struct endpoint *ep)
{
	if (endpoint_parse(str_of(text), 0, ep, NULL) != ERR_OK)
		die(text, "expected ADDRESS:PORT");
}

/* One of each family. */
static void add_client(struct ip clients[2], const char *text)
{
	struct ip ip;
	if (ip_parse(str_of(text), &ip, NULL) != ERR_OK)
		die(text, "expected an address");
	clients[ip.family == 6] = ip;
}

static void read_arguments(int argc, char **argv, struct sim *sim, struct arguments *a)
{
	static const struct option options[] = {
		{ "personas", no_argument, NULL, 'p' }, { "hosts", required_argument, NULL, 'h' },
		{ "collector", required_argument, NULL, 'c' },
		{ "dns", required_argument, NULL, 'd' },
		{ "log", required_argument, NULL, 'l' },
		{ "first-domain", required_argument, NULL, 'f' },
		{ "trusted-client", required_argument, NULL, 't' },
		{ "unknown-client", required_argument, NULL, 'u' }, { 0 },
	};
	int c;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			print_personas();
			exit(EXIT_SUCCESS);
		case 'h': a->hosts = optarg; break;
		case 'd': a->dns = optarg; break;
		case 'l': a->log = optarg; break;
		case 'f': a->first_domain = optarg; break;
		case 't': add_client(sim->trusted_clients, optarg); break;
		case 'u': add_client(sim->unknown_clients, optarg); break;
		case 'c':
			if (sim->collector_count < 2)
				parse_endpoint(optarg, &sim->collectors[sim->collector_count++]);
			break;
		default: exit(EXIT_FAILURE);
		}
	}
	if (!a->hosts || !a->dns || !a->log || sim->collector_count == 0)
		die("arguments", "expected --hosts, --collector, --dns and --log");
}

static void stop(void *arg, int signum)
{
	(void)signum;
	loop_stop(arg);
}

static void allow_many_files(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct sim sim = { 0 };
	struct arguments a = { .first_domain = "d.test" };
	struct endpoint dns;
	read_arguments(argc, argv, &sim, &a);
	parse_endpoint(a.dns, &dns);
	sim.first_domain = a.first_domain;
	allow_many_files();
	log_init("simulator", LOG_WARN);
	signal(SIGPIPE, SIG_IGN);        /* OpenSSL writes without MSG_NOSIGNAL */
	if (!(sim.log = fopen(a.log, "a")))
		die(a.log, "cannot be written");
	setvbuf(sim.log, NULL, _IOLBF, 0);
	sim.loop = loop_create();
	sim.tls = certificate_server("simulator.test");
	read_hosts(&sim, a.hosts);
	open_all(&sim);
	names_open(&sim, &dns);
	if (sim.dns_fd < 0)
		die(a.dns, "the name server cannot listen");
	struct loop_signal *term = loop_signal_create(sim.loop, SIGTERM, stop, sim.loop);
	struct loop_signal *change = loop_signal_create(sim.loop, SIGUSR1, switch_all, &sim);
	puts("ready");
	fflush(stdout);
	loop_run(sim.loop);
	loop_signal_destroy(term);
	loop_signal_destroy(change);
	relays_close(&sim);
	names_close(&sim);
	close_all(&sim);
	close(sim.dns_fd);
	SSL_CTX_free(sim.tls);
	loop_destroy(sim.loop);
	fclose(sim.log);
	return EXIT_SUCCESS;
}
