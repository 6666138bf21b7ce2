/* SPDX-License-Identifier: ISC
 *
 * Clients asked about at all lists at once. A question of a list whose health is not known yet
 * waits for it, so that the first clients after a start are judged like all others; all of it ends
 * by the time that the configuration gives, when what is still open says nothing.
 */
#include "gateway/blocklists-health.h"
#include "gateway/blocklists-kept.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
	CLIENTS_MAX = 10000,             /* asked about at the same time */
	OPEN_SLOTS = 1024,
};
_Static_assert(2 * GATEWAY_BLOCKLISTS_MAX <= 64, "a bit for each list");

struct list {
	struct gateway_blocklists *all;
	struct blocklist_entry entry;
	struct blocklist_health *health;
	bool allows;
	uint64_t asked, matched;
};

struct gateway_blocklists {
	struct loop *loop;
	struct dns_resolver *resolver;
	char *text;                      /* the template */
	int threshold;
	int64_t timeout_ms;
	bool warn, was_full;
	struct list lists[2 * GATEWAY_BLOCKLISTS_MAX];    /* allow-lists first */
	size_t count;
	struct hash_key key;
	struct question *questions[OPEN_SLOTS];   /* that are open, by their client */
	size_t open;
	struct blocklists_kept *kept;
};

/* One list's answer to one client. */
struct part {
	struct question *question;
	struct dns_query *dns;           /* NULL once it has called back, or for none */
	enum blocklist_said answer;      /* as far as it goes: the list may prove sick */
};

/* A session that waits for the answer. */
struct gateway_blocklists_query {
	struct question *question;
	struct gateway_blocklists_query *next, **link;
	void (*done)(void *arg, const struct gateway_listing *l);
	void *arg;
};

/* About a client, at all lists. */
struct question {
	struct gateway_blocklists *all;
	struct question *next, **link;   /* link NULL: it is answered */
	struct gateway_blocklists_query *waiting;
	struct ip client;
	struct loop_timer *timer;
	int64_t until_ms;
	bool look_again;                 /* the timer means that, not the end */
	struct dns_query *reason_query;  /* the case is settled, and the words are asked for */
	size_t speaks;                   /* the list whose words those are */
	struct buf reason;
	bool failed;                     /* a list did not say what it should */
	uint32_t keep_s;                 /* how long what was said may be remembered */
	struct part parts[];             /* one for each list */
};

/* ---- the end of a question ----------------------------------------------------------------- */

static void stop_asking(struct question *q)
{
	for (size_t i = 0; i < q->all->count; i++) {
		dns_query_cancel(q->parts[i].dns);
		q->parts[i].dns = NULL;
	}
	dns_query_cancel(q->reason_query);
	q->reason_query = NULL;
}

static void question_unlink(struct question *q)
{
	stop_asking(q);
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
	q->link = NULL;
	assert(q->all->open > 0);
	q->all->open--;
	loop_timer_destroy(q->timer);
}

static void question_free(struct question *q)
{
	assert(!q->link && !q->waiting);
	buf_fini(&q->reason);
	free(q);
}

static void query_free(struct gateway_blocklists_query *w)
{
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	free(w);
}

/* With the last session that waits goes the question; not one that is being answered. */
void gateway_blocklists_cancel(struct gateway_blocklists_query *w)
{
	if (!w)
		return;
	struct question *q = w->question;
	query_free(w);
	if (q->waiting || !q->link)
		return;
	question_unlink(q);
	question_free(q);
}

/* ---- what is known so far ------------------------------------------------------------------ */

static enum blocklist_said said(const struct question *q, size_t i)
{
	if (q->parts[i].answer == BLOCKLIST_NO)
		return BLOCKLIST_NO;
	switch (blocklist_health_of(q->all->lists[i].health, q->client.family)) {
	case BLOCKLIST_UNKNOWN: return BLOCKLIST_PENDING;
	case BLOCKLIST_WELL: return q->parts[i].answer;
	case BLOCKLIST_SICK: break;
	}
	return BLOCKLIST_NO;
}

