/* SPDX-License-Identifier: ISC
 *
 * The parameters of reports, and whether their addresses can be used.
 */
#include "report/config.h"

#include "mail/address.h"
#include "report/token.h"

#define REPORT(type, field) CONFIG_MEMBER(type, struct report_config, field)

enum { HOUR = 3600, DAY = 86400 };

const struct config_row report_config_rows[] = {
	{ "sources", REPORT(CONFIG_STRINGS, sources), 0, 3, "",
	  "Who is asked for the abuse contact of a network, in this order: the registries (rdap), "
	  "Abusix's contact zone (abusix), Team Cymru's origin zone (cymru; it knows the network, "
	  "not the contact). Unset: nobody is asked, and a contact must be given.",
	  .choices = "rdap, abusix, cymru" },
	{ "rdap_bootstrap", REPORT(CONFIG_STRINGS, rdap_bootstrap), 0, 8,
	  "https://data.iana.org/rdap/ipv4.json,https://data.iana.org/rdap/ipv6.json",
	  "Where to learn which registry serves an address (RFC 9224): files or https URLs." },
	{ "rdap_private", REPORT(CONFIG_BOOL, rdap_private), 0, 0, "no",
	  "Ask registries by plain http and at private addresses, too: only for a lab." },
	{ "abusix_zone", REPORT(CONFIG_DOMAIN, abusix_zone), 0, 0, "abuse-contacts.abusix.zone",
	  "The zone with contacts in TXT records." },
	{ "cymru_zone", REPORT(CONFIG_DOMAIN, cymru_zone), 0, 0, "origin.asn.cymru.com",
	  "The zone with the origin of IPv4 networks." },
	{ "cymru_zone6", REPORT(CONFIG_DOMAIN, cymru_zone6), 0, 0, "origin6.asn.cymru.com",
	  "The same for IPv6." },
	{ "cache", REPORT(CONFIG_DURATION, cache_s), 0, 365 * DAY, "7d",
	  "How long an answer is used again; one that names no contact, a seventh of it." },
	{ "timeout", REPORT(CONFIG_DURATION, timeout_s), 1, HOUR, "20s",
	  "How long each source, and the connection to the smarthost, is waited for. A reply of "
	  "the smarthost has the time of RFC 5321: 10 minutes where the message was said." },
	{ "dead_for", REPORT(CONFIG_DURATION, dead_for_s), 0, 3650 * (int64_t)DAY, "180d",
	  "A contact whose report bounced is not used again for this time." },
	{ "from", REPORT(CONFIG_STRING, from), 0, 0, "",
	  "Mail address that reports are from; answers come there. Unset: the general contact." },
	{ "return_path", REPORT(CONFIG_STRING, return_path), 0, 0, "",
	  "Envelope sender of reports; give its bounces to \"portreeve report bounce\". Unset: the "
	  "null sender, so that nothing can come back." },
	{ "return_path_delimiter", REPORT(CONFIG_STRING, return_path_delimiter), 0, 0, "+",
	  "Each report has an envelope sender of its own, so that whatever comes back there is "
	  "known: behind the local part of return_path follow this and the report's mark. The mail "
	  "server must deliver such addresses as it does return_path (Postfix: "
	  "recipient_delimiter); none: it cannot, and only bounces that return the report count.",
	  .choices = "+, -, =, none" },
	{ "own_domains", REPORT(CONFIG_STRINGS, own_domains), 0, 256, "",
	  "Mail domains of ours, besides those of our own addresses: no report goes there." },
	{ "ignore", REPORT(CONFIG_STRINGS, ignore), 0, 1000, "",
	  "Contacts that are never used; patterns such as *@example.com." },
	{ "format", REPORT(CONFIG_STRING, format), 0, 0, "arf",
	  "What is sent: ARF (RFC 5965) with the message, or XARF version 4.",
	  .choices = "arf, xarf" },
	{ "body", REPORT(CONFIG_BOOL, body), 0, 0, "yes",
	  "Include the text of the message; otherwise only its header." },
	{ "body_size", REPORT(CONFIG_SIZE, body_bytes), 0, 1 << 20, "32K",
	  "The most of that text that is included." },
	{ "own_lines", REPORT(CONFIG_BOOL, own_lines), 0, 0, "no",
	  "Include what our own side wrote into the header above the line of the handover, what "
	  "names our hosts below it, and the fields of mailing lists." },
	{ "old_after", REPORT(CONFIG_DURATION, old_after_s), 0, 3650 * (int64_t)DAY, "3d",
	  "A message that came longer ago is reported only if a person says yes (--yes): the "
	  "network's customer may be another by now, and the log gone." },
	{ "smarthost", REPORT(CONFIG_STRING, smarthost), 0, 0, "",
	  "The server that takes our reports: a name or address, with or without :PORT (25). "
	  "Unset: nothing can be sent." },
	{ "smarthost_tls", REPORT(CONFIG_STRING, smarthost_tls), 0, 0, "may",
	  "TLS if the smarthost offers it (may), or only with a certificate that proves its name "
	  "(must).", .choices = "may, must" },
	{ "smarthost_user", REPORT(CONFIG_STRING, smarthost_user), 0, 0, "",
	  "Login name there. Logins need smarthost_tls = must, unless it is this machine." },
	{ "smarthost_password_file", REPORT(CONFIG_STRING, smarthost_password_file), 0, 0, "",
	  "A file with the password in its first line." },
	{ "templates", REPORT(CONFIG_STRINGS, templates), 0, 32, "",
	  "Files with a mail that nominates a relay to another blocklist; see the manual of "
	  "\"portreeve report\"." },
};
const size_t report_config_row_count = sizeof(report_config_rows) / sizeof(*report_config_rows);

static int disagree(struct buf *message, const char *name, const char *expected, const char *found)
{
	buf_printf(message, "report.%s: expected %s, found \"", name, expected);
	buf_add_escaped(message, str_of(found));
	buf_add_cstr(message, "\"");
	return ERR_INVALID;
}

int report_config_check(const struct report_config *config, struct buf *message)
{
	static const unsigned char none[REPORT_KEY_BYTES];
	char token[REPORT_TOKEN_LEN + 1], path[CONTACT_MAX];
	if (config->from[0] && !mail_address_valid(str_of(config->from)))
		return disagree(message, "from", "a mail address", config->from);
	if (!config->return_path[0])
		return ERR_OK;
	report_token_make(none, "aaaaaaaa", token);
	if (report_return_path(config, token, path) && mail_address_valid(str_of(path)))
		return ERR_OK;
	return disagree(message, "return_path", "a mail address with at most 38 characters before "
	                "the @", config->return_path);
}
