/* SPDX-License-Identifier: ISC
 *
 * Hostile input: probe_mark_found() reads whole messages of any client of the collector that
 * knows a valid token. gmime does the MIME decoding.
 */
#include "relaytest/probe.h"

#include "base/clock.h"
#include "mail/mime.h"

#include <gmime/gmime.h>

enum { MIME_DEPTH_MAX = 8, MIME_PARTS_MAX = 64 };

static const char *consent_sentence(enum consent c)
{
	switch (c) {
	case CONSENT_OWNER: return "the owner of this address asked for it";
	case CONSENT_CONTACT: return "this address sent mail to us";
	case CONSENT_EVIDENCE: return "spam that came by way of this address was reported to us";
	case CONSENT_RANGE: return "an operator of this network permitted it";
	case CONSENT_NONE: break;
	}
	return "none";
}

void probe_write(const struct probe *p, struct buf *out)
{
	const struct identity *us = p->us;
	char date[CLOCK_TEXT_MAX], target[ENDPOINT_TEXT_MAX];
	struct buf text = { 0 };
	endpoint_format(&p->target, target);
	buf_printf(out,
		"From: Open relay test <postmaster@%s>\n"
		"To: <%s@%s>\n"
		"Subject: Open relay test of %s, case %s\n"
		"Date: %s\n"
		"Message-ID: <%s@%s>\n"
		"Auto-Submitted: auto-generated\n"
		"Precedence: bulk\n"
		"X-Relay-Test: test=%s case=%s mark=%s\n",
		p->sender_domain, p->tokens->recipient, p->domain, target, p->case_id,
		clock_format_mail(p->now_s, date), p->tokens->sender, p->sender_domain,
		p->test_id, p->case_id, p->tokens->mark);
	buf_printf(&text,
		"This message tests whether the mail server at\n"
		"%s passes on mail for strangers (an open relay).\n"
		"It is harmless, and nobody needs to answer it.\n"
		"\n"
		"Who tests: %s (%s)\n"
		"Why this server: %s.\n"
		"What is tested: %s.\n",
		target, *us->operator_name ? us->operator_name : us->hostname, us->hostname,
		consent_sentence(p->consent), p->detects);
	if (*us->contact)
		buf_printf(&text, "To object, or to ask: %s\n", us->contact);
	if (*us->objection_url)
		buf_printf(&text, "More: %s\n", us->objection_url);
	buf_printf(&text, "\nMark: %s\n", p->tokens->mark);
	mime_add_text(buf_str(&text), out);
	buf_fini(&text);
}

struct search {
	const char *mark;
	bool found;
	unsigned parts;
};

static void search_part(GMimeObject *object, struct search *search, unsigned depth);

static void search_leaf(GMimePart *part, struct search *search)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	if (!content)
		return;
	GMimeStream *memory = g_mime_stream_mem_new();
	g_mime_data_wrapper_write_to_stream(content, memory);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
	struct str text = { (const char *)bytes->data, bytes->len };
	if (str_casesearch(text, str_of(search->mark)) != SIZE_MAX)
		search->found = true;
	g_object_unref(memory);
}

static void search_multipart(GMimeMultipart *multipart, struct search *search, unsigned depth)
{
	int n = g_mime_multipart_get_count(multipart);
	for (int i = 0; i < n && !search->found; i++)
		search_part(g_mime_multipart_get_part(multipart, i), search, depth + 1);
}

static void search_part(GMimeObject *object, struct search *search, unsigned depth)
{
	if (!object || depth > MIME_DEPTH_MAX || ++search->parts > MIME_PARTS_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		search_multipart(GMIME_MULTIPART(object), search, depth);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		if (inner)
			search_part(g_mime_message_get_mime_part(inner), search, depth + 1);
	} else if (GMIME_IS_PART(object)) {
		search_leaf(GMIME_PART(object), search);
	}
}

bool probe_mark_found(struct str message, const char *mark)
{
	if (str_casesearch(message, str_of(mark)) != SIZE_MAX)
		return true;
	struct search search = { .mark = mark };
	GMimeMessage *parsed = mime_parse(message);
	if (parsed) {
		search_part(g_mime_message_get_mime_part(parsed), &search, 0);
		g_object_unref(parsed);
	}
	return search.found;
}
