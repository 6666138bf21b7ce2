/* SPDX-License-Identifier: ISC
 *
 * Invariants of DNS: asked as anybody would ask.
 */
#include "law.h"

#include "dns/message.h"
#include "names.h"
#include "roles.h"

#include <assert.h>
#include <stdio.h>

static uint64_t served, checked;

/* Whether DNS lists the address. */
static bool dns_lists(const struct blocklist_state *state, const struct ip *ip)
{
	uint8_t query[512], answer[BLOCKLIST_ANSWER_MAX];
	char text[128];
	struct dns_question q = { .type = DNS_TYPE_A, .class = DNS_CLASS_IN };
	struct dns_writer w = { .p = query, .size = sizeof(query) };
	struct dns_header h;
	snprintf(text, sizeof(text), "%u.%u.%u.%u." NAMES_ZONE, ip->b[3], ip->b[2], ip->b[1],
	         ip->b[0]);
	int e = dns_name_parse(str_of(text), &q.name, NULL);
	assert(e == ERR_OK);
	dns_put_query(&w, 1, &q);
	size_t n = blocklist_answer(state, (struct str){ (const char *)query, w.n }, BLOCKLIST_TCP,
	                            NULL, answer);
	struct dns_reader r = { .p = answer, .n = n };
	e = dns_read_header(&r, &h);
	assert(e == ERR_OK);
	return h.answers > 0;
}

static void check_all(const struct blocklist_state *state, uint64_t serial)
{
	char address[IP_TEXT_MAX];
	for (unsigned i = 0; i < host_n; i++) {
		const struct ip *ip = &hosts[i].at.ip;
		bool there = dns_lists(state, ip), should = law_was_listed(ip, serial);
		ip_format(ip, address);
		if (there && hosts[i].forbidden)
			world_broken("fuse", "DNS lists %s", address);
		if (there != should)
			world_broken("dns", "%s is %s in DNS at serial %llu, and %s on the list "
			             "there", address, there ? "listed" : "not listed",
			             (unsigned long long)serial, should ? "is" : "is not");
	}
}

void law_dns(void)
{
	const struct blocklist_state *state = roles_dns();
	uint64_t serial = state ? state->edition->serial : 0;
	if (!state)
		checked = 0;
	/* What the observer has not read yet it cannot judge. */
	if (!state || serial == checked || serial > seen.serial)
		return;
	if (serial < served)
		world_broken("dns-forward", "%llu was served, and now it is %llu",
		             (unsigned long long)served, (unsigned long long)serial);
	served = checked = serial;
	trace("dns serves serial %llu", (unsigned long long)serial);
	check_all(state, serial);
}
