/* SPDX-License-Identifier: ISC
 *
 * One connection to a simulated host: the bytes. Commands are given to the engine one at a
 * time, so that each reply can be held back, bent or cut off as the persona has it.
 */
#include "session.h"

#include "base/mem.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	LONG_LINE_BYTES = 8 << 20, MANY_LINES = 200, LIST_LINES = 64, ENDLESS_MS = 5,
	DRIP_MS = 200, PAUSE_MS = 300,
	NO_LIMIT = 1000000, PROXY_V2_BYTES = 28,
};

static const char proxy_v2[] = "\r\n\r\n\0\r\nQUIT\n";

static unsigned wire(const struct session *s)
{
	return s->host->persona->wire;
}

static unsigned offers(const struct session *s)
{
	return s->host->persona->offers;
}

/* ---- out ------------------------------------------------------------------------- */

static void add_long(struct buf *out, size_t bytes)
{
	char chunk[4096];
	memset(chunk, 'x', sizeof(chunk));
	for (size_t n = 0; n < bytes; n += sizeof(chunk))
		buf_add(out, chunk, sizeof(chunk));
}

/* One reply of the engine as this host says it. */
static void bend(struct session *s, struct str text, struct buf *out)
{
	bool refusal = text.n > 3 && (text.p[0] == '5' || text.p[0] == '4');
	bool single = text.n > 3 && text.p[3] == ' ';
	if (wire(s) & WIRE_DISAGREES && single)
		buf_add_cstr(out, refusal ? "250-So far, so good\r\n" : "554-So far, so bad\r\n");
	for (int i = 0; wire(s) & WIRE_MANY_LINES && refusal && i < MANY_LINES; i++)
		buf_printf(out, "%.3s-Line %d of the rules of this house\r\n", text.p, i);
	if (wire(s) & WIRE_LONG_LINES && refusal) {
		buf_add(out, text.p, text.n - 2);
		buf_add_byte(out, ' ');
		add_long(out, LONG_LINE_BYTES);
		text = str_from(text, text.n - 2);
	}
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' || !(wire(s) & WIRE_LF_ONLY))
			buf_add_byte(out, text.p[i]);
}

static void put(struct session *s, struct str bytes)
{
	if (wire(s) & WIRE_BYTEWISE) {
		buf_add_str(&s->slow, bytes);
		loop_timer_arm(s->timer, 0);
	} else {
		wire_server_write(s->wire, bytes);
	}
}

static void flush(struct session *s)
{
	if (s->out.n)
		put(s, buf_str(&s->out));
	buf_clear(&s->out);
}

/* Says what the engine has said, once for each command. */
static void say(struct session *s, struct str text)
{
	struct str said = s->instead.n ? buf_str(&s->instead) : text;
	bool refused = said.n && said.p[0] >= '4';
	if (said.n)
		bend(s, said, &s->out);
	s->refusals += refused;
	buf_clear(&s->instead);
	if (wire(s) & WIRE_PIECEMEAL)
		flush(s);
	bool enough = policy_hangs_up(s, "ERRORS") && s->refusals >= s->host->persona->errors;
	bool banned = refused && guard_counts(s);
	if (enough || banned || (s->in_message && policy_hangs_up(s, "354"))) {
		flush(s);
		s->gone = true;
	}
}

/* ---- the engine ------------------------------------------------------------------- */

static void start_tls(struct session *s)
{
	s->start_tls = false;
	flush(s);
	buf_clear(&s->in);
	if (offers(s) & (BREAKS_TLS | CLOSES_TLS)) {
		if (offers(s) & BREAKS_TLS)
			wire_server_write(s->wire, STR("500 what is TLS?\r\n"));
		s->gone = true;
		return;
	}
	if (offers(s) & IGNORES_TLS) {
		s->deaf = true;
		return;
	}
	s->waiting = true;
	wire_server_start_tls(s->wire);
}

static void on_event(void *arg, const struct smtp_server_event *ev)
{
	policy_answer(arg, ev);
}

static void on_output(void *arg, struct str text)
{
	struct session *s = arg;
	if (s->gone)
		return;                  /* it hung up in the middle */
	say(s, text);
	if (s->start_tls && !s->gone)
		start_tls(s);
}

