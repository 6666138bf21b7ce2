/* SPDX-License-Identifier: ISC
 *
 * The queue and the resolver are here in place of the real ones; the servers are the real engine.
 */
#include "delivery-stage.h"

#include "base/mem.h"
#include "certificate.h"
#include "gateway/route.h"
#include "gateway/tlspolicy.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct stage *stage;

/* ---- the queue ------------------------------------------------------------------------------- */

int gateway_queue_text(struct gateway_queue *q, const struct gateway_message *message,
                       struct buf *out)
{
	(void)q;
	(void)message;
	stage->texts_read++;
	if (stage->text_error == ERR_OK)
		buf_add_cstr(out, stage->text);
	return stage->text_error;
}

void gateway_queue_settle(struct gateway_queue *q, struct gateway_rcpt *rcpt,
                          const struct gateway_outcome *outcome)
{
	static const char *const fates[] = { "delivered", "deferred", "failed" };
	(void)q;
	assert_int_equal(rcpt->state, GATEWAY_TRYING);
	assert_true((outcome->fate == GATEWAY_FATE_DELIVERED) == (outcome->enhanced[0] == '2'));
	assert_true((outcome->fate == GATEWAY_FATE_DEFERRED) == (outcome->enhanced[0] == '4'));
	buf_printf(&stage->outcomes, "%.*s: %s %s%s %.*s|%.*s\n", STR_ARG(rcpt->to.address),
	           fates[outcome->fate], outcome->enhanced, outcome->relayed ? " relayed" : "",
	           STR_ARG(outcome->host), STR_ARG(outcome->said));
	rcpt->state = GATEWAY_DELIVERED;
	rcpt->message->left--;
	stage->settled++;
	stage->delivered += outcome->fate == GATEWAY_FATE_DELIVERED;
}

void gateway_queue_give_back(struct gateway_queue *q, struct gateway_rcpt *rcpt, int64_t due_s)
{
	(void)q;
	(void)due_s;
	assert_int_equal(rcpt->state, GATEWAY_TRYING);
	rcpt->state = GATEWAY_WAITING;
	stage->given_back++;
}

void stage_mail(struct stage *s, const char *from, const char *to)
{
	struct gateway_message *m = mem_zalloc(sizeof(*m));
	struct str rest = str_of(to), word;
	assert_true(s->message_count < MESSAGES);
	m->number = s->message_count + 1;
	m->envelope = (struct gateway_envelope){ .id = STR("0ID"), .from = str_of(from),
	                                         .utf8 = s->utf8, .came_s = 1800000000,
	                                         .size_bytes = strlen(s->text) };
	snprintf(s->ids[s->message_count], sizeof(s->ids[0]), "ID%zu", s->message_count);
	m->envelope.id = str_of(s->ids[s->message_count]);
	m->rcpt = mem_array(TOS, sizeof(*m->rcpt));
	while (str_word(&rest, &word)) {
		assert_true(m->rcpt_count < TOS);
		m->rcpt[m->rcpt_count++] = (struct gateway_rcpt){
			.message = m, .state = GATEWAY_TRYING,
			.to = { .address = { mem_strndup(word.p, word.n), word.n } } };
	}
	m->left = m->rcpt_count;
	s->messages[s->message_count++] = m;
	for (size_t i = 0; i < m->rcpt_count; i++) {
		s->due++;
		gateway_delivery_due(s->delivery, &m->rcpt[i]);
	}
}

/* ---- names ----------------------------------------------------------------------------------- */

struct dns_query {
	struct loop_timer *timer;
	char *name;
	bool mx;
	dns_result_cb *cb;
	void *arg;
};

static enum dns_status status_of(const char *text)
{
	return strcmp(text, "nxdomain") == 0 ? DNS_NXDOMAIN
	     : strcmp(text, "servfail") == 0 ? DNS_SERVFAIL : DNS_FOUND;
}

