/* SPDX-License-Identifier: ISC
 *
 * Logins in the loop: jobs wait for a free worker, answers are kept back as long as the throttle
 * says. Whatever goes wrong with a worker is "later", and never a yes.
 */
#include "gateway/login.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/known.h"
#include "gateway/login-private.h"
#include "gateway/throttle.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAITERS_MAX = 100, SLOTS_MAX = 64 };

enum stage { WAITING, ASKED, KEPT_BACK };

struct gateway_login_query {
	struct gateway_login *login;
	struct gateway_login_query *next;        /* in the line of those that wait */
	struct slot *slot;             /* ASKED */
	struct loop_timer *timer;
	enum stage stage;
	struct login_job job;          /* wiped once it is asked */
	struct buf account;            /* whose guess it is */
	gateway_login_done *done;
	void *arg;
};

/* A helper: its keeper, and the line to its worker. */
struct slot {
	struct gateway_login *login;
	struct child keeper;
	int line;
	struct loop_watch *watch;
	bool ready, down;              /* its worker takes a job; its backend cannot be reached */
	struct loop_timer *limit;      /* of its job */
	uint64_t job;                  /* that it has; 0: none */
	struct gateway_login_query *query;       /* whose that is; NULL: cancelled */
};

struct gateway_login {
	struct loop *loop;
	const struct login_backend *backend;
	int64_t timeout_ms;
	struct known *known;
	struct throttle *throttle;
	struct slot slots[SLOTS_MAX];
	size_t slot_count;
	struct gateway_login_query *first, **last;     /* WAITING */
	size_t waiting;
	uint64_t jobs;
	struct fault down;             /* no helper reaches the backend */
	struct loop_timer *soon;       /* the line goes on */
};

/* ---- the end of a query ---------------------------------------------------------------- */

/* That a login failed is the session's to say; why there was no answer is known here. */
static void log_unanswered(const struct ip *peer, struct str name, const char *why)
{
	if (name.n > GATEWAY_LOGIN_NAME_MAX)
		name.n = GATEWAY_LOGIN_NAME_MAX;
	LOG(LOG_WARN, "login-unanswered", LOG_IP("peer", peer), LOG_STR("name", name),
	    LOG_S("why", why));
}

static void unlink_waiting(struct gateway_login_query *q)
{
	struct gateway_login *l = q->login;
	struct gateway_login_query **at = &l->first;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (l->last == &q->next)
		l->last = at;
	l->waiting--;
}

static void query_free(struct gateway_login_query *q)
{
	if (q->stage == WAITING)
		unlink_waiting(q);
	if (q->slot)
		q->slot->query = NULL;
	loop_timer_destroy(q->timer);
	explicit_bzero(&q->job, sizeof(q->job));
	buf_fini(&q->account);
	free(q);
}

static void answer(struct gateway_login_query *q, enum gateway_login_answer what,
                   struct str account)
{
	gateway_login_done *done = q->done;
	void *arg = q->arg;
	char name[GATEWAY_LOGIN_NAME_MAX];
	assert(what == GATEWAY_LOGIN_YES ? account.n > 0 : account.n == 0);
	assert(account.n <= sizeof(name));
	if (account.n > 0)
		memcpy(name, account.p, account.n);
	query_free(q);
	done(arg, what, (struct str){ name, account.n });
}

static int64_t now_s(void)
{
	return clock_mono_ms() / 1000;
}

static void no_answer(struct gateway_login_query *q, const char *why)
{
	gateway_login_none(q->login, &q->job.peer, buf_str(&q->account));
	log_unanswered(&q->job.peer, login_job_name(&q->job), why);
	answer(q, GATEWAY_LOGIN_LATER, STR(""));
}

static void keep_back(struct gateway_login_query *q)
{
	q->stage = KEPT_BACK;
	loop_timer_arm(q->timer, throttle_delay_ms(q->login->throttle, &q->job.peer,
	                                           buf_str(&q->account), now_s()));
}

/* ---- workers --------------------------------------------------------------------------- */

static bool give_job(struct slot *slot, struct gateway_login_query *q)
{
	ssize_t n = send(slot->line, &q->job, sizeof(q->job), MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n != sizeof(q->job))
		return false;
	unlink_waiting(q);
	explicit_bzero(q->job.password, sizeof(q->job.password));
	explicit_bzero(q->job.hash, sizeof(q->job.hash));
	q->stage = ASKED;
	q->slot = slot;
	slot->query = q;
	slot->job = q->job.id;
	loop_timer_arm(slot->limit, q->login->timeout_ms);
	return true;
}

static bool any_may_come(const struct gateway_login *l)
{
	for (size_t i = 0; i < l->slot_count; i++)
		if (!l->slots[i].down)
			return true;
	return false;
}

