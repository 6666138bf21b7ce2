/* SPDX-License-Identifier: ISC
 *
 * A segment of the queue's log with any bytes in it: it is read to an end, forward only, and
 * within its bounds. Records that are right stand at places that the first bytes name.
 */
#include "gateway/record.h"

#include <stdlib.h>

enum { PLACES = 8, SEGMENT_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Records of pieces of the input, over what is there. */
static void place(const struct hash_key *key, const uint8_t *places, struct str text,
                  struct buf *segment)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct buf one = { 0 };
		size_t at = (size_t)places[i] * 16;
		struct gateway_record record = { .kind = (uint32_t)i, .use = places[i] & 1,
		                                 .payload = { text.p, text.n / (i + 1) } };
		gateway_record_write(key, &record, &one);
		if (places[i] != 0 && one.n <= segment->n && at <= segment->n - one.n)
			memcpy(segment->p + at, one.p, one.n);
		buf_fini(&one);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hash_key key = { { 1, 2 } };
	struct buf segment = { 0 };
	struct gateway_record record;
	size_t at = 0;
	if (size < PLACES || size > SEGMENT_BYTES)
		return 0;
	buf_add(&segment, data + PLACES, size - PLACES);
	place(&key, data, (struct str){ (const char *)data, size }, &segment);
	for (;;) {
		const size_t before = at;
		enum gateway_found found = gateway_record_read(&key, buf_str(&segment), 1, &at,
		                                               &record);
		if (found == GATEWAY_FOUND_TORN || found == GATEWAY_FOUND_END)
			break;
		if (at <= before || at > segment.n)
			abort();
		if (found == GATEWAY_FOUND_RECORD &&
		    (record.payload.p < segment.p || record.payload.n > segment.n ||
		     record.payload.p + record.payload.n > segment.p + segment.n))
			abort();
	}
	buf_fini(&segment);
	return 0;
}
