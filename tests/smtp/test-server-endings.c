/* SPDX-License-Identifier: ISC
 *
 * Where a message ends, for every text of up to six bytes of CR, LF, NUL, dot and a letter: in
 * DATA, in one BDAT chunk and in two, in commands; whole, byte by byte, and cut in two at every
 * place. What must come of it is said here a second time, in a few lines without any state.
 */
#include "test.h"

#include "smtp/server.h"

#include <stdlib.h>

enum { LETTERS = 5, DATA_MAX = 6, CUT_MAX = 5, CHUNK_MAX = 6 };
static const char letters[LETTERS] = { '\r', '\n', '\0', '.', 'a' };

/* ---- the server ----------------------------------------------------------------------- */

struct seen {
	struct smtp_server *server;
	struct buf text, out;
	unsigned messages, aborts, mails;
	bool closed;
};

static const char head[] = "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";

static void turn(struct seen *s)
{
	struct smtp_server_event ev;
	while (smtp_server_next(s->server, &ev)) {
		switch (ev.type) {
		case SMTP_SERVER_CONNECT: smtp_server_reply(s->server, 220, NULL, NULL); break;
		case SMTP_SERVER_DATA: smtp_server_reply(s->server, 354, NULL, NULL); break;
		case SMTP_SERVER_TEXT: buf_add_str(&s->text, ev.text); break;
		case SMTP_SERVER_ABORT: s->aborts++; break;
		case SMTP_SERVER_CLOSE: s->closed = true; break;
		case SMTP_SERVER_UNKNOWN: smtp_server_reply(s->server, 500, NULL, "?"); break;
		case SMTP_SERVER_MESSAGE:
			s->messages++;
			smtp_server_reply(s->server, 250, NULL, "Taken");
			break;
		default:
			s->mails += ev.type == SMTP_SERVER_MAIL;
			smtp_server_reply(s->server, 250, NULL, "OK");
			break;
		}
	}
	struct str out = smtp_server_output(s->server);
	buf_add_str(&s->out, out);
	smtp_server_output_sent(s->server, out.n);
}

static void begin(struct seen *s, const char *more)
{
	/* So small limits that they are met, so large that they are not. */
	const struct smtp_server_options options = { .hostname = "mx.test", .limits.errors = 50 };
	*s = (struct seen){ .server = smtp_server_create(&options) };
	smtp_server_input(s->server, str_of(head));
	turn(s);
	smtp_server_input(s->server, str_of(more));
	turn(s);
	buf_clear(&s->out);
}

static void feed(struct seen *s, struct str bytes, size_t cut)
{
	struct str first = { bytes.p, cut < bytes.n ? cut : bytes.n };
	smtp_server_input(s->server, first);
	turn(s);
	smtp_server_input(s->server, str_from(bytes, first.n));
	turn(s);
}

static void feed_bytes(struct seen *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		smtp_server_input(s->server, (struct str){ bytes.p + i, 1 });
		turn(s);
	}
}

static void end(struct seen *s)
{
	smtp_server_destroy(s->server);
	buf_fini(&s->text);
	buf_fini(&s->out);
}

static size_t count(struct str s, struct str what)
{
	size_t n = 0, at;
	while ((at = str_search(s, what)) != SIZE_MAX) {
		n++;
		s = str_from(s, at + what.n);
	}
	return n;
}

/* ---- what must be ---------------------------------------------------------------------- */

/* A CR without LF behind it, an LF without CR before it, or a NUL. */
static bool is_spoilt(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool cr_before = i > 0 && s.p[i - 1] == '\r';
		bool lf_behind = i + 1 < s.n && s.p[i + 1] == '\n';
		if ((s.p[i] == '\r' && !lf_behind) || (s.p[i] == '\n' && !cr_before) || !s.p[i])
			return true;
	}
	return false;
}

static void add_unstuffed(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '.' || (i > 0 && s.p[i - 1] != '\n'))
			buf_add_byte(out, s.p[i]);
}

/* DATA has been said: the message, what comes of it, and how many lines of commands are left. */
struct must {
	bool taken;
	struct buf text;
	size_t commands;
};

static struct must data_must(struct str input)
{
	struct must m = { 0 };
	struct str message = input;
	if (!str_prefix(input, STR(".\r\n"))) {
		size_t at = str_search(input, STR("\r\n.\r\n"));
		assert_true(at != SIZE_MAX);
		message.n = at + 2;
	} else {
		message.n = 0;
	}
	m.taken = !is_spoilt(message);
	add_unstuffed(&m.text, message);
	m.commands = count(str_from(input, message.n + 3), STR("\r\n"));
	return m;
}

