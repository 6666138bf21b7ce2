/* SPDX-License-Identifier: ISC
 *
 * The header of a submitted message: of what passes, gmime's reading of the whole message finds no
 * writer but the account's own.
 */
#include "fuzz.h"

#include "gateway/author.h"
#include "mail/mime.h"

#include <gmime/gmime.h>
#include <stdlib.h>

static void must(bool condition)
{
	if (!condition)
		abort();
}

static enum gateway_known owns(void *arg, struct str account, const struct gateway_address *a)
{
	(void)arg, (void)account;
	return str_eq(a->local, STR("a")) && strcmp(a->domain, "b.example") == 0
	       ? GATEWAY_YES : GATEWAY_NO;
}

static void check_all(InternetAddressList *list, int least)
{
	const int n = list ? internet_address_list_length(list) : 0;
	must(n >= least);
	for (int i = 0; i < n; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		must(INTERNET_ADDRESS_IS_MAILBOX(address));
		must(str_caseeq(str_of(internet_address_mailbox_get_addr(
			INTERNET_ADDRESS_MAILBOX(address))), STR("a@b.example")));
	}
}

/* In whichever set they stand. */
static void check_resent(GMimeMessage *message)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
	for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
		const struct str name = str_of(g_mime_header_get_name(header));
		if (!str_caseeq(name, STR("Resent-From")) &&
		    !str_caseeq(name, STR("Resent-Sender")))
			continue;
		InternetAddressList *list = mime_addresses(g_mime_header_get_raw_value(header));
		check_all(list, 1);
		if (list)
			g_object_unref(list);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gateway_directory directory = { .owns = owns };
	const struct str message = { (const char *)data, size };
	struct gateway_author author;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		gateway_author_check(message, utf8 != 0, STR("a@b.example"), STR("x"), &directory,
		                     &author);
		if (author.code != 0)
			continue;
		GMimeMessage *parsed = mime_parse(message);
		if (!parsed)
			continue;
		check_all(g_mime_message_get_from(parsed), author.lacks_from ? 0 : 1);
		check_all(g_mime_message_get_sender(parsed), 0);
		check_resent(parsed);
		g_object_unref(parsed);
	}
	(void)gateway_hops(message);
	return 0;
}
