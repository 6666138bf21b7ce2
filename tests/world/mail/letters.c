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

/* ---- writing them ------------------------------------------------------------------------ */

struct letter *letter_new(const struct account *account, const char *sender)
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
	if (c->notices > 0 && c->trouble_then == law_troubles)
		world_broken("notices", "letter %u to %s: another notice of failure", l->n,
		             c->address);
	c->notices++;
	c->trouble_then = law_troubles;
}

static void note_notice(const struct gateway_dsn *dsn, struct letter *l, bool is_made)
{
	if (is_made && dsn->about->from.n == 0)
		world_broken("notices", "one about a notice, or about mail of nobody's");
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
	if (dsn->about->from.n == 0 && *l->sender)
		each_failed(l, dsn->original, be_silent);        /* a notice that failed */
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
	if (!*l->sender || !str_caseeq(rcpt, str_of(l->sender)))
		world_broken("never-relays", "a notice about letter %u of %s goes to %.*s", l->n,
		             l->sender, STR_ARG(rcpt));
	if (l->state == LETTER_TALKING || (l->state == LETTER_REFUSED && law_troubles == 0))
		world_broken("notices", "letter %u was never accepted", l->n);
	each_failed(l, text, be_told);
}

static void check_once(const struct letter *l, const struct copy *c)
{
	if (c->taken > 0 && c->confirmed && c->deaths_then == law_deaths)
		world_broken("once", "%s gets letter %u again", c->address, l->n);
}

struct copy *law_taken(struct str sender, struct str rcpt, struct str text, bool local,
                       unsigned deaths)
{
	struct letter *l = letter_of(text);
	if (!l)
		world_broken("never-relays", "%.*s gets what nobody sent", STR_ARG(rcpt));
	trace("%.*s takes letter %u of %.*s", STR_ARG(rcpt), l->n, STR_ARG(sender));
	if (sender.n == 0 && *l->sender) {
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
	c->taken++;
	c->confirmed = false;
	c->deaths_then = deaths;
	return c;
}

/* ---- deaths ------------------------------------------------------------------------------- */

void law_after_death(bool power)
{
	law_deaths++;
	law_troubles++;
	if (power)
		files_power_cut();
}

void law_disturbed(void)
{
}

/* A notice that there was no room for is made again. */
void law_logs(const char *event)
{
	if (str_eq(str_of(event), STR("notice-unwritten")))
		law_troubles++;
}

void law_disk_failed(void)
{
	law_troubles++;
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
		if (l && m->envelope.from.n == 0 && *l->sender)
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
	for (struct letter *l = letters; l; l = l->next) {
		const struct gateway_message *m = gateway_queue_find(q, str_of(l->id));
		for (unsigned i = 0; i < l->count && l->state == LETTER_ACKNOWLEDGED; i++) {
			const struct copy *c = &l->to[i];
			if (c->accepted && c->taken == 0 && !c->told && !c->silent &&
			    !is_waiting(m, c))
				world_broken("never-lost", "letter %u (%s) to %s is gone", l->n,
				             l->id, c->address);
		}
	}
}

void law_letters_end(void)
{
	for (struct letter *l = letters; l; l = l->next)
		for (unsigned i = 0; i < l->count && l->state == LETTER_ACKNOWLEDGED; i++) {
			const struct copy *c = &l->to[i];
			if (c->accepted && c->taken == 0 && !c->told && !c->silent)
				world_broken("never-lost", "letter %u (%s) to %s is gone", l->n,
				             l->id, c->address);
		}
}
