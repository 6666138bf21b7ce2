/* SPDX-License-Identifier: ISC
 *
 * Every message that anybody ever began to send by the gateway, known by a number in its header,
 * and what became of it.
 */
#include "mail.h"

#include "base/mem.h"
#include "files.h"
#include "gateway/dsn.h"

#include <stdio.h>
#include <stdlib.h>

struct letter *letters;
unsigned law_deaths, law_troubles;
static struct letter **last = &letters;
static unsigned letter_n;
enum { WRITTEN_MS = 60 * 1000, TROUBLES_MAX = 20000 };
/* When something went wrong at all; and what took bytes that were written. */
static struct moments {
	int64_t ms[TROUBLES_MAX];
	unsigned n;
} troubles, losses;

static void note(struct moments *m)
{
	if (m->n < TROUBLES_MAX)
		m->ms[m->n++] = world.now_ms;
}

static bool any_near(const struct moments *m, int64_t at_ms)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->ms[i] >= at_ms - WRITTEN_MS && m->ms[i] <= at_ms + WRITTEN_MS)
			return true;
	return false;
}

static void trouble(bool loses)
{
	law_troubles++;
	note(&troubles);
	if (loses)
		note(&losses);
}

/* ---- writing them ------------------------------------------------------------------------ */

struct letter *letter_new(const struct user *account, const char *sender)
{
	struct letter *l = mem_zalloc(sizeof(*l));
	*l = (struct letter){ .n = ++letter_n, .account = account };
	str_copy(l->sender, sizeof(l->sender), str_of(sender));
	buf_printf(&l->text, "From: <%s>\r\nX-World: %u\r\nSubject: letter %u\r\n\r\n",
	           account ? account->address[0] : *sender ? sender : "nobody@f0.example", l->n,
	           l->n);
	for (unsigned i = chance_of(100) ? chance_below(600) : chance_below(20); i > 0; i--)
		buf_printf(&l->text, "%sline %u of %u\r\n", chance_of(100) ? "." : "", i, l->n);
	*last = l;
	last = &l->next;
	return l;
}

struct copy *letter_add(struct letter *l, struct str address)
{
	struct copy *c = &l->to[l->count++];
	str_copy(c->address, sizeof(c->address), address);
	return c;
}

static bool is_own_address(const struct letter *l)
{
	return l->logged_in && (!*l->sender || names_owns(str_of(l->account->name),
	                                                  str_of(l->sender)));
}

void letter_rcpt_accepted(struct letter *l, struct copy *c)
{
	c->accepted = true;
	if (!is_own_address(l) && l->logged_in)
		world_broken("own-name", "%s sends as %s", l->account->name, l->sender);
	if (!l->logged_in && !names_is_mailbox(str_of(c->address)))
		world_broken("never-relays", "a stranger may send to %s", c->address);
}

void letter_answered(struct letter *l, int code, struct str said)
{
	size_t at = str_search(said, STR("Queued as "));
	l->state = code / 100 == 2 ? LETTER_ACKNOWLEDGED : LETTER_REFUSED;
	trace("letter %u: %d %.*s", l->n, code, STR_ARG(said));
	if (at != SIZE_MAX)
		str_copy(l->id, sizeof(l->id), str_from(said, at + 10));
}

/* ---- reading them ------------------------------------------------------------------------ */

static struct letter *letter_of(struct str text)
{
	size_t at = str_search(text, STR("X-World: "));
	unsigned long n = at == SIZE_MAX ? 0 : strtoul(text.p + at + 9, NULL, 10);
	for (struct letter *l = letters; l; l = l->next)
		if (l->n == n)
			return l;
	return NULL;
}

static struct copy *copy_of(struct letter *l, struct str address)
{
	for (unsigned i = 0; i < l->count; i++)
		if (str_caseeq(address, str_of(l->to[i].address)))
			return &l->to[i];
	return NULL;
}

static bool is_notice(struct str text)
{
	return str_search(text, STR("multipart/report")) != SIZE_MAX;
}

/* Of an account's mail it is told itself; of a stranger's the postmaster of the recipient. */
static bool is_to_be_told(const struct letter *l, struct str rcpt)
{
	if (l->logged_in)
		return *l->sender && str_caseeq(rcpt, str_of(l->sender));
	return str_caseprefix(rcpt, STR("postmaster@")) && names_is_mailbox(rcpt);
}