static void answer_mx(const struct dns_query *q, struct dns_result *r, struct dns_mx mx[8])
{
	r->status = DNS_NODATA;
	r->mx = mx;
	for (size_t i = 0; i < 4 && stage->mx_of[i][0]; i++) {
		static char hosts[8][64];
		struct str rest = str_of(stage->mx_of[i][1]), word;
		/* ".example": all that ends so. */
		if (!(stage->mx_of[i][0][0] == '.'
		      ? str_casesuffix(str_of(q->name), str_of(stage->mx_of[i][0]))
		      : strcmp(stage->mx_of[i][0], q->name) == 0))
			continue;
		r->status = status_of(stage->mx_of[i][1]);
		while (r->status == DNS_FOUND && str_word(&rest, &word)) {
			struct dns_mx *one = &mx[r->mx_count];
			uint64_t preference;
			assert_int_equal(str_u64(word, UINT16_MAX, &preference), ERR_OK);
			one->preference = (uint16_t)preference;
			assert_true(str_word(&rest, &word));
			str_copy(hosts[r->mx_count], sizeof(hosts[0]), word);
			one->host = hosts[r->mx_count++];
		}
	}
}

static void answer_ips(const struct dns_query *q, struct dns_result *r, struct ip ips[8])
{
	r->status = DNS_NXDOMAIN;
	r->ips = ips;
	for (size_t i = 0; i < 8 && stage->ip_of[i][0]; i++) {
		struct str rest = str_of(stage->ip_of[i][1]), word;
		if (strcmp(stage->ip_of[i][0], q->name) != 0)
			continue;
		r->status = status_of(stage->ip_of[i][1]);
		while (r->status == DNS_FOUND && str_word(&rest, &word))
			assert_int_equal(ip_parse(word, &ips[r->ip_count++], NULL), ERR_OK);
	}
}

static void query_free(struct dns_query *q)
{
	stage->asking--;
	loop_timer_destroy(q->timer);
	free(q->name);
	free(q);
}

static void on_answer(void *arg)
{
	struct dns_query *q = arg;
	struct dns_mx mx[8];
	struct ip ips[8];
	struct dns_result r = { .ttl_s = 300 };
	if (q->mx)
		answer_mx(q, &r, mx);
	else
		answer_ips(q, &r, ips);
	dns_result_cb *cb = q->cb;
	void *whose = q->arg;
	query_free(q);
	cb(whose, &r);
}

static struct dns_query *ask(struct str name, bool mx, dns_result_cb *cb, void *arg)
{
	struct dns_query *q = mem_zalloc(sizeof(*q));
	*q = (struct dns_query){ .name = mem_strndup(name.p, name.n), .mx = mx, .cb = cb,
	                         .arg = arg };
	q->timer = loop_timer_create(stage->loop, on_answer, q);
	loop_timer_arm(q->timer, 0);
	stage->asked++;
	if (++stage->asking > stage->most_asking)
		stage->most_asking = stage->asking;
	return q;
}

struct dns_query *dns_resolve_mx(struct dns_resolver *r, struct str name, dns_result_cb *cb,
                                 void *arg)
{
	(void)r;
	return ask(name, true, cb, arg);
}

struct dns_query *dns_resolve_ips(struct dns_resolver *r, struct str name, dns_result_cb *cb,
                                  void *arg)
{
	(void)r;
	return ask(name, false, cb, arg);
}

void dns_query_cancel(struct dns_query *q)
{
	if (q)
		query_free(q);
}

/* ---- servers --------------------------------------------------------------------------------- */

struct peer_session {
	struct peer *peer;
	size_t place;
	int fd;                               /* the wire's */
	struct wire_server *wire;
	size_t text_bytes;
	unsigned held;                        /* answers that are owed */
};

static void session_end(struct peer_session *s)
{
	struct peer *p = s->peer;
	wire_server_destroy(s->wire);
	p->sessions[s->place] = NULL;
	p->open--;
	free(s);
}

void peer_close_all(struct peer *p)
{
	for (size_t i = 0; i < PEER_SESSIONS; i++)
		if (p->sessions[i])
			session_end(p->sessions[i]);
}

static int code_of(int asked, int yes)
{
	return asked ? asked : yes;
}

/* "550-a@b": the digits. */
static int code_of_rcpt(struct str address)
{
	int code = 0;
	for (size_t i = 0; i < 3 && i < address.n && ascii_isdigit(address.p[i]); i++)
		code = code * 10 + address.p[i] - '0';
	return code >= 200 ? code : 250;
}

void peer_release(struct peer *p)
{
	for (size_t i = 0; i < PEER_SESSIONS; i++)
		for (struct peer_session *s = p->sessions[i]; s && s->held > 0; s->held--)
			wire_server_reply(s->wire, 250, NULL, "released");
}

static void note(struct peer *p, const char *what, struct str path)
{
	buf_printf(&p->log, "%s %.*s\n", what, STR_ARG(path));
}

