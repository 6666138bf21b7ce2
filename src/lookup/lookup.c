/* SPDX-License-Identifier: ISC
 *
 * One address asked at one list: the questions go out together; the text is asked for where all is
 * well and the address is listed.
 */
#include "lookup/lookup.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "dns/name.h"

#include <stdlib.h>

enum { LISTED_ENTRY, UNLISTED_ENTRY, ADDRESS, QUERIES };

struct part {
	struct lookup *lookup;
	struct dns_query *query;         /* NULL once it has called back */
	struct dns_result result;        /* its addresses are the lookup's arena's */
};

struct lookup {
	struct dns_resolver *resolver;
	struct arena arena;
	struct lookup_report report;
	struct part parts[QUERIES];
	struct str name;                 /* of the address, in the zone */
	struct dns_query *text;
	lookup_cb *cb;
	void *arg;
};

static void lookup_free(struct lookup *l)
{
	for (size_t i = 0; i < QUERIES; i++)
		dns_query_cancel(l->parts[i].query);
	dns_query_cancel(l->text);
	arena_fini(&l->arena);
	free(l);
}

static void lookup_finish(struct lookup *l)
{
	l->cb(l->arg, &l->report);
	lookup_free(l);
}

static void text_came(void *arg, const struct dns_result *result)
{
	struct lookup *l = arg;
	l->text = NULL;
	struct str *texts = arena_alloc(&l->arena, (result->text_count + 1) * sizeof(*texts));
	for (size_t i = 0; i < result->text_count; i++)
		texts[i] = arena_str(&l->arena, result->texts[i]);
	l->report.texts = texts;
	l->report.text_count = result->text_count;
	lookup_finish(l);
}

static void lookup_conclude(struct lookup *l)
{
	struct lookup_report *r = &l->report;
	const struct dns_result *answer = &l->parts[ADDRESS].result;
	r->codes = answer->ips;
	r->code_count = answer->ip_count;
	if (!lookup_judge_health(&l->parts[LISTED_ENTRY].result,
	                         &l->parts[UNLISTED_ENTRY].result, r->problem))
		r->verdict = LOOKUP_SICK;
	else
		r->verdict = lookup_judge(answer, r->problem);
	if (r->verdict == LOOKUP_LISTED)
		l->text = dns_resolve_txt(l->resolver, l->name, text_came, l);
	else
		lookup_finish(l);
}

static void lookup_answered(void *arg, const struct dns_result *result)
{
	struct part *part = arg;
	struct lookup *l = part->lookup;
	struct ip *ips = arena_alloc(&l->arena, (result->ip_count + 1) * sizeof(*ips));
	if (result->ip_count)
		memcpy(ips, result->ips, result->ip_count * sizeof(*ips));
	part->query = NULL;
	part->result = (struct dns_result){ .status = result->status, .ips = ips,
	                                    .ip_count = result->ip_count };
	for (size_t i = 0; i < QUERIES; i++)
		if (l->parts[i].query)
			return;
	lookup_conclude(l);
}

int lookup_start(struct dns_resolver *resolver, struct str zone, const struct ip *address,
                 lookup_cb *cb, void *arg, struct lookup **out)
{
	struct dns_name origin, names[QUERIES];
	struct ip addresses[QUERIES] = {
		[LISTED_ENTRY] = lookup_test_listed(address->family),
		[UNLISTED_ENTRY] = lookup_test_unlisted(address->family),
		[ADDRESS] = *address,
	};
	if (dns_name_parse(zone, &origin, NULL) != ERR_OK || origin.n == 1)
		return ERR_INVALID;
	for (size_t i = 0; i < QUERIES; i++) {
		int e = dns_name_reverse(&addresses[i], &origin, &names[i]);
		if (e != ERR_OK)
			return e;
	}
	struct lookup *l = mem_zalloc(sizeof(*l));
	char text[DNS_NAME_TEXT_MAX];
	*l = (struct lookup){ .resolver = resolver, .cb = cb, .arg = arg,
	                      .report.address = *address };
	l->report.zone = arena_str(&l->arena, str_of(dns_name_format(&origin, text)));
	for (size_t i = 0; i < QUERIES; i++) {
		struct str name = str_of(dns_name_format(&names[i], text));
		if (i == ADDRESS)
			l->name = arena_str(&l->arena, name);
		l->parts[i].lookup = l;
		l->parts[i].query = dns_resolve_a(resolver, name, lookup_answered, &l->parts[i]);
	}
	*out = l;
	return ERR_OK;
}

void lookup_cancel(struct lookup *l)
{
	if (l)
		lookup_free(l);
}

void lookup_report_json(const struct lookup_report *r, struct json *j)
{
	json_add_ip(j, "address", &r->address);
	json_add_str(j, "zone", r->zone);
	json_add_cstr(j, "result", lookup_verdict_name(r->verdict));
	json_open_array(j, "codes");
	for (size_t i = 0; i < r->code_count; i++)
		json_add_ip(j, NULL, &r->codes[i]);
	json_close(j);
	json_open_array(j, "text");
	for (size_t i = 0; i < r->text_count; i++) {
		struct buf safe = { 0 };
		buf_add_escaped(&safe, r->texts[i]);
		json_add_str(j, NULL, buf_str(&safe));
		buf_fini(&safe);
	}
	json_close(j);
	json_add_cstr_if(j, "problem", r->problem);
}
