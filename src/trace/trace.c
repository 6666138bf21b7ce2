/* SPDX-License-Identifier: ISC
 *
 * A trace from its message: the lines read, the border found, the chain walked, then the three
 * answers.
 */
#include "trace/trace-private.h"

#include "base/mem.h"
#include "mail/header.h"
#include "trace/names.h"
#include "trace/providers.h"

#include <stdlib.h>

static void add_hop(struct trace *t, const struct header_field *f)
{
	if (t->hop_count == TRACE_HOPS_MAX) {
		t->truncated = true;
		return;
	}
	if (t->hop_count == t->hop_cap) {
		t->hop_cap = t->hop_cap ? t->hop_cap * 2 : 16;
		t->hops = mem_realloc(t->hops, t->hop_cap, sizeof(*t->hops));
	}
	struct trace_hop *hop = &t->hops[t->hop_count++];
	received_parse(f->value, &hop->line);
	hop->raw = f->line;
	hop->offset = f->offset;
	hop->zone = TRACE_UNLINKED;
	hop->note = false;
	hop->why.n = 0;
	t->truncated |= hop->line.truncated;
}

static void add_odd(struct trace *t, const struct header_field *f)
{
	if (t->odd_count == TRACE_ODD_MAX) {
		t->truncated = true;
		return;
	}
	t->odd[t->odd_count++] = (struct trace_odd){ f->line, f->offset };
}

static void add_client(struct trace *t, const struct header_field *f)
{
	if (t->client_count < TRACE_CLIENTS_MAX)
		t->client[t->client_count++] = (struct trace_client){ f->name, f->value };
}

static void add_result(struct trace *t, const struct header_field *f, bool is_spf)
{
	if (t->result_count < TRACE_RESULTS_MAX)
		t->result[t->result_count++] =
			(struct trace_result_field){ f->value, is_spf, t->hop_count };
}

/* Fields of which the first counts. */
static void set(struct str *to, struct str value)
{
	if (to->n == 0)
		*to = value;
}

static bool marks_list(const struct header_field *f)
{
	if (header_is(f, STR("Precedence")))
		return str_caseeq(f->value, STR("list"));
	return str_caseprefix(f->name, STR("List-")) || header_is(f, STR("Mailing-List")) ||
	       header_is(f, STR("X-Mailman-Version")) || header_is(f, STR("X-BeenThere"));
}

static void take_field_in_r(struct trace *t, const struct header_field *f)
{
	if (header_is(f, STR("Received")))
		add_hop(t, f);
	else if (header_is(f, STR("Received-SPF")))
		add_result(t, f, true);
	else if (header_is(f, STR("Return-Path")))
		set(&t->return_path.address, f->value);
	else if (header_is(f, STR("Reply-To")))
		set(&t->return_path.reply_to, f->value);
	else if (str_caseprefix(f->name, STR("Resent-")))
		set(&t->resent, f->name);
}

/* One switch on the first letter, because every field of every message comes
 * by here and nearly all of them go. */
static void take_field(struct trace *t, const struct header_field *f)
{
	struct trace_return_path *rp = &t->return_path;
	switch (ascii_lower(f->name.p[0])) {
	case 'r':
		take_field_in_r(t, f);
		return;
	case 'd':
		if (header_is(f, STR("Date")) && !t->has_date)
			t->has_date = mail_date_parse(f->value, &t->date) == ERR_OK;
		return;
	case 'f':
		if (header_is(f, STR("From")))
			set(&rp->from, f->value);
		return;
	case 'a':
		if (header_is(f, STR("Authentication-Results")))
			add_result(t, f, false);
		return;
	case 'l':
	case 'p':
		if (t->list.n == 0 && marks_list(f))
			t->list = f->name;
		return;
	case 'm':
		if (header_is(f, STR("Message-ID")))
			set(&rp->message_id, f->value);
		else if (t->list.n == 0 && marks_list(f))
			t->list = f->name;
		return;
	case 'x':
		if (provider_header(f->name))
			add_client(t, f);
		else if (t->list.n == 0 && marks_list(f))
			t->list = f->name;
		return;
	default:
		return;
	}
}

static void read_block(struct trace *t, struct str message)
{
	struct header_cursor c;
	struct header_field f;
	header_begin(&c, message);
	while (header_next(&c, &f)) {
		if (f.odd)
			add_odd(t, &f);
		else
			take_field(t, &f);
	}
}

/* qmail-scanner and its kin add a line of their own, above the one by which their host took the
 * message. */
