/* SPDX-License-Identifier: ISC
 *
 * Our client against our server: whatever message goes in at one end comes out at
 * the other with its line ends made CRLF and nothing else changed, by DATA and by
 * BDAT, in pieces of any size; and a pipelined session of many transactions keeps
 * each reply with its command.
 */
#include "test.h"

#include "base/err.h"
#include "smtp/client.h"
#include "smtp/server.h"

#include <stdio.h>
#include <stdlib.h>

struct pair {
	struct smtp_client *client;
	struct smtp_server *server;
	struct buf received;      /* the message at the server */
	unsigned messages, aborts;
	struct buf log;           /* "tag code\n" of each reply */
};

static void pair_init(struct pair *p)
{
	const struct smtp_server_options options = { .hostname = "mx.test",
	                                             .limits.commands = 10000,
	                                             .limits.errors = 1000,
	                                             .limits.transactions = 1000,
	                                             .offer_dsn = true };
	*p = (struct pair){ .client = smtp_client_create(NULL),
	                    .server = smtp_server_create(&options) };
}

static void pair_fini(struct pair *p)
{
	smtp_client_destroy(p->client);
	smtp_server_destroy(p->server);
	buf_fini(&p->received);
	buf_fini(&p->log);
}

/* Recipients that begin with n are refused. */
static void answer(struct pair *p, const struct smtp_server_event *ev)
{
	switch (ev->type) {
	case SMTP_SERVER_CONNECT: smtp_server_reply(p->server, 220, NULL, NULL); break;
	case SMTP_SERVER_HELO: smtp_server_reply(p->server, 250, NULL, NULL); break;
	case SMTP_SERVER_MAIL: smtp_server_reply(p->server, 250, NULL, "OK"); break;
	case SMTP_SERVER_RCPT:
		smtp_server_reply(p->server, ev->path->local.p[0] == 'n' ? 550 : 250, NULL, "x");
		break;
	case SMTP_SERVER_DATA: smtp_server_reply(p->server, 354, NULL, "Go on"); break;
	case SMTP_SERVER_TEXT: buf_add_str(&p->received, ev->text); break;
	case SMTP_SERVER_MESSAGE:
		p->messages++;
		smtp_server_reply(p->server, 250, NULL, "Taken");
		break;
	case SMTP_SERVER_ABORT: p->aborts++; break;
	default: break;
	}
}

/* Moves at most `piece` bytes each way; false when nothing moves any more. */
static bool move(struct pair *p, size_t piece)
{
	struct smtp_server_event sev;
	struct smtp_client_event cev;
	while (smtp_server_next(p->server, &sev))
		answer(p, &sev);
	struct str up = smtp_client_output(p->client), down = smtp_server_output(p->server);
	up.n = up.n < piece ? up.n : piece;
	down.n = down.n < piece ? down.n : piece;
	smtp_server_input(p->server, up);
	smtp_client_output_sent(p->client, up.n);
	smtp_client_input(p->client, down);
	smtp_server_output_sent(p->server, down.n);
	while (smtp_client_next(p->client, &cev)) {
		assert_int_equal(cev.type, SMTP_CLIENT_REPLY);
		buf_printf(&p->log, "%u %d\n", cev.tag, cev.reply.code);
	}
	return up.n || down.n;
}

static void settle(struct pair *p, size_t piece)
{
	while (move(p, piece))
		;
}

static void say(struct pair *p, enum smtp_verb verb, uint32_t tag, const char *line)
{
	assert_int_equal(smtp_client_command(p->client, verb, tag, str_of(line)), ERR_OK);
}

/* The message as it must arrive. */
static void normalize(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		bool cr = s.p[i] == '\r', lf = s.p[i] == '\n';
		if (!cr && !lf)
			buf_add_byte(out, s.p[i]);
		else
			buf_add_cstr(out, "\r\n");
		if (cr && i + 1 < s.n && s.p[i + 1] == '\n')
			i++;
	}
	if (s.n && s.p[s.n - 1] != '\r' && s.p[s.n - 1] != '\n')
		buf_add_cstr(out, "\r\n");
}

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16 & 0x7fff;
}

static void test_any_message(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 600; seed++) {
		static const char letters[] = "..\r\n\nab\r";
		unsigned random = seed;
		char message[40];
		struct str s = { message, next_random(&random) % sizeof(message) };
		for (size_t i = 0; i < s.n; i++)
			message[i] = letters[next_random(&random) % (sizeof(letters) - 1)];
		struct buf want = { 0 };
		normalize(s, &want);
		for (int by_bdat = 0; by_bdat < 2; by_bdat++) {
			struct pair p;
			pair_init(&p);
			say(&p, SMTP_EHLO, 1, "EHLO c.test");
			say(&p, SMTP_MAIL, 2, "MAIL FROM:<a@b>");
			say(&p, SMTP_RCPT, 3, "RCPT TO:<c@d>");
			if (by_bdat) {
				smtp_client_bdat(p.client, 5, s);
			} else {
				say(&p, SMTP_DATA, 4, "DATA");
				settle(&p, seed % 7 + 1);
				smtp_client_message(p.client, 5, s);
			}
			settle(&p, seed % 7 + 1);
			assert_int_equal(p.messages, 1);
			assert_int_equal(p.aborts, 0);
			assert_true(str_eq(buf_str(&p.received), buf_str(&want)));
			assert_string_equal(buf_cstr(&p.log),
			                    by_bdat ? "0 220\n1 250\n2 250\n3 250\n5 250\n" :
			                              "0 220\n1 250\n2 250\n3 250\n4 354\n5 250\n");
			pair_fini(&p);
		}
		buf_fini(&want);
	}
}

static void test_pipelined_transactions(void **state)
{
	(void)state;
	static const size_t pieces[] = { 1, 7, 100, 100000 };
	for (size_t k = 0; k < 4; k++) {
		struct pair p;
		struct buf want = { 0 };
		pair_init(&p);
		say(&p, SMTP_EHLO, 1, "EHLO c.test");
		buf_add_cstr(&want, "0 220\n1 250\n");
		for (uint32_t i = 0; i < 200; i++) {
			bool refused = i % 3 == 0;
			say(&p, SMTP_MAIL, i * 10, "MAIL FROM:<a@b>");
			say(&p, SMTP_RCPT, i * 10 + 1, refused ? "RCPT TO:<n@d>" : "RCPT TO:<y@d>");
			say(&p, SMTP_RSET, i * 10 + 2, "RSET");
			buf_printf(&want, "%u 250\n%u %d\n%u 250\n", i * 10, i * 10 + 1,
			           refused ? 550 : 250, i * 10 + 2);
		}
		settle(&p, pieces[k]);
		assert_string_equal(buf_cstr(&p.log), buf_cstr(&want));
		assert_int_equal(smtp_client_outstanding(p.client), 0);
		pair_fini(&p);
		buf_fini(&want);
	}
}

static void test_client_knows_the_server(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p);
	say(&p, SMTP_EHLO, 1, "EHLO c.test");
	settle(&p, 3);
	assert_int_equal(smtp_client_extensions(p.client),
	                 SMTP_EXT_PIPELINING | SMTP_EXT_SIZE | SMTP_EXT_8BITMIME |
	                 SMTP_EXT_CHUNKING | SMTP_EXT_DSN | SMTP_EXT_ENHANCED);
	assert_string_equal(smtp_client_server_name(p.client), "mx.test");
	assert_int_equal(smtp_client_notes(p.client), 0);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_message), cmocka_unit_test(test_pipelined_transactions),
		cmocka_unit_test(test_client_knows_the_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
