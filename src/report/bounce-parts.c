/* SPDX-License-Identifier: ISC
 *
 * The parts of a mail that came back, decoded: a status or a returned report may stand in it in
 * base64 (RFC 6533 4.4 lets it, and servers do it to the older kind as well).
 */
#include "report/bounce-private.h"

#include "mail/mime.h"

#include <gmime/gmime.h>

enum { DEPTH_MAX = 8, PARTS_MAX = 64, ALL_MAX_BYTES = 1 << 20 };

struct part_walk {
	struct bounce_parts *p;
	unsigned seen;
};

static bool is_subtype(GMimeObject *object, const char *a, const char *b)
{
	const char *subtype = g_mime_content_type_get_media_subtype(
		g_mime_object_get_content_type(object));
	return subtype && (str_caseeq(str_of(subtype), str_of(a)) ||
	                   str_caseeq(str_of(subtype), str_of(b)));
}

static void add_decoded(GMimePart *part, struct buf *out)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *stream = g_mime_stream_mem_new();
	if (content && g_mime_data_wrapper_write_to_stream(content, stream) >= 0) {
		GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
		if (out->n + bytes->len <= ALL_MAX_BYTES)
			buf_add(out, bytes->data, bytes->len);
	}
	g_object_unref(stream);
}

static void read_leaf(struct bounce_parts *p, GMimeObject *object, bool returned)
{
	bool is_status = is_subtype(object, "delivery-status", "global-delivery-status");
	add_decoded(GMIME_PART(object), &p->all);
	buf_add_byte(&p->all, '\n');
	if (returned)
		return;
	if (is_subtype(object, "disposition-notification", "global-disposition-notification") ||
	    is_subtype(object, "feedback-report", "feedback-report"))
		p->is_receipt = true;
	else if (is_status && p->status.n == 0)
		add_decoded(GMIME_PART(object), &p->status);
	else if (GMIME_IS_TEXT_PART(object) && p->text.n == 0 &&
	         !is_subtype(object, "rfc822-headers", "rfc822-headers")) {
		char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
		buf_add_cstr(&p->text, text ? text : "");
		g_free(text);
	}
}

static void read_part(struct part_walk *w, GMimeObject *object, unsigned depth, bool returned)
{
	if (!object || depth > DEPTH_MAX || ++w->seen > PARTS_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
			read_part(w, g_mime_multipart_get_part(multipart, i), depth + 1, returned);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		if (inner)
			read_part(w, g_mime_message_get_mime_part(inner), depth + 1, true);
	} else if (GMIME_IS_PART(object)) {
		read_leaf(w->p, object, returned);
	}
}

/* A receipt says so in its type, even where its parts cannot be told apart. */
static bool says_receipt(GMimeObject *object)
{
	const char *type = object ? g_mime_object_get_content_type_parameter(object, "report-type")
	                          : NULL;
	return type && (str_casesearch(str_of(type), STR("disposition-notification")) != SIZE_MAX ||
	                str_casesearch(str_of(type), STR("feedback-report")) != SIZE_MAX);
}

void bounce_parts_read(struct bounce_parts *p, struct str message)
{
	struct part_walk w = { .p = p };
	GMimeMessage *parsed = mime_parse(message);
	if (!parsed)
		return;
	GMimeObject *root = g_mime_message_get_mime_part(parsed);
	p->is_receipt = says_receipt(root);
	read_part(&w, root, 0, false);
	g_object_unref(parsed);
}

void bounce_parts_fini(struct bounce_parts *p)
{
	buf_fini(&p->status);
	buf_fini(&p->text);
	buf_fini(&p->all);
}
