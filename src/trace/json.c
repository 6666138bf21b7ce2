/* SPDX-License-Identifier: ISC
 *
 * A trace as JSON. Values of the message are bytes, and are written so that none is lost.
 */
#include "trace/json.h"

#include "base/clock.h"
#include "mail/header.h"
#include "trace/why.h"

enum { TEXT_MAX_BYTES = 2000 };      /* of one value; longer ones are cut */

/* A value of the message: unfolded, cut to a length that a reader can use. */
static void write_bytes(struct json *j, const char *key, struct str s)
{
	char text[TEXT_MAX_BYTES];
	size_t n = header_unfold(s, text, sizeof(text));
	json_add_bytes(j, key, (struct str){ text, n });
}

/* "" where a line does not say, by promise. */
static void write_ip(struct json *j, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_MAX] = "";
	json_add_cstr(j, key, ip->family ? ip_format(ip, text) : text);
}

/* The words, and beside them in the same order their codes. */
static void write_whys(struct json *j, const char *words, const char *codes,
                       const struct trace_whys *whys)
{
	struct buf text = { 0 };
	char code[WHY_CODE_MAX];
	json_open_array(j, words);
	for (unsigned i = 0; i < whys->n; i++) {
		buf_clear(&text);
		why_text(&whys->v[i], &text);
		json_add_bytes(j, NULL, buf_str(&text));
	}
	json_close(j);
	json_open_array(j, codes);
	for (unsigned i = 0; i < whys->n; i++)
		json_add_cstr(j, NULL, why_code(&whys->v[i], code));
	json_close(j);
	buf_fini(&text);
}

/* Without a zone that is known, what the clock showed, too; where one is written that is not
 * known, that alone: to name an hour would be a guess. */
static void write_time(struct json *j, const struct received *r)
{
	char clock[CLOCK_TEXT_MAX] = "";
	if (r->has_time && !r->date.zone_unknown)
		json_add_int(j, "time", r->date.time_s);
	else
		json_add_null(j, "time");
	if (r->has_time && !r->date.has_zone)
		received_clock(r, clock);
	json_add_cstr(j, "time_without_zone", clock);
}

static void write_hop(struct json *j, const struct trace_hop *hop, size_t n)
{
	const struct received *r = &hop->line;
	json_open_object(j, NULL);
	json_add_int(j, "n", (int64_t)n);
	write_ip(j, "ip", &r->ip);
	write_bytes(j, "rdns", r->rdns);
	write_bytes(j, "helo", r->helo);
	write_bytes(j, "by", r->by);
	write_bytes(j, "with", r->with.n ? r->with : r->via);
	write_bytes(j, "id", r->id);
	write_bytes(j, "for", r->recipient);
	json_add_bool(j, "auth", r->auth);
	write_bytes(j, "tls", r->tls);
	write_bytes(j, "ident", r->ident);
	write_bytes(j, "sender", r->sender);
	write_bytes(j, "from", r->from);
	write_time(j, r);
	json_add_cstr(j, "zone", trace_zone_text(hop->zone));
	write_whys(j, "why", "why_codes", &hop->why);
	json_add_int(j, "offset", (int64_t)hop->offset);
	json_add_int(j, "length", (int64_t)hop->raw.n);
	json_close(j);
}

static void add_return_path(struct json *j, const struct trace_return_path *rp)
{
	json_open_object(j, "return_path");
	json_add_cstr(j, "verdict", trace_return_text(rp->verdict));
	write_bytes(j, "address", rp->address);
	write_bytes(j, "from", rp->from);
	write_bytes(j, "reply_to", rp->reply_to);
	write_bytes(j, "message_id", rp->message_id);
	json_add_cstr(j, "spf", trace_result_text(rp->auth.spf));
	write_bytes(j, "spf_domain", rp->auth.spf_domain);
	json_add_cstr(j, "spf_helo", trace_result_text(rp->auth.helo));
	write_bytes(j, "spf_helo_domain", rp->auth.helo_domain);
	json_add_cstr(j, "dkim", trace_result_text(rp->auth.dkim));
	write_bytes(j, "dkim_domain", rp->auth.dkim_domain);
	json_add_cstr(j, "dmarc", trace_result_text(rp->auth.dmarc));
	write_bytes(j, "dmarc_domain", rp->auth.dmarc_domain);
	write_whys(j, "why", "why_codes", &rp->why);
	json_close(j);
}

static void write_odd(struct json *j, const struct trace *t)
{
	json_open_array(j, "odd");
	for (size_t i = 0; i < t->odd_count; i++) {
		struct str s = t->odd[i].raw;
		size_t shown = s.n < TEXT_MAX_BYTES ? s.n : TEXT_MAX_BYTES;
		json_open_object(j, NULL);
		json_add_bytes(j, "text", (struct str){ s.p, shown });
		json_add_int(j, "offset", (int64_t)t->odd[i].offset);
		json_add_int(j, "length", (int64_t)s.n);
		json_close(j);
	}
	json_close(j);
}

void trace_json(const struct trace *t, struct json *j)
{
	json_open_array(j, "hops");
	for (size_t i = 0; i < t->hop_count; i++)
		write_hop(j, &t->hops[i], i);
	json_close(j);
	write_ip(j, "handover", &t->handover);
	write_ip(j, "origin", &t->origin);
	write_bytes(j, "origin_header", t->origin_header);
	json_add_cstr(j, "chain", trace_chain_text(t->chain));
	json_open_array(j, "claimed");
	for (size_t i = 0; i < t->claimed_count; i++)
		write_ip(j, NULL, &t->claimed[i]);
	json_close(j);
	write_ip(j, "relay", &t->relay);
	write_whys(j, "relay_why", "relay_why_codes", &t->relay_why);
	write_whys(j, "why", "why_codes", &t->why);
	add_return_path(j, &t->return_path);
	write_odd(j, t);
	json_add_bool(j, "truncated", t->truncated);
}
