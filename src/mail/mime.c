/* SPDX-License-Identifier: ISC
 *
 * gmime, initialised once, by whoever comes first.
 */
#include "mail/mime.h"

#include <gmime/gmime.h>

static void init_once(void)
{
	static bool begun;
	if (!begun)
		g_mime_init();
	begun = true;
}

GMimeMessage *mime_parse(struct str message)
{
	init_once();
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(message.p ? message.p : "",
	                                                        message.n);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *parsed = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return parsed;
}

char *mime_decode_header(const char *value)
{
	init_once();
	return g_mime_utils_header_decode_text(NULL, value);
}

char *mime_encode_header(const char *text)
{
	init_once();
	return g_mime_utils_header_encode_text(NULL, text, "utf-8");
}

char *mime_encode_phrase(const char *text)
{
	init_once();
	return g_mime_utils_header_encode_phrase(NULL, text, "utf-8");
}

InternetAddressList *mime_addresses(const char *value)
{
	init_once();
	return internet_address_list_parse(NULL, value);
}
