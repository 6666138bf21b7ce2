/* SPDX-License-Identifier: ISC
 *
 * Any bytes as a query to our list, by UDP and by TCP. Whatever comes: the answer is within
 * its limit, reads back whole, echoes id and question, and no A record outside 127.0.0.0/8
 * leaves save a name server's.
 */
#include "fuzz.h"

#include "blocklist/answer.h"
#include "dns/message.h"

#include <assert.h>

static struct blocklist_zone zones[2];
static struct blocklist_state state;

static struct prefix prefix_from(const char *text)
{
	struct prefix p;
	int e = prefix_parse(str_of(text), &p, NULL);
	assert(e == ERR_OK);
	return p;
}

static struct blocklist_index *index_of(const char *const *texts)
{
	struct blocklist_change changes[8];
	size_t n = 0;
	for (; *texts; texts++)
		changes[n++] = (struct blocklist_change){ prefix_from(*texts), true };
	return blocklist_index_apply(NULL, changes, n, NULL);
}

static void prepare(void)
{
	static struct dnsbl_config config;
	static struct config_section section;
	struct buf message = { 0 };
	section = (struct config_section){ "dnsbl", "", dnsbl_config_rows, dnsbl_config_row_count,
	                                   &config };
	int e = config_load(NULL, &section, 1, &message);
	if (e == ERR_OK)
		e = config_set(&section, 1, "dnsbl.zone", "bl.example", &message);
	if (e == ERR_OK)
		e = config_set(&section, 1, "dnsbl.output_zone", "out.example", &message);
	if (e == ERR_OK)
		e = config_set(&section, 1, "dnsbl.nameserver_address", "192.0.2.53,2001:db8::53",
		               &message);
	for (size_t i = 0; i < 2 && e == ERR_OK; i++)
		e = blocklist_zone_init(&zones[i], &config, i == 1, &message);
	assert(e == ERR_OK);
	static const char *const listed[] = { "192.0.2.1", "10.1.0.0/16", "2001:db8::1",
	                                      "1234:5678::/32", NULL };
	static const char *const outputs[] = { "203.0.113.9", NULL };
	static struct blocklist_edition edition;
	static struct blocklist_zones *table;
	edition = (struct blocklist_edition){ 7, { index_of(listed), index_of(outputs) } };
	e = blocklist_zones_create(zones, 2, &table);
	assert(e == ERR_OK);
	state = (struct blocklist_state){ table, &edition };
	buf_fini(&message);
}

static void check_rr(const struct dns_reader *r, const struct dns_rr *rr)
{
	struct dns_name owner;
	struct ip ip;
	int e = dns_rr_owner(r, rr, &owner);
	assert(e == ERR_OK);
	if (rr->type != DNS_TYPE_A)
		return;
	e = dns_rr_address(r, rr, &ip);
	assert(e == ERR_OK);
	if (dns_name_eq(&owner, &zones[0].nameservers[0]) ||
	    dns_name_eq(&owner, &zones[1].nameservers[0]))
		assert(ip_eq(&ip, &zones[0].glue[0]));
	else
		assert(blocklist_code_valid(&ip));
}

/* What the asker said it takes by UDP; 512 if it did not say, or not well. */
static size_t limit_of(const uint8_t *data, size_t size)
{
	struct dns_reader r = { data, size, 0 };
	struct dns_header h;
	struct dns_question q;
	struct dns_rr rr;
	size_t limit = DNS_UDP_MAX;
	if (dns_read_header(&r, &h) != ERR_OK || dns_read_question(&r, &q) != ERR_OK)
		return limit;
	while (dns_read_rr(&r, &rr) == ERR_OK)
		if (rr.type == DNS_TYPE_OPT && rr.class > limit)
			limit = rr.class;
	return limit < DNS_EDNS_PAYLOAD ? limit : DNS_EDNS_PAYLOAD;
}

static void check(const uint8_t *data, size_t size, enum blocklist_transport transport)
{
	uint8_t answer[BLOCKLIST_ANSWER_MAX];
	struct dns_header h;
	struct dns_question q;
	struct dns_rr rr;
	size_t n = blocklist_answer(&state, (struct str){ (const char *)data, size }, transport,
	                            NULL, answer);
	if (n == 0) {
		assert(size < DNS_HEADER_BYTES || data[2] & 0x80);
		return;
	}
	assert(n <= (transport == BLOCKLIST_TCP ? (size_t)BLOCKLIST_ANSWER_MAX :
	             limit_of(data, size)));
	struct dns_reader r = { answer, n, 0 };
	int e = dns_read_header(&r, &h);
	assert(e == ERR_OK && h.flags & DNS_FLAG_QR);
	assert(transport == BLOCKLIST_UDP || !(h.flags & DNS_FLAG_TC));
	assert(memcmp(answer, data, 2) == 0 && h.questions <= 1);
	if (h.questions) {
		e = dns_read_question(&r, &q);
		assert(e == ERR_OK && memcmp(answer + 12, data + 12, r.at - 12) == 0);
	}
	for (unsigned i = (unsigned)h.answers + h.authorities + h.additionals; i > 0; i--) {
		e = dns_read_rr(&r, &rr);
		assert(e == ERR_OK);
		check_rr(&r, &rr);
	}
	assert(r.at == n);
}

/* Asked twice within a rate of one, the second answer is the question at most. */
static void check_rate(const uint8_t *data, size_t size)
{
	static const struct hash_key key = { { 1, 2 } };
	static struct blocklist_rrl *rrl;
	static int64_t now_ms;
	uint8_t answer[BLOCKLIST_ANSWER_MAX];
	struct dns_header h;
	struct str query = { (const char *)data, size };
	if (!rrl)
		rrl = blocklist_rrl_create(1, &key);
	struct blocklist_asker asker = { rrl, ip_from_v4(192, 0, 2, 1), now_ms += 1000 };
	size_t first = blocklist_answer(&state, query, BLOCKLIST_UDP, &asker, answer);
	size_t n = blocklist_answer(&state, query, BLOCKLIST_UDP, &asker, answer);
	struct dns_reader r = { answer, n, 0 };
	assert((n == 0) == (first == 0) && n <= first);
	if (n == 0)
		return;
	int e = dns_read_header(&r, &h);
	assert(e == ERR_OK && h.flags & DNS_FLAG_TC && n <= size);
	assert(h.answers == 0 && h.authorities == 0 && memcmp(answer, data, 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!state.zones)
		prepare();
	check(data, size, BLOCKLIST_UDP);
	check(data, size, BLOCKLIST_TCP);
	check_rate(data, size);
	return 0;
}