/* Who waits gets a free worker; with no backend at all, an answer. */
static void go_on(void *arg)
{
	struct gateway_login *l = arg;
	for (size_t i = 0; i < l->slot_count && l->first; i++) {
		struct slot *slot = &l->slots[i];
		if (slot->ready && !slot->job && !give_job(slot, l->first))
			slot->ready = false;   /* its worker has ended: another one is coming */
	}
	if (l->first && !any_may_come(l)) {
		loop_timer_arm(l->soon, 0);
		no_answer(l->first, "the backend cannot be reached");
	}
}

static void note_state(struct slot *slot, bool down)
{
	struct gateway_login *l = slot->login;
	int64_t lasted_ms;
	slot->down = down;
	if (!any_may_come(l) && fault_met(&l->down, clock_mono_ms()))
		LOG(LOG_ERROR, "login-down", LOG_S("backend", l->backend->name));
	if (!down && fault_over(&l->down, clock_mono_ms(), &lasted_ms))
		LOG(LOG_INFO, "login-up", LOG_S("backend", l->backend->name),
		    LOG_I("after_s", lasted_ms / 1000));
}

static void heard(struct slot *slot, const struct login_result *result)
{
	struct gateway_login *l = slot->login;
	struct gateway_login_query *q = slot->query;
	note_state(slot, result->said == LOGIN_DOWN);
	slot->ready = !slot->down && !result->is_last;
	if (result->said == LOGIN_ANSWER && result->id != slot->job)
		return;                        /* of a worker that is gone */
	slot->job = 0;
	slot->query = NULL;
	loop_timer_disarm(slot->limit);
	loop_timer_arm(l->soon, 0);
	if (!q)
		return;
	q->slot = NULL;
	if (result->said != LOGIN_ANSWER) {
		no_answer(q, "the helper ended");
	} else if (result->answer == GATEWAY_LOGIN_NO) {
		keep_back(q);
	} else if (result->answer == GATEWAY_LOGIN_YES) {
		gateway_login_right(l, &q->job.peer, buf_str(&q->account));
		answer(q, GATEWAY_LOGIN_YES, (struct str){ result->name, result->name_n });
	} else {
		no_answer(q, "the backend gave no answer");
	}
}

static bool result_sound(const struct login_result *r, ssize_t n)
{
	return n == sizeof(*r) && r->said <= LOGIN_ANSWER && r->name_n <= sizeof(r->name) &&
	       (r->answer == GATEWAY_LOGIN_NO || r->answer == GATEWAY_LOGIN_LATER ||
	        (r->answer == GATEWAY_LOGIN_YES && r->name_n > 0));
}

static void line_ready(void *arg, unsigned events)
{
	struct slot *slot = arg;
	struct login_result result;
	(void)events;
	ssize_t n = recv(slot->line, &result, sizeof(result), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && result_sound(&result, n)) {
		heard(slot, &result);
		return;
	}
	/* The keeper is gone for good. */
	LOG(LOG_ERROR, "login-helper-gone", LOG_S("backend", slot->login->backend->name));
	loop_watch_set(slot->watch, 0);
	result = (struct login_result){ .said = LOGIN_DOWN };
	heard(slot, &result);
}