/* Of each recipient that a notice says has failed. */
static void each_failed(struct letter *l, struct str text, void (*each)(struct copy *c))
{
	static const char mark[] = "Final-Recipient: rfc822;";
	for (size_t at; (at = str_search(text, str_of(mark))) != SIZE_MAX;) {
		text = str_from(text, at + sizeof(mark) - 1);
		struct str rest = text, line = { 0 };
		str_token(&rest, "\r\n", &line);
		struct copy *c = copy_of(l, str_trim(line));
		size_t action = str_search(text, STR("Action: "));
		if (c && action != SIZE_MAX && action < 400 &&
		    str_prefix(str_from(text, action), STR("Action: failed")))
			each(c);
	}
}

static void be_told(struct copy *c) { c->told = true; }
static void be_silent(struct copy *c) { c->silent = true; }

/* ---- notices ------------------------------------------------------------------------------ */

static void made(struct letter *l, struct copy *c)
{
	if (c->dropped_ms > 0 && !any_near(&losses, c->dropped_ms))
		world_broken("dropped", "letter %u to %s: a notice about it", l->n, c->address);
	if (c->notices > 0 && c->trouble_then == law_troubles)
		world_broken("notices", "letter %u to %s: another notice of failure", l->n,
		             c->address);
	c->notices++;
	c->trouble_then = law_troubles;
}

static void note_notice(const struct gateway_dsn *dsn, struct letter *l, bool is_made)
{
	if (is_made && l->logged_in && !*l->sender)
		world_broken("notices", "one about letter %u, which is nobody's", l->n);
	if (is_made && (l->state == LETTER_TALKING || l->state == LETTER_REFUSED) &&
	    law_troubles == 0)
		world_broken("notices", "letter %u was never accepted", l->n);
	for (size_t i = 0; i < dsn->count && dsn->what == GATEWAY_NOTICE_FAILED; i++) {
		struct copy *c = copy_of(l, dsn->told[i].rcpt->to.address);
		if (c && is_made && !c->never)
			made(l, c);
		else if (c)
			c->silent = true;
	}
}

bool __real_gateway_dsn_make(const struct gateway_dsn *dsn, bool local, struct arena *a,
                             struct gateway_envelope *envelope, struct buf *text);
bool __wrap_gateway_dsn_make(const struct gateway_dsn *dsn, bool local, struct arena *a,
                             struct gateway_envelope *envelope, struct buf *text);
bool __wrap_gateway_dsn_make(const struct gateway_dsn *dsn, bool local, struct arena *a,
                             struct gateway_envelope *envelope, struct buf *text)
{
	bool is_made = __real_gateway_dsn_make(dsn, local, a, envelope, text);
	struct letter *l = letter_of(dsn->original);
	if (!l)
		world_broken("never-lost", "what a notice is about cannot be read");
	if (is_notice(dsn->original) && is_made)
		world_broken("notices", "one about a notice, about letter %u", l->n);
	if (is_notice(dsn->original))
		each_failed(l, dsn->original, be_silent);
	else
		note_notice(dsn, l, is_made);
	return is_made;
}

/* ---- what arrives ------------------------------------------------------------------------- */

void law_rcpt(struct str sender, struct str rcpt, bool local)
{
	if (!local && sender.n > 0) {
		for (const struct letter *l = letters; l; l = l->next)
			if (l->logged_in && l->state != LETTER_TALKING &&
			    str_caseeq(sender, str_of(l->sender)))
				return;
		world_broken("never-relays", "a server is asked for %.*s by %.*s", STR_ARG(rcpt),
		             STR_ARG(sender));
	}
}

static void check_notice(struct letter *l, struct str rcpt, struct str text)
{
	if (!is_to_be_told(l, rcpt))
		world_broken("notices", "one about letter %u of %s goes to %.*s", l->n,
		             l->sender, STR_ARG(rcpt));
	if (l->state == LETTER_TALKING || (l->state == LETTER_REFUSED && law_troubles == 0))
		world_broken("notices", "letter %u was never accepted", l->n);
	each_failed(l, text, be_told);
}

/* What is known is soon written down and synced, and nobody forgets it then. */
static bool was_written(const struct copy *c)
{
	return !any_near(&troubles, c->confirmed_ms) &&
	       world.now_ms > c->confirmed_ms + WRITTEN_MS;
}

static void check_once(const struct letter *l, const struct copy *c)
{
	if (c->taken > 0 && c->confirmed_ms > 0 &&
	    (c->deaths_then == law_deaths || was_written(c)))
		world_broken("once", "%s gets letter %u again", c->address, l->n);
}

/* It goes on now, and must not. What an order wrote is there after any kill; before it is synced a
 * power cut or a sick disk may take it. */
