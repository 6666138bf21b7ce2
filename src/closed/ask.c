/* SPDX-License-Identifier: ISC
 *
 * The asking process: a child of the audit's, not of the room's, which enters the room's network
 * alone, gives up all rights, asks, and tells the audit what came of it in packets of one form.
 */
#include "closed/ask.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/mem.h"
#include "base/sandbox.h"
#include "base/stream.h"
#include "closed/certificate.h"
#include "closed/session.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SERVER_PORT = 25,
	/* Sessions that wait for a greeting, at a port. The queue of connections that a server
	 * has not taken yet may be short (OpenSMTPD's has 6 places): what comes when it is full
	 * is lost, and comes again a second later, or never (net.c). Who greets late has taken it
	 * long before. */
	UNGREETED_MAX = 4, UNGREETED_MS = 500,
};
#define CLIENT_NAME "client.asker.example"

/* One packet. */
struct told {
	uint32_t session;
	struct asker_word word;
};

/* ---- in the asking process --------------------------------------------------------------- */

struct asking {
	struct loop *loop;
	const struct closed_patience *patience;
	const struct closed_session *sessions;
	SSL_CTX *tls;
	size_t n, begun, over;
	int tell;
	struct asked {
		struct asking *all;
		size_t number;
		int bound;               /* of asker_setup */
		struct asker_session *session;
		struct loop_timer *ungreeted;    /* NULL: it is not counted, or no more */
	} *asked;
	struct buf certificate;
};

static void ask_more(struct asking *all);

static void ungreeted_end(struct asked *one)
{
	loop_timer_destroy(one->ungreeted);
	one->ungreeted = NULL;
}

static void ungreeted_over(void *arg)
{
	struct asked *one = arg;
	ungreeted_end(one);
	ask_more(one->all);
}

static void asked_told(void *arg, const struct asker_word *word)
{
	struct asked *one = arg;
	const struct told told = { .session = (uint32_t)one->number, .word = *word };
	if (write(one->all->tell, &told, sizeof(told)) != (ssize_t)sizeof(told))
		_exit(1);
	if (word->about != ASKED_END && word->about != ASKED_GREETING)
		return;
	ungreeted_end(one);
	if (word->about == ASKED_END) {
		asker_session_destroy(one->session);
		one->session = NULL;
		one->all->over++;
	}
	if (one->all->over == one->all->n)
		loop_stop(one->all->loop);
	else
		ask_more(one->all);
}

static void ask_next(struct asking *all)
{
	struct asked *one = &all->asked[all->begun];
	struct asker_setup setup = {
		.loop = all->loop, .tls = all->tls, .session = &all->sessions[all->begun],
		.patience = all->patience, .certificate = buf_cstr(&all->certificate),
		.bound = one->bound, .told = asked_told, .arg = one,
	};
	all->begun++;
	one->ungreeted = loop_timer_create(all->loop, ungreeted_over, one);
	loop_timer_arm(one->ungreeted, UNGREETED_MS);
	one->session = asker_session_create(&setup);
}

static size_t ungreeted_at(const struct asking *all, uint16_t port)
{
	size_t n = 0;
	for (size_t i = 0; i < all->begun; i++)
		n += all->asked[i].ungreeted && all->sessions[i].to.port == port;
	return n;
}

/* In their order: who has to wait lets nobody pass. */
static void ask_more(struct asking *all)
{
	const unsigned at_once = all->patience->at_once ? all->patience->at_once : CLOSED_AT_ONCE;
	while (all->begun < all->n && all->begun - all->over < at_once &&
	       ungreeted_at(all, all->sessions[all->begun].to.port) < UNGREETED_MAX)
		ask_next(all);
}

/* The audit has gone: nobody wants to know. */
static void audit_gone(void *arg, unsigned events)
{
	(void)arg;
	(void)events;
	_exit(1);
}

static void time_is_over(void *arg)
{
	(void)arg;
	_exit(0);
}

/* What needs rights, or is none of the network's. */
static int asking_prepare(struct asking *all)
{
	all->asked = mem_array(all->n, sizeof(*all->asked));
	for (size_t i = 0; i < all->n; i++) {
		const struct endpoint from = { all->sessions[i].from, SERVER_PORT };
		bool binds = all->sessions[i].claim == CLOSED_CLAIM_PORT25;
		all->asked[i] = (struct asked){ .all = all, .number = i, .bound = -1 };
		/* One that cannot be bound is told as such. */
		if (binds)
			all->asked[i].bound = stream_bind_beside(&from);
	}
	return closed_certificate_make(CLIENT_NAME, NULL, NULL, &all->certificate);
}

