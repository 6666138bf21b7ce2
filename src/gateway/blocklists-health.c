/* SPDX-License-Identifier: ISC
 *
 * Four questions at a time: the entry that must be listed and the one that must not, of both
 * families.
 */
#include "gateway/blocklists-health.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum { V4_LISTED, V4_UNLISTED, V6_LISTED, V6_UNLISTED, QUESTIONS, CODES_KEPT = 8 };

struct question {
	struct blocklist_health *health;
	struct dns_query *query;         /* NULL once it has called back */
	struct ip codes[CODES_KEPT];
	struct dns_result result;        /* its addresses are in `codes` */
};

struct blocklist_health {
	struct dns_resolver *resolver;
	struct loop *loop;
	const struct blocklist_entry *entry;
	struct question questions[QUESTIONS];
	struct loop_timer *timer;        /* of the next test */
	int64_t began_ms;
	bool known, well[2], was_sick;   /* well: IPv4, IPv6 */
	unsigned failures;               /* of answers to clients, in a row */
	int64_t failing_ms;              /* when the first of them came */
	bool resting;                    /* for so many of them */
	char problem[LOOKUP_PROBLEM_MAX];
	void (*on_known)(void *arg);
	void *arg;
};

static bool is_testing(const struct blocklist_health *h)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		if (h->questions[i].query)
			return true;
	return false;
}

static bool is_sick(const struct blocklist_health *h)
{
	return h->known && (h->resting || (!h->well[0] && !h->well[1]));
}

/* It is well again by an answer to a client, if it was none that it was given up for. */
static void log_change(struct blocklist_health *h)
{
	if (is_sick(h) && !h->was_sick)
		LOG(LOG_WARN, "blocklist-sick", LOG_S("list", h->entry->zone),
		    LOG_S("problem", h->problem));
	else if (!is_sick(h) && h->was_sick && h->failures == 0)
		LOG(LOG_INFO, "blocklist-well", LOG_S("list", h->entry->zone));
	h->was_sick = is_sick(h) || (h->was_sick && h->failures > 0);
}

static void conclude(struct blocklist_health *h)
{
	const struct question *q = h->questions;
	char of_v6[LOOKUP_PROBLEM_MAX];
	h->well[0] = lookup_judge_health(&q[V4_LISTED].result, &q[V4_UNLISTED].result, h->problem);
	h->well[1] = lookup_judge_health(&q[V6_LISTED].result, &q[V6_UNLISTED].result, of_v6);
	h->known = true;
	if (h->resting)
		h->failures = BLOCKLIST_FAILURES_MAX - 1;
	h->resting = false;
	log_change(h);
	loop_timer_arm(h->timer, BLOCKLIST_HEALTH_MS);
	h->on_known(h->arg);
}

static void answered(void *arg, const struct dns_result *result)
{
	struct question *q = arg;
	struct blocklist_health *h = q->health;
	const size_t n = result->ip_count < CODES_KEPT ? result->ip_count : CODES_KEPT;
	if (n > 0)
		memcpy(q->codes, result->ips, n * sizeof(*q->codes));
	q->query = NULL;
	q->result = (struct dns_result){ .status = result->status, .ips = q->codes, .ip_count = n };
	if (!is_testing(h))
		conclude(h);
}

static void begin(void *arg)
{
	struct blocklist_health *h = arg;
	const struct ip addresses[QUESTIONS] = {
		[V4_LISTED] = lookup_test_listed(4), [V4_UNLISTED] = lookup_test_unlisted(4),
		[V6_LISTED] = lookup_test_listed(6), [V6_UNLISTED] = lookup_test_unlisted(6),
	};
	assert(!is_testing(h));
	h->began_ms = loop_now_ms(h->loop);
	for (size_t i = 0; i < QUESTIONS; i++) {
		struct question *q = &h->questions[i];
		struct dns_name name;
		char text[DNS_NAME_TEXT_MAX];
		/* The entry's check has seen that it fits. */
		const int e = dns_name_reverse(&addresses[i], &h->entry->asked, &name);
		assert(e == ERR_OK);
		q->health = h;
		q->query = dns_resolve_a(h->resolver, str_of(dns_name_format(&name, text)),
		                         answered, q);
	}
}

struct blocklist_health *blocklist_health_create(struct loop *loop, struct dns_resolver *resolver,
                                                 const struct blocklist_entry *entry,
                                                 void (*known)(void *arg), void *arg)
{
	struct blocklist_health *h = mem_zalloc(sizeof(*h));
	*h = (struct blocklist_health){ .loop = loop, .resolver = resolver, .entry = entry,
	                                .on_known = known, .arg = arg };
	h->timer = loop_timer_create(loop, begin, h);
	begin(h);
	return h;
}

void blocklist_health_destroy(struct blocklist_health *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < QUESTIONS; i++)
		dns_query_cancel(h->questions[i].query);
	loop_timer_destroy(h->timer);
	free(h);
}

enum blocklist_state blocklist_health_of(const struct blocklist_health *h, uint8_t family)
{
	if (!h->known)
		return BLOCKLIST_UNKNOWN;
	return h->well[family == 4 ? 0 : 1] && !h->resting ? BLOCKLIST_WELL : BLOCKLIST_SICK;
}

const char *blocklist_health_problem(const struct blocklist_health *h)
{
	return is_sick(h) ? h->problem : NULL;
}

void blocklist_health_good(struct blocklist_health *h)
{
	h->failures = 0;
	log_change(h);
}

void blocklist_health_bad(struct blocklist_health *h, const char *problem)
{
	const int64_t now_ms = loop_now_ms(h->loop), since_ms = now_ms - h->began_ms;
	if (h->failures++ == 0)
		h->failing_ms = now_ms;
	if (!h->resting && h->known && h->failures >= BLOCKLIST_FAILURES_MAX &&
	    now_ms - h->failing_ms >= BLOCKLIST_FAILING_MS) {
		h->resting = true;
		str_copy(h->problem, sizeof(h->problem), str_of(problem));
		log_change(h);
		loop_timer_arm(h->timer, BLOCKLIST_HEALTH_MS);
	}
	if (is_testing(h) || h->resting)
		return;
	loop_timer_arm(h->timer, since_ms >= BLOCKLIST_HEALTH_SOON_MS
	               ? 0 : BLOCKLIST_HEALTH_SOON_MS - since_ms);
}