static void check_ordered(const struct letter *l, const struct copy *c)
{
	if (c->held_ms > 0 && !any_near(&losses, c->held_ms))
		world_broken("held", "letter %u to %s was held", l->n, c->address);
	if (c->dropped_ms > 0 && !any_near(&losses, c->dropped_ms))
		world_broken("dropped", "letter %u to %s was dropped", l->n, c->address);
}

struct copy *law_taken(struct str sender, struct str rcpt, struct str text, bool local,
                       unsigned deaths)
{
	struct letter *l = letter_of(text);
	if (!l)
		world_broken("never-relays", "%.*s gets what nobody sent", STR_ARG(rcpt));
	trace("%.*s takes letter %u of %.*s", STR_ARG(rcpt), l->n, STR_ARG(sender));
	if (is_notice(text) && sender.n > 0)
		world_broken("notices", "one has a sender: %.*s", STR_ARG(sender));
	if (is_notice(text)) {
		check_notice(l, rcpt, text);
		return NULL;
	}
	struct copy *c = copy_of(l, rcpt);
	if (!c || !c->accepted || !str_caseeq(sender, str_of(l->sender)))
		world_broken("never-relays", "%.*s gets letter %u, which was not for it",
		             STR_ARG(rcpt), l->n);
	if (!local && !is_own_address(l))
		world_broken("never-relays", "%.*s gets letter %u of %.*s", STR_ARG(rcpt), l->n,
		             STR_ARG(sender));
	if (l->state == LETTER_TALKING || (l->state == LETTER_REFUSED && law_troubles == 0))
		world_broken("refused", "%.*s gets letter %u", STR_ARG(rcpt), l->n);
	if (text.n < l->text.n || !str_eq(str_from(text, text.n - l->text.n), buf_str(&l->text)))
		world_broken("whole", "%.*s gets another letter %u", STR_ARG(rcpt), l->n);
	check_once(l, c);
	check_ordered(l, c);
	c->taken++;
	c->confirmed_ms = 0;
	c->deaths_then = deaths;
	return c;
}

/* ---- Maildirs ----------------------------------------------------------------------------- */

/* Of its header, which ends in an empty line. */
static struct str field_of(struct str text, const char *name)
{
	struct str line;
	while (str_token(&text, "\n", &line) && line.n > 0)
		if (str_prefix(line, str_of(name)))
			return str_trim(str_from(line, strlen(name)));
	return STR("");
}

static bool is_whole(const struct letter *l, struct str text)
{
	struct buf lines = { 0 };
	for (size_t i = 0; i < l->text.n; i++)
		if (l->text.p[i] != '\r')
			buf_add_byte(&lines, l->text.p[i]);
	bool whole = text.n >= lines.n &&
	             str_eq(str_from(text, text.n - lines.n), buf_str(&lines));
	buf_fini(&lines);
	return whole;
}

static void be_told_boxed(struct copy *c) { c->told_boxed = true; }

static void look_at_mail(void *arg, const char *path, struct str text)
{
	struct letter *l = letter_of(text);
	struct str rcpt = field_of(text, "Delivered-To:"), sender = field_of(text, "Return-Path:");
	(void)arg;
	if (!strstr(path, "/new/"))
		return;
	if (!l || sender.n < 2)
		world_broken("whole", "%s is no letter", path);
	if (is_notice(text)) {
		if (!is_to_be_told(l, rcpt))
			world_broken("notices", "one about letter %u is in %s", l->n, path);
		each_failed(l, text, be_told_boxed);
		return;
	}
	struct copy *c = copy_of(l, rcpt);
	if (!c || !c->accepted)
		world_broken("never-relays", "%s has letter %u, which was not for it", path, l->n);
	if (l->state == LETTER_TALKING || (l->state == LETTER_REFUSED && law_troubles == 0))
		world_broken("refused", "%s has letter %u", path, l->n);
	if (!is_whole(l, text))
		world_broken("whole", "%s has another letter %u", path, l->n);
	/* By its name it is known again, whoever died meanwhile. */
	if (++c->boxed > 1)
		world_broken("once", "%s has letter %u again", path, l->n);
	if (c->boxed > c->boxed_then)
		check_ordered(l, c);
}

static void look_at_mailboxes(void)
{
	for (struct letter *l = letters; l; l = l->next)
		for (unsigned i = 0; i < l->count; i++) {
			l->to[i].boxed = 0;
			l->to[i].told_boxed = false;
		}
	files_each("mailboxes", look_at_mail, NULL);
}

