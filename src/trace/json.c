/* SPDX-License-Identifier: ISC
 *
 * A trace written field by field, each under its name of the contract.
 */
#include "trace/json.h"

#include "mail/header.h"
#include "trace/why.h"

enum { TEXT_MAX_BYTES = 2000 };      /* of one value; longer ones are cut */

void trace_json_bytes(struct str s, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	buf_add_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\') {
			buf_add_byte(out, '\\');
			buf_add_byte(out, (char)c);
		} else if (c < 0x20 || c >= 0x7f) {
			char u[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
			buf_add(out, u, sizeof(u));
		} else {
			buf_add_byte(out, (char)c);
		}
	}
	buf_add_byte(out, '"');
}

static void add_key(struct buf *out, const char *key)
{
	if (out->n && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[')
		buf_add_byte(out, ',');
	buf_add_byte(out, '"');
	buf_add_cstr(out, key);
	buf_add_cstr(out, "\":");
}

/* A value of the message: unfolded, cut to a length that a reader can use. */
static void add_value(struct buf *out, const char *key, struct str s)
{
	char text[TEXT_MAX_BYTES];
	add_key(out, key);
	size_t n = header_unfold(s, text, sizeof(text));
	trace_json_bytes((struct str){ text, n }, out);
}

static void add_ip_text(struct buf *out, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	buf_add_byte(out, '"');
	if (ip->family)
		buf_add_cstr(out, ip_format(ip, text));
	buf_add_byte(out, '"');
}

static void add_ip(struct buf *out, const char *key, const struct ip *ip)
{
	add_key(out, key);
	add_ip_text(out, ip);
}

static void add_word(struct buf *out, const char *key, const char *word)
{
	add_key(out, key);
	trace_json_bytes(str_of(word), out);
}

static void add_number(struct buf *out, const char *key, long long n)
{
	add_key(out, key);
	buf_printf(out, "%lld", n);
}

static void add_bool(struct buf *out, const char *key, bool yes)
{
	add_key(out, key);
	buf_add_cstr(out, yes ? "true" : "false");
}

static void add_whys(struct buf *out, const char *key, const struct trace_whys *whys)
{
	struct buf text = { 0 };
	add_key(out, key);
	buf_add_byte(out, '[');
	for (unsigned i = 0; i < whys->n; i++) {
		buf_clear(&text);
		why_text(&whys->v[i], &text);
		if (i)
			buf_add_byte(out, ',');
		trace_json_bytes(buf_str(&text), out);
	}
	buf_add_byte(out, ']');
	buf_fini(&text);
}

static void add_hop(struct buf *out, const struct trace_hop *hop, size_t n)
{
	const struct received *r = &hop->line;
	if (n)
		buf_add_byte(out, ',');
	buf_add_byte(out, '{');
	add_number(out, "n", (long long)n);
	add_ip(out, "ip", &r->ip);
	add_value(out, "rdns", r->rdns);
	add_value(out, "helo", r->helo);
	add_value(out, "by", r->by);
	add_value(out, "with", r->with.n ? r->with : r->via);
	add_value(out, "id", r->id);
	add_value(out, "for", r->recipient);
	add_bool(out, "auth", r->auth);
	add_value(out, "tls", r->tls);
	add_value(out, "ident", r->ident);
	add_value(out, "sender", r->sender);
	add_value(out, "from", r->from);
	add_key(out, "time");
	if (r->has_time)
		buf_printf(out, "%lld", (long long)r->date.time_s);
	else
		buf_add_cstr(out, "null");
	add_word(out, "zone", trace_zone_text(hop->zone));
	add_whys(out, "why", &hop->why);
	add_number(out, "offset", (long long)hop->offset);
	add_number(out, "length", (long long)hop->raw.n);
	buf_add_byte(out, '}');
}

static void add_claimed(struct buf *out, const struct trace *t)
{
	add_key(out, "claimed");
	buf_add_byte(out, '[');
	for (size_t i = 0; i < t->claimed_count; i++) {
		if (i)
			buf_add_byte(out, ',');
		add_ip_text(out, &t->claimed[i]);
	}
	buf_add_byte(out, ']');
}

static void add_return_path(struct buf *out, const struct trace_return_path *rp)
{
	add_key(out, "return_path");
	buf_add_byte(out, '{');
	add_word(out, "verdict", trace_return_text(rp->verdict));
	add_value(out, "address", rp->address);
	add_value(out, "from", rp->from);
	add_value(out, "reply_to", rp->reply_to);
	add_value(out, "message_id", rp->message_id);
	add_word(out, "spf", trace_result_text(rp->auth.spf));
	add_value(out, "spf_domain", rp->auth.spf_domain);
	add_word(out, "dkim", trace_result_text(rp->auth.dkim));
	add_value(out, "dkim_domain", rp->auth.dkim_domain);
	add_word(out, "dmarc", trace_result_text(rp->auth.dmarc));
	add_value(out, "dmarc_domain", rp->auth.dmarc_domain);
	add_whys(out, "why", &rp->why);
	buf_add_byte(out, '}');
}

static void add_odd(struct buf *out, const struct trace *t)
{
	add_key(out, "odd");
	buf_add_byte(out, '[');
	for (size_t i = 0; i < t->odd_count; i++) {
		if (i)
			buf_add_byte(out, ',');
		buf_add_byte(out, '{');
		struct str s = t->odd[i].raw;
		add_key(out, "text");
		size_t shown = s.n < TEXT_MAX_BYTES ? s.n : TEXT_MAX_BYTES;
		trace_json_bytes((struct str){ s.p, shown }, out);
		add_number(out, "offset", (long long)t->odd[i].offset);
		add_number(out, "length", (long long)s.n);
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

void trace_json(const struct trace *t, struct str id, struct buf *out)
{
	buf_add_byte(out, '{');
	add_key(out, "id");
	buf_add_str(out, id);
	add_key(out, "hops");
	buf_add_byte(out, '[');
	for (size_t i = 0; i < t->hop_count; i++)
		add_hop(out, &t->hops[i], i);
	buf_add_byte(out, ']');
	add_ip(out, "handover", &t->handover);
	add_ip(out, "origin", &t->origin);
	add_value(out, "origin_header", t->origin_header);
	add_word(out, "chain", trace_chain_text(t->chain));
	add_claimed(out, t);
	add_ip(out, "relay", &t->relay);
	add_whys(out, "relay_why", &t->relay_why);
	add_whys(out, "why", &t->why);
	add_return_path(out, &t->return_path);
	add_odd(out, t);
	add_bool(out, "truncated", t->truncated);
	buf_add_byte(out, '}');
}
