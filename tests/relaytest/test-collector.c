/* SPDX-License-Identifier: ISC
 *
 * The collector over a socket of the loopback, with a store and a Maildir: many recipients,
 * several errors at once, and clients that try again.
 */
#include "store/fuse.h"
#include "store/list.h"
#include "store/returns.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/stream.h"
#include "catalogue/catalogue.h"
#include "relaytest/collector.h"
#include "store/support.h"

#include <dirent.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TOKENS = 101, WAITING_MAX = 3, STOP_MS = 30000 };

struct world {
	char *state, *mail;
	struct store *store;
	struct arena arena;
	struct loop *loop;
	struct syncer *syncer;
	struct token_signer signer;
	struct collector_config config;
	struct tester_config tester;
	struct collector *collector;
	struct endpoint at;
	int fd;
	struct test test;
	char tokens[TOKENS][TOKEN_LEN + 1];
};

static struct world w;

static void make_tokens(void)
{
	struct token_keys keys = { .n = 1, .v = { { .id = 'k', .secret = "secret" } } };
	unsigned n = 0;
	token_signer_init(&w.signer, &keys);
	for (unsigned flags = 0; flags <= 6 && n < TOKENS; flags += 2)
		for (size_t i = 0; i < relay_case_count && n < TOKENS; i++) {
			struct token_set set;
			token_make(&w.signer, w.test.id, relay_cases[i].number, flags,
			           &w.test.target, &set);
			memcpy(w.tokens[n++], set.recipient, TOKEN_LEN + 1);
		}
	assert_int_equal(n, TOKENS);
}

static int begin(void **unused)
{
	(void)unused;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	w = (struct world){ .state = state_make() };
	w.mail = mem_printf("%s/mail", w.state);
	w.store = open_store(w.state, STORE_ALL);
	struct fuse fuse = fuse_default;
	fuse.special[fuse.special_count++] = prefix_of_text("127.0.0.0/8");
	store_set_rules(w.store, &fuse, 7 * 86400);
	w.test = add_test(w.store, "192.0.2.1:25", time(NULL));
	make_tokens();
	w.config = (struct collector_config){
		.message_bytes = 65536, .returns_per_token = 2, .sessions = 50,
		.sessions_per_host = 20, .session_timeout_s = 600, .rate = 1000,
	};
	w.tester = (struct tester_config){ .domain = "c.test", .domain2 = "d.example",
	                                   .return_window_s = 86400 };
	w.loop = loop_create();
	w.syncer = syncer_create(w.loop, WAITING_MAX);
	assert_int_equal(syncer_start(w.syncer), ERR_OK);
	w.at = (struct endpoint){ ip_of("127.0.0.1"), 0 };
	w.fd = stream_listen(&w.at);
	assert_true(w.fd >= 0);
	getsockname(w.fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &w.at);
	struct collector_setup setup = {
		.loop = w.loop, .syncer = w.syncer, .store = w.store,
		.signer = &w.signer, .config = &w.config,
		.tester = &w.tester, .hostname = "mx.c.test", .mail_directory = w.mail,
		.listen_fds = &w.fd, .listen_at = &w.at, .listen_count = 1,
	};
	w.collector = collector_create(&setup);
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	syncer_stop(w.syncer, STOP_MS);
	collector_destroy(w.collector);
	syncer_destroy(w.syncer);
	close(w.fd);
	loop_destroy(w.loop);
	store_close(w.store);
	token_signer_fini(&w.signer);
	arena_fini(&w.arena);
	state_remove(w.state);
	free(w.mail);
	return 0;
}

/* ---- a client ---------------------------------------------------------------------------- */

#define CLIENT "127.0.0.9"