void law_order_given(const struct gateway_queue *q, struct letter *l)
{
	const struct gateway_message *m =
		gateway_queue_find((struct gateway_queue *)(uintptr_t)q, str_of(l->id));
	look_at_mailboxes();
	for (unsigned i = 0; i < l->count; i++) {
		l->to[i].boxed_then = l->to[i].boxed;
		l->to[i].rests = false;
	}
	for (size_t i = 0; m && i < m->rcpt_count; i++) {
		struct copy *c = copy_of(l, m->rcpt[i].to.address);
		if (c)
			c->rests = m->rcpt[i].state == GATEWAY_WAITING;
	}
}

void law_ordered(struct letter *l, enum order what, bool known)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct copy *c = &l->to[i];
		if (!known && what == ORDER_DROP)
			c->silent = true;
		if (what == ORDER_RELEASE || (what == ORDER_HOLD && !known))
			c->held_ms = 0;
		else if (what == ORDER_HOLD && c->rests)
			c->held_ms = world.now_ms;
		if (what == ORDER_DROP && known && c->rests)
			c->dropped_ms = world.now_ms;
	}
}

/* Nothing more is owed. */
static bool is_over(const struct copy *c)
{
	return !c->accepted || c->taken > 0 || c->boxed > 0 || c->told || c->told_boxed ||
	       c->silent || c->dropped_ms > 0;
}

/* ---- deaths ------------------------------------------------------------------------------- */

void law_after_death(bool power)
{
	law_deaths++;
	trouble(power);
	if (power)
		files_power_cut();
}

void law_disturbed(void)
{
}

/* A notice that there was no room for is made again; what was not written may be forgotten. */
void law_logs(const char *event)
{
	if (str_eq(str_of(event), STR("notice-unwritten")) ||
	    str_eq(str_of(event), STR("queue-unwritten")))
		trouble(false);
}

void law_disk_failed(void)
{
	trouble(true);
}

/* What in the queue are notices about which copies. */
static struct copy *told_in_queue[4096];
static unsigned told_n;

static void note_told(struct copy *c)
{
	if (told_n < sizeof(told_in_queue) / sizeof(*told_in_queue))
		told_in_queue[told_n++] = c;
}

static void read_notices(struct gateway_queue *q)
{
	struct gateway_message *m = NULL;
	told_n = 0;
	for (uint64_t at = 0; (m = gateway_queue_after(q, at)); at = m->number) {
		struct buf text = { 0 };
		if (gateway_queue_text(q, m, &text) != ERR_OK)
			world_broken("never-lost", "what is in the queue cannot be read");
		struct letter *l = letter_of(buf_str(&text));
		if (l && is_notice(buf_str(&text)))
			each_failed(l, buf_str(&text), note_told);
		buf_fini(&text);
	}
}

static bool is_waiting(const struct gateway_message *m, const struct copy *c)
{
	for (size_t i = 0; m && i < m->rcpt_count; i++)
		if (str_caseeq(m->rcpt[i].to.address, str_of(c->address)) &&
		    (m->rcpt[i].state == GATEWAY_WAITING || m->rcpt[i].state == GATEWAY_TRYING))
			return true;
	for (unsigned i = 0; i < told_n; i++)
		if (told_in_queue[i] == c)
			return true;
	return false;
}

void law_opened(struct gateway_queue *q)
{
	read_notices(q);
	look_at_mailboxes();
	for (struct letter *l = letters; l; l = l->next) {
		const struct gateway_message *m = gateway_queue_find(q, str_of(l->id));
		for (unsigned i = 0; i < l->count && l->state == LETTER_ACKNOWLEDGED; i++) {
			const struct copy *c = &l->to[i];
			if (m && c->dropped_ms > 0 && !any_near(&losses, c->dropped_ms))
				world_broken("dropped", "letter %u (%s) is in the queue again",
				             l->n, l->id);
			if (!is_over(c) && !is_waiting(m, c))
				world_broken("never-lost", "letter %u (%s) to %s is gone", l->n,
				             l->id, c->address);
		}
	}
}

void law_letters_end(void)
{
	look_at_mailboxes();
	for (struct letter *l = letters; l; l = l->next)
		for (unsigned i = 0; i < l->count && l->state == LETTER_ACKNOWLEDGED; i++) {
			const struct copy *c = &l->to[i];
			if (!is_over(c))
				world_broken("never-lost", "letter %u (%s) to %s is gone", l->n,
				             l->id, c->address);
		}
}