static void answer_message(struct peer_session *s, unsigned replies)
{
	struct peer *p = s->peer;
	buf_printf(&p->log, "TEXT %zu\n", s->text_bytes);
	s->text_bytes = 0;
	s->held = p->holds ? replies : 0;
	for (; replies > 0 && !p->holds; replies--)
		wire_server_reply(s->wire, code_of(p->message, 250), NULL,
		                  replies % 2 ? "odd" : "even");
}

static void on_event(void *arg, const struct smtp_server_event *ev)
{
	struct peer_session *s = arg;
	struct peer *p = s->peer;
	if (p->at_starttls && ev->type == SMTP_SERVER_STARTTLS)
		assert_true(write(s->fd, p->at_starttls, strlen(p->at_starttls)) > 0);
	if (p->drops > 0 && ev->type == p->drops_at &&
	    (!p->drops_within_tls || wire_server_state(s->wire).tls)) {
		p->drops--;
		session_end(s);
		return;
	}
	switch (ev->type) {
	case SMTP_SERVER_CONNECT:
		wire_server_reply(s->wire, code_of(p->greet, 220), NULL, NULL);
		break;
	case SMTP_SERVER_HELO:
		note(p, ev->esmtp ? "EHLO" : "HELO", ev->text);
		wire_server_reply(s->wire, code_of(p->helo, 250), NULL, NULL);
		break;
	case SMTP_SERVER_MAIL:
		note(p, "MAIL", ev->path->text);
		wire_server_reply(s->wire, code_of(p->mail, 250), NULL, NULL);
		break;
	case SMTP_SERVER_RCPT:
		note(p, "RCPT", ev->path->text);
		wire_server_reply(s->wire, code_of_rcpt(ev->path->local),
		                  str_eq(ev->path->local, STR("552-large")) ? "5.3.4" : NULL,
		                  NULL);
		break;
	case SMTP_SERVER_DATA:
		wire_server_reply(s->wire, code_of(p->data, 354), NULL, NULL);
		break;
	case SMTP_SERVER_TEXT:
		if (s->text_bytes == 0)
			buf_clear(&p->text);
		s->text_bytes += ev->text.n;
		buf_add_str(&p->text, ev->text);
		break;
	case SMTP_SERVER_MESSAGE: answer_message(s, ev->replies); break;
	case SMTP_SERVER_AUTH:
		buf_printf(&p->log, "AUTH %.*s %.*s\n", STR_ARG(ev->user), STR_ARG(ev->password));
		wire_server_reply(s->wire, str_eq(ev->password, STR("secret")) ? 235 : 535, NULL,
		                  NULL);
		break;
	case SMTP_SERVER_STARTTLS: p->secured++; break;
	case SMTP_SERVER_ABORT: case SMTP_SERVER_CLOSE: break;
	default: wire_server_reply(s->wire, 500, NULL, NULL); break;
	}
}

static void on_ended(void *arg, enum stream_end why)
{
	(void)why;
	session_end(arg);
}

static const struct wire_server_hooks peer_hooks = { .event = on_event, .ended = on_ended };

static void on_connection(void *arg, unsigned events)
{
	struct peer *p = arg;
	struct endpoint from;
	(void)events;
	int fd = stream_accept(p->fd, &from);
	if (fd < 0)
		return;
	size_t place = 0;
	while (p->sessions[place])
		assert_true(++place < PEER_SESSIONS);
	struct peer_session *s = mem_zalloc(sizeof(*s));
	*s = (struct peer_session){ .peer = p, .place = place, .fd = fd };
	const struct wire_server_setup setup = {
		.loop = p->stage->loop, .fd = fd, .options = &p->options, .tls = p->tls,
		.hooks = &peer_hooks, .arg = s,
	};
	p->sessions[place] = s;
	p->connections++;
	p->open++;
	p->most_open = p->open > p->most_open ? p->open : p->most_open;
	s->wire = wire_server_create(&setup);
	wire_server_begin(s->wire);
}

struct peer *stage_peer(struct stage *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct peer *p = &s->peer[s->peers];
	p->stage = s;
	p->at = (struct endpoint){ ip_from_v4(127, 0, 0, (uint8_t)(11 + s->peers)),
	                           s->peers ? s->peer[0].at.port : 0 };
	p->fd = stream_listen(&p->at);
	assert_true(p->fd >= 0);
	getsockname(p->fd, (struct sockaddr *)&ss, &len);
	endpoint_from_sockaddr((struct sockaddr *)&ss, &p->at);
	p->watch = loop_watch_create(s->loop, p->fd, on_connection, p);
	loop_watch_set(p->watch, LOOP_READ);
	p->options = (struct smtp_server_options){ .hostname = "peer.test" };
	p->options.limits.transactions = 1000;
	p->options.limits.errors = 1000;
	p->options.limits.commands = 100000;
	p->tls = certificate_server("peer.test");
	s->peers++;
	return p;
}