static int client(void)
{
	struct sockaddr_storage ss;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	/* The loopback's own address is a test entry of blocklists, and never listed. */
	struct endpoint from = { .ip = ip_of(CLIENT) };
	socklen_t len = endpoint_to_sockaddr(&from, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	len = endpoint_to_sockaddr(&w.at, &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

static char line[600];                   /* the last one of a reply */

/* One reply's code; the replies of a turn come one by one. */
static int reply(int fd)
{
	size_t n = 0;
	memset(line, 0, sizeof(line));
	for (int turns = 0; turns < 1000;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (poll(&p, 1, 0) != 1) {
			loop_run_once(w.loop, 5);
			turns++;
			continue;
		}
		if (read(fd, line + n, 1) != 1)
			fail_msg("the collector hung up");
		if (line[n++] != '\n')
			continue;
		if (line[3] != '-')
			return (int)strtol(line, NULL, 10);
		n = 0;
	}
	fail_msg("no reply");
	return 0;
}

static int say(int fd, const char *format, const char *what)
{
	char *command = mem_printf(format, what);
	assert_int_equal(send(fd, command, strlen(command), MSG_NOSIGNAL), strlen(command));
	free(command);
	return reply(fd);
}

static int open_session(void)
{
	int fd = client();
	assert_int_equal(reply(fd), 220);
	assert_int_equal(say(fd, "EHLO %s\r\n", "relay.test"), 250);
	return fd;
}

/* Sends the message to all of these; the answer to it. */
static int mail(int fd, const char *const *to, size_t n, const char *message)
{
	assert_int_equal(say(fd, "MAIL FROM:<%s>\r\n", "s@x.test"), 250);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(say(fd, "RCPT TO:<%s@c.test>\r\n", to[i]), 250);
	assert_int_equal(say(fd, "DATA\r\n%s", ""), 354);
	return say(fd, "%s\r\n.\r\n", message);
}

static size_t returns(struct test_return **rows)
{
	size_t n;
	OK(w.store, store_returns_of(w.store, w.test.id, true, &w.arena, rows, &n));
	return n;
}

/* Names in new/; the text of the last one. */
static unsigned mails(struct buf *text)
{
	unsigned n = 0;
	char *path = mem_printf("%s/new", w.mail);
	DIR *d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		char *one = mem_printf("%s/%s", path, entry->d_name);
		buf_clear(text);
		assert_int_equal(file_read(one, 1 << 20, text), ERR_OK);
		free(one);
		n++;
	}
	if (d)
		closedir(d);
	free(path);
	return n;
}

/* No mail can be kept, as if the disk were full. */
static void maildir_works(bool works)
{
	char *path = mem_printf("%s/tmp", w.mail), *away = mem_printf("%s/away", w.mail);
	assert_int_equal(works ? rename(away, path) : rename(path, away), 0);
	free(path);
	free(away);
}

/* ---- the tests ----------------------------------------------------------------------------- */

static void a_hundred_recipients(void **unused)
{
	(void)unused;
	const char *to[TOKENS];
	struct test_return *rows;
	int fd = open_session();
	for (unsigned i = 0; i < TOKENS; i++)
		to[i] = w.tokens[i];
	for (int again = 0; again < 2; again++) {
		assert_int_equal(mail(fd, to, 100, "Subject: x\r\n\r\nprobe"), 250);
		assert_int_equal(returns(&rows), 100);
		assert_ptr_equal(rows[0].message.p, rows[99].message.p);
	}
	assert_int_equal(say(fd, "MAIL FROM:<%s>\r\n", ""), 250);
	for (unsigned i = 0; i < TOKENS; i++)
		assert_int_equal(say(fd, "RCPT TO:<%s@c.test>\r\n", to[i]), i < 100 ? 250 : 452);
	close(fd);
}

static void one_mail_for_all_people(void **unused)
{
	(void)unused;
	static const char *const to[] = { "postmaster", "Abuse", "POSTMASTER", "abuse" };
	struct buf text = { 0 };
	int fd = open_session();
	assert_int_equal(mail(fd, to, 4, "Subject: hello\r\n\r\nbody"), 250);
	assert_int_equal(mails(&text), 1);
	assert_non_null(strstr(buf_cstr(&text), "Delivered-To: postmaster\r\n"
	                       "Delivered-To: abuse\r\nReceived: from relay.test"));
	/* A client that tries again; another mail. */
	assert_int_equal(mail(fd, to, 4, "Subject: hello\r\n\r\nbody"), 250);
	assert_int_equal(mails(&text), 1);
	assert_int_equal(mail(fd, to, 4, "Subject: hello\r\n\r\nanother"), 250);
	assert_int_equal(mails(&text), 2);
	buf_fini(&text);
	close(fd);
}

/* Whatever the order, "again" is stronger than "enough"; then nothing is doubled. */
static void worst_error_in_any_order(void **unused)
{
	(void)unused;
	const char *const orders[][3] = {
		{ "postmaster", w.tokens[0], w.tokens[1] },
		{ w.tokens[0], "postmaster", w.tokens[1] },
		{ w.tokens[1], w.tokens[0], "postmaster" },
	};
	struct test_return *rows;
	struct buf text = { 0 };
	int fd = open_session();
	assert_int_equal(mail(fd, orders[1], 1, "Subject: 1\r\n"), 250);
	assert_int_equal(mail(fd, orders[1], 1, "Subject: 2\r\n"), 250);
	assert_int_equal(mail(fd, orders[1], 1, "Subject: 3\r\n"), 552);
	assert_int_equal(returns(&rows), 2);
	maildir_works(false);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(mail(fd, orders[i], 3, "Subject: all\r\n"), 451);
		assert_int_equal(returns(&rows), 3);
		assert_int_equal(mails(&text), 0);
	}
	maildir_works(true);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(mail(fd, orders[i], 3, "Subject: all\r\n"), 552);
		assert_int_equal(returns(&rows), 3);
		assert_int_equal(mails(&text), 1);
	}
	assert_string_equal(rows[2].token, w.tokens[1]);
	buf_fini(&text);
	close(fd);
}

