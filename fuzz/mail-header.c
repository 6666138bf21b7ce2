/* SPDX-License-Identifier: ISC
 * A header block, an mbox and the messages attached to a message. */
#include "fuzz.h"

#include "mail/header.h"
#include "mail/mbox.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str message = { (const char *)data, size }, inner;
	struct header_cursor c;
	struct header_field f;
	struct mbox_cursor box;
	struct arena arena = { 0 };
	struct attached found;
	char text[64];
	size_t end = 0;
	header_begin(&c, message);
	while (header_next(&c, &f)) {
		/* Fields follow each other without gaps but line ends. */
		assert(f.offset >= end && f.offset + f.line.n <= size);
		assert(f.odd ? f.name.n == 0 : f.name.n > 0);
		assert(header_unfold(f.value, text, sizeof(text)) < sizeof(text));
		end = f.offset + f.line.n;
	}
	assert(c.at <= size);
	mbox_begin(&box, message);
	while (mbox_next(&box, &inner))
		assert(inner.n <= size);
	attached_find(message, &arena, &found);
	assert(found.n <= ATTACHED_MAX);
	arena_fini(&arena);
	return 0;
}
