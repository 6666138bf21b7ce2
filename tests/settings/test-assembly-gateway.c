/* SPDX-License-Identifier: ISC
 *
 * The whole gateway put together from settings, in one process: mail comes in and reaches a
 * Maildir; a host is an account by its address as long as that is no address of this machine.
 */
#include "directory.h"
#include "test.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/stream.h"
#include "settings/assembly-gateway.h"
#include "settings/open.h"
#include "store/accounts.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STOP_MS = 30000 };

static char directory[] = "/tmp/portreeve-gateway-XXXXXX";
static char before[4096];

static struct {
	struct settings settings;
	struct loop *loop;
	struct syncer *syncer;
	struct store *store;
	struct gateway_listening listening;
	struct endpoint at;
	struct gateway_counters counters;
	struct gateway_delivery_counters delivered;
	struct assembly_gateway *gateway;
} w;

static const struct ip here[] = { { 4, { 127, 0, 0, 1 } } };
static const struct ip here_and_there[] = { { 4, { 127, 0, 0, 1 } }, { 4, { 192, 0, 2, 7 } } };
static const struct ip router[] = { { 4, { 192, 0, 2, 254 } } };

static const struct gateway_network outside = { here, 1, router, 1 },
                                    own = { here_and_there, 2, router, 1 },
                                    unseen = { NULL, 0, NULL, 0 };

static const char text[] =
	"hostname = \"mx.ours.example\"\nresolver = {\"127.0.0.1:1\"}\n"
	"gateway {\n domains = {\"ours.example\"}\n proxy_peers = {\"127.0.0.1/32\"}\n"
	" trusted_hosts = {\"192.0.2.7 printer\"}\n spool_anywhere = yes\n"
	" spool_size = 64M\n segment_size = 8M\n message_size = 1M\n"
	" control_socket = \"none\"\n smarthost = \"[127.0.0.1]:1\"\n}\n";

static void add_accounts(void)
{
	static const char *const printer[] = { "printer@ours.example" };
	static const char *const ann[] = { "ann@ours.example" };
	struct account account = { .name = "printer", .uid = ACCOUNT_NO_UID };
	assert_int_equal(store_account_add(w.store, &account, printer, 1, 1000), ERR_OK);
	account = (struct account){ .name = "ann", .uid = ACCOUNT_NO_UID };
	assert_int_equal(store_account_add(w.store, &account, ann, 1, 1000), ERR_OK);
}

static void listen_at(void)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	w.at.ip = ip_from_v4(127, 0, 0, 1);
	w.listening.fd = stream_listen(&w.at);
	assert_true(w.listening.fd >= 0);
	getsockname(w.listening.fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &w.at);
}

static void open_gateway(const struct gateway_network *network)
{
	struct buf message = { 0 };
	const struct assembly_gateway_setup setup = {
		.loop = w.loop, .syncer = w.syncer, .store = w.store, .listening = &w.listening,
		.listening_count = 1, .control_fd = -1, .smarthost_password = STR(""),
		.network = network, .counters = &w.counters, .delivered = &w.delivered,
	};
	int e = assembly_gateway_create(&w.settings, &setup, &w.gateway, &message);
	if (e != ERR_OK)
		fail_msg("%s", buf_cstr(&message));
}

static int make(void **state)
{
	(void)state;
	struct buf message = { 0 };
	if (!getcwd(before, sizeof(before)) || !mkdtemp(directory) || chdir(directory) != 0 ||
	    mkdir(GATEWAY_SPOOL, 0700) != 0 || mkdir(GATEWAY_MAILBOXES, 0700) != 0)
		return -1;
	assert_int_equal(settings_load_text(&w.settings, str_of(text), &message), ERR_OK);
	assert_int_equal(settings_store_open(&w.settings, STORE_ALL, &w.store, &message), ERR_OK);
	add_accounts();
	w.loop = loop_create();
	w.syncer = syncer_create(w.loop, 1000);
	assert_int_equal(syncer_start(w.syncer), ERR_OK);
	listen_at();
	open_gateway(&outside);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	assert_int_equal(syncer_stop(w.syncer, STOP_MS), ERR_OK);
	assembly_gateway_destroy(w.gateway);
	syncer_destroy(w.syncer);
	store_close(w.store);
	close(w.listening.fd);
	loop_destroy(w.loop);
	settings_fini(&w.settings);
	return chdir(before) == 0 ? directory_remove(directory) : -1;
}

/* ---- a client behind a proxy ---------------------------------------------------------------- */

