/* SPDX-License-Identifier: ISC
 *
 * Who sends by the gateway: strangers at port 25, with letters to our mailboxes and whatever ever
 * made a server relay, and users who log in. Some hang up in the middle, or just behind the dot.
 */
#include "mail.h"

#include "base/mem.h"
#include "base/stream.h"
#include "catalogue/catalogue.h"
#include "gateway/known.h"
#include "smtp/client.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ANSWER_MS = 60 * 1000, PAUSE_MOST_MS = 6000, LETTERS_LEAST = 15, LETTERS_MOST = 80,
	/* With those of guessers no more than an account is known at. */
	USER_PLACES = KNOWN_PLACES - GUESSER_PLACES,
};

/* At which step it hangs up. */
enum leaves { LEAVES_AT_THE_END, LEAVES_IN_THE_TEXT, LEAVES_AT_THE_DOT, LEAVES_AT_A_REPLY };

struct talk {
	struct letter *letter;
	struct ip from;
	int64_t since_ms;
	unsigned door;
	bool wrong_password, secure, scram;
	unsigned scram_step;
	struct buf bare;                 /* of SCRAM: what the client signs */
	struct stream *stream;
	struct smtp_client *smtp;
	enum leaves leaves;
	unsigned next_rcpt, accepted, letters_left, replies;
	char mail[ADDRESS_MAX + 8], rcpt[COPIES_MAX][ADDRESS_MAX + 8];     /* with brackets */
};

static struct event next;
static unsigned talking, letters_left, slowness;

unsigned people_talking(void)
{
	return talking + (next.armed ? 1 : 0);
}

static void talk_over(struct talk *t)
{
	stream_destroy(t->stream);
	smtp_client_destroy(t->smtp);
	buf_fini(&t->bare);
	free(t);
	talking--;
}

/* ---- letters ------------------------------------------------------------------------------- */

static struct str inner_of(const char *path)
{
	struct str s = str_of(path);
	return s.n >= 2 && s.p[0] == '<' ? (struct str){ s.p + 1, s.n - 2 } : s;
}

static void local_address(char address[static ADDRESS_MAX])
{
	static const char *const boxes[] = {
		"ann@" OURS_ONE, "sales@" OURS_ONE, "bob@" OURS_TWO, "cat@" OURS_TWO,
		"cat@" OURS_ONE, "boss@" OURS_TWO, "postmaster", "abuse@" OURS_TWO,
		"postmaster@" OURS_ONE,
	};
	snprintf(address, ADDRESS_MAX, "%s",
	         boxes[chance_below(sizeof(boxes) / sizeof(*boxes))]);
}

/* Both paths of a form; some have none. */
static bool draw_form(struct buf *mail, struct buf *rcpt)
{
	static const struct relay_names names = {
		.u = { "ok1", 3 }, .s = { "ok2", 3 }, .d = { "f0.example", 10 },
		.t = { "f1.example", 10 }, .r = { OUR_NAME, sizeof(OUR_NAME) - 1 },
		.m = { OURS_ONE, sizeof(OURS_ONE) - 1 }, .i = { "[45.9.0.25]", 11 },
		.c = { "45.20.0.10", 10 }, .cl = { "[45.20.0.10]", 12 },
	};
	const struct relay_case *row = &relay_cases[chance_below((unsigned)relay_case_count)];
	const char *missing;
	return row->mail && row->rcpt &&
	       relay_render(row->mail, &names, mail, &missing) == ERR_OK &&
	       relay_render(row->rcpt, &names, rcpt, &missing) == ERR_OK &&
	       mail->n < ADDRESS_MAX && rcpt->n < ADDRESS_MAX;
}

static void add_rcpt(struct talk *t, const char *address)
{
	if (t->letter->count == COPIES_MAX)
		return;
	for (unsigned i = 0; i < t->letter->count; i++)
		if (str_caseeq(str_of(t->letter->to[i].address), str_of(address)))
			return;
	snprintf(t->rcpt[t->letter->count], sizeof(t->rcpt[0]), "<%s>", address);
	letter_add(t->letter, str_of(address));
}

static void stranger_letter(struct talk *t)
{
	struct buf mail = { 0 }, rcpt = { 0 };
	char address[ADDRESS_MAX];
	bool odd = chance_of(350) && draw_form(&mail, &rcpt);
	if (odd)
		snprintf(t->mail, sizeof(t->mail), "%s", buf_cstr(&mail));
	else if (chance_of(150))
		snprintf(t->mail, sizeof(t->mail), "<>");
	else if (chance_of(150))
		snprintf(t->mail, sizeof(t->mail), "<ann@" OURS_ONE ">");
	else {
		host_address(address);
		snprintf(t->mail, sizeof(t->mail), "<%s>", address);
	}
	char sender[ADDRESS_MAX];
	str_copy(sender, sizeof(sender), inner_of(t->mail));
	t->letter = letter_new(NULL, sender);
	if (odd) {
		snprintf(t->rcpt[0], sizeof(t->rcpt[0]), "%s", buf_cstr(&rcpt));
		letter_add(t->letter, inner_of(t->rcpt[0]));
	}
	for (unsigned i = chance_between(odd ? 0 : 1, 3); i > 0; i--) {
		if (chance_of(200))
			host_address(address);
		else if (chance_of(100))
			snprintf(address, sizeof(address), "nobody@" OURS_ONE);
		else
			local_address(address);
		add_rcpt(t, address);
	}
	buf_fini(&mail);
	buf_fini(&rcpt);
}

