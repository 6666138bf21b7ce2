/* SPDX-License-Identifier: ISC
 *
 * What a message of 4 KB costs in the SMTP engines alone: processor time, user and system, without
 * socket, disk or policy.
 *
 *   data      the server engine: a pipelined envelope, DATA, the text as sockets give it
 *   bdat      the same in one chunk
 *   client    the client engine: the envelope's lines, the text pulled, dots doubled, replies read
 *
 *   bench-smtp [ROUNDS [MESSAGES]]       default 10 rounds of 20000 messages; the best counts
 */
#include "smtp/client.h"
#include "smtp/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { LINE = 72, LINES = 56, SESSION = 100, READ_BYTES = 1448 };

static double cost_now(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void make_text(struct buf *b)
{
	for (size_t i = 0; i < LINES; i++) {
		for (size_t k = 0; k < LINE; k++)
			buf_add_byte(b, (char)('a' + (i + k) % 26));
		buf_add_cstr(b, "\r\n");
	}
}

/* ---- the server ------------------------------------------------------------------------- */

static size_t taken;

static void turn(struct smtp_server *s)
{
	struct smtp_server_event ev;
	while (smtp_server_next(s, &ev)) {
		switch (ev.type) {
		case SMTP_SERVER_CONNECT: smtp_server_reply(s, 220, NULL, NULL); break;
		case SMTP_SERVER_DATA: smtp_server_reply(s, 354, NULL, "Go on"); break;
		case SMTP_SERVER_TEXT: taken += ev.text.n; break;
		case SMTP_SERVER_CLOSE: case SMTP_SERVER_ABORT: break;
		default: smtp_server_reply(s, 250, NULL, "OK"); break;
		}
	}
	smtp_server_output_sent(s, smtp_server_output(s).n);
}

static void feed(struct smtp_server *s, struct str bytes)
{
	while (bytes.n) {
		struct str piece = { bytes.p, bytes.n < READ_BYTES ? bytes.n : READ_BYTES };
		smtp_server_input(s, piece);
		turn(s);
		bytes = str_from(bytes, piece.n);
	}
}

static void serve(size_t messages, struct str text, bool chunked)
{
	const struct smtp_server_options options = {
		.hostname = "mx.test", .limits = { .transactions = SESSION, .commands = 100000 },
	};
	struct smtp_server *s = NULL;
	struct buf head = { 0 };
	buf_add_cstr(&head, "MAIL FROM:<user@example.com> SIZE=4144 BODY=8BITMIME\r\n"
	             "RCPT TO:<somebody@example.net>\r\n");
	if (chunked)
		buf_printf(&head, "BDAT %zu LAST\r\n", text.n);
	else
		buf_add_cstr(&head, "DATA\r\n");
	for (size_t i = 0; i < messages; i++) {
		if (i % SESSION == 0) {
			smtp_server_destroy(s);
			s = smtp_server_create(&options);
			turn(s);
			feed(s, STR("EHLO c.test\r\n"));
		}
		feed(s, buf_str(&head));
		feed(s, text);
		if (!chunked)
			feed(s, STR(".\r\n"));
	}
	smtp_server_destroy(s);
	buf_fini(&head);
}

static void serve_data(size_t messages, struct str text) { serve(messages, text, false); }
static void serve_bdat(size_t messages, struct str text) { serve(messages, text, true); }

/* ---- the client ------------------------------------------------------------------------- */

static void hear(struct smtp_client *c, struct str replies)
{
	struct smtp_client_event ev;
	struct str out;
	while ((out = smtp_client_output(c)).n)
		smtp_client_output_sent(c, out.n);
	smtp_client_input(c, replies);
	while (smtp_client_next(c, &ev))
		taken++;
}

static void say(struct smtp_client *c, enum smtp_verb verb, const struct buf *line)
{
	smtp_client_command(c, verb, 0, buf_str(line));
}

static void send_message(struct smtp_client *c, struct str text)
{
	const struct smtp_mail_params mail = { .has_size = true, .size = text.n,
	                                       .body = SMTP_BODY_8BITMIME };
	const struct smtp_rcpt_params rcpt = { 0 };
	const struct smtp_offer offer = smtp_client_offer(c);
	struct smtp_source source = { smtp_text_pull, &text };
	struct buf line = { 0 };
	smtp_mail_write(STR("user@example.com"), &mail, &offer, &line);
	say(c, SMTP_MAIL, &line);
	buf_clear(&line);
	smtp_rcpt_write(STR("somebody@example.net"), false, &rcpt, &offer, &line);
	say(c, SMTP_RCPT, &line);
	smtp_client_command(c, SMTP_DATA, 0, STR("DATA"));
	hear(c, STR("250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 Go on\r\n"));
	smtp_client_message_from(c, 0, &source);
	hear(c, STR("250 2.0.0 Queued as 4X2Zq1\r\n"));
	buf_fini(&line);
}

static void send_all(size_t messages, struct str text)
{
	struct smtp_client *c = NULL;
	for (size_t i = 0; i < messages; i++) {
		if (i % SESSION == 0) {
			smtp_client_destroy(c);
			c = smtp_client_create(NULL);
			smtp_client_command(c, SMTP_EHLO, 0, STR("EHLO c.test"));
			hear(c, STR("220 mx.test ESMTP\r\n250-mx.test\r\n250-SIZE 10240000\r\n"
			            "250-8BITMIME\r\n250 PIPELINING\r\n"));
		}
		send_message(c, text);
	}
	smtp_client_destroy(c);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(size_t messages, struct str text);
	} jobs[] = { { "data", serve_data }, { "bdat", serve_bdat }, { "client", send_all } };
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;
	size_t messages = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
	struct buf text = { 0 };
	make_text(&text);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]) && messages > 0; i++) {
		double best = 0;
		for (size_t round = 0; round < rounds; round++) {
			double before = cost_now();
			jobs[i].run(messages, buf_str(&text));
			double cost = cost_now() - before;
			best = round == 0 || cost < best ? cost : best;
		}
		printf("%-8s %7.2f us per message of %zu bytes\n", jobs[i].name,
		       best / (double)messages * 1e6, text.n);
	}
	buf_fini(&text);
	return taken > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
