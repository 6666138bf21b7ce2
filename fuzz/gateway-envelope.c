/* SPDX-License-Identifier: ISC
 *
 * The payload of a message in the queue's log: what is read of it is written again as a line that
 * reads the same.
 */
#include "gateway/envelope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct buf line = { 0 }, again = { 0 };
	struct gateway_envelope e, second;
	struct str text;
	const char *why;
	if (gateway_envelope_read((struct str){ (const char *)data, size }, &a, &e, &text, &why) ==
	    ERR_OK) {
		gateway_envelope_write(&e, &line);
		const size_t n = line.n;
		buf_add_str(&line, text);
		if (gateway_envelope_read(buf_str(&line), &a, &second, &text, &why) != ERR_OK)
			abort();
		gateway_envelope_write(&second, &again);
		if (again.n != n || memcmp(again.p, line.p, n) != 0)
			abort();
	}
	buf_fini(&line);
	buf_fini(&again);
	arena_fini(&a);
	return 0;
}