/* `at_end`: what is open says nothing. */
static enum blocklist_case settle(const struct question *q, bool at_end,
                                  struct blocklist_vote *votes, int *weight)
{
	const struct gateway_blocklists *all = q->all;
	for (size_t i = 0; i < all->count; i++) {
		votes[i] = (struct blocklist_vote){ all->lists[i].allows,
		                                    all->lists[i].entry.weight, said(q, i) };
		if (at_end && votes[i].said == BLOCKLIST_PENDING)
			votes[i].said = BLOCKLIST_NO;
	}
	return blocklist_settle(votes, all->count, all->threshold, weight);
}

static void add_matched(const struct gateway_blocklists *all, const struct blocklist_vote *votes,
                        struct buf *out)
{
	for (size_t i = 0; i < all->count; i++)
		if (votes[i].said == BLOCKLIST_YES)
			buf_printf(out, "%s%s=%d", out->n > 0 ? " " : "",
			           all->lists[i].entry.zone, all->lists[i].entry.weight);
}

/* The lists that are well, a bit each. *known: of each it is known whether it is. */
static uint64_t well_lists(const struct gateway_blocklists *all, uint8_t family, bool *known)
{
	uint64_t well = 0;
	*known = true;
	for (size_t i = 0; i < all->count; i++) {
		const enum blocklist_state state =
			blocklist_health_of(all->lists[i].health, family);
		*known = *known && state != BLOCKLIST_UNKNOWN;
		well |= (uint64_t)(state == BLOCKLIST_WELL) << i;
	}
	return well;
}

/* What came too late, or was no answer, may be better the next time. */
static void keep(const struct question *q, const struct gateway_listing *listing)
{
	struct gateway_blocklists *all = q->all;
	bool known;
	const uint64_t well = well_lists(all, q->client.family, &known);
	if (known && !q->failed)
		blocklists_kept_put(all->kept, &q->client, well, listing, q->keep_s,
		                    loop_now_ms(all->loop));
}

static void note_time(struct question *q, const struct dns_result *result)
{
	if (result->keep_s < q->keep_s)
		q->keep_s = result->keep_s;
}

/* Any of them may end others that wait. */
static void tell(struct question *q, const struct gateway_listing *listing)
{
	assert(!q->link);
	while (q->waiting) {
		struct gateway_blocklists_query *w = q->waiting;
		void (*done)(void *, const struct gateway_listing *) = w->done;
		void *arg = w->arg;
		query_free(w);
		done(arg, listing);
	}
}

static void finish(struct question *q)
{
	const struct gateway_blocklists *all = q->all;
	struct blocklist_vote votes[2 * GATEWAY_BLOCKLISTS_MAX];
	struct gateway_listing listing = { .warn = all->warn };
	struct buf lists = { 0 };
	const enum blocklist_case outcome = settle(q, true, votes, &listing.weight);
	const size_t speaks = blocklist_spokesman(votes, all->count);
	assert(outcome != BLOCKLIST_OPEN);
	listing.listed = outcome == BLOCKLIST_LISTED;
	listing.allowed = outcome == BLOCKLIST_ALLOWED;
	assert(!listing.listed || speaks < all->count);
	add_matched(all, votes, &lists);
	listing.lists = buf_str(&lists);
	if (listing.listed)
		blocklist_text(str_of(all->text), &q->client, &all->lists[speaks].entry,
		               speaks == q->speaks ? buf_str(&q->reason) : STR(""),
		               listing.text);
	keep(q, &listing);
	question_unlink(q);
	tell(q, &listing);
	buf_fini(&lists);
	question_free(q);
}

static void reason_came(void *arg, const struct dns_result *result)
{
	struct question *q = arg;
	q->reason_query = NULL;
	note_time(q, result);
	if (result->text_count > 0)
		buf_add_str(&q->reason, result->texts[0]);
	finish(q);
}

static struct str name_at(const struct list *list, const struct ip *client,
                          char text[static DNS_NAME_TEXT_MAX])
{
	struct dns_name name;
	const int e = dns_name_reverse(client, &list->entry.asked, &name);
	assert(e == ERR_OK);
	return str_of(dns_name_format(&name, text));
}

/* Ends the question where it is settled; of a listed client the reason is asked first. */
static void look(struct question *q)
{
	const struct gateway_blocklists *all = q->all;
	struct blocklist_vote votes[2 * GATEWAY_BLOCKLISTS_MAX];
	char text[DNS_NAME_TEXT_MAX];
	int weight;
	if (q->reason_query)
		return;
	const enum blocklist_case outcome = settle(q, false, votes, &weight);
	if (outcome == BLOCKLIST_OPEN)
		return;
	if (outcome != BLOCKLIST_LISTED) {
		finish(q);
		return;
	}
	q->speaks = blocklist_spokesman(votes, all->count);
	stop_asking(q);
	q->reason_query = dns_resolve_txt(all->resolver, name_at(&all->lists[q->speaks],
	                                  &q->client, text), reason_came, q);
}

