/* SPDX-License-Identifier: ISC
 *
 * The gateway's sessions from the socket to the queue. Input: a byte for who comes (a stranger, a
 * host that is an account, a proxy that may say XCLIENT), then what the client sends, after which
 * it hangs up. Of a stranger nothing reaches the queue but what is for mailboxes of ours; of an
 * account only what it sends as itself; and nothing is left behind.
 */
#include "fuzz.h"

#include "../tests/gateway/stand-ins.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum who { STRANGER, TRUSTED, PROXY, WHO };
enum { TURNS_MAX = 10000 };

static struct {
	struct loop *loop;
	struct gateway *gateway;
	struct gateway_config config;
	struct gateway_counters counters;
	struct gateway_listening listening;
	struct endpoint at;
} w;

static const struct gateway_trusted trusted = { { 4, { 127, 0, 0, 2 } }, { "ann", 3 } };
static struct prefix proxy = { { 4, { 127, 0, 0, 3 } }, 32 };

static bool has_domain(void *arg, const char *domain)
{
	(void)arg;
	return strcmp(domain, "ours.example") == 0;
}

static enum gateway_known has_mailbox(void *arg, const struct gateway_address *address)
{
	(void)arg;
	return address->local.n % 2 ? GATEWAY_YES : GATEWAY_NO;
}

static enum gateway_known owns(void *arg, struct str account,
                               const struct gateway_address *address)
{
	return has_domain(arg, address->domain) && str_eq(address->local, account) ? GATEWAY_YES
		: GATEWAY_NO;
}

static void listen_at(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	w.at.ip = ip_from_v4(127, 0, 0, 1);
	w.listening.fd = stream_listen(&w.at);
	assert(w.listening.fd >= 0);
	getsockname(w.listening.fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &w.at);
}

static void make_world(void)
{
	if (w.loop)
		return;
	log_init("fuzz", LOG_ERROR);
	w.loop = loop_create();
	stand_ins_begin(w.loop);
	listen_at();
	w.config = (struct gateway_config){
		.xclient_peers = { &proxy, 1 },
		.message_bytes = 65536, .memory_bytes = 1 << 20, .recipients_max = 100,
		.own_senders = (char *)"take", .hops_max = 10, .errors_max = 20, .sessions = 100,
		.sessions_per_host = 50,
		.sessions_per_net = 100, .connections_per_second = 100000,
		.session_timeout_s = 600,
	};
	const struct gateway_setup setup = {
		.loop = w.loop, .config = &w.config, .hostname = "mx.ours.example",
		.listening = &w.listening, .listening_count = 1,
		.directory = { .has_domain = has_domain, .has_mailbox = has_mailbox,
		               .owns = owns },
		.queue = stand_ins_queue(), .login = stand_ins_login(), .trusted = &trusted,
		.trusted_count = 1, .counters = &w.counters,
	};
	w.gateway = gateway_create(&setup);
}

/* No port of ours waits for long, and it is the kernel that takes one that still does. -1: there is
 * none just now. */
static int connect_as(enum who who)
{
	const struct linger at_once = { .l_onoff = 1 };
	const int yes = 1;
	const struct endpoint from = { .ip = ip_from_v4(127, 0, 0, (uint8_t)(1 + who)) };
	struct sockaddr_storage ss;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = endpoint_to_sockaddr(&from, &ss);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	assert(bind(fd, (struct sockaddr *)&ss, len) == 0);
	len = endpoint_to_sockaddr(&w.at, &ss);
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	assert(errno == EADDRNOTAVAIL);
	close(fd);
	return -1;
}

static unsigned count(const struct buf *text, const char *what)
{
	unsigned n = 0;
	for (const char *p = buf_cstr(text); (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

/* What the last message that reached the queue must be. */
static void check_queued(enum who who)
{
	const struct buf *e = &stand.envelope;
	unsigned accounts = count(e, "\"account\":\"ann\"");
	assert(str_prefix(buf_str(&stand.text), STR("Received: from ")));
	assert(accounts == count(e, "\"account\":"));
	assert(who != STRANGER || accounts == 0);
	if (accounts == 0)
		assert(count(e, "{\"address\":") == count(e, "\"local\":true}"));
	else
		assert(count(e, "\"from\":\"\"") + count(e, "\"from\":\"ann@ours.example\"") == 1);
}

static bool is_over(void)
{
	struct gateway_session_view view;
	return !gateway_session(w.gateway, 0, &view) && !stand.waiting;
}

static bool drop_output(int fd)
{
	char bytes[4096];
	bool any = false;
	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		any = true;
	return any;
}

/* Who speaks before the greeting is refused. */
static void wait_for_greeting(int fd)
{
	for (int turns = 0; turns < TURNS_MAX && !drop_output(fd); turns++)
		loop_run_once(w.loop, 0);
}

static void talk(int fd, struct str bytes, enum who who)
{
	unsigned before = stand.added;
	wait_for_greeting(fd);
	assert(!is_over());
	for (int turns = 0; turns < TURNS_MAX && !is_over(); turns++) {
		ssize_t n = bytes.n ? send(fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
		if (n > 0)
			bytes = str_from(bytes, (size_t)n);
		if (bytes.n == 0)
			shutdown(fd, SHUT_WR);
		drop_output(fd);
		loop_run_once(w.loop, 0);
	}
	assert(is_over());
	if (stand.added != before)
		check_queued(who);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	make_world();
	enum who who = data[0] % WHO;
	int fd = connect_as(who);
	if (fd < 0)
		return 0;
	talk(fd, (struct str){ (const char *)data + 1, size - 1 }, who);
	close(fd);
	return 0;
}