static int reply(int fd)
{
	char line[600];
	size_t n = 0;
	for (int turns = 0; turns < 4000;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (poll(&p, 1, 0) != 1) {
			loop_run_once(w.loop, 5);
			turns++;
			continue;
		}
		if (read(fd, line + n, 1) != 1)
			return 0;
		if (line[n++] != '\n')
			continue;
		if (line[3] != '-')
			return (int)strtol(line, NULL, 10);
		n = 0;
	}
	fail_msg("no reply");
	return 0;
}

static int say(int fd, const char *line)
{
	char *command = mem_printf("%s\r\n", line);
	assert_int_equal(send(fd, command, strlen(command), MSG_NOSIGNAL), strlen(command));
	free(command);
	return reply(fd);
}

static int come_from(const char *address)
{
	struct sockaddr_storage ss;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = endpoint_to_sockaddr(&w.at, &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	char *header = mem_printf("PROXY TCP4 %s 192.0.2.1 4711 25", address);
	assert_int_equal(say(fd, header), 220);
	free(header);
	assert_int_equal(say(fd, "EHLO x"), 250);
	return fd;
}

/* The answer to a recipient elsewhere. */
static int relay(int fd)
{
	assert_int_equal(say(fd, "MAIL FROM:<printer@ours.example>"), 250);
	int code = say(fd, "RCPT TO:<y@away.example>");
	assert_int_equal(say(fd, "RSET"), 250);
	return code;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static unsigned mails_of(const char *mailbox)
{
	unsigned n = 0;
	char *path = mem_printf("%s/%s/new", GATEWAY_MAILBOXES, mailbox);
	DIR *d = opendir(path);
	for (const struct dirent *entry; d && (entry = readdir(d)) != NULL;)
		n += entry->d_name[0] != '.';
	if (d)
		closedir(d);
	free(path);
	return n;
}

static void test_comes_in(void **state)
{
	(void)state;
	int fd = come_from("198.51.100.1");
	assert_int_equal(say(fd, "MAIL FROM:<x@far.example>"), 250);
	assert_int_equal(say(fd, "RCPT TO:<y@away.example>"), 550);
	assert_int_equal(say(fd, "RCPT TO:<ann@ours.example>"), 250);
	assert_int_equal(say(fd, "DATA"), 354);
	assert_int_equal(say(fd, "Subject: x\r\n\r\nhello\r\n."), 250);
	for (int i = 0; i < 4000 && mails_of("ours.example/ann") == 0; i++)
		loop_run_once(w.loop, 5);
	assert_int_equal(mails_of("ours.example/ann"), 1);
	close(fd);
}

/* In one session, too: what counts is whether it is trusted at each message. */
static void test_trust(void **state)
{
	(void)state;
	static const struct { const struct gateway_network *network; int code; } rows[] = {
		{ &outside, 250 }, { &own, 550 }, { &outside, 250 }, { &unseen, 550 },
		{ &outside, 250 },
	};
	int fd = come_from("192.0.2.7"), other = come_from("192.0.2.8");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assembly_gateway_look(w.gateway, rows[i].network);
		assert_int_equal(relay(fd), rows[i].code);
		assert_int_equal(relay(other), 550);
		int fresh = come_from("192.0.2.7");
		assert_int_equal(relay(fresh), rows[i].code);
		close(fresh);
	}
	close(fd);
	close(other);
}

/* New settings, of which the session that goes on knows nothing but who is trusted. */
static void test_reload(void **state)
{
	(void)state;
	struct settings fresh;
	struct buf message = { 0 };
	int fd = come_from("192.0.2.7");
	assert_int_equal(settings_load_text(&fresh, str_of(text), &message), ERR_OK);
	assert_int_equal(settings_set(&fresh, "gateway.trusted_hosts", "192.0.2.8 printer", &message),
	                 ERR_OK);
	const struct assembly_gateway_setup setup = { .network = &outside,
	                                              .smarthost_password = STR("") };
	assembly_gateway_reload(w.gateway, &fresh, &setup);
	assert_int_equal(relay(fd), 550);
	int other = come_from("192.0.2.8");
	assert_int_equal(relay(other), 250);
	close(fd);
	close(other);
	assembly_gateway_reload(w.gateway, &w.settings, &setup);
	struct gateway_session_view view;
	const struct gateway *sessions = assembly_gateway_sessions(w.gateway);
	for (int i = 0; i < 4000 && gateway_session(sessions, 0, &view); i++)
		loop_run_once(w.loop, 5);
	assert_false(gateway_session(sessions, 0, &view));
	settings_fini(&fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_in), cmocka_unit_test(test_trust),
		cmocka_unit_test(test_reload),
	};
	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, make, clean);
}