/* A worker that is at its job for that long is ended: another one comes. */
static void limit_reached(void *arg)
{
	struct slot *slot = arg;
	slot->ready = false;
	if (send(slot->keeper.line, "k", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		LOG(LOG_WARN, "login-helper-deaf", LOG_S("backend", slot->login->backend->name));
}

/* ---- the whole ------------------------------------------------------------------------- */

static int slot_start(struct slot *slot, struct gateway_login *l, const char *place,
                      int64_t timeout_s)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return ERR_IO;
	struct login_helper helper = { l->backend, place, ends[1], timeout_s };
	int e = child_serve(login_helper_run, &helper, &slot->keeper);
	/* Our copy of its end stays open in it alone: when it goes, the line ends. */
	close(ends[1]);
	if (e != ERR_OK) {
		close(ends[0]);
		return e;
	}
	slot->login = l;
	slot->line = ends[0];
	slot->limit = loop_timer_create(l->loop, limit_reached, slot);
	slot->watch = loop_watch_create(l->loop, slot->line, line_ready, slot);
	loop_watch_set(slot->watch, LOOP_READ);
	return ERR_OK;
}

int gateway_login_create(struct loop *loop, const struct gateway_config *config,
                         struct gateway_login **out, struct buf *message)
{
	const char *place;
	struct hash_key key;
	*out = NULL;
	int e = gateway_login_check(config, message);
	if (e != ERR_OK)
		return e;
	struct gateway_login *l = mem_zalloc(sizeof(*l));
	l->loop = loop;
	l->backend = login_backend_of(config->auth, &place);
	l->timeout_ms = config->login_timeout_s * 1000;
	l->last = &l->first;
	hash_key_init(&key);
	l->known = known_create(&key);
	hash_key_init(&key);
	l->throttle = throttle_create(&key, l->known);
	l->soon = loop_timer_create(loop, go_on, l);
	size_t n = (size_t)config->login_processes;
	assert(n > 0 && n <= SLOTS_MAX);
	for (; e == ERR_OK && l->slot_count < n; l->slot_count += e == ERR_OK)
		e = slot_start(&l->slots[l->slot_count], l, place, config->login_timeout_s);
	if (e == ERR_OK) {
		*out = l;
		return ERR_OK;
	}
	buf_printf(message, "the helpers for logins cannot be started: %s", strerror(errno));
	gateway_login_destroy(l);
	return e;
}

void gateway_login_destroy(struct gateway_login *l)
{
	if (!l)
		return;
	while (l->first)
		query_free(l->first);
	for (size_t i = 0; i < l->slot_count; i++) {
		struct slot *slot = &l->slots[i];
		if (slot->query)
			query_free(slot->query);
		loop_watch_destroy(slot->watch);
		loop_timer_destroy(slot->limit);
		/* In the sandbox nobody is killed: the end of its leash is what it goes by. First,
		 * or the keeper would miss its worker. */
		close(slot->keeper.line);
		close(slot->line);
		if (slot->keeper.sight >= 0)
			close(slot->keeper.sight);
	}
	loop_timer_destroy(l->soon);
	throttle_destroy(l->throttle);
	known_destroy(l->known);
	free(l);
}

static bool take(char *to, size_t size, uint16_t *n, struct str from)
{
	bool fits = from.n <= size;
	*n = fits ? (uint16_t)from.n : 0;
	if (*n > 0)
		memcpy(to, from.p, from.n);
	return fits;
}

static void timer_fired(void *arg)
{
	struct gateway_login_query *q = arg;
	if (q->stage == KEPT_BACK) {
		answer(q, GATEWAY_LOGIN_NO, STR(""));
		return;
	}
	no_answer(q, q->stage == ASKED ? "the backend gave no answer in time" :
	                                 "too many wait");
}

static struct gateway_login_query *query_of(struct gateway_login *l, const struct ip *peer,
                                            struct str account, gateway_login_done *done,
                                            void *arg)
{
	struct gateway_login_query *q = mem_zalloc(sizeof(*q));
	q->login = l;
	q->done = done;
	q->arg = arg;
	q->job.peer = *peer;
	buf_add_str(&q->account, account);
	q->timer = loop_timer_create(l->loop, timer_fired, q);
	return q;
}

static void wait_in_line(struct gateway_login_query *q)
{
	struct gateway_login *l = q->login;
	loop_timer_arm(q->timer, l->timeout_ms);
	*l->last = q;
	l->last = &q->next;
	l->waiting++;
	loop_timer_arm(l->soon, 0);
}

struct gateway_login_query *gateway_login_ask(struct gateway_login *l,
                                              const struct gateway_login_guess *guess,
                                              gateway_login_done *done, void *arg,
                                              enum gateway_login_answer *answer_now)
{
	if (!throttle_may(l->throttle, guess->peer, guess->account, now_s())) {
		*answer_now = GATEWAY_LOGIN_LOCKED;
		return NULL;
	}
	if (l->waiting >= WAITERS_MAX) {
		log_unanswered(guess->peer, guess->name, "too many wait");
		*answer_now = GATEWAY_LOGIN_LATER;
		return NULL;
	}
	struct gateway_login_query *q = query_of(l, guess->peer, guess->account, done, arg);
	struct login_job *job = &q->job;
	job->id = ++l->jobs;
	/* What is no name, or no password, is nobody's; it takes as long to say so. */
	take(job->name, sizeof(job->name), &job->name_n, guess->name);
	take(job->hash, sizeof(job->hash), &job->hash_n, guess->hash);
	if (!take(job->password, sizeof(job->password), &job->password_n, guess->password) ||
	    !login_name_valid(guess->name) || password_expected(guess->password))
		job->password_n = job->hash_n = 0;
	throttle_guess(l->throttle, guess->peer, guess->account, now_s());
	wait_in_line(q);
	return q;
}

void gateway_login_cancel(struct gateway_login_query *query)
{
	if (query)
		query_free(query);
}

/* ---- without a helper ------------------------------------------------------------------- */

bool gateway_login_may(struct gateway_login *l, const struct ip *peer, struct str account)
{
	if (!throttle_may(l->throttle, peer, account, now_s()))
		return false;
	throttle_guess(l->throttle, peer, account, now_s());
	return true;
}

void gateway_login_right(struct gateway_login *l, const struct ip *peer, struct str account)
{
	throttle_right(l->throttle, peer, account, now_s());
}

void gateway_login_none(struct gateway_login *l, const struct ip *peer, struct str account)
{
	throttle_none(l->throttle, peer, account, now_s());
}

struct gateway_login_query *gateway_login_wrong(struct gateway_login *l, const struct ip *peer,
                                                struct str account, gateway_login_done *done,
                                                void *arg)
{
	struct gateway_login_query *q = query_of(l, peer, account, done, arg);
	keep_back(q);
	return q;
}

struct known *gateway_login_known(struct gateway_login *l)
{
	return l->known;
}
