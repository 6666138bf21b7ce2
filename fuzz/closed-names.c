/* SPDX-License-Identifier: ISC
 *
 * Any bytes as a query to the DNS of the closed room: what is answered is a whole message with the
 * query's number and question, and the resolver's reader takes it.
 */
#include "fuzz.h"

#include "base/arena.h"
#include "closed/names.h"
#include "dns/response.h"

#include <assert.h>

static const struct closed_name rows[] = {
	{ .name = "mail.own.example", .address = { 4, { 192, 0, 2, 1 } }, .mx = "mx.own.example" },
	{ .name = "mail.own.example", .address = { 6, { 0x20, 0x01, [15] = 1 } } },
	{ .name = "own.example", .mx = "mail.own.example" },
};
static const struct closed_reverse reverses[] = {
	{ { 4, { 198, 51, 100, 1 } }, NULL },
	{ { 4, { 198, 51, 100, 2 } }, "mail.own.example" },
	{ { 6, { 0x2a, [15] = 2 } }, "localhost" },
};
static const struct closed_names names = {
	.askers = "asker.example", .names = rows, .name_n = 3, .reverses = reverses, .reverse_n = 3,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t answer[CLOSED_ANSWER_MAX];
	struct dns_reader query = { data, size, 0 }, r;
	struct dns_header asked, h;
	struct dns_question q, again;
	struct dns_rr rr;
	size_t n = closed_names_answer(&names, (struct str){ (const char *)data, size }, answer);
	assert(n <= sizeof(answer));
	if (n == 0)
		return 0;
	r = (struct dns_reader){ answer, n, 0 };
	int e = dns_read_header(&query, &asked);
	assert(e == ERR_OK);
	e = dns_read_question(&query, &q);
	assert(e == ERR_OK);
	e = dns_read_header(&r, &h);
	assert(e == ERR_OK && h.id == asked.id && h.flags & DNS_FLAG_QR && h.questions == 1);
	e = dns_read_question(&r, &again);
	assert(e == ERR_OK && again.type == q.type && dns_name_eq(&again.name, &q.name));
	for (unsigned i = 0; i < (unsigned)h.answers + h.authorities + h.additionals; i++) {
		e = dns_read_rr(&r, &rr);
		assert(e == ERR_OK);
	}
	assert(r.at == r.n);
	struct arena a = { 0 };
	struct dns_result result;
	dns_response_read(answer, n, &q, &a, &result);
	arena_fini(&a);
	return 0;
}