static void begin(struct session *s)
{
	s->begun = true;
	wire_server_begin(s->wire);
}

static void read_verb(struct session *s, struct str line)
{
	size_t n = 0;
	while (n < line.n && n < sizeof(s->verb) - 1 && ascii_isalpha((unsigned char)line.p[n]))
		n++;
	for (size_t i = 0; i < n; i++)
		s->verb[i] = (char)(line.p[i] & ~0x20);
	s->verb[n] = '\0';
}

/* Extensions, one after the other, as long as anybody listens. */
static void list_on(struct session *s)
{
	static const char text[] = "250-XTENSION\r\n";
	for (int i = wire(s) & WIRE_ENDLESS_EHLO ? LIST_LINES : 1; i > 0; i--)
		wire_server_write(s->wire, STR(text));
	loop_timer_arm(s->timer, wire(s) & WIRE_ENDLESS_EHLO ? ENDLESS_MS : DRIP_MS);
}

/* Commands that this host takes in its own way, before its engine sees them. */
static bool is_special(struct session *s)
{
	if (policy_hangs_up(s, s->verb)) {
		flush(s);
		s->gone = true;
		return true;
	}
	if (wire(s) & WIRE_SILENT_LATER && strcmp(s->verb, "MAIL") == 0) {
		s->deaf = true;
		return true;
	}
	if (wire(s) & (WIRE_ENDLESS_EHLO | WIRE_DRIPPING_EHLO) && strcmp(s->verb, "EHLO") == 0) {
		s->listing = s->deaf = true;
		list_on(s);
		return true;
	}
	if (offers(s) & DEFERS_TLS && strcmp(s->verb, "STARTTLS") == 0) {
		buf_add_cstr(&s->out, "454 4.7.0 TLS not available due to temporary reason\r\n");
		return true;
	}
	bool no_rset = offers(s) & NO_RSET && strcmp(s->verb, "RSET") == 0;
	bool not_lmtp = offers(s) & OFFER_LMTP &&
	                (strcmp(s->verb, "EHLO") == 0 || strcmp(s->verb, "HELO") == 0);
	if (no_rset || not_lmtp)
		buf_add_cstr(&s->out, "500 5.5.1 Command not known\r\n");
	return no_rset || not_lmtp;
}

static void command(struct session *s, struct str line)
{
	read_verb(s, line);
	if (is_special(s))
		return;
	struct buf bytes = { 0 };
	if (offers(s) & OFFER_LMTP && strcmp(s->verb, "LHLO") == 0) {
		buf_add_cstr(&bytes, "EHLO");
		line = str_from(line, 4);
	}
	buf_add_str(&bytes, line);
	wire_server_feed(s->wire, buf_str(&bytes));
	buf_fini(&bytes);
	if (wire(s) & WIRE_LOSES_PIPELINED && !s->in_message)
		buf_clear(&s->in);
}

/* The next line, or within a chunk what there is. */
static bool next_piece(struct session *s, struct buf *piece)
{
	size_t end = str_find(buf_str(&s->in), '\n');
	size_t n = end != SIZE_MAX ? end + 1 : s->in_message ? s->in.n : 0;
	if (n == 0)
		return false;
	buf_clear(piece);
	buf_add(piece, s->in.p, n);
	buf_consume(&s->in, n);
	return true;
}

static void pump(struct session *s)
{
	struct buf piece = { 0 };
	while (!s->gone && !s->closing && !s->waiting && !s->deaf && next_piece(s, &piece)) {
		if (s->in_message) {
			wire_server_feed(s->wire, buf_str(&piece));
		} else {
			command(s, buf_str(&piece));
		}
		if (s->host->persona->delay_ms && s->out.n && !s->gone) {
			s->waiting = true;
			loop_timer_arm(s->timer, s->host->persona->delay_ms);
		}
	}
	buf_fini(&piece);
	if (s->gone || (s->waiting && s->host->persona->delay_ms))
		return;
	flush(s);
	if (s->closing && s->slow.n == 0)
		wire_server_finish(s->wire);
}

/* ---- before the greeting ------------------------------------------------------------ */

static bool is_proxy(const struct session *s)
{
	struct str in = buf_str(&s->in);
	return str_prefix(in, STR("PROXY ")) || str_prefix(in, STR("\r\n\r\n"));
}

