/* SPDX-License-Identifier: ISC
 *
 * The PROXY header. Input: a byte that cuts, then what the peer sends. Read twice, whole and in
 * pieces: both must tell the same, end at the same byte, and take none beyond it. What was told is
 * written in both versions, and told again.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "wire/proxy.h"

#include <assert.h>
#include <stdlib.h>

static int read_header(struct wire_proxy *p, struct str input, size_t piece, size_t *end)
{
	int e = ERR_AGAIN;
	*end = 0;
	while (e == ERR_AGAIN && input.n) {
		size_t n = piece < input.n ? piece : input.n, used = 0;
		char *copy = mem_strndup(input.p, n);
		e = wire_proxy_take(p, (struct str){ copy, n }, &used);
		free(copy);
		assert(used <= n && (e != ERR_AGAIN || used == n));
		*end += used;
		input = str_from(input, used);
		piece = piece * 3 % 61 + 1;
	}
	assert(*end <= WIRE_PROXY_V2_MAX);
	return e;
}

static void check_written(const struct wire_proxy *told)
{
	for (unsigned version = 1; version <= 2; version++) {
		struct wire_proxy again = { 0 };
		struct buf out = { 0 };
		size_t used;
		wire_proxy_format(version, &told->source, &told->destination, &out);
		int e = wire_proxy_take(&again, buf_str(&out), &used);
		assert(e == ERR_OK && used == out.n && again.relayed);
		assert(ip_eq(&again.source.ip, &told->source.ip) &&
		       again.source.port == told->source.port);
		assert(ip_eq(&again.destination.ip, &told->destination.ip) &&
		       again.destination.port == told->destination.port);
		buf_fini(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_proxy a = { 0 }, b = { 0 };
	size_t end_a, end_b;
	if (size == 0)
		return 0;
	struct str input = { (const char *)data + 1, size - 1 };
	int e = read_header(&a, input, SIZE_MAX, &end_a);
	assert(read_header(&b, input, 1 + data[0] % 20, &end_b) == e && end_a == end_b);
	if (e != ERR_OK)
		return 0;
	assert(a.relayed == b.relayed && ip_eq(&a.source.ip, &b.source.ip));
	assert(a.source.port == b.source.port && a.destination.port == b.destination.port);
	assert(!a.relayed || (a.source.ip.family && a.destination.ip.family));
	assert(a.relayed || a.source.ip.family == 0);
	/* An IPv4 address in the form of IPv6 has come as what it is. */
	if (a.relayed && a.source.ip.family == a.destination.ip.family)
		check_written(&a);
	return 0;
}
