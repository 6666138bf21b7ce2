/* SPDX-License-Identifier: ISC
 *
 * The control socket: requests and answers as tables over a queue, and its sessions: a client that
 * does not read, one that says too much, and a crafted message that must not reach a terminal raw.
 */
#include "queue-fixture.h"

#include "base/stream.h"
#include "gateway/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void add_state(void *arg, struct json *j)
{
	json_add_int(j, "sessions", *(int *)arg);
}

static const char *answer_to(const char *request)
{
	static struct buf out;
	static int sessions = 7;
	const struct gateway_control_setup setup = { .queue = queue, .state = add_state,
	                                             .arg = &sessions };
	buf_clear(&out);
	gateway_control_answer(&setup, str_of(request), &out);
	return buf_cstr(&out);
}

static unsigned lines_of(const char *text)
{
	unsigned n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* ---- requests ---------------------------------------------------------------------------- */

static void test_wrong(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"", "x", "[]", "{}", "{\"do\":1}", "{\"do\":\"dance\"}",
		"{\"do\":\"list\",\"do\":\"drop\"}", "{\"do\":\"list\",\"after\":-1}",
		"{\"do\":\"list\",\"after\":\"1\"}", "{\"do\":\"list\",\"sender\":1}",
		"{\"do\":\"list\",\"sneder\":\"a@x\"}", "{\"do\":\"list\",\"held\":1}",
		"{\"do\":\"show\"}", "{\"do\":\"text\"}", "{\"do\":\"drop\"}",
		"{\"do\":\"drop\",\"all\":false}", "{\"do\":\"drop\",\"all\":true,\"id\":\"x\"}",
		"{\"do\":\"hold\",\"all\":true,\"sender\":\"a@x\"}",
		"{\"do\":\"show\",\"id\":\"none\"}", "{\"do\":\"flush\",\"id\":\"none\"}",
	};
	add("one", "s@x", "a@x");
	deferred("a@x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *answer = answer_to(rows[i]);
		if (strncmp(answer, "{\"error\":", 9) != 0)
			fail_msg("%s: %s", rows[i], answer);
	}
	expect("one: a@x waiting 1");
}

static void fill(void)
{
	add("one", "s@x", "a@x b@y.example");
	add("two", "t@x", "c@y.example");
	add("six", "", "d@z");
	deferred("a@x");
	deferred("b@y.example");
	deferred("c@y.example");
	deferred("d@z");
}

static void test_filters(void **state)
{
	(void)state;
	static const struct { const char *filter, *ids; } rows[] = {
		{ "", "one two six " }, { ",\"sender\":\"S@x\"", "one " },
		{ ",\"sender\":\"\"", "six " }, { ",\"recipient\":\"B@Y.EXAMPLE\"", "one " },
		{ ",\"domain\":\"Y.example\"", "one two " }, { ",\"domain\":\"example\"", "" },
		{ ",\"domain\":\"\"", "" }, { ",\"account\":\"Alice\"", "one two six " },
		{ ",\"account\":\"\"", "" }, { ",\"held\":true", "two " },
		{ ",\"held\":false", "one six " }, { ",\"held\":false,\"domain\":\"z\"", "six " },
		{ ",\"after\":1", "two six " }, { ",\"after\":3", "" },
		{ ",\"recipient\":\"a@x\",\"domain\":\"y.example\"", "" },
	};
	char request[200];
	struct buf ids = { 0 };
	fill();
	assert_int_equal(gateway_queue_hold(queue, gateway_queue_find(queue, STR("two")), true),
	                 ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(request, sizeof(request), "{\"do\":\"list\"%s}", rows[i].filter);
		const char *at = answer_to(request);
		buf_clear(&ids);
		buf_add_cstr(&ids, "ids: ");
		while ((at = strstr(at, "\"id\":\""))) {
			at += 6;
			buf_printf(&ids, "%.3s ", at);
		}
		assert_string_equal(buf_cstr(&ids) + 5, rows[i].ids);
	}
	buf_fini(&ids);
}

static void test_orders(void **state)
{
	(void)state;
	fill();
	assert_string_equal(answer_to("{\"do\":\"hold\",\"id\":\"one\"}"),
	                    "{\"end\":true,\"done\":1,\"busy\":0}\n");
	expect("one held: a@x waiting 1, b@y.example waiting 1; two: c@y.example waiting 1; "
	       "six: d@z waiting 1");
	assert_string_equal(answer_to("{\"do\":\"release\",\"all\":true}"),
	                    "{\"end\":true,\"done\":3,\"busy\":0}\n");
	answer_to("{\"do\":\"flush\",\"domain\":\"z\"}");
	turn();
	assert_int_equal(due_n, 1);
	assert_string_equal(answer_to("{\"do\":\"drop\",\"all\":true}"),
	                    "{\"end\":true,\"done\":2,\"busy\":1}\n");
	expect("six: d@z waiting 1");
	again();
	expect("six: d@z waiting 1");
	assert_non_null(strstr(answer_to("{\"do\":\"state\"}"), "\"sessions\":7}\n{\"end\":true}"));
	assert_non_null(strstr(answer_to("{\"do\":\"state\"}"), "{\"queue\":{\"messages\":1,"));
}