/* ---- what changes it ------------------------------------------------------------------------ */

static void answered(void *arg, const struct dns_result *result)
{
	struct part *part = arg;
	struct question *q = part->question;
	struct list *list = &q->all->lists[part - q->parts];
	char problem[LOOKUP_PROBLEM_MAX];
	const enum lookup_verdict verdict = lookup_judge(result, problem);
	part->dns = NULL;
	note_time(q, result);
	q->failed |= verdict == LOOKUP_SICK;
	part->answer = verdict == LOOKUP_LISTED &&
	               blocklist_entry_counts(&list->entry, result->ips, result->ip_count)
	               ? BLOCKLIST_YES : BLOCKLIST_NO;
	list->matched += part->answer == BLOCKLIST_YES;
	if (verdict == LOOKUP_SICK)
		blocklist_health_bad(list->health, problem);
	else
		blocklist_health_good(list->health);
	look(q);
}

/* Not from here: what is called back may end other questions. */
static void health_known(void *arg)
{
	const struct list *list = arg;
	for (size_t i = 0; i < OPEN_SLOTS; i++)
		for (struct question *q = list->all->questions[i]; q; q = q->next) {
			q->look_again = true;
			loop_timer_arm(q->timer, 0);
		}
}

static void blame_the_silent(const struct question *q)
{
	for (size_t i = 0; i < q->all->count; i++)
		if (q->parts[i].dns)
			blocklist_health_bad(q->all->lists[i].health, "no answer came in time");
}

