/* SPDX-License-Identifier: ISC
 *
 * A MAIL or RCPT path to a server that follows no route: whatever it is taken for, a stranger
 * gets mail only to a plain address at a domain of ours.
 */
#include "../tests/gateway/two-domains.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gateway_client stranger = { .listener = GATEWAY_INBOUND };
	struct gateway_address sender = { .kind = GATEWAY_ADDRESS_NULL }, recipient;
	struct mail_path path;
	struct parse_error pe;
	struct gateway_facts facts;
	size_t used;
	if (mail_path_parse((struct str){ (const char *)data, size },
	                    MAIL_PATH_NULL_OK | MAIL_PATH_POSTMASTER_OK | MAIL_PATH_UTF8_OK, &path,
	                    &used, &pe) != ERR_OK)
		return 0;
	gateway_address_of(&path, &recipient);
	gateway_facts_gather(&stranger, &test_directory, &sender, &recipient, &facts);
	struct gateway_decision d = gateway_policy(&facts);
	bool ours = recipient.kind == GATEWAY_ADDRESS_POSTMASTER ||
	            (recipient.kind == GATEWAY_ADDRESS_PLAIN && str_eq(recipient.local, STR("a")) &&
	             test_has_domain(NULL, recipient.domain));
	if ((d.answer == GATEWAY_ACCEPT_LOCAL) != ours || d.answer == GATEWAY_ACCEPT_SUBMISSION)
		abort();
	return 0;
}
