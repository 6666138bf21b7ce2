/* SPDX-License-Identifier: ISC
 *
 * Who guesses passwords: some in one session, by PLAIN or SCRAM, and now and then the right one,
 * from a few addresses at which nobody else is. And what may come of any login.
 */
#include "mail.h"

#include "base/mem.h"
#include "base/stream.h"
#include "gateway/throttle.h"
#include "smtp/client.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ANSWER_MS = 60 * 1000, PAUSE_MOST_MS = 8000, GUESSES_MOST = 9, LOGINS_MAX = 4000,
	/* One is forgotten after so much time. */
	WINDOW_MS = (THROTTLE_FORGET_S - 30) * 1000,
	/* Guesses that may go on beside another one. */
	AT_ONCE = 5,
};

/* All that was said to a password, in order. */
static struct login {
	struct ip from;
	char name[16];
	unsigned life;
	int64_t at_ms;
	bool taken, counts;              /* it counts against the address */
} logins[LOGINS_MAX];
static unsigned login_n;

/* Who is known where, as the gateway itself saw it: the client may never hear of it, and it is kept
 * over a restart. */
static struct known {
	struct ip from;
	char name[16];
} knowns[LOGINS_MAX];
static unsigned known_n;

struct guess {
	struct stream *stream;
	struct smtp_client *smtp;
	struct ip from;
	const char *name;
	struct buf bare;
	bool secure, scram, right;
	unsigned left, step;
};
static struct event next;
static unsigned slowness, talking, guessers_left;

/* ---- the law ------------------------------------------------------------------------------ */

static bool is_of(const struct login *l, const struct ip *from, const char *name)
{
	return l->life == roles[0].life && ip_eq(&l->from, from) &&
	       (!name || strcmp(l->name, name) == 0);
}

/* 0 where one of them may be forgotten by now: then another guess is free. */
static unsigned wrong_lately(const struct ip *from)
{
	unsigned n = 0;
	for (unsigned i = 0; i < login_n; i++) {
		if (!is_of(&logins[i], from, NULL) || !logins[i].counts)
			continue;
		if (logins[i].at_ms <= world.now_ms - WINDOW_MS)
			return 0;
		n++;
	}
	return n;
}

/* Whether it ever logged in there; and how often it was refused. */
static bool is_known(const struct ip *from, const char *name, unsigned *wrong)
{
	bool known = false;
	*wrong = 0;
	for (unsigned i = 0; i < login_n; i++) {
		if (!is_of(&logins[i], from, name))
			continue;
		known |= logins[i].taken;
		*wrong += !logins[i].taken;
	}
	return known;
}

static bool was_right(const struct ip *from, const char *name)
{
	for (unsigned i = 0; i < known_n; i++)
		if (ip_eq(&knowns[i].from, from) && strcmp(knowns[i].name, name) == 0)
			return true;
	return false;
}

void law_right(const struct ip *from, struct str account)
{
	struct known one = { .from = *from };
	char text[IP_TEXT_MAX];
	str_copy(one.name, sizeof(one.name), account);
	if (was_right(from, one.name))
		return;
	if (wrong_lately(from) >= THROTTLE_BY_ADDRESS + AT_ONCE)
		world_broken("logins", "%s guesses for as long as it likes",
		             ip_format(from, text));
	if (known_n < LOGINS_MAX)
		knowns[known_n++] = one;
}

void law_login(const struct ip *from, const char *name, bool right, int code)
{
	char text[IP_TEXT_MAX];
	unsigned wrong;
	ip_format(from, text);
	bool known = is_known(from, name, &wrong), taken = code == 235;
	if (taken && !right)
		world_broken("logins", "%s logs in as %s by a wrong password", text, name);
	if (code == 535 && right && known && wrong < THROTTLE_KNOWN / 2)
		world_broken("logins", "%s is locked out at %s, where it is known", name, text);
	if (login_n == LOGINS_MAX || (code != 235 && code != 535))
		return;
	struct login *l = &logins[login_n++];
	*l = (struct login){ .from = *from, .life = roles[0].life, .at_ms = world.now_ms,
	                     .taken = taken, .counts = !right && !was_right(from, name) };
	str_copy(l->name, sizeof(l->name), str_of(name));
}

/* ---- who guesses --------------------------------------------------------------------------- */

unsigned guessers_talking(void)
{
	return talking + (next.armed ? 1 : 0);
}

static void guess_over(struct guess *g)
{
	stream_destroy(g->stream);
	smtp_client_destroy(g->smtp);
	buf_fini(&g->bare);
	free(g);
	talking--;
}

static void say(struct guess *g, enum smtp_verb verb, const char *line)
{
	smtp_client_command(g->smtp, verb, 0, str_of(line));
}

