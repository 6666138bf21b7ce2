/* SPDX-License-Identifier: ISC
 *
 * What the queue's log says of a recipient: what is read of it is written again as a line that
 * reads the same.
 */
#include "gateway/queue-private.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct buf line = { 0 }, again = { 0 };
	struct queue_progress p, second;
	if (queue_progress_read((struct str){ (const char *)data, size }, &a, &p) == ERR_OK) {
		queue_progress_write(&p, &line);
		if (queue_progress_read(buf_str(&line), &a, &second) != ERR_OK)
			abort();
		queue_progress_write(&second, &again);
		if (!str_eq(buf_str(&line), buf_str(&again)))
			abort();
	}
	buf_fini(&line);
	buf_fini(&again);
	arena_fini(&a);
	return 0;
}
