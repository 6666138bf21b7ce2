/* SPDX-License-Identifier: ISC
 *
 * Bytes of the kernel. The encodings are in encoding.c.
 */
#include "base/random.h"

#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *dst, size_t n)
{
	unsigned char *p = dst;
	while (n) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0)
			continue;           /* EINTR; nothing else can happen */
		p += got;
		n -= (size_t)got;
	}
}

uint64_t random_u64(void)
{
	uint64_t v;
	random_bytes(&v, sizeof(v));
	return v;
}