/* Cuts a PROXY header off the input. False: more is needed. */
static bool read_proxy(struct session *s)
{
	struct str in = buf_str(&s->in);
	if (str_prefix(in, STR("PROXY "))) {
		size_t end = str_find(in, '\n');
		if (end == SIZE_MAX)
			return false;
		s->by_proxy = true;
		buf_consume(&s->in, end + 1);
	} else if (in.n >= sizeof(proxy_v2) - 1 &&
	           memcmp(in.p, proxy_v2, sizeof(proxy_v2) - 1) == 0) {
		if (in.n < PROXY_V2_BYTES)
			return false;
		s->by_proxy = true;
		buf_consume(&s->in, PROXY_V2_BYTES);
	}
	return true;
}

/* A server of another protocol: the same answer to every line. */
static void answer_alien(struct session *s)
{
	const struct alien *alien = &s->host->persona->alien;
	for (size_t end; !s->gone && (end = str_find(buf_str(&s->in), '\n')) != SIZE_MAX;) {
		buf_consume(&s->in, end + 1);
		wire_server_write(s->wire, str_of(alien->answer));
		s->gone = alien->closes;
	}
}

static void chatter(struct session *s)
{
	if (wire(s) & WIRE_GARBAGE) {
		char noise[4096];
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (char)(i * 131 + i / 7 * 17);
		wire_server_write(s->wire, (struct str){ noise, sizeof(noise) });
		return;
	}
	wire_server_write(s->wire, STR("220-Welcome to this server, please read the rules\r\n"));
	loop_timer_arm(s->timer, wire(s) & WIRE_DRIPS ? DRIP_MS : ENDLESS_MS);
}

static void greet(struct session *s)
{
	const char *alien = s->host->persona->alien.greeting;
	if (alien)
		wire_server_write(s->wire, str_of(alien));
	if (offers(s) & HANGS_UP_UNPROXIED)
		loop_timer_arm(s->timer, PAUSE_MS);
	if (alien || wire(s) & WIRE_SILENT || offers(s) & NEEDS_PROXY)
		return;
	if (wire(s) & (WIRE_ENDLESS | WIRE_DRIPS | WIRE_GARBAGE)) {
		chatter(s);
	} else if (wire(s) & WIRE_LONG_BANNER) {
		buf_add_cstr(&s->out, "220 ");
		add_long(&s->out, LONG_LINE_BYTES);
		flush(s);
	} else if (wire(s) & WIRE_GREET_PAUSE) {
		wire_server_write(s->wire, STR("220-One moment\r\n"));
		loop_timer_arm(s->timer, PAUSE_MS);
	} else {
		begin(s);
		pump(s);
	}
}

static void early_input(struct session *s)
{
	if (s->host->persona->alien.greeting) {
		answer_alien(s);
	} else if (offers(s) & NEEDS_PROXY) {
		if (!read_proxy(s))
			return;
		if (s->by_proxy)
			begin(s);
		else
			s->gone = true;
	} else if (wire(s) & WIRE_GREET_PAUSE) {
		wire_server_write(s->wire, STR("521 5.7.0 It is not your turn\r\n"));
		s->gone = true;
	}
}

/* ---- the stream -------------------------------------------------------------------- */

static void session_free(struct session *s)
{
	struct host *h = s->host;
	if (s->prev)
		s->prev->next = s->next;
	else
		h->sessions = s->next;
	if (s->next)
		s->next->prev = s->prev;
	wire_server_destroy(s->wire);
	if (s->place)
		wire_listener_ended(h->sim->listener, s->place);
	loop_timer_destroy(s->timer);
	buf_fini(&s->in);
	buf_fini(&s->out);
	buf_fini(&s->slow);
	buf_fini(&s->instead);
	buf_fini(&s->message);
	free(s);
}

static void after(struct session *s)
{
	if (s->gone)
		session_free(s);
}

