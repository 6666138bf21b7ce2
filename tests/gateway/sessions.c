/* SPDX-License-Identifier: ISC
 *
 * See sessions.h.
 */
#include "sessions.h"

#include "base/mem.h"
#include "base/stream.h"
#include "certificate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

struct world w;

const char login_ann[] = "C: AUTH PLAIN AGFubgBzZWNyZXQ=\nS: 235 2.7.0\n";

/* ---- whose addresses there are ------------------------------------------------------- */

static bool has_domain(void *arg, const char *domain)
{
	(void)arg;
	return strcmp(domain, "ours.example") == 0 || strcmp(domain, "mx.ours.example") == 0;
}

/* "token" is there, so that the catalogue is refused for its forms alone. */
static enum gateway_known has_mailbox(void *arg, const struct gateway_address *address)
{
	static const char *const names[] = { "ann", "bob", "postmaster", "abuse", "token",
	                                    "\xc3\xa4nn" };
	(void)arg;
	if (w.store_is_away)
		return GATEWAY_NOT_NOW;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq(address->local, str_of(names[i])))
			return GATEWAY_YES;
	return GATEWAY_NO;
}

static enum gateway_known owns(void *arg, struct str account,
                               const struct gateway_address *address)
{
	if (w.store_is_away)
		return GATEWAY_NOT_NOW;
	return has_domain(arg, address->domain) && str_eq(account, address->local) ? GATEWAY_YES
		: GATEWAY_NO;
}

static enum gateway_known account_of_uid(void *arg, unsigned uid, struct buf *account)
{
	(void)arg;
	if (w.store_is_away)
		return GATEWAY_NOT_NOW;
	assert_int_equal(uid, getuid());
	buf_add_cstr(account, "ann");
	return GATEWAY_YES;
}

static enum gateway_known credentials(void *arg, struct str name, struct buf *hash,
                                      struct buf *scram)
{
	(void)arg;
	(void)scram;
	if (w.store_is_away)
		return GATEWAY_NOT_NOW;
	buf_add_str(hash, name);
	return GATEWAY_YES;
}

/* ---- the gateway --------------------------------------------------------------------- */

static const struct gateway_trusted trusted[] = {
	{ { 4, { 127, 0, 0, 77 } }, { "printer", 7 } },
};

static int listen_tcp(struct endpoint *at)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*at = (struct endpoint){ ip_from_v4(127, 0, 0, 1), 0 };
	int fd = stream_listen(at);
	assert_true(fd >= 0);
	getsockname(fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, at);
	return fd;
}

static void open_doors(void)
{
	char directory[] = "/tmp/portreeve-gateway-XXXXXX";
	assert_non_null(mkdtemp(directory));
	w.directory = mem_strdup(directory);
	w.path = mem_printf("%s/socket", directory);
	for (int i = 0; i < DOOR_LOCAL; i++)
		w.listening[i].fd = listen_tcp(&w.at[i]);
	w.listening[DOOR_LOCAL].fd = stream_listen_unix(w.path, 0666);
	assert_true(w.listening[DOOR_LOCAL].fd >= 0);
	w.listening[DOOR_INBOUND].listener = GATEWAY_INBOUND;
	w.listening[DOOR_SUBMISSION].listener = GATEWAY_SUBMISSION;
	w.listening[DOOR_SUBMISSIONS].listener = GATEWAY_SUBMISSION;
	w.listening[DOOR_SUBMISSIONS].tls_at_once = true;
	w.listening[DOOR_LOCAL].listener = GATEWAY_LOCAL;
}

static struct prefix peers[2] = { { { 4, { 127, 0, 0, 88 } }, 32 },
                                  { { 4, { 127, 0, 0, 89 } }, 32 } };

int world_begin(void **state)
{
	(void)state;
	w = (struct world){ .loop = loop_create() };
	stand_ins_begin(w.loop);
	open_doors();
	w.tls = certificate_server("mx.ours.example");
	w.client_tls = SSL_CTX_new(TLS_client_method());
	w.config = (struct gateway_config){
		.proxy_peers = { &peers[0], 1 }, .xclient_peers = { &peers[1], 1 },
		.message_bytes = 1 << 20, .memory_bytes = 200 << 10, .recipients_max = 100,
		.own_senders = (char *)"take",
		.hops_max = 10, .errors_max = 20, .sessions = 100, .sessions_per_host = 50,
		.sessions_per_net = 100, .connections_per_second = 1000, .session_timeout_s = 600,
	};
	w.setup = (struct gateway_setup){
		.loop = w.loop, .config = &w.config, .hostname = "mx.ours.example",
		.listening = w.listening, .listening_count = DOORS, .tls = w.tls,
		.directory = { .has_domain = has_domain, .has_mailbox = has_mailbox,
		               .owns = owns },
		.queue = stand_ins_queue(), .login = stand_ins_login(),
		.blocklists = stand_ins_blocklists(), .trusted = trusted, .trusted_count = 1,
		.account_of_uid = account_of_uid, .credentials = credentials,
		.counters = &w.counters,
	};
	w.gateway = gateway_create(&w.setup);
	return 0;
}

