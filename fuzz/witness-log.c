/* SPDX-License-Identifier: ISC
 *
 * The logs of mail servers: no bytes may crash their reader or pass its bounds, and however they
 * are cut into pieces, the same is seen. The first byte says where they are cut.
 */
#include "fuzz.h"

#include "witness/log.h"

#include <stdlib.h>

static struct witness_log *read_in_pieces(struct str text, size_t piece)
{
	struct witness_log *log = witness_log_create(NULL);
	for (; text.n > piece; text = str_from(text, piece))
		witness_log_read(log, (struct str){ text.p, piece });
	witness_log_read(log, text);
	witness_log_end(log);
	return log;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n, m;
	if (size == 0)
		return 0;
	struct str text = { (const char *)data + 1, size - 1 };
	struct witness_log *whole = read_in_pieces(text, size);
	struct witness_log *pieces = read_in_pieces(text, data[0] + 1u);
	const struct witness_sighting *a = witness_log_sightings(whole, &n);
	const struct witness_sighting *b = witness_log_sightings(pieces, &m);
	if (n != m || n > WITNESS_SIGHTINGS_MAX ||
	    witness_log_unplaced(whole) != witness_log_unplaced(pieces) ||
	    witness_log_lines(whole) != witness_log_lines(pieces))
		abort();
	for (size_t i = 0; i < n; i++) {
		char word[WITNESS_WORD_SIZE];
		unsigned day;
		if (witness_word_parse(str_of(a[i].said.word), word, &day, NULL) != ERR_OK ||
		    (a[i].as.family != 4 && a[i].as.family != 6) || a[i].lines == 0 ||
		    !ip_eq(&a[i].as, &b[i].as) || a[i].lines != b[i].lines)
			abort();
	}
	witness_log_destroy(whole);
	witness_log_destroy(pieces);
	return 0;
}
