/* SPDX-License-Identifier: ISC
 *
 * From where a client is believed who says for whom it stands: the lists of hosts that may say
 * XCLIENT or begin with a PROXY header. Names in them are left out, and all addresses: strangers
 * are asked anyway.
 */
#include "audit/config-private.h"

#include "audit/exim-private.h"
#include "audit/postfix-private.h"

enum { ITEMS_MAX = 1000 };

static bool item_next(struct gather *g, bool exim, struct str *list, char *separator,
                      struct str *item)
{
	return exim ? exim_item(g, list, separator, item) : str_token(list, ", \t", item);
}

size_t audit_config_believed(struct audit_config *config, const char *service, struct arena *a,
                             struct prefix *ranges, size_t max)
{
	static const char *const names[] = { "smtpd_authorized_xclient_hosts", "hosts_proxy",
	                                     "hosts_xclient" };
	const bool exim = audit_config_reading(config)->mta == MTA_EXIM;
	struct gather g = { .a = a };
	size_t n = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct audit_setting *s = (i > 0) == exim
			? audit_config_setting(config, service, names[i]) : NULL;
		struct str list = str_of(s ? s->value : ""), item;
		char separator = 0;
		for (int k = 0; n < max && k < ITEMS_MAX &&
		                item_next(&g, exim, &list, &separator, &item); k++) {
			if (postfix_range(item, &ranges[n]) == ERR_OK && ranges[n].len > 0)
				n++;
		}
	}
	return n;
}