static void guess(struct guess *g)
{
	static const char *const names[] = { "ann", "bob", "cat", "nobody" };
	struct buf line = { 0 };
	if (g->left-- == 0) {
		say(g, SMTP_QUIT, "QUIT");
		return;
	}
	g->name = names[chance_below(4)];
	g->scram = chance_of(400);
	g->right = chance_of(200) && strcmp(g->name, "nobody") != 0;
	g->step = 0;
	buf_clear(&g->bare);
	if (g->scram) {
		buf_add_cstr(&line, "AUTH SCRAM-SHA-256 ");
		scram_hello(g->name, &g->bare, &line);
	} else {
		char plain[64], text[128];
		int n = snprintf(plain, sizeof(plain), "%c%s%c%s", '\0', g->name, '\0',
		                 g->right ? NAMES_PASSWORD : "guess");
		EVP_EncodeBlock((unsigned char *)text, (unsigned char *)plain, n);
		buf_printf(&line, "AUTH PLAIN %s", text);
	}
	say(g, SMTP_AUTH, buf_cstr(&line));
	buf_fini(&line);
}

static void after_auth(struct guess *g, const struct smtp_reply *r)
{
	struct buf line = { 0 };
	if (r->code != 334) {
		trace("%s guessed by %s: %d", g->name, g->scram ? "SCRAM" : "PLAIN", r->code);
		law_login(&g->from, g->name, g->right, r->code);
		if (r->code == 235)
			say(g, SMTP_QUIT, "QUIT");
		else
			guess(g);
		return;
	}
	if (g->step++ == 0 && !scram_prove(buf_str(&g->bare), r->text, g->right, &line))
		buf_add_byte(&line, '*');
	smtp_client_command(g->smtp, SMTP_AUTH, 0, line.n ? buf_str(&line) : STR(""));
	buf_fini(&line);
}

/* True: it has left. */
static bool on_reply(struct guess *g, const struct smtp_client_event *ev)
{
	if (ev->type == SMTP_CLIENT_BROKEN || ev->reply.code == 421 || ev->verb == SMTP_QUIT ||
	    (ev->verb != SMTP_AUTH && ev->reply.code >= 400)) {
		guess_over(g);
		return true;
	}
	if (ev->verb == SMTP_BANNER)
		say(g, SMTP_EHLO, "EHLO guess.example");
	else if (ev->verb == SMTP_EHLO && !g->secure)
		say(g, SMTP_STARTTLS, "STARTTLS");
	else if (ev->verb == SMTP_EHLO)
		guess(g);
	else if (ev->verb == SMTP_STARTTLS)
		stream_start_tls(g->stream, NULL, false, NULL);
	else if (ev->verb == SMTP_AUTH)
		after_auth(g, &ev->reply);
	return false;
}

static void flush(struct guess *g)
{
	struct str out;
	while ((out = smtp_client_output(g->smtp)).n > 0) {
		stream_write(g->stream, out);
		smtp_client_output_sent(g->smtp, out.n);
	}
	stream_deadline(g->stream, ANSWER_MS);
}

static void on_received(void *arg, struct str bytes)
{
	struct guess *g = arg;
	struct smtp_client_event ev;
	smtp_client_input(g->smtp, bytes);
	while (smtp_client_next(g->smtp, &ev))
		if (on_reply(g, &ev))
			return;
	flush(g);
}

static void on_secured(void *arg)
{
	struct guess *g = arg;
	g->secure = true;
	smtp_client_tls_started(g->smtp);
	say(g, SMTP_EHLO, "EHLO guess.example");
	flush(g);
}

static void on_connected(void *arg)
{
	(void)arg;
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	guess_over(arg);
}

static const struct stream_events events = {
	.connected = on_connected, .received = on_received, .ended = on_ended,
	.secured = on_secured,
};

static void somebody_guesses(void *arg)
{
	struct guess *g = mem_zalloc(sizeof(*g));
	(void)arg;
	const unsigned at = chance_between(1, GUESSER_PLACES);
	*g = (struct guess){ .from = ip_from_v4(45, 66, 0, (uint8_t)at),
	                     .left = chance_between(1, GUESSES_MOST) };
	const struct endpoint from = { .ip = g->from };
	talking++;
	g->smtp = smtp_client_create(NULL);
	g->stream = stream_connect(outside_loop, &gateway_at[LISTEN_SUBMISSION], &from, &events, g);
	stream_deadline(g->stream, ANSWER_MS);
	if (--guessers_left > 0)
		event_arm(&next, chance_below(slowness * PAUSE_MOST_MS));
}

void guessers_begin(unsigned slow)
{
	slowness = slow;
	event_init(&next, &outside, somebody_guesses, NULL);
	guessers_left = chance_of(400) ? chance_between(1, 60) : 0;
	if (guessers_left > 0)
		event_arm(&next, chance_between(1, PAUSE_MOST_MS));
}
