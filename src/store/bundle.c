/* SPDX-License-Identifier: ISC
 *
 * Evidence as it is kept: a bundle of some 40 KB packs to a sixth. Signature and id are over
 * the bundle itself. Bundles of before are JSON as they were.
 */
#include "store/backend.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <zstd.h>

enum { LEVEL = 3, BUNDLE_MAX_BYTES = 32 << 20 };

void bundle_pack(struct str bundle, struct buf *out)
{
	size_t room = ZSTD_compressBound(bundle.n);
	char *packed = mem_array(room, 1);
	size_t n = ZSTD_compress(packed, room, bundle.p, bundle.n, LEVEL);
	assert(!ZSTD_isError(n) && n <= room);
	buf_add(out, packed, n);
	free(packed);
}

int bundle_unpack(struct arena *a, struct str *bundle)
{
	if (bundle->n && bundle->p[0] == '{')
		return ERR_OK;
	/* An error and an unknown size are the greatest numbers there are. */
	unsigned long long n = ZSTD_getFrameContentSize(bundle->p, bundle->n);
	char *text = n <= BUNDLE_MAX_BYTES ? arena_alloc(a, (size_t)n + 1) : NULL;
	if (!text || ZSTD_decompress(text, (size_t)n, bundle->p, bundle->n) != n)
		return ERR_CORRUPT;
	text[n] = '\0';
	*bundle = (struct str){ text, (size_t)n };
	return ERR_OK;
}
