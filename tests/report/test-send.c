/* SPDX-License-Identifier: ISC
 *
 * A report to a smarthost on loopback: what is said to it, over TLS where it offers that, and what
 * each of its refusals means.
 */
#include "test.h"

#include "certificate.h"
#include "report/send.h"
#include "wire/smtp-server.h"

#include <stdio.h>
#include <unistd.h>

enum { TURNS_MAX = 20000 };

struct smarthost {
	struct loop *loop;
	int fd;
	struct endpoint at;
	struct loop_watch *watch;
	SSL_CTX *tls;
	struct smtp_server_options options;
	struct wire_server *wire;
	int rcpt_code, message_code;
	bool hangs_up;                   /* at DATA */
	struct buf said, message;        /* the envelope; the text */

	struct send_result result;
	bool over;
};

static void note_mail(struct smarthost *h, const struct smtp_server_event *ev)
{
	buf_printf(&h->said, "MAIL %.*s%s%.*s%s\n", STR_ARG(ev->path->text),
	           ev->mail->ret == SMTP_RETURN_HEADERS ? " HDRS " : "", STR_ARG(ev->mail->envid),
	           wire_server_state(h->wire).tls ? " TLS" : "");
	wire_server_reply(h->wire, 250, NULL, NULL);
}

static void on_event(void *arg, const struct smtp_server_event *ev)
{
	struct smarthost *h = arg;
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: wire_server_reply(h->wire, 220, NULL, NULL); break;
	case SMTP_SERVER_MAIL: note_mail(h, ev); break;
	case SMTP_SERVER_RCPT:
		buf_printf(&h->said, "RCPT %.*s%s\n", STR_ARG(ev->path->text),
		           ev->rcpt->notify == SMTP_NOTIFY_FAILURE ? " FAILURE" : "");
		wire_server_reply(h->wire, h->rcpt_code, h->rcpt_code == 250 ? NULL :
		                  h->rcpt_code < 500 ? "4.2.1" : "5.1.1", "So it is");
		break;
	case SMTP_SERVER_DATA:
		if (h->hangs_up) {
			wire_server_destroy(h->wire);
			h->wire = NULL;
		} else {
			wire_server_reply(h->wire, 354, NULL, "Go on");
		}
		break;
	case SMTP_SERVER_TEXT: buf_add_str(&h->message, ev->text); break;
	case SMTP_SERVER_MESSAGE: wire_server_reply(h->wire, h->message_code, NULL, "Done"); break;
	case SMTP_SERVER_ABORT: case SMTP_SERVER_STARTTLS: case SMTP_SERVER_CLOSE: break;
	default: wire_server_reply(h->wire, 250, NULL, NULL); break;
	}
}

static void on_ended(void *arg, enum stream_end why)
{
	struct smarthost *h = arg;
	(void)why;
	wire_server_destroy(h->wire);
	h->wire = NULL;
}

static const struct wire_server_hooks hooks = { .event = on_event, .ended = on_ended };

static void acceptable(void *arg, unsigned events)
{
	struct smarthost *h = arg;
	struct endpoint peer;
	(void)events;
	const struct wire_server_setup setup = {
		.loop = h->loop, .fd = stream_accept(h->fd, &peer), .options = &h->options,
		.tls = h->tls, .hooks = &hooks, .arg = h,
	};
	if (setup.fd < 0)
		return;
	h->wire = wire_server_create(&setup);
	wire_server_begin(h->wire);
}

static void open_smarthost(struct smarthost *h)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	*h = (struct smarthost){ .loop = loop_create(), .rcpt_code = 250, .message_code = 250 };
	h->options = (struct smtp_server_options){ .hostname = "smart.test", .offer_dsn = true };
	h->at = (struct endpoint){ ip_from_v4(127, 0, 0, 1), 0 };
	h->fd = stream_listen(&h->at);
	assert_true(h->fd >= 0);
	getsockname(h->fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &h->at);
	h->watch = loop_watch_create(h->loop, h->fd, acceptable, h);
	loop_watch_set(h->watch, LOOP_READ);
	h->tls = certificate_server("smart.test");
}

static void close_smarthost(struct smarthost *h)
{
	wire_server_destroy(h->wire);
	loop_watch_destroy(h->watch);
	close(h->fd);
	SSL_CTX_free(h->tls);
	loop_destroy(h->loop);
	buf_fini(&h->said);
	buf_fini(&h->message);
}