static void on_timer(void *arg)
{
	struct session *s = arg;
	if (s->listing) {
		list_on(s);
		return;
	}
	if (!s->begun) {
		if (offers(s) & HANGS_UP_UNPROXIED)
			s->gone = true;
		else if (wire(s) & WIRE_GREET_PAUSE)
			begin(s);
		else
			chatter(s);
	} else if (s->slow.n) {
		wire_server_write(s->wire, (struct str){ s->slow.p, 1 });
		buf_consume(&s->slow, 1);
		if (s->slow.n)
			loop_timer_arm(s->timer, 0);
		else if (s->closing)
			wire_server_finish(s->wire);
		return;
	}
	s->waiting = false;
	if (s->begun) {
		flush(s);
		pump(s);
	}
	after(s);
}

static void on_secured(void *arg)
{
	struct session *s = arg;
	s->waiting = false;
	s->tls = true;
	if (s->begun)
		wire_server_tls_started(s->wire);
	else
		greet(s);
	pump(s);
	after(s);
}

static void on_input(void *arg, struct str bytes)
{
	struct session *s = arg;
	buf_add_str(&s->in, bytes);
	if (!s->begun)
		early_input(s);
	else if (offers(s) & REFUSES_PROXY && !s->helo[0] && is_proxy(s))
		s->gone = true;
	else if (offers(s) & TAKES_PROXY && !s->by_proxy && !s->helo[0] && !read_proxy(s))
		return;
	if (s->begun && !s->gone)
		pump(s);
	after(s);
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	session_free(arg);
}

static const struct wire_server_hooks hooks = {
	.event = on_event, .ended = on_ended, .input = on_input, .output = on_output,
	.secured = on_secured,
};

static struct wire_server *wire_of(struct session *s, int fd)
{
	const struct host *h = s->host;
	const struct persona *p = h->persona;
	bool hangs_up = p->hangs_up_at && strcmp(p->hangs_up_at, "ERRORS") == 0;
	struct smtp_server_options o = {
		.hostname = h->name,
		.limits = { .errors = p->errors && !hangs_up ? p->errors : NO_LIMIT,
		            .commands = NO_LIMIT,
		            .transactions = p->transactions ? p->transactions : NO_LIMIT },
		.offer_starttls = p->offers & OFFER_STARTTLS,
		.offer_auth_plain = p->offers & OFFER_AUTH,
		.auth_in_clear = !(p->offers & AUTH_AFTER_TLS),
		.offer_smtputf8 = p->offers & OFFER_UTF8, .offer_dsn = true,
		.offer_xclient = p->offers & OFFER_XCLIENT,
		.no_pipelining = p->offers & NO_PIPELINING,
		.no_chunking = p->offers & NO_CHUNKING,
		.no_ehlo = p->offers & NO_EHLO,
		.lax_paths = true,
	};
	const struct wire_server_setup setup = {
		.loop = h->sim->loop, .fd = fd, .options = &o, .tls = h->sim->tls,
		.hooks = &hooks, .arg = s,
	};
	return wire_server_create(&setup);
}

/* A tester has one connection to a host at a time. */
static void note_parallel(const struct host *h)
{
	for (const struct session *s = h->sessions; s; s = s->next) {
		struct tcp_info info;
		socklen_t n = sizeof(info);
		if (getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
		    info.tcpi_state == TCP_ESTABLISHED)
			sim_log(h, "parallel", STR(""));
	}
}

void *session_accept(void *arg, struct wire_session *place, int fd, const struct endpoint *peer)
{
	struct host *h = arg;
	struct session *s = mem_zalloc(sizeof(*s));
	note_parallel(h);
	*s = (struct session){ .host = h, .fd = fd, .peer = *peer, .next = h->sessions };
	if (h->sessions)
		h->sessions->prev = s;
	h->sessions = s;
	s->timer = loop_timer_create(h->sim->loop, on_timer, s);
	s->wire = wire_of(s, fd);
	if (!guard_admits(s) || policy_hangs_up(s, "CONNECT")) {
		s->gone = true;
	} else if (h->persona->offers & OFFER_TLS_AT_ONCE) {
		s->waiting = true;
		wire_server_start_tls(s->wire);
	} else {
		greet(s);
	}
	if (s->gone) {
		session_free(s);
		return NULL;
	}
	s->place = place;
	return s;
}

void session_unwanted(void *owner)
{
	session_free(owner);
}

void sessions_close(struct host *h)
{
	while (h->sessions)
		session_free(h->sessions);
}