static void user_letter(struct talk *t)
{
	const struct user *a = &users[chance_below(user_n)];
	char address[ADDRESS_MAX];
	const char *sender = chance_of(80) ? "" : a->address[0];
	if (a->address[1] && chance_of(300) && *sender)
		sender = a->address[1];
	if (chance_of(60))
		sender = users[(a - users + 1) % user_n].address[0];
	t->letter = letter_new(a, sender);
	snprintf(t->mail, sizeof(t->mail), "<%s>", sender);
	for (unsigned i = chance_of(200) ? COPIES_MAX : chance_between(1, 3); i > 0; i--) {
		if (chance_of(700))
			host_address(address);
		else
			local_address(address);
		add_rcpt(t, address);
	}
}

/* ---- the session ----------------------------------------------------------------------------- */

static void say(struct talk *t, enum smtp_verb verb, const char *line, const char *path)
{
	struct buf b = { 0 };
	buf_printf(&b, "%s%s", line, path);
	smtp_client_command(t->smtp, verb, 0, buf_str(&b));
	buf_fini(&b);
}

static void log_in(struct talk *t)
{
	struct buf plain = { 0 }, line = { 0 };
	char text[200];
	if (t->scram) {
		buf_add_cstr(&line, "AUTH SCRAM-SHA-256 ");
		scram_hello(t->letter->account->name, &t->bare, &line);
	} else {
		buf_add_byte(&plain, '\0');
		buf_add_cstr(&plain, t->letter->account->name);
		buf_add_byte(&plain, '\0');
		buf_add_cstr(&plain, t->wrong_password ? "wrong" : NAMES_PASSWORD);
		EVP_EncodeBlock((unsigned char *)text, (unsigned char *)plain.p, (int)plain.n);
		buf_printf(&line, "AUTH PLAIN %s", text);
		buf_fini(&plain);
	}
	smtp_client_command(t->smtp, SMTP_AUTH, 0, buf_str(&line));
	buf_fini(&line);
}

/* Who was refused tries it all the same, now and then. */
static void after_auth(struct talk *t, const struct smtp_reply *r)
{
	struct buf line = { 0 };
	if (r->code == 334) {
		if (t->scram_step++ == 0 &&
		    !scram_prove(buf_str(&t->bare), r->text, !t->wrong_password, &line))
			buf_add_byte(&line, '*');
		smtp_client_command(t->smtp, SMTP_AUTH, 0, line.n ? buf_str(&line) : STR(""));
		buf_fini(&line);
		return;
	}
	trace("%s by %s: %d", t->letter->account->name, t->scram ? "SCRAM" : "PLAIN", r->code);
	law_login(&t->from, t->letter->account->name, !t->wrong_password, r->code);
	t->letter->logged_in = r->code == 235;
	if (t->letter->logged_in || chance_of(500))
		say(t, SMTP_MAIL, "MAIL FROM:", t->mail);
	else
		say(t, SMTP_QUIT, "QUIT", "");
}

static void say_rcpt(struct talk *t)
{
	const char *params = "";
	struct copy *c = &t->letter->to[t->next_rcpt];
	char line[ADDRESS_MAX + 40];
	if (t->letter->account && chance_of(150)) {
		c->never = chance_of(500);
		params = c->never ? " NOTIFY=NEVER" : " NOTIFY=SUCCESS,FAILURE,DELAY";
	}
	snprintf(line, sizeof(line), "%s%s", t->rcpt[t->next_rcpt++], params);
	say(t, SMTP_RCPT, "RCPT TO:", line);
}

static void flush(struct talk *t)
{
	struct str out;
	while ((out = smtp_client_output(t->smtp)).n > 0) {
		stream_write(t->stream, out);
		smtp_client_output_sent(t->smtp, out.n);
	}
}

/* True: it has left. */
static bool say_text(struct talk *t)
{
	struct str text = buf_str(&t->letter->text);
	if (t->leaves == LEAVES_IN_THE_TEXT) {
		flush(t);
		stream_write(t->stream, (struct str){ text.p, chance_below((unsigned)text.n) });
		talk_over(t);
		return true;
	}
	t->letter->state = LETTER_DOT;
	smtp_client_message(t->smtp, 0, text);
	if (t->leaves != LEAVES_AT_THE_DOT)
		return false;
	flush(t);
	talk_over(t);
	return true;
}