static void check_data(struct seen *s, const struct must *m, struct str input)
{
	bool good = s->messages == m->taken && s->aborts == !m->taken && s->mails == 1 &&
	            !s->closed && count(buf_str(&s->out), STR("\r\n")) == 1 + m->commands &&
	            str_prefix(buf_str(&s->out), m->taken ? STR("250 ") : STR("554 5.6.0 ")) &&
	            (!m->taken || str_eq(buf_str(&s->text), buf_str(&m->text)));
	if (!good) {
		struct buf shown = { 0 };
		buf_add_escaped(&shown, input);
		fail_msg("\"%s\": taken %u, text of %zu bytes, said:\n%s", buf_cstr(&shown),
		         s->messages, s->text.n, buf_cstr(&s->out));
	}
	end(s);
}

/* ---- every text -------------------------------------------------------------------------- */

/* The text number `which` of n bytes. */
static void spell(char *dst, size_t n, size_t which)
{
	for (size_t i = 0; i < n; i++, which /= LETTERS)
		dst[i] = letters[which % LETTERS];
}

static size_t texts_of(size_t n)
{
	size_t texts = 1;
	while (n-- > 0)
		texts *= LETTERS;
	return texts;
}

static void try_data(struct str input, bool cut)
{
	struct seen s;
	struct must m = data_must(input);
	begin(&s, "DATA\r\n");
	feed(&s, input, input.n);
	check_data(&s, &m, input);
	begin(&s, "DATA\r\n");
	feed_bytes(&s, input);
	check_data(&s, &m, input);
	for (size_t at = 1; cut && at < input.n; at++) {
		begin(&s, "DATA\r\n");
		feed(&s, input, at);
		check_data(&s, &m, input);
	}
	buf_fini(&m.text);
}

static void test_data(void **state)
{
	(void)state;
	for (size_t n = 0; n <= DATA_MAX; n++) {
		for (size_t which = 0; which < texts_of(n); which++) {
			char input[DATA_MAX + sizeof("\r\n.\r\nNOOP\r\n")];
			spell(input, n, which);
			memcpy(input + n, "\r\n.\r\nNOOP\r\n", 11);
			try_data((struct str){ input, n + 11 }, n <= CUT_MAX);
		}
	}
}

static void check_chunk(struct seen *s, struct str text, bool first_refused)
{
	bool taken = !is_spoilt(text);
	bool good = s->messages == taken && s->aborts == !taken && !s->closed && s->mails == 1;
	/* Behind a chunk that was refused the next one has nothing to go to. */
	good = good && (taken ? str_eq(buf_str(&s->text), text) : true);
	good = good && count(buf_str(&s->out), STR("554 5.6.0 ")) == !taken;
	good = good && count(buf_str(&s->out), STR("503 ")) == first_refused;
	good = good && count(buf_str(&s->out), STR("Nothing done")) == 1;
	if (!good) {
		struct buf shown = { 0 };
		buf_add_escaped(&shown, text);
		fail_msg("\"%s\": taken %u, text of %zu bytes, said:\n%s", buf_cstr(&shown),
		         s->messages, s->text.n, buf_cstr(&s->out));
	}
	end(s);
}

static void try_chunks(struct str text, size_t first)
{
	struct seen s;
	struct buf input = { 0 };
	if (first > 0) {
		buf_printf(&input, "BDAT %zu\r\n", first);
		buf_add(&input, text.p, first);
	}
	buf_printf(&input, "BDAT %zu LAST\r\n", text.n - first);
	buf_add_str(&input, str_from(text, first));
	buf_add_cstr(&input, "NOOP\r\n");
	/* A CR at the end of the first may have its LF in the second. */
	struct str part = { text.p, first };
	if (part.n && part.p[part.n - 1] == '\r')
		part.n--;
	bool refused = is_spoilt(part);
	begin(&s, "");
	feed(&s, buf_str(&input), input.n);
	check_chunk(&s, text, refused);
	begin(&s, "");
	feed_bytes(&s, buf_str(&input));
	check_chunk(&s, text, refused);
	buf_fini(&input);
}

static void test_chunks(void **state)
{
	(void)state;
	for (size_t n = 0; n <= CHUNK_MAX; n++) {
		for (size_t which = 0; which < texts_of(n); which++) {
			char text[CHUNK_MAX + 1];
			spell(text, n, which);
			for (size_t first = 0; first <= (n < CHUNK_MAX ? n : 0); first++)
				try_chunks((struct str){ text, n }, first);
		}
	}
}

/* A line has one answer, whatever is in it, and none of it is a message. */
static void test_commands(void **state)
{
	(void)state;
	for (size_t n = 0; n <= CHUNK_MAX; n++) {
		for (size_t which = 0; which < texts_of(n); which++) {
			char input[CHUNK_MAX + sizeof("\r\nNOOP\r\n")];
			struct seen s;
			spell(input, n, which);
			memcpy(input + n, "\r\nNOOP\r\n", 8);
			begin(&s, "");
			feed_bytes(&s, (struct str){ input, n + 8 });
			assert_int_equal(count(buf_str(&s.out), STR("\r\n")),
			                 count((struct str){ input, n + 8 }, STR("\r\n")));
			assert_int_equal(count(buf_str(&s.out), STR("250 2.0.0 Nothing")), 1);
			assert_int_equal(s.messages + s.aborts, 0);
			end(&s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data), cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_commands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
