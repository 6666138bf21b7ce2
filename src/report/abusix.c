/* SPDX-License-Identifier: ISC
 *
 * Abusix's contact zone: the TXT record of an address is its abuse contact, or several
 * with commas.
 */
#include "report/answer.h"

int abusix_parse(const struct str *texts, size_t n, const struct ip *ip,
                 struct contact_answer *answer)
{
	(void)ip;
	for (size_t i = 0; i < n; i++) {
		struct str rest = texts[i], email;
		while (str_token(&rest, ", ;", &email))
			contact_add(answer, email);
	}
	if (answer->email_count > 0)
		return ERR_OK;
	str_copy(answer->problem, sizeof(answer->problem), STR("the record holds no mail address"));
	return ERR_INVALID;
}
