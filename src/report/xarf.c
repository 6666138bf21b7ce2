/* SPDX-License-Identifier: ISC
 *
 * The report as XARF version 4 has it: one JSON object of the class messaging, type spam.
 * The copy of the message is its evidence.
 */
#include "report/report.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* Members stand in the order of their names. Schema: organisation, contact, domain. */
static void add_reporter(struct json *j, const char *key, const struct reporter *r)
{
	const char *at = strrchr(r->from, '@');
	json_open_object(j, key);
	json_add_cstr(j, "contact", r->from);
	json_add_cstr(j, "domain", at ? at + 1 : r->hostname);
	json_add_cstr(j, "org", r->organisation);
	json_close(j);
}

static void xarf_add_text(struct json *j, const char *key, struct str text, size_t max)
{
	struct buf b = { 0 };
	report_ascii(text, max, &b);
	if (b.n)
		json_add_str(j, key, buf_str(&b));
	buf_fini(&b);
}

static void add_evidence(struct json *j, const struct report_facts *f)
{
	unsigned char digest[32];
	char hex[65];
	int n = (int)f->copy.n;
	char *payload = mem_alloc((size_t)(n + 2) / 3 * 4 + 1);
	EVP_EncodeBlock((unsigned char *)payload, (const unsigned char *)f->copy.p, n);
	EVP_Digest(f->copy.p, f->copy.n, digest, NULL, EVP_sha256(), NULL);
	hex_encode(digest, sizeof(digest), hex);
	char *hash = mem_printf("sha256:%s", hex);
	json_open_array(j, "evidence");
	json_open_object(j, NULL);
	json_add_cstr(j, "content_type", "message/rfc822");
	json_add_cstr(j, "description", "the message, persons redacted (RFC 6590)");
	json_add_cstr(j, "hash", hash);
	json_add_cstr(j, "payload", payload);
	json_add_int(j, "size", n);
	json_close(j);
	json_close(j);
	free(payload);
	free(hash);
}

/* An address of the envelope, redacted; false for what is none. */
static bool redact_address(const struct report_facts *f, struct str address, struct buf *redacted)
{
	address = str_trim(address);
	if (address.n && address.p[0] == '<')
		address = str_from(address, 1);
	if (address.n && address.p[address.n - 1] == '>')
		address.n--;
	if (str_find(address, '@') == SIZE_MAX)
		return false;
	redact_path(f->redaction, address, redacted);
	return redacted->n > 0;
}

static void xarf_add_address(struct json *j, const char *key, const struct report_facts *f,
                             struct str address)
{
	struct buf redacted = { 0 };
	if (redact_address(f, address, &redacted))
		xarf_add_text(j, key, (struct str){ redacted.p + 1, redacted.n - 2 }, 320);
	buf_fini(&redacted);
}

/* The schema's "smtp" wants the sender's address and the port that the source came from.
 * Mail servers seldom write the port down, and a made-up one would accuse another customer
 * behind the same address: without either it is "other", and a tag says what it was. */
static const char *xarf_protocol(const struct report_facts *f)
{
	struct buf redacted = { 0 };
	bool whole = report_source_port(f) != 0 &&
	             redact_address(f, f->trace->return_path.address, &redacted);
	buf_fini(&redacted);
	return whole ? "smtp" : "other";
}

static void add_description(struct json *j, const struct report_facts *f)
{
	struct buf b = { 0 };
	char ip[IP_TEXT_MAX];
	buf_printf(&b, "Spam, %u message%s", f->incidents, f->incidents == 1 ? "" : "s");
	if (f->network[0])
		buf_printf(&b, " from network %s", f->network);
	buf_add_byte(&b, '.');
	if (f->relay.family)
		buf_printf(&b, " The host %s took it from another and passed it on: it is a relay "
		           "or a forwarder.", ip_format(&f->relay, ip));
	json_add_str(j, "description", buf_str(&b));
	buf_fini(&b);
}

static void xarf_add_subject(struct json *j, const struct report_facts *f)
{
	enum { SUBJECT_MAX = 500 };
	char *subject = report_subject(f, SUBJECT_MAX);
	json_add_cstr_if(j, "subject", subject);
	free(subject);
}

static void add_members(struct json *j, const struct report_facts *f)
{
	const struct trace *t = f->trace;
	int64_t arrival_s = report_arrival(t);
	unsigned port = report_source_port(f);
	json_add_cstr(j, "category", "messaging");
	json_add_real(j, "confidence", f->is_origin ? 0.8 : 1.0);
	add_description(j, f);
	add_evidence(j, f);
	json_add_cstr(j, "evidence_source", "user_complaint");
	xarf_add_text(j, "message_id", report_copy_field(f, STR("Message-ID")), 200);
	json_add_cstr(j, "protocol", xarf_protocol(f));
	json_add_cstr(j, "report_id", f->uuid);
	add_reporter(j, "reporter", &f->reporter);
	add_reporter(j, "sender", &f->reporter);
	xarf_add_address(j, "smtp_from", f, t->return_path.address);
	xarf_add_address(j, "smtp_to", f, t->hops[t->handover_hop].line.recipient);
	json_add_ip(j, "source_identifier", &f->source);
	if (port)
		json_add_int(j, "source_port", port);
	xarf_add_subject(j, f);
	json_open_array(j, "tags");
	json_add_cstr(j, NULL, "protocol:smtp");
	json_close(j);
	json_add_time(j, "timestamp", arrival_s ? arrival_s : f->now_s);
	json_add_cstr(j, "type", "spam");
	json_add_cstr(j, "xarf_version", "4.2.0");
}

void xarf_format(const struct report_facts *f, struct buf *out)
{
	struct json j = { .out = out, .indent = 1, .ascii = true };
	json_open_object(&j, NULL);
	add_members(&j, f);
	json_close(&j);
	buf_add_byte(out, '\n');
}