static void find_notes(struct trace *t)
{
	for (size_t i = 0; i + 1 < t->hop_count; i++) {
		struct trace_hop *hop = &t->hops[i];
		size_t below = i + 1;
		while (below + 1 < t->hop_count && t->hops[below].line.by.n == 0)
			below++;
		const struct received *r = &hop->line, *taken = &t->hops[below].line;
		bool same_host = name_eq(taken->by, r->by) || name_short_match(taken->by, r->by);
		bool other_client = r->ip.family && taken->ip.family && !ip_eq(&r->ip, &taken->ip);
		hop->note = r->form == RECEIVED_SCANNER && r->by.n && same_host && !other_client;
	}
}

/* Addresses that only lines without a holding link name. */
static void collect_claimed(struct trace *t)
{
	for (size_t i = t->handover_hop + 1; i < t->hop_count; i++) {
		const struct ip *ip = &t->hops[i].line.ip;
		bool known = ip_eq(ip, &t->handover) || ip_eq(ip, &t->origin);
		if (t->hops[i].zone <= TRACE_LINKED || !ip_is_public(ip))
			continue;
		for (size_t k = 0; k < t->claimed_count && !known; k++)
			known = ip_eq(ip, &t->claimed[k]);
		if (known)
			continue;
		if (t->claimed_count == TRACE_CLAIMED_MAX) {
			t->truncated = true;
			return;
		}
		t->claimed[t->claimed_count++] = *ip;
	}
}

static void say_chain(struct trace *t)
{
	static const enum trace_reason reasons[] = {
		[TRACE_CHAIN_NONE] = WHY_CHAIN_NONE, [TRACE_CHAIN_LINKED] = WHY_CHAIN_LINKED,
		[TRACE_CHAIN_WEAK] = WHY_CHAIN_WEAK, [TRACE_CHAIN_UNLINKED] = WHY_CHAIN_UNLINKED,
		[TRACE_CHAIN_FORGED] = WHY_CHAIN_FORGED,
	};
	why_add(&t->why, reasons[t->chain], STR(""), STR(""));
}

static void reset(struct trace *t)
{
	struct trace_hop *hops = t->hops;
	size_t cap = t->hop_cap;
	*t = (struct trace){ .hops = hops, .hop_cap = cap };
}

void trace_message(struct trace *t, struct str message, const struct trace_border *border)
{
	reset(t);
	read_block(t, message);
	find_notes(t);
	if (t->truncated)
		why_add(&t->why, WHY_TRUNCATED, STR(""), STR(""));
	border_find(t, border);
	if (t->handover.family) {
		chain_walk(t, border);
		say_chain(t);
		origin_find(t);
		relay_find(t, border);
		collect_claimed(t);
	}
	return_path_judge(t, border);
}

void trace_fini(struct trace *t)
{
	free(t->hops);
	*t = (struct trace){ 0 };
}

const char *trace_zone_text(enum trace_zone zone)
{
	static const char *const texts[] = {
		[TRACE_OWN] = "own", [TRACE_HANDOVER] = "handover", [TRACE_LINKED] = "linked",
		[TRACE_WEAK] = "weak", [TRACE_UNLINKED] = "unlinked", [TRACE_FORGED] = "forged",
	};
	return texts[zone];
}

const char *trace_chain_text(enum trace_chain chain)
{
	static const char *const texts[] = {
		[TRACE_CHAIN_NONE] = "none", [TRACE_CHAIN_LINKED] = "linked",
		[TRACE_CHAIN_WEAK] = "weak", [TRACE_CHAIN_UNLINKED] = "unlinked",
		[TRACE_CHAIN_FORGED] = "forged", [TRACE_CHAIN_NO_HANDOVER] = "no-handover",
	};
	return texts[chain];
}

const char *trace_return_text(enum trace_return verdict)
{
	static const char *const texts[] = {
		[TRACE_RETURN_UNKNOWN] = "unknown", [TRACE_RETURN_FORGED] = "forged",
		[TRACE_RETURN_PLAUSIBLE] = "plausible", [TRACE_RETURN_PROVED] = "proved",
	};
	return texts[verdict];
}

const char *trace_result_text(enum trace_result result)
{
	static const char *const texts[] = {
		[TRACE_RESULT_NONE] = "", [TRACE_RESULT_PASS] = "pass",
		[TRACE_RESULT_FAIL] = "fail", [TRACE_RESULT_OTHER] = "other",
	};
	return texts[result];
}
