/* SPDX-License-Identifier: ISC
 * One Received line. */
#include "fuzz.h"

#include "mail/received.h"

#include <assert.h>

/* A slice is empty or lies in the value. */
static void inside(struct str s, const uint8_t *data, size_t size)
{
	const char *base = (const char *)data;
	assert(s.n <= size);
	assert(s.n == 0 || (s.p >= base && s.p + s.n <= base + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct received r;
	received_parse((struct str){ (const char *)data, size }, &r);
	inside(r.helo, data, size);
	inside(r.rdns, data, size);
	inside(r.ident, data, size);
	inside(r.by, data, size);
	inside(r.with, data, size);
	inside(r.via, data, size);
	inside(r.id, data, size);
	inside(r.recipient, data, size);
	inside(r.sender, data, size);
	inside(r.tls, data, size);
	inside(r.product, data, size);
	inside(r.from, data, size);
	/* What was only said in HELO is no looked-up name unless both are one word. */
	struct ip ip;
	assert(r.rdns.n == 0 || ip_parse(r.rdns, &ip, NULL) != ERR_OK);
	assert(!r.has_time || r.date.time_s > 0);
	return 0;
}