int world_end(void **state)
{
	(void)state;
	gateway_destroy(w.gateway);
	stand_ins_end();
	for (int i = 0; i < DOORS; i++)
		close(w.listening[i].fd);
	unlink(w.path);
	rmdir(w.directory);
	free(w.path);
	free(w.directory);
	SSL_CTX_free(w.tls);
	SSL_CTX_free(w.client_tls);
	loop_destroy(w.loop);
	return 0;
}

/* ---- a client ------------------------------------------------------------------------ */

static int connect_local(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	str_copy(at.sun_path, sizeof(at.sun_path), str_of(w.path));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int connect_tcp(const struct endpoint *to, const char *from)
{
	struct sockaddr_storage ss;
	struct endpoint source = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(ip_parse(str_of(from), &source.ip, NULL), ERR_OK);
	socklen_t len = endpoint_to_sockaddr(&source, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = endpoint_to_sockaddr(to, &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

void peer_connect(struct peer *p, enum door door, const char *from)
{
	struct timeval soon = { .tv_usec = 1000 };
	*p = (struct peer){
		.fd = door == DOOR_LOCAL ? connect_local() : connect_tcp(&w.at[door], from) };
	setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
}

void peer_start_tls(struct peer *p)
{
	int n = 0;
	p->ssl = SSL_new(w.client_tls);
	SSL_set_fd(p->ssl, p->fd);
	for (int turns = 0; turns < 2000 && (n = SSL_connect(p->ssl)) != 1; turns++)
		loop_run_once(w.loop, 5);
	assert_int_equal(n, 1);
}

void peer_send(struct peer *p, struct str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = p->ssl ? SSL_write(p->ssl, bytes.p, (int)bytes.n)
			: send(p->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			bytes = str_from(bytes, (size_t)n);
		else
			loop_run_once(w.loop, 5);
	}
}

/* 1: a byte; 0: closed; -1: nothing yet. */
static int read_byte(struct peer *p, char *byte)
{
	if (!p->ssl) {
		ssize_t n = recv(p->fd, byte, 1, MSG_DONTWAIT);
		return n < 0 && errno != ECONNRESET ? -1 : n == 1;
	}
	int n = SSL_read(p->ssl, byte, 1);
	if (n == 1)
		return 1;
	return SSL_get_error(p->ssl, n) == SSL_ERROR_WANT_READ ? -1 : 0;
}

int peer_reply(struct peer *p)
{
	size_t n = 0;
	for (int turns = 0; turns < 2000;) {
		int got = read_byte(p, &p->line[n]);
		if (got == 0)
			return 0;
		if (got < 0) {
			loop_run_once(w.loop, 5);
			turns++;
			continue;
		}
		assert_true(n + 2 < sizeof(p->line));
		if (p->line[n++] != '\n')
			continue;
		p->line[n] = '\0';
		if (p->line[3] != '-')
			return (int)strtol(p->line, NULL, 10);
		n = 0;
	}
	fail_msg("no reply");
	return 0;
}

void peer_close(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
	p->ssl = NULL;
}

static void script_line(struct peer *p, const char *name, struct str line)
{
	struct str rest = str_from(line, 3);
	if (str_prefix(line, STR("C: "))) {
		struct buf bytes = { 0 };
		buf_printf(&bytes, "%.*s\r\n", STR_ARG(rest));
		peer_send(p, buf_str(&bytes));
		buf_fini(&bytes);
	} else if (str_prefix(line, STR("S: "))) {
		int code = peer_reply(p);
		if (code == 0 || !str_prefix(str_of(p->line), rest))
			fail_msg("%s: expected \"%.*s\", found \"%s\"", name, STR_ARG(rest),
			         code ? p->line : "the end");
	} else if (str_prefix(line, STR("!: "))) {
		if (str_search(str_of(p->line), rest) == SIZE_MAX)
			fail_msg("%s: expected \"%.*s\" in \"%s\"", name, STR_ARG(rest), p->line);
	} else if (str_prefix(line, STR("T:"))) {
		peer_start_tls(p);
	} else {
		fail_msg("%s: what is \"%.*s\"?", name, STR_ARG(line));
	}
}

void peer_script(struct peer *p, const char *name, const char *script)
{
	struct str rest = str_of(script), line;
	while (str_token(&rest, "\n", &line))
		script_line(p, name, line);
}

void session(const char *name, enum door door, const char *from, const char *script)
{
	struct peer p;
	peer_connect(&p, door, from);
	if (door == DOOR_SUBMISSIONS)
		peer_start_tls(&p);
	peer_script(&p, name, "S: 220 mx.ours.example\n");
	peer_script(&p, name, script);
	peer_close(&p);
}
