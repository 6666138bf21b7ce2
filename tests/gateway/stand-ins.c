/* SPDX-License-Identifier: ISC
 *
 * See stand-ins.h. The names are those of the real ones, which the linker does not take then.
 */
#include "stand-ins.h"

#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct stand_ins stand;

struct gateway_login_query {
	struct loop_timer *timer;
	gateway_login_done *done;
	void *arg;
	enum gateway_login_answer answer;
	char account[64];
};

struct gateway_blocklists_query {
	struct loop_timer *timer;
	void (*done)(void *arg, const struct gateway_listing *l);
	void *arg;
	bool listed, warn;
};

static struct gateway_login_query *held_login;
static struct gateway_blocklists_query *held_lists;

void stand_ins_begin(struct loop *loop)
{
	stand = (struct stand_ins){ .loop = loop };
	held_login = NULL;
	held_lists = NULL;
}

void stand_ins_end(void)
{
	assert(!stand.waiting);
	loop_timer_destroy(stand.timer);
	buf_fini(&stand.envelope);
	buf_fini(&stand.text);
}

struct gateway_queue *stand_ins_queue(void) { return (struct gateway_queue *)&stand; }
struct gateway_login *stand_ins_login(void) { return (struct gateway_login *)&stand; }
struct gateway_blocklists *stand_ins_blocklists(void)
{
	return (struct gateway_blocklists *)&stand;
}

/* ---- the queue ----------------------------------------------------------------------- */

static void queue_synced(void *arg)
{
	void (*done)(void *arg, int err) = stand.waiting;
	(void)arg;
	stand.waiting = NULL;
	done(stand.waiting_arg, stand.done);
}

void gateway_queue_id(struct gateway_queue *q, char id[static GATEWAY_ID_MAX])
{
	(void)q;
	snprintf(id, GATEWAY_ID_MAX, "ID%u", ++stand.ids);
}

int gateway_queue_room(const struct gateway_queue *q, uint64_t bytes)
{
	(void)q;
	(void)bytes;
	return stand.room;
}

int gateway_queue_add(struct gateway_queue *q, const struct gateway_envelope *envelope,
                      struct str text, void (*done)(void *arg, int err), void *arg)
{
	(void)q;
	if (stand.add != ERR_OK)
		return stand.add;
	assert(!stand.waiting);
	stand.added++;
	buf_clear(&stand.envelope);
	buf_clear(&stand.text);
	gateway_envelope_write(envelope, &stand.envelope);
	buf_add_str(&stand.text, text);
	stand.waiting = done;
	stand.waiting_arg = arg;
	loop_timer_destroy(stand.timer);
	stand.timer = loop_timer_create(stand.loop, queue_synced, NULL);
	if (!stand.holds)
		loop_timer_arm(stand.timer, 0);
	return ERR_OK;
}

/* ---- the login ----------------------------------------------------------------------- */

static void login_answers(void *arg)
{
	struct gateway_login_query *q = arg;
	held_login = NULL;
	q->done(q->arg, q->answer, str_of(q->account));
	loop_timer_destroy(q->timer);
	free(q);
}

static struct gateway_login_query *answer_later(gateway_login_done *done, void *arg,
                                                enum gateway_login_answer answer,
                                                struct str account)
{
	struct gateway_login_query *q = mem_zalloc(sizeof(*q));
	q->done = done;
	q->arg = arg;
	q->answer = answer;
	str_copy(q->account, sizeof(q->account), account);
	q->timer = loop_timer_create(stand.loop, login_answers, q);
	if (stand.login_holds)
		held_login = q;
	else
		loop_timer_arm(q->timer, 0);
	return q;
}

static void note_guessed(struct str account)
{
	str_copy(stand.guessed, sizeof(stand.guessed), account);
}

