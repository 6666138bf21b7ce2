/* SPDX-License-Identifier: ISC
 *
 * One record of the queue's log: what is written of a message, so that whatever a cut of power, a
 * kill or a bad disk leaves of a segment is told apart: whole records, a torn tail, damage with
 * more behind it. Pure: bytes in, bytes out.
 *
 * A segment is a file of records, one after another at multiples of 8. Segments are used again:
 * each record carries the number of its segment's use, so that what an earlier use left behind the
 * last record is not taken for more. All numbers are little-endian:
 *
 *	 0  4  "PRq1"
 *	 4  4  kind
 *	 8  8  use of the segment
 *	16  8  number of the message
 *	24  4  bytes of the payload
 *	28  4  sum of the 28 bytes before
 *	32  8  sum of those 32 bytes and of the payload
 *	40  …  the payload, and zeros up to a multiple of 8
 *
 * The sums are keyed (base/hash.h; the key is the spool's own secret). So nobody can send a
 * message whose text would be found as a record when damage in front of it is searched through.
 */
#ifndef PORTREEVE_GATEWAY_RECORD_H
#define PORTREEVE_GATEWAY_RECORD_H

#include "base/hash.h"
#include "base/str.h"

enum {
	GATEWAY_RECORD_HEAD_BYTES = 40, GATEWAY_RECORD_ALIGN = 8,
	GATEWAY_RECORD_PAYLOAD_MAX = 256 << 20,      /* 256 MiB: a message is one record */
};

struct gateway_record {
	uint32_t kind;                /* of the caller */
	uint64_t use, message;
	struct str payload;           /* read: into the segment */
};

/* Bytes that a record of that payload takes. */
size_t gateway_record_bytes(size_t payload);
/* Appends it to *out, whose length is a multiple of 8 then as before. */
void gateway_record_write(const struct hash_key *key, const struct gateway_record *record,
                          struct buf *out);

enum gateway_found {
	GATEWAY_FOUND_RECORD,         /* a whole one: *at goes behind it */
	GATEWAY_FOUND_DAMAGE,         /* *at goes over it, to the record behind it */
	GATEWAY_FOUND_TORN,           /* one was begun here and never finished; nothing behind it */
	/* Nothing of this use from here on: zeros, what an earlier use left, or a head that was not
	 * even written whole. What is written next begins here. */
	GATEWAY_FOUND_END,
};

/* What stands at *at, a multiple of 8, of a segment in its use `use`. Called until TORN or END.
 * Time is linear in the segment, whatever it holds. */
enum gateway_found gateway_record_read(const struct hash_key *key, struct str segment,
                                       uint64_t use, size_t *at, struct gateway_record *record);

/* The use of the first record that is found in a segment of any use; false: there is none. */
bool gateway_record_use(const struct hash_key *key, struct str segment, uint64_t *use);

#endif