static void on_sent(void *arg, const struct send_result *result)
{
	struct smarthost *h = arg;
	h->result = *result;
	h->over = true;
}

static void send_report(struct smarthost *h, const char *tls, struct str message)
{
	char at[ENDPOINT_TEXT_MAX];
	endpoint_format(&h->at, at);
	const struct report_config config = {
		.smarthost = at, .smarthost_tls = (char *)tls, .smarthost_user = "",
		.smarthost_password_file = "", .timeout_s = 20,
	};
	const struct send_setup setup = {
		.loop = h->loop, .config = &config, .hostname = "us.test",
		.mail_from = "bounce@us.test", .rcpt_to = "abuse@isp.test", .envelope_id = "abc",
		.message = message,
	};
	struct send *s;
	struct buf problem = { 0 };
	assert_int_equal(send_start(&setup, on_sent, h, &s, &problem), ERR_OK);
	for (int i = 0; i < TURNS_MAX && !h->over; i++)
		loop_run_once(h->loop, 1000);
	assert_true(h->over);
	send_destroy(s);
	buf_fini(&problem);
}

static void test_sent(void **state)
{
	struct smarthost h;
	(void)state;
	open_smarthost(&h);
	send_report(&h, "may", STR("Subject: x\n\n.a\n"));
	assert_int_equal(h.result.outcome, SEND_DONE);
	assert_string_equal(buf_cstr(&h.said), "MAIL <bounce@us.test> HDRS abc\n"
	                    "RCPT <abuse@isp.test> FAILURE\n");
	assert_string_equal(buf_cstr(&h.message), "Subject: x\r\n\r\n.a\r\n");
	close_smarthost(&h);
}

/* More than a socket takes at once. */
static void test_large(void **state)
{
	struct smarthost h;
	struct buf large = { 0 };
	(void)state;
	while (large.n < 3 << 20)
		buf_add_cstr(&large, "A spam message can be as large as it likes.\r\n");
	open_smarthost(&h);
	send_report(&h, "may", buf_str(&large));
	assert_int_equal(h.result.outcome, SEND_DONE);
	assert_true(str_eq(buf_str(&h.message), buf_str(&large)));
	buf_fini(&large);
	close_smarthost(&h);
}

static void test_tls(void **state)
{
	struct smarthost h;
	(void)state;
	open_smarthost(&h);
	h.options.offer_starttls = true;
	h.options.offer_dsn = false;
	send_report(&h, "may", STR("x\n"));
	assert_int_equal(h.result.outcome, SEND_DONE);
	assert_string_equal(buf_cstr(&h.said), "MAIL <bounce@us.test> TLS\nRCPT <abuse@isp.test>\n");
	close_smarthost(&h);
	/* Its certificate proves nothing. */
	open_smarthost(&h);
	h.options.offer_starttls = true;
	send_report(&h, "must", STR("x\n"));
	assert_int_equal(h.result.outcome, SEND_FAILED);
	assert_string_equal(h.result.text, "TLS with the smarthost failed");
	close_smarthost(&h);
	open_smarthost(&h);
	send_report(&h, "must", STR("x\n"));
	assert_string_equal(h.result.text, "the smarthost offers no TLS");
	close_smarthost(&h);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name;
		int rcpt, message;
		bool hangs_up;
		enum send_outcome outcome;
		const char *status;
		bool recipient;
	} rows[] = {
		{ "recipient", 550, 250, false, SEND_REFUSED, "5.1.1", true },
		{ "recipient, for now", 450, 250, false, SEND_FAILED, "4.2.1", true },
		{ "message", 250, 554, false, SEND_REFUSED, "5.0.0", false },
		{ "message, for now", 250, 452, false, SEND_FAILED, "4.0.0", false },
		{ "hung up", 250, 250, true, SEND_FAILED, "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smarthost h;
		open_smarthost(&h);
		h.rcpt_code = rows[i].rcpt;
		h.message_code = rows[i].message;
		h.hangs_up = rows[i].hangs_up;
		send_report(&h, "may", STR("x\n"));
		CHECK_ROW(rows[i].name, h.result.outcome == rows[i].outcome &&
		          h.result.recipient == rows[i].recipient);
		CHECK_ROW(rows[i].name, strcmp(h.result.status, rows[i].status) == 0);
		close_smarthost(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent), cmocka_unit_test(test_large),
		cmocka_unit_test(test_tls), cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
