/* SPDX-License-Identifier: ISC
 *
 * The report as XARF version 4 has it: one JSON object of the class messaging, type spam.
 * The copy of the message is its evidence.
 */
#include "report/report.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* Schema: organisation, contact, domain. */
static json_t *reporter_json(const struct reporter *r)
{
	const char *at = strrchr(r->from, '@');
	return json_pack("{s:o, s:o, s:o}", "org", json_cstr(r->organisation),
	                 "contact", json_cstr(r->from),
	                 "domain", json_cstr(at ? at + 1 : r->hostname));
}

static void set_text(json_t *root, const char *key, struct str text, size_t max)
{
	struct buf b = { 0 };
	report_ascii(text, max, &b);
	if (b.n)
		json_object_set_new(root, key, json_text(buf_str(&b)));
	buf_fini(&b);
}

static json_t *evidence_json(const struct report_facts *f)
{
	unsigned char digest[32];
	char hex[65];
	int n = (int)f->copy.n;
	char *payload = mem_alloc((size_t)(n + 2) / 3 * 4 + 1);
	EVP_EncodeBlock((unsigned char *)payload, (const unsigned char *)f->copy.p, n);
	EVP_Digest(f->copy.p, f->copy.n, digest, NULL, EVP_sha256(), NULL);
	hex_encode(digest, sizeof(digest), hex);
	char *hash = mem_printf("sha256:%s", hex);
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:i}", "content_type", "message/rfc822",
	                         "description", "the message, persons redacted (RFC 6590)",
	                         "payload", payload, "hash", hash, "size", n);
	free(payload);
	free(hash);
	return json_pack("[o]", item);
}

/* An address of the envelope, redacted; nothing for what is none. */
static void set_address(const struct report_facts *f, json_t *root, const char *key,
                        struct str address)
{
	address = str_trim(address);
	if (address.n && address.p[0] == '<')
		address = str_from(address, 1);
	if (address.n && address.p[address.n - 1] == '>')
		address.n--;
	if (str_find(address, '@') == SIZE_MAX)
		return;
	struct buf redacted = { 0 };
	redact_text(f->redaction, address, &redacted);
	set_text(root, key, buf_str(&redacted), 320);
	buf_fini(&redacted);
}

/* The schema's "smtp" wants the sender's address and the port that the source came from.
 * Mail servers seldom write the port down, and a made-up one would accuse another customer
 * behind the same address: without either it is "other", and a tag says what it was. */
static void add_smtp(const struct report_facts *f, json_t *root)
{
	unsigned port = report_source_port(f);
	set_address(f, root, "smtp_from", f->trace->return_path.address);
	set_address(f, root, "smtp_to", f->trace->hops[f->trace->handover_hop].line.recipient);
	bool whole = port && json_object_get(root, "smtp_from");
	json_object_set_new(root, "protocol", json_string(whole ? "smtp" : "other"));
	json_object_set_new(root, "tags", json_pack("[s]", "protocol:smtp"));
	if (port)
		json_object_set_new(root, "source_port", json_integer(port));
}

static void add_description(const struct report_facts *f, json_t *root)
{
	struct buf b = { 0 };
	char ip[IP_TEXT_MAX];
	buf_printf(&b, "Spam, %u incident%s of network %s.", f->incidents,
	           f->incidents == 1 ? "" : "s", f->network);
	if (f->relay.family)
		buf_printf(&b, " The relay %s took it from a stranger without login.",
		           ip_format(&f->relay, ip));
	json_object_set_new(root, "description", json_text(buf_str(&b)));
	buf_fini(&b);
}

void xarf_format(const struct report_facts *f, struct buf *out)
{
	char ip[IP_TEXT_MAX], when[CLOCK_TEXT_MAX];
	int64_t arrival_s = report_arrival(f->trace);
	json_t *root = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:o, s:f}",
		"xarf_version", "4.2.0", "report_id", f->uuid,
		"timestamp", clock_format(arrival_s ? arrival_s : f->now_s, when),
		"reporter", reporter_json(&f->reporter), "sender", reporter_json(&f->reporter),
		"source_identifier", ip_format(&f->source, ip),
		"category", "messaging", "type", "spam", "evidence_source", "user_complaint",
		"evidence", evidence_json(f), "confidence", f->is_origin ? 0.8 : 1.0);
	add_smtp(f, root);
	set_text(root, "subject", report_copy_field(f, STR("Subject")), 500);
	set_text(root, "message_id", report_copy_field(f, STR("Message-ID")), 200);
	add_description(f, root);
	char *text = json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII | JSON_SORT_KEYS |
	                        JSON_REAL_PRECISION(3));
	buf_add_cstr(out, text);
	buf_add_byte(out, '\n');
	free(text);
	json_decref(root);
}
