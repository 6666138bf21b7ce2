/* SPDX-License-Identifier: ISC
 *
 * Who may connect: shares, room, rate, crowding and idle time one by one; then sequences by
 * chance, after each step of which the counts must be true.
 */
#include "test.h"

#include "base/mem.h"
#include "wire/limits.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOW = 1000000, MANY = 1024, NETWORKS = 9 };

static const struct hash_key key = { { 7, 11 } };

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip, NULL), ERR_OK);
	return ip;
}

struct world {
	struct wire_limits *l;
	struct wire_session *open[MANY];
	struct ip from[MANY];
	unsigned n;
	int64_t now_ms;
};

static void begin(struct world *w, unsigned sessions, unsigned per_host, int64_t idle_ms)
{
	struct wire_limits_config config = { sessions, per_host, 20, idle_ms };
	*w = (struct world){ .l = wire_limits_create(&config, &key), .now_ms = NOW };
}

static void leave(struct world *w, struct wire_session *s)
{
	for (unsigned i = 0; i < w->n; i++) {
		if (w->open[i] != s)
			continue;
		wire_limits_leave(w->l, s);
		w->n--;
		w->open[i] = w->open[w->n];
		w->from[i] = w->from[w->n];
		return;
	}
	fail_msg("a session that is not open");
}

static void end(struct world *w)
{
	while (w->n)
		leave(w, w->open[0]);
	assert_int_equal(wire_limits_sessions(w->l), 0);
	wire_limits_destroy(w->l);
}

static enum wire_admission come(struct world *w, const struct ip *ip)
{
	struct wire_session *victim = NULL;
	enum wire_admission answer = wire_limits_ask(w->l, ip, w->now_ms, &victim);
	assert_true((answer == WIRE_ROOM_MADE) == (victim != NULL));
	if (answer != WIRE_ADMITTED && answer != WIRE_ROOM_MADE)
		return answer;
	if (victim)
		leave(w, victim);
	assert_true(w->n < MANY);
	w->from[w->n] = *ip;
	w->open[w->n++] = wire_limits_enter(w->l, ip, w->now_ms);
	return answer;
}

/* How many of `times` connections get in, two seconds between them. */
static unsigned admitted(struct world *w, const char *format, unsigned first, unsigned times)
{
	unsigned n = 0;
	for (unsigned i = 0; i < times; i++) {
		char text[64];
		snprintf(text, sizeof(text), format, first + i);
		struct ip ip = ip_of(text);
		w->now_ms += 2000;
		enum wire_admission answer = come(w, &ip);
		n += answer == WIRE_ADMITTED || answer == WIRE_ROOM_MADE;
	}
	return n;
}

/* ---- shares ---------------------------------------------------------------------------- */

