/* SPDX-License-Identifier: ISC
 *
 * Who is who: our domains, accounts and mailboxes, and what name servers would answer.
 */
#include "mail.h"

enum { TTL_S = 300 };

const struct ip names_gateway = { 4, { 45, 9, 0, 25 } }, names_inner = { 4, { 10, 0, 0, 5 } };

const struct user users[] = {
	{ "ann", { "ann@" OURS_ONE, "sales@" OURS_ONE } },
	{ "bob", { "bob@" OURS_TWO, NULL } },
	{ "cat", { "cat@" OURS_ONE, "cat@" OURS_TWO } },
};
const unsigned user_n = sizeof(users) / sizeof(*users);

bool names_is_ours(struct str domain)
{
	return str_caseeq(domain, STR(OURS_ONE)) || str_caseeq(domain, STR(OURS_TWO));
}

bool names_owns(struct str account, struct str address)
{
	for (unsigned i = 0; i < user_n; i++)
		for (unsigned j = 0; users[i].address[j]; j++)
			if (str_eq(account, str_of(users[i].name)) &&
			    str_caseeq(address, str_of(users[i].address[j])))
				return true;
	return false;
}

bool names_is_mailbox(struct str address)
{
	static const char *const boxes[] = {
		"postmaster", "postmaster@" OURS_ONE, "postmaster@" OURS_TWO, "abuse@" OURS_ONE,
		"abuse@" OURS_TWO, "boss@" OURS_TWO, "boss@" OURS_ONE,
	};
	for (unsigned i = 0; i < user_n; i++)
		if (names_owns(str_of(users[i].name), address))
			return true;
	for (unsigned i = 0; i < sizeof(boxes) / sizeof(*boxes); i++)
		if (str_caseeq(address, str_of(boxes[i])))
			return true;
	return false;
}

int64_t names_delay_ms(struct str name)
{
	return lists_delay_ms(name);
}

void names_answer(enum names_type type, struct arena *a, struct dns_result *r)
{
	struct ip ip;
	if (lists_answer(type, a, r))
		return;
	const char *mx = host_mx(r->name);
	int known = host_lookup(r->name, &ip);
	r->status = mx || known >= 0 ? DNS_NODATA : DNS_NXDOMAIN;
	r->ttl_s = TTL_S;
	if (type == NAMES_MX && mx) {
		struct dns_mx *one = arena_alloc(a, sizeof(*one));
		*one = (struct dns_mx){ 10, arena_strdup(a, str_of(mx)) };
		r->status = DNS_FOUND;
		r->mx = one;
		r->mx_count = 1;
	} else if (type == NAMES_IPS && known > 0) {
		struct ip *copy = arena_alloc(a, sizeof(*copy));
		*copy = ip;
		r->status = DNS_FOUND;
		r->ips = copy;
		r->ip_count = 1;
	}
}