/* ---- the stage ------------------------------------------------------------------------------- */

void stage_transport(struct stage *s, const char *domain, const char *kind, const struct peer *p)
{
	char at[ENDPOINT_TEXT_MAX];
	s->transports[s->config.transports.n++] =
		mem_printf("%s %s:%s", domain, kind, endpoint_format(&p->at, at));
}

void stage_init(struct stage *s)
{
	*s = (struct stage){ .loop = loop_create(), .text = "Subject: x\r\n\r\n.dots\r\n" };
	stage = s;
	s->domains[0] = mem_strdup("ours.example");
	s->config = (struct gateway_config){
		.smarthost = "", .smarthost_login = "", .smarthost_password_file = "",
		.connections = 20,
		.connections_per_destination = 5, .memory_bytes = 16 << 20, .remote_port = 25,
		.transports = { s->transports, 0 }, .tls_policies = { s->policies, 0 },
		.domains = { s->domains, 1 },
	};
}

void stage_mailboxes(struct stage *s)
{
	str_copy(s->mailboxes, sizeof(s->mailboxes), STR("/tmp/portreeve-boxes-XXXXXX"));
	assert_non_null(mkdtemp(s->mailboxes));
	s->syncer = syncer_create(s->loop, 100);
	assert_int_equal(syncer_start(s->syncer), ERR_OK);
}

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb, (void)type, (void)ftw;
	return remove(path);
}

void stage_begin(struct stage *s)
{
	static const struct ip own = { 4, { 127, 0, 0, 1 } };
	struct buf message = { 0 };
	if (gateway_routes_check(&s->config, &message) != ERR_OK ||
	    gateway_tls_policies_check(&s->config.tls_policies, &message) != ERR_OK)
		fail_msg("%s", buf_cstr(&message));
	s->setup = (struct gateway_delivery_setup){
		.loop = s->loop, .config = &s->config, .hostname = "us.example", .own = &own,
		.own_count = 1, .counters = &s->counters,
		.smarthost_password = STR("secret"), .mailboxes = s->mailboxes,
		.syncer = s->syncer, .directory = s->directory,
	};
	s->delivery = gateway_delivery_create(&s->setup);
	gateway_delivery_queue(s->delivery, (struct gateway_queue *)s);
}

void stage_run(struct stage *s, const unsigned *counter, unsigned until)
{
	for (int i = 0; i < TURNS_MAX && *counter < until; i++)
		loop_run_once(s->loop, 1000);
	if (*counter < until)
		fail_msg("%u of %u; %s", *counter, until, buf_cstr(&s->outcomes));
}

void stage_run_out(struct stage *s)
{
	stage_run(s, &s->settled, s->due);
}

void stage_expect(struct stage *s, const char *outcome)
{
	if (!strstr(buf_cstr(&s->outcomes), outcome))
		fail_msg("expected \"%s\" in:\n%s", outcome, buf_cstr(&s->outcomes));
}

void stage_fini(struct stage *s)
{
	gateway_delivery_destroy(s->delivery);
	if (s->syncer) {
		assert_int_equal(syncer_stop(s->syncer, 10000), ERR_OK);
		syncer_destroy(s->syncer);
		assert_int_equal(nftw(s->mailboxes, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	}
	for (size_t i = 0; i < s->peers; i++) {
		struct peer *p = &s->peer[i];
		peer_close_all(p);
		loop_watch_destroy(p->watch);
		close(p->fd);
		SSL_CTX_free(p->tls);
		buf_fini(&p->log);
		buf_fini(&p->text);
	}
	for (size_t i = 0; i < s->message_count; i++) {
		for (size_t j = 0; j < s->messages[i]->rcpt_count; j++)
			free((char *)(uintptr_t)s->messages[i]->rcpt[j].to.address.p);
		free(s->messages[i]->rcpt);
		free(s->messages[i]);
	}
	for (size_t i = 0; i < s->config.transports.n; i++)
		free(s->transports[i]);
	free(s->domains[0]);
	buf_fini(&s->outcomes);
	loop_destroy(s->loop);
}