struct gateway_login_query *gateway_login_ask(struct gateway_login *l,
                                              const struct gateway_login_guess *guess,
                                              gateway_login_done *done, void *arg,
                                              enum gateway_login_answer *answer)
{
	(void)l;
	note_guessed(guess->account);
	if (str_eq(guess->name, STR("locked"))) {
		*answer = GATEWAY_LOGIN_LOCKED;
		return NULL;
	}
	return answer_later(done, arg,
	                    str_eq(guess->name, STR("broken")) ? GATEWAY_LOGIN_LATER :
	                    str_eq(guess->password, STR("secret")) ? GATEWAY_LOGIN_YES :
	                                                             GATEWAY_LOGIN_NO,
	                    guess->name);
}

void gateway_login_cancel(struct gateway_login_query *q)
{
	if (!q)
		return;
	held_login = NULL;
	stand.logins_cancelled++;
	loop_timer_destroy(q->timer);
	free(q);
}

/* Of exchanges that ask nobody. */
bool gateway_login_may(struct gateway_login *l, const struct ip *peer, struct str account)
{
	(void)l;
	(void)peer;
	note_guessed(account);
	return !str_eq(account, STR("locked"));
}

void gateway_login_right(struct gateway_login *l, const struct ip *peer, struct str account)
{
	(void)l;
	(void)peer;
	note_guessed(account);
	stand.noted++;
}

void gateway_login_none(struct gateway_login *l, const struct ip *peer, struct str account)
{
	(void)l;
	(void)peer;
	note_guessed(account);
}

struct gateway_login_query *gateway_login_wrong(struct gateway_login *l, const struct ip *peer,
                                                struct str account, gateway_login_done *done,
                                                void *arg)
{
	(void)l;
	(void)peer;
	note_guessed(account);
	stand.noted += 100;
	return answer_later(done, arg, GATEWAY_LOGIN_NO, STR(""));
}

/* ---- the blocklist ------------------------------------------------------------------- */

static void lists_answer(void *arg)
{
	struct gateway_blocklists_query *q = arg;
	struct gateway_listing l = { .listed = q->listed, .warn = q->warn,
	                             .weight = q->listed, .lists = STR("bl.example=1"),
	                             .text = "You are listed by bl.example: see there" };
	held_lists = NULL;
	q->done(q->arg, &l);
	loop_timer_destroy(q->timer);
	free(q);
}

/* Nothing is remembered of anybody. */
const struct gateway_listing *gateway_blocklists_known(const struct gateway_blocklists *b,
                                                       const struct ip *client)
{
	(void)b;
	(void)client;
	return NULL;
}

struct gateway_blocklists_query *gateway_blocklists_ask(struct gateway_blocklists *b,
                                                        const struct ip *client,
                                                        void (*done)(void *arg,
                                                              const struct gateway_listing *l),
                                                        void *arg)
{
	(void)b;
	if (client->family == 4 && client->b[0] == 127 && client->b[3] == 1)
		return NULL;
	struct gateway_blocklists_query *q = mem_zalloc(sizeof(*q));
	*q = (struct gateway_blocklists_query){ .done = done, .arg = arg };
	q->warn = client->b[3] == 67;
	q->listed = client->b[3] == 66 || q->warn;
	q->timer = loop_timer_create(stand.loop, lists_answer, q);
	if (stand.lists_hold)
		held_lists = q;
	else
		loop_timer_arm(q->timer, 0);
	return q;
}

void gateway_blocklists_cancel(struct gateway_blocklists_query *q)
{
	if (!q)
		return;
	if (held_lists == q)
		held_lists = NULL;
	stand.lists_cancelled++;
	loop_timer_destroy(q->timer);
	free(q);
}

void stand_ins_release(void)
{
	stand.holds = stand.login_holds = stand.lists_hold = false;
	if (stand.waiting)
		loop_timer_arm(stand.timer, 0);
	if (held_login)
		loop_timer_arm(held_login->timer, 0);
	if (held_lists)
		loop_timer_arm(held_lists->timer, 0);
}