static void fired(void *arg)
{
	struct question *q = arg;
	const int64_t left_ms = q->until_ms - loop_now_ms(q->all->loop);
	const bool again = q->look_again && left_ms > 0;
	q->look_again = false;
	if (!again) {
		q->failed = true;
		blame_the_silent(q);
		finish(q);
		return;
	}
	loop_timer_arm(q->timer, left_ms);
	look(q);
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Whether there is anything to ask that could list the client. */
static bool may_list(const struct gateway_blocklists *all, uint8_t family)
{
	int possible = 0;
	for (size_t i = 0; i < all->count; i++)
		if (!all->lists[i].allows &&
		    blocklist_health_of(all->lists[i].health, family) != BLOCKLIST_SICK)
			possible += all->lists[i].entry.weight;
	return possible >= all->threshold;
}

/* More clients at once than can be asked about go unasked; that is said once. */
static bool has_room(struct gateway_blocklists *all)
{
	const bool full = all->open >= CLIENTS_MAX;
	if (full && !all->was_full)
		LOG(LOG_WARN, "blocklists-full", LOG_I("clients", all->open));
	all->was_full = full || (all->was_full && all->open > CLIENTS_MAX / 2);
	return !full;
}

static struct question **slot_of(struct gateway_blocklists *all, const struct ip *client)
{
	uint8_t bytes[1 + sizeof(client->b)] = { client->family };
	memcpy(bytes + 1, client->b, client->family == 4 ? 4 : sizeof(client->b));
	return &all->questions[hash_bytes(&all->key, bytes, sizeof(bytes)) % OPEN_SLOTS];
}

static struct question *find_open(struct gateway_blocklists *all, const struct ip *client)
{
	struct question *q = *slot_of(all, client);
	while (q && !ip_eq(&q->client, client))
		q = q->next;
	return q;
}

static void question_link(struct gateway_blocklists *all, struct question *q)
{
	q->link = slot_of(all, &q->client);
	q->next = *q->link;
	if (q->next)
		q->next->link = &q->next;
	*q->link = q;
	all->open++;
}

static struct question *question_open(struct gateway_blocklists *all, const struct ip *client)
{
	char text[DNS_NAME_TEXT_MAX];
	struct question *q = mem_zalloc(sizeof(*q) + all->count * sizeof(q->parts[0]));
	*q = (struct question){ .all = all, .client = *client,
	                        .keep_s = BLOCKLISTS_KEPT_MOST_S };
	question_link(all, q);
	q->timer = loop_timer_create(all->loop, fired, q);
	q->until_ms = loop_now_ms(all->loop) + all->timeout_ms;
	loop_timer_arm(q->timer, all->timeout_ms);
	for (size_t i = 0; i < all->count; i++) {
		struct list *list = &all->lists[i];
		struct part *part = &q->parts[i];
		part->question = q;
		part->answer = BLOCKLIST_NO;
		if (blocklist_health_of(list->health, client->family) == BLOCKLIST_SICK)
			continue;
		part->answer = BLOCKLIST_PENDING;
		list->asked++;
		part->dns = dns_resolve_a(all->resolver, name_at(list, client, text), answered,
		                          part);
	}
	return q;
}

const struct gateway_listing *gateway_blocklists_known(const struct gateway_blocklists *all,
                                                       const struct ip *client)
{
	bool known;
	if (!client->family || all->count == 0)
		return NULL;
	const uint64_t well = well_lists(all, client->family, &known);
	return blocklists_kept_get(all->kept, client, well, loop_now_ms(all->loop));
}

struct gateway_blocklists_query *
gateway_blocklists_ask(struct gateway_blocklists *all, const struct ip *client,
                       void (*done)(void *arg, const struct gateway_listing *l), void *arg)
{
	if (!blocklist_asks_about(client) || !may_list(all, client->family))
		return NULL;
	struct question *q = find_open(all, client);
	if (!q && !has_room(all))
		return NULL;
	if (!q)
		q = question_open(all, client);
	struct gateway_blocklists_query *w = mem_alloc(sizeof(*w));
	*w = (struct gateway_blocklists_query){ .question = q, .next = q->waiting,
	                                        .link = &q->waiting, .done = done, .arg = arg };
	if (w->next)
		w->next->link = &w->next;
	q->waiting = w;
	return w;
}

/* ---- the lists ------------------------------------------------------------------------------ */

static void add_lists(struct gateway_blocklists *all, const struct config_strings *entries,
                      bool allows)
{
	for (size_t i = 0; i < entries->n; i++) {
		struct list *list = &all->lists[all->count];
		const char *expected;
		const int e = blocklist_entry_parse(str_of(entries->v[i]), &list->entry, &expected);
		assert(e == ERR_OK && i < GATEWAY_BLOCKLISTS_MAX);
		list->all = all;
		list->allows = allows;
		list->health = blocklist_health_create(all->loop, all->resolver, &list->entry,
		                                       health_known, list);
		all->count++;
	}
}

struct gateway_blocklists *gateway_blocklists_create(struct loop *loop,
                                                     struct dns_resolver *resolver,
                                                     const struct gateway_config *config)
{
	struct gateway_blocklists *all = mem_zalloc(sizeof(*all));
	*all = (struct gateway_blocklists){
		.loop = loop, .resolver = resolver, .text = mem_strdup(config->blocklist_text),
		.threshold = (int)config->blocklist_threshold,
		.timeout_ms = config->blocklist_timeout_s * 1000,
		.warn = strcmp(config->blocklist_action, "warn") == 0,
	};
	hash_key_init(&all->key);
	all->kept = blocklists_kept_create(&all->key);
	/* Without blocklists nobody is listed, and nothing is asked. */
	if (config->blocklists.n > 0) {
		add_lists(all, &config->allowlists, true);
		add_lists(all, &config->blocklists, false);
	}
	return all;
}

void gateway_blocklists_destroy(struct gateway_blocklists *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < OPEN_SLOTS; i++)
		while (all->questions[i])
			gateway_blocklists_cancel(all->questions[i]->waiting);
	assert(all->open == 0);
	for (size_t i = 0; i < all->count; i++)
		blocklist_health_destroy(all->lists[i].health);
	blocklists_kept_destroy(all->kept);
	free(all->text);
	free(all);
}

bool gateway_blocklists_state(const struct gateway_blocklists *all, size_t index,
                              struct gateway_blocklist_state *out)
{
	if (index >= all->count)
		return false;
	const struct list *list = &all->lists[index];
	const char *problem = blocklist_health_problem(list->health);
	*out = (struct gateway_blocklist_state){ .zone = list->entry.zone, .well = !problem,
	                                         .problem = problem, .asked = list->asked,
	                                         .matched = list->matched };
	return true;
}