static _Noreturn void asking_process(int network, const struct closed_patience *patience,
                                     const struct closed_session *sessions, size_t n, int tell_fd)
{
	static const struct sandbox box = { .user = "nobody", .sockets = SANDBOX_CONNECT };
	struct buf message = { 0 };
	if (network >= 0 && setns(network, CLONE_NEWNET) != 0)
		_exit(2);
	if (dup2(tell_fd, DESCRIPTORS_FIRST) < 0)
		_exit(2);
	tell_fd = DESCRIPTORS_FIRST;
	closefrom(DESCRIPTORS_FIRST + 1);
	struct asking all = { .loop = loop_create(), .patience = patience, .sessions = sessions,
	                      .n = n, .tell = tell_fd, .tls = SSL_CTX_new(TLS_client_method()) };
	if (!all.tls || asking_prepare(&all) != ERR_OK || sandbox_enter(&box, &message) != ERR_OK)
		_exit(2);
	struct loop_timer *over = loop_timer_create(all.loop, time_is_over, NULL);
	loop_timer_arm(over, patience->all_ms);
	loop_watch_set(loop_watch_create(all.loop, tell_fd, audit_gone, NULL), LOOP_READ);
	ask_more(&all);
	loop_run(all.loop);
	_exit(0);
}

/* ---- in the audit's ------------------------------------------------------------------------ */

static void reply_bound(struct closed_reply *r)
{
	r->enhanced[sizeof(r->enhanced) - 1] = '\0';
	r->text[sizeof(r->text) - 1] = '\0';
}

/* The process was without rights, not without foreign bytes: it is not believed in the form. */
static void told_take(struct told *told, struct closed_session *sessions, size_t n)
{
	if (told->session >= n)
		return;
	struct closed_session *s = &sessions[told->session];
	struct asker_word *word = &told->word;
	reply_bound(&word->answer.mail);
	reply_bound(&word->answer.first);
	reply_bound(&word->answer.rcpt);
	if (word->about == ASKED_END && word->end >= CLOSED_UNASKED && word->end <= CLOSED_NO_TLS) {
		s->end = (enum closed_end)word->end;
		s->claim_refused = word->claim_refused != 0;
	} else if (word->about == ASKED_GREETING) {
		s->greeting = word->answer.mail;
	} else if (word->about == ASKED_HELLO) {
		s->hello = word->answer.mail;
		s->extensions = word->extensions;
	} else if (word->about == ASKED_CLAIM) {
		s->claim_reply = word->answer.mail;
	} else if (word->about == ASKED_CONTROL) {
		s->controlled = word->answer;
	} else if (word->about >= 0 && (size_t)word->about < s->n) {
		s->answers[word->about] = word->answer;
	}
}

static void answers_gather(int fd, int64_t until_ms, struct closed_session *sessions, size_t n)
{
	struct pollfd wait = { fd, POLLIN, 0 };
	struct told told;
	for (;;) {
		int64_t left = until_ms - clock_mono_ms();
		if (left <= 0)
			return;
		int ready = poll(&wait, 1, (int)left);
		if (ready == 0 || (ready < 0 && errno != EINTR))
			return;
		if (ready < 0)
			continue;
		ssize_t got = recv(fd, &told, sizeof(told), 0);
		if (got == 0 || (got < 0 && errno != EINTR))
			return;
		if (got == (ssize_t)sizeof(told))
			told_take(&told, sessions, n);
	}
}

static void sessions_clear(struct closed_session *sessions, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct closed_session *s = &sessions[i];
		assert(s->n <= CLOSED_ENVELOPES_MAX);
		s->end = CLOSED_UNASKED;
		s->greeting = s->hello = s->claim_reply = (struct closed_reply){ 0 };
		s->extensions = 0;
		s->claim_refused = false;
		s->controlled = (struct closed_answer){ 0 };
		for (size_t k = 0; k < s->n; k++)
			s->answers[k] = (struct closed_answer){ 0 };
	}
}

int closed_ask(const struct closed_room *room, const struct closed_patience *patience,
               struct closed_session *sessions, size_t n)
{
	enum { LATENESS_MS = 1000, NO_RIGHTS_LOST = 2 };
	int ends[2], status = 0;
	if (n > CLOSED_SESSIONS_MAX)
		return ERR_LIMIT;
	sessions_clear(sessions, n);
	if (n == 0)
		return ERR_OK;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return ERR_IO;
	pid_t pid = fork();
	if (pid == 0)
		asking_process(room ? closed_network(room) : -1, patience, sessions, n, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		answers_gather(ends[0], clock_mono_ms() + patience->all_ms + LATENESS_MS, sessions,
		               n);
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	if (pid < 0)
		return ERR_IO;
	return WIFEXITED(status) && WEXITSTATUS(status) == NO_RIGHTS_LOST ? ERR_DENIED : ERR_OK;
}

const char *closed_end_text(enum closed_end end)
{
	switch (end) {
	case CLOSED_UNASKED: return "not asked";
	case CLOSED_ASKED: return "asked";
	case CLOSED_NOBODY: return "nobody listens";
	case CLOSED_LATE: return "no answer in time";
	case CLOSED_HUNG_UP: return "it hung up";
	case CLOSED_BROKEN: return "what answers speaks no SMTP";
	case CLOSED_NO_SOURCE: return "we cannot speak from that address";
	case CLOSED_NO_TLS: return "no TLS can be had";
	}
	return "";
}