/* A request is written when all else is safe: a client that tries again asks once. */
static void request_after_all_else(void **unused)
{
	(void)unused;
	static const char *const to[] = { "retest", "postmaster" };
	struct retest_request *rows;
	struct ip here = ip_of(CLIENT);
	struct buf text = { 0 };
	size_t n;
	w.config.retest_interval_s = 60;
	OK(w.store, store_list(w.store, &here, "tests", "seen", &default_policy, time(NULL)));
	int fd = open_session();
	maildir_works(false);
	assert_int_equal(mail(fd, to, 2, "Subject: fixed\r\n"), 451);
	OK(w.store, store_requests_after(w.store, 0, 10, &w.arena, &rows, &n));
	assert_int_equal(n, 0);
	maildir_works(true);
	assert_int_equal(mail(fd, to, 2, "Subject: fixed\r\n"), 250);
	assert_int_equal(mail(fd, to, 2, "Subject: fixed\r\n"), 450);
	OK(w.store, store_requests_after(w.store, 0, 10, &w.arena, &rows, &n));
	assert_int_equal(n, 1);
	assert_string_equal(rows[0].message_id, "");
	assert_int_equal(mails(&text), 1);
	buf_fini(&text);
	close(fd);
}

/* It is kept with the request if it is one, and not cut. */
static void request_with_its_identifier(void **unused)
{
	(void)unused;
	static const char *const to[] = { "retest" };
	static const struct { const char *header; const char *id; } rows[] = {
		{ "Message-ID: <1.a@h.test>\r\n", "<1.a@h.test>" },
		{ "Message-ID:\r\n\t<2@h.test> (x)\r\n", "<2@h.test>" },
		{ "Message-ID: <3@h.test>\r\nMessage-Id: <4@h.test>\r\n", "" },
		{ "Message-ID: 5@h.test\r\n", "" },
		{ "Message-ID: <6@h.test>, <7@h.test>\r\n", "" },
	};
	enum { ROWS = sizeof(rows) / sizeof(*rows) };
	struct retest_request *kept;
	struct ip here = ip_of(CLIENT);
	char text[400];
	size_t n;
	w.config.retest_interval_s = 0;
	OK(w.store, store_list(w.store, &here, "tests", "seen", &default_policy, time(NULL)));
	int fd = open_session();
	for (size_t i = 0; i < ROWS; i++)
		assert_int_equal(mail(fd, to, 1, rows[i].header), 250);
	for (int length = MESSAGE_ID_MAX - 1; length <= MESSAGE_ID_MAX; length++) {
		snprintf(text, sizeof(text), "Message-ID: <%0*d@h>\r\n", length - 4, 1);
		assert_int_equal(mail(fd, to, 1, text), 250);
	}
	OK(w.store, store_requests_after(w.store, 0, 10, &w.arena, &kept, &n));
	assert_int_equal(n, ROWS + 2);
	for (size_t i = 0; i < ROWS; i++)
		CHECK_ROW(rows[i].header, strcmp(kept[i].message_id, rows[i].id) == 0);
	assert_int_equal(strlen(kept[ROWS].message_id), MESSAGE_ID_MAX - 1);
	assert_string_equal(kept[ROWS + 1].message_id, "");
	close(fd);
}

