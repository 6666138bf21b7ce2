/* SPDX-License-Identifier: ISC
 *
 * From the bootstrap to the registry, and on along its links.
 */
#include "report/rdap-search.h"

#include "base/file.h"
#include "base/mem.h"
#include "report/rdap.h"
#include "report/rdap-fetch.h"
#include "store/reports.h"

#include <stdlib.h>

struct rdap_search {
	struct contact_setup setup;
	struct ip address;
	struct contact_answer *answer;
	size_t bootstrap;                       /* which one is being read */
	struct prefix served;                   /* what the registry answers for */
	struct rdap_links links;
	size_t followed;                        /* of them */
	bool link_failed;
	struct fetch *fetch;
	struct loop_timer *step;
	struct arena arena;
	rdap_search_cb *cb;
	void *arg;
};

static void search_finish(struct rdap_search *s, bool settled)
{
	s->cb(s->arg, settled);
	rdap_search_destroy(s);
}

static void set_problem(struct rdap_search *s, const char *problem)
{
	str_copy(s->answer->problem, sizeof(s->answer->problem), str_of(problem));
}

static void fetch(struct rdap_search *s, const char *url, size_t max_bytes, fetch_cb *cb)
{
	const struct fetch_setup setup = {
		.loop = s->setup.loop, .resolver = s->setup.resolver,
		.private_ok = s->setup.config->rdap_private, .max_bytes = max_bytes,
		.timeout_ms = s->setup.config->timeout_s * 1000,
	};
	s->fetch = fetch_start(&setup, url, cb, s);
}

/* ---- the registry's answer ---------------------------------------------- */

static void link_came(void *arg, int err, struct str body, const char *problem);

/* Links are followed only while nobody is named. Without a desk and with a link that
 * failed, the answer is not one: it is asked for again. */
static void follow_links(struct rdap_search *s)
{
	if (s->answer->email_count == 0 && s->followed < s->links.n) {
		fetch(s, s->links.urls[s->followed++], RDAP_ANSWER_MAX_BYTES, link_came);
		return;
	}
	bool settled = s->answer->email_count > 0 || !s->link_failed;
	if (s->answer->email_count > 0)
		s->answer->problem[0] = '\0';
	search_finish(s, settled);
}

static void link_came(void *arg, int err, struct str body, const char *problem)
{
	struct rdap_search *s = arg;
	s->fetch = NULL;
	if (err != ERR_OK)
		set_problem(s, problem);
	if (err != ERR_OK || rdap_entity_parse(body, s->answer, &s->links) != ERR_OK)
		s->link_failed = true;
	follow_links(s);
}

static void answer_came(void *arg, int err, struct str body, const char *problem)
{
	struct rdap_search *s = arg;
	s->fetch = NULL;
	if (err == ERR_OK && rdap_parse(body, &s->address, &s->served, s->answer,
	                                &s->links) == ERR_OK) {
		follow_links(s);
		return;
	}
	/* 404: the registry has nothing on it, which is an answer. */
	if (err == ERR_NOT_FOUND)
		set_problem(s, "the registry knows no such network");
	else if (err != ERR_OK)
		set_problem(s, problem);
	search_finish(s, err == ERR_NOT_FOUND);
}

/* ---- the bootstraps ----------------------------------------------------- */

static const struct ip any = { .family = 4 };      /* what a bootstrap is kept under */

static const char *bootstrap_name(const struct rdap_search *s)
{
	return s->setup.config->rdap_bootstrap.v[s->bootstrap];
}

static void next_bootstrap(struct rdap_search *s)
{
	s->bootstrap++;
	loop_timer_arm(s->step, 0);
}

/* What came from elsewhere is kept if it is a bootstrap at all. */
static void read_bootstrap(struct rdap_search *s, struct str json, bool fetched)
{
	char url[RDAP_URL_MAX];
	int e = rdap_bootstrap_find(json, &s->address, s->links.http_ok, url, &s->served);
	if (fetched && e != ERR_INVALID)
		store_contact_put(s->setup.store, bootstrap_name(s), &any, &any, json,
		                  s->setup.now_s);
	if (e == ERR_OK) {
		fetch(s, url, RDAP_ANSWER_MAX_BYTES, answer_came);
		return;
	}
	if (e == ERR_INVALID)
		set_problem(s, "the bootstrap is no list of registries");
	next_bootstrap(s);
}

static void bootstrap_came(void *arg, int err, struct str body, const char *problem)
{
	struct rdap_search *s = arg;
	s->fetch = NULL;
	if (err == ERR_OK) {
		read_bootstrap(s, body, true);
	} else {
		set_problem(s, problem);
		next_bootstrap(s);
	}
}

static void load_bootstrap(struct rdap_search *s)
{
	struct str text;
	int64_t fetched_s;
	struct buf file = { 0 };
	const char *name = bootstrap_name(s);
	if (!strstr(name, "://")) {
		int e = file_read(name, RDAP_BOOTSTRAP_MAX_BYTES, &file);
		read_bootstrap(s, e == ERR_OK ? buf_str(&file) : STR(""), false);
		buf_fini(&file);
	} else if (store_contact_get(s->setup.store, name, &any,
	                             s->setup.now_s - s->setup.config->cache_s, &s->arena, &text,
	                             &fetched_s) == ERR_OK) {
		read_bootstrap(s, text, false);
	} else {
		fetch(s, name, RDAP_BOOTSTRAP_MAX_BYTES, bootstrap_came);
	}
}

static void search_on_step(void *arg)
{
	struct rdap_search *s = arg;
	if (s->bootstrap < s->setup.config->rdap_bootstrap.n) {
		load_bootstrap(s);
		return;
	}
	if (!s->answer->problem[0])
		set_problem(s, "no registry serves this address");
	search_finish(s, false);
}

struct rdap_search *rdap_search_start(const struct contact_setup *setup, const struct ip *address,
                                      struct contact_answer *answer, rdap_search_cb *cb,
                                      void *arg)
{
	struct rdap_search *s = mem_zalloc(sizeof(*s));
	*s = (struct rdap_search){
		.setup = *setup, .address = *address, .answer = answer, .cb = cb, .arg = arg,
		.links.http_ok = setup->config->rdap_private,
	};
	s->step = loop_timer_create(setup->loop, search_on_step, s);
	loop_timer_arm(s->step, 0);
	return s;
}

void rdap_search_destroy(struct rdap_search *s)
{
	if (!s)
		return;
	fetch_cancel(s->fetch);
	loop_timer_destroy(s->step);
	arena_fini(&s->arena);
	free(s);
}
