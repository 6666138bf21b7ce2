/* SPDX-License-Identifier: ISC
 *
 * What registries answer. Input: a byte of choice (bit 0: bootstrap or answer, bit 1: IPv6,
 * bit 2: the entity behind a link), then the JSON. What is taken must be about the address
 * asked, within what the registry serves, and hold mail addresses and https links alone.
 */
#include "fuzz.h"

#include "mail/address.h"
#include "report/rdap.h"

#include <assert.h>
#include <stdlib.h>

static struct ip address(bool six)
{
	struct ip ip = ip_from_v4(198, 51, 100, 25);
	if (six)
		assert(ip_parse(STR("2001:db8::19"), &ip, NULL) == ERR_OK);
	return ip;
}

static void check_contacts(const struct contact_answer *a, const struct rdap_links *links)
{
	assert(a->email_count <= CONTACT_EMAILS_MAX);
	for (size_t i = 0; i < a->email_count; i++) {
		struct str s = str_of(a->emails[i]);
		assert(s.n > 2 && str_find(s, '@') != SIZE_MAX);
		for (size_t k = 0; k < s.n; k++)
			assert((unsigned char)s.p[k] > 0x20 && (unsigned char)s.p[k] < 0x7f);
	}
	assert(links->n <= RDAP_LINKS_MAX);
	for (size_t i = 0; i < links->n; i++)
		assert(str_caseprefix(str_of(links->urls[i]), STR("https://")));
}

static void check_entity(struct str json)
{
	struct contact_answer a = { .source = "rdap" };
	struct rdap_links links = { .http_ok = false };
	if (rdap_entity_parse(json, &a, &links) != ERR_OK)
		assert(a.problem[0]);
	check_contacts(&a, &links);
}

static void check_answer(struct str json, const struct ip *ip)
{
	struct prefix served = prefix_of(ip, ip->family == 4 ? 16 : 32);
	struct contact_answer a = { .source = "rdap" }, again = { .source = "rdap" };
	struct rdap_links links = { .http_ok = false };
	struct buf text = { 0 };
	if (rdap_parse(json, ip, &served, &a, &links) != ERR_OK) {
		assert(a.problem[0]);
		return;
	}
	assert(ip_cmp(&a.first, ip) <= 0 && ip_cmp(&a.last, ip) >= 0);
	assert(prefix_contains(&served, &a.first) && prefix_contains(&served, &a.last));
	check_contacts(&a, &links);
	/* As it comes out of the cache. */
	contact_format(&a, &text);
	assert(contact_parse(buf_str(&text), &again) == ERR_OK);
	assert(ip_eq(&a.first, &again.first) && ip_eq(&a.last, &again.last));
	assert(a.email_count == again.email_count && strcmp(a.name, again.name) == 0);
	buf_fini(&text);
}

static void check_bootstrap(struct str json, const struct ip *ip)
{
	char url[RDAP_URL_MAX];
	struct prefix served;
	if (rdap_bootstrap_find(json, ip, false, url, &served) != ERR_OK)
		return;
	assert(prefix_contains(&served, ip));
	assert(str_caseprefix(str_of(url), STR("https://")));
	assert(str_search(str_of(url), STR("/ip/")) != SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct ip ip = address(data[0] & 2);
	struct str json = { (const char *)data + 1, size - 1 };
	if (data[0] & 1)
		check_bootstrap(json, &ip);
	else if (data[0] & 4)
		check_entity(json);
	else
		check_answer(json, &ip);
	return 0;
}