static void after_rcpt(struct talk *t, const struct smtp_client_event *ev)
{
	if (t->door == LISTEN_MX)
		law_stranger_rcpt(&t->from, t->since_ms,
		                  str_of(t->letter->to[t->next_rcpt - 1].address),
		                  ev->reply.code, ev->reply.text);
	if (ev->reply.code / 100 == 2) {
		t->accepted++;
		letter_rcpt_accepted(t->letter, &t->letter->to[t->next_rcpt - 1]);
	}
	if (t->next_rcpt < t->letter->count)
		say_rcpt(t);
	else if (t->accepted > 0 || chance_of(100))
		say(t, SMTP_DATA, "DATA", "");
	else
		say(t, SMTP_QUIT, "QUIT", "");
}

static void after_ehlo(struct talk *t)
{
	if (t->door == LISTEN_SUBMISSION && !t->secure && chance_of(980))
		say(t, SMTP_STARTTLS, "STARTTLS", "");
	else if (t->letter->account && !t->letter->logged_in && chance_of(970))
		log_in(t);
	else
		say(t, SMTP_MAIL, "MAIL FROM:", t->mail);
}

/* True: it has left. */
static bool on_reply(struct talk *t, const struct smtp_client_event *ev)
{
	bool ok = ev->reply.code / 100 == 2 || ev->reply.code / 100 == 3;
	if (ev->type == SMTP_CLIENT_BROKEN || ev->reply.code == 421 || ev->verb == SMTP_QUIT ||
	    (t->leaves == LEAVES_AT_A_REPLY && ev->verb != SMTP_MESSAGE && chance_of(150))) {
		talk_over(t);
		return true;
	}
	if (ev->verb == SMTP_MESSAGE)
		letter_answered(t->letter, ev->reply.code, ev->reply.text);
	if (ev->verb == SMTP_MESSAGE || (!ok && ev->verb != SMTP_RCPT && ev->verb != SMTP_AUTH)) {
		say(t, SMTP_QUIT, "QUIT", "");
		return false;
	}
	switch (ev->verb) {
	case SMTP_BANNER:
		say(t, SMTP_EHLO, "EHLO ", "client.example");
		break;
	case SMTP_EHLO:
		after_ehlo(t);
		break;
	case SMTP_STARTTLS:
		stream_start_tls(t->stream, NULL, false, NULL);
		break;
	case SMTP_AUTH:
		after_auth(t, &ev->reply);
		break;
	case SMTP_MAIL:
		say_rcpt(t);
		break;
	case SMTP_RCPT:
		after_rcpt(t, ev);
		break;
	case SMTP_DATA:
		return say_text(t);
	default:
		break;
	}
	return false;
}

static void on_received(void *arg, struct str bytes)
{
	struct talk *t = arg;
	struct smtp_client_event ev;
	smtp_client_input(t->smtp, bytes);
	while (smtp_client_next(t->smtp, &ev))
		if (on_reply(t, &ev))
			return;
	flush(t);
}

static void on_secured(void *arg)
{
	struct talk *t = arg;
	t->secure = true;
	if (t->door == LISTEN_SUBMISSIONS)
		return;
	smtp_client_tls_started(t->smtp);
	say(t, SMTP_EHLO, "EHLO ", "client.example");
	flush(t);
}

static void on_connected(void *arg)
{
	struct talk *t = arg;
	if (t->door == LISTEN_SUBMISSIONS)
		stream_start_tls(t->stream, NULL, false, NULL);
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	talk_over(arg);
}

static const struct stream_events events = {
	.connected = on_connected, .received = on_received, .ended = on_ended,
	.secured = on_secured,
};

static void talk_begin(void)
{
	struct talk *t = mem_zalloc(sizeof(*t));
	bool user = chance_of(550);
	t->door = !user ? LISTEN_MX : chance_of(500) ? LISTEN_SUBMISSION : LISTEN_SUBMISSIONS;
	t->wrong_password = chance_of(40);
	t->scram = chance_of(300);
	t->leaves = chance_of(850) ? LEAVES_AT_THE_END : 1 + chance_below(3);
	if (user)
		user_letter(t);
	else
		stranger_letter(t);
	const unsigned at = chance_between(1, user ? USER_PLACES : 9);
	struct endpoint from = { .ip = ip_from_v4(45, 40, 0, (uint8_t)at) };
	t->from = from.ip;
	t->since_ms = world.now_ms;
	talking++;
	t->smtp = smtp_client_create(NULL);
	t->stream = stream_connect(outside_loop, &gateway_at[t->door], &from, &events, t);
	stream_deadline(t->stream, ANSWER_MS);
}

static void somebody_writes(void *arg)
{
	(void)arg;
	talk_begin();
	if (--letters_left > 0)
		event_arm(&next, (int64_t)slowness * chance_below(PAUSE_MOST_MS));
}

void people_begin(unsigned slow)
{
	slowness = slow;
	letters_left = chance_between(LETTERS_LEAST, LETTERS_MOST);
	event_init(&next, &outside, somebody_writes, NULL);
	event_arm(&next, chance_between(1, PAUSE_MOST_MS));
}
