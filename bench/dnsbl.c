/* SPDX-License-Identifier: ISC
 *
 * The DNS list without its sockets: nanoseconds an answer, by size of the list, for listed
 * addresses and for others, each looked up in the buckets of the rate limit too (which lets
 * all of them through), in the round that was disturbed least; what a change of one address costs;
 * and the memory that an address takes, with what the allocator adds to it.
 *
 *   bench-dnsbl [ADDRESSES…]      default 1000 100000 1000000
 */
#include "base/mem.h"
#include "blocklist/answer.h"
#include "dns/message.h"

#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { QUERIES = 4096, QUERY_MAX = 128, ROUNDS = 200, CHANGES = 20 };

static uint64_t random_state = 88172645463325252u;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)random_state;
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct ip random_ip(void)
{
	uint32_t v = next_random();
	return ip_from_v4((uint8_t)(v >> 24 | 1), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
	                  (uint8_t)v);
}

static void prepare_zone(struct blocklist_zone *zone)
{
	static struct dnsbl_config config;
	struct config_section section = { "dnsbl", "", dnsbl_config_rows, dnsbl_config_row_count,
	                                  &config };
	struct buf message = { 0 };
	int e = config_load(NULL, &section, 1, &message);
	if (e == ERR_OK)
		e = blocklist_zone_init(zone, &config, false, &message);
	assert(e == ERR_OK);
}

struct queries {
	uint8_t bytes[QUERIES][QUERY_MAX];
	size_t n[QUERIES];
	struct ip from[QUERIES];
};

static void prepare_queries(struct queries *q, const struct dns_name *origin,
                            const struct blocklist_change *listed, size_t n)
{
	for (size_t i = 0; i < QUERIES; i++) {
		struct dns_question question = { .type = DNS_TYPE_A, .class = DNS_CLASS_IN };
		struct ip ip = listed ? listed[next_random() % n].prefix.ip : random_ip();
		struct dns_writer w = { .p = q->bytes[i], .size = QUERY_MAX };
		int e = dns_name_reverse(&ip, origin, &question.name);
		assert(e == ERR_OK);
		dns_put_query(&w, (uint16_t)i, &question);
		assert(!w.full);
		q->n[i] = w.n;
		q->from[i] = random_ip();
	}
}

static double measure(const struct blocklist_state *state, const struct queries *q)
{
	static uint8_t answer[BLOCKLIST_ANSWER_MAX];
	const struct hash_key key = { { 1, 2 } };
	struct blocklist_rrl *rrl = blocklist_rrl_create(100000, &key);
	double best = 0;
	size_t bytes = 0;
	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns();
		for (size_t k = 0; k < QUERIES; k++) {
			struct str query = { (const char *)q->bytes[k], q->n[k] };
			struct blocklist_asker asker = { rrl, q->from[k], 1 };
			bytes += blocklist_answer(state, query, BLOCKLIST_UDP, &asker, answer);
		}
		double took = now_ns() - start;
		best = round == 0 || took < best ? took : best;
	}
	assert(bytes > 0);
	blocklist_rrl_destroy(rrl);
	return best / QUERIES;
}

static double measure_change(const struct blocklist_index *index)
{
	double start = now_ns();
	for (int i = 0; i < CHANGES; i++) {
		struct ip ip = random_ip();
		struct blocklist_change one = { prefix_of(&ip, 32), true };
		blocklist_index_destroy(blocklist_index_apply(index, &one, 1, NULL));
	}
	return (now_ns() - start) / CHANGES;
}

/* What is allocated now. */
static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

static void run(size_t n)
{
	static struct blocklist_zone zone;
	static struct queries hits, misses;
	struct blocklist_change *listed = mem_array(n, sizeof(*listed));
	prepare_zone(&zone);
	for (size_t i = 0; i < n; i++) {
		struct ip ip = random_ip();
		listed[i] = (struct blocklist_change){ prefix_of(&ip, 32), true };
	}
	size_t before = in_use();
	struct blocklist_index *index = blocklist_index_apply(NULL, listed, n, NULL);
	double bytes = (double)(in_use() - before) / (double)n;
	struct blocklist_edition edition = { 1, { index } };
	struct blocklist_zones *zones;
	int e = blocklist_zones_create(&zone, 1, &zones);
	assert(e == ERR_OK);
	struct blocklist_state state = { zones, &edition };
	prepare_queries(&hits, &zone.origin, listed, n);
	prepare_queries(&misses, &zone.origin, NULL, 0);
	printf("dnsbl addresses=%zu listed_ns=%.0f other_ns=%.0f change_us=%.0f bytes=%.2f\n", n,
	       measure(&state, &hits), measure(&state, &misses), measure_change(index) / 1e3,
	       bytes);
	blocklist_zones_destroy(zones);
	blocklist_index_destroy(index);
	free(listed);
}

int main(int argc, char **argv)
{
	static const char *const defaults[] = { "1000", "100000", "1000000" };
	for (int i = 0; i < (argc > 1 ? argc - 1 : 3); i++) {
		uint64_t n;
		const char *text = argc > 1 ? argv[i + 1] : defaults[i];
		if (str_u64(str_of(text), 100000000, &n) != ERR_OK || n == 0) {
			fprintf(stderr, "bench-dnsbl: \"%s\": expected a number of addresses\n",
			        text);
			return 64;
		}
		run(n);
	}
	return 0;
}