static void shares(void **unused)
{
	(void)unused;
	static const struct {
		const char *name, *format;
		unsigned times, expected, per_net;
	} rows[] = {
		{ "an IPv4 address", "192.0.2.7", 100, 20 },
		{ "an IPv4 /24", "192.0.2.%u", 250, 125 },
		{ "an IPv6 /64", "2001:db8:1:1::%x", 100, 20 },
		{ "an IPv6 /56", "2001:db8:1:1%02x::1", 250, 62 },
		{ "an IPv6 /48", "2001:db8:1:%x00::1", 250, 125 },
		{ "IPv4 as IPv6 says it", "::ffff:192.0.2.7", 100, 20 },
		{ "an IPv4 /24 with its own limit", "192.0.2.%u", 250, 30, 30 },
		{ "one below that of a host", "192.0.2.%u", 250, 20, 10 },
		{ "an IPv6 /56 with half of it", "2001:db8:1:1%02x::1", 250, 50, 100 },
		{ "an IPv6 /48 with its own limit", "2001:db8:1:%x00::1", 250, 100, 100 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		begin(&w, 500, 20, 300000);
		wire_limits_set(w.l, &(struct wire_limits_config){ 500, 20, 20, 300000,
		                                                   rows[i].per_net });
		unsigned n = admitted(&w, rows[i].format, 1, rows[i].times);
		CHECK_ROW(rows[i].name, n == rows[i].expected);
		/* Neighbours of the crowd's other networks and strangers get in. */
		CHECK_ROW(rows[i].name, admitted(&w, "198.51.100.%u", 1, 5) == 5);
		CHECK_ROW(rows[i].name, admitted(&w, "2001:db8:2::%x", 1, 5) == 5);
		end(&w);
	}
}

/* Sessions that a user of this machine gets. */
static unsigned admitted_user(struct world *w, unsigned uid, unsigned times)
{
	const struct ip user = wire_limits_local(uid);
	unsigned n = 0;
	for (unsigned i = 0; i < times; i++) {
		w->now_ms += 2000;
		n += come(w, &user) == WIRE_ADMITTED;
	}
	return n;
}

/* Who comes by a unix socket has no address. One user keeps out no other, all users no stranger,
 * and nobody root. */
static void local(void **unused)
{
	(void)unused;
	static const struct { unsigned places, per_host, user, all; } rows[] = {
		{ 500, 20, 20, 125 }, { 500, 100, 62, 125 },
		{ 20, 8, 4, 8 }, { 3, 1, 1, 1 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		unsigned all = 0;
		begin(&w, rows[i].places, rows[i].per_host, 300000);
		assert_int_equal(admitted_user(&w, 1000, 300), rows[i].user);
		end(&w);
		begin(&w, rows[i].places, rows[i].per_host, 300000);
		for (unsigned uid = 1000; uid < 1100; uid++)
			all += admitted_user(&w, uid, rows[i].user);
		assert_true(all <= rows[i].all);
		if (rows[i].places > 100) {
			assert_int_equal(all, rows[i].all);
			assert_int_equal(admitted_user(&w, 0, 2 * rows[i].per_host), rows[i].user);
			assert_int_equal(admitted(&w, "198.51.100.%u", 1, 5), 5);
		}
		end(&w);
	}
}

/* A mapped address is its IPv4 host: both ways to it share one count. */
static void mapped(void **unused)
{
	(void)unused;
	struct world w;
	begin(&w, 500, 3, 300000);
	assert_int_equal(admitted(&w, "192.0.2.7", 0, 2), 2);
	assert_int_equal(admitted(&w, "::ffff:192.0.2.7", 0, 2), 1);
	struct ip ip = ip_of("192.0.2.7");
	assert_int_equal(wire_limits_held(w.l, &ip, 32), 3);
	end(&w);
}

/* However many networks come one after the other, each for all it can get and with nothing that
 * could be taken from it, the next one finds a place. */
static void room(void **unused)
{
	enum { GREEDY = 40 };
	(void)unused;
	struct world w;
	begin(&w, 500, 20, 300000);
	for (unsigned net = 0; net < GREEDY; net++) {
		char format[64];
		snprintf(format, sizeof(format), "10.%u.1.%%u", net);
		assert_true(admitted(&w, format, 1, 60) >= 1);
		for (unsigned i = 0; i < w.n; i++)
			wire_limits_active(w.l, w.open[i], true, w.now_ms);
		assert_true(wire_limits_sessions(w.l) < 500);
	}
	end(&w);
}

/* Two are two, if the operator says so. */
static void small(void **unused)
{
	(void)unused;
	struct world w;
	begin(&w, 2, 2, 300000);
	assert_int_equal(admitted(&w, "192.0.2.7", 0, 5), 2);
	end(&w);
	begin(&w, 1, 1, 300000);
	assert_int_equal(admitted(&w, "192.0.2.7", 0, 5), 1);
	end(&w);
}

/* ---- rate ------------------------------------------------------------------------------ */

/* Connects and leaves at once, `per_second` times a second for ten of them. */
static unsigned churn(struct world *w, const char *format, unsigned hosts, unsigned per_second)
{
	unsigned n = 0;
	for (unsigned i = 0; i < 10 * per_second; i++) {
		char text[64];
		snprintf(text, sizeof(text), format, 1 + i % hosts);
		struct ip ip = ip_of(text);
		w->now_ms = NOW + (int64_t)i * 1000 / per_second;
		if (come(w, &ip) == WIRE_ADMITTED) {
			n++;
			leave(w, w->open[w->n - 1]);
		}
	}
	return n;
}

static void rates(void **unused)
{
	(void)unused;
	struct world w;
	struct ip neighbour = ip_of("192.0.2.200"), stranger = ip_of("198.51.100.1");
	begin(&w, 500, 20, 300000);
	assert_in_range(churn(&w, "192.0.2.%u", 1, 110), 230, 245);
	/* What one host was refused takes nothing from its neighbours. */
	assert_int_equal(come(&w, &neighbour), WIRE_ADMITTED);
	end(&w);
	begin(&w, 500, 20, 300000);
	assert_in_range(churn(&w, "192.0.2.%u", 100, 1000), 950, 970);
	assert_int_equal(come(&w, &neighbour), WIRE_TOO_FAST);
	assert_int_equal(come(&w, &stranger), WIRE_ADMITTED);
	w.now_ms += 1000;
	assert_int_equal(come(&w, &neighbour), WIRE_ADMITTED);
	end(&w);
}

/* ---- crowding and idle time --------------------------------------------------------------- */

/* Fills with networks of two, three and one sessions. */
static void crowd(struct world *w)
{
	begin(w, 12, 4, 300000);
	assert_int_equal(admitted(w, "10.0.1.%u", 1, 3), 3);
	assert_int_equal(admitted(w, "10.0.2.%u", 1, 2), 2);
	for (unsigned i = 3; w->n < 12; i++) {
		char text[32];
		snprintf(text, sizeof(text), "10.0.%u.1", i);
		assert_int_equal(admitted(w, text, 0, 1), 1);
	}
}

static void the_crowded_make_room(void **unused)
{
	(void)unused;
	struct world w;
	struct ip stranger = ip_of("192.0.2.1"), other = ip_of("192.0.3.1"),
	          third = ip_of("192.0.4.1"), fourth = ip_of("192.0.5.1"),
	          crowded = ip_of("10.0.1.9");
	crowd(&w);
	/* Its own network has some already. */
	assert_int_equal(come(&w, &crowded), WIRE_CROWDED);
	struct wire_session *victim;
	struct wire_session *first = w.open[0];
	/* The longest idle one got on meanwhile: it is the second. */
	wire_limits_active(w.l, first, false, w.now_ms);
	assert_int_equal(wire_limits_ask(w.l, &stranger, w.now_ms, &victim), WIRE_ROOM_MADE);
	assert_ptr_equal(victim, w.open[1]);
	/* Transactions are left alone. */
	wire_limits_active(w.l, w.open[1], true, w.now_ms);
	wire_limits_active(w.l, w.open[2], true, w.now_ms);
	assert_int_equal(wire_limits_ask(w.l, &stranger, w.now_ms, &victim), WIRE_ROOM_MADE);
	assert_ptr_equal(victim, first);
	wire_limits_active(w.l, first, true, w.now_ms);
	assert_int_equal(come(&w, &stranger), WIRE_ROOM_MADE);
	/* One each is not crowded. */
	assert_int_equal(come(&w, &other), WIRE_FULL);
	wire_limits_active(w.l, first, false, w.now_ms);
	assert_int_equal(come(&w, &third), WIRE_ROOM_MADE);
	assert_int_equal(come(&w, &fourth), WIRE_FULL);
	end(&w);
}

static void idle_time_shrinks(void **unused)
{
	(void)unused;
	struct world w;
	static const struct {
		const char *name;
		unsigned sessions;
		int64_t idle_s, busy_s;      /* 0: as long as they like */
	} rows[] = {
		{ "half", 50, 0, 0 }, { "three quarters", 75, 152, 180 }, { "all", 100, 5, 60 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int busy = 0; busy < 2; busy++) {
			int64_t least_s = busy ? rows[i].busy_s : rows[i].idle_s;
			begin(&w, 100, 4, 300000);
			for (unsigned n = 0; n < rows[i].sessions; n++) {
				struct ip ip = ip_from_v4(10, (uint8_t)n, 0, 1);
				assert_int_equal(come(&w, &ip), WIRE_ADMITTED);
				wire_limits_active(w.l, w.open[n], busy, NOW + n);
			}
			int64_t just = NOW + (least_s ? least_s * 1000 : 300000);
			CHECK_ROW(rows[i].name, !wire_limits_idle(w.l, just - 1000));
			struct wire_session *s = wire_limits_idle(w.l, just + 1000);
			CHECK_ROW(rows[i].name, least_s ? s == w.open[0] : !s);
			end(&w);
		}
	}
}

static void fewer_places(void **unused)
{
	(void)unused;
	struct world w;
	struct ip stranger = ip_of("192.0.2.1"), other = ip_of("192.0.3.1");
	begin(&w, 100, 20, 300000);
	assert_int_equal(admitted(&w, "10.0.0.%u", 1, 12), 12);
	assert_int_equal(admitted(&w, "10.1.0.%u", 1, 8), 8);
	wire_limits_shrink(w.l, w.now_ms);
	unsigned ended = 0;
	for (struct wire_session *s; (s = wire_limits_excess(w.l)) != NULL; ended++)
		leave(&w, s);
	assert_int_equal(ended, 5);
	assert_int_equal(come(&w, &stranger), WIRE_ROOM_MADE);
	w.now_ms += 14000;
	assert_int_equal(come(&w, &other), WIRE_ROOM_MADE);
	assert_int_equal(w.n, 15);
	w.now_ms += 1000;
	assert_int_equal(admitted(&w, "10.2.0.%u", 1, 8), 8);
	end(&w);
}

/* ---- by chance -------------------------------------------------------------------- */

static uint64_t chance = 88172645463325252u;

static unsigned roll(unsigned sides)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (unsigned)(chance % sides);
}

static struct ip any_ip(void)
{
	struct ip ip = ip_from_v4(10, 0, (uint8_t)roll(NETWORKS - 3), (uint8_t)roll(8));
	if (roll(2))
		return ip;
	char text[64];
	snprintf(text, sizeof(text), "2001:db8:%x:%x%02x::%x", roll(3), roll(2), roll(4),
	         roll(9));
	return ip_of(text);
}

/* What is counted is what is open, on every level. */
static void check_counts(const struct world *w)
{
	static const unsigned v4[] = { 32, 24 }, v6[] = { 64, 56, 48 };
	assert_int_equal(wire_limits_sessions(w->l), w->n);
	for (unsigned i = 0; i < w->n; i++) {
		bool is_v4 = w->from[i].family == 4;
		for (unsigned k = 0; k < (is_v4 ? 2 : 3); k++) {
			unsigned length = is_v4 ? v4[k] : v6[k], n = 0;
			struct prefix net = prefix_of(&w->from[i], length);
			for (unsigned j = 0; j < w->n; j++)
				n += prefix_contains(&net, &w->from[j]);
			assert_int_equal(wire_limits_held(w->l, &w->from[i], length), n);
		}
	}
}

/* A network that has none gets in while another has more than one outside a transaction, as it
 * must when more sessions are open than there are networks. */
static void check_no_starvation(struct world *w)
{
	struct wire_session *victim;
	struct ip stranger = ip_from_v4(192, 0, (uint8_t)roll(255), 1);
	enum wire_admission answer = wire_limits_ask(w->l, &stranger, w->now_ms, &victim);
	if (w->n > NETWORKS)
		assert_true(answer == WIRE_ADMITTED || answer == WIRE_ROOM_MADE);
}

static void sequences(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 40; round++) {
		struct world w;
		bool any_busy = round % 2;
		begin(&w, 20 + roll(60), 1 + roll(8), 60000);
		for (unsigned step = 0; step < 400; step++) {
			struct ip ip = any_ip();
			w.now_ms += roll(500);
			unsigned what = roll(10);
			if (what < 6)
				come(&w, &ip);
			else if (what < 8 && w.n)
				leave(&w, w.open[roll(w.n)]);
			else if (w.n)
				wire_limits_active(w.l, w.open[roll(w.n)], any_busy && roll(2),
				                   w.now_ms);
			struct wire_session *s;
			if (what == 9 && (s = wire_limits_idle(w.l, w.now_ms)) != NULL)
				leave(&w, s);
			if (what == 9 && roll(50) == 0)
				wire_limits_shrink(w.l, w.now_ms);
			while ((s = wire_limits_excess(w.l)) != NULL)
				leave(&w, s);
			check_counts(&w);
			if (step % 10 == 0 && !any_busy)
				check_no_starvation(&w);
		}
		end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares), cmocka_unit_test(local), cmocka_unit_test(mapped),
		cmocka_unit_test(room),
		cmocka_unit_test(small), cmocka_unit_test(rates),
		cmocka_unit_test(the_crowded_make_room), cmocka_unit_test(idle_time_shrinks),
		cmocka_unit_test(fewer_places), cmocka_unit_test(sequences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
