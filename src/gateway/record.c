/* SPDX-License-Identifier: ISC
 *
 * Numbers by shifts, so that the bytes are the same on every machine. Only a head whose own sum is
 * right says how long its record is: a length is never believed before.
 */
#include "gateway/record.h"

#include <assert.h>

enum { KIND_AT = 4, USE_AT = 8, MESSAGE_AT = 16, LENGTH_AT = 24, HEAD_SUM_AT = 28, SUM_AT = 32 };

static const uint8_t magic[4] = { 'P', 'R', 'q', '1' };

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

size_t gateway_record_bytes(size_t payload)
{
	const size_t bytes = GATEWAY_RECORD_HEAD_BYTES + payload;
	return (bytes + GATEWAY_RECORD_ALIGN - 1) / GATEWAY_RECORD_ALIGN * GATEWAY_RECORD_ALIGN;
}

/* ---- sums ------------------------------------------------------------------------------ */

static uint32_t head_sum(const struct hash_key *key, const uint8_t *head)
{
	return (uint32_t)hash_bytes(key, head, HEAD_SUM_AT);
}

/* Of the head and the payload, which need not stand together: the head's own hash is the key's
 * other half. */
static uint64_t whole_sum(const struct hash_key *key, const uint8_t *head, struct str payload)
{
	const struct hash_key with_head = {
		{ key->k[0], key->k[1] ^ hash_bytes(key, head, SUM_AT) } };
	return hash_bytes(&with_head, payload.p, payload.n);
}

/* ---- writing --------------------------------------------------------------------------- */

void gateway_record_write(const struct hash_key *key, const struct gateway_record *record,
                          struct buf *out)
{
	static const char zeros[GATEWAY_RECORD_ALIGN];
	uint8_t head[GATEWAY_RECORD_HEAD_BYTES];
	const size_t n = record->payload.n;
	assert(out->n % GATEWAY_RECORD_ALIGN == 0 && n <= GATEWAY_RECORD_PAYLOAD_MAX);
	memcpy(head, magic, sizeof(magic));
	put(head + KIND_AT, record->kind, 4);
	put(head + USE_AT, record->use, 8);
	put(head + MESSAGE_AT, record->message, 8);
	put(head + LENGTH_AT, n, 4);
	put(head + HEAD_SUM_AT, head_sum(key, head), 4);
	put(head + SUM_AT, whole_sum(key, head, record->payload), 8);
	buf_add(out, head, sizeof(head));
	buf_add_str(out, record->payload);
	buf_add(out, zeros, gateway_record_bytes(n) - sizeof(head) - n);
}

/* ---- reading --------------------------------------------------------------------------- */

/* Whether a record of this use begins here; its payload is what would be there. */
static bool head_read(const struct hash_key *key, struct str segment, uint64_t use, size_t at,
                      struct gateway_record *record)
{
	if (segment.n < GATEWAY_RECORD_HEAD_BYTES || at > segment.n - GATEWAY_RECORD_HEAD_BYTES)
		return false;
	const uint8_t *head = (const uint8_t *)segment.p + at;
	if (memcmp(head, magic, sizeof(magic)) != 0 || get(head + USE_AT, 8) != use ||
	    get(head + HEAD_SUM_AT, 4) != head_sum(key, head))
		return false;
	*record = (struct gateway_record){
		.kind = (uint32_t)get(head + KIND_AT, 4), .use = use,
		.message = get(head + MESSAGE_AT, 8),
		.payload = { segment.p + at + GATEWAY_RECORD_HEAD_BYTES, get(head + LENGTH_AT, 4) },
	};
	return record->payload.n <= GATEWAY_RECORD_PAYLOAD_MAX;
}

static bool whole(const struct hash_key *key, struct str segment, size_t at,
                  const struct gateway_record *record)
{
	const uint8_t *head = (const uint8_t *)segment.p + at;
	return gateway_record_bytes(record->payload.n) <= segment.n - at &&
	       get(head + SUM_AT, 8) == whole_sum(key, head, record->payload);
}

/* The first head of this use from `at` on, or the segment's end. A head is enough: whether its
 * record is whole is the next question. */
static size_t head_find(const struct hash_key *key, struct str segment, uint64_t use, size_t at)
{
	struct gateway_record record;
	for (; at < segment.n; at += GATEWAY_RECORD_ALIGN)
		if (head_read(key, segment, use, at, &record))
			return at;
	return segment.n;
}

enum gateway_found gateway_record_read(const struct hash_key *key, struct str segment,
                                       uint64_t use, size_t *at, struct gateway_record *record)
{
	assert(*at % GATEWAY_RECORD_ALIGN == 0);
	if (*at >= segment.n)
		return GATEWAY_FOUND_END;
	size_t behind = *at + GATEWAY_RECORD_ALIGN;
	const bool headed = head_read(key, segment, use, *at, record);
	if (headed) {
		if (whole(key, segment, *at, record)) {
			*at += gateway_record_bytes(record->payload.n);
			return GATEWAY_FOUND_RECORD;
		}
		behind = *at + gateway_record_bytes(record->payload.n);
	}
	const size_t next = head_find(key, segment, use, behind);
	if (next < segment.n) {
		*at = next;
		return GATEWAY_FOUND_DAMAGE;
	}
	return headed ? GATEWAY_FOUND_TORN : GATEWAY_FOUND_END;
}

bool gateway_record_use(const struct hash_key *key, struct str segment, uint64_t *use)
{
	struct gateway_record record;
	const size_t step = GATEWAY_RECORD_ALIGN;
	for (size_t at = 0; at + GATEWAY_RECORD_HEAD_BYTES <= segment.n; at += step) {
		*use = get((const uint8_t *)segment.p + at + USE_AT, 8);
		if (head_read(key, segment, *use, at, &record))
			return true;
	}
	return false;
}
