/* SPDX-License-Identifier: ISC
 *
 * Any bytes as a DNS message: walked whole, every record read as what its type says, names
 * to text and back. Then as an answer to its own question, as the resolver reads it.
 */
#include "fuzz.h"

#include "base/arena.h"
#include "dns/response.h"

#include <assert.h>

static void check_name(const struct dns_name *name)
{
	char text[DNS_NAME_TEXT_MAX];
	struct dns_name back;
	assert(name->n >= 1 && name->b[name->n - 1] == 0);
	dns_name_format(name, text);
	int e = dns_name_parse(str_of(text), &back, NULL);
	assert(e == ERR_OK && dns_name_eq(&back, name));
	assert(dns_name_within(name, &back));
	assert(dns_name_labels(name) <= DNS_LABELS_MAX);
	(void)dns_name_is_host(str_of(text));
}

static void check_rr(const struct dns_reader *r, const struct dns_rr *rr)
{
	struct dns_name name;
	struct dns_edns edns;
	struct ip ip;
	uint16_t preference;
	static char text[65536];
	size_t n;
	assert(rr->rdata_at + rr->rdata_bytes <= r->n);
	int e = dns_rr_owner(r, rr, &name);
	assert(e == ERR_OK);             /* reading the record has checked it */
	check_name(&name);
	if (rr->type == DNS_TYPE_A || rr->type == DNS_TYPE_AAAA)
		(void)dns_rr_address(r, rr, &ip);
	if (dns_rr_name(r, rr, &name) == ERR_OK)
		check_name(&name);
	if (dns_rr_mx(r, rr, &preference, &name) == ERR_OK)
		check_name(&name);
	if (dns_rr_text(r, rr, text, &n) == ERR_OK)
		assert(n < rr->rdata_bytes);
	if (dns_rr_edns(r, rr, &edns) == ERR_OK)
		assert(edns.ede_text.n <= rr->rdata_bytes);
}

static void check_answer(const uint8_t *data, size_t size, const struct dns_question *q)
{
	struct arena a = { 0 };
	struct dns_result result;
	dns_response_read(data, size, q, &a, &result);
	size_t found = result.ip_count + result.mx_count + result.name_count + result.text_count;
	assert(found <= DNS_RESULTS_MAX);
	assert((found > 0) == (result.status == DNS_FOUND));
	for (size_t i = 1; i < result.mx_count; i++)
		assert(result.mx[i - 1].preference <= result.mx[i].preference);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_reader r = { data, size, 0 };
	struct dns_header h;
	struct dns_question q;
	struct dns_rr rr;
	if (dns_read_header(&r, &h) != ERR_OK)
		return 0;
	if (h.questions > 0) {
		if (dns_read_question(&r, &q) != ERR_OK)
			return 0;
		check_name(&q.name);
		if (q.type == DNS_TYPE_A || q.type == DNS_TYPE_AAAA || q.type == DNS_TYPE_MX ||
		    q.type == DNS_TYPE_PTR || q.type == DNS_TYPE_TXT)
			check_answer(data, size, &q);
	}
	while (r.at < r.n && dns_read_rr(&r, &rr) == ERR_OK)
		check_rr(&r, &rr);
	return 0;
}