/* No retest takes an address off that is listed as part of a range alone: it is not asked for one.
 * With a listing of its own it is. */
static void retest_of_a_range(void **unused)
{
	(void)unused;
	static const char *const to[] = { "retest" };
	struct retest_request *rows;
	struct ip here = ip_of(CLIENT);
	struct prefix range = prefix_of_text("127.0.0.8/30");
	size_t n;
	int fd = open_session();
	OK(w.store, store_range_list(w.store, &range, "tests", "all of it", time(NULL)));
	assert_int_equal(say(fd, "MAIL FROM:<%s>\r\n", "s@x.test"), 250);
	assert_int_equal(say(fd, "RCPT TO:<%s@c.test>\r\n", "retest"), 550);
	assert_non_null(strstr(line, "5.7.1 Your address " CLIENT " is listed as part of "
	                       "127.0.0.8/30 by the operator's word, which no retest ends"));
	OK(w.store, store_list(w.store, &here, "tests", "seen", &default_policy, time(NULL)));
	assert_int_equal(say(fd, "%s\r\n", "RSET"), 250);
	assert_int_equal(mail(fd, to, 1, "Subject: fixed\r\n"), 250);
	OK(w.store, store_requests_after(w.store, 0, 10, &w.arena, &rows, &n));
	assert_int_equal(n, 1);
	close(fd);
}

/* ---- a slow disk --------------------------------------------------------------------------- */

static sem_t gate;

static int wait_at_gate(void *arg)
{
	(void)arg;
	sem_wait(&gate);
	return ERR_OK;
}

static void passed_gate(void *arg, int err)
{
	(void)arg, (void)err;
}

/* Nothing is written before the gate is opened. */
static void slow_disk(void)
{
	sem_init(&gate, 0, 0);
	assert_int_equal(syncer_job(w.syncer, wait_at_gate, passed_gate, NULL), ERR_OK);
}

/* All but the answer to the message. */
static void send_mail(int fd, const char *to, const char *message)
{
	assert_int_equal(say(fd, "MAIL FROM:<%s>\r\n", "s@x.test"), 250);
	assert_int_equal(say(fd, "RCPT TO:<%s@c.test>\r\n", to), 250);
	assert_int_equal(say(fd, "DATA\r\n%s", ""), 354);
	char *text = mem_printf("%s\r\n.\r\nNOOP\r\n", message);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	free(text);
}