static void test_pages(void **state)
{
	(void)state;
	for (int i = 0; i < 230; i++) {
		char id[GATEWAY_ID_MAX];
		gateway_queue_id(queue, id);
		add(id, "s@x", "a@x");
		settle_only("a@x", GATEWAY_FATE_DEFERRED, "4.0.0", "later");
	}
	const char *first = answer_to("{\"do\":\"list\"}");
	assert_int_equal(lines_of(first), 101);
	assert_non_null(strstr(first, "{\"end\":true,\"next\":100}\n"));
	assert_int_equal(lines_of(answer_to("{\"do\":\"list\",\"after\":100}")), 101);
	const char *last = answer_to("{\"do\":\"list\",\"after\":200}");
	assert_int_equal(lines_of(last), 31);
	assert_non_null(strstr(last, "{\"end\":true}\n"));
}

/* What strangers say moves no cursor and forges no line. */
static void test_crafted(void **state)
{
	(void)state;
	struct gateway_to to = { .address = STR("a\x1b[2J\xc2\x9b" "b@x"), .orcpt = STR("") };
	struct gateway_envelope e = { .id = STR("one"), .from = STR("s\r\n\x07@x"), .to = &to,
	                              .to_count = 1, .helo = STR("\x1b]0;x\x07"), .came_s = 5 };
	int told = ERR_AGAIN;
	assert_int_equal(gateway_queue_add(queue, &e,
	                                   STR("A: \x1b[31m\r\n\r\n\xff\x00body"), note_err,
	                                   &told), ERR_OK);
	turn();
	const struct gateway_outcome outcome = {
		.fate = GATEWAY_FATE_DEFERRED, .said = STR("450 \x1b[31m\r\n\xe2\x80\xae" "red") };
	assert_int_equal(due_n, 1);
	gateway_queue_settle(queue, due[0], &outcome);
	static const char *const requests[] = {
		"{\"do\":\"list\"}", "{\"do\":\"show\",\"id\":\"one\"}",
		"{\"do\":\"headers\",\"id\":\"one\"}", "{\"do\":\"text\",\"id\":\"one\"}" };
	for (size_t i = 0; i < 4; i++)
		for (const char *p = answer_to(requests[i]); *p; p++)
			assert_true((unsigned char)*p >= 0x20 || *p == '\n');
	assert_null(strstr(answer_to(requests[0]), "\xc2\x9b"));
	assert_string_equal(answer_to(requests[2]),
	                    "{\"text\":\"A: \\u001b[31m\\u000d\\u000a\"}\n{\"end\":true}\n");
}

/* ---- sessions ---------------------------------------------------------------------------- */

static char socket_path[64];
static int listening;
static struct gateway_control *control;

static void begin_control(void)
{
	snprintf(socket_path, sizeof(socket_path), "/tmp/gateway-control-%d", (int)getpid());
	unlink(socket_path);
	listening = stream_listen_unix(socket_path, 0600);
	assert_true(listening >= 0);
	const struct gateway_control_setup setup = { .loop = loop, .queue = queue,
	                                             .fd = listening };
	control = gateway_control_create(&setup);
}

static void end_control(void)
{
	gateway_control_destroy(control);
	close(listening);
	unlink(socket_path);
}

static int connected(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	str_copy(at.sun_path, sizeof(at.sun_path), str_of(socket_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Until n lines have come, or the other end is closed. */
static unsigned read_lines(int fd, unsigned n)
{
	char piece[4096];
	unsigned lines = 0;
	for (int i = 0; i < 10000 && lines < n; i++) {
		loop_run_once(loop, 1);
		ssize_t got = read(fd, piece, sizeof(piece));
		if (got == 0 || (got < 0 && errno != EAGAIN))
			break;
		for (ssize_t p = 0; p < got; p++)
			lines += piece[p] == '\n';
	}
	return lines;
}

static void test_sessions(void **state)
{
	(void)state;
	fill();
	begin_control();
	int fd = connected();
	assert_int_equal(write(fd, "{\"do\":\"li", 9), 9);
	assert_int_equal(write(fd, "st\"}\n{\"do\":\"list\"}\nx\n", 21), 21);
	assert_int_equal(read_lines(fd, 9), 9);
	/* A line that has no end. */
	static char endless[GATEWAY_CONTROL_LINE_MAX + 10];
	memset(endless, 'x', sizeof(endless));
	assert_int_equal(write(fd, endless, sizeof(endless)), (ssize_t)sizeof(endless));
	assert_int_equal(read_lines(fd, 1), 0);
	close(fd);
	end_control();
}

/* Who asks a thousand times and reads nothing has one answer made for him, and a second at most
 * that the socket took. */
static void test_does_not_read(void **state)
{
	(void)state;
	static const char request[] = "{\"do\":\"list\"}\n";
	for (int i = 0; i < 100; i++) {
		char id[GATEWAY_ID_MAX];
		gateway_queue_id(queue, id);
		add(id, "s@x", "a@x");
		settle_only("a@x", GATEWAY_FATE_DEFERRED, "4.0.0", "later");
	}
	begin_control();
	int fd = connected(), small = 4096;
	unsigned asked = 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (; asked < 1000; asked++) {
		if (write(fd, request, sizeof(request) - 1) < 0)
			break;
		loop_run_once(loop, 0);
	}
	for (int i = 0; i < 50; i++)
		loop_run_once(loop, 0);
	assert_true(asked > 10);
	/* It may still have all of it. */
	assert_int_equal(read_lines(fd, asked * 101), asked * 101);
	close(fd);
	end_control();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(test_wrong),
		QUEUE_TEST(test_filters),
		QUEUE_TEST(test_orders),
		QUEUE_TEST(test_pages),
		QUEUE_TEST(test_crafted),
		QUEUE_TEST(test_sessions),
		QUEUE_TEST(test_does_not_read),
	};
	return queue_tests_end(cmocka_run_group_tests(tests, NULL, NULL));
}