static bool is_answered(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

/* Another session has its whole transaction meanwhile; who is answered 250 has it on disk. */
static void slow_mail_delays_nobody_else(void **unused)
{
	(void)unused;
	struct test_return *rows;
	struct buf text = { 0 };
	int slow = open_session(), other = open_session();
	slow_disk();
	send_mail(slow, "postmaster", "Subject: slow\r\n");
	for (int i = 0; i < 20; i++)
		assert_int_equal(say(other, "NOOP%s\r\n", ""), 250);
	const char *token = w.tokens[0];
	assert_int_equal(mail(other, &token, 1, "Subject: probe\r\n"), 250);
	assert_int_equal(returns(&rows), 1);
	assert_false(is_answered(slow));
	assert_int_equal(mails(&text), 0);
	sem_post(&gate);
	assert_int_equal(reply(slow), 250);
	assert_int_equal(mails(&text), 1);
	assert_int_equal(reply(slow), 250);      /* of NOOP, which waited its turn */
	const char *person = "abuse";
	assert_int_equal(mail(slow, &person, 1, "Subject: next\r\n"), 250);
	buf_fini(&text);
	sem_destroy(&gate);
	close(slow);
	close(other);
}

/* More than may wait: they are to come again. */
static void too_many_mails_wait(void **unused)
{
	(void)unused;
	int fds[WAITING_MAX];
	struct buf text = { 0 };
	slow_disk();
	for (int i = 0; i < WAITING_MAX; i++) {
		char *subject = mem_printf("Subject: %d\r\n", i);
		fds[i] = open_session();
		send_mail(fds[i], "postmaster", subject);
		free(subject);
	}
	assert_int_equal(reply(fds[WAITING_MAX - 1]), 451);
	sem_post(&gate);
	for (int i = 0; i + 1 < WAITING_MAX; i++)
		assert_int_equal(reply(fds[i]), 250);
	assert_int_equal(mails(&text), WAITING_MAX - 1);
	for (int i = 0; i < WAITING_MAX; i++)
		close(fds[i]);
	buf_fini(&text);
	sem_destroy(&gate);
}

/* Until the collector has seen that the other one has gone: those that come later are served. */
static void client_goes_while_its_mail_waits(void **unused)
{
	(void)unused;
	struct buf text = { 0 };
	int gone = open_session(), other = open_session();
	slow_disk();
	send_mail(gone, "postmaster", "Subject: gone\r\n");
	assert_int_equal(say(other, "NOOP%s\r\n", ""), 250);
	struct linger at_once = { .l_onoff = 1 };
	setsockopt(gone, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(gone);
	assert_int_equal(say(other, "NOOP%s\r\n", ""), 250);
	assert_int_equal(say(other, "NOOP%s\r\n", ""), 250);
	sem_post(&gate);
	const char *person = "abuse";
	assert_int_equal(mail(other, &person, 1, "Subject: other\r\n"), 250);
	assert_int_equal(mails(&text), 2);
	buf_fini(&text);
	sem_destroy(&gate);
	close(other);
}

/* As at HUP: the delivery outlives collector and client. */
static void collector_ends_while_mail_waits(void **unused)
{
	(void)unused;
	struct buf text = { 0 };
	int fd = open_session(), other = open_session();
	slow_disk();
	send_mail(fd, "postmaster", "Subject: reload\r\n");
	assert_int_equal(say(other, "NOOP%s\r\n", ""), 250);
	collector_destroy(w.collector);
	w.collector = NULL;
	assert_int_equal(reply(fd), 421);
	sem_post(&gate);
	syncer_stop(w.syncer, STOP_MS);
	assert_int_equal(mails(&text), 1);
	buf_fini(&text);
	sem_destroy(&gate);
	close(fd);
	close(other);
}

/* As at TERM: what waits is answered first. */
static void stop_answers_what_waits(void **unused)
{
	(void)unused;
	struct buf text = { 0 };
	int fd = open_session(), other = open_session();
	slow_disk();
	send_mail(fd, "postmaster", "Subject: term\r\n");
	assert_int_equal(say(other, "NOOP%s\r\n", ""), 250);
	sem_post(&gate);
	syncer_stop(w.syncer, STOP_MS);
	collector_destroy(w.collector);
	w.collector = NULL;
	assert_int_equal(reply(fd), 250);
	assert_int_equal(mails(&text), 1);
	buf_fini(&text);
	sem_destroy(&gate);
	close(fd);
	close(other);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_hundred_recipients), EACH(one_mail_for_all_people),
		EACH(worst_error_in_any_order), EACH(request_after_all_else),
		EACH(request_with_its_identifier),
		EACH(retest_of_a_range),
		EACH(slow_mail_delays_nobody_else), EACH(too_many_mails_wait),
		EACH(client_goes_while_its_mail_waits), EACH(collector_ends_while_mail_waits),
		EACH(stop_answers_what_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
